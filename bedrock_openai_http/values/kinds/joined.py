"""What fits two JSON schemas, as one schema: where both say something of the same thing, the narrower holds.

This module's law: what it makes of two schemas takes the values that both take; where that is not plain to see, it is
a TypeError that names the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .bounds import BOUNDS, has_twins, is_multiple
from .places import CONDITIONS

#: What says something of an object.
OF_OBJECTS = (
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
#: What says something of values; all else is a note, such as `title`, `example` and `x-order`.
_OF_VALUES = frozenset(
    (*OF_OBJECTS, *BOUNDS, "type", "enum", "const", "format", "$ref", "$dynamicRef")
    + ("items", "prefixItems", "unevaluatedItems", "minContains", "maxContains")
)
#: Keywords that say what they do together with each other.
_TOGETHER = (
    ("items", "prefixItems", "unevaluatedItems"),
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
)


def both(one: dict[str, Any], other: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the schema of what fits two. Raises TypeError where they say of the same thing what cannot be joined."""
    _refuse_closed(one, other, where)
    joined = {**other, **one}
    for name in one.keys() & other.keys() & _OF_VALUES:
        first, second = one[name], other[name]
        if name == "properties":
            joined[name] = {**second, **first}
            for member in first.keys() & second.keys():
                joined[name][member] = _member(first[member], second[member], f"{where}.{member}")
        elif name == "items" and "prefixItems" not in joined:
            joined[name] = _member(first, second, f"{where}[]")
        elif name == "const":
            if not has_twins([first, second]):
                raise _cannot(where, name)
        elif first != second or name == "enum":
            joined[name] = _narrowed(name, first, second)
            if joined[name] in (None, []):
                raise _cannot(where, name)
    for names in _TOGETHER:
        said = [{each: part[each] for each in names if each in part} for part in (one, other)]
        there = [name for name in names if name in joined]
        if all(said) and said[0] != said[1] and there != ["items"]:
            raise _cannot(where, there[0])
    return joined


def _narrowed(name: str, one: Any, other: Any) -> Any:
    """Return what a keyword says that says two things, which both hold; None or nothing where that is not plain."""
    if name == "required":
        return list(dict.fromkeys([*one, *other]))
    if name == "type":
        ours, theirs = ([kind] if isinstance(kind, str) else kind for kind in (one, other))
        both = [kind for kind in ours if kind in theirs or (kind == "integer" and "number" in theirs)]
        both += [kind for kind in theirs if kind == "integer" and "number" in ours and kind not in both]
        return both[0] if len(both) == 1 else both
    if name == "enum":
        return [value for value in one if any(has_twins([value, each]) for each in other)]
    if name in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"):
        return max(one, other)
    if name in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"):
        return min(one, other)
    if name == "multipleOf":
        return next((a for a, b in ((one, other), (other, one)) if is_multiple(a, b)), None)
    if name in ("additionalProperties", "unevaluatedProperties") and (_is_open(one) or _is_open(other)):
        return other if _is_open(one) else one
    return True if name == "uniqueItems" else None


def _member(one: Any, other: Any, where: str) -> Any:
    if one is False or other is False:
        return False
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one if other is True else other
    if any(name in one and name in other and one[name] != other[name] for name in ("$ref", "allOf")):
        return {"allOf": [one, other]}  # which are put together when it is their turn
    return both(one, other, where)


def _refuse_closed(one: Mapping[str, Any], other: Mapping[str, Any], where: str) -> None:
    """Raise TypeError where one allows no members but its own, which must not hold of those of the other."""
    for this, that in ((one, other), (other, one)):
        names = (that.get("properties") or {}).keys() | set(that.get("required") or ())
        if (
            not _is_open(this.get("additionalProperties", True))
            and not names <= (this.get("properties") or {}).keys()
        ):
            words = "additionalProperties forbids what another place (in allOf, or beside $ref) lists or requires"
            raise TypeError(f"{where}: {words}; list all properties in one object")


def _is_open(extra: Any) -> bool:
    return extra is True or extra == {}


def _cannot(where: str, name: str) -> TypeError:
    words = f"{name} is said in several places (in allOf, or beside $ref) that cannot be joined"
    return TypeError(f"{where}: {words}; list all properties in one object")
