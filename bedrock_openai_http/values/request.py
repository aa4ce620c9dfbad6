"""A whole request as one frozen value: its fields, its tools, its guardrail.

The fields are those of the wire format, by their own names, and None means "not sent". What a field may hold
is described in `schemas/request.json`.

This module holds plain values and no rules; `validation` judges them.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from . import arguments
from .errors import ConfigurationError, RequestValidationError
from .extras import beyond, joined
from .forks import loading
from .frozen import KW_ONLY, field, frozen
from .messages import MESSAGES
from .wire_value import Copy, Enveloped, Frozen, Other, WireObject, WireValue, all_fitting, plain

#: The member of the body that carries the guardrail settings which have no header.
GUARDRAIL_CONFIG = "amazon-bedrock-guardrailConfig"

#: What the tags around the judged part of a prompt begin with, before the suffix.
GUARDRAIL_TAG = "amazon-bedrock-guardrails-guardContent_"

#: How long a suffix is that is made here; at most 20 characters are allowed.
_SUFFIX_LENGTH = 16


@frozen
class FunctionTool(Enveloped):
    """A function that the model may call; `parameters` is the JSON schema of its arguments."""

    kind = "function"
    definition = "function_tool"
    name: str
    _: KW_ONLY
    description: str | None = field(default=None, repr=False)
    parameters: Mapping[str, Any] | None = field(default=None, repr=False)
    strict: bool | None = None

    @classmethod
    def from_function(
        cls, function: Callable[..., Any], /, *, name: str | None = None, description: str | None = None
    ) -> FunctionTool:
        """Return the tool for a function or method: its name, its docstring, and a schema of its type hints.

        `name` and `description` replace its own. What a parameter is for is said by `Annotated[T, "text"]`, or else
        by the docstring, in Google's, NumPy's or Sphinx's form. One with a default may be left out by the model. The
        tool is `strict` unless a hint leaves open what comes, such as `Any` or `dict[str, T]`.

        Raises TypeError for what a model could not be told of: a parameter without a hint, `*args` and `**kwargs`.
        """
        with loading():
            from .kinds.functions import signature_of

        return cls(**signature_of(function, name=name, description=description).members())

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> FunctionTool:
        """Read the wire form, but for a `type` within the function, which says nothing more.

        Raises TypeError or KeyError where a member is missing or unknown.
        """
        inner = value["function"]
        if inner.get("type") == "function":
            inner = {name: member for name, member in inner.items() if name != "type"}
        return super().from_dict({**value, "function": inner})


@frozen
class CustomTool(Enveloped):
    """A tool that takes free text, or text in a grammar: `format={"type": "grammar", "grammar": {...}}`."""

    kind = "custom"
    definition = "custom_tool"
    name: str
    _: KW_ONLY
    description: str | None = field(default=None, repr=False)
    format: Mapping[str, Any] | None = field(default=None, repr=False)


TOOLS: Mapping[str, type[WireValue]] = {"function": FunctionTool, "custom": CustomTool}


@frozen
class OtherTool(Other):
    """A tool of a type that this version does not know: `OtherTool("web_search", extra={...})`."""

    known = TOOLS
    stand_in = MappingProxyType({"type": "custom", "custom": {"name": "_"}})
    type: str


@frozen
class Guardrail:
    """An Amazon Bedrock guardrail that the service applies to the prompt and to the answer.

    Bedrock reads the guardrail from headers, and the tag suffix and streaming mode from the body. The runtime
    endpoint enforces it; the mantle endpoint ignores it.
    """

    #: The guardrail's ID or ARN, at most 2,048 characters.
    identifier: str
    #: A version number of 1 to 8 digits, or "DRAFT".
    version: str
    #: Whether the answer tells what the guardrail found: "ENABLED", "DISABLED", "ENABLED_FULL", or a bool.
    trace: str | bool | None = None
    #: The suffix, 1 to 20 letters and digits, of the tags that mark the part of the prompt to be judged.
    tag_suffix: str | None = None
    #: "SYNCHRONOUS" holds a stream back until it is judged, "ASYNCHRONOUS" does not.
    stream_processing_mode: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that name the guardrail."""
        headers = {
            "X-Amzn-Bedrock-GuardrailIdentifier": plain(self.identifier),
            "X-Amzn-Bedrock-GuardrailVersion": plain(self.version),
        }
        if self.trace is not None:
            words = {True: "ENABLED", False: "DISABLED"}
            trace = words[self.trace] if type(self.trace) is bool else plain(self.trace)
            headers["X-Amzn-Bedrock-Trace"] = trace
        return headers

    def body_fields(self) -> dict[str, Any]:
        """Return the member of the body that the guardrail adds; an empty dict where it adds none."""
        given = {"tagSuffix": self.tag_suffix, "streamProcessingMode": self.stream_processing_mode}
        config = {name: plain(value) for name, value in given.items() if value is not None}
        return {GUARDRAIL_CONFIG: config} if config else {}

    def with_tag_suffix(self) -> Guardrail:
        """Return the same guardrail with a new random tag suffix, which no prompt can have foreseen."""
        import secrets  # loads hashlib and more; few programs need it

        alphabet = string.ascii_letters + string.digits
        return replace(self, tag_suffix="".join(secrets.choice(alphabet) for _ in range(_SUFFIX_LENGTH)))

    def tag(self, text: str) -> str:
        """Return `text` between the tags that mark it as the part of the prompt to be judged.

        Raises ConfigurationError without a tag suffix, and RequestValidationError if `text` holds the tag: it would
        end the marked part early.
        """
        if not self.tag_suffix:
            raise ConfigurationError("the guardrail has no tag suffix: with_tag_suffix() gives it one")
        name = GUARDRAIL_TAG + self.tag_suffix
        if name.lower() in text.lower():
            raise RequestValidationError("the text holds the guardrail's own tag", rule="not")
        return f"<{name}>{text}</{name}>"


