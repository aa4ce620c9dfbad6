"""Texts, arrays and objects that arrive in pieces.

This module's law: to add a piece costs the same however much came before it, and changes neither a piece nor a whole
that was given away.
"""

from __future__ import annotations

from typing import Any

from .reading import JSONObject

#: Padding against traffic analysis, not content.
PADDING = frozenset(("obfuscation",))

#: How deep unknown objects are joined. Since Python 3.12 JSON is read that is nested deeper than Python code can go.
_MERGE_DEPTH = 16

#: After how many pieces they are joined. A piece is a word or two, and takes ten times its length by itself.
_PIECES = 1024


class Text:
    """A text that arrives in pieces, kept in little more memory than it needs."""

    __slots__ = ("_joined", "_pieces", "length")

    def __init__(self, *pieces: str) -> None:
        self._joined: list[str] = []
        self._pieces = list(pieces)
        self.length = sum(map(len, pieces))

    def add(self, piece: str) -> None:
        """Take in the next piece."""
        pieces = self._pieces
        pieces.append(piece)
        self.length += len(piece)
        if len(pieces) >= _PIECES:
            self._joined.append("".join(pieces))
            pieces.clear()

    def whole(self) -> str | None:
        """Return the text so far; None if no piece came, be it an empty one."""
        return "".join(self._joined + self._pieces) if self._joined or self._pieces else None


class _Items:
    """An array that arrives in pieces."""

    __slots__ = ("_items",)

    def __init__(self, first: list[Any]) -> None:
        self._items = list(first)

    def add(self, items: list[Any]) -> None:
        self._items.extend(items)

    def whole(self) -> list[Any]:
        return list(self._items)


class Fields:
    """Unknown fields in pieces: texts, arrays and objects are joined, of anything else the last value counts."""

    __slots__ = ("_depth", "_values")

    def __init__(self, first: JSONObject, depth: int = 0) -> None:
        #: What came once is kept as it came; a `Text`, `_Items` or `Fields` stands for what is being joined.
        self._values = dict(first)
        self._depth = depth

    def add(self, data: JSONObject) -> None:
        """Take in the fields of the next chunk."""
        values = self._values
        for key, value in data.items():
            known = values.get(key)
            if isinstance(value, str) and isinstance(known, Text):
                known.add(value)
            elif isinstance(value, str) and isinstance(known, str) and key != "id":
                values[key] = Text(known, value)
            elif isinstance(value, list) and isinstance(known, (list, _Items)):
                if isinstance(known, list):
                    values[key] = known = _Items(known)
                known.add(value)
            elif isinstance(value, dict) and isinstance(known, Fields):
                known.add(value)
            elif isinstance(value, dict) and isinstance(known, dict) and self._depth < _MERGE_DEPTH:
                values[key] = joined = Fields(known, self._depth + 1)
                joined.add(value)
            elif key not in PADDING and (
                known is None or not says_nothing(value)
            ):  # null beside `content` takes nothing back
                values[key] = value

    def whole(self) -> JSONObject:
        """Return the fields so far."""
        return {
            key: value.whole() if isinstance(value, (Text, _Items, Fields)) else value
            for key, value in self._values.items()
        }


def says_nothing(value: Any) -> bool:
    """Tell whether a value is null or empty, so that it replaces none that came before."""
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def keep_last(into: JSONObject, data: JSONObject) -> None:
    """Put the members of `data` into another object, but no padding, and nothing empty where something is."""
    for key, value in data.items():
        if key not in PADDING and (key not in into or not says_nothing(value)):
            into[key] = value


def joined(unknown: JSONObject, known: JSONObject) -> JSONObject:
    """Return both in one. What of a known field could not be read stands there only where nothing else does."""
    return {**known, **unknown, **{key: value for key, value in known.items() if not says_nothing(value)}}


def merged(known: Any, new: JSONObject) -> JSONObject:
    """Return an object with the members of both, the new ones where they say something."""
    both = dict(known) if isinstance(known, dict) else {}
    keep_last(both, new)
    return both


def extend_lists(into: JSONObject, data: JSONObject) -> None:
    """Put the members of `data` into another object: arrays behind those that are there, of others the first."""
    for key, value in data.items():
        known = into.get(key)
        if isinstance(value, list):
            if not isinstance(known, list):
                known = into[key] = []
            known.extend(value)
        elif known is None:
            into[key] = value
