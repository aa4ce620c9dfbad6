"""The fault matrix, T45 and T46: what may be paid for is not sent again, and nothing is left for the next call.

Beside what is raised, these tests count the POSTs that the server took.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool

from bedrock_openai_http import APIConnectionError, APIStatusError, ChatCompletionRequest, UserMessage
from both import Client, client_of, given_session
from calls import BOTH, LONG, STREAM, complete
from peers import TLSServer
from servers import AlertingTLS, BrokenTLS
from support import COMPLETION, KEY, MODEL, NO_WAITS, RawServer, http

Fails = Callable[..., Any]
Ask = Callable[..., str]
Files = tuple[Path, Path]

#: What is no TLS record, one that does not decrypt, and an alert that was not encrypted, where a record is expected.
BREAKAGES = {
    "plain bytes": http(COMPLETION),
    "no record": b"\0" * 64,
    "undecipherable": b"\x17\x03\x03\x00\x20" + b"\0" * 32,
    "plain alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "nothing": b"",
}


# T45: an outcome that is unknown


@BOTH
@pytest.mark.parametrize("breakage", [name for name in BREAKAGES if name != "nothing"])
@pytest.mark.parametrize("used", [0, 1], ids=["fresh", "used before"])
def test_t45_tls_that_breaks_after_the_request(
    ask: Ask, breakage: str, used: int, trusted: Files, fails: Fails
) -> None:
    """TLS that breaks once the request was taken, in whatever way, leaves the outcome unknown: one POST."""
    answer = http(COMPLETION) if ask is complete else STREAM
    with BrokenTLS(BREAKAGES[breakage], trusted, answers=used, answer=answer) as server:
        with client_of(server, world=NO_WAITS) as client:
            assert [ask(client) for _ in range(used)] == ["hi"] * used
            error = fails(lambda: ask(client), APIConnectionError)
        assert (error.phase, error.attempts) == ("headers", 1)
        assert len(server.requests) == used + 1


@BOTH
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_t45_a_fatal_alert_after_the_request(ask: Ask, version: ssl.TLSVersion, trusted: Files, fails: Fails) -> None:
    """A fatal alert of the service's TLS after it has read the request is no failure to connect: one POST."""
    with AlertingTLS(trusted, version) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: ask(client), APIConnectionError)
    assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, 1)
    assert "alert" in str(error)


@pytest.mark.parametrize("seconds", [0.7])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_t45_a_request_that_was_held(seconds: float, tls: bool, trusted: Files, fails: Fails) -> None:
    """A used connection that is closed when the service has had the request for a while was not dead: one POST."""

    def script(number: int) -> list[bytes | float | None]:
        return [http(COMPLETION)] if number == 1 else [seconds, None]

    with TLSServer(script, trusted) if tls else RawServer(script) as server:
        with client_of(server, world=NO_WAITS) as client:
            assert complete(client) == "hi"
            error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, 2)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_t45_half_a_head_on_a_used_connection(tls: bool, trusted: Files, fails: Fails) -> None:
    """A used connection that gave one byte of an answer and ended at once was not dead: one POST."""

    def script(number: int) -> list[bytes | float | None]:
        return [http(COMPLETION)] if number == 1 else [b"H", None]

    with TLSServer(script, trusted) if tls else RawServer(script) as server:
        with client_of(server, world=NO_WAITS) as client:
            assert complete(client) == "hi"
            error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, 2)


