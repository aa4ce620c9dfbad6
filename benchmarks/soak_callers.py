"""Who calls in a soak: threads with blocking clients, or tasks of one event loop with `AsyncClient`s.

Both have two clients, one that signs and one with an API key. This module makes the calls, and does to some of them
what callers do: it closes, leaves or abandons a stream, cancels a task, sets a deadline that is too short.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
import threading
import time
import traceback
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from soak_server import KEY
from soak_tally import Seen, Tally, Way

from bedrock_openai_http import AsyncClient, BedrockOpenAIError, ChatCompletionRequest, Client, UserMessage

#: Seconds after which a call hangs: its client gives up much sooner.
HANGING = 90.0
#: Seconds that a request which was interrupted may still be on its way to the server.
ON_ITS_WAY = 0.5
#: With debugging a loop complains of callbacks that take longer, in seconds: one of them loads aiohttp, on a machine
#: that has other work.
SLOW = 30.0
#: What is done to a call of a task, and how often in 1000.
INTERRUPTIONS = {"cancelled": 150, "closed": 20, "left": 30, "abandoned": 30, "deadline": 30}
#: The part of calls after which a client is closed.
CLOSINGS = 0.001
STREAMS_ONLY = ("closed", "left", "abandoned")


class Callers:
    """Two clients, and what calls with them until a moment of `time.monotonic()`."""

    kind: Any
    #: Seconds that a call may wait for each piece of an answer. A task also waits for all the others on its loop.
    timeout: float

    def __init__(
        self, tally: Tally, server: Any, url: str, credentials: Callable[[], Any], *, loop_debug: bool
    ) -> None:
        self._tally, self._server, self._loop_debug = tally, server, loop_debug
        options: dict[str, Any] = {"base_url": url, "timeout": self.timeout, "connect_timeout": 2 * self.timeout}
        self.clients = (
            self.kind("us-west-2", credentials=credentials, **options),
            self.kind(api_key=KEY, **options),
        )

    def start(self, end: float, at_once: int, seed: int) -> list[threading.Thread]:
        """Return the threads that call, so many calls at once, and have been started."""
        raise NotImplementedError

    def call_in_child(self, markers: list[str]) -> list[tuple[str, str]]:
        """Return the outcomes and texts of calls in a process that was forked off: the second one is streamed."""
        raise NotImplementedError

    def compare(self, until: float) -> None:
        """Compare what `start`'s callers have not compared themselves of the calls that had ended by `until`."""

    def close(self) -> None:
        """Close what `start` has not closed."""


class InThreads(Callers):
    kind, timeout = Client, 3.0

    def start(self, end: float, at_once: int, seed: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work, args=(end, 1000 * seed + n)) for n in range(at_once)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, end: float, seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < end:
            marker, client = new_marker(chance), self.clients[chance.random() < 0.3]
            streamed = chance.random() < 0.5
            is_closed = streamed and chance.random() < 0.03
            way = Way(streamed, "closed" if is_closed else "", chance.random() * 0.01)
            seen = _call(client, marker, way)
            self._tally.compare(marker, way, seen, self._server.take(marker))
            if chance.random() < CLOSINGS:
                client.close()

    def call_in_child(self, markers: list[str]) -> list[tuple[str, str]]:
        seen = [_call(self.clients[number % 2], it, Way(number == 1)) for number, it in enumerate(markers)]
        return [(it.outcome, it.text) for it in seen]

    def close(self) -> None:
        for client in self.clients:
            client.close()


def new_marker(chance: random.Random) -> str:
    return f"marker-{uuid.UUID(int=chance.getrandbits(128)).hex}"


def _request(marker: str) -> ChatCompletionRequest:
    return ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage(f"Say {marker}")])


def _call(client: Client, marker: str, way: Way) -> Seen:
    """Make a call; where the way says so another thread closes its stream."""
    texts: list[str] = []
    try:
        if not way.streamed:
            return Seen("answered", client.complete(_request(marker)).text)
        with client.stream(_request(marker)) as stream:
            if way.interruption == "closed":
                threading.Timer(way.after, stream.close).start()
            texts.extend(chunk.text for chunk in stream)
            whole = stream.completion().text
        return Seen("answered", whole if whole == "".join(texts) else "lost")
    except Exception as error:  # noqa: BLE001  (what the soak looks for)
        return _failed(error, texts)


def _failed(error: Exception, texts: list[str]) -> Seen:
    if not isinstance(error, BedrockOpenAIError):
        traceback.print_exc()
        return Seen(f"untyped {type(error).__name__}", "")
    partial = error.partial.text if error.partial is not None else ""
    return Seen(type(error).__name__, partial if partial == "".join(texts) else "lost")


