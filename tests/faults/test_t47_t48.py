"""The fault matrix, T47 and T48: what an upload, a host with dead addresses and an end that is left open may take."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bedrock_openai_http import APIConnectionError, APITimeoutError, ChatCompletionRequest, UserMessage
from both import Client, client_of, given_session
from calls import BOTH, LONG, complete
from peers import TLSServer
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    DONE,
    KEY,
    MODEL,
    NO_WAITS,
    REQUEST,
    RawServer,
    http,
    http_chunk,
)

Fails = Callable[..., Any]
Files = tuple[Path, Path]


# T47: uploads


class SlowTaker(TLSServer):
    """Takes so many bytes a second of a request, and then answers it; with 0, nothing of a long one."""

    def __init__(self, files: Files, *, tls: bool, rate: float) -> None:
        self._tls, self._rate = tls, rate
        super().__init__(lambda number: [], files)

    @property
    def address(self) -> str:
        return self.url if self._tls else self.url.replace("https:", "http:")

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if self._tls:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
                self._open.append(connection)
            while head := _read_head(connection):
                self.requests.append(head)
                length = int(head.partition(b"Content-Length: ")[2].split()[0])
                if self._rate == 0 and length > 10_000:
                    self._stopped.wait(9)
                    return
                taken, started = 0, time.monotonic()
                while taken < length:
                    taken += len(connection.recv(min(1 << 18, length - taken)))
                    if length > 10_000:
                        self._stopped.wait(max(0, started + taken / self._rate - time.monotonic()))
                connection.sendall(http(COMPLETION))


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(1)
        if not piece:
            return b""
        head += piece
    return head


def upload(client: Client, **options: Any) -> str:
    return client.complete(ChatCompletionRequest(MODEL, [UserMessage(LONG)]), **options).text


TLS = pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
USED = pytest.mark.parametrize("used", [0, 1], ids=["fresh", "used before"])


@TLS
@USED
def test_t47_a_slow_upload(tls: bool, used: int, trusted: Files) -> None:
    """An upload that takes longer than the time to connect is fine while `timeout` lasts."""
    with SlowTaker(trusted, tls=tls, rate=40_000_000) as server:
        with Client(base_url=server.address, api_key=KEY, connect_timeout=0.2, timeout=30) as client:
            assert [complete(client) for _ in range(used)] == ["hi"] * used
            started = time.monotonic()
            assert upload(client) == "hi"
            assert time.monotonic() - started > 0.3  # or it shows nothing
        assert server.connections == 1


@TLS
@USED
@pytest.mark.parametrize("limits", [{"timeout": 0.7}, {"timeout": 30, "deadline": 0.7}], ids=["timeout", "deadline"])
def test_t47_a_stalled_upload(tls: bool, used: int, limits: dict[str, float], trusted: Files, fails: Fails) -> None:
    """An upload that stalls ends after `timeout` or at the deadline, once, and not after twice that."""
    with SlowTaker(trusted, tls=tls, rate=0) as server:
        with Client(base_url=server.address, api_key=KEY, connect_timeout=0.3, **limits, world=NO_WAITS) as client:
            assert [complete(client) for _ in range(used)] == ["hi"] * used
            error = fails(lambda: upload(client), APITimeoutError)
        assert (error.phase, error.attempts) == ("deadline" if "deadline" in limits else "send", 1)
        assert 0.6 < error.elapsed < 1.3
        assert len(server.requests) == used + 1


# T48: connecting, ends that are left open, and closing at any moment


class BlackHole:
    """An address that swallows every attempt to connect: its queue is full, and nobody takes from it."""

    def __init__(self, host: str, port: int = 0) -> None:
        self._stack = contextlib.ExitStack()
        listener = self._stack.enter_context(socket.create_server((host, port), backlog=0))
        self.address = listener.getsockname()
        for _ in range(4):
            waiting = self._stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(self.address)

    def __enter__(self) -> BlackHole:
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()


@pytest.fixture
def black_holes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, list[Any]], str]]:
    """Give a function that lets a name have four such addresses, and `others` after them, and returns its URL."""
    with contextlib.ExitStack() as stack:
        holes = [stack.enter_context(BlackHole(f"127.0.0.{last}")) for last in range(11, 15)]
        real = socket.getaddrinfo

        def named(name: str, others: list[Any]) -> str:
            addresses = [hole.address for hole in holes] + others

            def resolve(host: str, *args: Any, **kwargs: Any) -> Any:
                if host != name:
                    return real(host, *args, **kwargs)
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            return f"http://{name}:80"

        yield named


@pytest.mark.parametrize("limits", [{"deadline": 0.6}, {"connect_timeout": 0.6}], ids=["deadline", "connect_timeout"])
def test_t48_all_addresses_share_one_time(
    limits: dict[str, float], black_holes: Callable[[str, list[Any]], str], fails: Fails
) -> None:
    """A host with four addresses that swallow everything is given up in the time to connect, not in four times it."""
    url = black_holes("four.example", [])
    with Client(base_url=url, api_key=KEY, allow_insecure=True, max_attempts=1, **limits) as client:
        error = fails(lambda: complete(client), APITimeoutError)
    assert error.phase == ("deadline" if "deadline" in limits else "connect")
    assert 0.5 < error.elapsed < 1.5


def test_t48_a_good_address_after_dead_ones(black_holes: Callable[[str, list[Any]], str]) -> None:
    """Dead addresses leave time for the good one behind them."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        url = black_holes("five.example", [server._listener.getsockname()])
        with Client(base_url=url, api_key=KEY, allow_insecure=True, connect_timeout=1.5, max_attempts=1) as client:
            assert complete(client) == "hi"


