"""The walk from a request to its answer, over real sockets."""

from __future__ import annotations

import json
import pickle
import re
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    Client,
    ConfigurationError,
    CredentialsError,
    Guardrail,
    Headers,
    IncompleteStreamError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RequestValidationError,
    ResponseFormatError,
    SystemMessage,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.wire import HTTPRequest, TimeLimits
from support import CHUNKED_STREAM, RawServer, RecordedResponse, http, http_chunk

MODEL = "openai.gpt-oss-20b-1:0"
PROMPT = "SECRET prompt"
REQUEST = ChatCompletionRequest(MODEL, [SystemMessage("Be brief."), UserMessage(PROMPT)])
COMPLETION = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}'
CHUNK = b'data: {"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": null}]}\n\n'
KEY = "bedrock-api-key-SECRET"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="Hello from here.") as running:
        yield running


@pytest.fixture
def client(endpoint: LocalEndpoint) -> Iterator[Client]:
    with Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as signing:
        yield signing


def client_of(server: RawServer, **options: Any) -> Client:
    return Client(base_url=server.url, **{"api_key": KEY, **options})


def quick(client: Client) -> Client:
    """Return the client with waits between attempts that take no time."""
    client._retrier._sleep = lambda seconds: None
    return client


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


class TestRefusedBeforeSending:
    """Bad input gets one typed error and sends nothing."""

    @pytest.fixture
    def unused(self) -> Iterator[RawServer]:
        with RawServer(lambda number: [http(COMPLETION)]) as server:
            yield server
            assert server.requests == []
            assert server.connections == 0

    @pytest.mark.parametrize(
        ("change", "path", "rule"),
        [
            ({"temperature": 3}, "$.temperature", "maximum"),
            ({"temperature": float("nan")}, "$.temperature", None),
            ({"messages": []}, "$.messages", "minItems"),
            ({"messages": [{"role": "user", "content": PROMPT, "SECRETkey": 1}]}, None, "unknown-key"),
            ({"messages": [{"role": "user", "content": f"{PROMPT}\ud800"}]}, "$.messages[0].content", None),
            ({"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]}, "$.messages[0].content[0].text", "type"),
            ({"stream": True}, "$.stream", "stream"),
            ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "$.tools[0].function.name", "pattern"),
            ({"extra_body": {"x": {1, 2}}}, "$.x", None),
        ],
    )
    def test_bad_requests(self, unused: RawServer, change: dict[str, Any], path: str | None, rule: str | None) -> None:
        """A request that breaks the schema or a rule raises RequestValidationError with its path and rule."""
        fields = {"model": MODEL, "messages": [UserMessage(PROMPT)], **change}
        request = ChatCompletionRequest(**fields)
        with client_of(unused) as client, pytest.raises(RequestValidationError) as caught:
            client.complete(request)
        error = caught.value
        assert path is None or error.json_path == path
        assert rule is None or error.rule == rule
        shown = f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r}"
        assert PROMPT not in shown
        assert KEY not in shown

    def test_stream_of_a_plain_request(self, unused: RawServer) -> None:
        """A request that says `stream=False` is not streamed."""
        request = ChatCompletionRequest(MODEL, [UserMessage("x")], stream=False)
        with client_of(unused) as client, pytest.raises(RequestValidationError, match=r"use Client\.complete"):
            client.stream(request)

    def test_bad_headers(self, unused: RawServer) -> None:
        """A header value that cannot be sent raises ConfigurationError."""
        with client_of(unused) as client, pytest.raises(ConfigurationError, match="X-Corp"):
            client.complete(REQUEST, extra_headers={"X-Corp": "a\r\nb"})

    @pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), "1", True])
    def test_bad_deadlines(self, unused: RawServer, deadline: Any) -> None:
        """A deadline is a number of seconds above 0."""
        with client_of(unused) as client, pytest.raises(ConfigurationError, match="deadline"):
            client.complete(REQUEST, deadline=deadline)

    def test_no_credentials(self, unused: RawServer) -> None:
        """Without credentials CredentialsError lists the sources tried."""
        with Client("us-west-2", base_url=unused.url) as client, pytest.raises(CredentialsError, match="tried: "):
            client.complete(REQUEST)

    def test_no_region(self, unused: RawServer, endpoint: LocalEndpoint) -> None:
        """Without a region a request cannot be signed."""
        with (
            Client(base_url=unused.url, credentials=endpoint.credentials) as client,
            pytest.raises(ConfigurationError, match="no region to sign for"),
        ):
            client.complete(REQUEST)
        with Client(api_key=KEY) as client, pytest.raises(ConfigurationError, match="no region"):
            client.complete(REQUEST)

    def test_a_guardrail_where_it_is_ignored(self) -> None:
        """The mantle endpoint ignores guardrails, so a guardrail there is refused, not dropped."""
        with Client("us-west-2", endpoint="mantle", api_key=KEY, guardrail=Guardrail("abc", "1")) as client:
            with pytest.raises(ConfigurationError, match="mantle endpoint ignores guardrails"):
                client.complete(REQUEST)

    @pytest.mark.parametrize(
        "options",
        [
            {"timeout": 0},
            {"timeout": None, "connect_timeout": None},
            {"deadline": -1},
            {"max_attempts": 0},
            {"max_attempts": 2.0},
            {"max_attempts": True},
            {"region": "moon"},
            {"endpoint": "x"},
            {"base_url": "http://example.com"},
            {"session": requests.Session(), "transport": object()},
        ],
    )
    def test_options_that_cannot_be(self, options: dict[str, Any]) -> None:
        """Options that cannot be used are refused when the client is made."""
        with pytest.raises(ConfigurationError):
            Client(**{"region": "us-west-2", **options})


