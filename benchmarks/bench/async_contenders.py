"""The contenders for many calls in flight at once: on one event loop, or in threads of a blocking client.

Each keeps its loop or its threads, and so its connections, from one question to the next. This module measures
nothing.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import canned
from contenders import Signer, ThisClient

#: Seconds to connect: hundreds of connections at once, or under valgrind, may take longer than the usual 5.
PATIENCE = 120.0


class OnLoop:
    """A contender whose `complete` and `stream` are coroutine functions, on a loop of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = self.new_loop()
        self._close = self._loop.run_until_complete(self.start())

    def new_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    def on_uvloop(self) -> asyncio.AbstractEventLoop:
        import uvloop

        return uvloop.new_event_loop()

    async def start(self) -> Any:
        """Return what closes the client that this makes; called on the loop."""
        raise NotImplementedError

    async def complete(self) -> str:
        raise NotImplementedError

    async def stream(self) -> int:
        """Read one stream, and return how many chunks it had."""
        raise NotImplementedError

    def calls(self, at_once: int, each: int, clock: Callable[[], float]) -> float:
        """Return what the clock says for each call, of which `at_once` are always in flight."""

        async def some() -> None:
            for _ in range(each):
                await self.complete()

        return self._timed(some, at_once, clock) / (at_once * each)

    def streams(self, at_once: int, clock: Callable[[], float]) -> float:
        """Return what the clock says for each chunk of so many streams that are read at once."""
        counts = []

        async def one() -> None:
            counts.append(await self.stream())

        return self._timed(one, at_once, clock) / sum(counts)

    def close(self) -> None:
        """Close the client and the loop."""
        self._loop.run_until_complete(self._close())
        self._loop.close()

    def _timed(self, work: Callable[[], Any], at_once: int, clock: Callable[[], float]) -> float:
        async def all_of_it() -> float:
            started = clock()
            await asyncio.gather(*(work() for _ in range(at_once)))
            return clock() - started

        return self._loop.run_until_complete(all_of_it())


class BareAiohttp(OnLoop):
    """What calls the API over aiohttp without a library: one session, serialise, sign, send, read, parse."""

    async def start(self) -> Any:
        import aiohttp

        self._signer = Signer(self.url)
        connector = aiohttp.TCPConnector(limit=0, resolver=_this_machine())
        self._session = aiohttp.ClientSession(connector=connector, raise_for_status=True)
        self._body = canned.body()
        return self._session.close

    def _post(self, body: bytes) -> Any:
        return self._session.post(self._signer.url, data=body, headers=self._signer.sign(body))

    async def complete(self) -> str:
        body = json.dumps(self._body).encode()
        async with self._post(body) as response:
            answer = json.loads(await response.read())
        return answer["choices"][0]["message"]["content"]

    async def stream(self) -> int:
        body = json.dumps({**self._body, "stream": True}).encode()
        count, rest = 0, b""
        async with self._post(body) as response:
            async for piece in response.content.iter_any():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: ") and line != b"data: [DONE]":
                        json.loads(line[6:])
                        count += 1
        return count


class BareAiohttpByLine(BareAiohttp):
    """The same with aiohttp's own lines, which are less work for who writes it, and more for the machine."""

    async def stream(self) -> int:
        body = json.dumps({**self._body, "stream": True}).encode()
        count = 0
        async with self._post(body) as response:
            async for line in response.content:
                if line.startswith(b"data: ") and line != b"data: [DONE]\n":
                    json.loads(line[6:])
                    count += 1
        return count


class ThisAsyncClient(OnLoop):
    """Calls by this library on an event loop, with a request made of its dataclasses."""

    async def start(self) -> Any:
        from bedrock_openai_http import AsyncClient

        self._client = AsyncClient(canned.REGION, base_url=self.url, allow_insecure=True, connect_timeout=PATIENCE)
        self._request = canned.dataclasses()
        return self._client.aclose

    async def complete(self) -> str:
        return (await self._client.complete(self._request)).text

    async def stream(self) -> int:
        count = 0
        async with self._client.stream(self._request) as stream:
            async for _ in stream:
                count += 1
        return count


class AsyncOpenAISDK(OnLoop):
    """The OpenAI SDK's `AsyncBedrockOpenAI`: its `AsyncOpenAI` that signs."""

    async def start(self) -> Any:
        from openai import AsyncBedrockOpenAI

        self._client = AsyncBedrockOpenAI(
            aws_region=canned.REGION, base_url=self.url + "/openai/v1", timeout=PATIENCE
        )
        self._request = canned.body()
        return self._client.close

    async def complete(self) -> str:
        return (await self._client.chat.completions.create(**self._request)).choices[0].message.content

    async def stream(self) -> int:
        count = 0
        async with await self._client.chat.completions.create(**self._request, stream=True) as stream:
            async for _ in stream:
                count += 1
        return count


class BareAiohttpOnUvloop(BareAiohttp):
    new_loop = OnLoop.on_uvloop


class ThisAsyncClientOnUvloop(ThisAsyncClient):
    new_loop = OnLoop.on_uvloop


class InThreads(ThisClient):
    """The blocking client of this library, one thread for each call in flight."""

    def close(self) -> None:
        self.client.close()

    def calls(self, at_once: int, each: int, clock: Callable[[], float]) -> float:
        """See `OnLoop.calls`."""

        def some() -> None:
            for _ in range(each):
                self.complete()

        return _timed_in_threads(some, at_once, clock) / (at_once * each)

    def streams(self, at_once: int, clock: Callable[[], float]) -> float:
        """See `OnLoop.streams`."""
        counts: list[int] = []
        seconds = _timed_in_threads(lambda: counts.append(self.stream()), at_once, clock)
        return seconds / sum(counts)


def _timed_in_threads(work: Callable[[], None], at_once: int, clock: Callable[[], float]) -> float:
    begin = threading.Barrier(at_once + 1)

    def begun() -> None:
        begin.wait()
        work()

    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(begun) for _ in range(at_once)]
        begin.wait()
        started = clock()
        for each in running:
            each.result()
        return clock() - started


def _this_machine() -> Any:
    """Return what `programs.this_machine` is for every other client: uvloop looks names up by itself."""
    from socket import AF_INET

    from aiohttp.abc import AbstractResolver

    class Here(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = AF_INET) -> Any:
            return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": AF_INET, "proto": 0, "flags": 0}]

        async def close(self) -> None:
            pass

    return Here()


ASYNC_CONTENDERS: dict[str, Any] = {
    "bare aiohttp": BareAiohttp,
    "bare aiohttp, line by line": BareAiohttpByLine,
    "AsyncClient": ThisAsyncClient,
    "AsyncBedrockOpenAI": AsyncOpenAISDK,
    "bare aiohttp on uvloop": BareAiohttpOnUvloop,
    "AsyncClient on uvloop": ThisAsyncClientOnUvloop,
    "Client in threads": InThreads,
}
