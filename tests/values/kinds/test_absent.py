"""Which of some alternatives of somebody else's schema is meant, where null stands for what could not be left out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Optional, Union
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, create_model

from bedrock_openai_http import ParseError, parse_answer

STRING, NULLABLE = {"type": "string"}, {"type": ["string", "null"]}
AN_ID = "12345678-1234-1234-1234-123456789abc"

#: Two schemas of one member by which alternatives differ, and a value that the second alone takes.
APART: list[tuple[dict[str, Any], dict[str, Any], Any]] = [
    ({"type": "string", "pattern": "^A"}, {"type": "string", "pattern": "^B"}, "B1"),
    ({"type": "integer", "maximum": 5}, {"type": "integer", "exclusiveMinimum": 5}, 6),
    ({"type": "integer"}, {"type": "number"}, 1.5),
    ({"type": "number", "multipleOf": 0.5}, {"type": "number"}, 0.3),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}, AN_ID),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}, "2026-11-29T18:30:00Z"),
    ({"type": "string", "maxLength": 1}, {"type": "string", "minLength": 2}, "xy"),
    ({"type": "array", "items": STRING, "maxItems": 1}, {"type": "array", "items": STRING}, ["x", "y"]),
    ({"type": "array", "items": STRING, "uniqueItems": True}, {"type": "array", "items": STRING}, ["x", "x"]),
    ({"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": {"type": "number"}}, [1, 1.5]),
    ({"anyOf": [{"type": "integer"}, {"const": "x"}]}, {"type": ["number", "string"]}, 1.5),
]


def alternative(member: Any, note: Any, *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"x": member, "note": note},
        "required": ["x", *required],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(("first", "second", "value"), APART)
@pytest.mark.parametrize("levels", [0, 4])
def test_bounds_formats_and_fractions_tell_which_alternative_is_meant(
    first: dict[str, Any], second: dict[str, Any], value: Any, levels: int
):
    """Whichever stands first, however deep: in one null is left out, in the other it is a value."""
    for _ in range(levels):
        first, second = (
            {"type": "object", "properties": {"in": each}, "required": ["in"]} for each in (first, second)
        )
        value = {"in": value}
    lacking, nullable = (STRING, ()), (NULLABLE, ("note",))
    given = {"x": value, "note": None}
    for (note_of_first, required), (note_of_second, also), meant in (
        (lacking, nullable, given),
        (nullable, lacking, {"x": value}),
    ):
        parts = [alternative(first, note_of_first, *required), alternative(second, note_of_second, *also)]
        for each in (parts, parts[::-1]):
            schema = {"type": "object", "properties": {"u": {"anyOf": each}}, "required": ["u"]}
            assert parse_answer(json.dumps({"u": given}), schema) == {"u": meant}


#: Two hints of one member by which models differ, and a value that the second alone takes.
HINTS: list[tuple[Any, Any, Any]] = [
    ((str, Field(pattern="^A")), (str, Field(pattern="^B")), "B1"),
    ((int, Field(le=5)), (int, Field(gt=5)), 6),
    ((int, ...), (float, ...), 1.5),
    ((date, ...), (UUID, ...), AN_ID),
]


@pytest.mark.parametrize(("first", "second", "value"), HINTS)
def test_models_within_a_model_are_told_apart_by_them_too(first: Any, second: Any, value: Any):
    """The first has a default for which null stands, and the second is null itself."""
    one = create_model("One", x=first, note=(str, "default"))
    other = create_model("Other", x=second, note=(Optional[str], ...))  # noqa: UP045
    holder: Any = create_model("Holder", u=(Union[one, other], ...))  # noqa: UP007
    assert type(parse_answer(json.dumps({"u": {"x": value, "note": None}}), holder).u) is other


def test_what_fits_no_alternative_is_told_by_those_of_its_types():
    """Where nothing fits, types and names still tell what null is."""
    parts = [
        alternative({"type": "integer", "maximum": 5}, STRING),
        alternative({"type": "string", "maxLength": 1}, NULLABLE, "note"),
    ]
    schema = {"type": "object", "properties": {"u": {"anyOf": parts}}, "required": ["u"]}
    with pytest.raises(ParseError, match="must be at most 5") as caught:
        parse_answer(json.dumps({"u": {"x": 6, "note": None}}), schema)
    assert caught.value.json_path == "$.u.x"


@pytest.mark.parametrize("turned", [False, True])
def test_the_members_that_were_asked_for_tell_which_alternative_is_meant(turned: bool):
    """All members of an alternative are asked for: what has fewer is of the one that has no more."""
    number = {"type": "integer"}
    more = {"type": "object", "properties": {"c": number, "a": NULLABLE, "b": number}, "required": ["c"]}
    less = {"type": "object", "properties": {"c": number, "a": STRING}, "required": ["c"]}
    kind = {"type": "array", "items": {"anyOf": [less, more] if turned else [more, less]}}

    answer = [{"c": 1, "a": None}, {"c": 1, "a": None, "b": None}, {"c": 1, "a": None, "b": 2}, {"c": 1}]
    assert parse_answer(json.dumps({"value": answer}), kind) == [{"c": 1}, {"c": 1, "a": None}, answer[2], answer[3]]


def test_an_alternative_that_is_closed_takes_no_other_members_and_an_open_one_does():
    """The alternative meant may be one that names fewer members, if it is open."""
    closed = alternative({"type": "string"}, STRING)
    opened = {"type": "object", "properties": {"x": STRING, "note": NULLABLE}, "required": ["x", "note"]}
    for parts in ([closed, opened], [opened, closed]):
        given = {"x": "y", "note": None, "more": 1}
        assert parse_answer(json.dumps({"value": given}), {"anyOf": parts}) == given


class Short(BaseModel):
    x: str = Field(max_length=1)


class Long(BaseModel):
    x: str = Field(min_length=2)
    note: Optional[str]  # noqa: UP045


def test_models_of_a_union_are_told_apart_by_their_names_and_then_by_their_bounds():
    union = Short | Long
    assert parse_answer('{"value": {"x": "yz", "note": null}}', union) == Long(x="yz", note=None)
