"""Kinds that somebody else has described: JSON schemas as mappings, and models of pydantic."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_openai_http import parse_answer, schema_of


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
    given |= {"$defs": {name: {"const": value} for name, value in names.items()}, "definitions": {"a_b": {"const": 4}}}

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
