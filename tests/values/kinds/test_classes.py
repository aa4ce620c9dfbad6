"""Classes of every make, as kinds: what is asked for of each, and what an answer gives."""

import dataclasses
import enum
import json
import sys
import types
import typing
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, Optional, TypeVar

import attr
import attrs
import pydantic
import pytest
import typing_extensions
from pydantic import BaseModel, Field, RootModel

from bedrock_openai_http import ParseError, parse_answer, schema_of

T, U = TypeVar("T"), TypeVar("U")


@dataclass
class Page(Generic[T, U]):
    items: list[T]
    other: Optional[U] = None  # noqa: UP045


@dataclass
class Special(Page[int, T]):
    own: Optional[T] = None  # noqa: UP045


@dataclass
class Tree(Generic[T]):
    leaf: T
    inner: "list[Tree[T]]" = field(default_factory=list)


@dataclass
class Hen:
    egg: "Egg | None"


@dataclass
class Egg:
    hen: Optional[Hen] = None  # noqa: UP045


@dataclass
class Parts:
    a: int
    made: int = field(init=False, default=1)
    shared: ClassVar[int] = 3
    _: KW_ONLY
    d: int = 2


@dataclass(frozen=True)
class Small:
    """A small one.

    Attributes:
        a: The first.
    """

    __slots__ = ("a",)
    a: int


class Partial(typing.TypedDict, total=False):
    a: int


class Whole(Partial):
    b: str


class Marked(typing_extensions.TypedDict):
    a: typing_extensions.NotRequired[int]
    b: Annotated[typing_extensions.Required[str], "text"]
    c: typing_extensions.ReadOnly[int]


class Pair(NamedTuple):
    a: int
    b: str = "usual"


