"""From what the caller gives to the request that will be sent: completed, valid, and fit for its endpoint.

This module refuses before anything is built, and warns of what a model will refuse or ignore; it drops nothing and
rewrites nothing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .errors import ConfigurationError, RequestValidationError
from .lint import CompatibilityWarning, lint_request
from .model_facts import model_mistake
from .request import GUARDRAIL_CONFIG, ChatCompletionRequest, Guardrail

#: How the names of the headers begin that choose a guardrail.
_GUARDRAIL_HEADER = "x-amzn-bedrock-guardrail"


def checked_request(
    request: ChatCompletionRequest | Mapping[str, Any],
    *,
    stream: bool,
    endpoint: str,
    guardrail: Guardrail | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> ChatCompletionRequest:
    """Return the valid request that will be sent to `endpoint`, with `stream` set and the client's `guardrail`.

    Raises RequestValidationError for a request that must not be sent, and ConfigurationError for a guardrail where
    it would be ignored.
    """
    from .validation import validate_guardrail, validate_request

    if not isinstance(request, ChatCompletionRequest):
        # Judged as it is given, since `from_body` would take an unknown key for one that is meant.
        body = {"stream": True, **request} if stream and isinstance(request, Mapping) else request
        validate_request(body)
        request = ChatCompletionRequest.from_body(body)
    if request.stream is not None and request.stream is not stream:
        method = "stream" if request.stream else "complete"
        raise RequestValidationError(f"use Client.{method} for this request", json_path="$.stream", rule="stream")
    changes: dict[str, Any] = {}
    if stream and request.stream is None:
        changes["stream"] = True
    if request.guardrail is None and guardrail is not None:
        changes["guardrail"] = guardrail
    if changes:
        request = replace(request, **changes)
    if endpoint == "mantle":
        _refuse_guardrail(request, extra_headers)
    if request.guardrail is not None:
        validate_guardrail(request.guardrail)
    validate_request(request)
    mistake = model_mistake(request.model, endpoint)
    if mistake is not None:
        raise RequestValidationError(mistake, json_path="$.model", rule="model-id")
    return request


def _refuse_guardrail(request: ChatCompletionRequest, extra_headers: Mapping[str, str] | None) -> None:
    """Refuse a guardrail in each of the places where one can be asked for: mantle answers 200 and ignores it."""
    names = (name.lower() for name in extra_headers or () if isinstance(name, str))
    asked_for = (
        request.guardrail is not None
        or any(name.startswith(_GUARDRAIL_HEADER) for name in names)
        or GUARDRAIL_CONFIG in (request.extra_body or {})
    )
    if asked_for:
        raise ConfigurationError("guardrail: the mantle endpoint ignores guardrails; use the runtime endpoint")


def warn_of_refusals(request: ChatCompletionRequest, endpoint: str, region: str | None) -> None:
    """Warn, in the name of the code that calls this package, of what the model will refuse or ignore."""
    lints = lint_request(request, endpoint=endpoint, region=region)
    if lints:
        level = _level_outside()
        for lint in lints:
            warnings.warn(CompatibilityWarning(lint), stacklevel=level)


def _level_outside() -> int:
    """Return the `stacklevel` with which the calling function warns of the first frame outside this package."""
    own = __name__.rpartition(".")[0] + "."
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(own):
        level, frame = level + 1, frame.f_back
    return level
