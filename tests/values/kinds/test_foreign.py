"""Kinds that somebody else has described: JSON schemas as mappings, and models of pydantic."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Optional, Union

import jsonschema
import pytest
from pydantic import UUID4, AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from alike_models import Digit, Few, Many, Text, Wide
from bedrock_openai_http import ParseError, parse_answer, schema_of


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_references_that_are_escaped_are_followed_and_their_definitions_get_plain_names():
    """RFC 6901's `~1` and `~0` and percent-encoding lead where they should, and no name has to be escaped again."""
    references = {
        "#/$defs/a~1b": {"const": 1},
        "#/$defs/a~0b": {"const": 2},
        "#/$defs/a_b": {"const": 3},
        "#/definitions/a_b": {"const": 4},
        "#/$defs/100%25": {"const": 5},
        "#/$defs/Gr%C3%B6%C3%9Fe": {"const": 6},
        "#/$defs/Größe": {"const": 6},
        "#/$defs/Box[int]": {"const": 7},
        "#/$defs/Box%5Bint%5D": {"const": 7},
        "#/$defs/~01": {"const": 8},
    }
    names = {"a/b": 1, "a~b": 2, "a_b": 3, "100%": 5, "Größe": 6, "Box[int]": 7, "~1": 8, "Root": 9}
    given = an_object(**{f"member {number}": {"$ref": ref} for number, ref in enumerate(references)})
    given |= {
        "$defs": {name: {"const": value} for name, value in names.items()},
        "definitions": {"a_b": {"const": 4}},
    }

    schema = schema_of(given)

    for number, meant in enumerate(references.values()):
        (step,) = schema["properties"][f"member {number}"].values()
        assert schema["$defs"][step.removeprefix("#/$defs/")] == meant
    answer = {f"member {number}": meant["const"] for number, meant in enumerate(references.values())}
    assert parse_answer(json.dumps(answer), given) == answer


def test_a_schema_that_holds_itself_does_so_by_a_definition():
    """`#` is the root, under a name that no definition of its own has."""
    given = an_object(next={"anyOf": [{"$ref": "#"}, {"type": "null"}]}, root={"$ref": "#/$defs/Root"})
    given["$defs"] = {"Root": {"type": "string"}}

    schema = schema_of(given)

    again = schema["properties"]["next"]["anyOf"][0]["$ref"].removeprefix("#/$defs/")
    assert schema["$defs"][again]["properties"] == schema["properties"]
    assert schema["properties"]["root"] == {"$ref": "#/$defs/Root"}
    answer = {"next": {"next": None, "root": "b"}, "root": "a"}
    assert parse_answer(json.dumps(answer), given) == answer


@pytest.mark.parametrize("ref", ["#/$defs/b", "#/$defs/a/b", "#a", "#/", "other.json", "https://example.com/a", "a"])
def test_a_reference_that_leads_out_of_the_schema_is_refused(ref: str):
    """Nothing is fetched, and a reference to nowhere is told before a model is asked."""
    with pytest.raises(TypeError, match=r"refers to '.*', which is none of its own definitions"):
        schema_of({**an_object(a={"$ref": ref}), "$defs": {"a": {"type": "string"}}})


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
OPTIONAL = {"type": "object", "properties": {"a": STRING, "b": STRING}, "required": ["a"]}
OPTIONAL_A = OPTIONAL | {"required": ["b"]}
NULLABLE = {"type": ["string", "null"]}
ALTERNATIVES = an_object(
    a={
        "oneOf": [
            {"type": "object", "properties": {"k": {"const": "x"}, "v": STRING}, "required": ["k"]},
            {"type": "object", "properties": {"k": {"const": "y"}, "v": NULLABLE}, "required": ["k", "v"]},
        ]
    }
)
A_STRING = {"type": "object", "properties": {"a": STRING}, "required": ["a"]}
B_STRING = {"type": "object", "properties": {"b": STRING}, "required": ["b"]}
REFERRED = {"$ref": "#/$defs/Q", "properties": {"a": STRING}, "$defs": {"Q": B_STRING}}
TAGGED_X = an_object(t=an_object(k={"const": "x"}), v=STRING) | {"required": ["t"]}
ITSELF = {"anyOf": [{"$ref": "#/$defs/x"}, STRING]}

