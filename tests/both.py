"""One suite for both clients: an `AsyncClient` that is used as a `Client` is.

Its calls run on an event loop in a thread of its own, and the thread of the test waits for them. So what a test does
with threads, signals and `with` statements it does with tasks, cancellation and `async with`.

This module checks nothing.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import aiohttp
import requests

from bedrock_openai_http import AsyncChatCompletionStream, AsyncClient, ChatCompletionStream
from bedrock_openai_http import Client as BlockingClient
from bedrock_openai_http.transport.aio.drive import ASYNC_MACHINE
from support import KEY, RawServer

Result = TypeVar("Result")

#: The clients that the suite is for.
KINDS = ("Client", "AsyncClient")


class Choice:
    """Which of them `Client` makes, and whether it has made one."""

    #: That of the test that is running: a process runs one at a time.
    current: Choice | None = None

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.made_one = False

    def __enter__(self) -> Choice:
        Choice.current = self
        return self

    def __exit__(self, *details: object) -> None:
        Choice.current = None


def Client(*args: Any, **options: Any) -> Any:
    """Return a client of the kind that is chosen."""
    choice = Choice.current
    assert choice is not None, "no kind of client is chosen: see tests/kinds.py"
    choice.made_one = True
    return BlockingClient(*args, **options) if choice.kind == "Client" else OnLoop.of(*args, **options)


def client_of(server: RawServer, **options: Any) -> Any:
    """Return a client of `server` with an API key."""
    return Client(base_url=server.url, **{"api_key": KEY, **options})


@contextmanager
def given_session(*, proxy: str | None = None, verify: bool | str = True) -> Iterator[Any]:
    """Give a session of the library below the kind that is chosen, which heeds the environment as well."""
    assert Choice.current is not None
    if Choice.current.kind == "Client":
        with requests.Session() as blocking:
            blocking.verify = verify
            if proxy is not None:
                blocking.proxies = {"http": proxy, "https": proxy}
            yield blocking
        return

    async def opened() -> aiohttp.ClientSession:
        trust = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), trust_env=True, proxy=proxy)

    asynchronous = run(opened())
    try:
        yield asynchronous
    finally:
        run(asynchronous.close())


class LoopThread:
    """An event loop that runs in a thread, for as long as the process lives; in the child of a fork another."""

    _of_process: tuple[int, LoopThread] | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    @classmethod
    def here(cls) -> LoopThread:
        with cls._lock:
            if cls._of_process is None or cls._of_process[0] != os.getpid():
                cls._of_process = os.getpid(), cls()
            return cls._of_process[1]

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what `work` gives, run as a task; whoever is interrupted in waiting for it cancels it."""
        under_way = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return under_way.result()
        except BaseException:
            if not under_way.done():
                under_way.cancel()
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), self.loop).result(5)  # the task sees it
            raise
        finally:
            del under_way  # it holds the failure, whose traceback holds this frame


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return LoopThread.here().run(work)


class OnLoop:
    """An `AsyncClient` with the members of a `Client`."""

    def __init__(self, client: AsyncClient) -> None:
        self.asynchronous = client

    @classmethod
    def of(cls, *args: Any, **options: Any) -> OnLoop:
        world, transport = options.get("world"), options.get("transport")
        if world is not None:
            options["world"] = replace(world, sleep=_awaitable(world.sleep, ASYNC_MACHINE.sleep))
        if transport is not None and not hasattr(transport, "aopen"):
            options["transport"] = _Asynchronous(transport)
        LoopThread.here()  # so that who counts threads while a call is under way does not count this one
        return cls(AsyncClient(*args, **options))

    def complete(self, *args: Any, **options: Any) -> Any:
        return run(self.asynchronous.complete(*args, **options))

    def stream(self, *args: Any, **options: Any) -> Any:
        async def opened() -> StreamOnLoop:
            return StreamOnLoop(await self.asynchronous.stream(*args, **options))

        return run(opened())

    def parse(self, *args: Any, **options: Any) -> Any:
        return run(self.asynchronous.parse(*args, **options))

    def parse_stream(self, *args: Any, **options: Any) -> Any:
        pending = self.asynchronous.parse_stream(*args, **options)  # what is wrong with the kind is raised here

        async def opened() -> StreamOnLoop:
            return StreamOnLoop(await pending)

        return run(opened())

    @property
    def chat(self) -> Any:
        return self

    @property
    def completions(self) -> Any:
        return self

    def create(self, **fields: Any) -> Any:
        async def created() -> Any:
            answer = await self.asynchronous.chat.completions.create(**fields)
            return StreamOnLoop(answer) if fields.get("stream") else answer

        return run(created())

    def with_options(self, **options: Any) -> OnLoop:
        return OnLoop(self.asynchronous.with_options(**options))

    def close(self) -> None:
        run(self.asynchronous.aclose())

    def __enter__(self) -> OnLoop:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.asynchronous, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.asynchronous.__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(self.asynchronous)


class StreamOnLoop:
    """An `AsyncChatCompletionStream` with the members of a `ChatCompletionStream`."""

    def __init__(self, stream: Any) -> None:
        self.asynchronous = stream

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return run(_next(self.asynchronous))
        except StopAsyncIteration:
            raise StopIteration from None

    def completion(self) -> Any:
        return run(self.asynchronous.completion())

    def parsed(self) -> Any:
        return run(self.asynchronous.parsed())

    def close(self) -> None:
        run(self.asynchronous.aclose())

    def __enter__(self) -> StreamOnLoop:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.asynchronous, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.asynchronous.__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(self.asynchronous)


def stream_over(response: Any, note: Any) -> Any:
    """Return a stream of the client that is chosen over an open answer of the blocking kind, which waits for nothing.

    Its failures are given to `note`.
    """
    choice = Choice.current
    assert choice is not None
    choice.made_one = True
    if choice.kind == "Client":
        return ChatCompletionStream(response, note)
    return StreamOnLoop(AsyncChatCompletionStream(_AsynchronousAnswer(response), note))


class _AsynchronousAnswer:
    """An open answer of the blocking kind, and the iterator over its body."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status_code, self.headers = response.status_code, response.headers

    def pieces(self) -> _AsynchronousAnswer:
        self._pieces = self._response.pieces()
        return self

    def __aiter__(self) -> _AsynchronousAnswer:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return bytes(piece)
        raise StopAsyncIteration

    async def aclose(self, *, drain: bool = False) -> None:
        self._response.close(drain=drain)


async def _next(stream: Any) -> Any:
    return await stream.__anext__()


def _awaitable(sleep: Any, real: Any) -> Any:
    """Return the coroutine function for a `sleep` that a test has given."""

    async def slept(seconds: float) -> Any:
        result = sleep(seconds) if sleep is not BlockingClient._machine.sleep else real(seconds)
        return await result if inspect.isawaitable(result) else result

    return slept


class _Asynchronous:
    """A given transport of the blocking kind, whose answers do not wait."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    async def aopen(self, *args: Any) -> Any:
        return self._transport.open(*args)

    async def aclose(self) -> None:
        self._transport.close()
