"""T42: streams that the caller leaves, closes or forgets."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    BedrockOpenAIError,
    Client,
    IncompleteStreamError,
    PermissionDeniedError,
)
from both import client_of
from servers import one_and_silence
from support import REQUEST, HangUps, RawServer, http

Check = Callable[..., Any]


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
            assert (caught.value.request_id, caught.value.attempts) == ("r-1", 1)
            assert caught.value.elapsed is not None
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

    @pytest.mark.only("Client", "AsyncClient closes all that its event loop has open, as the loop is about to end.")
    def test_t42_client_closed_first(self, server: HangUps) -> None:
        """A stream outlives the close() of its client, and closes its connection itself."""
        client = client_of(server)
        with client.stream(REQUEST) as stream:
            next(stream)
            client.close()
            assert next(stream).text == "hi"

    def test_t42_client_closed_under_a_stream(self, server: HangUps) -> None:
        """A stream outlives its client: only who reads it ends it, and its connection with it."""
        client = client_of(server)
        with client.stream(REQUEST) as stream:
            next(stream)
            client.close()
            assert [next(stream).text for _ in range(3)] == ["hi"] * 3


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
            failed, end = failure_of(client), time.monotonic() + 2
            while failed() is not None and time.monotonic() < end:
                time.sleep(0.001)  # until an event loop has let go of the task that raised it
            assert failed() is None
        finally:
            gc.enable()


def failure_of(client: Client) -> weakref.ref[BedrockOpenAIError]:
    try:
        client.complete(REQUEST)
    except BedrockOpenAIError as error:
        return weakref.ref(error)
    raise AssertionError
