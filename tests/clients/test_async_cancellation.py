"""A call that is cancelled, at any moment, closes its connection, disturbs no other, and is told of."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bedrock_openai_http import (
    AsyncClient,
    BedrockOpenAIError,
    IncompleteStreamError,
    events,
)
from bedrock_openai_http.transport.aio.drive import ASYNC_MACHINE
from loops import async_client_of, run, until
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    KEY,
    PROMPT,
    REQUEST,
    HangUps,
    RawServer,
    http,
    http_chunk,
)


class Cancelled:
    """A server that notes how many of its connections have ended, and a client whose calls are cancelled there."""

    def __init__(self, *answer: bytes | float) -> None:
        self.ended = threading.Semaphore(0)
        self.told: list[events.Event] = []
        self._answer = answer

    def __enter__(self) -> Cancelled:
        outer = self

        class Noting(RawServer):
            def _serve(self, connection: Any) -> None:
                super()._serve(connection)
                outer.ended.release()

        # The first request is another call's, answered late. Who has answered waits for the next request, or the end.
        self.server = Noting(lambda number: [0.3, http(COMPLETION)] if number == 1 else self._answer)
        self.server.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self.server.__exit__()

    def check(self, ask: Callable[[AsyncClient], Awaitable[Any]], *, closes: bool = True, **options: Any) -> None:
        """Cancel `ask` while it waits: its connection ends, if an answer is awaited; the other call gets its own."""

        async def work() -> None:
            async with async_client_of(self.server, **options) as client:
                other = asyncio.create_task(client.complete(REQUEST))
                await until(lambda: self.server.requests)
                cancelled = asyncio.ensure_future(ask(client.with_options(on_event=self.told.append)))
                await asyncio.sleep(0.1)
                cancelled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cancelled
                if closes:
                    await until(lambda: self.ended.acquire(blocking=False), 1)
                assert (await other).text == "hi"

        run(work)
        ends = [event.error_type for event in self.told if isinstance(event, events.CallEnded)]
        assert ends == ["cancelled"]


async def complete(client: AsyncClient) -> Any:
    return await client.complete(REQUEST)


async def stream(client: AsyncClient) -> Any:
    async with client.stream(REQUEST) as chunks:
        return [chunk async for chunk in chunks]


@pytest.mark.parametrize("ask", [complete, stream])
def test_cancelled_before_the_headers(ask: Any) -> None:
    """A call that is cancelled while the service thinks closes its connection, and no other."""
    with Cancelled() as case:
        case.check(ask)


def test_cancelled_in_the_body() -> None:
    """So does one whose answer is being read."""
    with Cancelled(http(COMPLETION, length=len(COMPLETION) + 9)) as case:
        case.check(complete)


def test_cancelled_between_chunks() -> None:
    """So does a stream that waits for its next chunk."""
    with Cancelled(CHUNKED_STREAM, http_chunk(CHUNK)) as case:
        case.check(stream)


@pytest.mark.parametrize("ask", [complete, stream])
def test_cancelled_between_attempts(ask: Any) -> None:
    """A call that waits for its next attempt ends at once, and sends no more."""

    async def forever(seconds: float) -> None:
        await asyncio.sleep(60)

    with Cancelled(http(b"{}", "429 Slow Down")) as case:
        case.check(ask, closes=False, world=replace(ASYNC_MACHINE, sleep=forever))
        assert len(case.server.requests) == 2


@pytest.mark.parametrize("is_coroutine", [True, False])
def test_cancelled_while_credentials_are_looked_up(is_coroutine: bool) -> None:
    """A call whose credentials hang ends at once, has sent nothing, and does not keep the loop from ending."""
    entered, left = threading.Event(), threading.Event()

    async def slowly() -> str:
        try:
            entered.set()
            await asyncio.sleep(60)
        finally:
            left.set()
        return KEY

    def hanging() -> str:
        entered.set()
        left.wait(5)
        return KEY

    with RawServer(lambda number: []) as server:

        async def work() -> None:
            async with async_client_of(server, api_key=slowly if is_coroutine else hanging) as client:
                call = asyncio.create_task(client.complete(REQUEST))
                await until(entered.is_set)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                if is_coroutine:
                    await until(left.is_set)

        started = time.monotonic()
        run(work)
        assert time.monotonic() - started < 3
        left.set()
        assert server.requests == []


def test_the_callers_own_time_limit() -> None:
    """A limit by `asyncio.wait_for` is a cancellation, which passes as what the caller has made it."""
    with RawServer(lambda number: [9.0]) as server:

        async def work() -> None:
            async with async_client_of(server) as client:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.complete(REQUEST), 0.1)

        run(work)


def test_a_cancelled_call_leads_to_no_request() -> None:
    """No frame of the traceback of a cancelled call holds its key or its prompt, as an error reporter would show."""
    with RawServer(lambda number: [9.0]) as server:

        async def work() -> list[str]:
            async with async_client_of(server) as client:
                call = asyncio.create_task(client.complete(REQUEST))
                await until(lambda: server.requests)
                call.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await call
                frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
                below = frames[1:]  # but this test's own
                return [repr(value) for frame in below for value in frame.f_locals.values()]

        shown = " ".join(run(work))
    assert KEY not in shown
    assert PROMPT not in shown


def test_completion_after_another_task_has_closed_the_stream() -> None:
    """Who closes a stream that another task reads may ask for its completion: the stream's one failure comes."""
    with HangUps(lambda number: [CHUNKED_STREAM, http_chunk(CHUNK)]) as server:

        async def work() -> None:
            async with async_client_of(server) as client:
                stream = await client.stream(REQUEST)
                reading = asyncio.create_task(stream.completion())
                await asyncio.sleep(0.05)
                await stream.aclose()
                with pytest.raises(IncompleteStreamError) as caught:
                    await stream.completion()
                assert caught.value.partial is not None
                assert caught.value.partial.text == "hi"
                with pytest.raises(BedrockOpenAIError):
                    await reading

        run(work)
