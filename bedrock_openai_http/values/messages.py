"""What a conversation is made of: messages, the parts of their content, and tool calls.

Content is a string or a sequence of parts. Wherever a part, a call or a message is expected, an OpenAI-shaped
mapping or any other object with a `to_dict()` does as well. No repr shows content: it is somebody's prompt.

This module holds plain values and no rules; the rules are in `schemas/request.json` and in `validation`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from .forks import loading
from .frozen import KW_ONLY, field, frozen
from .wire_value import Copy, Enveloped, Other, Part, WireObject, WireValue, all_fitting, plain

if TYPE_CHECKING:
    from typing_extensions import Self

#: What a message says: text, or a sequence of parts.
Content: TypeAlias = str | Sequence[WireObject]


@frozen
class TextPart(Part):
    """A piece of text."""

    definition = "text_part"
    kind = "text"
    text: str = field(repr=False)
    _: KW_ONLY
    prompt_cache_breakpoint: Mapping[str, Any] | None = None


@frozen
class RefusalPart(Part):
    """The model's own words of refusal, in an assistant message that is sent back."""

    definition = "refusal_part"
    kind = "refusal"
    refusal: str = field(repr=False)


@frozen
class ImagePart(Enveloped):
    """An image, by its URL. Bedrock fetches nothing from the web: give it a `data:` or `s3://` URL."""

    definition = "image_part"
    kind = "image_url"
    url: str = field(repr=False)
    _: KW_ONLY
    detail: str | None = None
    prompt_cache_breakpoint: Mapping[str, Any] | None = None

    @classmethod
    def from_bytes(cls, data: bytes, media_type: str, *, detail: str | None = None) -> ImagePart:
        """Return the part for an image file's bytes; `media_type` is its MIME type, such as "image/png"."""
        return cls(f"data:{media_type};base64,{b64encode(data).decode('ascii')}", detail=detail)


@frozen
class AudioPart(Enveloped):
    """Recorded sound: `data` is its file in base64, `format` is "wav" or "mp3"."""

    definition = "audio_part"
    kind = "input_audio"
    data: str = field(repr=False)
    format: str
    _: KW_ONLY
    prompt_cache_breakpoint: Mapping[str, Any] | None = None


@frozen
class FilePart(Enveloped):
    """A file: its bytes as base64 in `file_data`, or the ID of one that was uploaded before."""

    definition = "file_part"
    kind = "file"
    _: KW_ONLY
    file_data: str | None = field(default=None, repr=False)
    file_id: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: Mapping[str, Any] | None = None


@frozen
class FunctionCall(WireValue):
    """A function's name and its arguments: JSON text by a model, which may be invalid or empty."""

    name: str
    arguments: str = field(repr=False)


@frozen
class CustomCall(WireValue):
    """A custom tool's name and its input, which is free text by a model."""

    name: str
    input: str = field(repr=False)


@frozen
class ToolCall(WireValue):
    """A call of a function tool, as a model asks for it."""

    definition = "function_tool_call"
    id: str
    function: FunctionCall
    type: str = "function"
    _: KW_ONLY
    #: The call's position in the answer, which calls that come from a stream of another SDK carry.
    index: int | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ToolCall:
        """Read the wire form. Raises TypeError or KeyError where a member is missing or unknown."""
        return cls._of({**value, "function": FunctionCall.from_dict(value["function"])})


@frozen
class CustomToolCall(WireValue):
    """A call of a custom tool, as a model asks for it."""

    definition = "custom_tool_call"
    id: str
    custom: CustomCall
    type: str = "custom"
    _: KW_ONLY
    #: The call's position in the answer, which calls that come from a stream of another SDK carry.
    index: int | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> CustomToolCall:
        """Read the wire form. Raises TypeError or KeyError where a member is missing or unknown."""
        return cls._of({**value, "custom": CustomCall.from_dict(value["custom"])})


class RoleMessage(WireValue):
    """A message: its class is its role, its fields are the other members."""

    role: ClassVar[str]

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the wire form without `extra`."""
        return {"role": self.role, **self.members(copy)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form; parts and tool calls that fit become values of ours.

        Raises ValueError for another role, TypeError where a member is missing or unknown.
        """
        members = dict(value)
        if members.pop("role", None) != cls.role:
            raise ValueError(f'a {cls.__name__} has the role "{cls.role}"')
        if "content" in members:
            members["content"] = all_fitting(members["content"], "type", PARTS, OtherPart)
        if "tool_calls" in members:
            members["tool_calls"] = all_fitting(members["tool_calls"], "type", TOOL_CALLS, OtherToolCall)
        return cls._of(members)


