"""`FunctionTool.from_function`: what a model is told of a function, and which functions it cannot be told of."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import jsonschema
import pydantic
import pytest

from bedrock_openai_http import ChatCompletionRequest, FunctionTool, UserMessage, validate_request
from bedrock_openai_http.values.kinds.functions import given_by_place, is_async, parameters_of

if TYPE_CHECKING:
    from decimal import Decimal

    from nowhere import Missing  # type: ignore[import-not-found]


@dataclass
class Place:
    """A place on earth."""

    city: str
    country: str | None = None


def forecast(
    place: Place,
    days: Annotated[int, "How many days, from today on."] = 3,
    unit: Literal["C", "F"] = "C",
    since: date | None = None,
) -> str:
    """Return the forecast for a place.

    It is for public use.

    Args:
        place: Where.
        days: Not read, as the hint says more.
        unit: In which unit.
        since: The first day.
    """
    return f"{place} {days} {unit} {since}"


class Shop:
    """A shop."""

    def refund(self, order: str) -> str:
        """Pay back what an order cost."""
        return order

    @classmethod
    def opened(cls, year: int) -> int:
        """Tell when."""
        return year

    @staticmethod
    def hours(day: str) -> str:
        """Tell the hours of a day."""
        return day

    def __call__(self, item: str) -> str:
        """Tell the price."""
        return item


async def awaited(order: str) -> str:
    """Pay back, later."""
    return order


def placed(a: int, b: int = 2, /, c: int = 3, *, d: int) -> tuple[int, ...]:
    """Do something with numbers."""
    return a, b, c, d


def test_what_a_model_is_told_of_a_function() -> None:
    """Name, docstring and hints of a function become a strict tool that a request may hold."""
    tool = FunctionTool.from_function(forecast)
    assert (tool.name, tool.strict) == ("forecast", True)
    assert tool.description == "Return the forecast for a place.\n\nIt is for public use."
    schema: Any = tool.parameters
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert schema["required"] == ["place", "days", "unit", "since"]
    members = schema["properties"]
    assert members["days"]["description"] == "How many days, from today on."
    assert members["days"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]
    assert members["unit"]["description"] == "In which unit."
    assert "Where." in str(members["place"])
    assert schema["$defs"]["Place"]["required"] == ["city", "country"]
    validate_request(ChatCompletionRequest("m", [UserMessage("a")], tools=[tool]))


@pytest.mark.parametrize(
    ("function", "name", "description", "members"),
    [
        (Shop().refund, "refund", "Pay back what an order cost.", ["order"]),
        (Shop.opened, "opened", "Tell when.", ["year"]),
        (Shop.hours, "hours", "Tell the hours of a day.", ["day"]),
        (awaited, "awaited", "Pay back, later.", ["order"]),
        (functools.partial(forecast, days=1, unit="F"), "forecast", None, ["place", "since"]),
        (functools.partial(forecast, Place("Bern")), "forecast", None, ["days", "unit", "since"]),
        (functools.partial(functools.partial(placed, d=4), 1), "placed", None, ["b", "c"]),
        (functools.partial(Shop().refund), "refund", None, ["order"]),
        (placed, "placed", "Do something with numbers.", ["a", "b", "c", "d"]),
        (functools.wraps(awaited)(lambda order: order), "awaited", "Pay back, later.", ["order"]),
    ],
)
def test_kinds_of_functions(
    function: Callable[..., Any], name: str, description: str | None, members: list[str]
) -> None:
    """Methods, partials and coroutine functions are told of by what is still to be given to them."""
    tool = FunctionTool.from_function(function)
    assert tool.name == name
    assert description is None or tool.description == description
    assert list((tool.parameters or {})["properties"]) == members


def test_name_and_description_can_be_given() -> None:
    """What is given replaces the function's own, which an object or a lambda has not."""
    tool = FunctionTool.from_function(Shop(), name="price", description="Ask for a price.")
    assert (tool.name, tool.description) == ("price", "Ask for a price.")
    assert FunctionTool.from_function(Shop(), name="price").description == "Tell the price."
    nothing = FunctionTool.from_function(lambda: None, name="now")
    assert (nothing.description, nothing.strict, (nothing.parameters or {})["properties"]) == (None, True, {})


