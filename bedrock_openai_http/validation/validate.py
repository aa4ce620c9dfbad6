"""A request is checked completely before anything is signed, sent or paid for.

First that it is JSON, then against the bundled schema, then how its fields depend on each other. The first flaw
found is reported. An error's text never repeats what the caller wrote, save for the names of unknown keys.

This module loads no library for a good request: `generated`, which is made from the schema, passes it. What that
does not pass is looked at without its nulls, extras and unknown members, and judged by jsonschema, in
`schema`, if that is no better.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from ..values import arguments
from ..values.errors import ConfigurationError, RequestValidationError
from ..values.extras import given_twice, joined, without_extra
from ..values.forks import loading
from ..values.request import FIELDS, ChatCompletionRequest, Guardrail, fields_of, unknown_fields_option
from ..values.wire_value import plain, sure
from .fields import (
    RULES,
    Flaw,
    Path,
    extra_flaws,
    json_flaw,
    json_flaws,
    json_path,
    rule_flaws,
    unknown_key,
)
from .generated import is_request

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


def validate_request(request: ChatCompletionRequest | Mapping[str, Any], *, unknown_fields: str = "refuse") -> None:
    """Return if `request` may be sent. It is a request of ours or a JSON body, which may hold values of ours.

    Members that are null count as absent. Of `extra_body` and `extra` only that they are JSON is checked; any other
    member must be one that the schema knows, unless `unknown_fields` is "send": then unknown members, and objects of
    an unknown type, pass at every level, and what is known is checked all the same.

    Raises RequestValidationError for the first flaw, and ConfigurationError for other `unknown_fields`.
    """
    checked_body(request, unknown_fields=unknown_fields_option(unknown_fields))


def checked_body(
    request: ChatCompletionRequest | Mapping[str, Any], *, unknown_fields: str = "refuse", **defaults: Any
) -> dict[str, Any]:
    """Return the JSON body of `request`, in new dicts and lists and without null members, if it may be sent.

    `defaults` are members for a mapping that does not have them. Raises RequestValidationError as `validate_request`
    does.
    """
    found: dict[str, Any] | Flaw
    try:
        if arguments.is_a(request, ChatCompletionRequest):
            found = _request_body(request, unknown_fields)
        else:
            found = _plain_body(request, unknown_fields, defaults)
    except RecursionError:
        found = Flaw((), "json-depth", "is nested too deep for what is left of the stack")
    if isinstance(found, Flaw):
        raise _error(found)
    return found


def _request_body(request: ChatCompletionRequest, unknown_fields: str) -> dict[str, Any] | Flaw:
    if request.guardrail is not None and not arguments.is_a(request.guardrail, Guardrail):
        return Flaw(("guardrail",), "type", "must be a Guardrail")
    if request.extra_body is None:
        own = _surely(lambda: fields_of(request, sure))
        if own is not None:
            return _sent(own, unknown_fields, is_sure=True)
        return _sent(request.own_fields(), unknown_fields)
    own = request.own_fields()
    extra = plain(request.extra_body)
    if not isinstance(extra, dict):
        return Flaw((), "type", "extra_body must be a mapping")
    for place in given_twice(own, extra):
        return Flaw(place, "given-twice", "is given both as a field and in extra_body")
    sent = json_flaw(own) or json_flaw(extra) or _sent(own, unknown_fields, extra)
    return sent if isinstance(sent, Flaw) else joined(sent, extra)


def _plain_body(given: Any, unknown_fields: str, defaults: Mapping[str, Any]) -> dict[str, Any] | Flaw:
    body = _surely(lambda: sure(given))
    is_sure = body is not None
    if body is None:
        body = plain(given)
    if defaults and isinstance(body, dict):
        body = {**defaults, **body}
    return _sent(body, unknown_fields, is_sure=is_sure)


def _surely(copy: Callable[[], Any]) -> Any:
    """Return the copy, or None where there is doubt, or somebody's object in it has raised something."""
    try:
        return copy()
    except Exception:  # noqa: BLE001
        return None


