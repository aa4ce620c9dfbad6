"""A request is checked completely before anything is signed, sent or paid for.

First that it is JSON, then against the bundled schema, then how its fields depend on each other. The first flaw
found is reported. An error's text never repeats what the caller wrote, save for the names of unknown keys.

This module loads no library for a good request: `request_check`, which is made from the schema, passes it. What that
does not pass is judged by jsonschema, in `schema_errors`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from . import arguments
from .errors import ConfigurationError, RequestValidationError
from .forks import loading
from .request import FIELDS, ChatCompletionRequest, Guardrail
from .request_check import is_request
from .validation_rules import RULES, Flaw, json_flaw, json_path, rule_flaw, unknown_key
from .values import plain

__all__ = [
    "RULES",
    "Flaw",
    "check_field_names",
    "checked_body",
    "json_path",
    "request_flaws",
    "validate_guardrail",
    "validate_request",
]


def validate_request(request: ChatCompletionRequest | Mapping[str, Any]) -> None:
    """Return if `request` may be sent. It is a request of ours or a JSON body, which may hold values of ours.

    Raises RequestValidationError for the first flaw. Of a request's `extra_body` only that it is JSON is checked;
    of a body, every member must be one that the schema knows.
    """
    checked_body(request)


def checked_body(request: ChatCompletionRequest | Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """Return the JSON body of `request`, in new dicts and lists and without null members, if it may be sent.

    `defaults` are members for a mapping that does not have them. Raises RequestValidationError as `validate_request`
    does.
    """
    try:
        if arguments.is_a(request, ChatCompletionRequest):
            body = _request_body(request)
        else:
            body = _plain_body(request, defaults)
    except RecursionError:
        body = Flaw((), "json-depth", "is nested too deep for what is left of the stack")
    if isinstance(body, Flaw):
        raise _error(body)
    return body


def request_flaws(body: Any, *, in_file: bool = False, allow: Collection[str] = ()) -> Iterator[Flaw]:
    """Yield what is wrong with a JSON body, of decoded JSON; `in_file` tells that its author writes no Python.

    `allow` are names of members that may stand anywhere.
    """
    body = _without(body, allow) if allow else body
    flaw = json_flaw(body) or _schema_flaw(body) or rule_flaw(body)
    if flaw is not None:
        with loading():
            from .known_mistakes import in_better_words

        yield in_better_words(flaw, body, in_file=in_file)


def _without(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def check_field_names(names: Iterable[str]) -> None:
    """Return if each of `names` is a field of `ChatCompletionRequest` that goes into the body.

    Raises RequestValidationError for the first that is not.
    """
    known = dict.fromkeys(FIELDS)
    for name in names:
        if name not in known:
            raise _error(Flaw((name,), "unknown-key", unknown_key(name, known, top=True)))


def _error(flaw: Flaw) -> RequestValidationError:
    return RequestValidationError(flaw.message, json_path=json_path(flaw.path), rule=flaw.rule)


def _request_body(request: ChatCompletionRequest) -> dict[str, Any] | Flaw:
    if request.guardrail is not None and not arguments.is_a(request.guardrail, Guardrail):
        return Flaw(("guardrail",), "type", "must be a Guardrail")
    own = request.own_fields()
    extra = {} if request.extra_body is None else plain(request.extra_body)
    if not isinstance(extra, dict):
        return Flaw((), "type", "extra_body must be a mapping")
    for name in extra:
        if name in own:
            return Flaw((name,), "given-twice", "is given both as a field and in extra_body")
    flaw = json_flaw(own) or json_flaw(extra) or _schema_flaw(own) or rule_flaw(own, beyond=extra)
    return flaw or {**own, **extra}


def _plain_body(given: Any, defaults: Mapping[str, Any]) -> dict[str, Any] | Flaw:
    body = plain(given)
    if defaults and isinstance(body, dict):
        body = {**defaults, **body}
    flaw = json_flaw(body) or _schema_flaw(body) or rule_flaw(body)
    return flaw or {name: value for name, value in body.items() if value is not None}


def _schema_flaw(body: Any) -> Flaw | None:
    if is_request(body):
        return None
    with loading():
        from .schema_errors import schema_flaw

    return schema_flaw(body)


#: What may stand in the guardrail headers, after InvokeModel's shapes in botocore's service model. Its pattern of
#: an ARN would let a line break pass, which is no part of a header.
_GUARDRAIL_RULES: Mapping[str, tuple[str, str]] = {
    "identifier": (
        # Wider than InvokeModel's own pattern: AWS's guide shows an ID in capitals. The service knows its own.
        r"[A-Za-z0-9:/._-]+",
        "the ID or the ARN of a guardrail",
    ),
    "version": (r"[1-9][0-9]{0,7}|DRAFT", 'a number of 1 to 8 digits that does not begin with 0, or "DRAFT"'),
    "trace": (r"ENABLED|DISABLED|ENABLED_FULL", 'a bool, "ENABLED", "DISABLED" or "ENABLED_FULL"'),
    "tag_suffix": (r"[A-Za-z0-9]{1,20}", "1 to 20 letters and digits"),
    "stream_processing_mode": (r"SYNCHRONOUS|ASYNCHRONOUS", '"SYNCHRONOUS" or "ASYNCHRONOUS"'),
}


def validate_guardrail(guardrail: Guardrail) -> None:
    """Return if the settings of `guardrail` can be sent.

    Raises ConfigurationError, which names the field and its rule, never the value.
    """
    if not arguments.is_a(guardrail, Guardrail):
        raise ConfigurationError(f"guardrail: must be a Guardrail, not {type(guardrail).__name__}")
    for name, (pattern, words) in _GUARDRAIL_RULES.items():
        value = getattr(guardrail, name)
        if value is None and name not in ("identifier", "version"):
            continue
        if name == "trace" and type(value) is bool:
            continue
        text = arguments.plain_text(value)
        if text is None or len(text) > 2048 or not re.fullmatch(pattern, text):
            raise ConfigurationError(f"the guardrail's {name} must be {words}")