def test_a_bound_in_the_hint_leaves_the_docstring_its_word() -> None:
    """`Annotated` with a bound alone does not take the place of what the docstring says."""

    def wait(seconds: Annotated[int, {"minimum": 1}]) -> None:
        """Wait.

        :param seconds: How long.
        """

    schema: Any = FunctionTool.from_function(wait).parameters
    assert "How long." in schema["properties"]["seconds"]["description"]


def test_a_hint_that_leaves_open_what_comes_makes_an_open_tool() -> None:
    """With `Any` or an open dict the tool is not `strict`, and a default makes a member that may be absent."""

    def note(tags: dict[str, str], more: Any = None, count: int = 1) -> None: ...

    tool = FunctionTool.from_function(note)
    assert tool.strict is None
    assert (tool.parameters or {})["required"] == ["tags"]


def no_hint(a, b: int) -> None: ...  # type: ignore[no-untyped-def]
def several(*names: str) -> None: ...
def named(**names: str) -> None: ...
def of_type_checking(a: Missing, b: Decimal) -> None: ...
def of_callables(a: Callable[[], None]) -> None: ...
def of_a_field(a: int = pydantic.Field(gt=0)) -> None:
    """Do nothing."""


def of_sets(a: set[int]) -> None: ...


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_hint, "no_hint(a): has no type hint: write one, such as `a: str`"),
        (Shop.refund, "refund(self): has no type hint"),
        (several, "several(*names): a model cannot be told what goes there: name each parameter"),
        (named, "named(**names): a model cannot be told what goes there: name each parameter"),
        (of_type_checking, "is not there at run time"),
        (of_callables, "of_callables(a): "),
        (of_sets, "list[T]"),
        (of_a_field, "of_a_field(a): a Field of pydantic's would be its value: write Annotated[T, Field(...)]"),
        (lambda a: a, "give name= to FunctionTool.from_function"),
        (Shop(), "give name= to FunctionTool.from_function"),
        (Shop, "is no function"),
        ("refund", "is no function"),
        (max, "its parameters cannot be known"),
    ],
)
def test_what_a_model_cannot_be_told_of(function: Any, words: str) -> None:
    """A function that cannot be a tool is a TypeError that names the place and says what to do."""
    with pytest.raises(TypeError) as caught:
        FunctionTool.from_function(function)
    assert words in str(caught.value)


def test_values_are_given_by_place_where_there_is_no_name() -> None:
    """Positional-only parameters are given by position, an absent one by its default; others by name."""
    parameters = parameters_of(placed)
    args, named = given_by_place(parameters, {"a": 1, "d": 4})
    assert placed(*args, **named) == (1, 2, 3, 4)
    args, named = given_by_place(parameters, {"a": 1, "b": 7, "c": 8, "d": 9})
    assert placed(*args, **named) == (1, 7, 8, 9)


async def generated() -> Any:
    yield 1


class Awaited:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "is_so"),
    [
        (awaited, True),
        (functools.partial(awaited, "a"), True),
        (generated, True),
        (Awaited(), True),
        (Awaited().__call__, True),
        (forecast, False),
        (Shop(), False),
        (functools.partial(forecast), False),
        (None, False),
    ],
)
def test_what_must_be_awaited(function: Any, is_so: bool) -> None:
    """A coroutine function is seen through a partial, as a method and as the `__call__` of an object."""
    assert is_async(function) is is_so


def test_it_is_loaded_when_it_is_used() -> None:
    """Neither the package nor a plain FunctionTool loads what reads hints."""
    code = (
        "import sys; from bedrock_openai_http import FunctionTool; FunctionTool('a');"
        "assert not any(name.startswith('bedrock_openai_http.values.kinds') for name in sys.modules);"
        "FunctionTool.from_function(lambda: None, name='a'); assert 'jsonschema' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