@frozen
class ChatCompletionRequest(Frozen):
    """A request for a chat completion. The repr shows the model and how many messages there are, no more.

    Messages and tools are values of ours or OpenAI-shaped mappings, freely mixed. `extra_body` holds members
    of the body that this version does not know; they are sent as they are, and a mapping under the name of a field
    that is a mapping too joins it.
    """

    model: str
    messages: Sequence[WireObject]
    _: KW_ONLY
    audio: Mapping[str, Any] | None = None
    frequency_penalty: float | None = None
    function_call: str | Mapping[str, Any] | None = None
    functions: Sequence[Mapping[str, Any]] | None = None
    logit_bias: Mapping[str, int] | None = None
    logprobs: bool | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    metadata: Mapping[str, str] | None = None
    modalities: Sequence[str] | None = None
    moderation: Mapping[str, Any] | None = None
    n: int | None = None
    parallel_tool_calls: bool | None = None
    prediction: Mapping[str, Any] | None = None
    presence_penalty: float | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Mapping[str, Any] | None = None
    prompt_cache_retention: str | None = None
    reasoning_effort: str | None = None
    response_format: Mapping[str, Any] | None = None
    safety_identifier: str | None = None
    seed: int | None = None
    service_tier: str | None = None
    stop: str | Sequence[str] | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: Mapping[str, Any] | None = None
    temperature: float | None = None
    tool_choice: str | Mapping[str, Any] | None = None
    tools: Sequence[WireObject] | None = None
    top_logprobs: int | None = None
    top_p: float | None = None
    user: str | None = None
    verbosity: str | None = None
    web_search_options: Mapping[str, Any] | None = None
    guardrail: Guardrail | None = None
    extra_body: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        count = len(self.messages) if isinstance(self.messages, tuple) else "?"
        return f"ChatCompletionRequest(model={self.model!r}, {count} messages)"

    def own_fields(self) -> dict[str, Any]:
        """Return the JSON body without `extra_body`: the part that the schema describes."""
        return fields_of(self, plain)

    def to_body(self) -> dict[str, Any]:
        """Return the JSON body, of new dicts and lists, without the fields that are not set.

        Raises RequestValidationError for what cannot be read, and for an `extra_body` that is no mapping.
        """
        extra = {} if self.extra_body is None else plain(self.extra_body)
        if not isinstance(extra, dict):
            raise RequestValidationError("extra_body must be a mapping", rule="type")
        return joined(self.own_fields(), extra)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> ChatCompletionRequest:
        """Read a JSON body; a field that is null counts as not set.

        Messages and tools that fit become values of ours, others stay as they are, to be judged later. What this
        version does not know goes to `extra_body` and to the `extra` of each value, so that it can be sent. Raises
        RequestValidationError for what is no mapping.
        """
        if not isinstance(body, Mapping):
            raise RequestValidationError("must be an object", rule="type")
        fields = {name: value for name, value in body.items() if name in FIELDS}
        extra = {name: value for name, value in body.items() if name not in FIELDS}
        for name, value in fields.items():
            if type(value) is dict or name == "functions":
                fields[name], more = _parted(name, value)
                extra.update({} if more is None else {name: more})
        given = {"model": None, "messages": None, **fields}
        given["messages"] = all_fitting(given["messages"], "role", MESSAGES)
        given["tools"] = all_fitting(given.get("tools"), "type", TOOLS, OtherTool)
        return cls(**given, extra_body=extra or None)


def unknown_fields_option(given: Any) -> str:
    """Return what is done about members that the schema does not know. Raises ConfigurationError for no such word."""
    for word in ("refuse", "send"):
        if arguments.plain_text(given) == word:
            return word
    raise ConfigurationError('unknown_fields: must be "refuse" or "send"')


def _parted(name: str, value: Any) -> tuple[Any, Any]:
    """Return what is known of a field's value, and what is to be joined to it; None for nothing of either."""
    with loading():
        from .known_members import known_field

    known = known_field(name, value)
    if known == value:
        return value, None
    if isinstance(value, dict):
        more = beyond(value, known)
        if joined(known, more) == value:
            return known, more
    return None, value  # such as a list, in which nothing can be joined


#: The names of the wire format's request fields, in the order in which they are sent.
FIELDS: tuple[str, ...] = tuple(
    # Not by `fields`, for which the class would be completed before anybody uses it.
    name
    for name in ChatCompletionRequest.__annotations__
    if name not in ("_", "guardrail", "extra_body")
)


def fields_of(request: ChatCompletionRequest, copy: Copy) -> dict[str, Any]:
    """Return what `own_fields` returns, by `copy`."""
    given = vars(request)
    body = {name: copy(given[name]) for name in FIELDS if given[name] is not None}
    if request.guardrail is not None:
        body.update(request.guardrail.body_fields())
    return body
