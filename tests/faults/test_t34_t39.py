"""T34, T36, T37, T39 and deadlines: refused uploads, plain http, keep-alive, hostile schemas, time."""

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
    Client,
    ConfigurationError,
    FunctionTool,
    RateLimitError,
    RequestValidationError,
    UserMessage,
    lambda_deadline,
)
from peers import TLSServer, tunnel_proxy
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    PROMPT,
    REQUEST,
    RawServer,
    client_of,
    http,
    http_chunk,
    quick,
)

Check = Callable[..., Any]
LONG = PROMPT * (20_000_000 // len(PROMPT))
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
    with Refuser("reset", answers_first=int(warm)) as server, Client(base_url=server.url, api_key=KEY) as client:
        if warm:
            client.complete(REQUEST)
        with pytest.raises((APIStatusError, APIConnectionError)) as caught:
            upload(quick(client))
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


def used_socket(client: Client) -> socket.socket:
    """Return the socket of a stream that is being read."""
    with client.stream(REQUEST) as stream:
        next(stream)
        sock = stream._open._sock  # type: ignore[union-attr]
        assert keep_alive_of(sock) == [1, 60, 30, 5]
        assert (stream.completion().text, stream.request_id) == ("hi", "r-1")
    return sock


ONE_CHUNK = [CHUNKED_STREAM, http_chunk(CHUNK), 0.01, http_chunk(b"data: [DONE]\n\n"), http_chunk(b"")]


@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_t37_keep_alive(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead peer is noticed after 60 s, asked every 30 s, 5 times: directly and by a proxy."""
    with RawServer(lambda number: ONE_CHUNK) as server:
        if way == "proxy":
            monkeypatch.setenv("http_proxy", server.url)
            with Client(base_url="http://192.0.2.1", api_key=KEY, allow_insecure=True) as client:
                used_socket(client)
        else:
            with client_of(server) as client:
                used_socket(client)
    assert len(server.requests) == 1


def test_t37_keep_alive_in_a_tunnel(monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]) -> None:
    """So it is in the tunnel that a proxy opens for https; the proxy itself sees neither key nor prompt."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    with TLSServer(lambda number: ONE_CHUNK, certificate) as secure, tunnel_proxy() as (proxy, heads):
        with client_of(secure) as client:
            # The environment's proxies are not used for this machine, and a given session has its own adapters.
            client._transport._session().proxies = {"https": proxy}  # type: ignore[attr-defined]
            used_socket(client)
    assert len(heads) == 1
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")
    assert KEY.encode() not in heads[0]
    assert len(secure.requests) == 1


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"properties": value}
    return value


class TestT39:
    """Schemas and prompts that would keep a validator busy."""

    @pytest.mark.parametrize("as_mapping", [False, True])
    def test_t39_references_are_data(self, as_mapping: bool, tmp_path: Path) -> None:
        """A $ref in a tool's schema, to http, a file or itself, is sent as it is: nothing is fetched or followed."""
        (tmp_path / "schema.json").write_text("not even JSON")
        with RawServer(lambda number: [http(b"{}")]) as other, RawServer(lambda number: [http(COMPLETION)]) as server:
            wanted = f"{other.url}/schema"
            parameters = {
                "$schema": f"{other.url}/meta",
                "$id": f"{other.url}/id",
                "type": "object",
                "properties": {
                    "a": {"$ref": wanted},
                    "b": {"$ref": (tmp_path / "schema.json").as_uri()},
                    "c": {"$ref": "#"},
                    "d": {"$dynamicRef": f"{other.url}/dynamic"},
                    "e": {"type": "string", "pattern": "^(a+)+$"},
                },
            }
            tool = FunctionTool("f", parameters=parameters)
            request: Any = ChatCompletionRequest(MODEL, [UserMessage("a" * 40 + "!")], tools=[tool])
            with client_of(server) as client:
                started = time.process_time()
                client.complete(request.to_body() if as_mapping else request)
                assert time.process_time() - started < 1
            assert other.connections == 0
        assert wanted.encode() in server.requests[0]

    @pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*b", "([a-z]+)*1"])
    def test_t39_patterns_are_never_run(self, pattern: str) -> None:
        """Patterns in a response format's schema, which take ages on some texts, are not run on anything."""
        schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern, "default": "a" * 60}}}
        wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        request = ChatCompletionRequest(MODEL, [UserMessage("a" * 60)], response_format=wanted)
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            started = time.process_time()
            client.complete(request)
            assert time.process_time() - started < 1
        assert pattern.encode() in server.requests[0]

    @pytest.mark.parametrize("depth", [120, 10_000])
    def test_t39_depth(self, fails: Check, depth: int) -> None:
        """A schema nested without end is refused at once, with a path that has an end."""
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            tool = {"type": "function", "function": {"name": "f", "parameters": nested(depth)}}
            body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], "tools": [tool]}
            started = time.process_time()
            error = fails(lambda: client.complete(body), RequestValidationError)
            assert time.process_time() - started < 1
            assert (error.rule, len(str(error)) <= 1024, server.connections) == ("json-depth", True, 0)
            request = ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], tools=[tool])
            assert fails(lambda: client.complete(request), RequestValidationError).rule == "json-depth"
            assert server.connections == 0

    @pytest.mark.parametrize(
        "change",
        [
            {"messages": [{"role": "user", "content": {"text": PROMPT * 150_000}}]},
            {"messages": PROMPT * 150_000},
            {"messages": [PROMPT * 150_000]},
            {"messages": [{"role": PROMPT * 150_000, "content": "x"}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": PROMPT * 150_000, "x": 1}]}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": [PROMPT] * 150_000}]}]},
            {"temperature": PROMPT * 150_000},
            {"tools": [{"type": "function", "function": {"name": PROMPT * 150_000}}]},
            {"stop": [PROMPT * 1000] * 1000},
            {"metadata": {f"key {number}": PROMPT * 100 for number in range(1000)}},
            {"logit_bias": {"x" * 2_000_000: PROMPT}},
        ],
    )
    def test_t39_two_megabytes_in_the_wrong_place(self, fails: Check, change: dict[str, Any]) -> None:
        """A prompt of 2 MB where it does not belong: a short error, soon, without a word of it."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], **change}
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            started = time.process_time()
            error = fails(lambda: client.complete(body), RequestValidationError)
            assert time.process_time() - started < 1.5
        assert len(str(error)) <= 1024
        assert server.connections == 0


@contextlib.contextmanager
def full_listener() -> Iterator[str]:
    """Give the URL of a listener that takes no more connections, so that connecting waits."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"


