"""Unions within models of pydantic: the class that is meant is taken, or the union is refused at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import reduce
from operator import or_
from typing import Annotated, Any, ForwardRef, Literal, Optional, Union
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, RootModel, create_model

from alike_models import Digit, Few, Many, Text, Wide
from bedrock_openai_http import ParseError, parse_answer, schema_of
from bedrock_openai_http.values.kinds.choosing import check_choices
from bedrock_openai_http.values.kinds.foreign import parted
from chance import tries
from steps import steps


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


class Colour(Enum):
    RED = "red"


class Loose(BaseModel):
    c: Colour
    d: int = 0


class LooseTag(BaseModel):
    c: Literal[Colour.RED]


class LooseUrl(BaseModel):
    c: AnyUrl


class Nearer(BaseModel):
    c: str
    d: int = 0
    e: Optional[int] = None  # noqa: UP045


class Opposite(BaseModel):
    kind: Literal["a"]
    a: int = 0


class Opposed(BaseModel):
    kind: Literal["a", "b"]
    a: int = 0
    b: int = 0


class MaybeC(BaseModel):
    c: str = "d"


class BothNull(BaseModel):
    c: Optional[str] = None  # noqa: UP045
    b: Optional[str] = None  # noqa: UP045


class OwnTag(BaseModel):
    kind: Literal["t"] = "t"
    n: int


class AskedTag(BaseModel):
    kind: Literal["t"]
    n: int


class NullTag(BaseModel):
    kind: Literal["t", None] = None
    n: int


class FreeTag(BaseModel):
    kind: str = "free"
    n: int


class Number(BaseModel):
    v: int
    x: int = 0


class MaybeNumber(BaseModel):
    v: int = 0


class Word(BaseModel):
    v: str
    x: int = 0
    y: int = 0


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
    list[Few | Wide] | list[int],
    Loose | Nearer,
    list[Loose] | list[Nearer],
    LooseTag | Nearer,
    LooseUrl | Nearer,
    Opposite | Few | Opposed,
    OwnTag | FreeTag,
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
        (Many | Few, {"x": None}, Few()),
        (Few | Tagged, {"kind": "tagged", "x": 1, "y": None}, Tagged(x=1)),
        (Few | Sure, {"x": None, "y": 1}, Sure(y=1)),
        (Few | Sure, {"x": 1, "y": 1}, Sure(x=1, y=1)),
        (Few | WideTwo, {"x": 1, "y": None}, WideTwo(x=1, y=None)),
        (Few | WideTwo, {"x": 1}, Few(x=1)),
        (list[Few] | list[WideTwo], [{"x": None}], [Few()]),
        (NullTag | FreeTag, {"kind": "x", "n": 1}, FreeTag(kind="x", n=1)),
        (AskedTag | FreeTag, {"kind": None, "n": 1}, FreeTag(n=1)),
        (Number | Word, {"v": "5", "x": None, "y": None}, Word(v="5")),
        (MaybeNumber | Word, {"v": "5", "x": None, "y": None}, Word(v="5")),
        (Word | MaybeNumber, {"v": None}, MaybeNumber()),
        (tuple[Few, int] | tuple[Wide, int, int], [{"x": None}, 1], (Few(), 1)),
        (tuple[Few, int] | tuple[Wide, str], [{"x": None, "y": None}, "5"], (Wide(), "5")),
        (tuple[Literal["a"], Few] | tuple[Literal["b"], Wide], ["b", {"x": 1, "y": None}], ("b", Wide(x=1))),
        (MaybeC | BothNull, {"c": None}, MaybeC()),
        (MaybeC | BothNull, {"c": "x"}, MaybeC(c="x")),
        (MaybeC | BothNull, {"c": None, "b": None}, BothNull()),
        (list[Few] | list[Sure], [{"x": None, "y": 1}], [Sure(y=1)]),
        (Digit | Text, {"n": "5", "extra": "e"}, Text(n="5", extra="e")),
        (str | datetime, "2026-11-29T10:00:00Z", "2026-11-29T10:00:00Z"),
        (datetime | date | None, "2026-11-29", date(2026, 11, 29)),
        (date | str, "2026-11-29", date(2026, 11, 29)),
        (date | str, "in May", "in May"),
        (datetime | str | None, "soon", "soon"),
        (UUID | str, "12345678-1234-1234-1234-123456789abc", UUID("12345678-1234-1234-1234-123456789abc")),
        (UUID | Decimal, "1.50", Decimal("1.50")),
        (timedelta | time, "P1D", timedelta(days=1)),
        (list[date] | list[str], ["in May"], ["in May"]),
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
    (Few | Many, [{"x": 1}, {"x": None}, {"y": 1, "z": 2}], Few()),
    (Wide | None, [None, {"x": 1, "y": None}], None),
    (Colour, ["red"], Colour.RED),
    (tuple[Few, int], [[{"x": None}, 1]], (Few(), 1)),
    (bool, [True], False),
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


def a_union_of(count: int, fields: Callable[[int, Any], dict[str, Any]]) -> type[BaseModel]:
    """A model with a union of so many, each of which has `fields` of its number and of the union."""
    union = Union[tuple(ForwardRef(f"T{n}") for n in range(count))]  # noqa: UP007
    models = {f"T{n}": create_model(f"T{n}", **fields(n, union)) for n in range(count)}
    for model in models.values():
        model.model_rebuild(_types_namespace=models)
    root = create_model("Root", e=(union, ...))
    root.model_rebuild(_types_namespace=models)
    return root


def tagged(number: int, **fields: Any) -> dict[str, Any]:
    return {**fields, "kind": (Literal[f"k{number}"], ...)}


#: Unions that hold themselves, by what a number and the union make the fields of one of its models.
HOLDING_THEMSELVES: dict[str, Callable[[int, Any], dict[str, Any]]] = {
    "expressions": lambda n, union: tagged(n, left=(union, ...), right=(union, ...)),
    "children": lambda n, union: tagged(n, children=(list[union], ...)),
    "discriminated": lambda n, union: tagged(
        n,
        a=(Annotated[union, Field(discriminator="kind")] | None, None),
        b=(union | None, None),
    ),
    "without tags": lambda n, union: {f"f{n}": (int, ...), "children": (list[union], ...)},
    "tags inside": lambda n, union: {"next": (union, ...), "meta": (create_model(f"Meta{n}", **tagged(n)), ...)},
}


def steps_of_check(model: type[BaseModel]) -> int:
    root, definitions = parted(model.model_json_schema(), "schema")
    return steps(lambda: check_choices(root, definitions, "schema"))


@pytest.mark.parametrize("name", HOLDING_THEMSELVES)
def test_the_work_grows_with_the_pairs_of_kinds(name: str):
    """Twice the kinds are four times the pairs, and no pair is compared anew where the union holds itself."""
    few, more, many = (steps_of_check(a_union_of(count, HOLDING_THEMSELVES[name])) for count in (4, 8, 16))
    assert few < 4_000
    assert more < 4.2 * few
    assert many < 4.2 * more


def test_of_tagged_kinds_the_tags_alone_are_compared():
    """To check forty kinds with ten members that could be left out costs less than to write their schema."""
    members = {f"f{n}": (str | None, None) for n in range(10)}
    model = a_union_of(40, lambda n, union: tagged(n, **members))
    assert steps_of_check(model) < steps(model.model_json_schema)