@frozen
class SystemMessage(RoleMessage):
    """Instructions that hold for the whole conversation."""

    definition = "instruction_message"
    role = "system"
    content: Content = field(repr=False)
    _: KW_ONLY
    name: str | None = None


@frozen
class DeveloperMessage(RoleMessage):
    """Instructions by the application's developer: the newer name of a system message."""

    definition = "instruction_message"
    role = "developer"
    content: Content = field(repr=False)
    _: KW_ONLY
    name: str | None = None


@frozen
class UserMessage(RoleMessage):
    """What the person says: text, images, sound or files."""

    definition = "user_message"
    role = "user"
    content: Content = field(repr=False)
    _: KW_ONLY
    name: str | None = None


@frozen
class AssistantMessage(RoleMessage):
    """What the model said before: text, a refusal, spoken audio (`{"id": ...}`), or its tool calls.

    `reasoning`, `reasoning_content` and `annotations` are an answer's. Some services take them back, and some models
    mind: send them where you know that they help.
    """

    definition = "assistant_message"
    role = "assistant"
    content: Content | None = field(default=None, repr=False)
    _: KW_ONLY
    refusal: str | None = field(default=None, repr=False)
    name: str | None = None
    audio: Mapping[str, Any] | None = field(default=None, repr=False)
    tool_calls: Sequence[WireObject] = field(default=(), repr=False)
    function_call: WireObject | None = field(default=None, repr=False)
    reasoning: str | None = field(default=None, repr=False)
    reasoning_content: str | None = field(default=None, repr=False)
    annotations: Sequence[Mapping[str, Any]] | None = field(default=None, repr=False)

    @classmethod
    def from_answer(cls, answer: Any) -> AssistantMessage:
        """Return the history message for an answer of any SDK: a whole one, its first choice, or the message.

        It may be a mapping, or an object with a `model_dump()` or `to_dict()`. Content without Bedrock's reasoning
        tags, refusal, calls and the ID of audio are kept; what is only an answer's is left out.

        Raises TypeError for what is no answer, and ValueError for one that cannot be read.
        """
        with loading():
            from .history import members_of_answer

        members = members_of_answer(answer)
        calls = all_fitting(members.pop("tool_calls"), "type", TOOL_CALLS, OtherToolCall)
        older = members.pop("function_call")
        return cls(**members, tool_calls=calls, function_call=older and FunctionCall(**older))

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the wire form without `extra`, and without `tool_calls` where there are none."""
        body = super().own_form(copy)
        if not self.tool_calls:
            body.pop("tool_calls", None)
        return body


@frozen
class ToolMessage(RoleMessage):
    """What a tool gave, for the call of that ID."""

    definition = "tool_message"
    role = "tool"
    content: Content = field(repr=False)
    tool_call_id: str
    _: KW_ONLY
    name: str | None = None


@frozen
class FunctionMessage(RoleMessage):
    """What a function gave, before there were tool messages. The wire wants `content` even if it is null."""

    definition = "function_message"
    role = "function"
    content: str | None = field(repr=False)
    name: str

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the wire form without `extra`, `content` included."""
        return {"role": self.role, "content": copy(self.content), "name": copy(self.name)}


PARTS: Mapping[str, type[WireValue]] = {
    kind.kind: kind for kind in (TextPart, RefusalPart, ImagePart, AudioPart, FilePart)
}
TOOL_CALLS: Mapping[str, type[WireValue]] = {"function": ToolCall, "custom": CustomToolCall}


@frozen
class OtherPart(Other):
    """A part of a type that this version does not know: `OtherPart("video_url", extra={"video_url": {...}})`."""

    known = PARTS
    stand_in = MappingProxyType({"type": "text", "text": ""})
    type: str


@frozen
class OtherToolCall(Other):
    """A call of a tool of a type that this version does not know; what is called is in `extra`."""

    known = TOOL_CALLS
    stand_in = MappingProxyType({"type": "function", "function": {"name": "", "arguments": ""}})
    type: str
    id: str


MESSAGES: Mapping[str, type[WireValue]] = {
    message.role: message
    for message in (
        SystemMessage,
        DeveloperMessage,
        UserMessage,
        AssistantMessage,
        ToolMessage,
        FunctionMessage,
    )
}
