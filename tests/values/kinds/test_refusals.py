"""What cannot be asked for: a TypeError at once that names the place and says what to write instead."""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import enum
import typing
from dataclasses import InitVar, dataclass, make_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Callable, Dict, Generic, List, Literal, Mapping, Optional, Tuple, TypeVar, Union  # noqa: UP035

import annotated_types as at
import pytest
from pydantic import BaseModel
from typing_extensions import TypeVarTuple, Unpack

from bedrock_openai_http import schema_of
from bedrock_openai_http.values.kinds.reading import kind_of

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Untyped = collections.namedtuple("Untyped", "a b")


class Switches(enum.Flag):
    A = 1


class Pairs(enum.Enum):
    A = (1, 2)


class Nothing(enum.Enum):
    pass


@dataclass
class Given:
    a: InitVar[int]


@dataclass
class Unresolved:
    a: Nowhere  # noqa: F821


@dataclass
class Page(Generic[T]):
    items: list[T]


@dataclass
class A:
    x: int


@dataclass
class B:
    x: int


@dataclass
class OneDefault:
    kind: Literal["a", "b"] = "a"


@dataclass
class OtherDefault:
    kind: Literal["c", "d"] = "c"


@dataclass
class Many(Generic[Unpack[Ts]]):
    x: tuple[Unpack[Ts]]


class NoNumber(enum.Enum):
    A = float("nan")


class NoSchema(BaseModel):
    function: Callable[[int], int]


class NotWhole(BaseModel):
    x: Nowhere  # noqa: F821


@dataclass
class NoHint:
    x: "int or"  # noqa: F722


@dataclass
class NoModule:
    x: dataclasses.Missing


class Bare:
    pass


#: What stands within others, at a place with a name.
Holder = make_dataclass("Holder", [("inner", list[dict[str, int]])])

OPEN, ANY = "write a dataclass or a TypedDict", "name the kinds that it may be"
SETS, OF_WHAT = r"a set has no JSON; write list\[T\]", r"does not say of what; write .*list\[T\]"
NO_KIND, SAME = (
    "no kind that JSON can hold; write a dataclass",
    "two kinds of the union have the same JSON.*give each .* or leave one out$",
)
SAME_VALUES = "two kinds of the union have the same JSON, so that nobody can tell which is meant; leave one out$"

