"""Where values stand in the text of a JSON document.

This module follows JSON paths through a text that was decoded before, so it can trust every character. It reads each
object and each array that a path leads through once, however many paths do: a file can have a remark for each line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_STEP = re.compile(r'\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]', re.ASCII)
_BLANK = re.compile(r"[ \t\r\n]*")
_value_at = json.JSONDecoder().raw_decode

#: Characters of a text whose line feeds are counted together.
_BLOCK = 1 << 16


class Positions:
    """The lines of the values in one document."""

    def __init__(self, text: str) -> None:
        self._text = text
        #: Of each object or array that was read, by where it begins: where its members or items begin.
        self._members: dict[int, Mapping[str | int, int]] = {}
        #: How many line feeds there are before each block.
        self._line_feeds = [0]
        for start in range(0, len(text), _BLOCK):
            self._line_feeds.append(self._line_feeds[-1] + text.count("\n", start, start + _BLOCK))

    def line_of(self, json_path: str) -> int:
        """Return the line, from 1, on which the value at `json_path` begins, or else the closest value around it."""
        position = _after_blank(self._text, 0)
        for name, index, quoted in _STEP.findall(json_path):
            step = int(index) if index else name or json.loads(quoted)
            found = self._members_at(position).get(step)
            if found is None:
                break  # a required member that is missing, or a name that the path cut short
            position = found
        block = position // _BLOCK
        return self._line_feeds[block] + self._text.count("\n", block * _BLOCK, position) + 1

    def _members_at(self, start: int) -> Mapping[str | int, int]:
        if self._text[start] not in "[{":
            return {}
        if start not in self._members:
            self._members[start] = _members(self._text, start)
        return self._members[start]


def line_of(text: str, json_path: str) -> int:
    """Return what `Positions(text)` gives for one path."""
    return Positions(text).line_of(json_path)


def _members(text: str, start: int) -> Mapping[str | int, int]:
    """Return where each member or item of what is at `start` begins; of a name that occurs twice the last."""
    is_object = text[start] == "{"
    found: dict[str | int, int] = {}
    position = _after_blank(text, start + 1)
    while text[position] not in "]}":
        key: str | int = len(found)
        if is_object:
            key, position = _value_at(text, position)
            position = _after_blank(text, _after_blank(text, position) + 1)  # past the colon
        found[key] = position
        position = _after_blank(text, _value_at(text, position)[1])
        if text[position] == ",":
            position = _after_blank(text, position + 1)
    return found


def _after_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return position if match is None else match.end()
