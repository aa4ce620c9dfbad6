"""What a chunk adds to the choices of a streamed answer.

This module reads what is in most chunks at most once: roles, refusals and calls. The text, which is in every one and
depends on the chunks before it, is for `chunk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .answer_message import as_text
from .frozen import field, frozen
from .reading import (
    NOTHING_READ,
    JSONObject,
    Kind,
    expect,
    extra_of,
    optional,
    remember,
    side_members,
    whole_number,
    wire_form,
    without_words,
)


@frozen
class FunctionCallDelta:
    """A fragment of a function call: its name and its arguments come in any number of pieces."""

    name: str | None = None
    arguments: str | None = None

    _KNOWN = frozenset(("name", "arguments"))
    _WORDS = frozenset(("arguments",))
    _read = NOTHING_READ

    __repr__ = without_words

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know."""
        members = {"name": self.name, "arguments": self.arguments}
        return wire_form(members, extra_of(self._read or {}, self._KNOWN), self._read)


@frozen
class ToolCallDelta:
    """A fragment of a tool call. To which call it belongs is told by its `index`, else by its `id`."""

    #: None where the wire has no integer: servers leave it out, or write null or a text.
    index: int | None
    id: str | None = None
    type: str | None = None
    function: FunctionCallDelta | None = None
    #: Of a custom tool's call its fragment `custom`, as on the wire.
    extra: JSONObject = field(default_factory=dict)

    _SIDE: ClassVar[Mapping[str, Kind]] = {"id": str, "type": str}
    _KNOWN = frozenset(("index", "id", "type", "function"))
    _WORDS = frozenset(("extra",))
    _read = NOTHING_READ

    __repr__ = without_words

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know."""
        members = {name: getattr(self, name) for name in ("index", "id", "type")}
        members["function"] = self.function and self.function.to_dict()
        return wire_form(members, self.extra, self._read)


@frozen
class Delta:
    """What a chunk adds to one choice's message."""

    role: str | None = None
    #: As on the wire, with Bedrock's reasoning tags.
    content: str | None = None
    #: What the chunk adds to the answer, without the reasoning.
    text: str = ""
    #: What the chunk adds to the thoughts: of a field of their own, and of the tags in the content.
    reasoning: str = ""
    refusal: str | None = None
    tool_calls: tuple[ToolCallDelta, ...] = ()
    #: Deprecated by the API in favour of `tool_calls`.
    function_call: FunctionCallDelta | None = None
    extra: JSONObject = field(default_factory=dict)

    _SIDE: ClassVar[Mapping[str, Kind]] = {"role": str, "refusal": str}
    _KNOWN = frozenset(("role", "content", "refusal", "tool_calls", "function_call"))
    _WORDS = frozenset(("content", "text", "reasoning", "refusal", "extra"))
    _read = NOTHING_READ

    __repr__ = without_words

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know."""
        members = {name: getattr(self, name) for name in ("role", "content", "refusal")}
        members["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        members["function_call"] = self.function_call and self.function_call.to_dict()
        return wire_form(members, self.extra, self._read)


@frozen
class ChunkChoice:
    """One choice's part of a chunk."""

    index: int
    delta: Delta
    #: Set on the choice's last chunk: "stop", "length", "tool_calls", or whatever the service says.
    finish_reason: str | None = None
    logprobs: JSONObject | None = None
    extra: JSONObject = field(default_factory=dict)

    _SIDE: ClassVar[Mapping[str, Kind]] = {"finish_reason": str, "logprobs": dict}
    _KNOWN = frozenset(("index", "delta", *_SIDE))
    _WORDS = frozenset(("logprobs", "extra"))
    _read = NOTHING_READ

    __repr__ = without_words

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know."""
        members = {name: getattr(self, name) for name in ("index", "finish_reason", "logprobs")}
        return wire_form({**members, "delta": self.delta.to_dict()}, self.extra, self._read, ("index",))


def read_delta(data: JSONObject, text: str, thoughts: str) -> Delta:
    """Return the delta of `data` whose content adds `text` and `thoughts`. Raises Malformed, with paths below it."""
    extra = extra_of(data, Delta._KNOWN)
    side = side_members(data, Delta._SIDE, extra)
    items = optional(data.get("tool_calls"), list, ".tool_calls", "an array")
    call = data.get("function_call")
    delta = Delta(
        side["role"],
        data.get("content"),
        text,
        thoughts,
        side["refusal"],
        tuple(_tool_call_delta(item, f".tool_calls[{i}]") for i, item in enumerate(items or ())),
        None if call is None else _function_delta(call, ".function_call"),
        extra,
    )
    return remember(delta, data)


def _tool_call_delta(item: Any, path: str) -> ToolCallDelta:
    expect(item, dict, path, "an object")
    extra = extra_of(item, ToolCallDelta._KNOWN)
    side = side_members(item, ToolCallDelta._SIDE, extra)
    function = item.get("function")
    custom = optional(item.get("custom"), dict, f"{path}.custom", "an object") or {}
    for name in ("name", "input"):  # which the whole message will be read by
        optional(custom.get(name), str, f"{path}.custom.{name}", "a string")
    delta = ToolCallDelta(
        whole_number(item, "index", extra),
        side["id"],
        side["type"],
        None if function is None else _function_delta(function, f"{path}.function"),
        extra,
    )
    return remember(delta, item)


def _function_delta(data: Any, path: str) -> FunctionCallDelta:
    expect(data, dict, path, "an object")
    name = optional(data.get("name"), str, f"{path}.name", "a string")
    return remember(FunctionCallDelta(name, as_text(data.get("arguments"), f"{path}.arguments")), data)
