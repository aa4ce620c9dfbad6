"""What holds of every answer of a real model, asked over signed HTTP.

The model is tiny: these tests judge the shape of what it says, never the text.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from bedrock_openai_http import (
    AssistantMessage,
    AuthenticationError,
    BadRequestError,
    ChatCompletionRequest,
    Client,
    NotFoundError,
    PermissionDeniedError,
    SystemMessage,
    UserMessage,
)
from bedrock_openai_http.aws.credentials import Credentials
from bedrock_openai_http.testing import LocalEndpoint
from real_model import ModelUnavailableError, RealModel, real_model, weights

QUESTION = UserMessage("Name three colours and say where each can be found in nature.")


#: Bedrock would ignore these for the model that is named; the model that answers here does not.
OF_THIS_MODEL = pytest.mark.filterwarnings("ignore::bedrock_openai_http.CompatibilityWarning")


def request(*messages: Any, **fields: Any) -> ChatCompletionRequest:
    """Return a short, repeatable request with the common question, or with `messages`."""
    options: dict[str, Any] = {"temperature": 0, "max_completion_tokens": 40, **fields}
    return ChatCompletionRequest(model="openai.gpt-oss-20b-1:0", messages=messages or (QUESTION,), **options)


def signing(endpoint: LocalEndpoint, credentials: Credentials | None = None) -> Client:
    """Return a client of `endpoint` that signs with `credentials`, by default the right ones."""
    return Client(
        endpoint.region, base_url=endpoint.url, credentials=credentials or endpoint.credentials, max_attempts=1
    )


def test_an_answer_has_text_usage_and_the_endpoints_request_id(client: Client, endpoint: LocalEndpoint) -> None:
    """A signed request comes back as a whole completion, under the request ID that the endpoint gave it."""
    completion = client.complete(request())
    (received,) = endpoint.requests
    assert completion.request_id == received.request_id
    assert completion.text.strip()
    assert completion.choices[0].message.role == "assistant"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 0
    assert 0 < completion.usage.completion_tokens <= 40
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


def test_a_streamed_answer_comes_in_many_chunks_that_add_up(client: Client, endpoint: LocalEndpoint) -> None:
    """The chunks' texts, put together, are the text of the whole; the usage comes with the last chunk."""
    with client.stream(request(stream_options={"include_usage": True})) as stream:
        chunks = list(stream)
        whole = stream.completion()
    texts = [chunk.text for chunk in chunks if chunk.text]
    assert len(texts) > 10
    assert "".join(texts) == whole.text
    assert whole.usage is not None
    assert chunks[-1].usage == whole.usage
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert whole.request_id == endpoint.requests[0].request_id


def test_a_stream_can_be_left_early_and_the_client_goes_on(client: Client) -> None:
    """Closing a stream after its first words harms nothing: the next call is answered."""
    with client.stream(request(max_completion_tokens=200)) as stream:
        assert next(chunk.text for chunk in stream if chunk.text)
    assert client.complete(request()).text.strip()


@OF_THIS_MODEL
def test_the_answer_obeys_a_json_schema(client: Client) -> None:
    """With a strict `json_schema` response format, the text is JSON that the schema accepts."""
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green", "blue"]}, "warm": {"type": "boolean"}},
        "required": ["colour", "warm"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "colour", "strict": True, "schema": schema}}
    completion = client.complete(request(response_format=wanted, max_completion_tokens=100))
    assert completion.choices[0].finish_reason == "stop"
    jsonschema.validate(json.loads(completion.text), schema)


def test_the_whole_conversation_reaches_the_model(client: Client) -> None:
    """Each message more is prompt tokens more."""
    alone = client.complete(request())
    talk = (SystemMessage("Be brief."), UserMessage("Hello."), AssistantMessage("Hello! How can I help?"))
    together = client.complete(request(*talk, QUESTION))
    assert alone.usage is not None
    assert together.usage is not None
    assert together.usage.prompt_tokens > alone.usage.prompt_tokens


