"""When a rule about a field speaks: what is tested of the field's value, and of the fields beside it.

This module's law: a test bears any JSON value, since `extra_body` is sent unchecked, and says yes or no, no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ..values.wire_value import plain

#: Whether a rule speaks, by the value of its field (never None) and all fields of the request.
Test: TypeAlias = Callable[[Any, Mapping[str, Any]], bool]


def always(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the field asks for anything: false and an empty list do not."""
    return value is not False and value != [] and value != ()


def is_one_of(*values: Any) -> Test:
    """Whether the value is one of these."""
    return lambda value, fields: value in values


def is_none_of(*values: Any) -> Test:
    """Whether the value is something else than these."""
    return lambda value, fields: value not in values


def no_text(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the value is no text."""
    return not isinstance(value, str)


def empty(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the value is an empty list."""
    return isinstance(value, (list, tuple)) and not value


def without_tools(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether there are no tools that the field could speak of."""
    return not fields.get("tools")


def reasons(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the field asks for something, and the model is not told not to reason."""
    return always(value, fields) and fields.get("reasoning_effort") != "none"


def above_one(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the value is a number above 1."""
    return isinstance(value, int) and value > 1


def effort_is(*values: str) -> Test:
    """Whether the value is an object with one of these as its `effort`."""
    return lambda value, fields: isinstance(value, Mapping) and value.get("effort") in values


def is_format(kind: str) -> Test:
    """Whether the value is a `response_format` of this type."""
    return lambda value, fields: isinstance(value, Mapping) and value.get("type") == kind


def unspoken_json(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether a JSON object is wanted and no message says so."""
    return is_format("json_object")(value, fields) and not any(
        "json" in text.lower() for message in fields["messages"] for text in _texts(plain(message).get("content"))
    )


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif content is not None:
        yield from (part.get("text") or "" for part in content)


def streamed_schema(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether an answer by a JSON schema is to be streamed."""
    return is_format("json_schema")(value, fields) and fields.get("stream") is True


def not_strict(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether a JSON schema is given without `strict`."""
    return is_format("json_schema")(value, fields) and _member(value, "strict") is not True


def no_object_at_root(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the answer by a JSON schema would be no object."""
    if not is_format("json_schema")(value, fields):
        return False
    schema = _member(value, "schema")
    return not isinstance(schema, Mapping) or schema.get("type") != "object"


def optional_property(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether a JSON schema has an object that may lack one of its properties."""
    return any(not _all_required(part.get("properties"), part.get("required")) for part in _objects_of(value, fields))


def open_object(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether a JSON schema has an object that may hold more than its properties."""
    return any(part.get("additionalProperties") is not False for part in _objects_of(value, fields))


def _all_required(properties: Any, required: Any) -> bool:
    if not isinstance(properties, Mapping):
        return True
    return isinstance(required, (list, tuple)) and all(name in required for name in properties)


def _member(value: Mapping[str, Any], name: str) -> Any:
    described = value.get("json_schema")
    return described.get(name) if isinstance(described, Mapping) else None


#: Members of a schema that hold a schema, several by name, or a list of them.
_ONE = ("items", "not", "if", "then", "else", "contains")
_BY_NAME = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")


def _objects_of(value: Any, fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield each part of the JSON schema of a `response_format` that describes an object."""
    parts = [_member(value, "schema")] if is_format("json_schema")(value, fields) else []
    while parts:
        part = parts.pop()
        if not isinstance(part, Mapping):
            continue
        kind = part.get("type")
        if kind == "object" or "properties" in part or (isinstance(kind, (list, tuple)) and "object" in kind):
            yield part
        parts += (part.get(name) for name in _ONE)
        for name in _BY_NAME:
            parts += _values(part.get(name))
        for name in _LISTED:
            inner = part.get(name)
            parts += inner if isinstance(inner, (list, tuple)) else ()


def _values(named: Any) -> list[Any]:
    return list(named.values()) if isinstance(named, Mapping) else []
