"""T40 to T44: values that are no JSON, copies of one memory image, streams that are left, signals, and cookies."""

from __future__ import annotations

import gc
import itertools
import json
import os
import random
import re
import signal
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from types import FrameType
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    Client,
    IncompleteStreamError,
    InternalServerError,
    PermissionDeniedError,
    RequestValidationError,
    UserMessage,
)
from bedrock_openai_http.retry import Retrier
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
)

Check = Callable[..., Any]


def deep(depth: int, kind: type) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"x": value} if kind is dict else kind([value])
    return value


def looped() -> list[Any]:
    value: list[Any] = [PROMPT]
    value.append(value)
    return value


@dataclass
class Custom:
    text: str = PROMPT


NOT_JSON = {
    "half a pair": ("json-text", PROMPT + "\ud83d"),
    "half a pair in a list": ("json-text", [PROMPT, "\udc00"]),
    "half a pair in a key": ("json-text", {PROMPT + "\ud83d": 1}),
    "NaN": ("json-number", float("nan")),
    "infinity": ("json-number", float("inf")),
    "minus infinity": ("json-number", [float("-inf")]),
    "integer beyond a double": ("json-number", 10**400),
    "integer of 5,000 digits": ("json-number", 10**5000),
    "bytes": ("json-type", PROMPT.encode()),
    "bytearray": ("json-type", bytearray(PROMPT.encode())),
    "set": ("json-type", {PROMPT}),
    "generator": ("json-type", (part for part in [PROMPT])),
    "date": ("json-type", datetime(2026, 1, 1, tzinfo=timezone.utc)),
    "decimal": ("json-type", Decimal("1.5")),
    "complex": ("json-type", 1j),
    "object": ("json-type", Custom()),
    "class": ("json-type", Custom),
    "number as a key": ("json-key", {7: PROMPT}),
    "None as a key": ("json-key", {None: PROMPT}),
    "list 10,000 deep": ("json-depth", deep(10_000, list)),
    "tuple 10,000 deep": ("json-depth", deep(10_000, tuple)),
    "dict 10,000 deep": ("json-depth", deep(10_000, dict)),
    "dict 500 deep": ("json-depth", deep(500, dict)),
    "list in itself": ("json-depth", looped()),
}


class TestT40:
    """What no JSON can hold is refused before sending, with its path only."""

    @pytest.fixture
    def client(self) -> Iterator[Client]:
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            yield client
            assert server.connections == 0

    def refused(self, fails: Check, call: Callable[[Any], Any], path: str) -> None:
        """Check that `call` refuses each value of the table, which stands at `path`."""
        for rule, value in NOT_JSON.values():
            started = time.process_time()
            error = fails(partial(call, value), RequestValidationError)
            assert time.process_time() - started < 1
            assert error.rule == rule
            assert error.json_path.startswith(path)
            assert len(str(error)) <= 1024

    @pytest.mark.parametrize("method", ["complete", "stream"])
    def test_t40_in_a_body(self, client: Client, fails: Check, method: str) -> None:
        """In a body that is given as a mapping."""
        call = getattr(client, method)
        self.refused(
            fails,
            lambda value: call({"model": MODEL, "messages": [{"role": "user", "content": value}]}),
            "$.messages[0].content",
        )

    def test_t40_in_a_message(self, client: Client, fails: Check) -> None:
        """In a message of a request of ours."""
        self.refused(
            fails,
            lambda value: client.complete(ChatCompletionRequest(MODEL, [UserMessage(value)])),
            "$.messages[0].content",
        )

    def test_t40_in_a_tool(self, client: Client, fails: Check) -> None:
        """In a tool's parameters, where anything goes that is JSON."""

        def call(value: Any) -> Any:
            tool = {"type": "function", "function": {"name": "f", "parameters": {"default": value}}}
            return client.complete(ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], tools=[tool]))

        self.refused(fails, call, "$.tools[0].function.parameters.default")

    def test_t40_in_an_extra_body(self, client: Client, fails: Check) -> None:
        """In what is sent past the schema."""

        def call(value: Any) -> Any:
            return client.stream(ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], extra_body={"new": value}))

        self.refused(fails, call, "$.new")

    def test_t40_at_the_openai_shaped_door(self, client: Client, fails: Check) -> None:
        """By way of `client.chat.completions.create`."""
        create = client.chat.completions.create
        self.refused(
            fails,
            lambda value: create(model=MODEL, messages=[{"role": "user", "content": value}]),
            "$.messages[0].content",
        )


