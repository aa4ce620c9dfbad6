"""The message of an answer: what the model said, and as what it goes back.

This module's law: the message of any answer that can be read is a valid message of the next request. What no request
may hold is put right on the way back, and an ID that would not pair with its result already when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from . import jsontext
from .frozen import field, frozen
from .messages import AssistantMessage, CustomCall, CustomToolCall, FunctionCall, ToolCall
from .reading import (
    NOTHING_READ,
    JSONObject,
    Kind,
    call_ids,
    expect,
    extra_of,
    length_of,
    optional,
    remember,
    side_members,
    wire_form,
    without_words,
)
from .reasoning import own_reasoning, split_reasoning


@frozen
class Message:
    """The assistant's message."""

    role: str
    #: As on the wire, with Bedrock's reasoning tags; None if there is none, as with tool calls.
    content: str | None
    #: The answer without the reasoning; "" if there is none.
    text: str
    #: The thoughts: of a field of their own, `reasoning` or `reasoning_content`, and of the tags in the content.
    reasoning: str | None = None
    refusal: str | None = None
    #: Each with an ID that no other call of the message has: see `from_dict`.
    tool_calls: tuple[ToolCall | CustomToolCall, ...] = ()
    annotations: tuple[JSONObject, ...] = ()
    audio: JSONObject | None = None
    #: Deprecated by the API in favour of `tool_calls`.
    function_call: FunctionCall | None = None
    extra: JSONObject = field(default_factory=dict)

    _SIDE: ClassVar[Mapping[str, Kind]] = {"role": str, "refusal": str, "annotations": list, "audio": dict}
    _KNOWN = frozenset(("content", "tool_calls", "function_call", *_SIDE))
    _WORDS = frozenset(("content", "text", "reasoning", "refusal", "annotations", "audio", "extra"))
    _read = NOTHING_READ

    @classmethod
    def from_dict(cls, data: Any, path: str = "$.message") -> Message:
        """Read a `message` object. Raises Malformed for content and calls of another kind.

        A tool call whose ID is missing, empty, that of an earlier call or no Unicode gets one of ours by its place,
        such as `call_0`: a result is found by it.
        """
        expect(data, dict, path, "an object")
        content = optional(data.get("content"), str, f"{path}.content", "a string")
        text, thoughts = split_reasoning(content or "")
        call = optional(data.get("function_call"), dict, f"{path}.function_call", "an object")
        extra = extra_of(data, cls._KNOWN)
        side = side_members(data, cls._SIDE, extra)
        message = cls(
            role=side["role"] or "assistant",
            content=content,
            text=text,
            reasoning=own_reasoning(data) + thoughts or None,
            refusal=side["refusal"],
            tool_calls=_tool_calls(data.get("tool_calls"), f"{path}.tool_calls"),
            annotations=tuple(side["annotations"] or ()),
            audio=side["audio"],
            function_call=_function(call, f"{path}.function_call") if call else None,
            extra=extra,
        )
        return remember(message, data)

    def to_request_message(self) -> AssistantMessage:
        """Return the message as history to send back: what it says and its calls, without the reasoning.

        Reasoning that is sent back is refused or echoed by some models. A message that says nothing at all has the
        content "". Half a surrogate pair, which no request can hold, becomes U+FFFD.
        """
        audio_id = (self.audio or {}).get("id")
        audio = {"id": audio_id} if isinstance(audio_id, str) and audio_id and jsontext.is_unicode(audio_id) else None
        refusal = jsontext.in_unicode(self.refusal) if self.refusal else None
        said = refusal or self.tool_calls or audio or self.function_call
        return AssistantMessage(
            jsontext.in_unicode(self.text) or (None if said else ""),
            refusal=refusal,
            tool_calls=tuple(map(_unicode_call, self.tool_calls)),
            audio=audio,
            function_call=self.function_call and _unicode_function(self.function_call),
        )

    def to_dict(self) -> JSONObject:
        """Return `to_request_message()` in wire form, so that an answer can stand among a request's messages."""
        return self.to_request_message().to_dict()

    def __repr__(self) -> str:
        calls = ", ".join(map(_shown, self.tool_calls))
        shown = f"({calls},)" if len(self.tool_calls) == 1 else f"({calls})"
        return without_words(self, tool_calls=shown, function_call=_shown(self.function_call))


