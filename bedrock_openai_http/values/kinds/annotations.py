"""What `Annotated` adds to a type: a description, and bounds.

Bounds are JSON Schema keywords in a mapping, such as `Annotated[int, {"minimum": 1}]`, or objects with the attributes
of `annotated_types`, which pydantic's `Field` has too; no library is needed for either.

This module's law: a bound that cannot be checked is a TypeError; what pydantic alone can do is left to its classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from .bounds import BOUNDS, can_be_written
from .classes import is_of_pydantic
from .nodes import Node, Text, sentences
from .strict import is_pattern
from .texts import TEXT_KINDS
from .unions import Either

#: The attributes of `annotated_types`, with the keyword for each (JSON Schema 2020-12 validation, section 6).
_NUMBERS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_LENGTHS = {"min_length": ("minLength", "minItems"), "max_length": ("maxLength", "maxItems")}
#: The classes of `annotated_types` that are bounds of these, or say nothing of values.
_UNDERSTOOD = ("Ge", "Gt", "Le", "Lt", "Interval", "MultipleOf", "MinLen", "MaxLen", "Len", "DocInfo", "Unit")
#: What is understood of pydantic's objects.
_OF_PYDANTIC = frozenset((*_NUMBERS, *_LENGTHS, "pattern", "description", "metadata"))
#: What says nothing of the values that may come: how they are called and shown, and what holds where none comes. The
#: default of a member is that of the member itself, as in `a: T = 5`.
_NOTES = frozenset(
    ("annotation", "title", "field_title_generator", "examples", "deprecated", "json_schema_extra", "tag")
    + ("default", "default_factory", "validate_default", "init", "init_var", "kw_only", "repr", "frozen")
    + ("exclude", "exclude_if", "serialization_alias")
)
#: What holds of every value here, since no text is taken for a number, and JSON has no infinity.
_HOLDS = {"strict": True, "allow_inf_nan": False, "union_mode": "smart"}
#: What to use for what else pydantic can say; where there is nothing, its own classes do it.
_INSTEAD = {
    "uuid_version": "write UUID, and check its version yourself",
    "alias": "give the member itself that name, or leave it out",
    "validation_alias": "give the member itself that name, or leave it out",
    "strict": "a text is never taken for a number here; leave strict=False out, or write int | str",
}
_ELSE = (
    "leave it out, check it yourself (in __post_init__ of a class, by ToolError in a tool), or ask for a model or "
    "dataclass of pydantic's, which a parameter of a tool may be too"
)
#: What the bound itself must be.
_MUST = {
    **dict.fromkeys(_NUMBERS.values(), "a number, of no more digits than Python writes"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), "an integer of at least 0"),
    "multipleOf": "a number above 0",
    "pattern": "a regular expression that Python reads, as a text",
    "uniqueItems": "true or false",
}


def annotation_of(notes: tuple[Any, ...], node: Node, where: str) -> tuple[str | None, dict[str, Any]]:
    """Return the description and the bounds of a part; what says neither is somebody else's. Raises TypeError."""
    texts: list[str] = []
    bounds: dict[str, Any] = {}
    for note in _flat(notes):
        _refuse(note, where)
        if isinstance(note, str):
            texts.append(note)
        elif isinstance(note, Mapping):
            bounds |= note
        else:
            text = getattr(note, "documentation", None) or getattr(note, "description", None)
            texts += [text] if isinstance(text, str) else []
            bounds |= _bounds(note, node)
    for name, bound in bounds.items():
        if name not in BOUNDS or BOUNDS[name][0] not in node.types or not _is_seen(name, node):
            raise TypeError(f"{where}: {name} says nothing of such a value; bounds are {', '.join(sorted(BOUNDS))}")
        if not _can_be_checked(name, bound):
            raise TypeError(f"{where}: {name} must be {_MUST[name]}")
    return sentences(texts) or None, bounds


