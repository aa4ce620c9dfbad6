"""The fault matrix, T05 to T08: many calls at once, streams that nobody closes, and connections that died."""

from __future__ import annotations

import re
import threading
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
from both import client_of
from calls import BOTH, STREAM, complete
from servers import ForgetfulServer, ResettingServer
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    MODEL,
    NO_WAITS,
    REQUEST,
    RawServer,
    http,
    http_chunk,
)

Fails = Callable[..., Any]

# T05, T06: many at once, and streams that nobody closes


def echo(server_delay: float) -> tuple[RawServer, list[bytes]]:
    """Return a server that answers each request with the text of its prompt."""
    seen: list[bytes] = []

    def script(number: int) -> Iterator[bytes | float]:
        prompt = re.search(rb'"content":"(number \d+)"', server.requests[number - 1])[1]  # type: ignore[index]
        seen.append(prompt)
        yield server_delay
        yield http(COMPLETION.replace(b"hi", prompt))

    server = RawServer(script)
    return server, seen


def ask_at_once(client: Any, numbers: range) -> list[str]:
    """Return the answers to as many requests, made at once."""
    answers = dict.fromkeys(numbers, "")

    def ask(number: int) -> None:
        request = ChatCompletionRequest(MODEL, [UserMessage(f"number {number}")])
        answers[number] = client.complete(request).text

    threads = [threading.Thread(target=ask, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return list(answers.values())


def test_t05_waves_of_calls_share_connections(caplog: pytest.LogCaptureFixture) -> None:
    """Three waves of 30 calls need 30 connections, throw none away, and each call gets its own answer."""
    server, _ = echo(0.15)
    with server, client_of(server) as client:
        for wave in (range(30), range(30, 60), range(60, 90)):
            assert ask_at_once(client, wave) == [f"number {number}" for number in wave]
    assert server.connections <= 30
    assert len(server.requests) == 90
    assert "pool is full" not in caplog.text


def test_t05_more_calls_than_the_pool_holds() -> None:
    """Ninety calls at once do not wait for each other, and each gets its own answer."""
    server, seen = echo(0.15)
    with server, client_of(server) as client:
        started = time.monotonic()
        assert ask_at_once(client, range(90)) == [f"number {number}" for number in range(90)]
        assert time.monotonic() - started < 5
    assert len(seen) == len(server.requests) == 90


def test_t06_unclosed_streams_block_nothing() -> None:
    """With more streams held open than the pool has places, the next calls are answered at once."""
    held = 60

    def script(number: int) -> list[bytes | float]:
        return [CHUNKED_STREAM + http_chunk(CHUNK), 30.0] if number <= held else [http(COMPLETION)]

    with RawServer(script) as server, client_of(server, timeout=5) as client:
        streams = [client.stream(REQUEST) for _ in range(held)]
        assert [next(each).text for each in streams] == ["hi"] * held
        started = time.monotonic()
        assert [complete(client) for _ in range(3)] == ["hi"] * 3
        assert time.monotonic() - started < 2
        for each in streams:
            each.close()
        assert complete(client) == "hi"


# T07, T08: connections that died in the pool


@BOTH
@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_t07_a_connection_that_dies_when_it_is_used_again(ask: Callable[..., str], reset: bool) -> None:
    """A pooled connection that is ended or broken off at its next request costs one extra POST, on a fresh one."""
    with ForgetfulServer(reset=reset, answer=http(COMPLETION) if ask is complete else STREAM) as server:
        with client_of(server, world=NO_WAITS) as client:
            assert [ask(client), ask(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (3, 2)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_t07_a_connection_that_died_while_idle(reset: bool) -> None:
    """A pooled connection that was ended or broken off while idle costs nothing: it is seen before it is used."""
    kind = ResettingServer if reset else RawServer
    with kind(lambda number: [http(COMPLETION), 0.01, None]) as server, client_of(server, max_attempts=1) as client:
        for _ in range(3):
            assert complete(client) == "hi"
            time.sleep(0.1)  # for the end of the connection to arrive
        assert (len(server.requests), server.connections) == (3, 3)


def test_t07_one_attempt_means_one(fails: Fails) -> None:
    """With `max_attempts=1` the request is not sent a second time, whatever became of the first."""
    with ForgetfulServer(reset=False) as server, client_of(server, max_attempts=1) as client:
        assert complete(client) == "hi"
        error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("reused", 1, 2)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_t07_a_pool_of_dead_connections(reset: bool) -> None:
    """If one pooled connection turns out to be dead, so are the others: the next attempt takes a fresh one."""
    together = threading.Barrier(5)

    class Together(ForgetfulServer):
        """Answers the first requests once five have come, so that each has a connection of its own."""

        def _serve(self, connection: Any) -> None:
            if self.connections <= 5:
                together.wait(10)
            super()._serve(connection)

    with Together(reset=reset) as server, client_of(server, world=NO_WAITS) as client:
        ask_at_once(client, range(5))
        assert server.connections == 5
        assert complete(client) == "hi"
        assert (len(server.requests), server.connections) == (7, 6)


def test_t08_a_black_hole_on_a_used_connection(fails: Fails) -> None:
    """A pooled connection that swallows the request ends with the deadline, after one POST: it may be paid for."""
    with RawServer(lambda number: [http(COMPLETION)] if number == 1 else [9.0]) as server:
        with client_of(server, world=NO_WAITS) as client:
            assert complete(client) == "hi"
            error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts) == ("deadline", 1)
        assert 0.15 <= error.elapsed < 2
        assert len(server.requests) == 2


def test_t08_a_black_hole_is_left_when_told_to() -> None:
    """With `retry_read_timeouts` the request is sent again, on a fresh connection."""
    with RawServer(lambda number: [9.0] if number == 2 else [http(COMPLETION)]) as server:
        with client_of(server, timeout=0.2, retry_read_timeouts=True, world=NO_WAITS) as client:
            assert [complete(client), complete(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (3, 2)
