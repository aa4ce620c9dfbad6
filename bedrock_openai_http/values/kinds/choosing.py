"""Whether a class of another library takes the alternative that is meant, once null for a default is left out.

An answer names every member of the alternative that it is meant for, and by that it is of no other; what pydantic is
given names fewer. Pydantic takes the alternative that knows most of the members that it is given, of these the one
that converts least, and of these the first.

This module's law: where an answer that is meant for one alternative could be taken for another, it says so; two
schemas are compared again only when more is known of what they hold. Members count as the same unless their types or
listed values differ: what pydantic makes of texts, and what it refuses by bounds, is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import combinations, product
from typing import Any, NamedTuple

from .absent import may_lack
from .nodes import ANY_TYPE, type_of, types_named
from .places import listed, parts, referred

_Pair = tuple[Mapping[str, Any], Mapping[str, Any]]
_Key = tuple[int, int]


def check_choices(schema: Any, definitions: Mapping[str, Any], where: str) -> None:
    """Raise TypeError for alternatives in `schema`, at the place `where`, of which the wrong one could be taken."""
    check = _Check(definitions)
    unions = {tuple(map(id, each)): each for part in (schema, *definitions.values()) for each in check.unions(part)}
    pairs = {(id(one), id(other)): (one, other) for each in unions.values() for one, other in combinations(each, 2)}
    mixed = check.first_mixed(list(pairs.values()))
    if mixed:
        names = " and ".join(str(each.get("title") or each.get("type")) for each in mixed)
        raise TypeError(
            f"{where}: the class could take one of {names} for the other, since null for a default is left out; give "
            "each a member of its own, such as kind: Literal['a'], or leave one out"
        )


class _Taken(IntEnum):
    """What of the answers that are meant for one schema another takes."""

    NONE = 0
    #: Those that are as well meant for it.
    SAME = 1
    #: Those also that are not.
    MORE = 2


class _Object(NamedTuple):
    members: Mapping[str, Any]
    #: The members that are always given; and those without which nothing is taken.
    said: set[str]
    asked: set[str]
    #: The tags that are always given, with their values; and which may be left out, though they are no null.
    tags: Mapping[str, list[Any]]
    spared: set[str]


class _Found:
    """Two schemas, what was found of them by now, and which others that was asked for."""

    def __init__(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> None:
        self.meant, self.by, self.found = meant, by, _Taken.NONE
        self.asked_by: set[_Key] = set()


class _Check:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        #: By the identities of schemas: what these are, and what is known of two.
        self._flat: dict[int, Sequence[Mapping[str, Any]]] = {}
        self._objects: dict[int, _Object] = {}
        self._pairs: dict[_Key, _Found] = {}
        #: Those that have to be compared, and the one that is.
        self._waiting: dict[_Key, _Found] = {}
        self._current: _Key | None = None

    def unions(self, schema: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield what each part of a schema may be that may be several things."""
        waiting = [schema]
        while waiting:
            part = waiting.pop()
            waiting += [held for _, held in parts(part)]
            if isinstance(part, Mapping) and ("anyOf" in part or "oneOf" in part):
                yield self._flattened(part)

    def first_mixed(self, pairs: Sequence[_Pair]) -> _Pair | None:
        """Return the first two alternatives of which, as they stand in this order, the wrong one could be taken."""
        for first, second in pairs:
            self._known_of(first, second)
            self._known_of(second, first)
        self._find_out()
        for first, second in pairs:
            by_first, by_second = self._known_of(second, first), self._known_of(first, second)
            if by_first == _Taken.MORE or (by_second == _Taken.MORE and self._converts_less(second, first)):
                return first, second
        return None

    def _converts_less(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell whether pydantic may have to convert less for `one` of what is meant for `other`."""
        if "items" in one and "items" in other:
            items = product(self._flattened(one["items"]), self._flattened(other["items"]))
            return any(_is_nearer(*pair) for pair in items)
        return _is_nearer(one, other)

    def _known_of(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Taken:
        """Return what is known by now of what one takes that is meant for another, and note that it was asked."""
        key = (id(meant), id(by))
        if key not in self._pairs:
            self._pairs[key] = self._waiting[key] = _Found(meant, by)
        pair = self._pairs[key]
        if self._current is not None:
            pair.asked_by.add(self._current)
        return pair.found

    def _find_out(self) -> None:
        """Compare what waits, and again what asked for it when more is found, until there is no more."""
        while self._waiting:
            now, self._waiting = self._waiting, {}
            for key, pair in now.items():
                self._current = key
                found = self._compared(pair.meant, pair.by)
                if found > pair.found:
                    pair.found = found
                    self._waiting.update((user, self._pairs[user]) for user in pair.asked_by)
        self._current = None

    def _flattened(self, schema: Any) -> Sequence[Mapping[str, Any]]:
        """Return what a schema may be: of references and alternatives these."""
        if not isinstance(schema, Mapping):
            return ()
        if id(schema) not in self._flat:
            held = [part for name in ("anyOf", "oneOf", "allOf") for part in schema.get(name) or ()]
            if "$ref" in schema:
                held.append(referred(schema, self._definitions))
            is_one = "properties" in schema or not held
            self._flat[id(schema)] = [schema] if is_one else [one for part in held for one in self._flattened(part)]
        return self._flat[id(schema)]

    def _taken(self, meant: Any, by: Any) -> _Taken:
        """Tell what of the answers that are meant for one schema another takes, with as many of their members."""
        ours, theirs = self._flattened(meant), self._flattened(by)
        their_ids = set(map(id, theirs))
        found = [
            _Taken.SAME if id(one) in their_ids else max(self._known_of(one, other) for other in theirs)
            for one in ours
            if theirs
        ]
        return max(found, default=_Taken.SAME)

    def _compared(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Taken:
        both = _types(meant) & _types(by)
        if not both or _are_apart(listed(meant), listed(by)):
            return _Taken.NONE
        if "properties" in meant and "properties" in by:
            return self._compared_objects(self._object(meant), self._object(by))
        return self._compared_arrays(meant, by) if both == {"array"} else _Taken.SAME

    def _compared_objects(self, meant: _Object, by: _Object) -> _Taken:
        if not meant.said <= by.members.keys() or not by.asked <= meant.members.keys():
            return _Taken.NONE
        # The tags come first: in most unions there is nothing more to compare.
        if any(_are_apart(values, by.tags.get(name)) for name, values in meant.tags.items()):
            return _Taken.NONE
        must = [name for name in meant.members if name in meant.said or name in by.asked]
        if any(self._taken(meant.members[name], by.members[name]) == _Taken.NONE for name in must):
            return _Taken.NONE
        # What the one leaves out for its own default the other takes for that of its tag.
        if meant.members.keys() != by.members.keys() or by.spared - meant.said:
            return _Taken.MORE
        return max([_Taken.SAME, *(self._taken(part, by.members[name]) for name, part in meant.members.items())])

    def _compared_arrays(self, meant: Mapping[str, Any], by: Mapping[str, Any]) -> _Taken:
        ours, theirs = meant.get("prefixItems"), by.get("prefixItems")
        if not ours or not theirs:
            # That both take an array without items is no matter.
            return max(_Taken.SAME, self._taken(meant.get("items"), by.get("items")))
        found = [self._taken(*pair) for pair in zip(ours, theirs, strict=False)]
        return _Taken.NONE if len(ours) != len(theirs) or _Taken.NONE in found else max(found)

    def _object(self, schema: Mapping[str, Any]) -> _Object:
        if id(schema) not in self._objects:
            members, required = schema["properties"], schema.get("required") or ()
            said = {name for name, part in members.items() if not may_lack(name, part, required, self._definitions)}
            flat = {name: self._flattened(members[name]) for name in said}
            values = {name: listed(each[0]) for name, each in flat.items() if len(each) == 1}
            tags = {name: found for name, found in values.items() if found is not None}
            spared = {name for name in tags.keys() - set(required) if None not in tags[name]}
            self._objects[id(schema)] = _Object(members, said, set(required), tags, spared)
        return self._objects[id(schema)]


def _is_nearer(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether values of `other` could be nearer to what `one` takes, as those of an enum are to texts."""
    if "properties" not in one or "properties" not in other:
        return True
    ours, theirs = one["properties"], other["properties"]
    shared = [name for name in theirs if name in ours]
    return any(_bare(ours[name]) != _bare(theirs[name]) and not _is_plain(theirs[name]) for name in shared)


def _bare(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    return {name: member for name, member in schema.items() if name not in ("title", "description", "default")}


def _is_plain(schema: Any) -> bool:
    """Tell whether a schema takes texts, integers, booleans and null as they are: no enum or URL is made of them."""
    if not isinstance(schema, Mapping):
        return False
    if "anyOf" in schema:
        return all(map(_is_plain, schema["anyOf"]))
    is_plain = schema.get("type") in ("string", "integer", "boolean", "null")
    return is_plain and listed(schema) is None and "format" not in schema


def _types(schema: Mapping[str, Any]) -> set[str]:
    values, kind = listed(schema), schema.get("type")
    if values is not None:
        return set(map(type_of, values))
    return set(ANY_TYPE) if kind is None else types_named(kind)


def _are_apart(ours: list[Any] | None, theirs: list[Any] | None) -> bool:
    """Tell whether two lists of values, where both are known, have none in common."""
    return ours is not None and theirs is not None and not any(one in theirs for one in ours)
