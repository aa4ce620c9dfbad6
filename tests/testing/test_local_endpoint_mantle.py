"""A LocalEndpoint that stands in for mantle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_openai_http import ChatCompletionRequest, Client, NotFoundError, PermissionDeniedError, UserMessage
from bedrock_openai_http.testing import LocalEndpoint
from loopback import send


@pytest.fixture(scope="module")
def mantle() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(service="bedrock-mantle", answer="Hello from mantle.") as endpoint:
        yield endpoint


def client_of(endpoint: LocalEndpoint, name: str = "mantle") -> Client:
    return Client(endpoint.region, endpoint=name, base_url=endpoint.url, credentials=endpoint.credentials)


@pytest.mark.parametrize("model", ["openai.gpt-oss-20b", "openai.gpt-5.6-sol"])
def test_each_of_mantles_paths(mantle: LocalEndpoint, model: str) -> None:
    """A mantle client is let in and answered on both of mantle's paths, plain and streamed."""
    request = ChatCompletionRequest(model, [UserMessage("Hello!")])
    with client_of(mantle) as client:
        assert client.complete(request).text == "Hello from mantle."
        with client.stream(request) as stream:
            assert stream.completion().text == "Hello from mantle."


def test_the_signature_is_mantles(mantle: LocalEndpoint) -> None:
    """What is signed for runtime is refused by mantle."""
    request = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")])
    with client_of(mantle, "runtime") as client, pytest.raises(PermissionDeniedError):
        client.complete(request)


def test_another_path(mantle: LocalEndpoint) -> None:
    """A path that mantle does not have is 404, not runtime's 200."""
    with Client(
        mantle.region, endpoint="mantle", base_url=f"{mantle.url}/other", credentials=mantle.credentials
    ) as client:
        with pytest.raises(NotFoundError) as caught:
            client.complete(ChatCompletionRequest("openai.gpt-oss-20b", [UserMessage("Hello!")]))
    assert caught.value.status_code == 404


def test_the_paths_of_mantles_other_apis(mantle: LocalEndpoint) -> None:
    """What mantle serves and the endpoint does not is 404 too, in the shape of its API."""
    headers = {"Authorization": f"Bearer {mantle.api_key}"}
    for asked in ("GET /v1/models", "GET /openai/v1/models", "POST /v1/responses", "POST /openai/v1/responses"):
        method, path = asked.split()
        reply = send(mantle, b"{}", headers, method=method, path=path)
        assert (reply.status, reply.json["error"]["code"]) == (404, "not_found_error")
    reply = send(mantle, b"{}", headers, path="/anthropic/v1/messages")
    assert (reply.status, reply.json["type"]) == (404, "error")


def test_a_recorded_answer_of_mantle() -> None:
    """A scenario of mantle's is played to a mantle client."""
    with (
        LocalEndpoint(service="bedrock-mantle", scenario="mantle-reasoning") as endpoint,
        client_of(endpoint) as client,
    ):
        completion = client.complete(ChatCompletionRequest("openai.gpt-oss-20b", [UserMessage("Hello!")]))
    assert completion.reasoning