STRING = {"type": "string"}
CANNOT: list[tuple[Any, str]] = [
    (dict, OPEN),
    (Dict, OPEN),  # noqa: UP006
    (dict[str, int], OPEN),
    (Mapping[str, int], OPEN),
    (Holder, r"^Holder.inner\[\]: .*" + OPEN),
    (Any, ANY),
    (object, ANY),
    (Optional[Any], ANY),  # noqa: UP045
    (list[Any], r"^list\[Any\]\[\]: .*" + ANY),
    (set[int], SETS),
    (frozenset[str], SETS),
    (collections.abc.Set[int], SETS),
    (Callable[[int], int], "a function cannot come from JSON; write the data"),
    (collections.abc.Callable, "a function cannot come from JSON; write the data"),
    (len, NO_KIND),
    (list, OF_WHAT),
    (List, OF_WHAT),  # noqa: UP006
    (collections.abc.Sequence, OF_WHAT),
    (tuple, OF_WHAT),
    (Tuple, OF_WHAT),  # noqa: UP006
    (tuple[()], "an empty tuple has nothing to be asked for; leave it out"),
    (bytes, "texts only; write str"),
    (complex, "write a dataclass with both parts"),
    ("Nowhere", "'Nowhere' is a name that is not resolved; give the class itself"),
    (Unresolved, "^Unresolved: .*'Nowhere', which is not there; define classes at the top of a module"),
    (T, r"^~T: T stands for no type; give one in brackets"),
    (Page, r"^Page.items\[\]: T stands for no type; give one in brackets, as in Page\[Item\]"),
    (Switches, "Switches must have members, with texts or numbers"),
    (Pairs, "Pairs must have members, with texts or numbers"),
    (Nothing, "Nothing must have members, with texts or numbers"),
    (Literal[b"a"], "b'a' is no value of JSON; write its kind"),
    (Literal[Switches.A], "is no value of JSON; write its kind, such as the Enum itself"),
    (Given, "^Given.a: an InitVar cannot come from JSON; make it a field"),
    (Untyped, "^Untyped.a: has no type hint; make the class with typing.NamedTuple"),
    (Bare, "^Bare: .*" + NO_KIND + ", TypedDict, NamedTuple, Enum, .*Decimal"),
    (type[A], NO_KIND),
    (typing.NoReturn, "it has no values"),
    (A(1), "must be a type, and is a value of the class A"),
    (Union[A, B], r"^(A \| B|Union\[.*A, .*B\]): " + SAME),  # noqa: UP007
    (list[A] | list[B], SAME),
    (str | datetime, SAME_VALUES),
    (str | Decimal, SAME_VALUES),
    (tuple[int, ...] | list[int], SAME_VALUES),
    (OneDefault | OtherDefault, SAME),
    (Annotated[str, {"minimum": 1}], "minimum says nothing of such a value; bounds are"),
    (Annotated[int, {"colour": 1}], "colour says nothing of such a value"),
    (Annotated[datetime, at.Ge(datetime(2020, 1, 1))], "minimum says nothing of such a value"),  # noqa: DTZ001
    (Annotated[Decimal, at.Ge(1)], "minimum says nothing of such a value"),
    (Annotated[int, at.Ge(Decimal(7))], "minimum must be a number"),
    (Annotated[int, {"minimum": "1"}], "minimum must be a number"),
    (Annotated[int, {"minimum": float("nan")}], "minimum must be a number"),
    (Annotated[int, {"multipleOf": 0}], "multipleOf must be a number above 0"),
    (Annotated[str, {"maxLength": -1}], "maxLength must be an integer of at least 0"),
    (Annotated[str, {"minLength": True}], "minLength must be an integer of at least 0"),
    (Annotated[str, {"pattern": "("}], "pattern must be a regular expression that Python reads"),
    (Annotated[list[int], {"uniqueItems": 1}], "uniqueItems must be true or false"),
    (at.UpperCase[str], "Predicate cannot be checked"),
    (Annotated[datetime, at.Timezone(...)], "Timezone cannot be checked"),
    (Annotated[list[int], slice(3, 10)], "slice cannot be checked"),
    (Annotated[int, {"minimum": float("inf")}], "minimum must be a number"),
    (tuple[int, Unpack[tuple[str, ...]]], r"nobody knows what stands where in it; write tuple\[A, B\]"),
    (Many[int, str], "Many: Ts stands for any number of types; write a class with these types"),
    (Literal[()], "an empty Literal has no values"),
    (NoNumber, "NoNumber must have members, with texts or numbers"),
    ({"enum": []}, "schema.value: enum lists no value; give it some"),
    (NoSchema, "NoSchema has no JSON schema, PydanticInvalidForJsonSchema: "),
    (NotWhole, "NotWhole has no JSON schema, PydanticUserError: .*Nowhere"),
    (BaseModel, "BaseModel has no JSON schema"),
    (NoHint, "NoHint: a type hint cannot be read, SyntaxError"),
    (NoModule, "NoModule: a type hint cannot be read, AttributeError"),
    (list[STRING], "a JSON schema stands alone"),  # type: ignore[valid-type]
    (dataclasses.field(), NO_KIND),
]


@pytest.mark.parametrize(("hint", "words"), CANNOT, ids=[str(index) for index in range(len(CANNOT))])
def test_what_cannot_be_said_is_told_with_its_place_and_what_to_write(hint: Any, words: str):
    with pytest.raises(TypeError, match=words):
        schema_of(hint)


@pytest.mark.parametrize(
    "wrapper",
    [
        {"type": "json_schema", "json_schema": {"name": "a", "schema": STRING, "strict": True}},
        {"name": "a", "schema": STRING, "strict": True},
        {"schema": STRING},
    ],
)
def test_a_response_format_is_told_to_be_no_schema(wrapper: Any):
    """It holds one."""
    with pytest.raises(TypeError, match="is a response_format, and no JSON schema: give what is in its `schema`"):
        schema_of(wrapper)
    named = {"type": "object", "properties": {"schema": {"type": "object", "properties": {"schema": STRING}}}}
    assert schema_of(named)["required"] == ["schema"]


def test_a_schema_that_is_nested_without_end_is_told_to_be():
    """By many levels, or since it holds itself."""
    inner: dict[str, Any] = STRING
    for _ in range(400):
        inner = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    itself: dict[str, Any] = {"type": "array"}
    itself["items"] = itself
    for schema in (inner, itself):
        with pytest.raises(TypeError, match=r"^schema: is nested too deeply; put parts of it into \$defs"):
            kind_of(schema)