DRIP = [b"HTTP/1.1 200 OK\r\nX-Slow: ", *[b"a", 0.02] * 200]
THROTTLED = [http(b'{"message": "slow down"}', "429 No")]


class TestDeadline:
    """`deadline=` counts everything: connecting, sending, attempts, waits, headers, body and stream."""

    def within(self, fails: Check, work: Callable[[], object], kind: type[APIConnectionError]) -> Any:
        started = time.monotonic()
        error = fails(work, kind)
        took = time.monotonic() - started
        assert 0.15 < took < 0.6, took
        assert error.elapsed == pytest.approx(took, abs=0.15)
        return error

    def test_deadline_over_connecting(self, fails: Check) -> None:
        """A connection that cannot be made ends with the deadline, not with the connection's own time."""
        with full_listener() as url, Client(base_url=url, api_key=KEY, deadline=0.2) as client:
            error = self.within(fails, lambda: client.complete(REQUEST), APITimeoutError)
        assert error.request_id is None

    def test_deadline_over_the_handshake(self, fails: Check) -> None:
        """A peer that never ends the TLS handshake is left at the deadline."""
        with RawServer(lambda number: [9.0]) as server:
            url = server.url.replace("http:", "https:")
            with Client(base_url=url, api_key=KEY, deadline=0.2) as client:
                self.within(fails, lambda: client.complete(REQUEST), APITimeoutError)

    def test_deadline_over_sending(self, fails: Check) -> None:
        """A peer that does not take the request is left at the deadline."""
        long = ChatCompletionRequest(MODEL, [UserMessage(LONG)])
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with Client(base_url=url, api_key=KEY) as client:
                fails(lambda: client.complete(long, deadline=0.2), APITimeoutError)

    @pytest.mark.parametrize("script", [[9.0], DRIP], ids=["silent", "dripping"])
    def test_deadline_over_headers(self, fails: Check, script: list[Any]) -> None:
        """No headers, or headers byte by byte: one POST, and the deadline ends it."""
        with RawServer(lambda number: script) as server, client_of(server) as client:
            error = self.within(fails, lambda: client.complete(REQUEST, deadline=0.2), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)

    def test_deadline_over_the_body(self, fails: Check) -> None:
        """A body that drips: the error has the request ID of the headers."""
        script = [http(b"", length=9999), *[b" ", 0.02] * 200]
        with RawServer(lambda number: script) as server, client_of(server) as client:
            error = self.within(fails, lambda: client.complete(REQUEST, deadline=0.2), APITimeoutError)
        assert (error.phase, error.request_id, len(server.requests)) == ("deadline", "r-1", 1)

    def test_deadline_over_an_errors_body(self, fails: Check) -> None:
        """The body of a refusal that drips ends at the deadline too, with its request ID and without a retry."""
        script = [http(b"", "503 No", length=9999), *[b" ", 0.02] * 200]
        with RawServer(lambda number: script) as server, client_of(server) as client:
            error = self.within(fails, lambda: client.complete(REQUEST, deadline=0.2), APITimeoutError)
        assert (error.phase, error.request_id, len(server.requests)) == ("deadline", "r-1", 1)

    def test_deadline_over_a_stream(self, fails: Check) -> None:
        """A stream that goes on and on ends at the deadline; what it has said is in the error."""
        script = [CHUNKED_STREAM, *[http_chunk(CHUNK), 0.02] * 200]
        with RawServer(lambda number: script) as server, client_of(server) as client:
            read: list[Any] = []

            def work() -> None:
                with client.stream(REQUEST, deadline=0.2) as stream:
                    read.extend(stream)

            # The list keeps nothing when its source fails, so the partial completion must.
            error = self.within(fails, work, APITimeoutError)
        assert (error.phase, error.request_id, len(server.requests)) == ("deadline", "r-1", 1)
        assert re.fullmatch("(hi){3,12}", error.partial.text)

    def test_deadline_over_attempts_and_waits(self, fails: Check) -> None:
        """No wait goes past the deadline: the last refusal is raised before it, after as many attempts as fit."""
        waits: list[float] = []
        with RawServer(lambda number: THROTTLED) as server, client_of(server, max_attempts=9) as client:
            now = [100.0]
            client._retrier.clock = lambda: now[0]
            client._retrier._uniform = lambda: 1.0

            def sleep(seconds: float) -> None:
                waits.append(seconds)
                now[0] += seconds

            client._retrier._sleep = sleep
            fails(lambda: client.complete(REQUEST, deadline=1e6 + time.monotonic()), RateLimitError)
            assert waits == [1, 2, 4, 8, 16, 20, 20, 20]
            waits.clear()
            now[0] = time.monotonic()
            error = fails(lambda: client.complete(REQUEST, deadline=8.0), RateLimitError)
        assert waits == [1, 2, 4]
        assert (error.attempts, error.request_id) == (4, "r-1")
        assert error.elapsed == pytest.approx(7.0)
        assert len(server.requests) == 13

    def test_deadline_that_has_passed_sends_nothing(self, fails: Check) -> None:
        """A deadline that passes before the first byte, as at the end of a Lambda invocation: nothing is sent."""
        with RawServer(lambda number: [http(COMPLETION)]) as server, quick(client_of(server)) as client:
            fails(lambda: client.complete(REQUEST, deadline=1e-9), APITimeoutError)
        assert server.requests == []


