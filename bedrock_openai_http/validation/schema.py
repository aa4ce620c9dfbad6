"""What is wrong with a body that does not follow the schema, in words of ours.

jsonschema finds it. This module and that library are loaded for the first body that `generated` does not pass.

Only this module and those of `instances` import jsonschema. It fetches nothing: a `$ref` in a caller's own schema is
data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from ..schemas import load_schema
from .fields import Flaw, unknown_key


def schema_flaw(body: Any) -> Flaw | None:
    """Return the first flaw of `body` by the schema of requests, or None."""
    return next(schema_flaws(body), None)


def schema_flaws(body: Any) -> Iterator[Flaw]:
    """Yield the flaws of `body` by the schema of requests, of each place the first."""
    seen = set()
    for error in _request_schema().errors(body):
        for flaw in _flaws(error):
            if flaw.path not in seen:
                seen.add(flaw.path)
                yield flaw


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

    def errors(self, body: Any) -> Iterator[ValidationError]:
        """Yield what in `body` breaks the schema."""
        yield from self._root.iter_errors(body)

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


def _flaws(error: ValidationError) -> Iterator[Flaw]:
    """Yield the flaws in an error of jsonschema, with nothing in them of the instance but an unknown key."""
    path, rule = tuple(error.absolute_path), str(error.validator)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if rule == "required":
        for name in wanted:
            if name not in instance:
                yield Flaw((*path, name), rule, "is required")
    elif rule == "additionalProperties":
        schema: Any = error.schema
        known = schema["properties"]
        for name in instance:
            if name not in known:
                yield Flaw((*path, name), "unknown-key", unknown_key(name, known, within=path))
    else:
        message = MESSAGES[rule](wanted)
        if "propertyNames" in error.absolute_schema_path:
            message = f"has a key that {message}"
        if path[-1:] == ("type",) and path[0] in _CHOSEN_BY_TYPE:
            message += '; what has another type is sent with unknown_fields="send"'
        yield Flaw(path, rule, message)


#: The fields in which a word in the member `type` chooses among kinds of objects.
_CHOSEN_BY_TYPE = frozenset(("messages", "response_format", "tool_choice", "tools"))

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
MESSAGES: Mapping[str, Callable[[Any], str]] = {
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
