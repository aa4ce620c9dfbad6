"""Members that are null because the strict form cannot leave them out, by the schemas of others.

This module's law: of alternatives the one that is meant is chosen by a look at the value; what is left out stands for
nothing else by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .nodes import type_of

#: How deep into objects is looked to tell alternatives apart: as deep as people put a tag.
_LEVELS = 3
_ALL = ("string", "number", "boolean", "null", "array", "object")


def without_nulls(value: Any, schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a JSON value without the members that are null because they could not be left out."""
    schema = _target(value, schema, definitions)
    if isinstance(value, list):
        return [
            without_nulls(item, place, definitions)
            for item, place in zip(value, _places(schema, len(value)), strict=True)
        ]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    lacking = [
        name
        for name, part in properties.items()
        if value.get(name, ...) is None and may_lack(name, part, required, definitions)
    ]
    return {
        name: without_nulls(member, properties.get(name), definitions)
        for name, member in value.items()
        if name not in lacking
    }


def may_lack(name: str, schema: Any, required: Sequence[str], definitions: Mapping[str, Any]) -> bool:
    """Tell whether null stands for a property that is not there."""
    if name in required or "null" in types_of(schema, definitions):
        return False
    # What can have one value alone, such as the tag of a kind in a union, is always said if that is its default.
    return not isinstance(schema, Mapping) or "default" not in schema or schema["default"] != schema.get("const", ...)


def types_of(schema: Any, definitions: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the JSON types that a schema may take, as far as it says; all of them where it says nothing."""
    if not isinstance(schema, Mapping):
        return set(_ALL)
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = ref.removeprefix("#/$defs/")
        return set() if name in seen else types_of(definitions[name], definitions, seen | {name})
    kind = schema.get("type")
    if "enum" in schema or "const" in schema:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        return {"null" if value is None else "other" for value in values}
    if kind is not None:
        return _types(kind)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return set().union(*(types_of(each, definitions, seen) for each in schema[name]))
    if len(schema.get("allOf") or ()) == 1:
        return types_of(schema["allOf"][0], definitions, seen)
    return {"object"} if "properties" in schema else {"array"} if "items" in schema else set(_ALL)


def could_fit(value: Any, schema: Any, definitions: Mapping[str, Any], levels: int) -> bool:
    """Tell by a look at a JSON value, so many levels of objects deep, whether it may be meant for a schema."""
    return _Look(definitions, levels, closed=True).could_fit(value, schema)


class _Look(NamedTuple):
    """How a value is looked at."""

    definitions: Mapping[str, Any]
    #: How many levels of objects deep.
    levels: int
    #: Whether an object has no members but those that its schema names.
    closed: bool

    def could_fit(self, value: Any, schema: Any) -> bool:
        """Tell whether a JSON value may fit a schema, null being taken for what may lack."""
        if not isinstance(schema, Mapping):
            return schema is not False
        values = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else [value]
        if type_of(value) not in _types(schema.get("type") or _ALL) or not any(
            _is_same(value, each) for each in values
        ):
            return False
        alternatives = [schema[name] for name in ("anyOf", "oneOf") if name in schema]
        together = [*(schema.get("allOf") or ()), *_referred(schema, self.definitions)]
        if not all(any(self.could_fit(value, part) for part in parts) for parts in alternatives):
            return False
        if not all(self.could_fit(value, part) for part in together):
            return False
        if isinstance(value, list):
            return all(map(self.could_fit, value, _places(schema, len(value))))
        return (
            not isinstance(value, dict)
            or "properties" not in schema
            or not self.levels
            or self._members(value, schema)
        )

    def _members(self, value: dict[str, Any], schema: Mapping[str, Any]) -> bool:
        properties, required = schema["properties"], schema.get("required") or ()
        if not value.keys() >= set(required) or (self.closed and not value.keys() <= properties.keys()):
            return False
        inner = self._replace(levels=self.levels - 1)
        return all(
            inner.could_fit(value[name], part)
            or (value[name] is None and may_lack(name, part, required, self.definitions))
            for name, part in properties.items()
            if name in value
        )


def _meant(value: Any, parts: Sequence[Any], definitions: Mapping[str, Any]) -> Sequence[Any]:
    """Return the alternatives that a value may be meant for: those that name all its members, if there are any."""
    for closed in (True, False):
        left = parts
        for levels in range(1, _LEVELS + 1):
            look = _Look(definitions, levels, closed)
            found = [part for part in left if look.could_fit(value, part)]
            left = found or (left if levels > 1 else [])
            if len(left) < 2:
                break
        if left:
            return left
    return ()


def _target(value: Any, schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what describes `value`, behind references and alternatives."""
    if not isinstance(schema, Mapping):
        return {}
    if isinstance(schema.get("$ref"), str):
        return _target(value, definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    for name in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(name) or ()
        for part in parts if name == "allOf" else _meant(value, parts, definitions):
            target = _target(value, part, definitions)
            if "properties" in target or "items" in target or "prefixItems" in target:
                return target
    return schema


def _referred(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[Any]:
    ref = schema.get("$ref")
    return [definitions[ref.removeprefix("#/$defs/")]] if isinstance(ref, str) else []


def _places(schema: Mapping[str, Any], count: int) -> list[Any]:
    """Return the schemas of so many items of an array."""
    first, rest = schema.get("prefixItems") or (), schema.get("items")
    return [first[index] if index < len(first) else rest for index in range(count)]


def _types(kind: str | Sequence[str]) -> set[str]:
    return {"number" if each == "integer" else each for each in ([kind] if isinstance(kind, str) else kind)}


def _is_same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)
