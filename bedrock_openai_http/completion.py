"""What comes back: the completion and its parts as plain frozen dataclasses.

Reading is lenient where the service may grow (unknown fields are kept in `extra`, optional ones may be missing or
null, words such as a finish reason stay `str`) and strict where a caller would be misled: a part of the wrong type
raises `Malformed`, which names its path, and is never handed on.

This module builds values from decoded JSON; chunks of a stream are in `chunk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .frozen import field, frozen
from .guardrail_outcome import GuardrailOutcome, guardrail_outcome
from .messages import AssistantMessage, CustomCall, CustomToolCall, FunctionCall, ToolCall
from .reasoning import split_reasoning

JSONObject = dict[str, Any]


class Malformed(ValueError):
    """A decoded answer is not of the promised form. The text names the path and what was expected there."""


def expect(value: Any, kind: type | tuple[type, ...], path: str, what: str) -> Any:
    """Return `value` if it is of `kind`; raise Malformed otherwise. A bool is no number."""
    if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    raise Malformed(f"{path} is {_kind_name(value)}, not {what}")


def optional(value: Any, kind: type | tuple[type, ...], path: str, what: str) -> Any:
    """Return `value` if it is None or of `kind`; raise Malformed otherwise."""
    return None if value is None else expect(value, kind, path, what)


def extra_of(data: Mapping[str, Any], known: frozenset[str]) -> JSONObject:
    """Return the members of `data` that this version does not know."""
    return {} if known.issuperset(data) else {key: value for key, value in data.items() if key not in known}


@frozen
class Usage:
    """Token counts. Reasoning is part of `completion_tokens`, whether or not the details itemise it."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    #: `cached_tokens` and others, as on the wire; empty if the service gives none.
    prompt_tokens_details: JSONObject = field(default_factory=dict)
    #: `reasoning_tokens` and others, as on the wire; empty if the service gives none.
    completion_tokens_details: JSONObject = field(default_factory=dict)
    extra: JSONObject = field(default_factory=dict)

    _COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
    _DETAILS = ("prompt_tokens_details", "completion_tokens_details")
    _KNOWN = frozenset((*_COUNTS, *_DETAILS))

    @classmethod
    def from_dict(cls, data: Any, path: str = "$.usage") -> Usage:
        """Read the `usage` object. Raises Malformed."""
        expect(data, dict, path, "an object")
        counts = [expect(data.get(name), int, f"{path}.{name}", "an integer") for name in cls._COUNTS]
        details = [optional(data.get(name), dict, f"{path}.{name}", "an object") or {} for name in cls._DETAILS]
        return cls(counts[0], counts[1], counts[2], details[0], details[1], extra_of(data, cls._KNOWN))


@frozen
class Message:
    """The assistant's message."""

    role: str
    #: As on the wire, with Bedrock's reasoning tags; None if there is none, as with tool calls.
    content: str | None
    #: The answer without the reasoning; "" if there is none.
    text: str
    #: The thoughts, from the tags in the content or from Bedrock's own field `reasoning`; None if there are none.
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall | CustomToolCall, ...] = ()
    annotations: tuple[JSONObject, ...] = ()
    audio: JSONObject | None = None
    #: Deprecated by the API in favour of `tool_calls`.
    function_call: FunctionCall | None = None
    extra: JSONObject = field(default_factory=dict)

    _KNOWN = frozenset(("role", "content", "refusal", "tool_calls", "annotations", "audio", "function_call"))

    @classmethod
    def from_dict(cls, data: Any, path: str = "$.message") -> Message:
        """Read a `message` object. Raises Malformed."""
        expect(data, dict, path, "an object")
        content = optional(data.get("content"), str, f"{path}.content", "a string")
        text, thoughts = split_reasoning(content or "")
        own = optional(data.get("reasoning"), str, f"{path}.reasoning", "a string")
        call = optional(data.get("function_call"), dict, f"{path}.function_call", "an object")
        return cls(
            role=optional(data.get("role"), str, f"{path}.role", "a string") or "assistant",
            content=content,
            text=text,
            reasoning=(own or "") + thoughts or None,
            refusal=optional(data.get("refusal"), str, f"{path}.refusal", "a string"),
            tool_calls=_tool_calls(data.get("tool_calls"), f"{path}.tool_calls"),
            annotations=tuple(optional(data.get("annotations"), list, f"{path}.annotations", "an array") or ()),
            audio=optional(data.get("audio"), dict, f"{path}.audio", "an object"),
            function_call=_function(call, f"{path}.function_call") if call else None,
            extra=extra_of(data, cls._KNOWN),
        )

    def to_request_message(self) -> AssistantMessage:
        """Return the message as history to send back: its text and tool calls, without the reasoning.

        Reasoning that is sent back is refused or echoed by some models.
        """
        return AssistantMessage(
            self.text or None,
            refusal=self.refusal,
            tool_calls=self.tool_calls,
            audio={"id": self.audio["id"]} if self.audio and "id" in self.audio else None,
        )

    def to_dict(self) -> JSONObject:
        """Return `to_request_message()` in wire form, so that an answer can stand among a request's messages."""
        return self.to_request_message().to_dict()


