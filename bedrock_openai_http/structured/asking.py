"""How an answer of one shape is asked for: by `response_format` where the model enforces it, else in words.

This module changes a request by what asks for the shape, and nothing else of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ..validation.models import ENFORCE_SCHEMAS, family_of
from ..values import arguments
from ..values.errors import ConfigurationError, RequestValidationError
from ..values.kinds.kind import Kind
from ..values.messages import TextPart
from ..values.request import ChatCompletionRequest
from ..values.wire_value import plain
from .given import Request, RequestT, changed, field_of
from .kinds import asked_kind

WAYS = ("auto", "response_format", "message")

_WORDS = (
    "Answer with one JSON document and nothing else: no words before or after it, and no code fence. It must fit "
    "this JSON schema, with every property that it names:\n"
)


def schema_of(kind: Any, /) -> dict[str, Any]:
    """Return the strict JSON schema of a kind, as it is sent; one that is no object is asked for as `{"value": ...}`.

    `kind` is a dataclass, TypedDict, NamedTuple, an Enum, a Literal, Union, Optional, list or tuple of such, a type
    of Python's own that JSON can hold, a model of pydantic, or a JSON schema as a mapping.

    Raises TypeError for what cannot be said as a strict schema, with what to write instead.
    """
    return deepcopy(dict(asked_kind(kind).schema))


def typed_request(request: RequestT, kind: Any, /, *, how: str = "auto", endpoint: str = "runtime") -> RequestT:
    """Return `request` asking for an answer of `kind`, as `Client.parse` sends it.

    `how` is "response_format" (a strict schema), "message" (the schema in words, for models that ignore the format),
    or "auto": what the model is known to heed on `endpoint`.

    Raises TypeError for a kind that has no strict schema, RequestValidationError for a request with a
    `response_format` or `stream` of its own or with `n` above 1, and ConfigurationError for another `how`.
    """
    return asking_for(request, asked_kind(kind), way_for(request, how, endpoint))


def way_for(request: Request, how: str, endpoint: str) -> str:
    """Return "response_format" or "message".

    Raises ConfigurationError for a `how` that is none of `WAYS`, and RequestValidationError for what is no request.
    """
    if not isinstance(request, Mapping | ChatCompletionRequest):
        raise RequestValidationError("must be a ChatCompletionRequest or a mapping", rule="type")
    if arguments.plain_text(how) not in WAYS:
        raise ConfigurationError(f"how: must be one of {', '.join(WAYS)}")
    if how != "auto":
        return how
    model = arguments.plain_text(field_of(request, "model")) or ""
    family = family_of(model)
    if ENFORCE_SCHEMAS.have(model):
        return "response_format"
    # Of open weights it is known of mantle alone, and of all but gpt-oss (docs/bedrock.md).
    return "response_format" if endpoint == "mantle" and (family is None or family.name != "gpt-oss") else "message"


def asking_for(request: RequestT, kind: Kind, way: str, *, stream: bool = False) -> RequestT:
    """Return `request` asking for an answer of `kind` in that way; a stream tells its tokens too."""
    _refuse_own(request, stream=stream)
    changes: dict[str, Any] = {}
    if way == "response_format":
        described = {"name": kind.name, "strict": True, "schema": deepcopy(dict(kind.schema))}
        changes["response_format"] = {"type": "json_schema", "json_schema": described}
    else:
        schema = json.dumps(kind.schema, ensure_ascii=False, separators=(",", ":"))
        changes["messages"] = _with_words(field_of(request, "messages"), _WORDS + schema)
    if stream and field_of(request, "stream_options") is None:
        changes["stream_options"] = {"include_usage": True}
    return changed(request, changes)


def added_in_front(request: Request, asked: Request) -> int:
    """Return how many messages stand before the caller's in what `asking_for` has made of `request`."""
    given, sent = field_of(request, "messages"), field_of(asked, "messages")
    return len(sent) - len(given) if isinstance(given, list | tuple) else 0


def _refuse_own(request: Any, *, stream: bool) -> None:
    if field_of(request, "response_format") is not None:
        raise RequestValidationError("is made of the kind that is asked for; leave it out", **_at("response_format"))
    if field_of(request, "stream") is True and not stream:
        raise RequestValidationError("is not for parse; use parse_stream", **_at("stream"))
    count = field_of(request, "n")
    if isinstance(count, int) and count > 1:
        raise RequestValidationError("must be 1 where a value is asked for; call several times", **_at("n"))


def _at(name: str) -> dict[str, str]:
    return {"json_path": f"$.{name}", "rule": "typed-answer"}


def _with_words(messages: Any, words: str) -> Any:
    """Return the messages with `words` at the end of the first instructions, or before all where there are none.

    There, what stays the same from call to call begins the prompt, which a cache can use; and some models take
    instructions at the beginning only.
    """
    if not isinstance(messages, list | tuple) or not messages:
        return messages  # which is refused as it is
    first = plain(messages[0])
    if not isinstance(first, dict) or first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": words}, *messages]
    content = first.get("content")
    if isinstance(content, str):
        first["content"] = f"{content}\n\n{words}"
    elif isinstance(content, list):
        first["content"] = [*content, TextPart(words)]
    return [first, *messages[1:]]
