"""Which members of a request's body the schema knows: those that are null are left out, and the rest told apart.

The schema tells a message, a part or a tool by a word inside, in chains of `if`; what is no object of a known kind,
such as a tool's own JSON schema, is the caller's, and a null in it is content.

This module reads `schemas/request.json` when it is first needed, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from ..schemas import load_schema

Schema: TypeAlias = Mapping[str, Any]
#: Whether a member stays: its name, what it is, and its schema, or None if the schema does not know it.
Keep: TypeAlias = Callable[[str, Any, "Schema | None"], bool]


def without_nulls(body: Any) -> Any:
    """Return `body`, of plain JSON values, without its known members that are null, at every level.

    The `content` of an assistant's or a function's message stays: there null is a value.
    """
    return _walked(body, _request(), _is_no_null)


def known_body(body: Any, unknown: Callable[[str], bool]) -> Any:
    """Return `body` without its unknown members whose name `unknown` lets pass, at every level."""
    return _walked(body, _request(), lambda name, _, schema: schema is not None or not unknown(name))


def with_stand_ins(body: Any) -> Any:
    """Return `body` with its known members only, and with a stand-in for each object of an unknown type."""
    return _walked(body, _request(), _is_known, stand_ins=True)


def known_part(value: Any, definition: str) -> Any:
    """Return the known members of an object that the schema defines; lists in it are left as they are."""
    return _walked(value, _request()["$defs"][definition], _is_known, lists=False)


def known_field(name: str, value: Any) -> Any:
    """Return the known members of what a field of the body holds, or something that is valid in its place."""
    return _walked(value, _request()["properties"][name], _is_known, stand_ins=True)


@cache
def _request() -> Schema:
    schema: Schema = load_schema("request")
    return schema


def _is_no_null(name: str, member: Any, schema: Schema | None) -> bool:
    return member is not None or schema is None or (name == "content" and "null" in schema.get("type", ()))


def _is_known(_: str, __: Any, schema: Schema | None) -> bool:
    return schema is not None


def _walked(value: Any, schema: Schema, keep: Keep, *, lists: bool = True, stand_ins: bool = False) -> Any:
    """Return `value` with those members of its known objects that are to be kept."""
    name, kind = kind_of(value, schema)
    if isinstance(value, list) and "items" in kind and lists:
        return [_walked(item, kind["items"], keep, stand_ins=stand_ins) for item in value]
    if not isinstance(value, dict) or "properties" not in kind:
        return value
    if stand_ins and "additionalProperties" not in kind and isinstance(value.get("type"), str) and name in _STAND_INS:
        # The ID of a call is known in any case, and looked for by its result.
        return {**_STAND_INS[name], **({"id": value["id"]} if name == "tool_call" and "id" in value else {})}
    members = kind["properties"]
    return {
        key: _walked(member, members[key], keep, lists=lists, stand_ins=stand_ins) if key in members else member
        for key, member in value.items()
        if keep(key, member, members.get(key))
    }


#: What may stand in place of an object of a type that is not known, by the definition that chooses by the type.
_STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "user_part": {"type": "text", "text": ""},
    "assistant_part": {"type": "text", "text": ""},
    "text_only_part": {"type": "text", "text": ""},
    "tool": {"type": "custom", "custom": {"name": "_"}},
    "tool_call": {"type": "function", "function": {"name": "", "arguments": ""}},
    "tool_choice_object": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
    "response_format": {"type": "text"},
    "custom_format": {"type": "text"},
}


def kind_of(value: Any, schema: Schema) -> tuple[str, Schema]:
    """Return the schema of the one kind that `value` is of, and the name of the definition that has chosen it.

    References are followed, and choices are made.
    """
    name = chosen_by = ""
    while True:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            schema = _request()["$defs"][name]
        elif "if" in schema:
            chosen_by = name
            schema = schema["then" if _holds(schema["if"], value) else "else"]
        else:
            return chosen_by, schema


def _holds(condition: Schema, value: Any) -> bool:
    """Tell whether `value` meets the condition of a choice: the word in one of its members, or to be a text."""
    if "type" in condition:
        return isinstance(value, str)
    ((name, words),) = condition["properties"].items()
    # As in JSON Schema: what has no such member meets the condition.
    return not isinstance(value, dict) or name not in value or value[name] in words.get("enum", [words.get("const")])
