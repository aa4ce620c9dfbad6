"""Unions within models of pydantic: the class that is meant is taken, or the union is refused at once."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, create_model

from bedrock_openai_http import ParseError, parse_answer, schema_of
from chance import tries


class Few(BaseModel):
    x: int = 0


class Wide(BaseModel):
    x: int = 0
    y: int = 0


class Many(BaseModel):
    y: int
    z: int


class Digit(BaseModel):
    n: int


class Text(BaseModel):
    n: str
    extra: str


class WideTwo(BaseModel):
    x: int = 0
    y: Optional[int] = None  # noqa: UP045


class WideFloat(BaseModel):
    x: float = 0
    y: int = 0


class Tagged(BaseModel):
    kind: Literal["tagged"] = "tagged"
    x: int = 0
    y: int = 0


class Sure(BaseModel):
    y: int
    x: int = 0


class HoldsFew(BaseModel):
    u: list[Few]


class HoldsWide(BaseModel):
    u: list[Wide]


class Chain(BaseModel):
    next: Optional[Chain]  # noqa: UP045
    x: int = 0


class Ring(BaseModel):
    next: Optional[Ring]  # noqa: UP045
    x: int = 0
    y: int = 0


class IdA(BaseModel):
    id: str = Field(pattern="^A")
    v: str = "d"


class IdB(BaseModel):
    id: str = Field(pattern="^B")
    v: int = 1


#: Kinds of which pydantic could take the wrong one: without the null by which only one fits, an answer that is meant
#: for that is an answer of the other.
MIXED = [
    Few | Wide,
    Wide | Few,
    Few | WideFloat,
    WideTwo | Few,
    list[Few] | list[Wide],
    tuple[Few, int] | tuple[Wide, int],
    HoldsFew | HoldsWide,
    None | Few | int | Wide,
    Tagged | Few,
    Chain | Ring,
    list[Few | Wide] | None,
    datetime | str,
    timedelta | time,
    list[date] | list[str],
    uuid.UUID | Decimal,
]


@pytest.mark.parametrize("union", MIXED)
def test_kinds_that_pydantic_could_take_for_each_other_are_refused(union: Any):
    """In a member, in a root, and in what a member holds; each would read an answer as one that was not meant."""
    inner = create_model("Inner", u=(union, ...))
    for kind in (create_model("Home", u=(union, ...)), RootModel[union], create_model("Outer", inner=(inner, ...))):
        with pytest.raises(TypeError, match=r"the class could take one of .* for the other.* give each a member"):
            schema_of(kind)


@pytest.mark.parametrize(
    ("union", "answer", "value"),
    [
        (Few | Many, {"y": 1, "z": 2}, Many(y=1, z=2)),
        (Few | Many, {"x": None}, Few()),
        (Few | Tagged, {"kind": "tagged", "x": 1, "y": None}, Tagged(x=1)),
        (Few | Sure, {"x": None, "y": 1}, Sure(y=1)),
        (Few | Sure, {"x": 1, "y": 1}, Sure(x=1, y=1)),
        (Few | WideTwo, {"x": 1, "y": None}, WideTwo(x=1, y=None)),
        (Few | WideTwo, {"x": 1}, Few(x=1)),
        (list[Few] | list[Sure], [{"x": None, "y": 1}], [Sure(y=1)]),
        (Digit | Text, {"n": "5", "extra": "e"}, Text(n="5", extra="e")),
        (str | datetime, "2026-11-29T10:00:00Z", "2026-11-29T10:00:00Z"),
        (datetime | date | None, "2026-11-29", date(2026, 11, 29)),
        (IdA | IdB, {"id": "B1", "v": 5}, IdB(id="B1", v=5)),
        (Chain | str, {"next": {"next": None, "x": None}, "x": 1}, Chain(next=Chain(next=None), x=1)),
    ],
)
def test_an_instance_within_a_model_is_of_the_class_that_the_answer_fits(union: Any, answer: Any, value: Any):
    """Where these can be told apart without the nulls that are left out."""
    found = parse_answer(json.dumps({"u": answer}), create_model("Home", u=(union, ...))).u
    assert found == value
    assert type(found) is type(value)


#: Types of members, with JSON of them, and a default.
PARTS: list[tuple[Any, list[Any], Any]] = [
    (int, [1, 2], 0),
    (float, [1, 1.5], 0.5),
    (str, ["a", "5"], "d"),
    (date, ["2026-11-29"], date(2026, 1, 1)),
    (int | None, [1, None], None),
    (Literal["x"], ["x"], "x"),
    (Literal["y"], ["y"], "y"),
    (Few, [{"x": 1}], Few()),
    (list[Wide], [[], [{"x": 1, "y": None}], [{"x": 1, "y": 2}]], []),
    (list[Few], [[], [{"x": 1}]], []),
]


@st.composite
def made_models(draw: st.DrawFn, name: str) -> tuple[type[BaseModel], st.SearchStrategy[dict[str, Any]]]:
    """A model, and answers that are asked for: null for what could be left out."""
    fields, answers = {}, {}
    for member in draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True)):
        hint, values, default = draw(st.sampled_from(PARTS))
        has_default = draw(st.booleans())
        fields[member] = (hint, default if has_default else ...)
        is_said = not has_default or hint in (int | None, Literal["x"], Literal["y"])
        answers[member] = st.sampled_from(values if is_said else [*values, None])
    return create_model(name, **fields), st.fixed_dictionaries(answers)


@tries(15)
@given(st.lists(st.sampled_from("ABC").flatmap(made_models), min_size=2, max_size=3), st.data())
def test_who_is_not_refused_is_of_the_class_that_alone_was_meant(made: list[Any], data: st.DataObject):
    """Of any models in a union, with any answer that fits one of them alone."""
    models = [model for model, _ in made]
    try:
        home = create_model("Home", u=(reduce(or_, models), ...))
        schema_of(home)
    except TypeError:
        return
    for _ in range(5):
        model, answers = data.draw(st.sampled_from(made))
        answer = data.draw(answers)
        fitting = [each for each in models if fits(answer, each)]
        assert model in fitting
        if len(fitting) == 1:
            assert type(parse_answer(json.dumps({"u": answer}), home).u) is model


def fits(answer: dict[str, Any], model: type[BaseModel]) -> bool:
    """Tell whether an answer is of this model: with all of its members, and no others."""
    try:
        parse_answer(json.dumps(answer), model)
    except ParseError:
        return False
    return True
