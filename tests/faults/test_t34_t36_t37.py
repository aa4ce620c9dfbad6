"""T34, T36 and T37: refused uploads, plain http, and keep-alive."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ChatCompletionRequest,
    ConfigurationError,
    UserMessage,
)
from both import Client, client_of
from calls import LONG
from peers import TLSServer, make_certificate, tunnel_proxy
from support import CHUNK, CHUNKED_STREAM, COMPLETION, KEY, MODEL, NO_WAITS, REQUEST, RawServer, http, http_chunk

Check = Callable[..., Any]

TOO_LONG = b'{"message": "the request body is longer than 25000000 bytes"}'
NO_LINGER = struct.pack("ii", 1, 0)


class Refuser:
    """A server that refuses each request once it has read its head, while the body is still being sent.

    `ending` is "reset" (the connection is closed with the body unread), "half-close" (the server ends its answer
    and reads nothing more) or "polite" (it reads the body to its end).
    """

    def __init__(self, ending: str, answers_first: int = 0) -> None:
        self.requests = 0
        self._ending = ending
        self._answers_first = answers_first
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Refuser:
        return self

    def __exit__(self, *details: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._refuse, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _refuse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                self.requests += 1
                if self.requests > self._answers_first:
                    break
                connection.sendall(http(COMPLETION))
            connection.sendall(http(TOO_LONG, "413 Content Too Large"))
            if self._ending == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            elif self._ending == "half-close":
                connection.shutdown(socket.SHUT_WR)
                self._over.wait(5)
            else:
                start, _, body = head.partition(b"\r\n\r\n")
                left = int(start.lower().partition(b"content-length: ")[2].split()[0]) - len(body)
                while left > 0 and (piece := connection.recv(1 << 20)):
                    left -= len(piece)


def upload(client: Client) -> Any:
    return client.complete(ChatCompletionRequest(MODEL, [UserMessage(LONG)]))


@pytest.mark.parametrize("ending", ["polite", "half-close"])
def test_t34_an_early_refusal_is_read(fails: Check, ending: str) -> None:
    """A 413 that comes while 20 MB are being sent is the error that is raised, also if the server stops reading."""
    with Refuser(ending) as server, Client(base_url=server.url, api_key=KEY, timeout=0.3) as client:
        error = fails(lambda: upload(client), APIStatusError)
    assert (error.status_code, error.message) == (413, "the request body is longer than 25000000 bytes")
    assert (error.attempts, error.request_id, server.requests) == (1, "r-1", 1)


@pytest.mark.parametrize("warm", [False, True])
def test_t34_a_refusal_with_a_reset_is_clear(warm: bool) -> None:
    """A reset may overtake the 413: it is read, or one error says that the connection broke.

    The upload is made again only if a connection of the pool was reset before a byte of the answer, and only once.
    """
    with Refuser("reset", answers_first=int(warm)) as server, client_of(server, world=NO_WAITS) as client:
        if warm:
            client.complete(REQUEST)
        with pytest.raises((APIStatusError, APIConnectionError)) as caught:
            upload(client)
    error = caught.value
    assert error.attempts == server.requests - warm <= 1 + warm
    if isinstance(error, APIStatusError):
        assert (error.status_code, error.request_id) == (413, "r-1")
    else:
        assert isinstance(error, APIConnectionError)
        assert error.phase in ("send", "headers", "body")
        assert re.search("reset|[Bb]roken|closed", str(error))


def test_t34_a_server_that_takes_nothing(fails: Check) -> None:
    """A server that neither reads nor answers ends the upload after `timeout`, not after the connection's time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with Client(base_url=url, api_key=KEY, timeout=0.2, connect_timeout=5) as client:
            error = fails(lambda: upload(client), APITimeoutError)
        assert (error.phase, error.attempts, error.request_id) == ("send", 1, None)
        assert time.monotonic() - started < 2.5


