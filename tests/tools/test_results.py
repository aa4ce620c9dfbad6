"""What a tool gives becomes the text that the model reads."""

from __future__ import annotations

import json
from collections import OrderedDict, UserDict, deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from bedrock_openai_http import Usage
from bedrock_openai_http.tools.results import text_of


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Order:
    no: int
    on: date
    points: list[Point] = field(default_factory=list)


class Modelled:
    """As pydantic's models have it."""

    def model_dump(self) -> dict[str, Any]:
        return {"when": date(2026, 1, 2)}


class Word(str):
    """A text with a method of its own."""

    def __str__(self) -> str:
        return "another"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is, \u00fc \U0001f600", "as it is, \u00fc \U0001f600"),
        ("", ""),
        (Word("word"), "word"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("\ud83d\ude00", "\U0001f600"),
        (["\udc00"], '["\ufffd"]'),
        (None, "null"),
        (True, "true"),
        (0.5, "0.5"),
        (10**30, str(10**30)),
        ({"ü": [1, None]}, '{"ü": [1, null]}'),
        ({1: "a", None: "b", 0.5: "c"}, '{"1": "a", "null": "b", "0.5": "c"}'),
        ({Colour.RED: 1, date(2026, 1, 2): 2}, '{"red": 1, "2026-01-02": 2}'),
        (Colour.RED, "red"),
        ([Colour.RED, Level.HIGH], '["red", 3]'),
        (Point(1, 2), '{"x": 1, "y": 2}'),
        (Order(7, date(2026, 1, 2), [Point(1, 2)]), '{"no": 7, "on": "2026-01-02", "points": [{"x": 1, "y": 2}]}'),
        (datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc), "2026-01-02T03:04:00+00:00"),
        ([time(3, 4)], '["03:04:00"]'),
        ([Decimal("1.10"), UUID(int=1)], '["1.10", "00000000-0000-0000-0000-000000000001"]'),
        ({5}, "[5]"),
        (deque([1, 2]), "[1, 2]"),
        (range(3), "[0, 1, 2]"),
        (frozenset(), "[]"),
        (OrderedDict(a=1), '{"a": 1}'),
        (UserDict(a=1), '{"a": 1}'),
        (MappingProxyType({"a": (1,)}), '{"a": [1]}'),
        (Modelled(), '{"when": "2026-01-02"}'),
        ([Usage(1, 2, 3)], None),
    ],
)  # fmt: skip
def test_results_become_text(result: Any, text: str | None) -> None:
    """A text goes as it is, and everything that JSON can hold as JSON."""
    found = text_of(result)
    if text is None:
        assert json.loads(found)[0]["total_tokens"] == 3
    else:
        assert found == text


NAN = float("nan")
CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "result",
    [NAN, [-NAN], [float("inf")], b"bytes", object(), {b"a": 1}, {NAN: 1}, {(1, 2): 3}, CIRCLE, Order, iter("a")],
)
def test_what_json_cannot_hold_is_an_exception(result: Any) -> None:
    """Nothing is put into words by guesswork: no bytes, no objects, no NaN, no circle, no class."""
    with pytest.raises((TypeError, ValueError, RecursionError)):
        text_of(result)
