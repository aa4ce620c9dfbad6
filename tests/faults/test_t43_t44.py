"""T43 and T44: signals, and cookies."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from yarl import URL

from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, IncompleteStreamError, UserMessage
from both import Client, client_of, given_session
from servers import one_and_silence
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    NO_WAITS,
    REQUEST,
    HangUps,
    RawServer,
    http,
    http_chunk,
)


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
        with client_of(server, max_attempts=2, world=NO_WAITS) as client:
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


def test_t44_cookies_of_a_given_session(client_kind: str) -> None:
    """Nor do the cookies that a session of the caller's may hold."""
    with RawServer(lambda number: [http(COMPLETION)]) as server, given_session() as session:
        url = server.url.replace("127.0.0.1", "localhost")
        if client_kind == "Client":
            jar = session.cookies
            jar.set("mine", "SECRET", domain="localhost.local")
        else:
            jar = session.cookie_jar
            jar.update_cookies({"mine": "SECRET"}, URL(url))
        with Client(base_url=url, api_key=KEY, session=session) as client:
            client.complete(REQUEST)
        assert len(jar) == 1
    assert b"cookie" not in server.requests[0].lower()
