"""A streamed answer's chunks as plain frozen dataclasses.

The text of a chunk depends on the chunks before it, since a reasoning tag may have been opened, or cut, in any of
them; so chunks are read in order by one `ChunkReader` a stream.

This module is on the path of every token: it builds paths for error texts only when there is an error.
"""

from __future__ import annotations

from typing import Any

from .completion import JSONObject, Malformed, Usage, expect, extra_of, optional
from .frozen import field, frozen
from .guardrail_outcome import GuardrailOutcome, guardrail_outcome
from .reasoning import ReasoningSplitter


@frozen
class FunctionCallDelta:
    """A fragment of a function call: its name comes once, its arguments in any number of pieces."""

    name: str | None = None
    arguments: str | None = None


@frozen
class ToolCallDelta:
    """A fragment of a tool call. Fragments with an equal `index` belong together, also within one chunk."""

    index: int
    id: str | None = None
    type: str | None = None
    function: FunctionCallDelta | None = None
    #: Of a custom tool's call its fragment `custom`, as on the wire.
    extra: JSONObject = field(default_factory=dict)

    _KNOWN = frozenset(("index", "id", "type", "function"))


@frozen
class Delta:
    """What a chunk adds to one choice's message."""

    role: str | None = None
    #: As on the wire, with Bedrock's reasoning tags.
    content: str | None = None
    #: What the chunk adds to the answer, without the reasoning.
    text: str = ""
    #: What the chunk adds to the thoughts, from the tags or from Bedrock's own field `reasoning`.
    reasoning: str = ""
    refusal: str | None = None
    tool_calls: tuple[ToolCallDelta, ...] = ()
    #: Deprecated by the API in favour of `tool_calls`.
    function_call: FunctionCallDelta | None = None
    extra: JSONObject = field(default_factory=dict)

    _KNOWN = frozenset(("role", "content", "refusal", "tool_calls", "function_call"))


@frozen
class ChunkChoice:
    """One choice's part of a chunk."""

    index: int
    delta: Delta
    #: Set on the choice's last chunk: "stop", "length", "tool_calls", or whatever the service says.
    finish_reason: str | None = None
    logprobs: JSONObject | None = None
    extra: JSONObject = field(default_factory=dict)

    _KNOWN = frozenset(("index", "delta", "finish_reason", "logprobs"))


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
    #: The event's own JSON object.
    raw: JSONObject = field(default_factory=dict, repr=False)

    _KNOWN = frozenset(("id", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "object"))

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


#: What stands beside the choices of every chunk.
_TOP = ("id", "created", "model", "service_tier", "system_fingerprint", "object")


def _check_top(values: tuple[Any, ...]) -> None:
    for name, value in zip(_TOP, values, strict=True):
        if name == "created":
            optional(value, (int, float), "$.created", "a number")
        else:
            optional(value, str, f"$.{name}", "a string")


