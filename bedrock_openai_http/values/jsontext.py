"""JSON as the API means it: one UTF-8 document, no NaN, no infinities, and never an untyped surprise.

This module decodes and encodes; what the document must contain is for others to say.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

#: How deep a document may be nested. Answers of the API come nowhere near it. Python's decoder would go on to the
#: end of the stack, where the finalizers of whatever is collected just then fail too.
MAX_DEPTH = 400


class JSONError(ValueError):
    """The bytes are not one JSON document. The text says why in a few words and never repeats them."""


def decode(data: bytes, *, names_once: bool = False) -> Any:
    """Return the value of the JSON document `data`, in UTF-8 with or without a byte order mark.

    Of a name that occurs twice in an object the last value counts, unless with `names_once`.

    Raises JSONError for anything else than one document, and for what Python's decoder lets pass or fails on in other
    ways: NaN, Infinity, 1e400, integers of thousands of digits, nesting without end.
    """
    try:
        text = str(data, "utf-8")
        if len(text) > MAX_DEPTH and _is_too_deep(text):
            raise JSONError("nested too deeply")
        try:  # what nearly every document is takes half as long as by `decode`, which looks for white space first
            value, end = (_scan_once if names_once else _scan)(text, 0)
            if end == len(text):
                return value
        except StopIteration:  # white space, a mark, or an error, which `decode` has a name for
            pass
        return (_decoder_once if names_once else _decoder).decode(text.removeprefix("\ufeff"))
    except (RecursionError, ValueError) as error:
        reason = _reason(error)
    raise JSONError(reason)


def decode_at(text: str, start: int) -> tuple[Any, int]:
    """Return the value of the JSON document that begins at `start` in `text`, and where it ends.

    Raises JSONError as `decode` with `names_once`.
    """
    if len(text) > MAX_DEPTH and _is_too_deep(text[start:]):
        raise JSONError("nested too deeply")
    try:
        return _decoder_once.raw_decode(text, start)
    except (RecursionError, ValueError) as error:
        reason = _reason(error)
    raise JSONError(reason)


def encode(value: Any) -> bytes:
    """Return `value` as compact UTF-8 JSON.

    Raises ValueError or TypeError for what JSON cannot hold; a validated request never does.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


def _reason(error: Exception) -> str:
    """Return why Python's decoder has failed, without what it has failed on."""
    if isinstance(error, JSONError):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        # Some of Python's words already end with "at".
        return f"{error.msg.lower().removesuffix(' at')} at character {error.pos}"
    # Else little was left of the stack, or Python makes no integer of so many digits.
    return "nested too deeply" if isinstance(error, RecursionError) else "an integer with too many digits"


_STRING = r'"[^"]*"?'
_NO_BRACKETS = r"[^][{}]+"


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    # Without what is escaped a string ends at the next quotation mark. A pattern that repeats a group, as one for
    # escapes must, takes eighty times the string in memory.
    text = text.replace("\\\\", "").replace('\\"', "")
    depth = 0
    for bracket in re.sub(_NO_BRACKETS, "", re.sub(_STRING, "", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise JSONError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise JSONError("a number out of range")
    return number


def _with_names_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise JSONError("a name occurs twice in an object")
    return found


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_decoder_once = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_with_names_once
)
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]
_scan_once: Callable[[str, int], tuple[Any, int]] = _decoder_once.scan_once  # type: ignore[attr-defined]


def is_unicode(text: str) -> bool:
    """Tell whether `text` can be written as UTF-8: a half of a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def in_unicode(text: str) -> str:
    """Return `text` with U+FFFD for each half of a surrogate pair, which JSON can spell and UTF-8 cannot."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
