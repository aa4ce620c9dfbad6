"""The HTTP request that carries a body."""

from __future__ import annotations

import json

import pytest

from bedrock_openai_http import (
    ChatCompletionRequest,
    ConfigurationError,
    Guardrail,
    UserMessage,
    build_http_request,
)

URL = "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions"


def test_the_request() -> None:
    """A request becomes a POST with compact UTF-8 JSON, asking for an answer that is not compressed."""
    built = build_http_request(ChatCompletionRequest("m", [UserMessage("Grüße 🦙")]), URL)
    assert (built.method, built.url) == ("POST", URL)
    assert built.body == '{"model":"m","messages":[{"role":"user","content":"Grüße 🦙"}]}'.encode()
    assert built.headers["content-type"] == built.headers["accept"] == "application/json"
    assert built.headers["accept-encoding"] == "identity"
    assert built.headers["user-agent"].startswith("bedrock-openai-http/")


def test_a_body_can_be_given() -> None:
    """A body of the wire format is taken as it is; a streamed one asks for an event stream."""
    body = {"model": "m", "messages": [], "stream": True}
    built = build_http_request(body, URL, extra_headers={"X-Corp": "a b"})
    assert json.loads(built.body) == body
    assert built.headers["accept"] == "text/event-stream"
    assert built.headers["x-corp"] == "a b"


def test_guardrail_headers() -> None:
    """A guardrail travels in Bedrock's headers; its tag suffix in the body."""
    guardrail = Guardrail("gr-1", "DRAFT", trace="ENABLED", tag_suffix="abc")
    built = build_http_request(ChatCompletionRequest("m", [UserMessage("x")], guardrail=guardrail), URL)
    assert built.headers["x-amzn-bedrock-guardrailidentifier"] == "gr-1"
    assert built.headers["x-amzn-bedrock-guardrailversion"] == "DRAFT"
    assert built.headers["x-amzn-bedrock-trace"] == "ENABLED"
    assert json.loads(built.body)["amazon-bedrock-guardrailConfig"] == {"tagSuffix": "abc"}


@pytest.mark.parametrize(
    "value",
    [
        "SECRET\r\nX-Evil: 1",
        "SECRET\r\n folded",
        "SECRET\x00",
        "SECRET\x7f",
        "SECRETé",
        "SECRET漢",
        "SECRET\u00a0",
        "SECRET\u0085",
    ]
    + ["SECRET\tx", " SECRET", "SECRET ", "SECRET  x", "", "SECRET" * 20_000, b"SECRET", 7, None],
)
def test_header_values_that_are_refused(value: str) -> None:
    """A value that would arrive otherwise than it was signed is refused; the error names the header only."""
    with pytest.raises(ConfigurationError, match=r"^extra_headers: the value of X-Corp ") as caught:
        build_http_request({}, URL, extra_headers={"X-Corp": value})
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", 7])
def test_header_names_that_are_refused(name: str) -> None:
    """What is no header name is refused."""
    with pytest.raises(ConfigurationError, match=r"^extra_headers: a name is not a header name$"):
        build_http_request({}, URL, extra_headers={name: "x"})


@pytest.mark.parametrize(
    "name", ["Authorization", "HOST", "x-amz-date", "X-Amz-Security-Token", "Content-Length", "Accept"]
)
def test_headers_of_the_client_are_reserved(name: str) -> None:
    """Headers that authenticate, or that describe the body, are not the caller's."""
    with pytest.raises(ConfigurationError, match=f"^extra_headers: {name} is set by the client$"):
        build_http_request({}, URL, extra_headers={name: "x"})
