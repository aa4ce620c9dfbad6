"""JSON as the API means it: one UTF-8 document, no NaN, no infinities, and never an untyped surprise.

This module decodes and encodes; what the document must contain is for others to say.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


class JSONError(ValueError):
    """The bytes are not one JSON document. The text says why in a few words and never repeats them."""


def decode(data: bytes) -> Any:
    """Return the value of the JSON document `data`, in UTF-8 with or without a byte order mark.

    Of a key that occurs twice the last value counts. Raises JSONError for anything else than one document, and
    for what Python's decoder lets pass or fails on in other ways: NaN, Infinity, 1e400, integers of thousands of
    digits, nesting without end.
    """
    try:
        return _decoder.decode(str(data, "utf-8-sig"))
    except UnicodeDecodeError:
        reason = "not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"{error.msg.lower()} at character {error.pos}"
    except JSONError as error:
        reason = str(error)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError:
        reason = "an integer with too many digits"
    raise JSONError(reason)


def encode(value: Any) -> bytes:
    """Return `value` as compact UTF-8 JSON.

    Raises ValueError or TypeError for what JSON cannot hold; a validated request never does.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


def _refuse_constant(name: str) -> NoReturn:
    raise JSONError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise JSONError("a number out of range")
    return number


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