class Context:
    """The context of a Lambda invocation that has so many milliseconds left."""

    def __init__(self, left: int) -> None:
        self._left = left

    def get_remaining_time_in_millis(self) -> int:
        return self._left


@pytest.mark.parametrize(
    ("left", "margin", "seconds"), [(9000, 1, 8.0), (9000, 0, 9.0), (500, 1, 0.01), (0, 0, 0.01)]
)
def test_deadline_of_a_lambda(left: int, margin: float, seconds: float) -> None:
    """The deadline is what the invocation has left without the margin, and never so little that it is refused."""
    assert lambda_deadline(Context(left), margin=margin) == pytest.approx(seconds)


@pytest.mark.parametrize("margin", [-1, float("nan"), float("inf")])
def test_deadline_of_a_lambda_with_an_odd_margin(margin: float) -> None:
    """A margin that is no number of seconds is a ConfigurationError."""
    with pytest.raises(ConfigurationError, match="margin"):
        lambda_deadline(Context(9000), margin=margin)


def test_deadline_of_a_lambda_holds(fails: Check) -> None:
    """A call in an invocation with 0.3 s left, 0.1 s of them reserved, fails typed after 0.2 s."""
    with RawServer(lambda number: [9.0]) as server, client_of(server) as client:
        started = time.monotonic()
        deadline = lambda_deadline(Context(300), margin=0.1)
        error = fails(lambda: client.complete(REQUEST, deadline=deadline), APITimeoutError)
        assert 0.15 < time.monotonic() - started < 0.3
    assert (error.phase, len(server.requests)) == ("deadline", 1)
