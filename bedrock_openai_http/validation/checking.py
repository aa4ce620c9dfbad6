"""From what the caller gives to the request that will be sent: completed, valid, and fit for its endpoint.

This module refuses before anything is built, and warns of what a model will refuse or ignore; it drops nothing and
rewrites nothing.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

from ..values import arguments
from ..values.errors import ConfigurationError, RequestValidationError
from ..values.forks import loading
from ..values.frozen import frozen
from ..values.request import GUARDRAIL_CONFIG, ChatCompletionRequest, Guardrail
from .lint import NAME_RULE, CompatibilityWarning, lint_request
from .models import guardrail_mistake, model_mistake

#: What the ID of a project looks like.
_PROJECT = r"[A-Za-z0-9_-]{1,128}"

#: Where a message stands in a body.
_MESSAGE = re.compile(r"\$\.messages\[([0-9]+)\]")

#: How the names of the headers begin that choose a guardrail.
_GUARDRAIL_HEADER = "x-amzn-bedrock-guardrail"


def checked_project(project: str | None, endpoint: str) -> str | None:
    """Return the ID of a project. Raises ConfigurationError for what is none, and where there is only one project."""
    if project is None:
        return None
    project = arguments.text("project", project, "be the ID of a project, such as 'proj_abc123'", _PROJECT)
    if endpoint != "mantle":
        raise ConfigurationError("project: the runtime endpoint has the default project only; give endpoint='mantle'")
    return project


@frozen
class CheckedRequest:
    """A request that may be sent."""

    #: The JSON body, in dicts and lists that nobody else holds.
    body: dict[str, Any]
    #: The guardrail whose headers go with it; what it adds to the body is there.
    guardrail: Guardrail | None
    #: Whether a guardrail is asked for in any of the places where one can be: there, in the body or in other headers.
    guarded: bool
    #: How many of its messages were put before the caller's, whose places are counted without them.
    in_front: int = 0


@cache
def _validate() -> ModuleType:
    """The module that checks, which is loaded when the first request is."""
    with loading():
        from . import validate

    return validate


def checked_request(
    request: ChatCompletionRequest | Mapping[str, Any],
    *,
    stream: bool,
    endpoint: str,
    guardrail: Guardrail | None = None,
    extra_headers: Mapping[str, str] | None = None,
    unknown_fields: str = "refuse",
    in_front: int = 0,
) -> CheckedRequest:
    """Return what will be sent to `endpoint` for `request`, with `stream` set and the client's `guardrail`.

    `extra_headers` have passed `call.headers.check_headers`, `unknown_fields` is as for `validate_request`. Places of
    messages are counted without the first `in_front`.

    Raises RequestValidationError for a request that must not be sent, and ConfigurationError for a guardrail where
    it would be ignored.
    """
    own = request if arguments.is_a(request, ChatCompletionRequest) else None
    if own is not None and own.guardrail is not None:
        guardrail = own.guardrail
    if guardrail is not None:
        _validate().validate_guardrail(guardrail)
    given = request if own is None else _completed(own, stream, guardrail)
    defaults = {"stream": True} if stream and own is None else {}
    try:
        body = _validate().checked_body(given, unknown_fields=unknown_fields, **defaults)
    except RequestValidationError as error:
        error.json_path = _callers_place(error.json_path, in_front)
        raise
    if own is None and guardrail is not None:
        _add_guardrail(body, guardrail)
    if body.get("stream", False) is not stream:
        method = "complete" if stream else "stream"
        raise RequestValidationError(f"use Client.{method} for this request", json_path="$.stream", rule="stream")
    guarded = guardrail is not None or GUARDRAIL_CONFIG in body or _is_named(extra_headers)
    ignored = guardrail_mistake(body["model"], endpoint) if guarded else None
    if ignored is not None:
        raise ConfigurationError(f"guardrail: {ignored}")
    mistake = model_mistake(body["model"], endpoint)
    if mistake is not None:
        raise RequestValidationError(mistake, json_path="$.model", rule="model-id")
    return CheckedRequest(body, guardrail, guarded, in_front)


def _callers_place(json_path: str, in_front: int) -> str:
    """Return where the caller has what stands at `json_path`, behind `in_front` messages that are not his."""
    found = _MESSAGE.match(json_path)
    if found is None or int(found[1]) < in_front:
        return json_path
    return f"$.messages[{int(found[1]) - in_front}]{json_path[found.end() :]}"


def _completed(request: ChatCompletionRequest, stream: bool, guardrail: Guardrail | None) -> ChatCompletionRequest:
    """Return `request` with what is missing in it; mostly nothing is."""
    changes: dict[str, Any] = {}
    if stream and request.stream is None:
        changes["stream"] = True
    if guardrail is not request.guardrail:
        changes["guardrail"] = guardrail
    return replace(request, **changes) if changes else request


def _add_guardrail(body: dict[str, Any], guardrail: Guardrail) -> None:
    """Add the members of the client's guardrail to a body that was given as a mapping."""
    for name, member in guardrail.body_fields().items():
        if name in body:
            message = "is given both in the body and by the guardrail"
            raise RequestValidationError(message, json_path=f'$["{name}"]', rule="given-twice")
        body[name] = member


def _is_named(extra_headers: Mapping[str, str] | None) -> bool:
    """Tell whether headers of the caller's choose a guardrail."""
    return bool(extra_headers) and any(name.lower().startswith(_GUARDRAIL_HEADER) for name in extra_headers or ())


def warn_of_refusals(checked: CheckedRequest, endpoint: str, region: str | None, *, own_host: bool) -> None:
    """Warn, in the name of the code that calls this package, of what the model will refuse or ignore.

    `own_host` tells whether the call goes to a host of AWS's: what another one calls its models is not judged.
    """
    lints = lint_request(checked.body, endpoint=endpoint, region=region, guardrail=checked.guarded)
    if lints:
        level = _level_outside()
        for lint in lints:
            if own_host or lint.rule != NAME_RULE:
                placed = lint._replace(json_path=_callers_place(lint.json_path, checked.in_front))
                warnings.warn(CompatibilityWarning(placed), stacklevel=level)


def _level_outside() -> int:
    """Return the `stacklevel` with which the calling function warns of the first frame outside this package."""
    own = __name__.partition(".")[0] + "."
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(own):
        level, frame = level + 1, frame.f_back
    return level