def test_t40_what_is_no_request(fails: Check) -> None:
    """What is no request at all is one typed error too."""
    with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
        bodies: list[Any] = [None, 7, "text", b"{}", [], [1], object(), {}, {"model": MODEL}, {7: 8}]
        for call, body in itertools.product((client.complete, client.stream), bodies):
            assert len(str(fails(partial(call, body), RequestValidationError))) < 300
    assert server.connections == 0


def in_a_fork(work: Callable[[], Any]) -> Any:
    """Return what `work` gives in a fork of this process, by way of JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as result:
        text = result.read()
    os.waitpid(child, 0)
    return json.loads(text)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
class TestT41:
    """Copies of one memory image, as of a Lambda function that is restored many times."""

    def test_t41_jitter_differs(self) -> None:
        """Two copies with the same state of `random` wait for different times."""
        failure = InternalServerError("no", status_code=500)

        def waits() -> list[float]:
            random.seed(7)
            retrier = Retrier()
            return [random.random(), *(retrier.delay("transient", number, failure) for number in range(8))]

        (one, *first), (two, *second) = in_a_fork(waits), in_a_fork(waits)
        assert one == two  # the copies are what they should be
        assert not set(first) & set(second)

    def test_t41_invocation_ids_differ(self) -> None:
        """Two copies of one client, with the same state of `random`, send different invocation IDs."""
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            client.complete(REQUEST)  # all is loaded and made before the copies are taken

            def call() -> float:
                random.seed(7)
                client.complete(REQUEST)
                return random.random()

            assert in_a_fork(call) == in_a_fork(call)
            found = [re.search(rb"(?i)amz-sdk-invocation-id: (\S+)", request) for request in server.requests]
        assert len({match[1] for match in found if match}) == len(found) == 3


def endless(number: int) -> Iterator[bytes | float]:
    """A stream that goes on until the client hangs up."""
    yield CHUNKED_STREAM
    while True:
        yield http_chunk(CHUNK)
        yield 0.005


class HangUps(RawServer):
    """A server of endless streams that notes when a client hangs up."""

    def __init__(self, script: Callable[[int], Any] = endless) -> None:
        self.hung_up = threading.Semaphore(0)
        super().__init__(script)

    def _serve(self, connection: Any) -> None:
        super()._serve(connection)
        self.hung_up.release()


def one_and_silence(number: int) -> list[bytes | float]:
    return [CHUNKED_STREAM, http_chunk(CHUNK), 30.0]


class TestT42:
    """Streams that the caller leaves: the connection is closed at once, and nothing hangs or warns."""

    @pytest.fixture
    def server(self) -> Iterator[HangUps]:
        with HangUps() as running:
            yield running
            assert running.hung_up.acquire(timeout=1), "the connection is still open"
            assert len(running.requests) == 1

    def test_t42_break(self, server: HangUps) -> None:
        """Leaving the loop and the `with` statement ends it; so far it is an incomplete completion."""
        with client_of(server) as client:
            with client.stream(REQUEST) as stream:
                for chunk in stream:
                    assert chunk.text == "hi"
                    break
            with pytest.raises(IncompleteStreamError) as caught:
                stream.completion()
            assert (caught.value.request_id, list(stream)) == ("r-1", [])
            assert caught.value.partial is not None
            assert (caught.value.partial.text or "").startswith("hi")

    def test_t42_exception(self, server: HangUps) -> None:
        """So does an exception of the caller's, which passes as it is."""
        with client_of(server) as client, pytest.raises(ZeroDivisionError):
            with client.stream(REQUEST) as stream:
                for _ in stream:
                    print(1 / 0)

    def test_t42_garbage(self, server: HangUps) -> None:
        """A stream that is dropped without `with` or close() takes its connection along."""
        with client_of(server) as client:
            stream = client.stream(REQUEST)
            next(stream)
            del stream
            gc.collect()
            assert server.hung_up.acquire(timeout=1)
            server.hung_up.release()

    def test_t42_dropped_unread(self, server: HangUps) -> None:
        """So does one of which nothing was ever read."""
        with client_of(server) as client:
            client.stream(REQUEST)
            gc.collect()
            assert server.hung_up.acquire(timeout=1)
            server.hung_up.release()

    def test_t42_closed_in_a_generator(self, server: HangUps) -> None:
        """A generator of the caller's that is closed while it hands chunks on closes the stream within."""
        with client_of(server) as client:

            def texts() -> Iterator[str | None]:
                with client.stream(REQUEST) as stream:
                    for chunk in stream:
                        yield chunk.text

            words = texts()
            assert next(words) == "hi"
            words.close()

    def test_t42_client_closed_first(self, server: HangUps) -> None:
        """A stream outlives the close() of its client, and closes its connection itself."""
        client = client_of(server)
        with client.stream(REQUEST) as stream:
            next(stream)
            client.close()
            assert next(stream).text == "hi"


