"""Which kinds can stand in one union: those whose JSON tells which is meant."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

import pytest
from pydantic import BaseModel
from typing_extensions import NotRequired, TypedDict

from bedrock_openai_http import parse_answer, schema_of
from bedrock_openai_http.values.kinds.kind import Member
from bedrock_openai_http.values.kinds.reading import object_kind


@dataclass
class A:
    x: int


@dataclass
class AlsoA:
    x: int


@dataclass
class More:
    x: int
    y: int


@dataclass
class Text:
    x: str


@dataclass
class Lacking:
    x: int = 1


@dataclass
class LackingText:
    x: str = ""


@dataclass
class Red:
    kind: Literal["red"] = "red"


@dataclass
class Blue:
    kind: Literal["blue"] = "blue"


@dataclass
class Reds:
    kind: Literal["red", "rose"] = "red"


@dataclass
class Blues:
    kind: Literal["blue", "navy"] = "blue"


class MaybeRed(TypedDict):
    kind: NotRequired[Literal["red"]]


class MaybeBlue(TypedDict):
    kind: NotRequired[Literal["blue"]]


class RedModel(BaseModel):
    kind: Literal["red"] = "red"


class BlueModel(BaseModel):
    kind: Literal["blue"]


class AnyModel(BaseModel):
    kind: str


@dataclass
class MaybeText:
    x: str | None


@dataclass
class OneOrA:
    x: Literal["a", "b"] = "a"


@dataclass
class OneOrNull:
    x: Literal["c", None]


class LackingDict(TypedDict, total=False):
    x: int


@dataclass
class RedOrNull:
    kind: Literal["red"] | None


class Word(enum.Enum):
    A = "a"


class OtherWord(enum.Enum):
    B = "b"


APART: list[Any] = [
    Union[str, int, bool, float, None, list[int], A],  # noqa: UP007
    Union[A, More],  # noqa: UP007
    Union[A, Text],  # noqa: UP007
    Union[Red, Blue],  # noqa: UP007
    Union[Red, Blue, A],  # noqa: UP007
    Union[Reds, Blue],  # noqa: UP007
    Union[RedModel, BlueModel],  # noqa: UP007
    Union[RedModel, Blue],  # noqa: UP007
    Union[RedModel, A],  # noqa: UP007
    Union[date, datetime, time, UUID],  # noqa: UP007
    Union[Word, OtherWord],  # noqa: UP007
    Union[Literal["a"], str],  # noqa: UP007
    Union[Literal[1], Literal["1"]],  # noqa: UP007
    Union[date, Word],  # noqa: UP007
    Union[list[A], list[Text]],  # noqa: UP007
    Union[tuple[int, int], tuple[int, int, int]],  # noqa: UP007
    Union[tuple[int, str], tuple[str, int]],  # noqa: UP007
    Optional[Union[Red, Blue]],  # noqa: UP007, UP045
    Union[RedOrNull, Blue],  # noqa: UP007
]
NOT_APART: list[Any] = [
    Union[A, AlsoA],  # noqa: UP007
    Union[Lacking, LackingText],  # noqa: UP007
    Union[Reds, Blues],  # noqa: UP007
    Union[Lacking, MaybeText],  # noqa: UP007
    Union[MaybeText, Lacking],  # noqa: UP007
    Union[LackingDict, MaybeText],  # noqa: UP007
    Union[OneOrA, OneOrNull],  # noqa: UP007
    Union[MaybeRed, MaybeBlue],  # noqa: UP007
    Union[AnyModel, Red],  # noqa: UP007
    Union[AnyModel, BlueModel],  # noqa: UP007
    Union[Word, str],  # noqa: UP007
    Union[date, str],  # noqa: UP007
    Union[Decimal, Literal["1"]],  # noqa: UP007
    Union[list[int], tuple[int, ...]],  # noqa: UP007
    Union[tuple[int, int], list[int]],  # noqa: UP007
    Union[list[A], list[AlsoA]],  # noqa: UP007
]


@pytest.mark.parametrize("union", APART)
def test_kinds_with_json_of_their_own_can_stand_in_one_union(union: Any):
    """By their JSON types, the names of their members, or a member that never has the same value."""
    schema_of(union)


@pytest.mark.parametrize("union", NOT_APART)
def test_kinds_with_the_same_json_cannot(union: Any):
    """One JSON value of both is enough, such as null, which is the default of one and a value of the other."""
    with pytest.raises(TypeError, match="two kinds of the union have the same JSON"):
        schema_of(union)


@pytest.mark.parametrize(
    ("hint", "has_members"),
    [(A | AlsoA, True), (AnyModel | Red, True), (list[int] | tuple[int, ...], False), (dict[str, A] | A, False)],
)
def test_a_member_of_its_own_is_advised_where_a_kind_can_have_one(hint: Any, has_members: bool):
    with pytest.raises(TypeError, match="or leave one out$" if has_members else "which is meant; leave one out$"):
        object_kind("f", [Member("x", hint)], open=True)


#: In an open kind: a union, whether it is all that JSON can say, values, and what they are.
OPEN: list[tuple[Any, bool, list[Any], list[Any]]] = [
    (Any | None, True, [None, 1, [1], {"a": None}], [None, 1, [1], {"a": None}]),
    (Optional[object], True, [None, "x"], [None, "x"]),  # noqa: UP045
    (Union[date, Any], True, ["2026-01-02", 1], ["2026-01-02", 1]),  # noqa: UP007
    (Annotated[Any, "Something."] | None, True, [None, 1], [None, 1]),
    (list[Any] | None, False, [None, [1, "x"]], [None, [1, "x"]]),
    (dict[str, int] | dict[str, str], False, [{"a": 1}, {"a": "x"}, {}], [{"a": 1}, {"a": "x"}, {}]),
    (dict[str, A] | dict[str, More], False, [{"a": {"x": 1, "y": 2}}], [{"a": More(1, 2)}]),
]


@pytest.mark.parametrize(("union", "is_anything", "given", "values"), OPEN)
def test_what_may_be_anything_is_anything_and_dicts_differ_by_their_members(
    union: Any, is_anything: bool, given: list[Any], values: list[Any]
):
    """It does not matter which of two kinds reads what both give back as it is."""
    kind = object_kind("f", [Member("x", union)], open=True)
    assert ("anyOf" not in kind.schema["properties"]["x"]) is is_anything
    assert [kind.value_of({"x": each})["x"] for each in given] == values


#: A union, JSON, and what it is.
READ: list[tuple[Any, str, Any]] = [
    (Red | Blue, '{"kind": "blue"}', Blue()),
    (A | Text, '{"x": "1"}', Text("1")),
    (A | More, '{"x": 1, "y": 2}', More(1, 2)),
    (RedModel | Blue, '{"kind": "red"}', RedModel()),
    (date | datetime | time, '"2026-01-02"', date(2026, 1, 2)),
    (date | datetime | time, '"2026-01-02T03:04:05"', datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001
    (int | float, "1", 1),
    (int | float, "1.0", 1.0),
    (int | bool, "true", True),
    (Literal["a"] | None, "null", None),
    (Word | OtherWord, '"b"', OtherWord.B),
    (list[A] | list[Text], '[{"x": "1"}]', [Text("1")]),
]


@pytest.mark.parametrize(("union", "answer", "value"), READ)
def test_the_json_tells_which_kind_of_a_union_is_meant(union: Any, answer: str, value: Any):
    found = parse_answer(f'{{"value": {answer}}}', union)
    assert (type(found), found) == (type(value), value)