class InTasks(Callers):
    kind, timeout = AsyncClient, 10.0

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        #: What is to be compared, by the main thread: threads beside the loop would slow it down.
        self._done: deque[tuple[float, str, Way, Seen]] = deque()
        #: How often each client has been closed, which ends what is under way on it.
        self._closings: Counter[AsyncClient] = Counter()

    def start(self, end: float, at_once: int, seed: int) -> list[threading.Thread]:
        thread = threading.Thread(target=lambda: asyncio.run(self._all(end, at_once, seed), debug=self._loop_debug))
        thread.start()
        return [thread]

    async def _all(self, end: float, at_once: int, seed: int) -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = SLOW
        loop.set_exception_handler(lambda _, context: self._tally.complain(f"the event loop: {context}"))
        await asyncio.gather(*(self._work(end, 1000 * seed + n) for n in range(at_once)))
        gc.collect()
        await asyncio.sleep(ON_ITS_WAY)
        self._tally.count("leaked_tasks", len(asyncio.all_tasks()) - 1)
        self._tally.count("leaked_connections", sum(map(acquired, self.clients)))
        for client in self.clients:
            await client.aclose()

    async def _work(self, end: float, seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < end:
            marker, client, way = new_marker(chance), self.clients[chance.random() < 0.3], _way(chance)
            before = self._closings[client]
            seen = await self._watched(client, marker, way)
            if self._closings[client] > before:
                way = replace(way, interruption="client closed")
            if chance.random() < CLOSINGS:
                self._closings[client] += 1
                await client.aclose()
            self._done.append((time.monotonic(), marker, way, seen))

    async def _watched(self, client: AsyncClient, marker: str, way: Way) -> Seen:
        """Make a call in a task of its own, and cancel that where the way says so."""
        texts: list[str] = []
        task = asyncio.ensure_future(_acall(client, marker, way, texts))
        if way.interruption == "cancelled":
            asyncio.get_running_loop().call_later(way.after, task.cancel)
        await asyncio.wait([task], timeout=HANGING)
        if not task.done():
            self._tally.count("hanging_calls")
            task.print_stack()
            task.cancel()
            return Seen("hanging", "")
        return Seen("cancelled", "".join(texts)) if task.cancelled() else task.result()

    def compare(self, until: float) -> None:
        due = []
        while self._done and self._done[0][0] <= until - ON_ITS_WAY:
            due.append(self._done.popleft())
        served = self._server.take_each([marker for _, marker, _, _ in due])
        for (_, marker, way, seen), posts in zip(due, served, strict=True):
            self._tally.compare(marker, way, seen, posts)

    def call_in_child(self, markers: list[str]) -> list[tuple[str, str]]:
        async def calls() -> list[Seen]:
            return [
                await _acall(self.clients[number % 2], it, Way(number == 1), []) for number, it in enumerate(markers)
            ]

        return [(it.outcome, it.text) for it in asyncio.run(calls())]


def _way(chance: random.Random) -> Way:
    interruption = chance.choices(["", *INTERRUPTIONS], [1000 - sum(INTERRUPTIONS.values()), *INTERRUPTIONS.values()])
    streamed = chance.random() < 0.5 or interruption[0] in STREAMS_ONLY
    chunks = chance.randrange(20) if interruption[0] in ("left", "abandoned") else 0
    return Way(streamed, interruption[0], chunks or chance.expovariate(20))


async def _acall(client: AsyncClient, marker: str, way: Way, texts: list[str]) -> Seen:
    """Make a call, and put into `texts` what came of a stream."""
    options = {"deadline": max(0.001, way.after)} if way.interruption == "deadline" else {}
    try:
        if not way.streamed:
            return Seen("answered", (await client.complete(_request(marker), **options)).text)
        if way.interruption == "abandoned":
            stream = await client.stream(_request(marker), **options)
            return await _read(stream, way, texts)
        async with client.stream(_request(marker), **options) as stream:
            return await _read(stream, way, texts)
    except Exception as error:  # noqa: BLE001  (what the soak looks for)
        return _failed(error, texts)


async def _read(stream: Any, way: Way, texts: list[str]) -> Seen:
    if way.interruption == "closed":
        asyncio.get_running_loop().call_later(way.after, lambda: asyncio.ensure_future(stream.aclose()))
    async for chunk in stream:
        texts.append(chunk.text)
        if way.interruption in ("left", "abandoned") and len(texts) >= way.after:
            return Seen("left", "".join(texts))
    whole = (await stream.completion()).text
    return Seen("answered", whole if whole == "".join(texts) else "lost")


def acquired(client: Any) -> int:
    """Return how many connections of a client aiohttp holds for calls that go on."""
    transport = client._connections.made
    pools = transport._pools.values() if transport is not None else ()
    return sum(len(pool.session.connector._acquired) for pool in pools)


def listen(tally: Tally) -> None:
    """Count as complaints what the loggers of asyncio and aiohttp say, and what is raised where nobody catches it."""

    class Complaints(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tally.complain(f"{record.name}: {record.getMessage()}")

    for name in ("asyncio", "aiohttp"):
        logging.getLogger(name).addHandler(Complaints(logging.WARNING))
    sys.unraisablehook = lambda it: tally.complain(f"unraisable: {it.exc_value!r} in {it.object!r}")
    threading.excepthook = lambda it: tally.complain(f"thread: {it.exc_value!r}")


CALLERS: dict[str, type[Callers]] = {"blocking": InThreads, "async": InTasks}
