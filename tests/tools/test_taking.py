"""The words of a call are checked and converted before a function gets them, or the model is told what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from bedrock_openai_http import CustomTool, FunctionTool, ToolError
from bedrock_openai_http.tools.toolbox import Prepared, Toolbox
from bedrock_openai_http.values.messages import CustomCall, CustomToolCall, FunctionCall, ToolCall


class Unit(Enum):
    CELSIUS = "C"


@dataclass
class Place:
    city: str
    country: str = "CH"


def strict(
    place: Place, days: Annotated[int, {"minimum": 1}] = 3, unit: Unit | None = Unit.CELSIUS, on: date | None = None
) -> Any:
    """Return what came."""
    return place, days, unit, on


def loose(tags: dict[str, int], more: Any = "default", name: str = "default", other: str | None = "default") -> Any:
    """Return what came."""
    return tags, more, name, other


def nothing() -> str:
    """Take nothing."""
    return "ran"


def placed(a: int, b: int = 2, /) -> Any:
    """Return what came."""
    return a, b


class Due(BaseModel):
    day: date


def modelled(due: Due) -> Any:
    """Return what came."""
    return due


def prepared(tool: Any, text: str) -> Prepared | Exception:
    box = Toolbox([tool], awaits=False)
    return box.prepared(ToolCall("c", FunctionCall(box.definitions[0].name, text)))


def came(tool: Any, text: str) -> Any:
    """Return what the function of a tool returns, for a call with these words."""
    found = prepared(tool, text)
    assert isinstance(found, Prepared), found
    return found.run()


def told(tool: Any, text: str) -> str:
    """Return what the model is told of a call with these words."""
    found = prepared(tool, text)
    assert isinstance(found, ToolError)
    return str(found)


BERN = '"place": {"city": "Bern", "country": null}'


@pytest.mark.parametrize(
    ("function", "text", "values"),
    [
        (strict, f'{{{BERN}, "days": null, "unit": "C", "on": null}}', (Place("Bern"), 3, Unit.CELSIUS, None)),
        (strict, f"{{{BERN}}}", (Place("Bern"), 3, Unit.CELSIUS, None)),
        (strict, f' {{{BERN}, "unit": null, "on": "2026-01-02"}} ', (Place("Bern"), 3, None, date(2026, 1, 2))),
        (loose, '{"tags": {"a": 1}}', ({"a": 1}, "default", "default", "default")),
        (loose, '{"tags": {}, "more": null, "name": null, "other": null}', ({}, None, "default", None)),
        (loose, '{"tags": {}, "more": [1], "name": "n", "other": "o"}', ({}, [1], "n", "o")),
        (nothing, "", "ran"),
        (nothing, " \n", "ran"),
        (nothing, "{}", "ran"),
        (placed, '{"a": 1}', (1, 2)),
        (placed, '{"a": 1, "b": 3}', (1, 3)),
    ],
)  # fmt: skip
def test_arguments_become_python_values(function: Callable[..., Any], text: str, values: Any) -> None:
    """Dates, enums and dataclasses come as such; what has a default may be null or missing."""
    assert came(function, text) == values


@pytest.mark.parametrize(
    ("function", "text", "words"),
    [
        (strict, "{", ["one JSON object: ", "at character 1", "They were: {"]),
        (strict, '{"place": NaN}', ["NaN is not JSON"]),
        (strict, "[]", ["another kind of value", "The parameters are: place, days, unit, on."]),
        (strict, '"{}"', ["another kind of value"]),
        (strict, "```json\n{}\n```", ["one JSON object"]),
        (strict, "{} {}", ["one JSON object"]),
        (placed, '{"a": 1, "a": 2}', ["one JSON object: a name occurs twice in an object", '{"a": 1, "a": 2}']),
        (loose, '{"tags": {"x": 1, "x": 1}}', ["one JSON object: a name occurs twice"]),
        (
            (FunctionTool("own", parameters={"type": "object"}), lambda **given: given),
            '{"x": [{"n": 1, "n": 2}]}',
            ["one JSON object: a name occurs twice"],
        ),
        (strict, "", ["$.place: is required [required]"]),
        (strict, "{}", ["$.place: is required [required]", "The parameters are: place, days, unit, on."]),
        (strict, f'{{{BERN}, "days": "three"}}', ["$.days: must be an integer or null"]),
        (strict, f'{{{BERN}, "days": 0}}', ["$.days: ", "[minimum]"]),
        (strict, f'{{{BERN}, "on": "SECRET"}}', ["$.on: "]),
        (strict, f'{{{BERN}, "SECRET": 1}}', ["$: ", "[additionalProperties]"]),
        (strict, '{"place": {"city": "SECRET"}}', ["$.place.country: is required [required]"]),
        (strict, '{"place": "SECRET"}', ["$.place: ", "[type]"]),
        (loose, '{"tags": {"a": "SECRET"}}', ["$.tags.a: ", "[type]"]),
        (loose, '{"more": 1}', ["$.tags: is required"]),
        (modelled, '{"due": {"day": "0"}}', ["$.due.day: must be a date of RFC 3339"]),
        (nothing, '{"SECRET": 1}', ["It has no parameters."]),
        (nothing, '{"a": "\ud800"', ["one JSON object", "\ufffd"]),
    ],
)
def test_the_model_is_told_what_is_wrong(function: Callable[..., Any], text: str, words: list[str]) -> None:
    """Wrong arguments are told by path and rule with the names of the parameters, and without their values."""
    said = told(function, text)
    assert said.startswith("This call was not run. Its arguments ")
    assert [each for each in words if each not in said] == []
    assert "SECRET" not in said


def test_long_arguments_that_are_no_json_are_told_in_part() -> None:
    """What is told of broken arguments has a limit."""
    assert len(told(nothing, "x" * 100_000)) < 1300


SCHEMA = {
    "type": "object",
    "properties": {"on": {"type": "string"}, "count": {"type": "integer", "maximum": 5}},
    "required": ["on"],
}
OWN = FunctionTool("own", parameters=SCHEMA)


def hinted(on: date, count: int = 2) -> Any:
    return on, count


def unhinted(on, count=2):  # type: ignore[no-untyped-def]
    return on, count


def any_names(on: date, **rest: Any) -> Any:
    return on, rest


def of_callables(on: Callable[[], None], count: int = 2) -> Any:
    return on, count


DAY = '{"on": "2026-01-02", "count": 4}'


@pytest.mark.parametrize(
    ("function", "text", "values"),
    [
        (hinted, DAY, (date(2026, 1, 2), 4)),
        (hinted, '{"on": "2026-01-02"}', (date(2026, 1, 2), 2)),
        (unhinted, DAY, ("2026-01-02", 4)),
        (any_names, '{"on": "2026-01-02", "count": 4, "more": [1]}', (date(2026, 1, 2), {"count": 4, "more": [1]})),
        (of_callables, DAY, ("2026-01-02", 4)),
        (lambda **all: all, '{"on": "a"}', {"on": "a"}),
        (lambda on, /, count=1: (on, count), '{"on": "a"}', ("a", 1)),
    ],
)
def test_a_schema_of_the_callers_own(function: Callable[..., Any], text: str, values: Any) -> None:
    """Of a pair the schema is the caller's, and hints convert as far as they can be said; others get plain JSON."""
    assert came((OWN, function), text) == values


