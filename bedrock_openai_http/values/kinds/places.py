"""Where schemas stand in a JSON schema: under keywords, and in `properties` and its like under names; what they name.

This module's law: it walks by place, so that a property *named* "items" is no keyword, and changes nothing in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_ONE = ("items", "unevaluatedItems", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
#: Under these stand conditions on a value that something else describes.
CONDITIONS = ("not", "if", "then", "else", "contains", "dependentSchemas")
_BY_NAME = ("properties", "patternProperties", "dependentSchemas")


def parts(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield each schema that one directly holds, with the keyword that it stands under."""
    if isinstance(schema, Mapping):
        for name in _ONE:
            if isinstance(schema.get(name), Mapping):
                yield name, schema[name]
        for name in _LISTED:
            if isinstance(schema.get(name), list):
                yield from ((name, each) for each in schema[name])
        for name in _BY_NAME:
            if isinstance(schema.get(name), Mapping):
                yield from ((name, each) for each in schema[name].values())


def mapped(schema: Any, change: Callable[[Any], Any], *, but: Iterable[str] = ()) -> Any:
    """Return a schema with `change` made to each schema that it directly holds, `but` those under some keywords."""
    return mapped_at(schema, "", lambda part, _: change(part), but=but)


def mapped_at(schema: Any, where: str, change: Callable[[Any, str], Any], *, but: Iterable[str] = ()) -> Any:
    """Do what `mapped` does, where `change` is told the place of each schema, too, in one at the place `where`."""
    if not isinstance(schema, Mapping):
        return schema
    new = dict(schema)
    for name in {name: None for name, _ in parts(schema) if name not in but}:
        held = schema[name]
        if isinstance(held, list):
            place = where if name == "prefixItems" else f"{where}.{name}"
            new[name] = [change(each, f"{place}[{index}]") for index, each in enumerate(held)]
        elif name in _BY_NAME:
            new[name] = {key: change(each, f"{where}.{key}") for key, each in held.items()}
        else:
            new[name] = change(held, f"{where}[]" if name == "items" else f"{where}.{name}")
    return new


def referred(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """Return the definition to which the `$ref` of a schema refers."""
    return definitions[schema["$ref"].removeprefix("#/$defs/")]


def listed(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that a schema lists, in `enum` or `const`; None if it takes others."""
    if "enum" in schema:
        return list(schema["enum"])
    return [schema["const"]] if "const" in schema else None


def references(schemas: Iterable[Any]) -> Iterator[str]:
    """Yield each `$ref` in some schemas."""
    waiting, seen = list(schemas), set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:  # it stands at two places, or holds itself
            continue
        seen.add(id(part))
        if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
            yield part["$ref"]
        waiting += (inner for _, inner in parts(part))


def leads_to_itself(name: str, definitions: Mapping[str, Any]) -> bool:
    """Tell whether a definition is itself, or one of its own alternatives, which describes no value."""
    waiting, seen = [definitions[name]], set()
    while waiting:
        part = waiting.pop()
        waiting += (inner for keyword, inner in parts(part) if keyword in ("anyOf", "oneOf", "allOf"))
        target = str(part.get("$ref", "")).removeprefix("#/$defs/") if isinstance(part, Mapping) else ""
        if target == name:
            return True
        if target in definitions and target not in seen:
            seen.add(target)
            waiting.append(definitions[target])
    return False


def definitions_used(schema: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definitions to which `schema` refers, directly or through others, in their order."""
    used: set[str] = set()
    waiting = [schema]
    while waiting:
        names = {ref.removeprefix("#/$defs/") for ref in references([waiting.pop()])} - used
        used |= names
        waiting += (definitions[name] for name in names)
    return {name: form for name, form in definitions.items() if name in used}
