"""Objects that a JSON schema describes in several places at once, by `allOf` or beside a `$ref`, as one object.

This module's law: what it makes of a schema takes the same values; where that is not plain to see, it is a TypeError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .places import CONDITIONS, mapped

_NOTES = ("title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "discriminator")
#: What says something of an object.
_OF_OBJECTS = (
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "unevaluatedProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "anyOf",
    "oneOf",
    "allOf",
    *CONDITIONS,
)
#: Keywords that say what they do together with each other.
_TOGETHER = (("items", "prefixItems"), ("if", "then", "else"), ("contains", "minContains", "maxContains"))


class Merger:
    """Merges what stands in one schema by its definitions."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def merged(self, schema: Any, where: str, within: frozenset[str] = frozenset()) -> Any:
        """Return a schema whose objects are described in one place each. Raises TypeError.

        `within` are the definitions that have been put into the schema, and cannot be once more.
        """
        if not isinstance(schema, Mapping):
            return schema
        if self._stands_apart(schema):
            schema, within = self._whole(schema, where, within)
        self._refuse_beside(schema, where)
        return mapped(schema, lambda part: self.merged(part, where, within), but=CONDITIONS)

    def _stands_apart(self, schema: Mapping[str, Any]) -> bool:
        """Tell whether an object is described in several places, or in one with more beside it."""
        if "$ref" in schema:
            return any(name in schema for name in _OF_OBJECTS) and self._is_object(schema)
        several = len(schema.get("allOf") or ()) > 1 or any(name in schema for name in _OF_OBJECTS if name != "allOf")
        return "allOf" in schema and several and self._is_object(schema)

    def _is_object(self, schema: Any) -> bool:
        """Tell whether properties are listed, or alternatives that list some, in a schema and what belongs to it."""
        if not isinstance(schema, Mapping):
            return False
        held = [part for name in ("allOf", "anyOf", "oneOf") for part in schema.get(name) or ()]
        if "$ref" in schema:
            held.append(self._target(schema))
        return "properties" in schema or any(map(self._is_object, held))

    def _target(self, schema: Mapping[str, Any]) -> Any:
        return self._definitions[schema["$ref"].removeprefix("#/$defs/")]

    def _whole(
        self, schema: Mapping[str, Any], where: str, within: frozenset[str]
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """Return a schema together with what its `allOf` and `$ref` say, and the definitions that are in it now."""
        whole = {name: member for name, member in schema.items() if name not in ("allOf", "$ref")}
        held = list(schema.get("allOf") or ())
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            if name in within:
                raise TypeError(
                    f"{where}: {name} holds itself with more beside it; give that a definition of its own"
                )
            held, within = [self._target(schema), *held], within | {name}
        conditions = []
        for part in held:
            if not isinstance(part, Mapping):
                raise TypeError(f"{where}: allOf holds what is no schema of an object; leave it out")
            inner, within = self._whole(part, where, within)
            conditions += inner.pop("allOf", [])
            if "properties" not in inner and any(name in inner for name in CONDITIONS):
                conditions.append(inner)
            else:
                whole = _both(whole, inner, where)
        if whole.get("unevaluatedProperties") is False:
            whole["additionalProperties"] = whole.pop("unevaluatedProperties")  # all are in one object now
        return {**whole, **({"allOf": conditions} if conditions else {})}, within

    def _refuse_beside(self, schema: Mapping[str, Any], where: str) -> None:
        """Raise TypeError for what is said of each of some alternatives, which are objects, and not by them."""
        parts = [part for name in ("anyOf", "oneOf") for part in schema.get(name) or ()]
        if "properties" in schema or not any(map(self._is_object, parts)):
            return
        for name in ("additionalProperties", "unevaluatedProperties", "oneOf" if "anyOf" in schema else "anyOf"):
            if name in schema:
                raise _beside(where, name)
        required = set(schema.get("required") or ())
        if not all(required <= set(self._behind(part).get("required") or ()) for part in parts):
            raise _beside(where, "required")

    def _behind(self, schema: Any) -> Mapping[str, Any]:
        """Return what stands behind references."""
        while isinstance(schema, Mapping) and "$ref" in schema:
            schema = self._target(schema)
        return schema if isinstance(schema, Mapping) else {}


def _beside(where: str, name: str) -> TypeError:
    return TypeError(f"{where}: {name} beside alternatives has no strict form; let each alternative say all of it")


def _both(one: dict[str, Any], other: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the schema of what fits two. Raises TypeError where they say of the same thing what cannot be joined."""
    _refuse_closed(one, other, where)
    both = {**other, **one}
    for name in one.keys() & other.keys() - set(_NOTES):
        first, second = one[name], other[name]
        if name == "properties":
            both[name] = {**second, **first}
            for member in first.keys() & second.keys():
                both[name][member] = _member(first[member], second[member], f"{where}.{member}")
        elif name == "required":
            both[name] = list(dict.fromkeys([*first, *second]))
        elif first != second:
            raise _cannot(where, name)
    for names in _TOGETHER:
        said = [{each: part[each] for each in names if each in part} for part in (one, other)]
        if all(said) and said[0] != said[1]:
            raise _cannot(where, names[0])
    return both


def _member(one: Any, other: Any, where: str) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return _both(one, other, where)
    return one if other is True else other


def _refuse_closed(one: Mapping[str, Any], other: Mapping[str, Any], where: str) -> None:
    """Raise TypeError where one allows no members but its own, which must not hold of those of the other."""
    for this, that in ((one, other), (other, one)):
        names = (that.get("properties") or {}).keys() | set(that.get("required") or ())
        if this.get("additionalProperties", True) is not True and not names <= (this.get("properties") or {}).keys():
            words = "additionalProperties forbids what another place (in allOf, or beside $ref) lists or requires"
            raise TypeError(f"{where}: {words}; list all properties in one object")


def _cannot(where: str, name: str) -> TypeError:
    words = f"{name} is said in several places (in allOf, or beside $ref) that cannot be joined"
    return TypeError(f"{where}: {words}; list all properties in one object")