class TestFailures:
    """What the service or the network does wrong."""

    def test_wrong_secret(self, endpoint: LocalEndpoint) -> None:
        """A wrong secret key is a PermissionDeniedError with AWS's type, words and request ID, after one attempt."""
        wrong = type(endpoint.credentials)(endpoint.credentials.access_key, "wrong", endpoint.credentials.token)
        with Client(endpoint.region, base_url=endpoint.url, credentials=wrong) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        error = caught.value
        assert (error.status_code, error.type, error.attempts) == (403, "InvalidSignatureException", 1)
        assert error.message.startswith("The request signature we calculated does not match")
        assert error.request_id == endpoint.requests[-1].request_id
        assert error.request_id in str(error)
        assert error.response is not None
        assert error.response.headers.get("x-request-id") == error.request_id

    def test_a_passing_failure_is_retried(self) -> None:
        """After a 503 the request is sent again: same invocation ID, counted attempts."""
        with RawServer(lambda number: [http(b"{}", "503 No") if number < 3 else http(COMPLETION)]) as server:
            with quick(client_of(server)) as client:
                assert client.complete(REQUEST).text == "hi"
        heads = [request.decode().lower() for request in server.requests]
        assert len({re.search("amz-sdk-invocation-id: (.*)\r", head)[1] for head in heads}) == 1  # type: ignore[index]
        assert [re.search("amz-sdk-request: (.*)\r", head)[1] for head in heads] == [  # type: ignore[index]
            "attempt=1; max=3",
            "attempt=2; max=3",
            "attempt=3; max=3",
        ]

    def test_each_attempt_is_signed_anew(self) -> None:
        """Each attempt asks for the credentials again and is signed with them."""
        with RawServer(lambda number: [http(b"{}", "500 No")]) as server, LocalEndpoint() as one, LocalEndpoint() as two:
            sets = iter([one.credentials, two.credentials])
            with quick(Client("us-west-2", base_url=server.url, credentials=lambda: next(sets), max_attempts=2)) as client:
                with pytest.raises(InternalServerError) as caught:
                    client.complete(REQUEST)
        assert caught.value.attempts == 2
        assert "2 attempts" in str(caught.value)
        assert one.credentials.access_key.encode() in server.requests[0]
        assert two.credentials.access_key.encode() in server.requests[1]

    def test_a_read_timeout_is_not_retried(self) -> None:
        """No answer in time may have been paid for: one attempt, unless told otherwise."""
        with RawServer(lambda number: [9.0]) as server, client_of(server, timeout=0.1) as client:
            with pytest.raises(APITimeoutError) as caught:
                client.complete(REQUEST)
            assert (caught.value.phase, caught.value.attempts, len(server.requests)) == ("headers", 1, 1)
        with RawServer(lambda number: [9.0] if number == 1 else [http(COMPLETION)]) as server:
            with quick(client_of(server, timeout=0.2, retry_read_timeouts=True)) as client:
                assert client.complete(REQUEST).text == "hi"

    def test_connection_refused_is_retried(self) -> None:
        """A connection that cannot be made is tried three times; nothing was sent."""
        with RawServer(lambda number: []) as server:
            url = server.url
        with quick(Client(base_url=url, api_key=KEY)) as client, pytest.raises(APIConnectionError) as caught:
            client.complete(REQUEST)
        assert (caught.value.phase, caught.value.attempts) == ("connect", 3)

    def test_the_deadline_holds_over_attempts(self) -> None:
        """A call that is throttled again and again ends within its deadline, without a wait that would miss it."""
        throttled = b'HTTP/1.1 429 No\r\nRetry-After: 30\r\nContent-Length: 2\r\n\r\n{}'
        started = time.monotonic()
        with RawServer(lambda number: [throttled]) as server, client_of(server) as client:
            with pytest.raises(APIStatusError) as caught:
                client.complete(REQUEST, deadline=5)
        assert caught.value.attempts == 1
        assert time.monotonic() - started < 4

    def test_no_traceback_shows_a_secret(self) -> None:
        """Neither the text nor the traceback of a failure shows the key or the prompt."""
        with RawServer(lambda number: [http(b'{"message": "no"}', "403 No")]) as server, client_of(server) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        text = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert KEY not in text
        assert PROMPT not in text
        assert KEY.encode() not in pickle.dumps(caught.value)


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