def test_t48_a_connect_timeout_has_advice(black_holes: Callable[[str, list[Any]], str], fails: Fails) -> None:
    """Where nothing answers at all, the error names what keeps a VPC from the service."""
    url = black_holes("four.example", [])
    with Client(base_url=url, api_key=KEY, allow_insecure=True, connect_timeout=0.1, max_attempts=1) as client:
        error = fails(lambda: complete(client), APITimeoutError)
    assert all(words in error.advice for words in ("interface endpoint", "NAT gateway", "security groups"))


@pytest.mark.parametrize("rest", [[], [http_chunk(b": x\n")] * 400], ids=["silent", "dripping"])
@pytest.mark.parametrize("deadline", [None, 6.0])
def test_t48_a_stream_whose_end_is_left_open(rest: list[bytes], deadline: float | None) -> None:
    """A stream is over with its end mark, whatever the service does with the connection after it."""

    def script(number: int) -> Iterator[bytes | float]:
        yield CHUNKED_STREAM + http_chunk(CHUNK) + http_chunk(DONE)
        for piece in rest:
            yield 0.02
            yield piece
        yield 9.0

    with RawServer(script) as server, client_of(server, deadline=deadline) as client:
        started = time.monotonic()
        with client.stream(REQUEST) as stream:
            assert "".join(chunk.text for chunk in stream) == "hi"
        assert time.monotonic() - started < 2


@TLS
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="only where signals have timers")
def test_t48_a_stream_closed_by_a_signal_handler(tls: bool, trusted: Files, fails: Fails) -> None:
    """A signal handler may close the stream that it interrupts: the reader gets an exception, and nobody hangs."""

    def script(number: int) -> list[bytes | float]:
        return [CHUNKED_STREAM + http_chunk(CHUNK), 9.0]

    with TLSServer(script, trusted) if tls else RawServer(script) as server, client_of(server) as client:
        stream = client.stream(REQUEST)
        assert next(stream).text == "hi"
        before = signal.signal(signal.SIGALRM, lambda *_: stream.close())
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            started = time.monotonic()
            error = fails(lambda: next(stream), APIConnectionError)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert (error.phase, error.request_id) == ("body", "r-1")
        assert "closed" in str(error)
        assert time.monotonic() - started < 3