@pytest.mark.parametrize("by", ["close", "with"])
def test_t42_close_from_another_thread_wakes_the_reader(fails: Check, by: str) -> None:
    """Closing a stream while another thread waits for its next chunk wakes that thread within a second, typed."""
    with RawServer(one_and_silence) as server, client_of(server) as client:
        stream = client.stream(REQUEST)
        assert next(stream).text == "hi"
        woken: list[tuple[float, BaseException | None]] = []

        def wait() -> None:
            try:
                next(stream)
            except BaseException as error:
                woken.append((time.monotonic(), error))
            else:
                woken.append((time.monotonic(), None))

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.1)
        closed = time.monotonic()
        if by == "close":
            stream.close()
        else:
            with stream:
                pass
        assert time.monotonic() - closed < 0.5
        thread.join(5)
    ((moment, error),) = woken
    assert moment - closed < 1
    assert isinstance(error, (APIConnectionError, IncompleteStreamError))
    assert error.request_id == "r-1"
    assert error.partial is not None
    assert error.partial.text == "hi"


def test_t42_a_stream_closed_twice_from_many_threads() -> None:
    """Closing at the same time from several threads is as good as closing once."""
    with HangUps() as server, client_of(server) as client:
        stream = client.stream(REQUEST)
        next(stream)
        failures: list[BaseException] = []

        def close() -> None:
            try:
                stream.close()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert failures == []
        assert server.hung_up.acquire(timeout=1)


def test_t42_a_client_closes_its_connections_after_a_failure() -> None:
    """Closing a client closes its connections there and then, also while an error of it is being kept."""
    with HangUps(lambda number: [http(b'{"message": "no"}', "403 No")]) as server:
        with client_of(server) as client, pytest.raises(PermissionDeniedError) as caught:
            client.complete(REQUEST)
        assert server.hung_up.acquire(timeout=1), "the connection is still open"
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize("answer", [http(b'{"message": "no"}', "403 No"), None, http(b"x"), http(b"x", length=9)])
def test_t42_an_error_that_is_dropped_is_gone(answer: bytes | None) -> None:
    """An error is freed without the garbage collector, and with it the prompt, which may be 20 MB long."""
    with RawServer(lambda number: [answer, None]) as server, client_of(server) as client:
        gc.disable()
        try:
            failed = failure_of(client)
            assert failed() is None
        finally:
            gc.enable()


def failure_of(client: Client) -> weakref.ref[BedrockOpenAIError]:
    try:
        client.complete(REQUEST)
    except BedrockOpenAIError as error:
        return weakref.ref(error)
    raise AssertionError


class Stop(BaseException):
    """What a signal handler raises: no Exception, as KeyboardInterrupt and SystemExit."""


