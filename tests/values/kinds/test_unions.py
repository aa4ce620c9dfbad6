"""What is read of a union, how long it takes, and what is told of a value that is none of its kinds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

import pytest

from bedrock_openai_http import ParseError, parse_answer
from bedrock_openai_http.values.kinds.reading import kind_of


@dataclass
class Number:
    value: Annotated[float, {"minimum": 0}]
    kind: Literal["number"]


@dataclass
class Sum:
    left: Expression
    right: Expression
    kind: Literal["sum"]


@dataclass
class Product:
    left: Expression
    right: Expression
    kind: Literal["product"]


Expression = Union[Number, Sum, Product]  # noqa: UP007


@dataclass
class Circle:
    kind: Literal["circle"]
    r: float


@dataclass
class Square:
    kind: Literal["square", "rectangle"]
    side: float


@dataclass
class Point:
    x: int


@dataclass
class Place:
    x: int
    y: int


def nested(depth: int, leaf: Any) -> dict[str, Any]:
    expression = leaf
    for _ in range(depth):
        one = {"value": 1, "kind": "number"}
        expression = {"left": one, "right": expression, "kind": "product"}
    return {"value": expression}


def test_the_time_to_read_unions_in_unions_grows_with_their_size(monkeypatch: pytest.MonkeyPatch):
    """Each object is read once, right or wrong, though its tag comes last: by trying it would be twice a level."""
    read: list[Any] = []
    made: Callable[..., Any] = Number.__init__
    monkeypatch.setattr(Number, "__init__", lambda self, **given: (read.append(given), made(self, **given))[1])
    value_of = kind_of(Expression).value_of

    expression = value_of(nested(12, {"value": 2, "kind": "number"}))
    assert expression.right.right.left == Number(value=1.0, kind="number")
    assert len(read) == 14  # with the one of the line before

    for wrong in ("2", -1):
        read.clear()
        with pytest.raises(ParseError) as caught:
            parse_answer(json.dumps(nested(12, {"value": wrong, "kind": "number"})), Expression)
        assert caught.value.json_path == "$.value" + 12 * ".right" + ".value"
        assert len(read) == 12


def test_a_decimal_is_a_text_and_a_float_a_number():
    """Their JSON tells them apart, whichever stands first."""
    for kind in (Union[Decimal, float], Union[float, Decimal]):  # noqa: UP007
        assert repr(parse_answer('{"value": "0"}', kind)) == "Decimal('0')"
        assert repr(parse_answer('{"value": 0}', kind)) == "0.0"


CIRCLE = {"kind": "circle", "r": 1}
DATE = "a date of RFC 3339, such as 2026-11-29"
#: A union, a value that is none of its kinds, the place, the rule, and what must be there.
TOLD: list[tuple[Any, Any, str, str, str]] = [
    (Circle | Square, CIRCLE | {"r": "x"}, ".r", "type", "must be a number"),
    (Circle | None, CIRCLE | {"r": "x"}, ".r", "type", "must be a number"),
    (Circle | Square, CIRCLE | {"s": 1}, "", "additionalProperties", "does not know; it has kind, r"),
    (Circle | Square, CIRCLE | {"kind": "cube"}, ".kind", "enum", 'one of "circle", "square", "rectangle"'),
    (Circle | Square, {"r": 1}, "", "anyOf", "fits none of .* Circle: kind, r; Square: kind, side"),
    (Circle | Square, 1, "", "anyOf", "must be an object"),
    (Point | Place, {"x": 1, "y": None}, ".y", "type", "must be an integer"),
    (Literal[1] | Literal["a"], 2, "", "enum", 'must be one of 1, "a"'),
    (Literal["a", "b"] | int, "c", "", "anyOf", 'must be "a" or "b" or an integer'),
    (int | str, 1.5, "", "anyOf", "must be an integer or a string"),
    (Optional[bool], 1, "", "anyOf", "must be true or false or null"),  # noqa: UP045
    (date | UUID, "x", "", "anyOf", f"must be {DATE} or a UUID"),
    (date | int, "x", "", "anyOf", f"must be {DATE} or an integer"),
    (list[int] | list[str], [1, "x"], "[1]", "type", "must be an integer"),
    (list[int] | list[str], [None], "[0]", "anyOf", "must be an integer or a string"),
    (list[Circle] | list[Square], [CIRCLE, CIRCLE | {"r": "x"}], "[1].r", "type", "must be a number"),
    (tuple[int, int] | tuple[str, str], [1, "x"], "[1]", "type", "must be an integer"),
    (tuple[int, int] | tuple[int, int, int], [1], "", "anyOf", "must have 2 or 3 items"),
    (tuple[int, int], [1], "", "minItems", "must have 2 items"),
    (Decimal | None, 12.5, "", "anyOf", "must be a decimal number as a string or null$"),
    (Decimal | float, True, "", "anyOf", "must be a decimal number as a string or a number$"),
    (list[Decimal | None], [12.5], "[0]", "anyOf", "must be a decimal number as a string or null$"),
    (Optional[Literal["a"] | date], 1, "", "anyOf", f'must be "a" or {DATE} or null'),  # noqa: UP045
]


@pytest.mark.parametrize(("union", "value", "place", "rule", "words"), TOLD)
def test_what_is_told_is_the_fault_of_the_kind_that_comes_nearest(
    union: Any, value: Any, place: str, rule: str, words: str
):
    """By the type, the tag, the names, the items before; where none comes near it is what there may be."""
    with pytest.raises(ParseError, match=words) as caught:
        parse_answer(json.dumps({"value": value}), union)
    assert (caught.value.json_path, caught.value.rule) == (f"$.value{place}", rule)


@pytest.mark.parametrize(
    ("one", "other", "values"),
    [
        (int | float, float | int, [1, 1.0, 1.5]),
        (Literal[1] | float, float | Literal[1], [1, 1.0, 2.5]),
        (list[int] | list[float], list[float] | list[int], [[1], [1.0], []]),
        (list[int | None] | list[float | None], list[float | None] | list[int | None], [[1, None], [None, 1.0]]),
    ],
)
def test_the_order_of_the_kinds_of_a_union_is_no_matter(one: Any, other: Any, values: list[Any]):
    """`int | float` and `float | int` are the same to Python, and so to whatever remembers kinds."""
    for union in (one, other):
        for value in values:
            assert repr(kind_of(union).value_of({"value": value})) == repr(value)


def test_numbers_of_both_kinds_in_an_array_are_read_the_same_whichever_kind_stands_first():
    """An array of integers loses no digit of either."""
    for union in (list[int] | list[float], list[float] | list[int]):
        assert repr(kind_of(union).value_of({"value": [1, 2.0]})) == "[1, 2]"
        assert repr(kind_of(union).value_of({"value": [1, 2.5]})) == "[1.0, 2.5]"


def test_what_breaks_a_bound_of_one_kind_may_be_of_another():
    """At the top of a value, and deep in arrays; what breaks each is told of each."""
    assert parse_answer('{"value": 1}', Annotated[int, "Many.", bound(5)] | Literal[1]) == 1
    many, few = Annotated[int, bound(5)], Annotated[float, bound(2)]
    for value in (5, 2.5, 3):
        assert repr(kind_of(list[list[many]] | list[list[few]]).value_of({"value": [[9], [value]]})) == repr(
            [[9], [value]] if value == 5 else [[9.0], [float(value)]]
        )
    for union, answer, place in (
        (many | few, "1", "$.value"),
        (list[many] | list[few], "[9, 1]", "$.value[1]"),
        (list[list[many]] | list[list[few]], "[[9], [9, 1]]", "$.value[1][1]"),
    ):
        with pytest.raises(ParseError, match=r"must be at least 5 or must be at least 2$") as caught:
            parse_answer(f'{{"value": {answer}}}', union)
        assert caught.value.json_path == place


class bound:
    """A bound that can be hashed."""

    def __init__(self, ge: int) -> None:
        self.ge = ge
