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

import annotated_types
import pytest

from bedrock_openai_http import schema_of

T = TypeVar("T")
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


class Bare:
    pass


#: What stands within others, at a place with a name.
Holder = make_dataclass("Holder", [("inner", list[dict[str, int]])])

OPEN, ANY = "write a dataclass or a TypedDict", "name the kinds that it may be"
SETS, OF_WHAT = r"a set has no JSON; write list\[T\]", r"does not say of what; write .*list\[T\]"
NO_KIND, SAME = (
    "no kind that JSON can hold; write a dataclass",
    "two kinds of the union have the same JSON.*give each",
)

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
    (Bare, "^Bare: .*" + NO_KIND),
    (type[A], NO_KIND),
    (typing.NoReturn, "it has no values"),
    (A(1), "must be a type, and is a value of the class A"),
    (Union[A, B], r"^(A \| B|Union\[.*A, .*B\]): " + SAME),  # noqa: UP007
    (list[A] | list[B], SAME),
    (str | datetime, SAME),
    (str | Decimal, SAME),
    (tuple[int, ...] | list[int], SAME),
    (OneDefault | OtherDefault, SAME),
    (Annotated[str, {"minimum": 1}], "minimum says nothing of such a value; bounds are"),
    (Annotated[int, {"colour": 1}], "colour says nothing of such a value"),
    (Annotated[datetime, annotated_types.Ge(datetime(2020, 1, 1))], "minimum says nothing of such a value"),  # noqa: DTZ001
    (Annotated[Decimal, annotated_types.Ge(1)], "minimum says nothing of such a value"),
    (Annotated[int, annotated_types.Ge(Decimal(7))], "minimum must be a number"),
    (Annotated[int, {"minimum": "1"}], "minimum must be a number"),
    (Annotated[int, {"minimum": float("nan")}], "minimum must be a number"),
    (Annotated[int, {"multipleOf": 0}], "multipleOf must be a number above 0"),
    (Annotated[str, {"maxLength": -1}], "maxLength must be an integer of at least 0"),
    (Annotated[str, {"minLength": True}], "minLength must be an integer of at least 0"),
    (Annotated[str, {"pattern": "("}], "pattern must be a regular expression that Python reads"),
    (Annotated[list[int], {"uniqueItems": 1}], "uniqueItems must be true or false"),
    (list[STRING], "a JSON schema stands alone"),  # type: ignore[valid-type]
    (dataclasses.field(), NO_KIND),
]


@pytest.mark.parametrize(("hint", "words"), CANNOT, ids=[str(index) for index in range(len(CANNOT))])
def test_what_cannot_be_said_is_told_with_its_place_and_what_to_write(hint: Any, words: str):
    with pytest.raises(TypeError, match=words):
        schema_of(hint)