def test_a_schema_of_the_callers_own_need_not_be_one_that_can_be_strict() -> None:
    """What is said twice of one name stays as it is: the schema of a tool is sent as it was given."""
    twice = SCHEMA | {"allOf": [{"properties": {"count": {"type": "number"}}}]}
    assert came((FunctionTool("own", parameters=twice), unhinted), DAY) == ("2026-01-02", 4)


@pytest.mark.parametrize(
    ("function", "text", "words"),
    [
        (hinted, "{}", "$.on: is required [required]"),
        (hinted, '{"on": "2026-01-02", "count": 6}', "$.count: "),
        (hinted, '{"on": "no date"}', "$.on: "),
        (hinted, '{"on": "2026-01-02", "SECRET": 1}', "has a member that is no parameter [additionalProperties]"),
        (lambda on, more: None, '{"on": "a"}', "more is missing [required]"),
        (lambda: None, '{"on": "a"}', "has a member that is no parameter"),
    ],
)
def test_what_neither_schema_nor_function_takes(function: Callable[..., Any], text: str, words: str) -> None:
    """Arguments that break the caller's schema, or that the function could not be called with, are told."""
    said = told((OWN, function), text)
    assert words in said
    assert "The parameters are: on, count." in said
    assert "SECRET" not in said


def test_a_pair_made_from_the_function_is_the_function() -> None:
    """With the tool that was made of the function a null stands for a default, as it does for the function alone."""
    pair = (FunctionTool.from_function(strict, name="renamed"), strict)
    assert came(pair, f'{{{BERN}, "days": null}}') == (Place("Bern"), 3, Unit.CELSIUS, None)
    assert Toolbox([pair], awaits=False).definitions[0].name == "renamed"


