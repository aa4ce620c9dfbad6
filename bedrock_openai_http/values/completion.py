"""What comes back: the completion and its choices as plain frozen dataclasses.

Reading is lenient where the service may grow or err beside the answer (see `reading`) and strict where a caller would
be misled: choices, messages, content and calls of the wrong type raise `Malformed`, which names the path.

This module builds values from decoded JSON; chunks of a stream are in `chunk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from .answer_message import Message, message_wire_form
from .frozen import field, frozen
from .guardrail_outcome import GuardrailOutcome, guardrail_outcome
from .messages import CustomToolCall, ToolCall
from .reading import (
    NOTHING_READ,
    JSONObject,
    Kind,
    expect,
    extra_of,
    position,
    remember,
    side_members,
    wire_form,
    without_words,
)
from .usage import Usage, read_usage

if TYPE_CHECKING:
    from .http import HTTPResponse


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

    _SIDE: ClassVar[Mapping[str, Kind]] = {"finish_reason": str, "logprobs": dict}
    _KNOWN = frozenset(("index", "message", *_SIDE))
    _WORDS = frozenset(("logprobs", "extra"))
    _read = NOTHING_READ

    __repr__ = without_words

    @classmethod
    def from_dict(cls, data: Any, path: str = "$.choices[0]", *, place: int = 0) -> Choice:
        """Read a member of `choices`, which stands there at `place`. Raises Malformed."""
        expect(data, dict, path, "an object")
        extra = extra_of(data, cls._KNOWN)
        side = side_members(data, cls._SIDE, extra)
        choice = cls(
            index=position(data, place, extra),
            message=Message.from_dict(data.get("message"), f"{path}.message"),
            finish_reason=side["finish_reason"] or None,
            logprobs=side["logprobs"],
            extra=extra,
        )
        return remember(choice, data)

    def to_dict(self) -> JSONObject:
        """Return the wire form, its `message` as the answer has it, with the members that are not known."""
        message = message_wire_form(self.message)
        members = {name: getattr(self, name) for name in ("index", "finish_reason", "logprobs")}
        return wire_form({**members, "message": message}, self.extra, self._read, ("index",))


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
    #: How many attempts at sending were made for the call; None where it was not a client that asked.
    attempts: int | None = field(default=None, compare=False, repr=False)
    #: Seconds from the start of the call to the end of the answer; None where it was not a client that asked.
    elapsed: float | None = field(default=None, compare=False, repr=False)
    #: The answer's status and headers, without its body, which is in `raw`; None where they are not known.
    response: HTTPResponse | None = field(default=None, compare=False, repr=False)

    _SIDE: ClassVar[Mapping[str, Kind]] = {
        **dict.fromkeys(("id", "model", "service_tier", "system_fingerprint", "object"), str),
        "created": (int, float),
    }
    _KNOWN = frozenset(("choices", "usage", *_SIDE))
    _WORDS = frozenset(("extra",))

    __repr__ = without_words

    @classmethod
    def from_dict(
        cls,
        data: Any,
        *,
        request_id: str | None = None,
        response: HTTPResponse | None = None,
        attempts: int | None = None,
        elapsed: float | None = None,
    ) -> ChatCompletion:
        """Read a decoded completion body; what is not in it, such as the request ID, is given. Raises Malformed."""
        expect(data, dict, "$", "an object")
        choices = expect(data.get("choices"), list, "$.choices", "an array")
        extra = extra_of(data, cls._KNOWN)
        side = side_members(data, cls._SIDE, extra)
        return cls(
            id=side["id"] or "",
            created=side["created"],
            model=side["model"] or "",
            choices=tuple(Choice.from_dict(item, f"$.choices[{i}]", place=i) for i, item in enumerate(choices)),
            usage=read_usage(data, extra),
            service_tier=side["service_tier"],
            system_fingerprint=side["system_fingerprint"],
            object=side["object"] or "chat.completion",
            request_id=request_id,
            extra=extra,
            raw=data,
            response=response,
            attempts=attempts,
            elapsed=elapsed,
        )

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know; it can be written as JSON."""
        return wire_form(top_members(self), self.extra, self.raw or None, ("object",))

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
        """Whether it is `empty` since the token budget ran out in its thoughts: raise `max_completion_tokens`."""
        if not self.empty or self.finish_reason != "length":
            return False
        return bool(self.reasoning or (self.usage and self.usage.completion_tokens))

    @property
    def _request_id(self) -> str | None:
        # The name under which the OpenAI SDK's users know it.
        return self.request_id


def top_members(value: Any) -> JSONObject:
    """Return what stands in the JSON object of a completion or a chunk, by its name on the wire."""
    names = ("object", "created", "choices", "usage", "service_tier", "system_fingerprint")
    return {
        # Both are texts, also where the wire has none.
        "id": value.id or None,
        "model": value.model or None,
        **{name: getattr(value, name) for name in names},
    }
