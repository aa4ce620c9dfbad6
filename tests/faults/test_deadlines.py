"""Deadlines: each part of a call counts, and a Lambda function's own end can be one."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APITimeoutError,
    ChatCompletionRequest,
    ConfigurationError,
    RateLimitError,
    UserMessage,
    lambda_deadline,
)
from bedrock_openai_http.transport.drive import MACHINE
from both import Client, client_of
from calls import LONG
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    NO_WAITS,
    REQUEST,
    RawServer,
    http,
    http_chunk,
)

Check = Callable[..., Any]


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
        assert 0.15 < took < 1, took
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
        now = [100.0]

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            now[0] += seconds

        world = replace(MACHINE, clock=lambda: now[0], uniform=lambda: 1.0, sleep=sleep)
        with RawServer(lambda number: THROTTLED) as server, client_of(server, max_attempts=9, world=world) as client:
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
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server, world=NO_WAITS) as client:
            fails(lambda: client.complete(REQUEST, deadline=1e-9), APITimeoutError)
        assert server.requests == []


class Context:
    """The context of a Lambda invocation that has so many milliseconds left."""

    def __init__(self, left: int) -> None:
        self._left = left

    def get_remaining_time_in_millis(self) -> int:
        return self._left


@pytest.mark.no_client
@pytest.mark.parametrize(
    ("left", "margin", "seconds"), [(9000, 1, 8.0), (9000, 0, 9.0), (500, 1, 0.01), (0, 0, 0.01)]
)
def test_deadline_of_a_lambda(left: int, margin: float, seconds: float) -> None:
    """The deadline is what the invocation has left without the margin, and never so little that it is refused."""
    assert lambda_deadline(Context(left), margin=margin) == pytest.approx(seconds)


@pytest.mark.no_client
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
