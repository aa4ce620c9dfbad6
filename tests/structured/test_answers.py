"""What is read as a value, and which error says why an answer is none."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, make_dataclass
from typing import Any

import pydantic
import pytest

from answering import body, completion
from bedrock_openai_http import ChatCompletion, ParseError, parse_answer, parse_completion
from bedrock_openai_http.values.http import Headers, HTTPResponse


@dataclass
class Line:
    name: str
    price: float


@dataclass
class Invoice:
    """An invoice."""

    lines: list[Line]
    total: float

    def __post_init__(self) -> None:
        if self.total < 0:
            raise ValueError("the total SECRET must not be below 0")


GOOD = '{"lines": [{"name": "tea", "price": 2}], "total": 2.5}'
VALUE = Invoice([Line("tea", 2.0)], 2.5)
CALL = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": "{}"}}


THOUGHTS = f"<reasoning>hm {{}}</reasoning>{GOOD}"


@pytest.mark.parametrize("answer", [GOOD, completion(GOOD), completion(THOUGHTS), f"\n{THOUGHTS}"])
def test_an_answer_becomes_a_value(answer: ChatCompletion | str) -> None:
    """A text and a completion are read alike, the thoughts of a model apart; members are of the kinds they have."""
    value = parse_answer(answer, Invoice)
    assert value == VALUE
    assert type(value.lines[0].price) is float


def test_a_text_with_the_tags_of_thoughts_in_it_stays_as_it_is() -> None:
    """Thoughts are what an answer begins with; the same tags within a member are words of it."""
    assert parse_answer('{"value": "<reasoning>a</reasoning>"}', str) == "<reasoning>a</reasoning>"


def test_a_kind_that_is_no_object_is_unwrapped() -> None:
    """What was asked for as `{"value": ...}` is given as the value itself, and an answer without it is told so."""
    assert parse_answer('{"value": [1, 2]}', list[int]) == [1, 2]
    assert misfit("[1, 2]", list[int])[2] == 'must be an object; the whole answer must be {"value": ...}'
    assert misfit('{"SECRET": 1, "value": 1}', int)[2].endswith('; the whole answer must be {"value": ...}')


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (completion("SECRET", refusal="SECRET, no"), "refusal", "refused"),
        (completion(GOOD[:30], "length"), "length", "cut"),
        (completion(GOOD, "length"), "length", "cut"),
        (completion("<reasoning>SECRET", "length"), "length", "spent on reasoning"),
        (completion(None, "tool_calls", tool_calls=[CALL]), "tool-calls", "calls of tools"),
        (completion(GOOD, "content_filter"), "guardrail", "guardrail"),
        (completion(""), "empty", "empty"),
        (completion(" \n"), "empty", "empty"),
        (completion("SECRET words"), "not-json", "not one JSON document"),
        (completion(f"{GOOD} {GOOD}"), "not-json", "two documents"),
    ],
)
def test_what_is_no_whole_answer_is_one_error(answer: ChatCompletion, reason: str, words: str) -> None:
    """Each has its reason, the completion, its tokens and its request ID, survives pickling, and repeats nothing."""
    with pytest.raises(ParseError) as caught:
        parse_answer(answer, Invoice)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.reason, error.json_path, error.request_id) == (reason, "$", "r-9")
    assert words in str(error)
    assert error.completion == answer
    assert error.usage == answer.usage
    assert "SECRET" not in f"{error} {error!r} {error.advice}"


def test_a_cut_answer_has_its_partial_text_and_says_whether_it_was_reasoning() -> None:
    """Of an answer that was cut the text is in `.partial`, and the advice says what to raise."""
    with pytest.raises(ParseError) as caught:
        parse_answer(completion(GOOD[:30], "length"), Invoice)
    assert caught.value.partial is not None
    assert caught.value.partial.text == GOOD[:30]
    assert "max_completion_tokens" in str(caught.value)


def misfit(text: str, kind: Any = Invoice) -> tuple[str, str, str]:
    with pytest.raises(ParseError) as caught:
        parse_answer(text, kind)
    error = caught.value
    assert error.reason == "schema"
    assert "SECRET" not in f"{error} {error!r} {error.advice}"
    assert error.__cause__ is error.__context__ is None
    assert str(error).startswith(f"{error.json_path}: {error.message}")
    return error.json_path, error.rule, error.message


@pytest.mark.parametrize(
    ("text", "path", "rule", "words"),
    [
        ('{"total": 1}', "$.lines", "required", "is required"),
        ('{"lines": [{"name": "SECRET", "price": "SECRET"}], "total": 1}', "$.lines[0].price", "type", "a number"),
        ('{"lines": [], "total": 1, "SECRET": 2}', "$", "additionalProperties", "it has lines, total"),
        ('{"lines": "SECRET", "total": 1}', "$.lines", "type", "an array"),
        ('[{"lines": [], "total": 1}]', "$", "type", "an object"),
        ('{"lines": [], "total": -1}', "$", "value", "refused by Invoice itself (ValueError)"),
    ],
)
def test_an_answer_of_another_kind_names_path_and_rule(text: str, path: str, rule: str, words: str) -> None:
    """What does not fit is told by its place and by the rule; the answer itself, and what a class says, are not."""
    found_path, found_rule, message = misfit(text)
    assert (found_path, found_rule) == (path, rule)
    assert words in message


def test_a_json_schema_is_checked_as_it_was_given() -> None:
    """Bounds that the strict form can only describe are checked; null for what may lack is left out of the value."""
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer", "minimum": 18}, "name": {"type": "string"}},
        "required": ["age"],
    }
    assert parse_answer('{"age": 20, "name": null}', schema) == {"age": 20}
    assert misfit('{"age": 3, "name": null}', schema) == ("$.age", "minimum", "must be at least 18")


def test_a_guardrail_is_told_by_any_sign_of_it() -> None:
    """An answer that a guardrail replaced is none, whatever its text is."""
    data = json.dumps({**body(GOOD), "amazon-bedrock-guardrailAction": "INTERVENED"}).encode()
    with pytest.raises(ParseError) as caught:
        parse_answer(parse_completion(HTTPResponse(200, Headers([]), data)), Invoice)
    assert caught.value.reason == "guardrail"


def test_what_is_told_to_the_model_is_kept_for_the_developer() -> None:
    """`told` has the words of a reask, with the text of the class's own ValueError; no text of the error has it."""
    with pytest.raises(ParseError) as caught:
        parse_answer('{"lines": [], "total": -1}', Invoice)
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.told == "$: is refused by Invoice itself (ValueError): the total SECRET must not be below 0."
    assert "SECRET" not in f"{error} {error!r} {error.args}"
    with pytest.raises(ParseError) as caught:
        parse_answer("none", Invoice)
    assert caught.value.told == "It is no JSON: no JSON object is in it."
    with pytest.raises(ParseError) as caught:
        parse_answer(completion(GOOD, "length"), Invoice)
    assert caught.value.told is None


