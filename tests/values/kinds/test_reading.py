"""Any kind there and back: the JSON of a value fits its schema and gives the value again; other JSON is an error."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from bedrock_openai_http import ParseError, parse_answer, schema_of
from bedrock_openai_http.validation.fields import json_path
from bedrock_openai_http.values.kinds.kind import Misfit
from bedrock_openai_http.values.kinds.reading import kind_of
from chance import tries
from made_kinds import MADE_KINDS
from made_parts import MARK, Made, is_same


def text_of(asked: Any) -> str:
    return json.dumps(asked, ensure_ascii=False)


@tries(15)
@given(MADE_KINDS, st.data())
def test_the_json_of_a_value_fits_its_schema_and_gives_the_value_again(made: Made, data: st.DataObject):
    """Two judges take the JSON by the strict schema and by the whole one; the value is the same to its last part."""
    schema, full = schema_of(made.hint), dict(kind_of(made.hint).full)
    for _ in range(3):
        case = data.draw(made.cases)
        document = made.root(case.asked)
        for each in (schema, full):
            assert Draft202012Validator(each).is_valid(document)
            assert jsonschema_rs.Draft202012Validator(each).is_valid(document)
        found = parse_answer(text_of(document), made.hint)
        assert is_same(found, case.value), (found, case.value)


def one_error(text: str, hint: Any) -> ParseError:
    """Return the error of an answer; none of its words is in the error, which can be pickled."""
    with pytest.raises(ParseError) as caught:
        parse_answer(text, hint)
    error = caught.value
    again = pickle.loads(pickle.dumps(error))
    for each in (error, again):
        assert MARK not in f"{each} {each!r}"
        assert (each.reason, each.json_path, each.rule) == (error.reason, error.json_path, error.rule)
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


@tries(15)
@given(MADE_KINDS, st.data())
def test_a_broken_answer_is_one_error_that_names_the_place_and_repeats_nothing(made: Made, data: st.DataObject):
    """A member less or more, another type, a bound broken: the place is told, or of a union where it stands."""
    broken = data.draw(made.broken)
    path = broken.path if made.is_object else ("value", *broken.path)

    error = one_error(text_of(made.root(broken.asked)), made.hint)

    assert error.reason == "schema"
    assert error.rule
    place = json_path(path)
    if broken.is_exact:
        assert error.json_path == place
    else:
        assert error.json_path.startswith(place) or place.startswith(error.json_path)


@tries(15)
@given(MADE_KINDS, st.data())
def test_what_is_no_single_document_of_json_is_no_answer(made: Made, data: st.DataObject):
    """Cut anywhere, followed by another document, or with a number that JSON has not: nothing is read of it."""
    text = text_of(made.root(data.draw(made.cases).asked))
    cut = data.draw(st.integers(0, len(text) - 1))
    number = data.draw(st.sampled_from(["NaN", "Infinity", "-Infinity", "1e999", "1.9e+10001"]))
    for bad in (text[:cut], text + text, text + " {}", text[:-1] + f', "a": {number}}}'):
        assert one_error(bad, made.hint).reason == "not-json"


@dataclass
class Deep:
    inner: Deep | None


class DeepModel(BaseModel):
    inner: DeepModel | None


DEEP_SCHEMA = {"type": "object", "properties": {"inner": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}


@pytest.mark.parametrize("kind", [Deep, DeepModel, DEEP_SCHEMA])
def test_an_answer_that_is_nested_without_end_is_one_error(kind: Any):
    """Whatever is left of the stack, when it is checked and when it is read."""
    for depth in (200, 399, 500)[kind is Deep :]:  # a dataclass is read without jsonschema, which goes deeper
        error = one_error(nested(depth), kind)
        assert (error.reason, error.json_path) == ("not-json" if depth == 500 else "schema", "$")
    value = None
    for _ in range(3000):
        value = {"inner": value}
    made = kind_of(kind)
    with pytest.raises(Misfit):
        (made.plain_of or made.value_of)(value)


def nested(depth: int) -> str:
    return '{"inner":' * depth + "null" + "}" * depth