OVER_PLAIN_HTTP = [
    "http://192.0.2.1",
    "http://example.com",
    "http://bedrock-runtime.us-west-2.amazonaws.com",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::ffff:192.0.2.1]",
    "http://2130706433",
    "HTTP://EXAMPLE.COM",
]


@pytest.mark.parametrize("options", [{"api_key": KEY}, {"credentials": object()}, {}])
def test_t36_no_key_over_plain_http(fails: Check, options: dict[str, Any]) -> None:
    """Plain http to anywhere but this machine is refused when the client is made, whatever it would send there."""
    for url in OVER_PLAIN_HTTP:
        error = fails(partial(Client, "us-west-2", base_url=url, **options), ConfigurationError)
        assert "plain http" in str(error)


def test_t36_a_key_goes_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http to this machine is fine, and allow_insecure=True is taken at its word: here through a proxy."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        monkeypatch.setenv("http_proxy", server.url)
        client_of(server).complete(REQUEST)
        with Client(base_url="http://192.0.2.1", api_key=KEY, allow_insecure=True) as client:
            client.complete(REQUEST)
    starts = [request.split(b"\r\n")[0] for request in server.requests]
    assert starts[0] == b"POST /openai/v1/chat/completions HTTP/1.1"
    assert starts[1] == b"POST http://192.0.2.1/openai/v1/chat/completions HTTP/1.1"


def keep_alive_of(sock: socket.socket) -> list[int]:
    if hasattr(socket, "TCP_KEEPIDLE"):
        names = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT]
    else:  # macOS
        names = [socket.TCP_KEEPALIVE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT]  # type: ignore[attr-defined]
    on = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return [int(bool(on)), *(sock.getsockopt(socket.IPPROTO_TCP, name) for name in names)]


def socket_of(stream: Any) -> socket.socket:
    """Return the socket that a stream is read from, of either client."""
    if hasattr(stream._open, "_sock"):
        return stream._open._sock  # type: ignore[no-any-return]
    return stream._open._raw.connection.transport.get_extra_info("socket")  # type: ignore[no-any-return]


class OneChunk:
    """Streams one chunk, and its end when the socket has been looked at."""

    def __init__(self) -> None:
        self._seen = threading.Event()

    def __call__(self, number: int) -> Iterator[bytes]:
        yield CHUNKED_STREAM + http_chunk(CHUNK)
        self._seen.wait(5)
        yield http_chunk(b"data: [DONE]\n\n") + http_chunk(b"")

    def check(self, client: Client) -> None:
        """Check the options of the socket of a stream that is being read."""
        with client.stream(REQUEST) as stream:
            next(stream)
            assert keep_alive_of(socket_of(stream)) == [1, 60, 30, 5]
            self._seen.set()
            assert (stream.completion().text, stream.request_id) == ("hi", "r-1")


@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_t37_keep_alive(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead peer is noticed after 60 s, asked every 30 s, 5 times: directly and by a proxy."""
    script = OneChunk()
    with RawServer(script) as server:
        if way == "proxy":
            monkeypatch.setenv("http_proxy", server.url)
            with Client(base_url="http://192.0.2.1", api_key=KEY, allow_insecure=True) as client:
                script.check(client)
        else:
            with client_of(server) as client:
                script.check(client)
    assert len(server.requests) == 1


def test_t37_keep_alive_in_a_tunnel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So it is in the tunnel that a proxy opens for https; the proxy itself sees neither key nor prompt."""
    files = make_certificate(tmp_path, "bedrock.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))
    script = OneChunk()
    with TLSServer(script, files) as secure, tunnel_proxy() as (proxy, heads):
        monkeypatch.setenv("https_proxy", proxy)  # which is not used for this machine by its own name
        with Client(base_url=secure.url.replace("127.0.0.1", "bedrock.example"), api_key=KEY) as client:
            script.check(client)
    assert len(heads) == 1
    assert heads[0].startswith(b"CONNECT bedrock.example:")
    assert KEY.encode() not in heads[0]
    assert len(secure.requests) == 1
