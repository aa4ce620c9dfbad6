"""Where something holds the event loop up: what came in time counts, and what did not ends as soon as it goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from bedrock_openai_http import APITimeoutError
from loops import async_client_of, run
from support import CHUNK, CHUNKED_STREAM, COMPLETION, DONE, REQUEST, RawServer, http, http_chunk

#: Seconds: a limit, and how long the loop stands still, beyond it.
LIMIT, HELD_UP = 0.2, 0.4


def test_an_answer_that_came_in_time() -> None:
    """A task that computes for longer than the time limit makes no call of another fail whose answer is there."""
    with RawServer(lambda number: [0.1, http(COMPLETION)]) as server:

        async def work() -> None:
            async with async_client_of(server, timeout=LIMIT, max_attempts=1) as client:
                await client.complete(REQUEST)
                call = asyncio.create_task(client.complete(REQUEST))
                await asyncio.sleep(0.02)
                time.sleep(HELD_UP)
                assert (await call).text == "hi"

        run(work)


def test_chunks_that_came_in_time() -> None:
    """Nor does a stream end whose chunks were there, of which none took longer than the limit."""
    pieces = [CHUNKED_STREAM, http_chunk(CHUNK), 0.1, http_chunk(CHUNK), 0.1, http_chunk(DONE), http_chunk(b"")]
    with RawServer(lambda number: pieces) as server:

        async def work() -> None:
            async with async_client_of(server, timeout=LIMIT) as client, client.stream(REQUEST) as stream:
                reading = asyncio.create_task(stream.completion())
                await asyncio.sleep(0.02)
                time.sleep(HELD_UP)
                assert (await reading).text == "hihi"

        run(work)


@pytest.mark.parametrize("start", [[], [CHUNKED_STREAM, http_chunk(CHUNK)]], ids=["headers", "idle"])
def test_what_did_not_come_ends(start: list[bytes]) -> None:
    """Where nothing came, the limit holds: the call ends once the loop goes on."""
    with RawServer(lambda number: [*start, 5.0]) as server:

        async def work() -> str:
            async with async_client_of(server, timeout=LIMIT, max_attempts=1) as client:

                async def read() -> None:
                    async with client.stream(REQUEST) as stream:
                        await stream.completion()

                reading = asyncio.create_task(read())
                await asyncio.sleep(0.02)
                time.sleep(HELD_UP)
                with pytest.raises(APITimeoutError) as caught:
                    await asyncio.wait_for(reading, 0.5)
                return caught.value.phase

        assert run(work) == ("idle" if start else "headers")
