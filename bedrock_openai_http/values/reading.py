"""How a decoded answer is read, and written again: strictly where a caller would be misled, leniently elsewhere.

An answer is paid for. Only its choices, messages, contents and calls may refuse it; of any other member what is of
the wrong kind is read as None, and the member as it came stays in `extra`, beside those that are not known.

This module is what the values of an answer have in common; it knows the name of none of their members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import count
from typing import Any, TypeVar

from . import jsontext
from .wire_value import plain

JSONObject = dict[str, Any]
#: What may stand for a member: the kinds that `isinstance` knows.
Kind = type | tuple[type, ...]

Value = TypeVar("Value")


class Malformed(ValueError):
    """A decoded answer is not of the promised form. The text names the path and what was expected there."""


def expect(value: Any, kind: Kind, path: str, what: str) -> Any:
    """Return `value` if it is of `kind`; raise Malformed otherwise. A bool is no number."""
    if is_of(value, kind):
        return value
    raise Malformed(f"{path} is {_kind_name(value)}, not {what}")


def optional(value: Any, kind: Kind, path: str, what: str) -> Any:
    """Return `value` if it is None or of `kind`; raise Malformed otherwise."""
    return None if value is None else expect(value, kind, path, what)


def is_of(value: Any, kind: Kind) -> bool:
    """Tell whether `value` is of `kind`. A bool is no number."""
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


def extra_of(data: Mapping[str, Any], known: frozenset[str]) -> JSONObject:
    """Return the members of `data` that this version does not know."""
    extra = {}
    for name in data:  # a comprehension would take twice as long, for every chunk of a stream
        if name not in known:
            extra[name] = data[name]
    return extra


def side_members(data: Mapping[str, Any], kinds: Mapping[str, Kind], extra: JSONObject) -> JSONObject:
    """Return each member of `kinds` as it stands in `data`, or None; put what is of another kind into `extra`."""
    read: JSONObject = {}
    for name, kind in kinds.items():
        value = data.get(name)
        if value is None or type(value) is kind or is_of(value, kind):
            read[name] = value
        else:
            read[name], extra[name] = None, value
    return read


def whole_number(data: Mapping[str, Any], name: str, extra: JSONObject) -> int | None:
    """Return the integer that a member is, also one written as 12.0, or None; put what is none into `extra`."""
    value = data.get(name)
    if value is None or type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    extra[name] = value
    return None


def position(data: Mapping[str, Any], place: int, extra: JSONObject) -> int:
    """Return the `index` that tells a choice apart, also one that is a text, else `place`, that in its list."""
    value = data.get("index")
    if type(value) is int:
        return value
    number = whole_number(data, "index", extra)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        number = int(value)
    return place if number is None else number


#: What a value was read from that was made by hand, or by `dataclasses.replace`.
NOTHING_READ: Mapping[str, Any] | None = None


def remember(value: Value, data: JSONObject) -> Value:
    """Return `value` with the JSON object that it was read from, by which `wire_form` tells null from absent.

    It is no field, so `asdict`, comparisons and `repr` do not see it; copies and pickles have it.
    """
    vars(value)["_read"] = data
    return value


def wire_form(
    members: Mapping[str, Any],
    extra: Mapping[str, Any],
    read: Mapping[str, Any] | None,
    default: tuple[str, ...] = (),
) -> JSONObject:
    """Return the JSON object of a value, in new dicts and lists, made of the wire forms of its `members`.

    A member that is None or an empty array or object stands in it only if it stood in what was `read`. So does one of
    `default`, which a value has even where the wire had none, or none that could be read.
    """
    came = read or {}
    body: JSONObject = {}
    for name, item in members.items():
        is_said = item is not None and (bool(item) or not isinstance(item, (list, tuple, dict)))
        if is_said and (read is None or name not in default):
            body[name] = item
        elif name in came and name not in extra:
            body[name] = item if came[name] else came[name]
    others = {name: value for name, value in extra.items() if name not in body}
    copy: JSONObject = plain({**{name: body[name] for name in came if name in body}, **body, **others})
    return copy


def without_words(value: Any, **shown: str) -> str:
    """Return a dataclass's repr with the length of each of its `_WORDS` in place of it: they are the model's.

    What is `shown` for a field stands there as it is.
    """
    for name in (each.name for each in fields(value) if each.repr and each.name not in shown):
        item = getattr(value, name)
        shown[name] = length_of(item) if name in value._WORDS else repr(item)
    ordered = (f"{each.name}={shown[each.name]}" for each in fields(value) if each.repr)
    return f"{type(value).__qualname__}({', '.join(ordered)})"


def length_of(value: Any) -> str:
    """Return how long a text, array or object is, in angle brackets; what is empty or None as it is."""
    if not value:
        return repr(value)
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    return f"<{len(value)} {'members' if isinstance(value, Mapping) else 'items'}>"


def _kind_name(value: Any) -> str:
    names = {type(None): "missing or null", bool: "a boolean", int: "an integer", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def call_ids(given: Sequence[Any]) -> list[str]:
    """Return an ID for each call: its own if it pairs with a result, else one of ours that no other has."""
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for i, own in enumerate(given):
        if isinstance(own, str) and own and own not in taken and jsontext.is_unicode(own):
            ids[i] = own
            taken.add(own)
    for i in range(len(given)):
        if i not in ids:
            ids[i] = next(name for n in count(i) if (name := f"call_{n}") not in taken)
            taken.add(ids[i])
    return [ids[i] for i in range(len(given))]
