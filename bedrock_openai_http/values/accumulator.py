"""The completion that a stream's chunks add up to.

This module's law: nothing that arrived is lost. Texts and arrays of a message are joined, token lists are appended,
the fragments of tool calls are put together (see `call_parts`), a guardrail's traces are joined and its intervention
stays. Of other fields the last value counts, but what is null or empty takes nothing back. To take in a chunk costs
the same however much came before it, and changes neither a chunk nor a completion that was given away.
"""

from __future__ import annotations

from .call_parts import CallParts, ToolCallsParts
from .chunk import ChatCompletionChunk
from .completion import ChatCompletion
from .delta import ChunkChoice, Delta
from .guardrail_outcome import FINISH_REASONS as GUARDRAIL_REASONS
from .guardrail_outcome import GuardrailSigns
from .pieces import PADDING, Fields, Text, extend_lists, joined, keep_last, merged, says_nothing
from .reading import JSONObject


class _ChoiceParts:
    def __init__(self) -> None:
        self.role: str | None = None
        self.content = Text()
        self.reasoning = Text()
        self.refusal = Text()
        self.tool_calls: ToolCallsParts | None = None
        self.function_call: CallParts | None = None
        self.finish_reason: str | None = None
        self.logprobs: JSONObject = {}
        self.message_extra = Fields({})
        self.extra: JSONObject = {}

    def add(self, choice: ChunkChoice) -> None:
        # Each member is looked up once, since this runs for every token.
        finish_reason, logprobs, extra, delta = choice.finish_reason, choice.logprobs, choice.extra, choice.delta
        if finish_reason and self.finish_reason not in GUARDRAIL_REASONS:
            self.finish_reason = finish_reason
        if logprobs:
            extend_lists(self.logprobs, logprobs)
        if extra and not PADDING.issuperset(extra):
            keep_last(self.extra, extra)
        content = delta.content
        if content is not None:
            self.content.add(content)
        if delta.role or delta.refusal is not None or delta.tool_calls or delta.function_call or delta.extra:
            self._add_rest(delta)

    def _add_rest(self, delta: Delta) -> None:
        self.role = self.role or delta.role
        if delta.refusal is not None:
            self.refusal.add(delta.refusal)
        if delta.tool_calls:
            self.tool_calls = self.tool_calls or ToolCallsParts()
            self.tool_calls.add(delta.tool_calls)
        if delta.function_call is not None:
            self.function_call = self.function_call or CallParts()
            self.function_call.add_function(delta.function_call)
        if delta.extra:
            unknown = delta.extra
            reasoning = unknown.get("reasoning")
            if isinstance(reasoning, str) or reasoning is None:
                self.reasoning.add(reasoning or "")
                unknown = {key: value for key, value in unknown.items() if key != "reasoning"}
            self.message_extra.add(unknown)

    def body(self, index: int) -> JSONObject:
        message: JSONObject = {"role": self.role or "assistant", "content": self.content.whole()}
        message["refusal"] = self.refusal.whole()
        reasoning = self.reasoning.whole()
        if reasoning:
            message["reasoning"] = reasoning
        if self.tool_calls is not None:
            message["tool_calls"] = self.tool_calls.bodies()
        if self.function_call is not None:
            message["function_call"] = self.function_call.function_body()
        logprobs = {key: list(value) if isinstance(value, list) else value for key, value in self.logprobs.items()}
        choice = {"index": index, "finish_reason": self.finish_reason, "logprobs": logprobs or None}
        # What was added up comes last: a field that is unknown in a chunk may have a name of a whole choice.
        return {**joined(self.extra, choice), "message": joined(self.message_extra.whole(), message)}


class Accumulator:
    """Adds up the chunks of one stream, in order."""

    def __init__(self) -> None:
        self._top: JSONObject = {}
        self._signs = GuardrailSigns()
        self._choices: dict[int, _ChoiceParts] = {}
        #: What stood beside the choices of the last chunk.
        self._last: tuple[object, ...] = ()
        #: Whether no chunk has arrived yet.
        self.empty = True
        #: Whether the stream's end mark has arrived.
        self.complete = False

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take in the next chunk."""
        self.empty = False
        # What stands beside the choices seldom changes, and this runs for every token.
        beside = chunk.id, chunk.created, chunk.model, chunk.service_tier, chunk.system_fingerprint
        if beside != self._last or chunk.usage is not None or chunk.extra:
            self._last = beside
            self._add_top(chunk)
        for choice in chunk.choices:
            parts = self._choices.get(choice.index)
            if parts is None:
                parts = self._choices[choice.index] = _ChoiceParts()
            parts.add(choice)

    def _add_top(self, chunk: ChatCompletionChunk) -> None:
        fields = {key: value for key, value in chunk.raw.items() if key not in ("choices", "object", *PADDING)}
        self._signs.add(fields)
        usage = fields.pop("usage", None)
        if chunk.usage is not None:
            # Some servers count the prompt in the first chunk and the answer in the last.
            self._top["usage"] = merged(self._top.get("usage"), usage)
        elif usage is not None:
            self._top.setdefault("usage", usage)
        for key, value in fields.items():
            # What is null, empty or cannot be read takes nothing back, and nor does a time of 0.
            unread = key in chunk.extra and key in ChatCompletionChunk._KNOWN
            weak = unread or says_nothing(value) or (key == "created" and not value)
            if not weak or says_nothing(self._top.get(key)):
                self._top[key] = value

    def completion(self, request_id: str | None = None) -> ChatCompletion:
        """Return the completion so far. Its `raw` is the body that a plain answer would have had."""
        choices = [self._choices[index].body(index) for index in sorted(self._choices)]
        body = {**self._top, **self._signs.members(), "object": "chat.completion", "choices": choices}
        return ChatCompletion.from_dict(body, request_id=request_id)