def message_wire_form(message: Message) -> JSONObject:
    """Return the message as the answer has it, in wire form. Its own `to_dict` is for history."""
    members = {name: getattr(message, name) for name in ("role", "content", "refusal")}
    members |= {name: getattr(message, name) for name in ("annotations", "audio")}
    read: Mapping[str, Any] = message._read or {}
    members["tool_calls"] = _calls_wire_form(message, read.get("tool_calls"))
    if message.function_call is not None:
        members["function_call"] = read.get("function_call", {}) | message.function_call.to_dict()
    else:
        members["function_call"] = None
    return wire_form(members, message.extra, message._read, ("role",))


def _calls_wire_form(message: Message, read_calls: list[JSONObject] | None) -> list[JSONObject]:
    """Return the tool calls with the members that only the wire had."""
    own = read_calls or [{}] * len(message.tool_calls)
    bodies = []
    for call, read in zip(message.tool_calls, own, strict=True):
        body = call.to_dict()
        kind = "custom" if isinstance(call, CustomToolCall) else "function"
        inner: JSONObject = read.get(kind) or {}
        bodies.append({**body, **read, "id": call.id, kind: {**inner, **body[kind]}})
    return bodies


# --- reading calls


def _tool_calls(value: Any, path: str) -> tuple[ToolCall | CustomToolCall, ...]:
    items = optional(value, list, path, "an array")
    if not items:
        return ()
    for i, item in enumerate(items):
        expect(item, dict, f"{path}[{i}]", "an object")
    ids = call_ids([item.get("id") for item in items])
    return tuple(_tool_call(item, ids[i], f"{path}[{i}]") for i, item in enumerate(items))


def _tool_call(item: JSONObject, call_id: str, path: str) -> ToolCall | CustomToolCall:
    """Read a call of the kind that its `type` names, or else of the one that it has."""
    kinds = ("custom", "function") if item.get("type") == "custom" else ("function", "custom")
    kind = next(
        (kind for kind in kinds if item.get(kind)), "custom" if item.get("custom") is not None else "function"
    )
    if kind == "function":
        return ToolCall(call_id, _function(item.get("function"), f"{path}.function"))
    return CustomToolCall(call_id, CustomCall(*call_parts(item["custom"], f"{path}.custom", "input")))


def _function(value: Any, path: str) -> FunctionCall:
    return FunctionCall(*call_parts(value, path, "arguments"))


def call_parts(value: Any, path: str, member: str) -> tuple[str, str]:
    """Return the name and the text that is called with, the `member` "arguments" or "input". Raises Malformed."""
    expect(value, dict, path, "an object")
    name = optional(value.get("name"), str, f"{path}.name", "a string") or ""
    return name, as_text(value.get(member), f"{path}.{member}") or ""


def as_text(value: Any, path: str) -> str | None:
    """Return the arguments of a call, as JSON text where some servers send the object itself. Raises Malformed."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    text: str | None = optional(value, str, path, "a string")
    return text


# --- what no request can hold


def _unicode_function(call: FunctionCall) -> FunctionCall:
    return FunctionCall(jsontext.in_unicode(call.name), jsontext.in_unicode(call.arguments))


def _unicode_call(call: ToolCall | CustomToolCall) -> ToolCall | CustomToolCall:
    if isinstance(call, CustomToolCall):
        return CustomToolCall(
            call.id, CustomCall(jsontext.in_unicode(call.custom.name), jsontext.in_unicode(call.custom.input))
        )
    return ToolCall(call.id, _unicode_function(call.function))


# --- what is shown


def _shown(call: ToolCall | CustomToolCall | FunctionCall | None) -> str:
    """Return the repr of a call with the length of what is called with, which are the model's words."""
    if isinstance(call, FunctionCall):
        return f"FunctionCall(name={call.name!r}, arguments={length_of(call.arguments)})"
    if isinstance(call, CustomToolCall):
        custom = f"CustomCall(name={call.custom.name!r}, input={length_of(call.custom.input)})"
        return f"CustomToolCall(id={call.id!r}, custom={custom})"
    return f"ToolCall(id={call.id!r}, function={_shown(call.function)})" if call else repr(call)