def test_the_token_limit_ends_an_answer(client: Client) -> None:
    """An answer cut at `max_completion_tokens` has just so many tokens and says that its length ended it."""
    completion = client.complete(request(max_completion_tokens=5))
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


@OF_THIS_MODEL
def test_a_stop_sequence_ends_an_answer(client: Client) -> None:
    """The text ends before the stop sequence, which is a word that the answer would have had."""
    words = client.complete(request()).text.split()
    assert len(words) > 5
    completion = client.complete(request(stop=[words[4]]))
    assert completion.choices[0].finish_reason == "stop"
    assert words[4] not in completion.text


def test_a_wrong_secret_is_refused_before_the_model(endpoint: LocalEndpoint) -> None:
    """A request signed with the wrong secret is a PermissionDeniedError, and none of it is passed on."""
    with LocalEndpoint(upstream=f"{endpoint.url}/openai/v1", upstream_key=endpoint.api_key) as door:
        right = door.credentials
        wrong = Credentials(right.access_key, secrets.token_hex(20), right.token)
        with signing(door, wrong) as client, pytest.raises(PermissionDeniedError) as caught:
            client.complete(request())
        assert endpoint.requests == []
        assert caught.value.status_code == 403
        assert caught.value.request_id == door.requests[0].request_id
        with signing(door, right) as client:
            assert client.complete(request()).text.strip()
        assert len(endpoint.requests) == 1


def test_a_bedrock_api_key_opens_the_door(endpoint: LocalEndpoint) -> None:
    """The key is sent as a bearer token in place of a signature."""
    with Client(endpoint.region, base_url=endpoint.url, api_key=endpoint.api_key) as client:
        assert client.complete(request()).text.strip()
    assert endpoint.requests[0].headers["Authorization"].startswith("Bearer ")


def test_a_wrong_api_key_is_refused(endpoint: LocalEndpoint) -> None:
    """A key that looks right and is another is a PermissionDeniedError."""
    key = f"bedrock-api-key-{secrets.token_urlsafe(24)}"
    client = Client(endpoint.region, base_url=endpoint.url, api_key=key)
    with client, pytest.raises(PermissionDeniedError):
        client.complete(request())


def test_the_models_own_server_can_be_asked_directly(model: RealModel) -> None:
    """Any OpenAI-compatible server that takes an API key will do as the endpoint."""
    with Client("us-west-2", base_url=model.url, api_key=model.api_key) as client:
        assert client.complete(request()).text.strip()


def test_a_prompt_too_long_for_the_model_is_a_bad_request(client: Client) -> None:
    """The 400 of the model's server arrives as a BadRequestError, in that server's words."""
    with pytest.raises(BadRequestError) as caught:
        client.complete(request(UserMessage("word " * 5000)))
    assert caught.value.status_code == 400
    assert "context" in caught.value.message
    assert caught.value.request_id


def test_a_key_that_the_models_server_refuses_is_an_authentication_error(model: RealModel) -> None:
    """The 401 of the model's server and the 403 of the door are told apart."""
    with LocalEndpoint(upstream=model.url, upstream_key="wrong") as endpoint, signing(endpoint) as client:
        with pytest.raises(AuthenticationError):
            client.complete(request())
        assert len(endpoint.requests) == 1


def test_a_path_that_the_models_server_does_not_have_is_not_found(model: RealModel) -> None:
    """The 404 of the model's server arrives as a NotFoundError, streamed or not."""
    nowhere = f"{model.url}/nowhere"
    with LocalEndpoint(upstream=nowhere, upstream_key=model.api_key) as endpoint, signing(endpoint) as client:
        with pytest.raises(NotFoundError):
            client.complete(request())
        with pytest.raises(NotFoundError), client.stream(request()) as stream:
            list(stream)


def test_the_models_server_ends_with_its_block() -> None:
    """After the block nobody listens any more: the server leaves no process behind."""
    with real_model() as passing:
        port = urlsplit(passing.url).port or 0
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_model_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the packages are missing, the one typed error says which one and what installs it."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModelUnavailableError, match=r"xllamacpp is not installed \(`make model` installs it\)"):
        weights()
