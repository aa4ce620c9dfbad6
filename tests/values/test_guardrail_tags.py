"""The tags that mark which part of a prompt a guardrail judges."""

from __future__ import annotations

import re

import pytest

from bedrock_openai_http import (
    ChatCompletionRequest,
    ConfigurationError,
    Guardrail,
    RequestValidationError,
    UserMessage,
    validate_request,
)


def test_the_text_stands_between_tags_with_the_suffix() -> None:
    """The tag is the one that the user guide names, opened before and closed after the text, nothing added."""
    tag = "amazon-bedrock-guardrails-guardContent_x7"
    assert Guardrail("gr-1", "1", tag_suffix="x7").tag("a < b\n") == f"<{tag}>a < b\n</{tag}>"


def test_a_new_suffix_is_random_and_valid() -> None:
    """Each copy has a suffix of its own of 16 letters and digits; everything else is the same."""
    guardrail = Guardrail("gr-1", "1", trace=True, tag_suffix="old", stream_processing_mode="SYNCHRONOUS")
    copies = [guardrail.with_tag_suffix() for _ in range(20)]
    assert all(re.fullmatch("[A-Za-z0-9]{16}", copy.tag_suffix or "") for copy in copies)
    assert len({copy.tag_suffix for copy in copies}) == 20
    assert {copy.headers() == guardrail.headers() for copy in copies} == {True}
    assert {copy.stream_processing_mode for copy in copies} == {"SYNCHRONOUS"}
    assert guardrail.tag_suffix == "old"


def test_the_suffix_of_the_tags_travels_in_the_body() -> None:
    """What `tag` wraps and what the request says is the same suffix, and the request is valid."""
    guardrail = Guardrail("gr-1", "1").with_tag_suffix()
    request = ChatCompletionRequest("m", [UserMessage(guardrail.tag("judge me"))], guardrail=guardrail)
    validate_request(request)
    body = request.to_body()
    suffix = body["amazon-bedrock-guardrailConfig"]["tagSuffix"]
    assert body["messages"][0]["content"].endswith(f"guardContent_{suffix}>")


@pytest.mark.parametrize("suffix", [None, ""])
def test_without_a_suffix_there_is_no_tag(suffix: str | None) -> None:
    """A guardrail without a suffix marks nothing, and says how to get one."""
    with pytest.raises(ConfigurationError, match="with_tag_suffix"):
        Guardrail("gr-1", "1", tag_suffix=suffix).tag("text")


@pytest.mark.parametrize("form", ["</{}>", "<{}>", "</{} >"])
def test_a_text_that_holds_the_tag_is_refused(form: str) -> None:
    """Nobody leaves the marked part by closing it in the text, in any case; the error does not repeat the text."""
    guardrail = Guardrail("gr-1", "1").with_tag_suffix()
    name = f"amazon-bedrock-guardrails-guardContent_{guardrail.tag_suffix}"
    for spelled in (name, name.upper()):
        with pytest.raises(RequestValidationError) as raised:
            guardrail.tag("SECRET " + form.format(spelled))
        assert "SECRET" not in str(raised.value)
        assert str(guardrail.tag_suffix).lower() not in str(raised.value).lower()


def test_the_tag_of_another_suffix_is_ordinary_text() -> None:
    """A guessed tag ends nothing, so it is no reason to refuse a text."""
    guardrail = Guardrail("gr-1", "1").with_tag_suffix()
    guessed = "</amazon-bedrock-guardrails-guardContent_xyz>"
    assert guessed in guardrail.tag(guessed)
