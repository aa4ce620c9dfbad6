"""The client of another house talks to a LocalEndpoint: openai-python, with the endpoint's URL and API key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from bedrock_openai_http.testing import LocalEndpoint

MODEL = "openai.gpt-oss-20b-1:0"
QUESTION: Any = {"role": "user", "content": "When does water boil?"}
TOOLS: Any = [{"type": "function", "function": {"name": "boil", "parameters": {"type": "object"}}}]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="At 100 degrees.") as running:
        yield running


@pytest.fixture(scope="module")
def client(endpoint: LocalEndpoint) -> Iterator[openai.OpenAI]:
    url = f"{endpoint.url}/openai/v1"
    with openai.OpenAI(base_url=url, api_key=endpoint.api_key, max_retries=0) as ready:
        yield ready


def result_of(call: Any) -> Any:
    return {"role": "tool", "tool_call_id": call.id, "content": "100"}


def test_a_plain_answer_and_a_stream(client: openai.OpenAI) -> None:
    """Both are read by the SDK, with usage and request ID."""
    answer = client.chat.completions.create(model=MODEL, messages=[QUESTION])
    assert str(answer.choices[0].message.content).endswith("At 100 degrees.")
    assert answer.usage
    assert answer._request_id
    stream = client.chat.completions.create(
        model=MODEL, messages=[QUESTION], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.endswith("At 100 degrees.")
    assert chunks[-1].usage == answer.usage


@pytest.mark.parametrize("dumped", [False, True])
def test_its_messages_come_back_as_history(client: openai.OpenAI, dumped: bool) -> None:
    """What the SDK makes of an answer, `parsed` and nulls too, is taken as history, as an object and as a dump."""
    whole = client.chat.completions.create(model=MODEL, messages=[QUESTION], tools=TOOLS, tool_choice="required")
    with client.chat.completions.stream(
        model=MODEL, messages=[QUESTION], tools=TOOLS, tool_choice="required"
    ) as stream:
        streamed = stream.get_final_completion()
    for answer in (whole, streamed):
        message: Any = answer.choices[0].message
        turn = message.model_dump() if dumped else message
        history = [QUESTION, turn, result_of(message.tool_calls[0])]
        again = client.chat.completions.create(model=MODEL, messages=history, tools=TOOLS)
        assert again.choices[0].finish_reason == "stop"


def test_refusals_are_its_own_exceptions(endpoint: LocalEndpoint, client: openai.OpenAI) -> None:
    """A bad request, key or path is the SDK's exception for it, and names the field."""
    with pytest.raises(openai.BadRequestError, match="temperature: must be at most 2") as caught:
        client.chat.completions.create(model=MODEL, messages=[QUESTION], temperature=9)
    assert caught.value.param == "temperature"
    with pytest.raises(openai.NotFoundError):
        client.models.list()
    with pytest.raises(openai.NotFoundError, match="doesn't support this API"):
        client.responses.create(model=MODEL, input="When does water boil?")
    with pytest.raises(openai.PermissionDeniedError):
        client.with_options(api_key="bedrock-api-key-x").chat.completions.create(model=MODEL, messages=[QUESTION])
