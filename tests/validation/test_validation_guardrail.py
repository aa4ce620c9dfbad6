"""Which guardrail settings can be sent, and that a bad one is not shown."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_openai_http import (
    ChatCompletionRequest,
    Client,
    ConfigurationError,
    Guardrail,
    RequestValidationError,
    UserMessage,
    validate_request,
)
from bedrock_openai_http.validation.validate import validate_guardrail

CANARY = "c4n4ry"
ARN = "arn:aws:bedrock:us-west-2:123456789012:guardrail/gr1"


@pytest.mark.parametrize(
    "guardrail",
    [
        Guardrail("gr1", "1"),
        Guardrail("GR12345", "DRAFT"),
        Guardrail(ARN, "12345678", trace=True),
        Guardrail(ARN.replace("aws:", "aws-us-gov:", 1), "DRAFT", trace="ENABLED_FULL"),
        Guardrail("gr1", "DRAFT", tag_suffix="Aa0" * 6 + "Aa", stream_processing_mode="ASYNCHRONOUS"),
    ],
)
def test_a_good_guardrail_is_accepted(guardrail: Guardrail) -> None:
    """IDs and ARNs, versions and the draft, and every setting at its limit."""
    validate_guardrail(guardrail)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identifier", ""),
        ("identifier", None),
        ("identifier", "c4n4ry c4n4ry"),
        ("identifier", "c4n4ryé"),
        ("identifier", "c4n4ry\r\nx: y"),
        ("identifier", "c4n4ry\n"),
        ("identifier", ARN.replace("aws:", "aws-c4n4ry\r\nx:", 1)),
        ("identifier", "a" * 2049),
        ("identifier", 1),
        ("version", "0"),
        ("version", "draft"),
        ("version", "123456789"),
        ("version", 1),
        ("version", None),
        ("trace", "enabled"),
        ("trace", 1),
        ("tag_suffix", ""),
        ("tag_suffix", "c4n4ry c4n4ry"),
        ("tag_suffix", "a" * 21),
        ("stream_processing_mode", "sync"),
    ],
)
def test_a_bad_guardrail_is_refused_without_showing_it(name: str, value: Any) -> None:
    """The error names the field and the rule; the value may be a header injection, and is not repeated."""
    settings = {"identifier": "gr1", "version": "1", name: value}
    with pytest.raises(ConfigurationError, match=f"the guardrail's {name} must be ") as caught:
        validate_guardrail(Guardrail(**settings))
    assert CANARY not in str(caught.value).lower()


@pytest.mark.parametrize("guardrail", ["c4n4ry", {"identifier": "c4n4ry"}, 7])
def test_what_is_no_guardrail_is_refused(guardrail: Any) -> None:
    """A request or a client with anything else for its guardrail gets a typed error, before anything is sent."""
    request = ChatCompletionRequest("m", [UserMessage("x")], guardrail=guardrail)
    with pytest.raises(RequestValidationError, match="must be a Guardrail"):
        validate_request(request)
    with Client("us-west-2", api_key="k", guardrail=guardrail) as client:
        for ask in (request, ChatCompletionRequest("m", [UserMessage("x")])):
            with pytest.raises(ConfigurationError, match="must be a Guardrail") as caught:
                client.complete(ask)
            assert CANARY not in str(caught.value)
