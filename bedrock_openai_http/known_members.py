"""Which members of a request's body the schema knows: those that are null are left out.

The schema tells a message, a part or a tool by a word inside, in chains of `if`; what is no object of a known kind,
such as a tool's own JSON schema, is the caller's, and a null in it is content.

This module reads `schemas/request.json` when it is first needed, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from .schemas import load_schema

Schema: TypeAlias = Mapping[str, Any]


def without_nulls(body: Any) -> Any:
    """Return `body`, of plain JSON values, without its known members that are null, at every level.

    The `content` of an assistant's or a function's message stays: there null is a value.
    """
    return _without_nulls(body, _request())


@cache
def _request() -> Schema:
    return load_schema("request")


def _without_nulls(value: Any, schema: Schema) -> Any:
    kind = kind_of(value, schema)
    if isinstance(value, list) and "items" in kind:
        return [_without_nulls(item, kind["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    members = kind.get("properties", {})
    return {
        name: _without_nulls(member, members[name]) if name in members else member
        for name, member in value.items()
        if member is not None or name not in members or (name == "content" and "null" in members[name].get("type", ()))
    }


def kind_of(value: Any, schema: Schema) -> Schema:
    """Return the schema of the one kind that `value` is of: references are followed, and choices are made."""
    while True:
        if "$ref" in schema:
            schema = _request()["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        elif "if" in schema:
            schema = schema["then" if _holds(schema["if"], value) else "else"]
        else:
            return schema


def _holds(condition: Schema, value: Any) -> bool:
    """Tell whether `value` meets the condition of a choice: the word in one of its members, or to be a text."""
    if "type" in condition:
        return isinstance(value, str)
    ((name, words),) = condition["properties"].items()
    # As in JSON Schema: what has no such member meets the condition.
    return not isinstance(value, dict) or name not in value or value[name] in words.get("enum", [words.get("const")])
