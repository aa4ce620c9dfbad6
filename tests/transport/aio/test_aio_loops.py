"""Loops, threads, processes, cancellations: connections end with who uses them (pitfalls 14, 15, 32 to 35)."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aio_calls import connector_of, fetch, opened, request_to, transport_of
from bedrock_openai_http import AsyncClient
from bedrock_openai_http.transport.aio.transport import AiohttpTransport
from bedrock_openai_http.values.http import TimeLimits
from forking import FORKS, in_a_child
from peers import TLSServer
from servers_of_streams import hang_ups
from support import CHUNKED_STREAM, KEY, REQUEST, HangUps, RawServer, http, http_chunk


def echo(number: int) -> list[bytes | float]:
    return [http(b"answer")]


def servers_of(kind: str, files: tuple[Path, Path], script: Callable[[int], Any] = echo) -> RawServer:
    return RawServer(script) if kind == "plain" else TLSServer(script, files)


BOTH = pytest.mark.parametrize("kind", ["plain", "TLS"])


async def collected() -> None:
    """Let go of everything that is left, and the loop do what it was asked for thereby."""
    gc.collect()
    await asyncio.sleep(0.01)


@BOTH
def test_asyncio_run_twice(kind: str, trusted: tuple[Path, Path]) -> None:
    """A transport serves one loop after the other, each with connections of its own, and nobody closes it."""
    transport = AiohttpTransport()
    with servers_of(kind, trusted) as server:
        for _ in range(2):
            assert asyncio.run(fetch(transport, server.url)) == b"answer"
            gc.collect()
    assert server.connections == 2


def test_two_loops_at_once() -> None:
    """Two threads with a loop each share one client: every call gets its answer, and no connection moves."""
    found: list[str] = []

    async def calls(client: AsyncClient) -> None:
        answers = await asyncio.gather(*[client.complete(REQUEST) for _ in range(20)])
        found.extend(answer.text for answer in answers)
        await client.aclose()

    body = http(b'{"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}')
    with RawServer(lambda number: [body]) as server:
        client = AsyncClient(base_url=server.url, api_key=KEY)
        threads = [threading.Thread(target=lambda: asyncio.run(calls(client))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert found == ["hi"] * 40


@FORKS
@BOTH
def test_parent_and_child_of_a_fork_go_on(kind: str, trusted: tuple[Path, Path]) -> None:
    """The child makes connections of its own and closes what it inherited; the parent's goes on being used."""
    transport = AiohttpTransport()
    loop = asyncio.new_event_loop()

    async def in_child(answer: Any) -> bool:
        await answer.aclose()  # which is the parent's to close
        return await fetch(transport, server.url) == b"answer"

    with servers_of(kind, trusted) as server:
        assert loop.run_until_complete(fetch(transport, server.url)) == b"answer"
        answer = loop.run_until_complete(opened(transport, server.url))
        assert in_a_child(lambda: asyncio.run(in_child(answer)))()
        assert loop.run_until_complete(_rest(answer)) == b"answer"
        for _ in range(3):
            assert loop.run_until_complete(fetch(transport, server.url)) == b"answer"
        loop.run_until_complete(transport.aclose())
    loop.close()
    assert server.connections == 2


async def _rest(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer])


@FORKS
def test_closing_an_answer_in_a_child_leaves_the_parents_stream() -> None:
    """A stream under way that the child of a fork closes, or just forgets, goes on in the parent."""
    go_on = threading.Event()

    def script(number: int) -> Any:
        yield CHUNKED_STREAM + http_chunk(b"one")
        assert go_on.wait(10)
        yield http_chunk(b"two") + http_chunk(b"")

    async def main() -> bytes:
        async with transport_of() as transport:
            answer = await opened(transport, server.url)
            assert await answer.__anext__() == b"one"

            def child() -> bool:
                asyncio._set_running_loop(None)
                asyncio.run(answer.aclose())
                return True

            assert in_a_child(child)()
            go_on.set()
            return await _rest(answer)

    with RawServer(script) as server:
        assert asyncio.run(main()) == b"two"


#: Forks with an idle connection and ends normally in the child, as a worker does that has nothing to do.
FORKING = """
import asyncio, os, sys
from aio_calls import AiohttpTransport, fetch
transport, loop = AiohttpTransport(), asyncio.new_event_loop()
assert loop.run_until_complete(fetch(transport, sys.argv[1])) == b"answer"
if os.fork():
    assert os.wait()[1] == 0
    assert loop.run_until_complete(fetch(transport, sys.argv[1])) == b"answer"
    loop.run_until_complete(transport.aclose())
    loop.close()
else:
    assert asyncio.run(fetch(transport, sys.argv[1])) == b"answer"
"""


