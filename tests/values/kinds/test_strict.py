"""The strict form: its rules hold for whatever schema was given, and it takes all that the whole schema takes."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from openai.lib._pydantic import _ensure_strict_json_schema
from pydantic import create_model

from bedrock_openai_http import parse_answer, schema_of
from bedrock_openai_http.values.kinds.reading import kind_of
from chance import tries
from made_kinds import MADE_KINDS
from made_parts import Made
from made_schemas import MadeSchema, made_schemas
from strict_rules import strict_faults


def check_strict(schema: dict[str, Any]) -> None:
    """Check the rules; openai's own function, which makes what pydantic says strict, finds nothing left to change."""
    assert strict_faults(schema) == []
    assert _ensure_strict_json_schema(copy.deepcopy(schema), path=(), root=copy.deepcopy(schema)) == schema


@tries(15)
@given(MADE_KINDS)
def test_the_schema_of_each_kind_is_strict(made: Made):
    """Of Python's types."""
    check_strict(schema_of(made.hint))


@tries(15)
@given(st.dictionaries(st.sampled_from(["minimum", "items", "required", "type"]), MADE_KINDS, min_size=1))
def test_the_schema_of_a_model_of_pydantic_is_strict(members: dict[str, Made]):
    """By itself, and as a part of another kind."""
    fields: dict[str, Any] = {name: (made.hint, ...) for name, made in members.items()}
    model = create_model("Thing", **fields)
    check_strict(schema_of(model))
    check_strict(schema_of(list[model] | None))  # type: ignore[valid-type]


@tries(15)
@given(made_schemas(), st.data())
def test_a_given_schema_becomes_strict_and_what_fits_it_is_given_back(made: MadeSchema, data: st.DataObject):
    """What is null for a member that could be left out is left out again, or need not be there."""
    schema, kind = schema_of(made.schema), kind_of(made.schema)
    check_strict(schema)
    assert kind.plain_of is not None
    if made.schema.get("type") == "object":
        assert not kind.wrapped
    for _ in range(3):
        case = data.draw(made.cases)
        asked, usual = ({"value": each} if kind.wrapped else each for each in (case.asked, case.usual))
        assert Draft202012Validator(schema).is_valid(asked)
        assert Draft202012Validator(kind.full).is_valid(usual)
        damaged = dict(asked)
        for name in damaged:
            damaged[name] = data.draw(st.sampled_from([damaged[name], None, "a", 1, [], ["a", None]]))
        # It only loosens.
        fits = Draft202012Validator(kind.full).is_valid(kind.plain_of(damaged))
        assert Draft202012Validator(schema).is_valid(damaged) or not fits
        for each in (asked, usual):
            assert parse_answer(json.dumps(each), made.schema) == case.value
        assert jsonschema.Draft202012Validator(made.schema).is_valid(case.value)