class Colour(str, enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Mixed(enum.Enum):
    A = 1
    B = "x"
    C = None
    D = 1.5


@attrs.define
class Attrs:
    a: int
    _b: str = "usual"
    c: list[int] = attrs.field(factory=list)
    d: int = attrs.field(default=3, validator=attrs.validators.gt(0))
    made: int = attrs.field(init=False, default=9)


@attr.s
class OldAttrs:
    a = attr.ib(type=int)


Identity = NewType("Identity", int)


@dataclass
class Cat:
    lives: int
    kind: Literal["cat"] = "cat"


@dataclass
class Dog:
    lives: int
    kind: Literal["dog"] = "dog"


class Street(BaseModel):
    name: str = Field(alias="streetName", min_length=1)


class Person(BaseModel):
    """A person."""

    street: Street
    age: int = Field(3, ge=0)
    nick: Optional[str] = None  # noqa: UP045
    tags: list[str] = Field(default_factory=list)


class Chain(BaseModel):
    next: "Chain | None" = None


class Crate(BaseModel, Generic[T]):
    content: T


class Crates(BaseModel):
    a: Crate[int]
    b: Crate[str]


class Tea(BaseModel):
    kind: Literal["tea"]
    cups: int


class Coffee(BaseModel):
    kind: Literal["coffee"] = "coffee"
    cups: int


class Order(BaseModel):
    drink: Tea | Coffee = Field(discriminator="kind")


class Strict(BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    day: date
    pair: tuple[int, int]


class Row(RootModel[list[int]]):
    pass


@dataclass
class Guests:
    first: Person
    streets: list[Street]
    chain: Optional[Chain] = None  # noqa: UP045


@pydantic.dataclasses.dataclass
class Checked:
    a: int
    b: Annotated[int, Field(gt=0, description="The second.")] = 1


NO_PERSON = {"street": {"streetName": "s"}, "age": None, "nick": None, "tags": None}
PERSON = Person(street=Street(streetName="s"))

#: Kinds, with answers and what these give.
GIVE: list[tuple[Any, Any, Any]] = [
    (Page[int, str], {"items": [1], "other": None}, Page([1])),
    (Page[Page[int, str], date], {"items": [], "other": "2026-01-02"}, Page([], date(2026, 1, 2))),
    (Special[str], {"items": [1], "other": "a", "own": "b"}, Special([1], "a", "b")),
    (Tree[int], {"leaf": 1, "inner": [{"leaf": 2, "inner": None}]}, Tree(1, [Tree(2)])),
    (Hen, {"egg": {"hen": {"egg": None}}}, Hen(Egg(Hen(None)))),
    (Parts, {"a": 1, "d": None}, Parts(1)),
    (Small, {"a": 1}, Small(1)),
    (Whole, {"a": None, "b": "x"}, {"b": "x"}),
    (Marked, {"a": None, "b": "x", "c": 1}, {"b": "x", "c": 1}),
    (Pair, {"a": 1, "b": None}, Pair(1)),
    (list[Pair], {"value": [{"a": 1, "b": "x"}]}, [Pair(1, "x")]),
    (Colour, {"value": "red"}, Colour.RED),
    (Number, {"value": 1}, Number.ONE),
    (Mixed, {"value": None}, Mixed.C),
    (Mixed, {"value": 1.5}, Mixed.D),
    (Literal[1, True, "1", None], {"value": True}, True),
    (Literal["a", "b"], {"value": "b"}, "b"),
    (list[int], {"value": [1.0]}, [1]),
    (list[float], {"value": [1]}, [1.0]),
    (list[int | float], {"value": [1, 1.0]}, [1, 1.0]),
    (list[Identity], {"value": [1]}, [1]),
    (Attrs, {"a": 1, "_b": "x", "c": None, "d": None}, Attrs(1, "x")),
    (OldAttrs, {"a": 1}, OldAttrs(1)),
    (Cat | Dog, {"value": {"kind": "dog", "lives": 1}}, Dog(1)),
    (Person, NO_PERSON, PERSON),
    (Chain, {"next": {"next": None}}, Chain(next=Chain())),
    (Crate[Street], {"content": {"streetName": "s"}}, Crate[Street](content=Street(streetName="s"))),
    (
        Crates,
        {"a": {"content": 1}, "b": {"content": "x"}},
        Crates(a=Crate[int](content=1), b=Crate[str](content="x")),
    ),
    (Order, {"drink": {"kind": "coffee", "cups": 1}}, Order(drink=Coffee(cups=1))),
    (Tea | Coffee, {"value": {"kind": "coffee", "cups": 1}}, Coffee(cups=1)),
    (Strict, {"day": "2026-01-02", "pair": [1, 2]}, Strict(day=date(2026, 1, 2), pair=(1, 2))),
    (Row, {"value": [1]}, Row([1])),
    (Optional[Tea], {"value": None}, None),  # noqa: UP045
    (
        Guests,
        {"first": NO_PERSON, "streets": [{"streetName": "s"}], "chain": {"next": None}},
        Guests(PERSON, [Street(streetName="s")], Chain()),
    ),
    (Checked, {"a": 1, "b": None}, Checked(1)),
]


@pytest.mark.parametrize(("hint", "answer", "value"), GIVE)
def test_an_answer_is_an_instance_of_its_class(hint: Any, answer: Any, value: Any):
    """Generic, inherited, recursive, of other libraries, and as parts of each other."""
    found = parse_answer(json.dumps(answer), hint)
    assert (type(found), found) == (type(value), value)
    assert list(schema_of(hint)["properties"]) == list(answer)


#: Answers that a class itself, or its schema, refuses: the kind, the answer, the rule and the place.
REFUSED: list[tuple[Any, Any, str, str]] = [
    (Attrs, {"a": 1, "_b": "x", "c": None, "d": -1}, "value", "$"),
    (list[int], {"value": [True]}, "type", "$.value[0]"),
    (list[float], {"value": [10**400]}, "value", "$.value[0]"),
    (Literal[1], {"value": True}, "type", "$.value"),
    (Cat | Dog, {"value": {"kind": None, "lives": 1}}, "enum", "$.value.kind"),
    (Order, {"drink": {"kind": None, "cups": 1}}, "enum", "$.drink.kind"),
    (Street, {"streetName": ""}, "minLength", "$.streetName"),
    (Street, {"name": "s"}, "required", "$.streetName"),
    (Strict, {"day": "2026-02-30", "pair": [1, 2]}, "format", "$.day"),
    (Checked, {"a": 1, "b": 0}, "exclusiveMinimum", "$.b"),
    (Whole, {"b": "x"}, "required", "$.a"),
]


@pytest.mark.parametrize(("hint", "answer", "rule", "place"), REFUSED)
def test_what_a_class_refuses_is_told_by_its_place(hint: Any, answer: Any, rule: str, place: str):
    with pytest.raises(ParseError) as caught:
        parse_answer(json.dumps(answer), hint)
    assert (caught.value.rule, caught.value.json_path) == (rule, place)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement is of Python 3.12")
def test_the_type_statement_and_brackets_of_python_3_12():
    """An alias, one with a variable, one that holds itself, and a class with its variables in brackets."""
    names: dict[str, Any] = {"dataclass": dataclass, "__name__": __name__}
    exec(
        "type Name = str\n"
        "type Many[X] = list[X]\n"
        "type Nest = int | list[Nest]\n"
        "type Lost = list[Nowhere]\n"
        "@dataclass\nclass Box[X]:\n    content: X\n    more: Many[X]\n",
        names,
    )
    assert parse_answer('{"value": "a"}', names["Name"]) == "a"
    assert parse_answer('{"value": [1]}', names["Many"][int]) == [1]
    with pytest.raises(TypeError, match="Lost: a type hint names 'Nowhere', which is not there"):
        schema_of(names["Lost"])
    assert parse_answer('{"value": [1, [2, []]]}', names["Nest"]) == [1, [2, []]]
    box = names["Box"]
    assert parse_answer('{"content": 1, "more": [2]}', box[int]) == box(1, [2])
    assert parse_answer('{"content": {"content": "a", "more": []}, "more": []}', box[box[str]]) == box(
        box("a", []), []
    )


@dataclass
class Growing(Generic[T]):
    inner: "Growing[list[T]] | None"


def test_a_kind_that_is_made_of_ever_larger_ones_is_refused():
    """So is an alias that is nothing but itself."""
    names: dict[str, Any] = {}
    hints: list[Any] = [Growing[int]]
    if sys.version_info >= (3, 12):
        exec("type Again = Again\ntype Grown[X] = list[Grown[list[X]]]", names)
        hints += [names["Again"], names["Grown"][int]]
    for hint in hints:
        with pytest.raises(TypeError, match="is nothing but itself, or is made of ever larger kinds of itself"):
            schema_of(hint)


BASE = """
from __future__ import annotations
from dataclasses import dataclass
@dataclass
class Node:
    value: int
    next: Node | None
"""


def test_a_name_in_a_base_class_is_what_it_is_there():
    """Though the derived class has the same name, as a class that extends another of the same kind often has."""
    base = types.ModuleType("base_of_nodes")
    sys.modules[base.__name__] = base
    try:
        exec(BASE, vars(base))
        derived = dataclasses.make_dataclass("Node", [("more", int)], bases=(base.Node,))
        found = parse_answer('{"value": 1, "next": {"value": 2, "next": null}, "more": 3}', derived)
        assert found == derived(1, base.Node(2, None), 3)
    finally:
        del sys.modules[base.__name__]


@pydantic.dataclasses.dataclass
class Priced:
    price: int = pydantic.Field(gt=0)
    count: int = pydantic.Field(default=1, gt=0)


def test_a_field_of_pydantic_is_a_default_only_where_it_has_one():
    """`Field(gt=0)` in a dataclass of pydantic's is no default."""
    assert parse_answer('{"price": 2, "count": null}', Priced) == Priced(2, 1)
    assert schema_of(Priced)["properties"]["price"] == {"type": "integer", "description": "Must be more than 0."}


@pydantic.dataclasses.dataclass
class Named(Generic[T]):
    name: Annotated[str, pydantic.Field(alias="Name", min_length=1)]
    inner: "Optional[Named[T]]"  # noqa: UP045
    value: Optional[T] = None  # noqa: UP045

    @pydantic.field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == "SECRET":
            raise ValueError("no such name")
        return name


@pytest.mark.parametrize("name", ["", "SECRET"])
def test_a_dataclass_of_pydantic_says_what_a_model_does(name: str):
    """By its own schema and its own check: names, bounds, and the place and reason of what it refuses."""
    inner = {"Name": name, "inner": None, "value": None}
    for kind, answer, place in [
        (Named[int], {"Name": "a", "inner": inner, "value": 1}, "$.inner.Name"),
        (list[Named[int]], {"value": [inner]}, "$.value[0].Name"),
    ]:
        with pytest.raises(ParseError) as caught:
            parse_answer(json.dumps(answer), kind)
        assert caught.value.json_path == place
        assert ("no such name" in str(caught.value.told)) is bool(name)
        assert "SECRET" not in str(caught.value)
    assert parse_answer('{"Name": "a", "inner": null, "value": 1}', Named[int]).value == 1


def test_a_field_of_pydantic_as_the_default_of_another_class_is_refused():
    """It would be the value, and its bounds would be nobody's."""
    bounded: Any = pydantic.Field(gt=0)
    classes = [
        dataclasses.make_dataclass("D", [("a", int, bounded)]),
        attrs.make_class("A", {"a": attrs.field(type=int, default=bounded)}),
        type("N", (NamedTuple("N", [("a", int)]),), {"_field_defaults": {"a": bounded}}),
    ]
    for each in classes:
        with pytest.raises(TypeError, match=r"\.a: a Field of pydantic's is the default itself .* write Annotated"):
            schema_of(each)
