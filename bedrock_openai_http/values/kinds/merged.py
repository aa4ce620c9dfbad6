"""Objects that a JSON schema describes in several places at once, by `allOf` or beside a `$ref`, as one object.

This module's law: what it makes of a schema takes the same values; where that is not plain to see, it is a TypeError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .absent import types_of
from .joined import OF_OBJECTS, both
from .places import CONDITIONS, mapped_at, references, referred

#: How many objects are joined at most: each that extends a base in place holds all that it extends.
_MOST = 2000


class Merger:
    """Merges what stands in one schema by its definitions."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        #: What each definition is together with what it extends.
        self._wholes: dict[str, dict[str, Any]] = {}
        self._joined = 0

    def root(self, schema: Any, where: str) -> Any:
        """Return the same of a schema that stands for itself: an object that it only refers to is in its place."""
        refers = ("$ref" in schema or "allOf" in schema) and self._is_object(schema)
        return self.merged(self._whole(schema, where) if refers else schema, where)

    def merged(self, schema: Any, where: str, within: tuple[Any, ...] = ()) -> Any:
        """Return a schema whose objects are described in one place each. Raises TypeError.

        `within` is what was joined on the way down to it, and would hold itself for ever if it came once more.
        """
        if not isinstance(schema, Mapping):
            return schema
        schema = self._without_type(schema)
        if self._stands_apart(schema):
            self._refuse_endless(schema, where, within)
            within = (*within, schema)
            schema = self._whole(schema, where)
        self._refuse_beside(schema, where)
        return mapped_at(schema, where, lambda part, place: self.merged(part, place, within), but=CONDITIONS)

    def _without_type(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema without a `type` that what it refers to, or each of its alternatives, says already."""
        beside = any(name in schema for name in ("$ref", "anyOf", "oneOf", "allOf"))
        if "type" not in schema or "properties" in schema or not beside:
            return schema
        rest = {name: member for name, member in schema.items() if name != "type"}
        kinds, said = schema["type"], types_of(rest, self._definitions)
        return rest if said and said <= {*([kinds] if isinstance(kinds, str) else kinds)} else schema

    def _stands_apart(self, schema: Mapping[str, Any]) -> bool:
        """Tell whether an object is described in several places, or in one with more beside it."""
        more = any(name in schema for name in ("type", *OF_OBJECTS) if name != "allOf")
        if "$ref" in schema:
            return (more or "allOf" in schema) and self._is_object(schema)
        held = schema.get("allOf") or ()
        if len(held) > 1 and not more and all(isinstance(part, Mapping) and "$ref" in part for part in held):
            return True
        return (len(held) > 1 or (bool(held) and more)) and self._is_object(schema)

    def _refuse_endless(self, schema: Mapping[str, Any], where: str, within: tuple[Any, ...]) -> None:
        self._joined += 1
        advice = "give that a definition of its own"
        if schema in within:
            name = next(references([schema])).removeprefix("#/$defs/")
            raise TypeError(f"{where}: {name} holds itself with more beside it; {advice}")
        if self._joined > _MOST:
            raise TypeError(f"{where}: joins more than {_MOST} objects; {advice}")

    def _is_object(self, schema: Any) -> bool:
        """Tell whether properties are listed, or alternatives that list some, in a schema and what belongs to it."""
        if not isinstance(schema, Mapping):
            return False
        held = [part for name in ("allOf", "anyOf", "oneOf") for part in schema.get(name) or ()]
        if "$ref" in schema:
            held.append(self._target(schema))
        return "properties" in schema or any(map(self._is_object, held))

    def _target(self, schema: Mapping[str, Any]) -> Any:
        return referred(schema, self._definitions)

    def _whole(self, schema: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return a schema together with what its `allOf` and `$ref` say."""
        whole = {name: member for name, member in schema.items() if name not in ("allOf", "$ref")}
        held = [self._whole_target(schema, where)] if "$ref" in schema else []
        for part in schema.get("allOf") or ():
            if not isinstance(part, Mapping):
                raise TypeError(f"{where}: allOf holds what is no schema of an object; leave it out")
            held.append(self._whole(part, where))
        conditions = []
        for part in held:
            inner = {name: member for name, member in part.items() if name != "allOf"}
            conditions += part.get("allOf", [])
            if "properties" not in inner and any(name in inner for name in CONDITIONS):
                conditions.append(inner)
            else:
                whole = both(whole, inner, where)
        if whole.get("unevaluatedProperties") is False:
            whole["additionalProperties"] = whole.pop("unevaluatedProperties")  # all are in one object now
        return {**whole, **({"allOf": conditions} if conditions else {})}

    def _whole_target(self, schema: Mapping[str, Any], where: str) -> dict[str, Any]:
        name = schema["$ref"]
        if name not in self._wholes:
            self._wholes[name] = self._whole(self._target(schema), where)
        return self._wholes[name]

    def _refuse_beside(self, schema: Mapping[str, Any], where: str) -> None:
        """Raise TypeError for what is said of each of some alternatives, which are objects, and not by them."""
        parts = [part for name in ("anyOf", "oneOf") for part in schema.get(name) or ()]
        if "properties" in schema or not any(map(self._is_object, parts)):
            return
        beside = ("type", "additionalProperties", "unevaluatedProperties", "oneOf" if "anyOf" in schema else "anyOf")
        for name in beside:
            if name in schema:
                raise _beside(where, name)
        required = set(schema.get("required") or ())
        if required and not all(self._requires(part, required, where) for part in parts):
            raise _beside(where, "required")

    def _requires(self, schema: Any, names: set[str], where: str) -> bool:
        """Tell whether all objects that fit a schema have members of these names, as far as it is plain to see."""
        if "object" not in types_of(schema, self._definitions):
            return True
        if not isinstance(schema, Mapping):
            return False
        whole = self._whole(schema, where)
        alternatives = [part for name in ("anyOf", "oneOf") for part in whole.get(name) or ()]
        is_each = bool(alternatives) and all(self._requires(part, names, where) for part in alternatives)
        return is_each or names <= set(whole.get("required") or ())


def _beside(where: str, name: str) -> TypeError:
    return TypeError(f"{where}: {name} beside alternatives has no strict form; let each alternative say all of it")