@pytest.mark.parametrize("answer", [None, b"{}", {"total": 1}, Invoice])
def test_what_is_no_answer_at_all_is_a_type_error(answer: Any) -> None:
    """Bytes, a mapping, and the kind in the place of the answer are refused with the order of the two."""
    with pytest.raises(TypeError, match="first comes the answer, a ChatCompletion or a str; it is of the class"):
        parse_answer(answer, Invoice)


class Model(pydantic.BaseModel):
    count: int


@pytest.mark.parametrize("kind", [Model, make_dataclass("Holder", [("model", Model)])])
def test_a_class_that_takes_more_than_its_schema_is_checked_by_the_schema(kind: Any) -> None:
    """Pydantic makes 1 of the text "1"; an answer is checked by the schema that was asked for."""
    text = '{"count": "1"}' if kind is Model else '{"model": {"count": "1"}}'
    assert misfit(text, kind)[1:] == ("type", "must be an integer")


def test_jsonschema_is_loaded_for_the_schemas_of_others_alone() -> None:
    """The way to a value of Python's own kinds checks all that their schema says, bounds too."""
    program = """
import sys
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated
from bedrock_openai_http import ParseError, parse_answer
@dataclass
class Point:
    x: Annotated[int, {"minimum": 1}]
parse_answer('{"x": 1}', Point)
try:
    parse_answer('{"x": "1"}', Point)
except ParseError as error:
    assert error.json_path == "$.x"
assert "jsonschema" not in sys.modules
parse_answer('{"value": "a"}', {"type": "string"})
assert "jsonschema" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
