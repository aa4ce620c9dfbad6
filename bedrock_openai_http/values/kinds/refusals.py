"""What cannot be asked for, and what to write in its place.

This module's law: whoever is told no is told what to do instead.
"""

from __future__ import annotations

import collections.abc
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

LISTS = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable)
DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_NO_SETS = "a set has no JSON; write list[T]"
#: What cannot be said, and what can be said in its place.
_INSTEAD: Mapping[Any, str] = {
    Any: "it may be anything; name the kinds that it may be",
    object: "it may be anything; name the kinds that it may be",
    typing.NoReturn: "it has no values",
    **dict.fromkeys(LISTS, "it does not say of what; write list[T]"),
    tuple: "it does not say of what; write tuple[T, ...] or list[T]",
    set: _NO_SETS,
    frozenset: _NO_SETS,
    collections.abc.Set: _NO_SETS,
    collections.abc.MutableSet: _NO_SETS,
    bytes: "JSON has texts only; write str, for example with base64 in it",
    complex: "JSON has no such number; write a dataclass with both parts",
}
_MAPPING_INSTEAD = (
    "its members have no names; write a dataclass or a TypedDict, or a list of such with a name in each"
)
_CALLABLE_INSTEAD = "a function cannot come from JSON; write the data that it would be made from"
_KINDS = (
    "it is no kind that JSON can hold; write a dataclass, TypedDict, NamedTuple, Enum, Literal, list[T], str, int, "
    "float, bool, datetime, date, time, UUID or Decimal"
)


def is_refused(cls: Any) -> bool:
    """Tell whether a class has no strict schema, whatever is in its brackets."""
    return cls in _INSTEAD or cls in DICTS


def instead_of(cls: Any) -> str:
    """Return why a class has no strict schema, and what to write in its place."""
    if cls in DICTS:
        return _MAPPING_INSTEAD
    if cls in (collections.abc.Callable, types.FunctionType):
        return _CALLABLE_INSTEAD
    return _INSTEAD.get(cls, _KINDS)


def refuse_wrapper(schema: Mapping[str, Any]) -> None:
    """Raise TypeError for a `response_format` in place of the schema in it."""
    held = schema.get("json_schema") if schema.get("type") == "json_schema" else schema
    if isinstance(held, Mapping) and isinstance(held.get("schema"), Mapping) and "properties" not in held:
        raise TypeError("this is a response_format, and no JSON schema: give what is in its `schema`")


def is_unpacked(hint: Any) -> bool:
    """Tell whether a hint in brackets stands for any number of hints, as `*tuple[int, ...]` does."""
    named = getattr(typing.get_origin(hint), "_name", None)
    return named == "Unpack" or getattr(hint, "__unpacked__", False) or type(hint).__name__ == "TypeVarTuple"


def in_words(hint: Any) -> str:
    """Return a hint as a person writes it."""
    if isinstance(hint, str):
        return repr(hint)
    if isinstance(hint, typing.ForwardRef):
        return repr(hint.__forward_arg__)
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__qualname__
    try:
        words = repr(hint)
    except ValueError:  # it holds a number of more digits than Python writes
        return "the kind"
    return re.sub(r"\b(typing|collections\.abc|builtins|__main__)\.", "", words)