#: Schemas that cannot be asked for, with the words that say where, and what to write.
CANNOT = [
    ({}, "schema.value: does not say what the value is"),
    ({"type": "object"}, "schema: an object without properties"),
    ({**an_object(a=STRING), "additionalProperties": True}, "schema: members of any name .* list the properties"),
    (an_object(a={"type": "object", "additionalProperties": STRING}), "schema.a: members of any name"),
    ({**an_object(a=STRING), "patternProperties": {"^b": STRING}}, "schema: patternProperties has no strict form"),
    (an_object(a={"type": "array"}), "schema.a: does not say what is in the array; give its items"),
    (an_object(a={"type": "array", "items": True}), r"schema.a\[\]: must be a schema"),
    (an_object(a=True), "schema.a: must be a schema that says what the value is"),
    (an_object(a={"description": "Anything."}), "schema.a: does not say what the value is; name the kinds"),
    (an_object(a={"type": "text"}), "properties.a.type breaks"),
    (an_object(a={"type": "string", "pattern": "("}), "a.*pattern"),
    (an_object(a={"type": "string", "pattern": r"\p{L}"}), "a.*pattern"),
    ({**an_object(a=STRING), "required": ["a", "b"]}, "schema: names members that are none of its properties"),
    (
        {**OPTIONAL, "if": {"required": ["b"]}, "then": {}},
        "schema: if cannot be checked where a property may be left",
    ),
    ({**OPTIONAL, "maxProperties": 1}, "schema: maxProperties cannot be checked where a property may be left out"),
    ({**OPTIONAL, "dependentRequired": {"a": ["b"]}}, "dependentRequired cannot be checked .* allow null"),
    ({**an_object(a=STRING), "allOf": [an_object(b=STRING), {}]}, "additionalProperties forbids .* list all"),
    ({**an_object(a=ITSELF), "$defs": {"x": ITSELF}}, "x: is nothing but itself"),
    ({"$ref": "#"}, "Root: is nothing but itself"),
    ({**an_object(a=STRING), "oneOf": [{"properties": {"a": {"const": "x"}}}]}, "schema: oneOf beside properties"),
    (an_object(b={**an_object(a=STRING), "anyOf": [{"required": ["a"]}]}), "anyOf beside properties .* list all"),
    ({**an_object(a=STRING, b=STRING), "allOf": [an_object(a=STRING)]}, "additionalProperties forbids .* list all"),
    # An object that is described in several places, which do not go together.
    ({**A_STRING, "allOf": [{"properties": {"a": INTEGER}}]}, r"schema\.a: type is said in several places"),
    (
        {**A_STRING, "allOf": [{"anyOf": [{"properties": {"b": STRING}}, {"properties": {"c": STRING}}]}]},
        "anyOf beside",
    ),
    ({"allOf": [A_STRING], "anyOf": [{"properties": {"b": STRING}}, {"properties": {"c": STRING}}]}, "anyOf beside"),
    ({**REFERRED, "anyOf": [{"properties": {"c": STRING}}]}, "anyOf beside properties"),
    (an_object(u={**REFERRED, "anyOf": [{"required": ["c"]}]}) | {"$defs": REFERRED["$defs"]}, "anyOf beside"),
    ({**REFERRED, "additionalProperties": False}, "additionalProperties forbids"),
    ({**REFERRED, "required": ["z"]}, "names members that are none of its properties"),
    (
        {"$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n", "required": ["a"]}}}}, "$ref": "#/$defs/n"},
        "n holds itself with more beside it; give that a definition",
    ),
    ({"anyOf": [A_STRING], "oneOf": [A_STRING]}, "oneOf beside alternatives .* each alternative say all"),
    ({"anyOf": [A_STRING], "additionalProperties": False}, "additionalProperties beside alternatives"),
    ({"anyOf": [A_STRING, {"properties": {"b": STRING}}], "required": ["a"]}, "required beside alternatives"),
    (
        {
            "properties": {"l": {"type": "array", "items": STRING}},
            "allOf": [{"properties": {"l": {"type": "array", "prefixItems": [INTEGER]}}}],
        },
        r"schema\.l: items is said in several places",
    ),
    ({**A_STRING, "allOf": [True]}, "allOf holds what is no schema of an object"),
]


@pytest.mark.parametrize(("schema", "words"), CANNOT, ids=[words for _, words in CANNOT])
def test_a_schema_that_cannot_be_asked_for_is_told_with_its_place(schema: Any, words: str):
    """At once, before anything is sent."""
    with pytest.raises(TypeError, match=words):
        schema_of(schema)