@frozen
class Choice:
    """One of the answers."""

    index: int
    message: Message
    #: "stop", "length", "tool_calls", "content_filter", or whatever the service says; None if it says nothing.
    finish_reason: str | None
    #: `content` and `refusal` token lists, as on the wire.
    logprobs: JSONObject | None = None
    extra: JSONObject = field(default_factory=dict)

    _KNOWN = frozenset(("index", "message", "finish_reason", "logprobs"))

    @classmethod
    def from_dict(cls, data: Any, path: str = "$.choices[0]") -> Choice:
        """Read a member of `choices`. Raises Malformed."""
        expect(data, dict, path, "an object")
        return cls(
            index=expect(data.get("index", 0), int, f"{path}.index", "an integer"),
            message=Message.from_dict(data.get("message"), f"{path}.message"),
            finish_reason=optional(data.get("finish_reason"), str, f"{path}.finish_reason", "a string"),
            logprobs=optional(data.get("logprobs"), dict, f"{path}.logprobs", "an object"),
            extra=extra_of(data, cls._KNOWN),
        )


@frozen
class ChatCompletion:
    """A whole answer. Its `text`, `reasoning`, `tool_calls` and `finish_reason` are those of the first choice."""

    id: str
    #: Unix time in seconds.
    created: int | None
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    object: str = "chat.completion"
    #: The AWS request ID from the headers.
    request_id: str | None = None
    extra: JSONObject = field(default_factory=dict)
    #: The decoded body as it came; of a stream, the body that its chunks add up to.
    raw: JSONObject = field(default_factory=dict, repr=False)

    _KNOWN = frozenset(("id", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "object"))

    @classmethod
    def from_dict(cls, data: Any, *, request_id: str | None = None) -> ChatCompletion:
        """Read a decoded completion body. Raises Malformed."""
        expect(data, dict, "$", "an object")
        choices = expect(data.get("choices"), list, "$.choices", "an array")
        usage = data.get("usage")
        return cls(
            id=optional(data.get("id"), str, "$.id", "a string") or "",
            created=optional(data.get("created"), (int, float), "$.created", "a number"),
            model=optional(data.get("model"), str, "$.model", "a string") or "",
            choices=tuple(Choice.from_dict(item, f"$.choices[{i}]") for i, item in enumerate(choices)),
            usage=None if usage is None else Usage.from_dict(usage),
            service_tier=optional(data.get("service_tier"), str, "$.service_tier", "a string"),
            system_fingerprint=optional(data.get("system_fingerprint"), str, "$.system_fingerprint", "a string"),
            object=optional(data.get("object"), str, "$.object", "a string") or "chat.completion",
            request_id=request_id,
            extra=extra_of(data, cls._KNOWN),
            raw=data,
        )

    @property
    def text(self) -> str:
        """The first choice's answer, without reasoning; "" if there is none."""
        return self.choices[0].message.text if self.choices else ""

    @property
    def reasoning(self) -> str | None:
        """The first choice's thoughts; None if there are none."""
        return self.choices[0].message.reasoning if self.choices else None

    @property
    def tool_calls(self) -> tuple[ToolCall | CustomToolCall, ...]:
        """The first choice's tool calls."""
        return self.choices[0].message.tool_calls if self.choices else ()

    @property
    def finish_reason(self) -> str | None:
        """Why the first choice ended."""
        return self.choices[0].finish_reason if self.choices else None

    @property
    def guardrail(self) -> GuardrailOutcome | None:
        """What a guardrail did, as far as the answer tells; None if it shows no sign of one."""
        return guardrail_outcome(self.id, self.extra, [choice.finish_reason for choice in self.choices])

    @property
    def empty(self) -> bool:
        """Whether the first choice says nothing: no text, call, refusal or audio, whatever it may have thought.

        Also where there are no choices. The service answers so at times, with a status of 200.
        """
        if not self.choices:
            return True
        message = self.choices[0].message
        return not (message.text or message.tool_calls or message.refusal or message.audio or message.function_call)

    @property
    def budget_spent_on_reasoning(self) -> bool:
        """Whether the token budget ran out before the first choice's answer began; raise `max_completion_tokens`."""
        if self.finish_reason != "length" or self.text or self.tool_calls or self.choices[0].message.refusal:
            return False
        return bool(self.reasoning or (self.usage and self.usage.completion_tokens))

    @property
    def _request_id(self) -> str | None:
        # The name under which the OpenAI SDK's users know it.
        return self.request_id


def _tool_calls(value: Any, path: str) -> tuple[ToolCall | CustomToolCall, ...]:
    calls: list[ToolCall | CustomToolCall] = []
    for i, item in enumerate(optional(value, list, path, "an array") or ()):
        here = f"{path}[{i}]"
        expect(item, dict, here, "an object")
        call_id = optional(item.get("id"), str, f"{here}.id", "a string") or ""
        custom = optional(item.get("custom"), dict, f"{here}.custom", "an object")
        if custom is not None:
            pair = (
                optional(custom.get(key), str, f"{here}.custom.{key}", "a string") or "" for key in ("name", "input")
            )
            calls.append(CustomToolCall(call_id, CustomCall(*pair)))
        else:
            calls.append(ToolCall(call_id, _function(item.get("function"), f"{here}.function")))
    return tuple(calls)


def _function(value: Any, path: str) -> FunctionCall:
    expect(value, dict, path, "an object")
    return FunctionCall(
        expect(value.get("name"), str, f"{path}.name", "a string"),
        optional(value.get("arguments"), str, f"{path}.arguments", "a string") or "",
    )


def _kind_name(value: Any) -> str:
    names = {type(None): "missing or null", bool: "a boolean", int: "an integer", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), type(value).__name__)
