"""A request is checked completely before anything is signed, sent or paid for.

First that it is JSON, then against the bundled schema, then how its fields depend on each other. The first flaw
found is reported. An error's text never repeats what the caller wrote, save for the names of unknown keys.

This module is the only one that imports jsonschema. It fetches nothing: a `$ref` in a caller's own schema is data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from .errors import ConfigurationError, RequestValidationError
from .request import FIELDS, ChatCompletionRequest, Guardrail
from .schemas import load_schema
from .validation_rules import RULES, Flaw, json_flaw, json_path, quoted, rule_flaw
from .values import plain

__all__ = ["RULES", "check_field_names", "validate_guardrail", "validate_request"]


def validate_request(request: ChatCompletionRequest | Mapping[str, Any]) -> None:
    """Return if `request` may be sent. It is a request of ours or a JSON body, which may hold values of ours.

    Raises RequestValidationError for the first flaw. Of a request's `extra_body` only that it is JSON is checked;
    of a body, every member must be one that the schema knows.
    """
    try:
        flaw = _request_flaw(request) if isinstance(request, ChatCompletionRequest) else _body_flaw(request)
    except RecursionError:
        flaw = Flaw((), "json-depth", "is nested too deep for what is left of the stack")
    if flaw is not None:
        raise _error(flaw)


def check_field_names(names: Iterable[str]) -> None:
    """Return if each of `names` is a field of `ChatCompletionRequest` that goes into the body.

    Raises RequestValidationError for the first that is not.
    """
    known = dict.fromkeys(FIELDS)
    for name in names:
        if name not in known:
            raise _error(Flaw((name,), "unknown-key", _unknown_key(name, known, top=True)))


def _error(flaw: Flaw) -> RequestValidationError:
    return RequestValidationError(flaw.message, json_path=json_path(flaw.path), rule=flaw.rule)


def _request_flaw(request: ChatCompletionRequest) -> Flaw | None:
    if not isinstance(request.guardrail, Guardrail | None):
        return Flaw(("guardrail",), "type", "must be a Guardrail")
    own, extra = request.own_fields(), plain(request.extra_body) or {}
    if not isinstance(extra, Mapping):
        return Flaw((), "type", "extra_body must be a mapping")
    for name in extra:
        if name in own:
            return Flaw((name,), "given-twice", "is given both as a field and in extra_body")
    return json_flaw(own) or json_flaw(extra) or _schema_flaw(own) or rule_flaw(own, beyond=extra)


def _body_flaw(body: Any) -> Flaw | None:
    body = {key: plain(value) for key, value in body.items()} if isinstance(body, Mapping) else plain(body)
    return json_flaw(body) or _schema_flaw(body) or rule_flaw(body)


class _Schema:
    """A JSON schema by jsonschema, with a validator made once for each subschema.

    jsonschema makes one on every visit, which is most of the time that it takes. The keywords below mean what
    they mean in jsonschema; members are visited in the order of the document.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        own = {"$ref": self._ref, "if": self._if, "items": self._items, "properties": self._properties}
        strict = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
        kind = extend(Draft202012Validator, own, type_checker=strict)  # type: ignore[no-untyped-call]
        self._root = kind(schema, registry=Registry())
        self._within: dict[int, Validator] = {}

    def first_error(self, body: Any) -> ValidationError | None:
        """Return the first thing in `body` that breaks the schema, or None."""
        return next(self._root.iter_errors(body), None)

    def _errors(self, schema: Any, instance: Any, step: str | int | None = None) -> Iterator[ValidationError]:
        validator = self._within.get(id(schema))
        if validator is None:
            validator = self._within[id(schema)] = self._root.evolve(schema=schema)
        for error in validator.iter_errors(instance):
            if step is not None:
                error.path.appendleft(step)
            yield error

    def _ref(self, _: Validator, ref: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        name = ref.removeprefix("#/$defs/")
        return self._errors(self._root.schema["$defs"][name], instance)

    def _if(
        self, _: Validator, condition: Any, instance: Any, schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        holds = next(self._errors(condition, instance), None) is None
        return self._errors(schema.get("then" if holds else "else", True), instance)

    def _items(self, _: Validator, items: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, list):
            for index, item in enumerate(instance):
                yield from self._errors(items, item, index)

    def _properties(
        self, _: Validator, properties: Mapping[str, Any], instance: Any, __: Any
    ) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for name, member in instance.items():
                if name in properties:
                    yield from self._errors(properties[name], member, name)


def _is_integer(_: Any, value: Any) -> bool:
    """An int: unlike in jsonschema, 1.0 is none, because not every JSON reader takes it for one."""
    return isinstance(value, int) and not isinstance(value, bool)


@cache
def _request_schema() -> _Schema:
    return _Schema(load_schema("request"))


def _schema_flaw(body: Any) -> Flaw | None:
    error = _request_schema().first_error(body)
    return None if error is None else _flaw(error)


def _flaw(error: ValidationError) -> Flaw:
    """Return the error of jsonschema as a flaw, with nothing in it of the instance but an unknown key."""
    path, rule = tuple(error.absolute_path), str(error.validator)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if rule == "required":
        missing = next(name for name in wanted if name not in instance)
        return Flaw((*path, missing), rule, "is required")
    if rule == "additionalProperties":
        schema: Any = error.schema
        known = schema["properties"]
        unknown = next(name for name in instance if name not in known)
        return Flaw((*path, unknown), "unknown-key", _unknown_key(unknown, known, top=not path))
    message = _MESSAGES[rule](wanted)
    if "propertyNames" in error.absolute_schema_path:
        message = f"has a key that {message}"
    return Flaw(path, rule, message)


def _unknown_key(name: str, known: Mapping[str, Any], *, top: bool) -> str:
    near = get_close_matches(name[:64], known, n=1)
    if near:
        return f"is not a known field; did you mean {quoted(near[0])}?"
    if top:
        return "is not a known field; fields that this version does not know go in extra_body"
    return f"is not a known field; known here: {_listed(known)}"


_TYPES = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _type_message(wanted: str | Sequence[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return f"must be {' or '.join(_TYPES[name] for name in names)}"


def _listed(values: Any) -> str:
    return ", ".join(json.dumps(value) for value in values)


#: What is wrong, by the JSON Schema keyword that says so; the argument is the keyword's own value.
_MESSAGES: Mapping[str, Callable[[Any], str]] = {
    "type": _type_message,
    "enum": lambda wanted: f"must be one of {_listed(wanted)}",
    "const": lambda wanted: f"must be {json.dumps(wanted)}",
    "minimum": lambda wanted: f"must be at least {wanted}",
    "maximum": lambda wanted: f"must be at most {wanted}",
    "minLength": lambda wanted: f"must have at least {wanted} character(s)",
    "maxLength": lambda wanted: f"must have at most {wanted} characters",
    "minItems": lambda wanted: f"must have at least {wanted} item(s)",
    "maxItems": lambda wanted: f"must have at most {wanted} items",
    "maxProperties": lambda wanted: f"must have at most {wanted} members",
    "pattern": lambda wanted: f"must match the pattern {wanted}",
}


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
    if not isinstance(guardrail, Guardrail):
        raise ConfigurationError(f"guardrail: must be a Guardrail, not {type(guardrail).__name__}")
    for name, (pattern, words) in _GUARDRAIL_RULES.items():
        value = getattr(guardrail, name)
        if value is None and name not in ("identifier", "version"):
            continue
        if name == "trace" and isinstance(value, bool):
            continue
        if not isinstance(value, str) or len(value) > 2048 or not re.fullmatch(pattern, value):
            raise ConfigurationError(f"the guardrail's {name} must be {words}")