#: Schemas, with answers, and what these are; None for what does not fit.
READ = [
    # What has properties or items is an object or an array, as whoever wrote it meant.
    ({"properties": {"a": STRING}}, {"a": "x"}, {"a": "x"}),
    ({"properties": {"a": STRING}}, {"a": None}, {}),
    (an_object(a={"properties": {"b": STRING}}), {"a": "x"}, None),
    (an_object(a={"items": STRING}), {"a": "x"}, None),
    # What fits the schema as it was given is no worse for not being as it was asked for.
    (OPTIONAL, {"a": "x"}, {"a": "x"}),
    ({"type": "object", "properties": {"a": STRING}}, {"b": 1}, {"b": 1}),
    (OPTIONAL | {"additionalProperties": False}, {"a": "x", "c": 1}, None),
    (OPTIONAL, {"b": "x"}, None),
    # Null is left out where it stands for nothing else.
    (OPTIONAL, {"a": "x", "b": None}, {"a": "x"}),
    ({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}, {"a": None}, {"a": None}),
    ({"type": "object", "properties": {"a": {"type": ["string", "null"], "enum": ["x"]}}}, {"a": None}, {}),
    ({"type": "object", "properties": {"a": {"enum": ["x", None]}}}, {"a": None}, {"a": None}),
    (an_object(a={"type": "array", "items": OPTIONAL}), {"a": [{"a": "x", "b": None}]}, {"a": [{"a": "x"}]}),
    # Of alternatives the one is meant that the value may fit: by its tag, its types and its names.
    (ALTERNATIVES, {"a": {"k": "x", "v": None}}, {"a": {"k": "x"}}),
    (ALTERNATIVES, {"a": {"k": "y", "v": None}}, {"a": {"k": "y", "v": None}}),
    (an_object(a={"anyOf": [OPTIONAL, OPTIONAL_A]}), {"a": {"a": None, "b": "x"}}, {"a": {"b": "x"}}),
    (an_object(a={"anyOf": [OPTIONAL, OPTIONAL_A]}), {"a": {"a": "x", "b": None}}, {"a": {"a": "x"}}),
    (
        {"anyOf": [TAGGED_X, an_object(t=an_object(k={"const": "y"}), v=NULLABLE)]},
        {"value": {"t": {"k": "y"}, "v": None}},
        {"t": {"k": "y"}, "v": None},
    ),
    (
        {
            **an_object(a={"prefixItems": [INTEGER], "unevaluatedItems": {"$ref": "#/$defs/b"}, "type": "array"}),
            "$defs": {"b": STRING},
        },
        {"a": [1, "x"]},
        {"a": [1, "x"]},
    ),
    # Conditions hold as they are written.
    ({**an_object(a=STRING), "not": {"properties": {"a": {"const": "x"}}}}, {"a": "x"}, None),
    ({**an_object(a=STRING), "not": {"properties": {"a": {"const": "x"}}}}, {"a": "y"}, {"a": "y"}),
    *[
        (
            {
                **an_object(a=STRING, n=INTEGER),
                "if": {"properties": {"a": {"const": "x"}}},
                "then": {"properties": {"n": {"minimum": 5}}},
                "else": {"properties": {"n": {"maximum": 4}}},
            },
            {"a": a, "n": n},
            {"a": a, "n": n} if fits else None,
        )
        for a, n, fits in [("x", 5, True), ("x", 4, False), ("y", 4, True), ("y", 5, False)]
    ],
    (an_object(a={"type": "array", "items": STRING, "contains": {"const": "x"}}), {"a": ["y"]}, None),
    # The base of references is the schema itself, whatever it is called.
    (
        {
            "$id": "https://example.com/a",
            **an_object(a={"$ref": "#/$defs/b"}),
            "$defs": {"b": {"$id": "b", "type": "array", "items": {"$ref": "#/$defs/c"}}, "c": STRING},
        },
        {"a": ["x"]},
        {"a": ["x"]},
    ),
    # Of one element `allOf` is that element, however deep.
    (an_object(a={"allOf": [{"allOf": [STRING], "title": "A"}], "default": "x"}), {"a": "x"}, {"a": "x"}),
]


@pytest.mark.parametrize(("schema", "answer", "value"), READ)
def test_a_schema_that_was_given_is_asked_for_and_checked_as_it_is_meant(schema: Any, answer: Any, value: Any):
    """What is null because it could not be left out is left out again."""
    schema_of(schema)
    if value is None:
        with pytest.raises(ParseError):
            parse_answer(json.dumps(answer), schema)
    else:
        assert parse_answer(json.dumps(answer), schema) == value


