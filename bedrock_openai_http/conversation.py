"""A conversation that goes on: what was said, what is asked now, and how it is kept within a model's context.

The service remembers nothing; each request carries all that was said before. This module's law: it sends nothing. It
makes requests for any client, and what was asked becomes history only together with its answer, so that a call which
failed is repeated with nothing to undo.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .values import arguments, saved_conversation
from .values.completion import ChatCompletion
from .values.errors import RequestValidationError
from .values.forks import loading
from .values.messages import MESSAGES, Content, SystemMessage, ToolMessage, UserMessage
from .values.parsed import Parsed
from .values.request import ChatCompletionRequest
from .values.saved_conversation import OWN_FIELDS
from .values.tool_run import ToolRun
from .values.usage import NO_USAGE, Usage
from .values.wire_value import WireObject, WireValue, all_fitting, plain

if TYPE_CHECKING:
    from typing_extensions import Self

#: Bytes of JSON that are taken for a token before an answer has told how many are.
BYTES_PER_TOKEN = 4.0
#: The result of a call that nobody has run, where the conversation goes on without it: the API wants one for each.
NOT_RUN = "This call was not run."

#: Fields of a request that are the conversation's, or the client's, and what sets them.
_NO_FIELDS = {
    "messages": "the messages are the conversation's: ask with request(...)",
    "model": "the model is the conversation's: set its attribute",
    "stream": "client.stream(...) or client.complete(...) says it; or request(..., stream=True), for one answer",
}


class Conversation:
    """What was said so far, and the request for what is asked next. The repr shows no content.

    `fields` are those of `ChatCompletionRequest` without `messages` and `stream`; every request has them. It has no
    lock: it belongs to one thread or task at a time. The requests that it makes are values and may go anywhere.

    Raises RequestValidationError for a field that is not known.
    """

    def __init__(self, model: str, *, system: Content | None = None, **fields: Any) -> None:
        _check_names(fields)
        #: The model ID of the next request; it may be set.
        self.model = model
        #: What the system message says, None for no such message; it may be set.
        self.system = system
        self._fields = fields
        self._history: list[WireObject] = []
        # What waits for its answer, and the request that asks it; None where nothing waits.
        self._asked: list[WireObject] = []
        self._sent: ChatCompletionRequest | None = None
        # What was added last, if that is a run of tools: a later state of it may follow.
        self._run: _AddedRun | None = None
        self._usage = NO_USAGE
        self._bytes_per_token: float | None = None

    def request(
        self, text_or_parts: Content | WireObject | Sequence[WireObject] | None = None, /, **fields: Any
    ) -> ChatCompletionRequest:
        """Return the request that asks this after all that was said; `fields`, also `stream`, are for it alone.

        It takes the place of what was asked and has no answer. Without it, that is asked again; if nothing waits, the
        history is sent as it is. Whole messages do as well, such as a `ToolMessage` for each call of the last answer;
        a call that gets no result has NOT_RUN for one.

        Raises RequestValidationError for a field that is not known, TypeError for what is no text, parts or messages,
        and ValueError where there is nothing to ask.
        """
        _check_names([name for name in fields if name != "stream"])
        asked = self._asked
        if text_or_parts is not None or self._sent is None:
            asked = _with_results(self._history, _messages(text_or_parts))
        if not asked and not self._history:
            raise ValueError("there is nothing to ask: give a text")
        request = self._with_messages([*self._history, *asked], fields)
        self._asked, self._sent, self._run = asked, request, None
        return request

    def add(self, answer: ChatCompletion | Parsed[Any] | ToolRun, /) -> None:
        """Make history of what was asked and of its answer, and add up the tokens.

        Of a completion, or of a Parsed, it takes the first choice, without the reasoning; of a run of tools, such as
        an error's `.run`, all messages. A run without a message of the model leaves the question waiting. A later
        state of the run that was added last takes its place, so that `on_turn=conversation.add` keeps each turn.

        Raises ValueError where nothing was asked, and for an answer that cannot be one to what was asked; TypeError
        for what is no answer.
        """
        if not isinstance(answer, (ChatCompletion, Parsed, ToolRun)):
            raise TypeError("add takes a ChatCompletion, a Parsed or a ToolRun")
        added = self._run
        if isinstance(answer, ToolRun) and added is not None and _goes_on(answer, added.state):
            self._add_run(answer, len(added.state.transcript), added.request, added.usage_before)
        elif self._sent is None:
            raise ValueError("nothing was asked: request(...) comes before add(...)")
        elif isinstance(answer, ToolRun):
            if not _begins_with(answer.messages, self._sent.messages):
                raise ValueError("the run is of another request than the last one of this conversation")
            self._add_run(answer, len(self._sent.messages), self._sent, self._usage)
        else:
            completion = answer.completion if isinstance(answer, Parsed) else answer
            if not completion.choices:
                raise ValueError("the completion has no choice: there is no answer to add")
            self._usage = self._usage.plus(answer.usage)
            self._measure(self._sent, self._sent.messages, completion)
            self._keep([completion.choices[0].message.to_request_message()])

    def _add_run(self, run: ToolRun, known: int, request: ChatCompletionRequest, usage_before: Usage) -> None:
        """Make history of what a run has said after its first `known` messages."""
        messages = run.messages
        said = all_fitting(messages[known:], "role", MESSAGES)
        self._usage = usage_before.plus(run.usage)
        if said:
            self._measure(request, messages[: _last_answer(messages)], run.completion)
            self._keep(said)
            self._run = _AddedRun(run, request, usage_before)

    def _keep(self, said: Sequence[WireObject]) -> None:
        self._history += [*self._asked, *said]
        self._asked, self._sent = [], None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The system message and the history in wire form, in new dicts: what has an answer, and no open question."""
        return [plain(message) for message in [*self._instructions(), *self._history]]

    @property
    def usage(self) -> Usage:
        """The tokens of all answers that were added."""
        return self._usage

    def shorten(self, to_tokens: int) -> int:
        """Drop the oldest turns until the next request has about `to_tokens` tokens; return how many were dropped.

        A turn goes from one user message to the next, so that no call loses its result. The system message stays,
        and so does the last turn, however long. Tokens are estimated by the bytes of the request's JSON, at the rate
        of the last answer's `usage.prompt_tokens`, or at 4 bytes a token before there is one.

        Raises ConfigurationError unless `to_tokens` is an integer above 0.
        """
        limit = arguments.integer("to_tokens", to_tokens, 1, 10**12, "tokens")
        per_token = self._bytes_per_token or BYTES_PER_TOKEN
        size = _size(self._with_messages([*self._history, *self._asked], {}).to_body())
        sizes = [_size(message) + 1 for message in self._history]  # and a comma
        starts = [i for i, message in enumerate(self._history) if i and plain(message)["role"] == "user"]
        dropped = cut = 0
        for start in starts:
            if size / per_token <= limit:
                break
            size -= sum(sizes[cut:start])
            dropped, cut = dropped + 1, start
        del self._history[:cut]
        return dropped

    def to_dict(self) -> dict[str, Any]:
        """Return the conversation as plain JSON values, with the question that waits for its answer."""
        return saved_conversation.written(
            model=self.model,
            system=self.system,
            fields=self._fields,
            messages=self._history,
            asked=None if self._sent is None else self._asked,
            usage=self._usage,
            bytes_per_token=self._bytes_per_token,
        )

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned. Raises TypeError or ValueError, with the path, for what is none."""
        read = saved_conversation.read(saved)
        conversation = cls(read["model"], system=read["system"], **read["fields"])
        conversation._history = read["messages"]
        conversation._usage = read["usage"]
        conversation._bytes_per_token = read["bytes_per_token"]
        if read["asked"] is not None:
            conversation._asked = read["asked"]
            conversation._sent = conversation._with_messages([*read["messages"], *read["asked"]], {})
        return conversation

    def __repr__(self) -> str:
        waits = "" if self._sent is None else ", a question waits"
        return f"Conversation({self.model!r}, {len(self._history)} messages{waits})"

    def _instructions(self) -> list[WireObject]:
        return [] if self.system is None else [SystemMessage(self.system)]

    def _with_messages(self, messages: Iterable[WireObject], fields: Mapping[str, Any]) -> ChatCompletionRequest:
        return ChatCompletionRequest(self.model, [*self._instructions(), *messages], **{**self._fields, **fields})

    def _measure(
        self, request: ChatCompletionRequest, sent: Iterable[Any], completion: ChatCompletion | None
    ) -> None:
        """Learn how many bytes make a token from an answer to a request with the messages `sent`."""
        tokens = completion.usage.prompt_tokens if completion is not None and completion.usage else None
        if tokens:
            self._bytes_per_token = _size({**request.to_body(), "messages": list(sent)}) / tokens


class _AddedRun(NamedTuple):
    """A run of tools that is history as far as it had come, and what a later state of it is added by."""

    state: ToolRun
    request: ChatCompletionRequest
    #: The tokens of all answers before the run, whose own are counted from its beginning.
    usage_before: Usage


def _goes_on(run: ToolRun, earlier: ToolRun) -> bool:
    """Tell whether `run` is a later state of the run `earlier`, or the same; two runs have no turn in common."""
    turns = earlier.turns
    if not turns:  # it came to its end at once
        return run == earlier
    return run.turns[: len(turns)] == turns and _begins_with(run.messages, earlier.transcript)


def _check_names(fields: Collection[str]) -> None:
    """Return if each name is a conversation's to set. Raises RequestValidationError for the first that is not."""
    for name in fields:
        if name in _NO_FIELDS:
            raise RequestValidationError(_NO_FIELDS[name], json_path=f"$.{name}", rule="unknown-key")
    unknown = [name for name in fields if name not in OWN_FIELDS]
    if unknown:
        with loading():
            from .validation.validate import check_field_names  # which knows what was meant

        check_field_names(unknown)