class ChunkReader:
    """Reads the chunks of one stream, in order."""

    def __init__(self) -> None:
        self._splitters: dict[int, ReasoningSplitter] = {}
        self._top: tuple[Any, ...] = ()

    def read(self, data: Any) -> ChatCompletionChunk:
        """Return the chunk that the decoded object `data` holds. Raises Malformed."""
        if type(data) is not dict:
            expect(data, dict, "$", "an object")
        get = data.get
        choices, usage = get("choices"), get("usage")
        if type(choices) is not list:
            expect(choices, list, "$.choices", "an array")
        # The same in nearly every chunk of a stream, so checked where it changes.
        top = get("id"), get("created"), get("model"), get("service_tier"), get("system_fingerprint"), get("object")
        if top != self._top:
            _check_top(top)
            self._top = top
        completion_id, created, model, service_tier, fingerprint, kind = top
        return ChatCompletionChunk(
            completion_id or "",
            created,
            model or "",
            (self._choice(choices[0], 0),)
            if len(choices) == 1
            else tuple([self._choice(item, i) for i, item in enumerate(choices)]),
            None if usage is None else Usage.from_dict(usage),
            service_tier,
            fingerprint,
            kind or "chat.completion.chunk",
            extra_of(data, ChatCompletionChunk._KNOWN),
            data,
        )

    def _choice(self, data: Any, position: int) -> ChunkChoice:
        try:
            if type(data) is not dict:
                expect(data, dict, "", "an object")
            get = data.get
            index, finish_reason, logprobs = get("index", 0), get("finish_reason"), get("logprobs")
            if type(index) is not int:
                expect(index, int, ".index", "an integer")
            if finish_reason is not None:
                expect(finish_reason, str, ".finish_reason", "a string")
            if logprobs is not None:
                expect(logprobs, dict, ".logprobs", "an object")
            delta = self._delta(get("delta"), index, finish_reason is not None)
            return ChunkChoice(index, delta, finish_reason, logprobs, extra_of(data, ChunkChoice._KNOWN))
        except Malformed as error:
            raise Malformed(f"$.choices[{position}]{error}") from None

    def _delta(self, data: Any, index: int, last: bool) -> Delta:
        if type(data) is not dict:
            expect(data, dict, ".delta", "an object")
        get = data.get
        content = get("content")
        if content is not None and type(content) is not str:
            expect(content, str, ".delta.content", "a string")
        text, thoughts = self._split(content, index, last)
        if len(data) == 1 and content is not None:  # nearly every chunk
            return Delta(None, content, text, thoughts)
        extra = extra_of(data, Delta._KNOWN)
        own = _own_reasoning(extra) if extra else None
        tool_calls = optional(get("tool_calls"), list, ".delta.tool_calls", "an array")
        call = get("function_call")
        return Delta(
            optional(get("role"), str, ".delta.role", "a string"),
            content,
            text,
            own + thoughts if own else thoughts,
            optional(get("refusal"), str, ".delta.refusal", "a string"),
            _tool_call_deltas(tool_calls) if tool_calls else (),
            None if call is None else _function_delta(call, ".delta.function_call"),
            extra,
        )

    def _split(self, content: str | None, index: int, last: bool) -> tuple[str, str]:
        """Return what `content` adds to (text, reasoning); with the `last` piece also what was held back."""
        splitter = self._splitters.get(index)
        if splitter is None:
            splitter = self._splitters[index] = ReasoningSplitter()
        text, thoughts = splitter.feed(content) if content else ("", "")
        if last:
            held_text, held_thoughts = splitter.flush()
            return text + held_text, thoughts + held_thoughts
        return text, thoughts


def _own_reasoning(extra: JSONObject) -> str | None:
    """Return the field `reasoning`, having checked those that the whole message will be read by."""
    optional(extra.get("annotations"), list, ".delta.annotations", "an array")
    optional(extra.get("audio"), dict, ".delta.audio", "an object")
    reasoning: str | None = optional(extra.get("reasoning"), str, ".delta.reasoning", "a string")
    return reasoning


def _tool_call_deltas(items: list[Any]) -> tuple[ToolCallDelta, ...]:
    deltas = []
    for i, item in enumerate(items):
        here = f".delta.tool_calls[{i}]"
        expect(item, dict, here, "an object")
        function = item.get("function")
        extra = extra_of(item, ToolCallDelta._KNOWN)
        if "custom" in extra:
            _check_custom(extra["custom"], f"{here}.custom")
        deltas.append(
            ToolCallDelta(
                expect(item.get("index", i), int, f"{here}.index", "an integer"),
                optional(item.get("id"), str, f"{here}.id", "a string"),
                optional(item.get("type"), str, f"{here}.type", "a string"),
                None if function is None else _function_delta(function, f"{here}.function"),
                extra,
            )
        )
    return tuple(deltas)


def _check_custom(data: Any, path: str) -> None:
    """Check a fragment of a custom tool's call, which the whole message will be read by."""
    custom = optional(data, dict, path, "an object") or {}
    for name in ("name", "input"):
        optional(custom.get(name), str, f"{path}.{name}", "a string")


def _function_delta(data: Any, path: str) -> FunctionCallDelta:
    expect(data, dict, path, "an object")
    return FunctionCallDelta(
        optional(data.get("name"), str, f"{path}.name", "a string"),
        optional(data.get("arguments"), str, f"{path}.arguments", "a string"),
    )