#: One object of two members, `a` and `b`, of which `a` may be left out, said in several ways.
SAME = [
    {"$ref": "#/$defs/Q", "properties": {"a": STRING}},
    {"allOf": [{"$ref": "#/$defs/Q"}], "properties": {"a": STRING}, "type": "object"},
    {"allOf": [{"$ref": "#/$defs/Q"}, {"properties": {"a": STRING}}]},
    {"allOf": [{"$ref": "#/$defs/Q"}, {"properties": {"a": STRING}}], "unevaluatedProperties": False},
    {"allOf": [{"properties": {"a": STRING, "b": STRING}}, {"required": ["b"]}]},
    {"allOf": [{"allOf": [{"$ref": "#/$defs/R"}]}], "properties": {"a": STRING}},
    {"properties": {"a": {}, "b": True}, "allOf": [{"properties": {"a": STRING}}, {"$ref": "#/$defs/Q"}]},
]


@pytest.mark.parametrize("nested", [False, True])
def test_an_object_that_is_described_in_several_places_is_asked_for_as_one(nested: bool):
    """As by a base and what is added to it: nothing is lost, and the root is an object."""
    plain = {"type": "object", "properties": {"a": STRING, "b": STRING}, "required": ["b"]}
    for each in SAME:
        whole = {"u": each} if nested else each
        given = (an_object(**whole) if nested else whole) | {
            "$defs": {"Q": B_STRING, "R": {"allOf": [{"$ref": "#/$defs/Q"}], "description": "R."}}
        }
        schema = schema_of(given)
        asked = schema["properties"]["u"] if nested else schema
        properties = {"a": {"anyOf": [STRING, {"type": "null"}]}, "b": STRING}
        assert asked["properties"] == properties, each
        assert asked["type"] == "object", each
        assert "$defs" not in schema, each
        for answer, value in [({"a": None, "b": "x"}, {"b": "x"}), ({"a": "y", "b": "x"}, {"a": "y", "b": "x"})]:
            text = json.dumps({"u": answer} if nested else answer)
            assert parse_answer(text, given) == ({"u": value} if nested else value), each
            assert jsonschema.Draft202012Validator(plain).is_valid(value)
        with pytest.raises(ParseError, match=r"\.b: is required"):
            parse_answer(json.dumps({"u": {"a": "y"}} if nested else {"a": "y"}), given)


def test_what_any_place_requires_is_required():
    """So that null is left out for nothing that must be there."""
    given = {**A_STRING, "$ref": "#/$defs/Q", "$defs": {"Q": B_STRING}}
    assert schema_of(given)["properties"] == {"a": STRING, "b": STRING}


def test_conditions_in_all_of_stay_what_they_are():
    """Two of them cannot stand in one object, and need not."""
    conditions = [
        {"if": {"properties": {"a": {"const": x}}}, "then": {"properties": {"n": {"minimum": n}}}}
        for x, n in [("x", 5), ("y", 7)]
    ]
    given = {"allOf": [an_object(a=STRING, n=INTEGER), *conditions]}
    assert list(schema_of(given)["properties"]) == ["a", "n"]
    for a, n, fits in [("x", 5, True), ("x", 4, False), ("y", 7, True), ("y", 6, False), ("z", 0, True)]:
        if fits:
            assert parse_answer(json.dumps({"a": a, "n": n}), given) == {"a": a, "n": n}
        else:
            with pytest.raises(ParseError):
                parse_answer(json.dumps({"a": a, "n": n}), given)


def test_definitions_that_nothing_refers_to_are_not_sent():
    """They would cost tokens, and need have no strict form."""
    assert "$defs" not in schema_of({**an_object(a=STRING), "$defs": {"b": {"type": "object"}}})


def refuse(value: str) -> str:
    raise ValueError("no such name")


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str = "Tom"


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Optional[Annotated[str, AfterValidator(refuse)]]  # noqa: UP045


class Home(BaseModel):
    pet: Union[Cat, Dog] = Field(discriminator="kind")  # noqa: UP007


def test_null_is_what_the_alternative_says_that_a_model_means():
    """Of a discriminated union it may be the default of one model, and a value of the other."""
    assert parse_answer('{"pet": {"kind": "cat", "name": null}}', Home).pet == Cat(kind="cat", name="Tom")
    assert parse_answer('{"pet": {"kind": "dog", "name": null}}', Home).pet == Dog(kind="dog", name=None)