def test_t45_a_dead_connection_over_tls(trusted: Files) -> None:
    """A used TLS connection that is closed at once at its next request was dead: sent again, on a fresh one."""

    def script(number: int) -> list[bytes | float | None]:
        return [None] if number == 2 else [http(COMPLETION)]

    with TLSServer(script, trusted) as server, client_of(server, world=NO_WAITS) as client:
        assert [complete(client), complete(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (3, 2)


# T46: what is left over on a connection

#: The one promise that a session of aiohttp's cannot keep: docs/reliability.md says so.
OF_REQUESTS = pytest.mark.only("Client", "A given ClientSession's connections do not tell what is left over on them.")
OWN_OR_GIVEN = [False, pytest.param(True, marks=OF_REQUESTS)]


@pytest.mark.parametrize("size", [100, 8191, 8192, 8193, 16384, 70_000])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize(
    "given", [False, pytest.param(True, marks=OF_REQUESTS)], ids=["own session", "given session"]
)
def test_t46_surplus_bytes_are_nobodys_answer(
    size: int, tls: bool, framing: str, given: bool, trusted: Files
) -> None:
    """A second answer in the same record, or segment, is never the next call's, whatever the first one's length."""

    def body(text: bytes, length: int) -> bytes:
        plain = COMPLETION.replace(b"hi", text)
        return plain + b" " * (length - len(plain))

    def framed(data: bytes) -> bytes:
        if framing == "length":
            return http(data)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
        return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)

    def script(number: int) -> Iterator[bytes]:
        yield framed(body(b"re %d" % number, size)) + http(body(b"POISON", 0))

    with TLSServer(script, trusted) if tls else RawServer(script) as server:
        session = given_session(verify=str(trusted[0])) if given else contextlib.nullcontext()
        with session as mine, client_of(server, session=mine, world=NO_WAITS) as client:
            assert [complete(client) for _ in range(3)] == ["re 1", "re 2", "re 3"]
        assert len(server.requests) == 3


def test_t46_the_next_call_does_not_wait_for_the_record(trusted: Files) -> None:
    """Connections over TLS with nothing left over are used again, session tickets of TLS 1.3 or not."""
    with TLSServer(lambda number: [http(COMPLETION)], trusted) as server, client_of(server) as client:
        assert [complete(client) for _ in range(5)] == ["hi"] * 5
        assert server.connections == 1


def upload(client: Client) -> str:
    return client.complete(ChatCompletionRequest(MODEL, [UserMessage(LONG)])).text


class EarlyRefuser(TLSServer):
    """Refuses the first request when a part of it has come, reads no more of it, and leaves the connection open."""

    def __init__(self, files: Files, *, tls: bool) -> None:
        self._tls = tls
        super().__init__(lambda number: [http(COMPLETION)], files)
        self.refused = http(b'{"message": "too long"}', "413 Content Too Large")

    def _serve(self, connection: socket.socket) -> None:
        if not self._tls:
            self._serve_open(connection)
            return
        with contextlib.suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
            self._open.append(secured)
            self._serve_open(secured)

    def _serve_open(self, connection: socket.socket) -> None:
        if self.connections > 1:
            RawServer._serve(self, connection)
            return
        with connection, contextlib.suppress(OSError):
            connection.recv(1000)
            connection.sendall(self.refused)
            self._stopped.wait(5)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("given", [False, True], ids=["own session", "given session"])
def test_t46_a_body_that_was_sent_in_part(tls: bool, given: bool, trusted: Files, fails: Fails) -> None:
    """A connection on which a request was refused before it was sent whole carries no other request."""
    with EarlyRefuser(trusted, tls=tls) as server:
        url = server.url if tls else server.url.replace("https:", "http:")
        session = given_session(verify=str(trusted[0])) if given else contextlib.nullcontext()
        options: dict[str, Any] = {"timeout": 0.4, "connect_timeout": 0.4, "world": NO_WAITS}
        with session as mine, Client(base_url=url, api_key=KEY, session=mine, **options) as client:
            # A given session's connection does not always read it.
            kinds = (APIStatusError, APIConnectionError) if given else APIStatusError
            with pytest.raises(kinds) as caught:
                upload(client)
            assert caught.value.attempts == 1
            if not given:
                assert (caught.value.status_code, caught.value.message) == (413, "too long")
            assert complete(client) == "hi"
        assert (len(server.requests), server.connections) == (1, 2)


@pytest.mark.only("Client", "Where one event loop has the pool, nobody takes from it at the same moment.")
def test_t46_a_given_sessions_connection_is_free_before_it_is_pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that takes a given session's connection the moment it is in the pool finds no other answer on it."""
    put, answers = HTTPConnectionPool._put_conn, []  # type: ignore[attr-defined]

    def put_and_switch(pool: Any, connection: Any) -> None:
        put(pool, connection)
        if not answers:
            answers.append("")
            other = threading.Thread(target=lambda: answers.append(complete(client)))
            other.start()
            other.join(10)

    monkeypatch.setattr(HTTPConnectionPool, "_put_conn", put_and_switch)
    with RawServer(lambda number: [http(COMPLETION)]) as server, requests.Session() as session:
        client = client_of(server, session=session, timeout=5)
        assert complete(client) == "hi"
        assert (answers, len(server.requests), server.connections) == (["", "hi"], 2, 1)
