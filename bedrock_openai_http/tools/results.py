"""What a tool gives, as the text that the model reads.

This module's law: a text goes as it is, all else as JSON; what JSON cannot hold is a TypeError or ValueError, and is
never put into words by guesswork.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from ..values.jsontext import in_unicode


def text_of(result: Any) -> str:
    """Return the text for the `result` of a tool; half a surrogate pair becomes U+FFFD.

    Raises TypeError or ValueError for what JSON cannot hold, and what the result's own methods raise.
    """
    value = _plain(result)
    if isinstance(value, str):
        return in_unicode(value)
    return in_unicode(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    for name in ("model_dump", "to_dict"):
        method = getattr(value, name, None)
        if callable(method) and not isinstance(value, type):
            return _plain(method())
    return _plain_container(value)


def _plain_container(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: _plain(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, Mapping):
        found = {_key(key): _plain(item) for key, item in value.items()}
        if len(found) < len(value):
            raise ValueError("a tool returned a mapping of which two keys are one in JSON")
        return found
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [_plain(item) for item in value]
    kind = type(value).__name__
    raise TypeError(f"a tool must return text, or what JSON can hold; {kind} is neither: return its text or a dict")


def _key(key: Any) -> str:
    plain = _plain(key)
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, (bool, int, float)):
        return json.dumps(plain, allow_nan=False)
    raise TypeError(f"a tool must return what JSON can hold; {type(key).__name__} is no key of an object")
