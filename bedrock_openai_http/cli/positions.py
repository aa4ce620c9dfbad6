"""Where a value stands in the text of a JSON document.

This module follows a JSON path through a text that was decoded before, so it can trust every character.
"""

from __future__ import annotations

import json
import re

_STEP = re.compile(r'\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]', re.ASCII)
_BLANK = re.compile(r"[ \t\r\n]*")
_value_at = json.JSONDecoder().raw_decode


def line_of(text: str, json_path: str) -> int:
    """Return the line, from 1, on which the value at `json_path` begins, or else the closest value around it."""
    position = _after_blank(text, 0)
    for name, index, quoted in _STEP.findall(json_path):
        step = int(index) if index else name or json.loads(quoted)
        found = _member(text, position, step) if text[position] in "[{" else None
        if found is None:
            break  # a required member that is missing, or a name that the path cut short
        position = found
    return text.count("\n", 0, position) + 1


def _member(text: str, start: int, step: str | int) -> int | None:
    """Return where a member of the object or array at `start` begins: the last one of that name, as in decoding."""
    is_object, found, count = text[start] == "{", None, 0
    position = _after_blank(text, start + 1)
    while text[position] not in "]}":
        key: str | int = count
        if is_object:
            key, position = _value_at(text, position)
            position = _after_blank(text, _after_blank(text, position) + 1)  # past the colon
        if key == step:
            found = position
        position = _after_blank(text, _value_at(text, position)[1])
        if text[position] == ",":
            position = _after_blank(text, position + 1)
        count += 1
    return found


def _after_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return position if match is None else match.end()