@contextmanager
def a_signal_after(seconds: float, kind: type[BaseException]) -> Iterator[None]:
    """Raise `kind` in the main thread after so many seconds, unless the block has ended by then."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise kind

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


SILENT_HEAD: list[bytes | float] = [30.0]
HALF_A_BODY: list[bytes | float] = [http(COMPLETION[:20], length=len(COMPLETION)), 30.0]
HALF_A_REFUSAL: list[bytes | float] = [http(b'{"mess', "503 No", length=99), 30.0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stop])
class TestT43:
    """An interrupt passes as it is, at once, and what it broke off is not used again."""

    def interrupted(
        self, server: RawServer, client: Client, kind: type[BaseException], work: Callable[[], Any]
    ) -> None:
        started = time.monotonic()
        with pytest.raises(kind) as caught, a_signal_after(0.1, kind):
            work()
        assert time.monotonic() - started < 1
        assert type(caught.value) is kind
        before = server.connections
        assert client.complete(REQUEST).text == "hi"
        assert server.connections == before + 1, "the connection was used again"

    @pytest.mark.parametrize("script", [SILENT_HEAD, HALF_A_BODY, HALF_A_REFUSAL], ids=["head", "body", "refusal"])
    def test_t43_while_reading(self, kind: type[BaseException], script: list[bytes | float]) -> None:
        """While waiting for headers, for the rest of a body, for the rest of a refusal: one POST, no retry."""
        with HangUps(lambda number: script if number == 1 else [http(COMPLETION)]) as server:
            with client_of(server) as client:
                self.interrupted(server, client, kind, lambda: client.complete(REQUEST))
        assert len(server.requests) == 2

    def test_t43_while_streaming(self, kind: type[BaseException]) -> None:
        """While waiting for the next chunk; the stream is then closed, and what it had said can still be had."""
        with HangUps(lambda number: one_and_silence(number) if number == 1 else [http(COMPLETION)]) as server:
            with client_of(server) as client:
                stream = client.stream(REQUEST)
                assert next(stream).text == "hi"
                self.interrupted(server, client, kind, lambda: next(stream))
                with pytest.raises(IncompleteStreamError) as caught:
                    stream.completion()
        assert (caught.value.partial and caught.value.partial.text, caught.value.request_id) == ("hi", "r-1")
        assert len(server.requests) == 2

    def test_t43_while_waiting_for_the_next_attempt(self, kind: type[BaseException]) -> None:
        """During the wait between two attempts: there is no second one, and the whole answer's connection is kept."""
        refused = http(b"{}", "503 No").replace(b"\r\n\r\n", b"\r\nRetry-After: 30\r\n\r\n")
        with RawServer(lambda number: [refused] if number == 1 else [http(COMPLETION)]) as server:
            with client_of(server) as client:
                started = time.monotonic()
                with pytest.raises(kind), a_signal_after(0.1, kind):
                    client.complete(REQUEST)
                assert time.monotonic() - started < 1
                assert len(server.requests) == 1
                assert client.complete(REQUEST).text == "hi"
        assert (len(server.requests), server.connections) == (2, 1)

    # The ssl module of Python before 3.12 leaves a socket that was interrupted in its handshake to the collector.
    @pytest.mark.filterwarnings("ignore:unclosed .*ssl.SSLSocket:ResourceWarning")
    def test_t43_while_connecting(self, kind: type[BaseException]) -> None:
        """During a TLS handshake."""
        with RawServer(lambda number: [30.0]) as server:
            with Client(base_url=server.url.replace("http:", "https:"), api_key=KEY) as client:
                started = time.monotonic()
                with pytest.raises(kind), a_signal_after(0.1, kind):
                    client.complete(REQUEST)
                assert time.monotonic() - started < 1

    def test_t43_while_sending(self, kind: type[BaseException]) -> None:
        """While the request is being sent to a server that does not take it."""

        def stall(connection: socket.socket) -> None:
            server._stopped.wait(0.1)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
            server._stopped.wait(30)

        with RawServer(lambda number: []) as server, client_of(server) as client:
            server._serve = stall  # type: ignore[method-assign]
            long = ChatCompletionRequest(MODEL, [UserMessage("x" * 12_000_000)])
            started = time.monotonic()
            with pytest.raises(kind), a_signal_after(30, kind):
                client.complete(long)
            assert time.monotonic() - started < 2
        assert server.connections == 1


@pytest.mark.parametrize("status", ["200 OK", "403 No", "503 No"])
def test_t44_cookies_are_never_sent_back(status: str) -> None:
    """A load balancer's cookies, on successes, refusals and streams, come back with no later request."""
    lines = b"\r\nSet-Cookie: AWSALB=SECRET; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT\r\nSet-Cookie: a=b\r\n\r\n"
    plain = http(COMPLETION, status).replace(b"\r\n\r\n", lines, 1)
    stream = [CHUNKED_STREAM.replace(b"\r\n\r\n", lines), http_chunk(CHUNK + b"data: [DONE]\n\n"), http_chunk(b"")]
    with RawServer(lambda number: stream if number == 1 else [plain]) as server:
        with client_of(server, max_attempts=2) as client:
            client._retrier._sleep = lambda seconds: None
            with client.stream(REQUEST) as answer:
                answer.completion()
            for _ in range(2):
                if status == "200 OK":
                    client.complete(REQUEST)
                else:
                    with pytest.raises(BedrockOpenAIError):
                        client.complete(REQUEST)
    assert len(server.requests) == (5 if status == "503 No" else 3)
    assert server.connections == 1
    assert not [request for request in server.requests if b"cookie" in request.lower() or b"AWSALB" in request]


def test_t44_cookies_of_a_given_session() -> None:
    """Nor do the cookies that a session of the caller's may hold."""
    import requests

    with RawServer(lambda number: [http(COMPLETION)]) as server, requests.Session() as session:
        session.cookies.set("mine", "SECRET", domain="127.0.0.1")
        with client_of(server, session=session) as client:
            client.complete(REQUEST)
        assert len(session.cookies) == 1
    assert b"cookie" not in server.requests[0].lower()
