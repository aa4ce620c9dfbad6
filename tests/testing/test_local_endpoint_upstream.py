"""LocalEndpoint with another server behind it: what is passed on, in which direction, and what is not."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.service.server import Connection, LoopbackServer
from bedrock_openai_http.values.errors import ConfigurationError
from loopback import BODY, CORAL, PATH, ask, bearer, encoded, exchange, head, port, send


@contextmanager
def upstream(respond: Callable[[Connection], None]) -> Iterator[str]:
    """Run a server of the test's own, and give its URL."""
    server = LoopbackServer(0, respond)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.close()


def test_what_another_server_answers_is_passed_on() -> None:
    """With an upstream, the answers are its own, whole or streamed, under this endpoint's request IDs."""
    with (
        LocalEndpoint(answer="from upstream") as model,
        LocalEndpoint(upstream=model.url + "/openai/v1/", upstream_key=model.api_key) as endpoint,
    ):
        plain, stream = ask(endpoint), ask(endpoint, stream=True)
    assert plain.json["choices"][0]["message"]["content"].endswith("</reasoning>from upstream")
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in stream.chunks).endswith(
        "from upstream"
    )
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert plain.headers["x-amzn-RequestId"] == endpoint.requests[0].request_id != model.requests[0].request_id


def test_the_upstream_server_learns_only_what_it_needs() -> None:
    """The model is replaced, Amazon's own fields are left out, and nothing tells who asked."""
    with (
        LocalEndpoint() as model,
        LocalEndpoint(
            upstream=model.url + "/openai/v1", upstream_key=model.api_key, upstream_model="tiny"
        ) as endpoint,
    ):
        ask(endpoint, **{"amazon-bedrock-guardrailConfig": {"tagSuffix": "abc"}}, seed=7)
    (request,) = model.requests
    assert request.json() == {**BODY, "model": "tiny", "seed": 7}
    assert request.headers["authorization"] == f"Bearer {model.api_key}"
    assert not [name for name in request.headers if name.lower().startswith("x-amz")]


def test_an_error_of_the_upstream_server_is_passed_on() -> None:
    """Its status and its body arrive as they are."""
    with LocalEndpoint() as model, LocalEndpoint(upstream=model.url, upstream_key="sk-no") as endpoint:
        reply = ask(endpoint)
    assert reply.status == 403
    assert reply.json == {"Message": "Invalid API Key format: Must start with pre-defined prefix"}


def test_nothing_refused_reaches_the_upstream_server() -> None:
    """Requests are authenticated and validated before they are passed on."""
    with LocalEndpoint() as model, LocalEndpoint(upstream=model.url + "/openai/v1") as endpoint:
        assert send(endpoint, encoded(BODY), bearer("no")).status == 403
        assert ask(endpoint, temperature=3).status == 400
        assert send(endpoint, b"", bearer(endpoint.api_key), path="/v1").status == 200
    assert model.requests == []


def test_an_upstream_server_that_is_not_there_is_a_503() -> None:
    """The refusal is AWS's for a service that is unavailable, and names the failure, not the place."""
    with LocalEndpoint() as gone:
        url = gone.url
    with LocalEndpoint(upstream=url) as endpoint:
        reply = ask(endpoint)
    assert reply.status == 503
    assert reply.headers["x-amzn-ErrorType"] == f"ServiceUnavailableException:{CORAL}"
    assert reply.json["message"] == "The upstream server gave no answer: ConnectionRefusedError"


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:9000", "ftp://a/", "http://", "http://u:p@a/", "http://a/?b", "http://a/#c"),
        *("http://a:99999/", "http://[::1", "http://[v1.a]/", "http://[::1%25lo]/", "http://a/b c", "http://a/\n"),
    ],
)
def test_an_upstream_url_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    """The mistake shows when the endpoint is made, and a password in the URL is not repeated."""
    with pytest.raises(ConfigurationError, match=r"^upstream: ") as caught:
        LocalEndpoint(upstream=url)
    assert "u:p" not in str(caught.value)


def test_an_upstream_key_that_is_none_is_refused_at_once() -> None:
    """A line break at its end is found before any request, and the key is not repeated."""
    with pytest.raises(ConfigurationError, match=r"^upstream_key: ") as caught:
        LocalEndpoint(upstream="http://a/", upstream_key="sk-secret\n")
    assert "sk-secret" not in str(caught.value)


def test_a_stream_is_passed_on_as_it_arrives() -> None:
    """The first event reaches the client before the upstream server has made the second."""
    first_was_read = threading.Event()

    def respond(connection: Connection) -> None:
        connection.read_body(10_000)
        connection.start_stream(200, {"Content-Type": "text/event-stream"})
        connection.send_piece(b'data: {"first":1}\n\n')
        assert first_was_read.wait(10)
        connection.send_piece(b"data: [DONE]\n\n")
        connection.send_piece(b"")

    with upstream(respond) as url, LocalEndpoint(upstream=url) as endpoint:
        connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
        connection.request("POST", PATH, encoded({**BODY, "stream": True}), bearer(endpoint.api_key))
        with connection.getresponse() as response:
            assert response.read1() == b'data: {"first":1}\n\n'
            first_was_read.set()
            assert response.read() == b"data: [DONE]\n\n"
        connection.close()


def test_a_stream_that_breaks_upstream_is_broken_for_the_client(capfd: pytest.CaptureFixture[str]) -> None:
    """A stream that ends in the middle of a chunk is never made to look complete."""

    def respond(connection: Connection) -> None:
        connection.read_body(10_000)
        connection.start_stream(200, {"Content-Type": "text/event-stream"})
        connection.send_piece(b'data: {"first":1}\n\n')
        connection.wfile.write(b"ff\r\ndata: cut")
        connection.close_connection = True

    with upstream(respond) as url, LocalEndpoint(upstream=url) as endpoint:
        body = encoded({**BODY, "stream": True})
        answer = exchange(endpoint, head(endpoint, f"Content-Length: {len(body)}") + body)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b'data: {"first":1}' in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert capfd.readouterr().err == ""


def test_a_whole_answer_that_is_cut_upstream_is_a_503() -> None:
    """An answer shorter than announced is not passed on as if it were whole."""

    def respond(connection: Connection) -> None:
        connection.read_body(10_000)
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}")
        connection.close_connection = True

    with upstream(respond) as url, LocalEndpoint(upstream=url) as endpoint:
        reply = ask(endpoint)
    assert (reply.status, reply.json["message"]) == (503, "The upstream server gave no answer: IncompleteRead")
