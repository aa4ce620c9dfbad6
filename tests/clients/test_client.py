"""The walk from a request to its answer, over real sockets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from bedrock_openai_http import (
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    Client,
    Guardrail,
    Headers,
    IncompleteStreamError,
    NotFoundError,
    PermissionDeniedError,
    ResponseFormatError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.transport.requests_transport import RequestsTransport
from bedrock_openai_http.values.http import HTTPRequest, TimeLimits
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    REQUEST,
    RawServer,
    RecordedResponse,
    client_of,
    http,
    http_chunk,
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="Hello from here.") as running:
        yield running


@pytest.fixture
def client(endpoint: LocalEndpoint) -> Iterator[Client]:
    with Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as signing:
        yield signing


class TestComplete:
    """One request, one answer."""

    def test_signed(self, client: Client, endpoint: LocalEndpoint) -> None:
        """A signed request is answered, with text, reasoning, usage and the request ID that the service gave."""
        completion = client.complete(REQUEST)
        assert completion.text == "Hello from here."
        assert completion.reasoning
        assert completion.usage is not None
        assert completion.usage.total_tokens > 0
        assert completion.request_id == endpoint.requests[-1].request_id
        sent = endpoint.requests[-1]
        assert sent.json() == REQUEST.to_body()
        assert sent.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=")
        assert f"/{endpoint.region}/bedrock/aws4_request" in sent.headers["authorization"]

    def test_with_an_api_key(self, endpoint: LocalEndpoint) -> None:
        """An API key is sent as a bearer token, without a region and without a signature."""
        with Client(base_url=endpoint.url, api_key=endpoint.api_key) as client:
            assert client.complete(REQUEST).request_id
        assert endpoint.requests[-1].headers["authorization"] == f"Bearer {endpoint.api_key}"
        assert "x-amz-date" not in endpoint.requests[-1].headers

    def test_a_mapping_is_a_request(self, client: Client, endpoint: LocalEndpoint) -> None:
        """A body of the wire format is taken in place of a request value, and stays as it was."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 50}
        before = json.dumps(body)
        assert client.complete(body).text
        assert endpoint.requests[-1].json() == body
        assert json.dumps(body) == before

    def test_extra_headers(self, client: Client, endpoint: LocalEndpoint) -> None:
        """Extra headers are sent; Amazon's own are signed."""
        client.complete(REQUEST, extra_headers={"X-Amzn-Bedrock-Trace": "ENABLED", "X-Corp": "a"})
        headers = endpoint.requests[-1].headers
        assert (headers["x-amzn-bedrock-trace"], headers["x-corp"]) == ("ENABLED", "a")
        assert "x-amzn-bedrock-trace" in headers["authorization"]
        assert "x-corp" not in headers["authorization"]

    def test_threads_share_a_client(self, client: Client, endpoint: LocalEndpoint) -> None:
        """Sixteen threads on one client each get an answer of their own."""
        found: list[str | None] = []

        def call() -> None:
            found.extend(client.complete(REQUEST).request_id for _ in range(4))

        threads = [threading.Thread(target=call) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == len(set(found)) == 64


class TestStream:
    """One request, many chunks."""

    def test_signed(self, client: Client, endpoint: LocalEndpoint) -> None:
        """A stream gives its chunks and adds up to the completion; `stream` is set in what is sent."""
        with client.stream(REQUEST) as stream:
            text = "".join(chunk.text for chunk in stream)
            whole = stream.completion()
        assert text == whole.text == "Hello from here."
        assert stream.request_id == stream._request_id == whole.request_id == endpoint.requests[-1].request_id
        assert endpoint.requests[-1].json() == {**REQUEST.to_body(), "stream": True}
        assert whole.usage is None

    def test_usage_is_sent_when_asked_for(self, client: Client) -> None:
        """With `include_usage` the whole completion has its token counts."""
        request = ChatCompletionRequest(MODEL, [UserMessage("Hi")], stream_options={"include_usage": True})
        with client.stream(request) as stream:
            usage = stream.completion().usage
        assert usage is not None
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens

    def test_a_mapping_is_a_request(self, client: Client, endpoint: LocalEndpoint) -> None:
        """A body of the wire format can be streamed; options of a stream need no `stream` of their own."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
        body |= {"stream_options": {"include_usage": True}}
        with client.stream(body) as stream:
            assert stream.completion().usage
        assert endpoint.requests[-1].json() == {**body, "stream": True}

    def test_streams_share_a_connection(self) -> None:
        """Five streams in a row, each read to its end, need one connection."""
        answer = [CHUNKED_STREAM + http_chunk(CHUNK), http_chunk(b"data: [DONE]\n\n"), http_chunk(b"")]
        with RawServer(lambda number: answer) as server, client_of(server) as client:
            for _ in range(5):
                with client.stream(REQUEST) as stream:
                    assert [chunk.text for chunk in stream] == ["hi"]
        assert server.connections == 1

    def test_an_abandoned_stream(self) -> None:
        """Leaving a stream early closes its connection, and the next call is not disturbed."""
        script = [[CHUNKED_STREAM + http_chunk(CHUNK), 9.0], [http(COMPLETION)]]
        with RawServer(lambda number: script[number - 1]) as server, client_of(server) as client:
            with client.stream(REQUEST) as stream:
                next(stream)
            assert client.complete(REQUEST).text == "hi"

    def test_a_truncated_stream(self) -> None:
        """A stream whose connection ends without the end mark raises with what had arrived, and is not retried."""
        answer = [CHUNKED_STREAM + http_chunk(CHUNK) + http_chunk(b""), None]
        with RawServer(lambda number: answer) as server, client_of(server) as client:
            with client.stream(REQUEST) as stream, pytest.raises(IncompleteStreamError) as caught:
                list(stream)
            assert len(server.requests) == 1
        assert caught.value.partial is not None
        assert caught.value.partial.text == "hi"
        assert (caught.value.request_id, caught.value.attempts) == ("r-1", 1)
        assert caught.value.elapsed is not None

    def test_a_stalled_stream(self) -> None:
        """Silence in mid-stream raises a timeout in phase `idle`, with what had arrived."""
        answer = [CHUNKED_STREAM + http_chunk(CHUNK), 9.0]
        with RawServer(lambda number: answer) as server, client_of(server, timeout=0.2) as client:
            with client.stream(REQUEST) as stream, pytest.raises(APITimeoutError) as caught:
                list(stream)
        assert (caught.value.phase, caught.value.request_id) == ("idle", "r-1")
        assert caught.value.partial is not None
        assert caught.value.partial.text == "hi"

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (http(COMPLETION), ResponseFormatError),
            (http(b"<html>", kind="text/html"), ResponseFormatError),
            (http(b'{"message": "no"}'), APIStatusError),
            (http(b'{"Output": {"__type": "a#UnknownOperationException"}, "Version": "1.0"}'), NotFoundError),
        ],
    )
    def test_an_answer_that_is_no_stream(self, answer: bytes, kind: type) -> None:
        """A 200 answer that is no event stream is raised as what it is, before there is a stream."""
        with RawServer(lambda number: [answer]) as server, client_of(server) as client:
            with pytest.raises(BedrockOpenAIError) as caught:
                client.stream(REQUEST)
            assert server.connections == 1
        assert type(caught.value) is kind
        assert (caught.value.request_id, caught.value.attempts) == ("r-1", 1)


def test_threads_that_begin_together_share_one_pool(endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads make a client's first calls at once, all go through one transport."""
    used: list[RequestsTransport] = []
    original, begin = RequestsTransport.__init__, RequestsTransport.open

    def slow(self: RequestsTransport, *args: Any, **options: Any) -> None:
        time.sleep(0.01)  # long enough for the others to come in
        original(self, *args, **options)

    def noting(self: RequestsTransport, *args: Any) -> Any:
        used.append(self)
        return begin(self, *args)

    monkeypatch.setattr(RequestsTransport, "__init__", slow)
    monkeypatch.setattr(RequestsTransport, "open", noting)
    with Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as client:
        threads = [threading.Thread(target=client.complete, args=(REQUEST,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(used) == 8
    assert len(set(used)) == 1


class TestRegion:
    """Which region is signed for."""

    def test_precedence(self, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        """Argument, AWS_REGION, AWS_DEFAULT_REGION, profile; a blank variable is absent."""
        config = tmp_path / "config"
        config.write_text("[default]\nregion = eu-west-4\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

        def signed_for(**options: Any) -> str:
            with Client(base_url=endpoint.url, credentials=endpoint.credentials, **options) as client:
                with pytest.raises(PermissionDeniedError):
                    client.complete(REQUEST)
            return endpoint.requests[-1].headers["authorization"].split("/")[2]

        assert signed_for() == "eu-west-4"
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
        assert signed_for() == "eu-west-3"
        monkeypatch.setenv("AWS_REGION", "eu-west-2")
        assert signed_for() == "eu-west-2"
        monkeypatch.setenv("AWS_REGION", " ")
        assert signed_for() == "eu-west-3"
        assert signed_for(region="eu-west-1") == "eu-west-1"


class TestOwnParts:
    """A transport or a session of the caller's."""

    def test_a_transport(self) -> None:
        """Any object with `open` and `close` sends; it gets the signed request and the limits, and is not closed."""
        seen: list[Any] = []

        class Mine:
            def open(self, request: HTTPRequest, limits: TimeLimits) -> RecordedResponse:
                seen.extend([request, limits])
                response = RecordedResponse(COMPLETION)
                response.headers = Headers({"x-request-id": "mine"})
                return response

            def close(self) -> None:
                seen.append("closed")

        with Client("us-west-2", api_key=KEY, transport=Mine(), timeout=7) as client:
            assert client.complete(REQUEST).request_id == "mine"
        assert seen[0].url == "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions"
        assert seen[1] == TimeLimits(5.0, 7, None)
        assert len(seen) == 2

    def test_a_session(self, endpoint: LocalEndpoint) -> None:
        """A session of `requests` sends over its own pool."""
        with requests.Session() as session:
            with Client(base_url=endpoint.url, api_key=endpoint.api_key, session=session) as client:
                assert client.complete(REQUEST).text == "Hello from here."

    @responses.activate
    def test_the_responses_library_can_stand_in(self) -> None:
        """Users' tests can mock the service with the library `responses`."""
        url = "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions"
        responses.post(url, body=COMPLETION, headers={"x-amzn-RequestId": "r-2"})
        with Client("us-west-2", api_key=KEY) as client:
            assert client.complete(REQUEST).request_id == "r-2"
            responses.replace(responses.POST, url, body=CHUNK + b"data: [DONE]\n\n", content_type="text/event-stream")
            with client.stream(REQUEST) as stream:
                assert stream.completion().text == "hi"


def test_the_clients_guardrail_is_applied(endpoint: LocalEndpoint) -> None:
    """A client's guardrail is sent with every request that has none of its own."""
    with Client(
        endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials, guardrail=Guardrail("abc", "1")
    ) as client:
        client.complete(REQUEST)
        assert endpoint.requests[-1].headers["x-amzn-bedrock-guardrailidentifier"] == "abc"
        own = ChatCompletionRequest(MODEL, [UserMessage("x")], guardrail=Guardrail("def", "DRAFT"))
        client.complete(own)
        assert endpoint.requests[-1].headers["x-amzn-bedrock-guardrailidentifier"] == "def"


def test_clients_and_streams_leave_nothing_open(endpoint: LocalEndpoint) -> None:
    """A client that is used after close() works again, with new connections."""
    client = Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials)
    client.complete(REQUEST)
    client.close()
    client.close()
    assert client.complete(REQUEST).text
    client.close()