def _refuse(note: Any, where: str) -> None:
    """Raise TypeError for a note of `annotated_types` or pydantic that says more than is checked here."""
    unknown = None
    if isinstance(note, slice) or (_module(note) == "annotated_types" and _name(note) not in _UNDERSTOOD):
        unknown = _name(note)
    elif is_of_pydantic(note):
        said = _said(note)
        # Of a Field that says nothing there is nothing to do; another class says something by being there.
        nothing = None if said or _is_field(note) else _name(note)
        unknown = next((name for name, value in said.items() if not _is_understood(name, value)), nothing)
    if unknown is not None:
        raise TypeError(f"{where}: {unknown} cannot be checked; {_INSTEAD.get(unknown, _ELSE)}")


def _is_understood(name: str, value: Any) -> bool:
    # What is false is not asked for; but of what is done unless it is.
    if value is None or value is ... or (value is False and name != "strict"):
        return True
    # A discriminator by name tells apart what differs in that member, as is done here; a function may do anything.
    if name == "discriminator":
        return isinstance(value, str)
    return name in _OF_PYDANTIC or name in _NOTES or (name in _HOLDS and value == _HOLDS[name])


def _is_field(note: Any) -> bool:
    return hasattr(note, "_attributes_set")


def _said(note: Any) -> dict[str, Any]:
    """Return what a note of pydantic's says, by the names of its attributes."""
    # A Field keeps its bounds in `metadata`, and tells here what else it was given.
    if _is_field(note):
        return dict(note._attributes_set)
    if hasattr(note, "__dict__"):
        return dict(vars(note))
    return {name: getattr(note, name) for name in getattr(note, "__dataclass_fields__", ())}  # one with slots


def _is_seen(name: str, node: Node) -> bool:
    """Tell whether a bound of the JSON is one of the value: of no text that stands for a number or a moment."""
    return not isinstance(node.inner, Text) and (BOUNDS[name][0] != "number" or not _may_be_decimal(node))


def _may_be_decimal(node: Node) -> bool:
    inner = node.inner
    if isinstance(inner, Either):
        return any(map(_may_be_decimal, inner.nodes))
    return isinstance(inner, Text) and inner.kind is TEXT_KINDS[Decimal]


def _can_be_checked(name: str, bound: Any) -> bool:
    if name == "pattern":
        return isinstance(bound, str) and is_pattern(bound)
    if name == "uniqueItems" or isinstance(bound, bool):
        return name == "uniqueItems" and isinstance(bound, bool)
    if name not in _NUMBERS.values():
        return isinstance(bound, int) and bound >= 0
    is_number = isinstance(bound, int) or (isinstance(bound, float) and isfinite(bound))
    return is_number and can_be_written(bound) and (name != "multipleOf" or bound > 0)


def _module(note: Any) -> str:
    return str(type(note).__module__).partition(".")[0]


def _name(note: Any) -> str:
    return type(note).__name__


def _flat(notes: Any) -> Iterator[Any]:
    for note in notes:
        yield note
        inner = getattr(note, "metadata", None)  # of pydantic's Field
        if isinstance(inner, list | tuple):
            yield from _flat(inner)


def _bounds(note: Any, node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, keyword in _NUMBERS.items():
        value = getattr(note, name, None)
        if value is not None:
            found[keyword] = value
    for name, keywords in _LENGTHS.items():
        value = getattr(note, name, None)
        if isinstance(value, int) and (value or name == "max_length"):
            of = [name for name in keywords if BOUNDS[name][0] in node.types]
            found |= dict.fromkeys(of or keywords, value)
    pattern = getattr(note, "pattern", None)
    if isinstance(pattern, re.Pattern) and pattern.flags == re.UNICODE:
        pattern = pattern.pattern
    if isinstance(pattern, str) or is_of_pydantic(note):
        found |= {"pattern": pattern} if pattern is not None else {}
    return found
