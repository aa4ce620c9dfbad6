"""What is said of a value that does not fit a schema of the caller's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bedrock_openai_http.validation.instances import misfits
from bedrock_openai_http.values.kinds.kind import Misfit


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def said(schema: dict[str, Any], value: Any) -> list[str]:
    """Return what is said, each by place, rule and words."""
    return [f"{'.'.join(map(str, each.path))} {each.rule} {each.message}" for each in misfits(schema, value)]


INTEGER, NUMBER, TEXT, NULL = ({"type": name} for name in ("integer", "number", "string", "null"))
CIRCLE = closed(kind={"const": "circle"}, r=NUMBER, color={"enum": ["red", "blue"]})
SQUARE = closed(kind={"type": "string", "enum": ["square"]}, side=NUMBER)
SHAPES = {"anyOf": [CIRCLE, SQUARE, NULL]}
NESTED = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "anyOf": [{"const": 1}, {"type": "array", "items": {"$ref": "#"}}],
}
NONE_FITS = "fits none of the kinds that may stand here"


@pytest.mark.parametrize(
    ("schema", "value", "flaws"),
    [
        # the tag says which alternative was meant
        (SHAPES, {"kind": "circle", "r": "x", "color": "red"}, ["r type must be a number"]),
        (SHAPES, {"kind": "circle", "r": 1, "color": "green"}, ['color enum must be one of "red", "blue"']),
        (SHAPES, {"kind": "square"}, ["side required is required"]),
        (SHAPES, {"kind": "star"}, ['kind enum must be one of "circle", "square"']),
        (SHAPES, {"kind": 5, "side": 1}, ['kind enum must be one of "circle", "square"']),
        (SHAPES, "x", [" anyOf must be an object or null"]),
        ({"oneOf": [SHAPES, TEXT]}, {"kind": "square", "side": "x"}, ["side type must be a number"]),
        (
            {"anyOf": [CIRCLE, closed(kind={"enum": ["a", "b"]}, x=INTEGER)]},
            {"kind": "b"},
            ["x required is required"],
        ),
        # without a tag the one that is followed furthest
        (
            {"anyOf": [closed(a=TEXT, b=TEXT), closed(a=TEXT, c=TEXT)]},
            {"a": "x", "c": 1},
            ["c type must be a string"],
        ),
        ({"anyOf": [{"items": INTEGER}, {"items": TEXT}]}, [1, "x"], ["1 type must be an integer"]),
        ({"anyOf": [{"items": INTEGER}, {"items": TEXT}]}, [None], [f" anyOf {NONE_FITS}"]),
        ({"anyOf": [closed(a=TEXT), closed(a=TEXT)]}, {"a": 1}, ["a type must be a string"]),
        ({"anyOf": [{"minimum": 1}, {"maximum": -1}]}, 0, [f" anyOf {NONE_FITS}"]),
        (NESTED, [[2]], ["0.0 anyOf must be an array, or 1"]),
        # values and types in one
        ({"anyOf": [{"const": 1}, {"type": "string", "enum": ["a"]}]}, 2, [' anyOf must be one of 1, "a"']),
        ({"anyOf": [{"const": 1}, TEXT]}, True, [" anyOf must be a string, or 1"]),
        ({"oneOf": [INTEGER, NUMBER]}, 1, [" oneOf must fit exactly one of the kinds that may stand here"]),
        ({"required": ["a", "b"]}, {}, ["a required is required", "b required is required"]),
    ],
)
def test_of_alternatives_the_nearest_is_told(schema: dict[str, Any], value: Any, flaws: list[str]) -> None:
    """By its tag, else by how far the value follows it; and nothing is said that is not true of each alternative."""
    assert said(schema, value) == flaws


@pytest.mark.parametrize(
    ("value", "unit", "is_multiple"),
    [(0.29, 0.01, True), (0.57, 0.01, True), (1.15, 0.01, True), (19.99, 0.01, True), (19.995, 0.01, False)]
    + [(7, 3.5, True), (7, 2, False), (7.0, 7, True), (10**400, 0.1, True), (1.5, 10**400, False)],
)
def test_a_multiple_is_one_of_the_number_that_is_written(value: float, unit: float, is_multiple: bool) -> None:
    """19.99 is so many hundredths, though not as a binary fraction; numbers of any size are compared."""
    assert (not said({"multipleOf": unit}, value)) is is_multiple


@pytest.mark.parametrize(
    ("items", "is_unique"),
    [
        ([1, True, "1", None], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], False),
        ([[], {}], True),
    ],
)
def test_items_are_the_same_where_json_says_so(items: list[Any], is_unique: bool) -> None:
    """1 and 1.0 are the same, and so are objects in another order; 1, true and "1" are not."""
    assert (not said({"uniqueItems": True}, items)) is is_unique


def test_an_array_of_different_items_takes_no_time() -> None:
    """Each item is looked at once, and not held against each other one."""
    began = time.process_time()
    assert not said({"uniqueItems": True}, [{"v": number} for number in range(4000)])
    assert time.process_time() - began < 1


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize("tag_is_last", [False, True])
def test_alternatives_within_alternatives_take_no_time(keyword: str, tag_is_last: bool) -> None:
    """A wrong leaf thirty levels down is found at once: each part is held against each alternative once."""

    def form(tag: str, **members: Any) -> dict[str, Any]:
        kind = {"kind": {"const": tag}}
        return closed(**members, **kind) if tag_is_last else closed(**kind, **members)

    term = {"$ref": "#/$defs/term"}
    binary = [form(tag, left=term, right=term) for tag in ("add", "mul", "sub")]
    schema = {**closed(term=term), "$defs": {"term": {keyword: [form("num", v=INTEGER), *binary]}}}
    value: dict[str, Any] = {"kind": "num", "v": "x"}
    for level in range(30):
        value = {"kind": "add" if level % 2 else "mul", "left": {"kind": "num", "v": 1}, "right": value}
    began = time.process_time()
    assert said(schema, {"term": value}) == [f"term{'.right' * 30}.v type must be an integer"]
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("schema", "name"),
    [({"$ref": "#/$defs/lost"}, "Error"), ({"$ref": "#"}, "RecursionError"), ({"pattern": "("}, "rror")],
)
def test_what_a_schema_fails_by_is_raised_as_a_misfit(schema: dict[str, Any], name: str) -> None:
    """A reference that leads nowhere and a schema that leads to itself are told as the schema's own fault."""
    with pytest.raises(Misfit, match="cannot be checked, which is a fault of its schema") as caught:
        said(schema, "SECRET")
    assert name in caught.value.message
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_very_deep_value_is_a_misfit_of_its_own() -> None:
    """What is nested deeper than it can be followed is the fault of the value."""
    value: list[Any] = []
    for _ in range(390):
        value = [value]
    assert said({"type": "array", "items": {"$ref": "#"}}, value) == [" value is nested too deeply"]
