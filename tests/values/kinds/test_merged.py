"""Objects that a JSON schema describes in several places: what is joined, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http import parse_answer, schema_of
from bedrock_openai_http.values.kinds.joined import both
from bedrock_openai_http.values.kinds.merged import Merger
from chance import tries

STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def ref(name: str, **beside: Any) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}", **beside}


BASE = an_object(id=INTEGER)
MIXED = {
    "Base": BASE,
    "A": {"allOf": [ref("Base"), an_object(a=STRING)]},
    "B": {"allOf": [ref("Base"), an_object(b=STRING)]},
}
NULLABLE = {"anyOf": [BASE, {"type": "null"}]}

#: Schemas of OpenAPI's and editors' making, with answers that fit them.
TAKEN: list[tuple[Any, dict[str, Any], list[Any]]] = [
    # One base in two parts, in a member, in a member of a member.
    ({"allOf": [ref("A"), ref("B")]}, MIXED, [{"id": 1, "a": "x", "b": "y"}]),
    (
        {"allOf": [ref("Base"), an_object(c={"allOf": [ref("Base"), an_object(c=ref("A", required=["a"]))]})]},
        MIXED,
        [{"id": 1, "c": {"id": 2, "c": {"id": 3, "a": "x"}}}],
    ),
    (an_object(u={"allOf": [ref("A"), an_object(c=STRING)]}, v=ref("A", required=["a"])), MIXED, []),
    # A type that is said already, beside each way to say it.
    (an_object(u={"type": "object", "allOf": [ref("Base")]}), MIXED, [{"u": {"id": 1}}]),
    (an_object(u=ref("Base", type="object")), MIXED, [{"u": {"id": 1}}]),
    (an_object(u=ref("A", type="object")), MIXED, [{"u": {"id": 1, "a": "x"}}]),
    (an_object(u={"type": "object", "oneOf": [ref("Base"), an_object(b=STRING)]}), MIXED, [{"u": {"b": "x"}}]),
    (an_object(u={"type": ["object", "null"], "anyOf": NULLABLE["anyOf"]}), {}, [{"u": None}, {"u": {"id": 1}}]),
    (
        an_object(u=ref("T", type="object")),
        {"T": {"type": "object", "properties": {"t": ref("T", type="object")}}},
        [{"u": {"t": {}}}, {"u": {}}],
    ),
    # What all objects among some alternatives require, of which null is none.
    (an_object(u={**NULLABLE, "required": ["id"]}), {}, [{"u": None}, {"u": {"id": 1}}]),
    (an_object(u=ref("N", required=["id"])), {"N": NULLABLE}, [{"u": None}, {"u": {"id": 1}}]),
    (
        an_object(u={"type": "object", "required": ["id"], "oneOf": [ref("A"), {"anyOf": [ref("B")]}]}),
        MIXED,
        [{"u": {"id": 1, "a": "x"}}, {"u": {"id": 1, "b": "x"}}],
    ),
    # A member that refers to another definition in each part: to an object, or to some values.
    ({"allOf": [an_object(p=ref("Base")), an_object(p=ref("A"))]}, MIXED, [{"p": {"id": 1, "a": "x"}}]),
    (
        {"allOf": [an_object(p={"allOf": [ref("Base")]}), an_object(p={"allOf": [ref("A")], "description": "P"})]},
        MIXED,
        [{"p": {"id": 1, "a": "x"}}],
    ),
    (
        {"allOf": [an_object(p=ref("K")), an_object(p=ref("L"))]},
        {"K": {"type": "string", "enum": ["a", "b"]}, "L": {"enum": ["a"]}},
        [{"p": "a"}],
    ),
    # A root that only refers to an object is one.
    ({"type": "object", "allOf": [ref("A")]}, MIXED, [{"id": 1, "a": "x"}]),
    ({"allOf": [ref("Base")], "title": "T"}, MIXED, [{"id": 1}]),
    # Members of any name may be allowed in one part, and are asked for in none.
    (
        {"allOf": [{**BASE, "additionalProperties": {}}, an_object(a=STRING)], "unevaluatedProperties": False},
        {},
        [],
    ),
]


@pytest.mark.parametrize(("schema", "definitions", "answers"), TAKEN)
def test_what_can_be_joined_is_asked_for(schema: Any, definitions: dict[str, Any], answers: list[Any]):
    """With answers that fit the schema as it was given, by jsonschema itself."""
    given = {**schema, **({"$defs": definitions} if definitions else {})}
    schema_of(given)
    for answer in answers:
        assert jsonschema.Draft202012Validator(given).is_valid(answer)
        assert parse_answer(json.dumps(answer), given) == answer


@pytest.mark.parametrize(
    "note", ["example", "xml", "externalDocs", "$comment", "x-order", "title", "nullable", "wörd"]
)
def test_what_says_nothing_of_values_never_clashes(note: str):
    """The outermost of two notes holds, then the first."""
    parts = [{**BASE, note: "1"}, {**an_object(a=STRING), note: "2"}]
    for outer in ({}, {note: "3"}):
        merged = Merger({"Q": parts[0]}).merged({"allOf": parts, **outer}, "schema")
        assert merged[note] == (outer or parts[0])[note]
    schema_of({"$ref": "#/$defs/Q", note: "x", "properties": {}, "$defs": {"Q": parts[0]}})


#: What two parts say of one value, and what that is together; None where it is not plain to see.
NARROWED: list[tuple[Any, Any, Any]] = [
    ({"enum": ["a", "b", 1]}, {"enum": ["b", "c", True]}, {"enum": ["b"]}),
    ({"enum": ["a"]}, {"enum": ["b"]}, None),
    ({"enum": [1]}, {"enum": [True]}, None),
    ({"const": 1}, {"const": True}, None),
    ({"const": "a"}, {"const": "b"}, None),
    ({"const": None}, {"const": None}, {"const": None}),
    ({"enum": ["a", "b"]}, {"const": "a"}, {"enum": ["a", "b"], "const": "a"}),
    (INTEGER, NUMBER, INTEGER),
    ({"type": ["number", "null"]}, {"type": ["integer", "string"]}, INTEGER),
    ({"type": ["number", "null"]}, {"type": ["null", "number"]}, {"type": ["number", "null"]}),
    ({"type": ["integer", "number"]}, NUMBER, {"type": ["integer", "number"]}),
    (STRING, INTEGER, None),
    ({"minimum": 0}, {"minimum": 5}, {"minimum": 5}),
    ({"exclusiveMaximum": 0}, {"exclusiveMaximum": 5}, {"exclusiveMaximum": 0}),
    ({"minLength": 0, "maxItems": 4}, {"minLength": 2, "maxItems": 3}, {"minLength": 2, "maxItems": 3}),
    ({"multipleOf": 0.5}, {"multipleOf": 2}, {"multipleOf": 2}),
    ({"multipleOf": 3}, {"multipleOf": 2}, None),
    ({"uniqueItems": False}, {"uniqueItems": True}, {"uniqueItems": True}),
    ({"pattern": "a"}, {"pattern": "b"}, None),
    ({"format": "date"}, {"format": "time"}, None),
    ({"items": NUMBER}, {"items": {"enum": [1]}}, {"items": {"type": "number", "enum": [1]}}),
    ({"items": NUMBER}, {"items": False}, {"items": False}),
    ({"items": {}, "prefixItems": [STRING]}, {"items": {}}, None),
    ({"properties": {"b": {}}}, {"properties": {"b": False}}, {"properties": {"b": False}}),
    ({"additionalProperties": {}}, {"additionalProperties": False}, {"additionalProperties": False}),
]


def in_order(schema: dict[str, Any]) -> Any:
    return {name: sorted(said) if isinstance(said, list) else said for name, said in schema.items()}


@pytest.mark.parametrize(("one", "other", "joined"), NARROWED)
def test_of_two_bounds_the_narrower_holds(one: Any, other: Any, joined: Any):
    """Whichever comes first; what does not go together is named with its place."""
    for first, second in ((one, other), (other, one)):
        if joined is None:
            with pytest.raises(TypeError, match=rf"^u\.a: {next(iter(one))} is said in several"):
                both({"properties": {"a": first}}, {"properties": {"a": second}}, "u")
        else:
            assert in_order(both(first, second, "u")) == in_order(joined)


VALUES = [None, True, False, 0, 1, 2, 3, 4.5, 6, "", "a", "bb", "b", [], [1], [1, 1], [1, 2, 3]]
_said = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["number", "integer", "string", "array", ["null", "integer"], ["number", "string"]]),
        "enum": st.lists(st.sampled_from(VALUES), min_size=1, max_size=4, unique_by=json.dumps),
        "const": st.sampled_from(VALUES),
        "minimum": st.integers(0, 4),
        "exclusiveMaximum": st.integers(1, 7),
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
        "minLength": st.integers(0, 2),
        "maxItems": st.integers(0, 3),
        "uniqueItems": st.booleans(),
        "items": st.sampled_from([{}, True, False, INTEGER, {"enum": [1]}, {"maximum": 2}]),
        "prefixItems": st.sampled_from([[INTEGER], [{"const": 1}, {}]]),
        "unevaluatedItems": st.sampled_from([False, {"const": 2}]),
        "title": st.sampled_from(["A", "B"]),
    },
)


@tries(40)
@given(_said, _said)
def test_what_two_schemas_are_together_takes_what_both_take(one: Any, other: Any):
    """By jsonschema, which knows nothing of how they were joined."""
    try:
        joined = both(one, other, "schema")
    except TypeError:
        return
    for value in VALUES:
        takes = [jsonschema.Draft202012Validator(each).is_valid(value) for each in (one, other, joined)]
        assert takes[2] is (takes[0] and takes[1]), (value, joined)


_leaf = st.sampled_from([STRING, INTEGER, {"type": ["string", "null"]}, {"enum": [1, "a"]}, {}, False, ref("K")])


def _described(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from("ab"), _leaf | inner, max_size=2)
    parts = st.lists(inner | named.map(lambda held: {"type": "object", "properties": held}), min_size=1, max_size=2)
    said = {
        "properties": named,
        "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
        "type": st.sampled_from(["object", ["object", "null"], "string"]),
        "allOf": parts,
        "anyOf": parts,
        "additionalProperties": st.sampled_from([True, {}, False]),
        "title": st.just("T"),
        "$ref": st.sampled_from(["#/$defs/P", "#/$defs/Q", "#/$defs/K"]),
    }
    # As the schema is when it is merged: what has properties is an object.
    return st.fixed_dictionaries({}, optional=said).map(
        lambda schema: {**({"type": "object"} if "properties" in schema else {}), **schema}
    )


_definitions = {"P": an_object(a=STRING), "Q": {"anyOf": [ref("P"), {"type": "null"}]}, "K": {"enum": [1, "a", None]}}
_members: list[Any] = ["a", 1, None, {"a": "a"}, {"b": 1}]
_objects = [{}, *({name: each} for name in "abc" for each in _members), {"a": "a", "b": 1}, {"a": 1, "b": {"a": "a"}}]


@tries(60)
@given(st.recursive(st.just({}), _described, max_leaves=5))
def test_a_schema_takes_the_same_values_when_it_is_merged(schema: Any):
    """By jsonschema, of which the references and `allOf` are the ones that were given."""
    merger = Merger(_definitions)
    try:
        merged = [merger.merged(schema, "schema"), merger.root(schema, "schema")]
    except TypeError:
        return
    for value in (*_members, *_objects):
        takes, *found = (
            jsonschema.Draft202012Validator({**each, "$defs": _definitions}).is_valid(value)
            for each in (schema, *merged)
        )
        assert found == [takes, takes], (value, merged)


def test_the_place_is_named_where_something_cannot_be_joined():
    """Of members, of items, and of alternatives in them."""
    wrong = {"allOf": [an_object(x=STRING), an_object(x=INTEGER)]}
    for schema, place in [
        (an_object(a=an_object(b=wrong)), "schema.a.b.x"),
        (an_object(a={"type": "array", "items": wrong}), r"schema.a\[\].x"),
        (an_object(a={"anyOf": [STRING, wrong]}), r"schema.a.anyOf\[1\].x"),
        (an_object(a={**an_object(b=STRING), "oneOf": [an_object(c=STRING)]}), r"schema.a: oneOf beside properties"),
        (an_object(a={**NULLABLE, "type": "object"}), r"schema.a: type beside alternatives"),
        (
            an_object(a={"allOf": [an_object(x=STRING), {"properties": {"x": False}}]}),
            r"schema.a.x: must be a schema",
        ),
        (an_object(a={**NULLABLE, "required": ["x"]}), r"schema.a: required beside alternatives"),
    ]:
        with pytest.raises(TypeError, match=f"^{place}"):
            schema_of(schema)


def chain(length: int, *, in_place: bool) -> dict[str, Any]:
    """Definitions of which each extends the one before, and holds it in a member, extended there again."""
    found: dict[str, Any] = {"B0": BASE}
    for number in range(1, length):
        before = ref(f"B{number - 1}")
        member = {"allOf": [before, an_object(x=STRING)]} if in_place else before
        found[f"B{number}"] = {"allOf": [before, before, an_object(**{f"p{number}": member})]}
    return found


class Counted(Merger):
    wholes = 0

    def _whole(self, schema: Any, where: str) -> dict[str, Any]:
        self.wholes += 1
        assert self.wholes < 1000
        return super()._whole(schema, where)


def test_what_extends_one_base_over_and_over_is_joined_in_so_many_steps():
    """A definition is put together once; what is asked for in place doubles with each, and has a limit."""
    steps = []
    for length in (10, 20, 40):
        merger = Counted(definitions := chain(length, in_place=False))
        for name, part in definitions.items():
            merger.merged(part, name)
        steps.append(merger.wholes)
    assert steps[2] < 2.2 * steps[1] < 5 * steps[0]
    with pytest.raises(TypeError, match=r"joins more than 2000 objects; give that a definition of its own"):
        schema_of(ref("B20") | {"$defs": chain(21, in_place=True)})
