"""Which texts hold one JSON document, and which do not."""

from __future__ import annotations

import time

import pytest

from bedrock_openai_http.structured.document import document_in
from bedrock_openai_http.values.jsontext import JSONError

ONE = {"a": {"b": [1, 2]}}
TEXT = '{"a": {"b": [1, 2]}}'


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"\ufeff \n{TEXT}\n",
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"Here it is:\n```json\n{TEXT}\n```\nAnything else?",
        f"The set {{x}} is this [1]: {TEXT} {{and no more}}.",
        f"```json\n{TEXT}",
    ],
)
def test_one_document_is_found_in_its_words(text: str) -> None:
    """Alone, in a fence or among words, one document is the answer; braces and brackets of prose are words."""
    assert document_in(text) == ONE


@pytest.mark.parametrize("text", ["[1, 2]", '"text"', "3", "null"])
def test_a_document_that_is_no_object_is_one_alone(text: str) -> None:
    """JSON that is no object is decoded where nothing else is there, so that the schema can say what it should be."""
    document_in(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON object is in it"),
        ("I cannot say.", "no JSON object is in it"),
        (f"{TEXT}\n{TEXT}", "two documents or more, and it must be one"),
        (f"```json\n{TEXT}\n```\nor\n```json\n{TEXT}\n```", "two documents or more, and it must be one"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('So: {"a": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "a number out of range"),
        ('{"a": 1,}', "at character "),  # in words that differ between versions of Python
        ('{"a": {"b": 1}, "c": ', "expecting value"),
        ('x {"a": {"b": 1}, c} y', "expecting property name enclosed in double quotes"),
        ('{"a": "' + "x" * 9, "unterminated string"),
        ('{"a": ' + "[" * 5000, "nested too deeply"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "a name occurs twice in an object"),
        ('So: {"a": 1, "a": 1}.', "a name occurs twice in an object"),
    ],
)
def test_what_is_no_one_document_is_refused(text: str, reason: str) -> None:
    """Nothing is repaired: not NaN, a comma too many, a cut document, a name twice, or two documents."""
    with pytest.raises(JSONError) as caught:
        document_in(text)
    assert str(caught.value).startswith(reason) or reason in str(caught.value)
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"a": [{}, {}, {}]}\n' * 20_000, "x {} " * 80_000])
def test_many_documents_are_refused_at_once(text: str) -> None:
    """Two are enough to refuse: the time is that of reading the text once, however many there are."""
    began = time.process_time()
    with pytest.raises(JSONError, match="two documents or more"):
        document_in(text)
    assert time.process_time() - began < 1