def _messages(asked: Any) -> list[WireObject]:
    """Return what is asked as messages that no later change of the caller's reaches. Raises TypeError."""
    if asked is None:
        return []
    items = asked if isinstance(asked, (list, tuple)) else [asked]
    kept: list[Any] = [item if isinstance(item, (str, WireValue)) else plain(item) for item in items]
    forms = [plain(item) for item in kept]
    if isinstance(asked, str):
        return [UserMessage(forms[0])]
    if forms and all(isinstance(form, dict) for form in forms):
        if all("role" in form for form in forms):
            return kept
        if not any("role" in form for form in forms):
            return [UserMessage(kept)]
    raise TypeError("what is asked must be a text, content parts, or messages")


def _with_results(history: Sequence[WireObject], asked: list[WireObject]) -> list[WireObject]:
    """Return what is asked with a result for each call of the last answer that has none yet."""
    said = [plain(message) for message in history]
    answer = _last_answer(said)
    results = next((i for i, message in enumerate(asked) if plain(message).get("role") != "tool"), len(asked))
    known = [message.get("tool_call_id") for message in [*said[answer:], *map(plain, asked[:results])]]
    missing = [ToolMessage(NOT_RUN, each) for each in _call_ids(said[answer:]) if each not in known]
    return [*asked[:results], *missing, *asked[results:]]


def _call_ids(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the IDs of the calls in the first of the messages; what cannot be read is left for `validation`."""
    calls = messages[0].get("tool_calls") if messages else None
    ids = [call.get("id") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return [each for each in ids if isinstance(each, str)]


def _last_answer(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return the position of the assistant's last message; the number of messages if there is none."""
    found = [i for i, message in enumerate(messages) if message.get("role") == "assistant"]
    return found[-1] if found else len(messages)


def _begins_with(transcript: Sequence[Any], sent: Sequence[WireObject]) -> bool:
    """Tell whether a run begins with these messages; what was null in them may have been left out."""
    beginning = [_without_nulls(plain(message)) for message in sent]
    return [_without_nulls(message) for message in transcript[: len(sent)]] == beginning


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _size(value: Any) -> int:
    """Return how many bytes the JSON of `value` has in UTF-8, whatever may stand in it."""
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), default=repr)
    return len(text.encode("utf-8", "replace"))