def _sent(
    body: Any, unknown_fields: str, beyond: Collection[str] = (), *, is_sure: bool = False
) -> dict[str, Any] | Flaw:
    """Return what is sent for `body`, of plain values, or the first flaw in it.

    `is_sure` says that it comes from `sure`. No rule is applied to the fields in `beyond`.
    """
    flaw = None if is_sure else json_flaw(body)
    if flaw is None:
        follows = is_request(body)
        if follows and (is_sure or not _has_null(body)):
            sent = judged = body
        else:
            flaw = next(extra_flaws(body), None)
            sent, judged = _parted(body, unknown_fields)
            if flaw is None and not (follows or is_request(judged)):
                flaw = next(_schema_flaws(judged), None)
        if flaw is None:
            flaw = next(rule_flaws(judged, beyond), None)
    return sent if flaw is None else _in_better_words(flaw, body)


def _parted(body: Any, unknown_fields: str, allow: Collection[str] = ()) -> tuple[Any, Any]:
    """Return what is sent for `body`, without its nulls, and what of it the schema is asked about."""
    with loading():
        from ..values import known_members

    judged = known_members.without_nulls(without_extra(body))
    if unknown_fields == "send":
        judged = known_members.with_stand_ins(judged)
    elif allow:
        judged = known_members.known_body(judged, lambda name: name in allow)
    return known_members.without_nulls(body), judged


def _schema_flaws(body: Any) -> Iterator[Flaw]:
    with loading():
        from .schema import schema_flaws

    return schema_flaws(body)


def request_flaws(
    body: Any, *, unknown_fields: str = "refuse", allow: Collection[str] = (), in_file: bool = False
) -> Iterator[Flaw]:
    """Yield all that is wrong with a JSON body, of decoded JSON: of each place the first flaw.

    A rule between fields is applied where these have no other flaw. Keys named in `allow` may stand anywhere;
    `unknown_fields` is as for `validate_request`; `in_file` tells that the author of the body writes no Python.
    """
    for flaw in _all_flaws(body, unknown_fields, allow):
        yield _in_better_words(flaw, body, in_file=in_file)


def _all_flaws(body: Any, unknown_fields: str, allow: Collection[str]) -> Iterator[Flaw]:
    for flaw in json_flaws(body):
        yield flaw
        if flaw.rule not in ("json-number", "json-text"):
            return  # what cannot be read, or has no end, is not judged further
    _, judged = _parted(body, unknown_fields, allow)
    seen: set[Path] = set()
    beyond: set[str] = set()
    if not is_request(judged):
        for flaw in _schema_flaws(judged):
            yield flaw
            seen.add(flaw.path)
            if flaw.rule != "unknown-key":
                beyond.update(map(str, flaw.path[:1] or FIELDS))
    yield from (flaw for flaw in rule_flaws(judged, beyond) if flaw.path not in seen)


def _in_better_words(flaw: Flaw, body: Any, *, in_file: bool = False) -> Flaw:
    with loading():
        from .known_mistakes import in_better_words

    return in_better_words(flaw, body, in_file=in_file)


def check_field_names(names: Iterable[str]) -> None:
    """Return if each of `names` is a field of `ChatCompletionRequest` that goes into the body.

    Raises RequestValidationError for the first that is not.
    """
    given, known = dict.fromkeys(names), dict.fromkeys(FIELDS)
    for name in given:
        if name not in known:
            flaw = Flaw((name,), "unknown-key", unknown_key(name, known))
            raise _error(_in_better_words(flaw, given))


def _error(flaw: Flaw) -> RequestValidationError:
    return RequestValidationError(flaw.message, json_path=json_path(flaw.path), rule=flaw.rule)


def _has_null(body: dict[str, Any]) -> bool:
    """Tell whether `body`, which follows the schema, may have a member that is null, and is not content."""
    if None in body.values() or not _MAY_HOLD_NULL.isdisjoint(body):
        return True
    for message in body["messages"]:
        if message["role"] == "assistant" and None in message.values() and not _NULLABLE.isdisjoint(message):
            return True
    return "tools" in body and any(tool[tool["type"]].get("strict", "") is None for tool in body["tools"])


#: Where the schema lets null pass, besides the fields of the body and `strict` of a function.
_NULLABLE = frozenset(("refusal", "audio", "function_call"))
_MAY_HOLD_NULL = frozenset(("response_format", "moderation", "web_search_options"))


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
