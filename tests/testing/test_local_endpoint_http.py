"""LocalEndpoint as an HTTP server: connections, bodies, its life, and what it keeps to itself."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bedrock_openai_http.testing import LocalEndpoint, ReceivedRequest
from bedrock_openai_http.testing.service.server import Connection, LoopbackServer
from loopback import BODY, PATH, PROMPT, ask, bearer, encoded, exchange, head, port, read_all, send, send_on


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


def test_two_requests_share_a_connection(endpoint: LocalEndpoint) -> None:
    """A connection is kept open after a plain answer, a stream and a refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    connection.connect()
    local_port = connection.sock.getsockname()[1]
    for body, key in ((BODY, endpoint.api_key), ({**BODY, "stream": True}, endpoint.api_key), (BODY, "no")):
        send_on(connection, encoded(body), bearer(key))
        assert connection.sock.getsockname()[1] == local_port
    connection.close()


def test_head_is_answered_without_a_body(endpoint: LocalEndpoint) -> None:
    """The length is announced, and nothing follows that the next answer could be mistaken for."""
    answer = exchange(endpoint, head(endpoint, "Connection: close").replace(b"POST", b"HEAD", 1))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: " in answer


def test_pieces_leave_at_once() -> None:
    """The kernel is told not to hold small pieces back."""
    options = []

    def respond(connection: Connection) -> None:
        options.append(connection.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        connection.send_whole(200, {}, b"")

    server = LoopbackServer(0, respond)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        read_all(client)
    server.close()
    assert options != [0]
    assert len(options) == 1


def test_an_old_client_gets_a_stream_without_chunks(endpoint: LocalEndpoint) -> None:
    """HTTP/1.0 knows no chunked coding: the body ends with the connection."""
    body = encoded({**BODY, "stream": True})
    answer = exchange(
        endpoint, head(endpoint, f"Content-Length: {len(body)}", "Connection: keep-alive", version="1.0") + body
    )
    top, _, rest = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in top
    assert rest.startswith(b"data: {")
    assert rest.endswith(b"data: [DONE]\n\n")


def test_a_client_that_expects_an_invitation_gets_one(endpoint: LocalEndpoint) -> None:
    """100 Continue comes before the body is sent."""
    body = encoded(BODY)
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(head(endpoint, f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close"))
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 25000001", "Expect: 100-continue"], 413),
        (["Transfer-Encoding: chunked"], 411),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], 411),
        (["Content-Length: 5", "Content-Length: 6"], 400),
        (["Content-Length: +5"], 400),
        (["Content-Length: -1"], 400),
        (["Content-Length: " + "9" * 5000], 400),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_unread(
    endpoint: LocalEndpoint, lines: list[str], status: int
) -> None:
    """The refusal comes at once, with a request ID, and the connection is closed."""
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(head(endpoint, *lines))
        client.shutdown(socket.SHUT_WR)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"x-amzn-RequestId: " in answer
    assert b"Connection: close" in answer
    assert b"ValidationException" in answer


def test_a_client_that_sends_too_much_can_read_why(endpoint: LocalEndpoint) -> None:
    """Someone who sends the whole oversized body first still gets the refusal, and not a reset."""
    reply = send(endpoint, b" " * 25_000_001, bearer(endpoint.api_key))
    assert reply.status == 413
    assert "25000000 bytes" in reply.json["message"]


def test_the_largest_body_is_taken(endpoint: LocalEndpoint) -> None:
    """25,000,000 bytes are read and judged by what they say."""
    body = encoded(BODY)
    assert send(endpoint, body + b" " * (25_000_000 - len(body)), bearer(endpoint.api_key)).status == 200


def test_a_client_that_goes_away_is_no_news(endpoint: LocalEndpoint, capfd: pytest.CaptureFixture[str]) -> None:
    """A connection that ends in mid-request or without a word leaves no traceback, and others are served."""
    for data in (b"", b"POST ", head(endpoint, "Content-Length: 100") + b"{"):
        with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
            client.sendall(data)
    assert ask(endpoint).status == 200
    endpoint.stop()
    assert capfd.readouterr().err == ""


def test_many_clients_each_get_their_own_answer() -> None:
    """Answers are never mixed up between connections."""
    with (
        LocalEndpoint(answer=lambda body: body["messages"][0]["content"]) as endpoint,
        ThreadPoolExecutor(16) as pool,
    ):
        texts = [f"text {number}" for number in range(64)]
        replies = pool.map(lambda text: ask(endpoint, messages=[{"role": "user", "content": text}]), texts)
        contents = [reply.json["choices"][0]["message"]["content"] for reply in replies]
    assert [content.partition("</reasoning>")[2] for content in contents] == texts
    assert len(endpoint.requests) == 64


# --- its life, and what it keeps to itself


def test_it_is_reached_on_this_machine_only(endpoint: LocalEndpoint) -> None:
    """It listens on 127.0.0.1, not on every address."""
    with pytest.raises(OSError, match=r"refused|unreachable|assign|timed out"):
        socket.create_connection(("127.0.0.2", port(endpoint)), timeout=2)


def test_stopping_ends_open_connections_and_threads() -> None:
    """`stop` returns at once although a client holds its connection, and no thread is left."""
    before = set(threading.enumerate())
    endpoint = LocalEndpoint().start()
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    assert send_on(connection, encoded(BODY), bearer(endpoint.api_key)).status == 200
    begun = time.monotonic()
    endpoint.stop()
    assert time.monotonic() - begun < 2
    assert set(threading.enumerate()) <= before
    assert connection.sock.recv(1) == b""
    connection.close()


def test_it_can_be_stopped_twice_and_started_again() -> None:
    """Its secrets and its records outlive a pause; its URL is known only while it runs."""
    endpoint = LocalEndpoint()
    with pytest.raises(RuntimeError, match="not running"):
        _ = endpoint.url
    for _ in range(2):
        assert endpoint.start() is endpoint.start()
        assert ask(endpoint).status == 200
        endpoint.stop()
        endpoint.stop()
    assert len(endpoint.requests) == 2
    assert repr(endpoint) == "<LocalEndpoint stopped>"


def test_a_port_can_be_chosen_once(endpoint: LocalEndpoint) -> None:
    """A port that is taken is an error, and not shared."""
    with pytest.raises(OSError, match="in use"):
        LocalEndpoint(port=port(endpoint)).start()


def test_requests_are_recorded_as_they_came(endpoint: LocalEndpoint) -> None:
    """Method, target, headers in order and as spelled, and the body, of refused requests too."""
    headers = {"Authorization": "Bearer no", "X-oDd": " two  spaces ", "Accept": "a/b"}
    send(endpoint, b"body", headers, path=PATH + "?q=%7E")
    (request,) = endpoint.requests
    assert (request.method, request.target, request.path, request.query) == ("POST", PATH + "?q=%7E", PATH, "q=%7E")
    assert ("X-oDd", "two  spaces ") in request.raw_headers
    assert request.headers["x-odd"] == "two  spaces "
    assert request.body == b"body"
    with pytest.raises(ValueError, match=r"."):
        request.json()


def test_only_so_many_requests_are_remembered() -> None:
    """A limit keeps the last requests, for an endpoint that runs for long."""
    with LocalEndpoint(remember=2) as endpoint:
        for number in range(3):
            ask(endpoint, user=str(number))
        assert [request.json()["user"] for request in endpoint.requests] == ["1", "2"]


def test_the_log_names_each_request_and_tells_no_secret(
    endpoint: LocalEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each answer: method, path, status and request ID; no query, and nothing that forges a line."""
    caplog.set_level("DEBUG", logger="bedrock_openai_http")
    ask(endpoint)
    exchange(endpoint, head(endpoint, "Connection: close").replace(PATH.encode(), b"/x\x1b[31m?token=secret"))
    ids = [request.request_id for request in endpoint.requests]
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"POST {PATH} 200 {ids[0]}", f"POST /x%1B%5B31m 200 {ids[1]}"]


def test_no_repr_tells_a_secret(endpoint: LocalEndpoint) -> None:
    """Neither the endpoint nor what it recorded or holds shows a key, a token or a prompt."""
    ask(endpoint)
    send(endpoint, b"", bearer(endpoint.api_key), path="/?token=in-the-query")
    endpoint.rotate()
    shown = repr([endpoint, endpoint.requests, vars(endpoint), endpoint.credentials])
    for secret in (endpoint.credentials.secret_key, endpoint.credentials.token, endpoint.api_key, PROMPT):
        assert str(secret) not in shown
    assert "in-the-query" not in shown
    assert "Bearer" not in shown
    assert isinstance(endpoint.requests[0], ReceivedRequest)


def test_it_shares_no_code_with_what_it_checks() -> None:
    """Importing it loads neither botocore nor requests."""
    program = (
        "import sys, bedrock_openai_http.testing as t; print(sorted({'botocore', 'requests'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
