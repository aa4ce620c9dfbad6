"""A streamed answer's chunks as plain frozen dataclasses.

The text of a chunk depends on the chunks before it, since a reasoning tag may have been opened, or cut, in any of
them; so chunks are read in order by one `ChunkReader` a stream.

This module is on the path of every token: it builds paths for error texts only when there is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .completion import top_members
from .delta import ChunkChoice, Delta, read_delta
from .frozen import field, frozen
from .guardrail_outcome import GuardrailOutcome, guardrail_outcome
from .reading import (
    JSONObject,
    Kind,
    Malformed,
    expect,
    extra_of,
    position,
    side_members,
    wire_form,
    without_words,
)
from .reasoning import ReasoningSplitter, own_reasoning
from .usage import Usage, read_usage


@frozen
class ChatCompletionChunk:
    """One event of a streamed answer."""

    id: str
    #: Unix time in seconds.
    created: int | None
    model: str
    #: Empty on the chunk that carries the usage.
    choices: tuple[ChunkChoice, ...]
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    object: str = "chat.completion.chunk"
    extra: JSONObject = field(default_factory=dict)
    #: The event's own JSON object; empty for the chunk that brings what was held back (see `ChunkReader.rest`).
    raw: JSONObject = field(default_factory=dict, repr=False)

    _SIDE: ClassVar[Mapping[str, Kind]] = {
        **dict.fromkeys(("id", "model", "service_tier", "system_fingerprint", "object"), str),
        "created": (int, float),
    }
    _KNOWN = frozenset(("choices", "usage", *_SIDE))
    _WORDS = frozenset(("extra",))

    __repr__ = without_words

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know; it can be written as JSON."""
        return wire_form(top_members(self), self.extra, self.raw or None, ("object",))

    @property
    def text(self) -> str:
        """What the chunk adds to the first choice's answer, without reasoning; "" if nothing."""
        return "".join([choice.delta.text for choice in self.choices if choice.index == 0])

    @property
    def reasoning(self) -> str:
        """What the chunk adds to the first choice's thoughts; "" if nothing."""
        return "".join([choice.delta.reasoning for choice in self.choices if choice.index == 0])

    @property
    def guardrail(self) -> GuardrailOutcome | None:
        """What a guardrail did, as far as this chunk tells; None if it shows no sign of one."""
        return guardrail_outcome(self.id, self.extra, [choice.finish_reason for choice in self.choices])


# Looked up once, and not for every token.
_KNOWN, _KNOWN_OF_CHOICE = ChatCompletionChunk._KNOWN, ChunkChoice._KNOWN


class ChunkReader:
    """Reads the chunks of one stream, in order."""

    def __init__(self) -> None:
        self._splitters: dict[int, ReasoningSplitter] = {}
        #: What stands beside the choices, as it came and as it is read, and what of it is of the wrong kind.
        self._top: tuple[Any, ...] = ()
        self._read_top: tuple[Any, ...] = ("", None, "", None, None, "chat.completion.chunk")
        self._unread: JSONObject = {}

    def read(self, data: Any) -> ChatCompletionChunk:
        """Return the chunk that the decoded object `data` holds. Raises Malformed."""
        if type(data) is not dict:
            expect(data, dict, "$", "an object")
        get = data.get
        choices = get("choices")
        if choices is None:
            choices = ()
        elif type(choices) is not list:
            expect(choices, list, "$.choices", "an array")
        # The same in nearly every chunk of a stream, so read where it changes.
        top = get("id"), get("created"), get("model"), get("service_tier"), get("system_fingerprint"), get("object")
        if top != self._top:
            self._change_top(data, top)
        completion_id, created, model, service_tier, fingerprint, kind = self._read_top
        extra = {} if _KNOWN.issuperset(data) else extra_of(data, _KNOWN)
        if self._unread:
            extra |= self._unread
        return ChatCompletionChunk(
            completion_id,
            created,
            model,
            (self._choice(choices[0], 0),)
            if len(choices) == 1
            else tuple([self._choice(item, i) for i, item in enumerate(choices)]),
            None if get("usage") is None else read_usage(data, extra),
            service_tier,
            fingerprint,
            kind,
            extra,
            data,
        )

    def rest(self) -> ChatCompletionChunk | None:
        """Return one more chunk with what was held back as a possible tag, now that the stream has ended.

        It has the ID and model of the last chunk, text or reasoning without content, which the wire had before, and
        no `raw`. None if nothing is held back: a chunk with a finish reason and no content has brought it already.
        """
        held = [(index, *splitter.flush()) for index, splitter in sorted(self._splitters.items())]
        choices = [ChunkChoice(index, Delta(None, None, text, why)) for index, text, why in held if text or why]
        completion_id, created, model, service_tier, fingerprint, kind = self._read_top
        if not choices:
            return None
        return ChatCompletionChunk(
            completion_id, created, model, tuple(choices), None, service_tier, fingerprint, kind
        )

    def _change_top(self, data: JSONObject, top: tuple[Any, ...]) -> None:
        self._top, self._unread = top, {}
        read = side_members(data, ChatCompletionChunk._SIDE, self._unread)
        self._read_top = (
            read["id"] or "",
            read["created"],
            read["model"] or "",
            read["service_tier"],
            read["system_fingerprint"],
            read["object"] or "chat.completion.chunk",
        )

    def _choice(self, data: Any, place: int) -> ChunkChoice:
        try:
            if type(data) is not dict:
                expect(data, dict, "", "an object")
            get = data.get
            index, finish_reason, logprobs = get("index"), get("finish_reason"), get("logprobs")
            extra = extra_of(data, _KNOWN_OF_CHOICE)
            if type(index) is not int:
                index = position(data, place, extra)
            if finish_reason is not None or logprobs is not None:
                side = side_members(data, ChunkChoice._SIDE, extra)
                finish_reason, logprobs = side["finish_reason"] or None, side["logprobs"]
            delta = self._delta(data, index, finish_reason is not None)
            choice = ChunkChoice(index, delta, finish_reason, logprobs, extra)
            choice.__dict__["_read"] = data
            return choice
        except Malformed as error:
            raise Malformed(f"$.choices[{place}]{error}") from None

    def _delta(self, choice: JSONObject, index: int, last: bool) -> Delta:
        data = choice.get("delta")
        if type(data) is not dict:
            # What has its words in another place is no chunk, and is not to be taken for an empty one.
            if data is not None or "message" in choice or "text" in choice:
                expect(data, dict, ".delta", "an object")
            data = {}
        content = data.get("content")
        if content is not None and type(content) is not str:
            expect(content, str, ".delta.content", "a string")
        splitter = self._splitters.get(index)
        if splitter is None:
            splitter = self._splitters[index] = ReasoningSplitter()
        if content:
            text, thoughts = splitter.feed(content)
            if len(data) == 1:  # nearly every chunk
                return Delta(None, content, text, thoughts, None, (), None, {})
        else:
            # With content the finish reason may not be the last word: servers put it on chunks that others follow.
            text, thoughts = splitter.flush() if last else ("", "")
        try:
            return read_delta(data, text, own_reasoning(data) + thoughts)
        except Malformed as error:
            raise Malformed(f".delta{error}") from None