def test_a_child_that_ends_normally_says_nothing_of_ours() -> None:
    """At the end of a forked child nothing is said of sessions, connectors or connections that it inherited."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    with RawServer(echo) as server:
        command = [sys.executable, "-X", "dev", "-c", FORKING, server.url]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    # Python's own words on a loop, and on its sockets, that a child inherits and does not close.
    foreign = ("unclosed event loop", "unclosed transport", "unclosed <socket", "self.", "ResourceWarning: Enable")
    lines = [line for line in done.stderr.splitlines() if line.strip() and "_warn(" not in line]
    assert [line for line in lines if not any(words in line for words in foreign)] == []
    assert server.connections == 2


@BOTH
def test_an_abandoned_answer_lets_its_connection_go(kind: str, trusted: tuple[Path, Path]) -> None:
    """Never read, left after a piece, in a circle, or collected in another thread: the server sees the end (15)."""

    async def main(url: str, leave: Callable[[AiohttpTransport, str], Awaitable[None]]) -> None:
        async with transport_of() as transport:
            await leave(transport, url)
            await collected()
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, lambda: server.hung_up.acquire(timeout=5))
            assert not connector_of(transport)._acquired

    async def unread(transport: AiohttpTransport, url: str) -> None:
        await opened(transport, url)

    async def one_piece(transport: AiohttpTransport, url: str) -> None:
        await (await opened(transport, url)).__anext__()

    async def in_a_circle(transport: AiohttpTransport, url: str) -> None:
        answer: Any = await opened(transport, url)
        answer.itself = answer  # then Python collects what it holds in any order

    async def elsewhere(transport: AiohttpTransport, url: str) -> None:
        held = [await opened(transport, url)]
        thread = threading.Thread(target=held.clear)
        thread.start()
        thread.join()

    for leave in (unread, one_piece, in_a_circle, elsewhere):
        with hang_ups(kind, trusted) as server:
            asyncio.run(main(server.url, leave))


def test_an_abandoned_transport_closes_its_connections() -> None:
    """A transport that nobody closed is gone with its connections, while its loop goes on, without a word (32)."""

    async def main() -> None:
        transport: AiohttpTransport | None = AiohttpTransport()
        assert await fetch(transport, server.url) == b"answer"
        transport = None
        await collected()
        assert await asyncio.get_running_loop().run_in_executor(None, lambda: server.hung_up.acquire(timeout=5))

    with HangUps(echo) as server:
        asyncio.run(main())


def test_streams_that_are_drained_leave_their_connection() -> None:
    """Five streams that are left at their end mark and drained need one connection: no generator races (14)."""
    stream = [CHUNKED_STREAM, http_chunk(b"data: [DONE]\n\n"), http_chunk(b"")]

    async def main() -> None:
        async with transport_of() as transport:
            for _ in range(5):
                answer = await opened(transport, server.url)
                async for _piece in answer:
                    break
                await answer.aclose(drain=True)

    with RawServer(lambda number: stream) as server:
        asyncio.run(main())
    assert server.connections == 1


@BOTH
def test_cancelled_at_any_moment(kind: str, trusted: tuple[Path, Path]) -> None:
    """Of 200 calls cancelled at random moments none gets a wrong answer or keeps a connection; the next are right."""
    chance = random.Random(7)

    def script(number: int) -> Any:
        body = b"%d" % number * chance.choice([1, 20_000])
        yield http(body)[:100]
        yield 0.0005
        yield http(body)[100:]

    async def one(transport: AiohttpTransport, url: str, seconds: float) -> str:
        call = asyncio.ensure_future(fetch(transport, url, b"x" * chance.choice([2, 200_000])))
        asyncio.get_running_loop().call_later(seconds, call.cancel)
        try:
            text = await call
        except asyncio.CancelledError:
            return "cancelled"
        digits = text[: len(text) // 20_000] if len(text) > 10 else text
        assert digits
        assert text in (digits, digits * 20_000)
        return "answered"

    async def main() -> list[str]:
        async with transport_of() as transport:
            await fetch(transport, server.url)
            ends: list[str] = []
            for _ in range(10):
                moments = [chance.random() * 0.02 for _ in range(20)]
                ends += await asyncio.gather(*[one(transport, server.url, moment) for moment in moments])
            assert not connector_of(transport)._acquired
            ends += await asyncio.gather(*[one(transport, server.url, 5) for _ in range(5)])
            return ends

    with servers_of(kind, trusted, script) as server:
        ends = asyncio.run(main())
    assert len(ends) == 205
    assert ends.count("cancelled") > 20
    assert ends[-5:] == ["answered"] * 5


def test_a_cancelled_stream_ends_at_once() -> None:
    """The task that waits for a piece is cancelled, and the server sees the end of the connection."""

    async def main() -> float:
        async with transport_of() as transport:
            answer = await opened(transport, server.url)
            await answer.__anext__()
            task = asyncio.ensure_future(_rest(answer))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            began = time.monotonic()
            assert await asyncio.get_running_loop().run_in_executor(None, lambda: server.hung_up.acquire(timeout=5))
            return time.monotonic() - began

    with HangUps() as server:
        assert asyncio.run(main()) < 1


def test_an_answer_of_a_closed_loop_can_be_closed() -> None:
    """A stream that outlives its loop can be closed and collected, from another loop."""

    async def main() -> Any:
        return await AiohttpTransport().aopen(request_to(server.url), TimeLimits(5, 5))

    with HangUps() as server:
        closed, forgotten = asyncio.run(main()), asyncio.run(main())
        asyncio.run(closed.aclose())
        del closed, forgotten
        gc.collect()