def test_a_tool_without_parameters_takes_any_object() -> None:
    """A FunctionTool without a schema leaves it to the function."""
    assert came((FunctionTool("own"), lambda **all: all), '{"a": 1}') == {"a": 1}
    assert came((FunctionTool("own"), lambda: "ran"), "") == "ran"


def test_a_custom_tool_gets_the_text() -> None:
    """The function of a custom tool is called with the input, whatever it is."""
    box = Toolbox([(CustomTool("sql"), str.upper)], awaits=False)
    found = box.prepared(CustomToolCall("c", CustomCall("sql", "select 1")))
    assert isinstance(found, Prepared)
    assert (found.run(), found.shown()) == ("SELECT 1", "select 1")


def test_a_call_of_another_kind_or_name_is_told() -> None:
    """The model is told which tools there are, and what kind of words one takes."""
    box = Toolbox([(CustomTool("sql"), str.upper), nothing], awaits=False)
    said = [
        str(box.prepared(call))
        for call in (
            ToolCall("c", FunctionCall("SECRET", "{}")),
            ToolCall("c", FunctionCall("sql", "{}")),
            CustomToolCall("c", CustomCall("nothing", "a")),
        )
    ]
    assert said == [
        "This call was not run. There is no tool of that name; the tools are: sql, nothing.",
        "This call was not run. The tool takes free text, as a custom tool.",
        "This call was not run. The tool takes JSON arguments, as a function.",
    ]


def test_what_before_call_is_shown_is_its_own() -> None:
    """Who changes the arguments that are shown does not change what the tool gets."""
    found = prepared(placed, '{"a": 1}')
    assert isinstance(found, Prepared)
    found.shown()["a"] = 7
    assert (found.shown(), found.run()) == ({"a": 1}, (1, 2))


async def awaited() -> None: ...
def colour(name: Literal["red"]) -> None: ...


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ([], "there is none"),
        (nothing, "must be a list of functions, not function"),
        (None, "must be a list of functions"),
        ([nothing, nothing], "tools[1]: two tools are called 'nothing'"),
        ([nothing, (FunctionTool("nothing"), colour)], "tools[1]: two tools are called 'nothing'"),
        ([OWN], "tools[0]: own: there is nothing to run"),
        (["nothing"], "tools[0]: must be a function, or a pair"),
        ([(OWN, "nothing")], "tools[0]: a pair must be"),
        ([(nothing, OWN)], "tools[0]: a pair must be"),
        ([(OWN, nothing, 1)], "tools[0]: a pair must be"),
        ([{"type": "function"}], "tools[0]: must be a function, or a pair"),
        ([awaited], "tools[0]: awaited is a coroutine function, which AsyncClient takes"),
        ([(OWN, awaited)], "tools[0]: own is a coroutine function"),
        ([lambda a: a], "give name= to FunctionTool.from_function"),
        ([(FunctionTool("own", parameters={"type": "odd"}), nothing)], "the JSON schema is none"),
    ],
)
def test_what_is_no_tool(tools: Any, words: str) -> None:
    """What cannot be a tool is a TypeError that names its place and says what to give instead."""
    with pytest.raises(TypeError) as caught:
        Toolbox(tools, awaits=False)
    assert words in str(caught.value)


@pytest.mark.parametrize("ref", ["#/nope", "http://127.0.0.1:9/x", "#/properties/a"])
def test_a_schema_that_refers_to_what_is_not_there_is_no_tool(ref: str) -> None:
    """It would fail at the first call that has such a member, when others have been paid for."""
    schema = {"type": "object", "properties": {"a": {"$ref": ref}}}
    with pytest.raises(TypeError, match="refers to"):
        Toolbox([(FunctionTool("pay", parameters=schema), lambda **given: given)], awaits=False)