@pytest.mark.parametrize("line", ["no colon here", "Content-Length : 5", ": no name", "Ünicode"], ids=str)
@BOTH
def test_t48_a_line_that_is_no_header(line: str, ask: Callable[..., str], fails: Fails) -> None:
    """A head with a line that is no header is refused at once, and its request ID is kept, on both sides of it."""
    answer = http(COMPLETION, f"200 OK\r\n{line}").decode("latin-1").encode("latin-1")
    with RawServer(lambda number: [answer]) as server, client_of(server, timeout=9, world=NO_WAITS) as client:
        error = fails(lambda: ask(client), APIConnectionError)
    assert (error.phase, error.attempts, error.request_id) == ("headers", 1, "r-1")
    assert error.elapsed < 3
    assert "no header" in str(error)
    assert error.response.status_code == 200


@BOTH
@pytest.mark.parametrize("status", ["200 OK", "503 Full", "429 Slow"])
def test_t48_a_head_that_is_cut(ask: Callable[..., str], status: str, fails: Fails) -> None:
    """A head that ends before its blank line is no answer, of whatever status: one POST, and no half request ID."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nx-amzn-RequestId: 6c4f"
    with RawServer(lambda number: [head.encode(), None]) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: ask(client), APIConnectionError)
        assert (error.phase, error.attempts, error.request_id, len(server.requests)) == ("headers", 1, None, 1)


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_t48_an_interim_answer_and_then_silence(status: str, fails: Fails) -> None:
    """An interim answer starts no new time: silence after it ends with `timeout`, in phase `headers`."""
    with RawServer(lambda number: [f"HTTP/1.1 {status}\r\n\r\n".encode(), 9.0]) as server:
        with client_of(server, timeout=0.3, world=NO_WAITS) as client:
            error = fails(lambda: complete(client), APITimeoutError)
    assert (error.phase, error.attempts) == ("headers", 1)


def test_t48_a_name_that_is_none(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that no resolver knows is a failure to connect, with the Region as the likely cause."""

    def resolve(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Client("us-west-9", api_key=KEY, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), APIConnectionError)
    assert (error.phase, error.attempts) == ("connect", 3)
    assert "Name or service not known" in str(error)
    assert "is the Region right" in error.advice


def test_t48_no_free_descriptor(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open nothing more gets a failure to connect, in the system's words."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError(24, "Too many open files")

    with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server, world=NO_WAITS) as client:
        monkeypatch.setattr(socket, "socket", refuse)
        error = fails(lambda: complete(client), APIConnectionError)
    assert (error.phase, server.connections) == ("connect", 0)
    assert "Too many open files" in str(error)


class Foreign(requests.adapters.HTTPAdapter):
    """An adapter of somebody's own, with a fault of its own."""

    def send(self, *args: Any, **kwargs: Any) -> Any:
        raise KeyError(KEY)


def test_t48_a_given_session_with_a_fault(fails: Fails, client_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the adapter or the connector of a given session raises leaves the outcome open, and is not shown."""
    with given_session() as session, RawServer(lambda number: []) as server:
        if client_kind == "Client":
            session.mount("http://", Foreign())
        else:
            monkeypatch.setattr(session.connector, "connect", Foreign().send)
        error = fails(lambda: complete(client_of(server, session=session, world=NO_WAITS)), APIConnectionError)
    assert (error.phase, error.attempts) == ("headers", 1)
    assert "KeyError" in str(error)


@pytest.mark.only("Client", "The pool of an event loop is used and closed in one thread.")
def test_t48_a_pool_that_another_thread_has_closed(fails: Fails) -> None:
    """A call that meets a pool which `close()` has closed meanwhile has sent nothing, and tries again."""
    with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server, world=NO_WAITS) as client:
        assert complete(client) == "hi"
        manager = client._transport._session().get_adapter(server.url).poolmanager  # type: ignore[attr-defined]
        manager.pools[next(iter(manager.pools.keys()))].close()
        error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("connect", 3, 1)
        client.close()
        assert complete(client) == "hi"
