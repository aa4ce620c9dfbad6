"""Whether a class of another library will take the alternative that is meant, by its own schema.

It is given an answer without the nulls that stand for what could not be left out. Of alternatives that take it then,
pydantic chooses the one of which the most members are there, and of as many the first.

This module's law: where an answer that is meant for one alternative could be taken for another, it says so; members
of which it cannot tell the values, such as by their bounds, count as the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import combinations
from typing import Any

from .absent import may_lack
from .nodes import type_of
from .places import parts
from .texts import FORMATS


class _Overlap(IntEnum):
    """What of the answers that are meant for one schema another takes, too."""

    NONE = 0
    #: Those that fit both.
    SAME = 1
    #: Those also that do not fit it, and that pydantic makes fit.
    MORE = 2


def check_choices(schema: Any, definitions: Mapping[str, Any], where: str) -> None:
    """Raise TypeError for alternatives in `schema`, at the place `where`, of which the wrong one could be taken."""
    check = _Check(definitions)
    for alternatives in (each for part in (schema, *definitions.values()) for each in _unions(part)):
        for first, second in combinations(check.flat(alternatives), 2):
            if check.could_mix(first, second):
                names = " and ".join(map(_name, (first, second)))
                raise TypeError(
                    f"{where}: the class could take one of {names} for the other, since null for a default is left "
                    "out and a text may be converted; give each a member of its own, such as kind: Literal['a'], or "
                    "leave one out"
                )


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("title") or schema.get("format") or schema.get("type"))


def _unions(schema: Any) -> Iterator[Sequence[Any]]:
    """Yield each list of alternatives in a schema."""
    waiting = [schema]
    while waiting:
        held = list(parts(waiting.pop()))
        waiting += [part for _, part in held]
        for name in ("anyOf", "oneOf"):
            if alternatives := [part for keyword, part in held if keyword == name]:
                yield alternatives


class _Check:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        #: What is known of two schemas, by their identities; and which were looked at in this round.
        self._known: dict[tuple[int, int], _Overlap] = {}
        self._seen: set[tuple[int, int]] = set()

    def flat(self, schemas: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
        """Yield what schemas may be: of references and alternatives these."""
        for schema in schemas:
            if not isinstance(schema, Mapping):
                continue
            held = [part for name in ("anyOf", "oneOf", "allOf") for part in schema.get(name) or ()]
            if "$ref" in schema:
                held.append(self._definitions[schema["$ref"].removeprefix("#/$defs/")])
            if "properties" in schema or not held:
                yield schema
            else:
                yield from self.flat(held)

    def could_mix(self, first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
        """Tell whether an answer could be taken for the wrong one of two alternatives, which stand in this order."""
        if self._overlap(second, first) == _Overlap.MORE:
            return True
        return self._overlap(first, second) == _Overlap.MORE and not _is_like(first, second)

    def _overlap(self, meant: Any, by: Any) -> _Overlap:
        """Tell what of the answers that are meant for one schema another takes with as many of their members."""
        # Schemas may hold themselves: what was found is the ground to find more on, until there is no more.
        before = None
        while before != self._known:
            before = dict(self._known)
            self._seen.clear()
            found = self._taken(meant, by)
        return found

    def _taken(self, meant: Any, by: Any) -> _Overlap:
        pair = (id(meant), id(by))
        if pair not in self._seen:
            self._seen.add(pair)
            found = [self._one_taken(one, other) for one in self.flat([meant]) for other in self.flat([by])]
            self._known[pair] = max(found, default=_Overlap.SAME)
        return self._known.get(pair, _Overlap.NONE)

    def _one_taken(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Overlap:
        if not _types(meant) & _types(by):
            return _Overlap.NONE
        ours, theirs = _listed(meant), _listed(by)
        if ours is not None and theirs is not None:
            return _Overlap.SAME if any(_is_in(value, theirs) for value in ours) else _Overlap.NONE
        if "properties" in meant and "properties" in by:
            return self._objects(meant, by)
        if _types(meant) & _types(by) == {"array"}:
            return self._arrays(meant, by)
        return _texts(meant, by) if "string" in _types(meant) & _types(by) else _Overlap.SAME

    def _objects(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Overlap:
        ours, theirs = meant["properties"], by["properties"]
        said, sure, asked = self._said(meant), self._said(by), set(by.get("required") or ())
        if not said <= theirs.keys() or not asked <= ours.keys():
            return _Overlap.NONE
        found = {name: self._taken(ours[name], theirs[name]) for name in ours.keys() & theirs.keys()}
        for name in found:
            # Null may be a value of the one, and be left out for a default of the other; and what is left out may be
            # the default of a tag.
            values = (self._takes_null(ours[name]), self._takes_null(theirs[name]))
            as_default = (values[0] and name not in sure) or (values[1] and name not in said)
            as_tag = name not in said and name in sure - asked and not values[1]
            if (as_default and ours.keys() < theirs.keys()) or as_tag:
                found[name] = _Overlap.MORE
        if any(found[name] == _Overlap.NONE for name in said | asked):
            return _Overlap.NONE
        return _Overlap.MORE if ours.keys() != theirs.keys() else max([_Overlap.SAME, *found.values()])

    def _said(self, schema: Mapping[str, Any]) -> set[str]:
        """Return the names of the members that are always there."""
        required = schema.get("required") or ()
        members = schema["properties"].items()
        return {name for name, part in members if not may_lack(name, part, required, self._definitions)}

    def _takes_null(self, schema: Any) -> bool:
        return any("null" in _types(each) for each in self.flat([schema]))

    def _arrays(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Overlap:
        ours, theirs = meant.get("prefixItems"), by.get("prefixItems")
        if not ours or not theirs:
            # That both take an array without items is no matter.
            return max(_Overlap.SAME, self._taken(meant.get("items"), by.get("items")))
        found = [self._taken(*pair) for pair in zip(ours, theirs, strict=False)]
        return _Overlap.NONE if len(ours) != len(theirs) or _Overlap.NONE in found else max(found)


def _texts(meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Overlap:
    """Tell the same of texts. Pydantic makes a date of a number in a text, and a duration of a time of day."""
    ours, theirs = FORMATS.get(meant.get("format", "")), FORMATS.get(by.get("format", ""))
    if theirs is None or ours is theirs or _listed(meant) is not None:
        return _Overlap.SAME
    if ours is None or (ours.format, theirs.format) == ("time", "duration"):
        return _Overlap.MORE
    return _Overlap.NONE


def _is_like(one: Any, other: Any) -> bool:
    """Tell whether it is as good for a value to be of one schema as of another, by the members that both have."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return bool(one == other)
    if "properties" in one and "properties" in other:
        ours, theirs = one["properties"], other["properties"]
        return all(_bare(ours[name]) == _bare(theirs[name]) for name in ours.keys() & theirs.keys())
    return "items" not in one or "items" not in other or _is_like(one["items"], other["items"])


def _bare(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    return {name: member for name, member in schema.items() if name not in ("title", "description", "default")}


def _types(schema: Mapping[str, Any]) -> set[str]:
    listed, kind = _listed(schema), schema.get("type")
    if listed is not None:
        return set(map(type_of, listed))
    if kind is None:
        return {"string", "number", "boolean", "null", "array", "object"}
    return {"number" if each == "integer" else each for each in ([kind] if isinstance(kind, str) else kind)}


def _listed(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that a schema lists; None if it takes others."""
    if "enum" in schema:
        return list(schema["enum"])
    return [schema["const"]] if "const" in schema else None


def _is_in(value: Any, values: list[Any]) -> bool:
    return any(each == value and isinstance(each, bool) is isinstance(value, bool) for each in values)