def test_the_place_of_what_a_model_refuses_is_one_in_the_answer():
    """Pydantic's own has also the tags of unions, which are not in the JSON."""
    with pytest.raises(ParseError) as caught:
        parse_answer('{"pet": {"kind": "dog", "name": "x"}}', Home)
    assert caught.value.json_path == "$.pet.name"


@pytest.mark.parametrize(
    ("union", "answer", "value"),
    [
        (Few | Many, {"y": 1, "z": 2}, Many(y=1, z=2)),
        (Digit | Text, {"n": "5", "extra": "e"}, Text(n="5", extra="e")),
        (list[Few] | list[Many], [{"y": 1, "z": 2}], [Many(y=1, z=2)]),
        (Wide | Few, {"x": 1}, Few(x=1)),
        (Few | None, {"x": None}, Few(x=0)),
    ],
)
def test_an_answer_is_an_instance_of_the_model_that_it_fits(union: Any, answer: Any, value: Any):
    """Pydantic itself ignores members that it does not know, and makes a number of a text."""
    assert parse_answer(json.dumps({"value": answer}), union) == value


class Moments(BaseModel):
    issued: datetime
    due: date
    at: time
    lasts: timedelta
    by: UUID4
    seen: Union[datetime, int, None]  # noqa: UP007


class StrictMoments(Moments):
    model_config = ConfigDict(strict=True)


MOMENTS = {
    "issued": "2026-11-29T10:00:00Z",
    "due": "2026-11-29",
    "at": "10:00:00",
    "lasts": "P1DT2H",
    "by": "550e8400-e29b-41d4-a716-446655440000",
    "seen": 5,
}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("issued", "20261129", "must be a date and time of RFC 3339"),
        ("issued", "0", "must be a date and time"),
        ("issued", "2026-11-29", "must be a date and time"),
        ("due", "0", "must be a date of RFC 3339"),
        ("due", "2026-11-29T00:00:00", "must be a date of"),
        ("at", "5", "must be a time of day"),
        ("lasts", "1 day, 0:00:01", "must be a duration of ISO 8601, such as P1DT2H"),
        ("lasts", "12:30", "must be a duration"),
        ("by", "550e8400e29b41d4a716446655440000", "must be a UUID of RFC 9562, with its hyphens"),
        ("seen", "20261129", "must be a date and time"),
        ("issued", 5, "must be a string"),
        ("due", 0, "must be a string"),
        ("lasts", 5, "must be a string"),
    ],
)
def test_a_text_in_a_format_is_read_as_its_schema_says_and_not_as_pydantic_may_take_it(
    name: str, text: Any, words: str
):
    """Pydantic takes "20261129" for seconds since 1970."""
    right = parse_answer(json.dumps(MOMENTS), Moments)
    assert (right.issued.year, right.due, right.at) == (2026, date(2026, 11, 29), time(10))
    assert (right.lasts, right.seen) == (timedelta(days=1, hours=2), 5)
    for kind in (Moments, StrictMoments):
        with pytest.raises(ParseError, match=words) as caught:
            parse_answer(json.dumps(MOMENTS | {name: text}), kind)
        assert caught.value.json_path == f"$.{name}"


@pytest.mark.parametrize("offset", ["Z", "+0000", "-0530", "+05:30", ""])
def test_a_moment_is_read_by_pydantic_as_by_itself(offset: str):
    """With its offset in each of the ways that are taken here."""
    for name, text, kind in [("issued", "2026-11-29T10:00:00", datetime), ("at", "10:00", time)]:
        theirs = TypeAdapter(kind).validate_python(text + offset)
        found = getattr(parse_answer(json.dumps(MOMENTS | {name: text + offset}), Moments), name)
        ours = parse_answer(json.dumps({"value": text + offset}), kind)
        assert found == theirs == ours
        assert found.utcoffset() == theirs.utcoffset() == ours.utcoffset()


@pytest.mark.parametrize("text", ["P1W", "PT0.5S", "-P1D", "P3D", "PT2H30M", "P1Y2M3DT4H5M6.5S"])
def test_durations_are_those_of_iso_8601(text: str):
    """With a sign, and a fraction, as pydantic writes them too."""
    theirs = TypeAdapter(timedelta).validate_python(text)
    assert parse_answer(json.dumps(MOMENTS | {"lasts": text}), Moments).lasts == theirs


def test_a_format_of_a_schema_of_the_callers_is_a_note():
    """By JSON Schema (2020-12 validation, section 7.2.1) it is no rule, and no value is made of the text."""
    assert parse_answer('{"a": "next week"}', an_object(a={"type": "string", "format": "date"})) == {"a": "next week"}
