"""Which of some alternatives a value comes nearest to, and so what is wrong with it.

An alternative of the value's own type is nearer than one of another; of objects the one whose tag the value has: a
member for which every alternative has values of its own. Of what is left the nearest is the one with the fewest
members missing or not known, and then the one that the value follows furthest, as it is written.

This module's law: what it says is true of the value, whichever alternative was meant; where nothing speaks for one of
them, it says only that none fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from jsonschema.exceptions import ValidationError

from ..values.kinds.kind import Misfit
from .instance_rules import UnionError, anew
from .schema import MESSAGES

FITS_NONE = "fits none of the kinds that may stand here"
_FITS_SEVERAL = "must fit exactly one of the kinds that may stand here"


class _Branch(NamedTuple):
    """An alternative, and what breaks it."""

    holder: Any
    schema: Any
    errors: list[ValidationError]


def nearest(error: UnionError) -> Misfit | list[ValidationError]:
    """Return what breaks the nearest alternative, with paths from the value on; or what is wrong by all of them."""
    branches = list(_flat(error))
    rule = str(error.validator)
    if not all(branch.errors for branch in branches):
        return Misfit((), rule, _FITS_SEVERAL)
    right = [branch for branch in branches if _other_kind(branch) is None]
    if not right:
        return Misfit((), rule, _kinds_in_words(branches))
    tags = _tags(right)
    wrong = [sum(name in _refused_values(branch) for name in tags) for branch in right]
    if len(tags) == 1 and len(right) > 1 and all(wrong):
        values = [value for branch in right for value in _refused_values(branch)[tags[0]]]
        return Misfit((tags[0],), "enum", _values_in_words(values))
    meant = [branch for branch, count in zip(right, wrong, strict=True) if count == min(wrong)]
    ranks = [_rank(branch, error.instance) for branch in meant]
    best = [branch for branch, rank in zip(meant, ranks, strict=True) if rank == max(ranks)]
    same = len({_said(branch.errors[0]) for branch in best}) == 1
    return best[0].errors if same else Misfit((), rule, FITS_NONE)


def _said(error: ValidationError) -> tuple[Any, ...]:
    """Return what is the same for errors of which the same is said."""
    return (*error.path, error.validator, error.message or id(error))


def _flat(error: UnionError) -> Iterator[_Branch]:
    """Yield the alternatives; of one that is nothing but alternatives these."""
    for schema, errors in error.branches():
        first = errors[0] if len(errors) == 1 else None
        if isinstance(first, UnionError) and not first.path:
            yield from _flat(first)
        else:
            yield _Branch(error.holder, schema, errors)


def _other_kind(branch: _Branch) -> ValidationError | None:
    """Return what says that the value is of another type, or none of some values."""
    return next((each for each in branch.errors if not each.path and each.validator in _KINDS), None)


_KINDS = ("enum", "const", "type")
_VALUES = ("enum", "const")


def _refused_values(branch: _Branch) -> dict[str, list[Any]]:
    """Return the members that are none of the values that the alternative has for them, with these."""
    return {
        str(each.path[0]): _values(each)
        for each in branch.errors
        if len(each.path) == 1 and each.validator in _VALUES and isinstance(each.instance, str | int | float | None)
    }


def _tags(branches: list[_Branch]) -> list[str]:
    """Return the members by which the alternatives are told apart, as far as the value has a wrong one."""
    refused = {name: None for branch in branches for name in _refused_values(branch)}
    return [name for name in refused if all(_has_values_for(branch, name) for branch in branches)]


def _has_values_for(branch: _Branch, name: str) -> bool:
    """Tell whether an alternative has but some values for a member, by holding against it what is no value."""
    errors = anew(branch.holder).descend({name: object()}, branch.schema)
    return any(list(each.path) == [name] and each.validator in _VALUES for each in errors)


def _rank(branch: _Branch, value: Any) -> tuple[int, tuple[int, ...]]:
    outer = sum(not each.path for each in branch.errors)
    return -outer, min(_place(value, each) for each in branch.errors)


def _place(value: Any, error: ValidationError) -> tuple[int, ...]:
    """Return where an error stands in a value as it is written; what is missing comes after all."""
    place = []
    for step in error.path:
        place.append(step if isinstance(step, int) else list(value).index(step))
        value = value[step]
    return tuple(place) if place or not isinstance(value, dict | list) else (len(value),)


def _kinds_in_words(branches: list[_Branch]) -> str:
    types: list[str] = []
    values: list[Any] = []
    for branch in branches:
        error = _other_kind(branch)
        schema: Any = error.schema if error is not None else {}
        if error is not None and (error.validator in _VALUES or schema.keys() & {*_VALUES}):
            values += _values(error)
        elif error is not None:
            types += [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not types:
        return _values_in_words(values)
    words = MESSAGES["type"](list(dict.fromkeys(types)))
    return f"{words}, or {_values_in_words(values).removeprefix('must be ')}" if values else words


def _values(error: ValidationError) -> list[Any]:
    schema: Any = error.schema
    return list(schema["enum"]) if "enum" in schema else [schema["const"]]


def _values_in_words(values: list[Any]) -> str:
    different = list({json.dumps(value): value for value in values}.values())
    return MESSAGES["const"](different[0]) if len(different) == 1 else MESSAGES["enum"](different)
