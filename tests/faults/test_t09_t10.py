"""The fault matrix, T09 and T10: servers that never answer, and answers and uploads that never end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APITimeoutError,
    ChatCompletionRequest,
    UserMessage,
)
from both import Client, client_of, given_session
from calls import BOTH, JSON_HEAD, complete, stream
from servers import ResettingServer
from support import (
    CHUNK,
    CHUNKED_STREAM,
    CLOSING_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    NO_WAITS,
    RawServer,
    http,
    http_chunk,
)

Fails = Callable[..., Any]

# T09: no answer


@BOTH
def test_t09_a_server_that_never_answers(ask: Callable[..., str], fails: Fails) -> None:
    """Silence is a timeout in phase `headers` after one POST, since what was asked may be paid for."""
    with RawServer(lambda number: [9.0]) as server, client_of(server, timeout=0.1, world=NO_WAITS) as client:
        error = fails(lambda: ask(client), APITimeoutError)
        assert (error.phase, error.attempts, error.request_id, error.partial) == ("headers", 1, None, None)
        assert len(server.requests) == 1


@BOTH
def test_t09_a_server_that_hangs_up(ask: Callable[..., str], fails: Fails) -> None:
    """A fresh connection that ends without an answer is a connection error after one POST, for the same reason."""
    for kind in (RawServer, ResettingServer):
        with kind(lambda number: [None]) as server, client_of(server, world=NO_WAITS) as client:
            error = fails(lambda: ask(client), APIConnectionError)
            assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, 1)


def test_t09_a_server_that_never_shakes_hands(fails: Fails) -> None:
    """A TLS handshake that is not answered is given the time for connecting, and is tried again: nothing was sent."""
    with RawServer(lambda number: [9.0]) as server:
        url = server.url.replace("http:", "https:")
        with Client(base_url=url, api_key=KEY, connect_timeout=0.1, world=NO_WAITS) as client:
            error = fails(lambda: complete(client), APITimeoutError)
        assert (error.phase, error.attempts, server.connections) == ("connect", 3, 3)


@pytest.mark.parametrize("kind", [RawServer, ResettingServer], ids=["FIN", "RST"])
def test_t09_a_handshake_that_breaks_off(kind: type[RawServer], fails: Fails) -> None:
    """A TLS handshake that breaks off is tried again, for the same reason."""
    with kind(lambda number: [None]) as server:
        with Client(base_url=server.url.replace("http:", "https:"), api_key=KEY, world=NO_WAITS) as client:
            error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, server.connections) == ("connect", 3, 3)


# T10: answers that drip


def drip(start: bytes, drop: bytes) -> Callable[[int], Iterator[bytes | float]]:
    """Return a script that sends `start` and then `drop` again and again, faster than any timeout."""

    def script(number: int) -> Iterator[bytes | float]:
        yield start
        while True:
            yield drop
            yield 0.02

    return script


ERROR_HEAD = b"HTTP/1.1 400 No\r\nx-amzn-RequestId: r-1\r\n"
LONG = b"Content-Length: 9999\r\n\r\n"
HEADERS = {
    "status line": (b"HTTP/1.1 200 O", b"K"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
BODIES = {
    "body": (JSON_HEAD + LONG, b"x"),
    "chunked body": (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", http_chunk(b"x")),
    "chunk size": (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "error body": (ERROR_HEAD + LONG, b"x"),
}
STREAMS = {
    "comments": (CHUNKED_STREAM + http_chunk(CHUNK), http_chunk(b": keep-alive\n\n")),
    "one event": (CLOSING_STREAM + CHUNK, b"x"),
    "chunk size": (CHUNKED_STREAM + http_chunk(CHUNK), b"0"),
}


@pytest.mark.parametrize("case", HEADERS.values(), ids=HEADERS)
def test_t10_dripping_headers(case: tuple[bytes, bytes], fails: Fails) -> None:
    """Headers that never end are ended by the deadline, after one POST."""
    with RawServer(drip(*case)) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
        assert 0.15 <= error.elapsed < 1


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_t10_a_dripping_body(case: tuple[bytes, bytes], fails: Fails) -> None:
    """A body that never ends is ended by the deadline, with the request ID of the headers that came."""
    with RawServer(drip(*case)) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
        assert error.request_id == "r-1"
        assert 0.15 <= error.elapsed < 1


@pytest.mark.parametrize("case", STREAMS.values(), ids=STREAMS)
def test_t10_a_dripping_stream(case: tuple[bytes, bytes], fails: Fails) -> None:
    """A stream that never ends is ended by the deadline, with the request ID and what had arrived."""
    with RawServer(drip(*case)) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: stream(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
        assert (error.request_id, error.partial.text) == ("r-1", "hi")
        assert 0.15 <= error.elapsed < 1


def test_t10_a_drip_after_the_end_mark() -> None:
    """What drips after the end mark is not waited for: the stream is complete."""
    end = CHUNKED_STREAM + http_chunk(CHUNK + b"data: [DONE]\n\n")
    with RawServer(drip(end, http_chunk(b": more\n\n"))) as server, client_of(server) as client:
        started = time.monotonic()
        assert stream(client) == "hi"
        assert time.monotonic() - started < 1


def test_t10_a_drip_through_a_given_session(fails: Fails) -> None:
    """A body that drips is ended by the deadline also with a session of the caller's, with connections of its own."""
    with given_session() as session, RawServer(drip(*BODIES["body"])) as server:
        with client_of(server, session=session) as client:
            error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
    assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
    assert error.elapsed < 1


# An upload that is slow


@pytest.fixture
def slow_reader() -> Iterator[Callable[[float], RawServer]]:
    """Return a maker of servers that begin to read a request only after so many seconds."""
    running: list[RawServer] = []

    def make(seconds: float) -> RawServer:
        class SlowReader(RawServer):
            def _serve(self, connection: socket.socket) -> None:
                self._stopped.wait(seconds)
                super()._serve(connection)

        running.append(SlowReader(lambda number: [http(COMPLETION)]))
        return running[-1]

    yield make
    for server in running:
        server.__exit__()


HUGE = ChatCompletionRequest(MODEL, [UserMessage("SECRET prompt " * 600_000)])


def test_t10_a_slow_upload_is_given_the_time_of_an_answer(slow_reader: Callable[[float], RawServer]) -> None:
    """A server that takes the request more slowly than a connection may take is waited for."""
    server = slow_reader(0.4)
    with client_of(server, connect_timeout=0.1, timeout=5, max_attempts=1) as client:
        assert client.complete(HUGE).text == "hi"
    assert len(server.requests) == 1


def test_t10_an_upload_that_nobody_takes(slow_reader: Callable[[float], RawServer], fails: Fails) -> None:
    """A request that is not taken within `timeout` is a timeout in phase `send`, and is not sent again."""
    server = slow_reader(9)
    with client_of(server, timeout=0.2, world=NO_WAITS) as client:
        error = fails(lambda: client.complete(HUGE), APITimeoutError)
        assert (error.phase, error.attempts) == ("send", 1)
        error = fails(lambda: client.complete(HUGE, deadline=0.1), APITimeoutError)
        assert (error.phase, error.attempts) == ("deadline", 1)
    assert server.requests == []
