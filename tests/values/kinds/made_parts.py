"""What `made_kinds` is made of: kinds with cases, what breaks them, and the kinds that are one text, number or word.

What the JSON of a value is stands here for a second time, written from the documentation: dates and the like as texts
of ISO 8601, an Enum by its value.

This module knows nothing of the package.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import annotated_types
from hypothesis import strategies as st

#: A word in each text and name that an error might betray.
MARK = "zxqj"
#: What no kind takes: members of any name are never asked for.
NEVER: Any = {MARK: MARK}


class Case(NamedTuple):
    """A value with its JSON."""

    value: Any
    #: As it is asked for: each member is there.
    asked: Any
    #: As it is usually written: members that are left to their defaults are not there.
    usual: Any


class Broken(NamedTuple):
    """JSON that is of another kind, and where."""

    asked: Any
    path: tuple[str | int, ...]
    #: Whether the place can be told exactly: it is in no union.
    is_exact: bool = True

    def within(self, step: str | int, whole: Any) -> Broken:
        return Broken(whole, (step, *self.path), self.is_exact)


@dataclasses.dataclass(repr=False)
class Made:
    """A kind."""

    hint: Any
    cases: st.SearchStrategy[Case]
    #: JSON of the same type that is of no such kind; None where there is none.
    near: st.SearchStrategy[Broken] | None
    #: The JSON types that pydantic reads one of: of a union whose kinds share none, it is a fair judge.
    types: frozenset[str]
    is_object: bool = False
    #: Whether there is one value of it, which is said even where it is the default.
    is_constant: bool = False

    def __repr__(self) -> str:
        return repr(self.hint)

    @property
    def is_hashable(self) -> bool:
        """Whether it can be in a union: Python before 3.14 hashes what is in one."""
        try:
            hash(self.hint)
        except TypeError:
            return False
        return True

    @property
    def broken(self) -> st.SearchStrategy[Broken]:
        # Of an object it may be told that a member lacks.
        never = st.just(Broken(NEVER, (), is_exact="object" not in self.types))
        return never if self.near is None else never | self.near

    def root(self, asked: Any) -> Any:
        return asked if self.is_object else {"value": asked}


def made_of(hint: Any, values: st.SearchStrategy[Any], to_json: Callable[[Any], Any], kind: str, *near: Any) -> Made:
    cases = values.map(lambda value: Case(value, to_json(value), to_json(value)))
    bad = st.sampled_from(near).map(lambda value: Broken(value, ())) if near else None
    return Made(hint, cases, bad, frozenset([kind]))


# --- scalars

_texts = st.text(max_size=8).map(lambda text: text + MARK)
_zones = st.none() | st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def _iso(value: Any) -> str:
    return str(value.isoformat()).replace("+00:00", "Z")


def _zoned(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(values, _zones).map(lambda pair: pair[0].replace(tzinfo=pair[1]))


SCALARS: list[Made] = [
    made_of(str, _texts, lambda value: value, "string"),
    made_of(int, st.integers(), lambda value: value, "number", 1.5, -0.25),
    made_of(float, st.floats(allow_nan=False, allow_infinity=False), lambda value: value, "number"),
    made_of(float, st.integers(-(2**53), 2**53).map(float), int, "number"),
    made_of(bool, st.booleans(), lambda value: value, "boolean"),
    made_of(None, st.none(), lambda value: value, "null"),
    made_of(datetime, _zoned(st.datetimes()), _iso, "string", MARK, "2026-02-31T01:02:03Z", "20240101", "2024-01-01"),
    made_of(date, st.dates(), _iso, "string", MARK, "2026-02-31", "20240101", "2024-W01-1", "2024-01-01T00:00:00"),
    made_of(time, _zoned(st.times()), _iso, "string", MARK, "24:01:00", "12", "1:00:00Z"),
    made_of(uuid.UUID, st.uuids(), str, "string", MARK, "{12345678-1234-5678-1234-567812345678}", "1" * 32),
    dataclasses.replace(
        made_of(
            Decimal,
            st.decimals(allow_nan=False, allow_infinity=False),
            str,
            "string",
            MARK,
            "NaN",
            "1_0",
            "\u0661",
            "",
        ),
        types=frozenset(["string", "number"]),
    ),
    made_of(Annotated[int, "A count.", {"minimum": 1, "maximum": 9}], st.integers(1, 9), int, "number", 0, 10),
    made_of(Annotated[int, annotated_types.Gt(0), "Few."], st.integers(1), int, "number", 0, -1),
    made_of(Annotated[float, annotated_types.Interval(ge=0.5, lt=2)], st.floats(0.5, 1.5), float, "number", 0.25, 2),
    made_of(Annotated[str, annotated_types.Len(5, 7)], st.just(f"{MARK}1"), str, "string", MARK, f"{MARK}1234"),
    made_of(Annotated[str, {"pattern": "^[a-z]+$"}, "Letters."], st.just(MARK), str, "string", f"{MARK}1"),
    made_of(Annotated[list[int], {"maxItems": 2}], st.lists(st.integers(), max_size=2), list, "array", [1, 2, 3]),
]


@st.composite
def choices(draw: st.DrawFn) -> Made:
    # Without the mark: what there may be is told to whom it was not.
    values = draw(
        st.lists(
            st.text(max_size=4) | st.integers(-(2**53), 2**53) | st.booleans(), min_size=1, max_size=4, unique_by=repr
        )
    )
    near: dict[type, Any] = {str: f"no {MARK}", int: max([0, *(v for v in values if type(v) is int)]) + 1}
    kinds = {type(value) for value in values}
    bad = [near[kind] for kind in near if kind in kinds]
    names = {str: "string", int: "number", bool: "boolean"}
    if draw(st.booleans()):
        hint: Any = Literal[tuple(values)]
        meant = {repr(value): value for value in values}
    else:
        # An Enum takes equal values for one member.
        values = [value for index, value in enumerate(values) if value not in values[:index]]
        hint = enum.Enum("Choice", {f"member_{index}": value for index, value in enumerate(values)})
        meant = {repr(each.value): each for each in hint}
    made = made_of(hint, st.sampled_from(values), lambda value: value, "", *bad)
    made.cases = made.cases.map(lambda case: case._replace(value=meant[repr(case.asked)]))
    made.types = frozenset(names[type(value)] for value in values)
    made.is_constant = len(values) == 1
    return made


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    if dataclasses.is_dataclass(one):
        return is_same(vars(one), vars(other))
    if isinstance(one, datetime | time):
        return one == other and one.utcoffset() == other.utcoffset()
    return bool(one == other)
