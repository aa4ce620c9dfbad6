"""Members that are null because the strict form cannot leave them out, by the schemas of others.

This module's law: of alternatives the one that is meant is chosen by a look at the value; what is left out stands for
nothing else by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .bounds import BOUNDS, broken
from .look import Look, Looks, looks
from .nodes import ANY_TYPE, type_of, types_named
from .places import listed, referred
from .texts import FORMATS

#: How deep into objects is looked to tell alternatives apart: as deep as people put a tag.
_LEVELS = 3


def without_nulls(value: Any, schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a JSON value without the members that are null because they could not be left out."""
    # All members are what is asked for; the schema of the caller may allow fewer, or more.
    ways = [looks(levels=_LEVELS, members=members) for members in ("all", "named", "any")]
    return _without_nulls(value, schema, definitions, ways)


def _without_nulls(value: Any, schema: Any, definitions: Mapping[str, Any], ways: Sequence[Looks]) -> Any:
    if not isinstance(value, list | dict):
        return value
    schema = _target(value, schema, definitions, ways)
    if isinstance(value, list):
        return [
            _without_nulls(item, place, definitions, ways)
            for item, place in zip(value, _places(schema, len(value)), strict=True)
        ]
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    return {
        name: _without_nulls(member, properties.get(name), definitions, ways)
        for name, member in value.items()
        if member is not None or name not in properties or not may_lack(name, properties[name], required, definitions)
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
        return set(ANY_TYPE)
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = ref.removeprefix("#/$defs/")
        return set() if name in seen else types_of(definitions[name], definitions, seen | {name})
    kind = schema.get("type")
    values = listed(schema)
    if values is not None:
        return {"null" if value is None else "other" for value in values}
    if kind is not None:
        return types_named(kind)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return set().union(*(types_of(each, definitions, seen) for each in schema[name]))
    if schema.get("allOf"):
        return set.intersection(*(types_of(each, definitions, seen) for each in schema["allOf"]))
    return {"object"} if "properties" in schema else {"array"} if "items" in schema else set(ANY_TYPE)


def could_fit(value: Any, schema: Any, definitions: Mapping[str, Any], look: Look) -> bool:
    """Tell by a look at a JSON value whether it may be meant for a schema, null being taken for what may lack."""
    if not isinstance(schema, Mapping):
        return schema is not False
    return look.passes(schema, value, lambda value, look: _could_fit(value, schema, definitions, look))


def _could_fit(value: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any], look: Look) -> bool:
    if not _says_nothing_against(value, schema, look):
        return False
    alternatives = [schema[name] for name in ("anyOf", "oneOf") if name in schema]
    together = [*(schema.get("allOf") or ()), *([referred(schema, definitions)] if "$ref" in schema else ())]
    if not all(any(could_fit(value, part, definitions, look) for part in parts) for parts in alternatives):
        return False
    if not all(could_fit(value, part, definitions, look) for part in together):
        return False
    if isinstance(value, list):
        places = _places(schema, len(value))
        return all(could_fit(item, part, definitions, look) for item, part in zip(value, places, strict=True))
    if not isinstance(value, dict) or "properties" not in schema or not look.levels:
        return True
    return _members_could_fit(value, schema, definitions, look)


def _says_nothing_against(value: Any, schema: Mapping[str, Any], look: Look) -> bool:
    """Tell whether a value has the type that a schema names and is one of its values; and keeps to its bounds."""
    kind = schema.get("type") or tuple(ANY_TYPE)
    kinds = [kind] if isinstance(kind, str) else kind
    values = listed(schema)
    is_listed = values is None or any(_is_same(value, each) for each in values)
    if type_of(value) not in types_named(kinds) or not is_listed:
        return False
    if not look.at_bounds:
        return True
    is_fraction = isinstance(value, float) and not value.is_integer()
    bounds = {name: schema[name] for name in BOUNDS if name in schema}
    if (is_fraction and "number" not in kinds) or broken(bounds, value, type_of(value)):
        return False
    text = FORMATS.get(str(schema.get("format"))) if look.exact and isinstance(value, str) else None
    return text is None or text.read(value) is not None


def _members_could_fit(
    value: dict[str, Any], schema: Mapping[str, Any], definitions: Mapping[str, Any], look: Look
) -> bool:
    properties, required = schema["properties"], schema.get("required") or ()
    least = properties.keys() if look.members == "all" else set(required)
    closed = look.members != "any" or (look.at_bounds and schema.get("additionalProperties") is False)
    if not value.keys() >= least or (closed and not value.keys() <= properties.keys()):
        return False
    return all(
        could_fit(value[name], part, definitions, look.inside())
        or (value[name] is None and may_lack(name, part, required, definitions))
        for name, part in properties.items()
        if name in value
    )


def _meant(value: Any, parts: Sequence[Any], definitions: Mapping[str, Any], ways: Sequence[Looks]) -> Sequence[Any]:
    """Return the alternatives that a value may be meant for: those that name its members and no others, if any do."""
    for way in ways:
        left: Sequence[Any] = ()
        for look in way:
            found = [part for part in left or parts if could_fit(value, part, definitions, look)]
            if not found and not left:
                break
            left = found or left
            if len(left) == 1:
                break
        if left:
            return left
    return ()


def _target(value: Any, schema: Any, definitions: Mapping[str, Any], ways: Sequence[Looks]) -> Mapping[str, Any]:
    """Return what describes `value`, behind references and alternatives."""
    if not isinstance(schema, Mapping):
        return {}
    if isinstance(schema.get("$ref"), str):
        return _target(value, referred(schema, definitions), definitions, ways)
    for name in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(name) or ()
        for part in parts if name == "allOf" else _meant(value, parts, definitions, ways):
            target = _target(value, part, definitions, ways)
            if "properties" in target or "items" in target or "prefixItems" in target:
                return target
    return schema


def _places(schema: Mapping[str, Any], count: int) -> list[Any]:
    """Return the schemas of so many items of an array."""
    first, rest = schema.get("prefixItems") or (), schema.get("items")
    return [first[index] if index < len(first) else rest for index in range(count)]


def _is_same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)
