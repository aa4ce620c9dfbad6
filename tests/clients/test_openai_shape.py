"""The OpenAI-shaped door: programs in the style of the AWS guide run with another import and constructor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_openai_http import BedrockOpenAIError, Client, RequestValidationError
from bedrock_openai_http.testing import LocalEndpoint
from support import CHUNKED_STREAM, RawServer, http_chunk

MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="Good day.") as running:
        yield running


def test_the_guides_first_program(endpoint: LocalEndpoint) -> None:
    """The AWS guide's first Python program: a developer and a user message, and the answer's message."""
    with Client(base_url=f"{endpoint.url}/openai/v1", api_key=endpoint.api_key) as client:
        completion = client.chat.completions.create(
            model="openai.gpt-oss-20b-1:0",
            messages=[
                {"role": "developer", "content": "You are a helpful assistant."},
                {"role": "user", "content": "Hello!"},
            ],
        )
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].message.content == completion.raw["choices"][0]["message"]["content"]
    assert completion.choices[0].message.text == "Good day."


def guardrail_program(client: Client) -> tuple[str, str | None]:
    """Do what the AWS guide's guardrail program does; return which branch ran and the request ID that it found."""
    try:
        response = client.chat.completions.create(
            model="openai.gpt-oss-20b-1:0",
            extra_headers={
                "X-Amzn-Bedrock-GuardrailIdentifier": "GR12345",
                "X-Amzn-Bedrock-GuardrailVersion": "DRAFT",
                "X-Amzn-Bedrock-Trace": "ENABLED",
            },
            extra_body={"amazon-bedrock-guardrailConfig": {"tagSuffix": "xyz"}},
            messages=[
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "assistant", "content": "Hello! How can I help you today?"},
                {"role": "user", "content": "What is the weather like today?"},
            ],
        )
    except BedrockOpenAIError as e:
        if hasattr(e, "response") and e.response is not None:
            return "error", e.response.headers.get("x-request-id")
        return "error", None
    return "answer", response._request_id


def test_the_guides_guardrail_program(endpoint: LocalEndpoint) -> None:
    """The AWS guide's guardrail program: its headers and body field arrive, and the request ID is at hand."""
    with Client(base_url=f"{endpoint.url}/openai/v1", api_key=endpoint.api_key) as client:
        assert guardrail_program(client) == ("answer", endpoint.requests[-1].request_id)
    sent = endpoint.requests[-1]
    assert sent.headers["X-Amzn-Bedrock-GuardrailIdentifier"] == "GR12345"
    assert sent.headers["X-Amzn-Bedrock-Trace"] == "ENABLED"
    assert sent.json()["amazon-bedrock-guardrailConfig"] == {"tagSuffix": "xyz"}


def test_the_guides_guardrail_program_refused(endpoint: LocalEndpoint) -> None:
    """Its except branch finds the request ID in the headers of the answer that refused it."""
    with Client(base_url=f"{endpoint.url}/openai/v1", api_key="bedrock-api-key-wrong") as client:
        assert guardrail_program(client) == ("error", endpoint.requests[-1].request_id)


def test_stream(endpoint: LocalEndpoint) -> None:
    """With `stream=True` the chunks come one by one, with the fields that the OpenAI SDK's users know."""
    with Client(base_url=endpoint.url, api_key=endpoint.api_key) as client:
        stream = client.chat.completions.create(
            model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        content = ""
        for chunk in stream:
            for choice in chunk.choices:
                content += choice.delta.content or ""
        assert chunk.usage is not None
        assert chunk.usage.total_tokens > 0
    assert content.endswith("Good day.")
    assert stream._request_id == endpoint.requests[-1].request_id


def test_none_is_not_given(endpoint: LocalEndpoint) -> None:
    """Fields that are None are not sent."""
    with Client(base_url=endpoint.url, api_key=endpoint.api_key) as client:
        client.chat.completions.create(model="m", messages=MESSAGES, temperature=None, stream=None)
    assert endpoint.requests[-1].json() == {"model": "m", "messages": MESSAGES}


def test_an_unknown_field_is_refused(endpoint: LocalEndpoint) -> None:
    """A misspelled field is refused with a suggestion, and nothing is sent; `extra_body` sends any field."""
    with Client(base_url=endpoint.url, api_key=endpoint.api_key) as client:
        with pytest.raises(RequestValidationError, match=r'did you mean "temperature"\?') as caught:
            client.chat.completions.create(model="m", messages=MESSAGES, temprature=1)
        assert caught.value.json_path == "$.temprature"
        for missing in ({"model": "m"}, {"messages": MESSAGES}):
            with pytest.raises(RequestValidationError, match="is required"):
                client.chat.completions.create(**missing)
        assert endpoint.requests == []
        client.chat.completions.create(model="m", messages=MESSAGES, extra_body={"temprature": 1})
    assert endpoint.requests[-1].json()["temprature"] == 1


def test_timeout() -> None:
    """`timeout` is for this call only."""
    with RawServer(lambda number: [CHUNKED_STREAM, http_chunk(b": "), 9.0]) as server:
        with (
            Client(base_url=server.url, api_key="k") as client,
            pytest.raises(BedrockOpenAIError, match=r"within 0\.1 s"),
        ):
            list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, timeout=0.1))
