"""The bounds of numbers, texts and arrays: the JSON Schema keywords that ask for no more than a comparison.

This module's law: numbers are compared as they are written in decimal, so that 0.29 is a multiple of 0.01.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

#: For each keyword what it is a bound of, whether a value keeps to it, and the words for one that does not
#: (JSON Schema 2020-12 validation, section 6).
BOUNDS: Mapping[str, tuple[str, Callable[[Any, Any], bool], str]] = {
    "minimum": ("number", lambda value, bound: value >= bound, "must be at least {}"),
    "exclusiveMinimum": ("number", lambda value, bound: value > bound, "must be more than {}"),
    "maximum": ("number", lambda value, bound: value <= bound, "must be at most {}"),
    "exclusiveMaximum": ("number", lambda value, bound: value < bound, "must be less than {}"),
    "multipleOf": ("number", lambda value, bound: is_multiple(value, bound), "must be a multiple of {}"),
    "minLength": ("string", lambda value, bound: len(value) >= bound, "must have at least {} character(s)"),
    "maxLength": ("string", lambda value, bound: len(value) <= bound, "must have at most {} characters"),
    "pattern": ("string", lambda value, bound: bool(re.search(bound, value)), "must match the pattern {}"),
    "minItems": ("array", lambda value, bound: len(value) >= bound, "must have at least {} item(s)"),
    "maxItems": ("array", lambda value, bound: len(value) <= bound, "must have at most {} items"),
    "uniqueItems": ("array", lambda value, bound: not (bound and has_twins(value)), "must not have an item twice"),
}


def broken(bounds: Mapping[str, Any], value: Any, kind: str) -> tuple[str, str] | None:
    """Return the bound that a value of the JSON type `kind` breaks, and what it must be instead; None for none."""
    for name, bound in bounds.items():
        of, keeps, words = BOUNDS[name]
        if of == kind and not keeps(value, bound):
            return name, words.format(bound)
    return None


def is_multiple(value: float, of: float) -> bool:
    """Tell whether a number is a multiple of another, both taken as the decimals that they are written as."""
    return (_decimal(value) / _decimal(of)).denominator == 1


def _decimal(number: float) -> Fraction:
    # Not by `str` of an integer, which Python refuses from some thousands of digits on.
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def can_be_written(number: float) -> bool:
    """Tell whether Python writes a number: an integer of some thousands of digits it does not."""
    try:
        repr(number)
    except ValueError:
        return False
    return True


def has_twins(items: list[Any]) -> bool:
    """Tell whether two items are the same JSON value: 1 and 1.0 are, 1 and true are not."""
    texts = [json.dumps(_one_form(item), sort_keys=True) for item in items]
    return len(set(texts)) < len(texts)


def _one_form(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _one_form(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_one_form(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
