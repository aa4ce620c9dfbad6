"""What closing an AsyncClient closes: connections that carry nothing, and the others when they have done that."""

from __future__ import annotations

import asyncio

from loops import async_client_of, run, until
from support import CHUNK, CHUNKED_STREAM, COMPLETION, DONE, REQUEST, HangUps, http, http_chunk

REST = http_chunk(CHUNK) + http_chunk(DONE) + http_chunk(b"")


def test_what_is_under_way_goes_on() -> None:
    """A call and a stream outlive their client, and their connections end with them; an idle one ends at once."""
    answers = [[http(COMPLETION)], [CHUNKED_STREAM + http_chunk(CHUNK), 0.4, REST], [0.4, http(COMPLETION)]]
    with HangUps(lambda number: answers[number - 1] if number <= 3 else [http(COMPLETION)]) as server:

        async def work() -> None:
            client = async_client_of(server)
            await client.complete(REQUEST)
            stream = await client.stream(REQUEST)
            call = asyncio.create_task(client.complete(REQUEST))
            await until(lambda: len(server.requests) == 3)
            assert (server.connections, server.hung_up.acquire(timeout=0)) == (2, False)
            await client.aclose()
            assert (await stream.completion()).text == "hihi"
            assert (await call).text == "hi"
            await until(lambda: server.hung_up.acquire(blocking=False))
            await until(lambda: server.hung_up.acquire(blocking=False))
            assert (await client.complete(REQUEST)).text == "hi"
            assert server.connections == 3
            await client.aclose()
            await until(lambda: server.hung_up.acquire(blocking=False), 1)

        run(work)


def test_closing_waits_for_the_end_of_idle_connections() -> None:
    """A loop that is closed right after `aclose`, without a word to its generators, leaves nothing open."""
    with HangUps(lambda number: [http(COMPLETION)]) as server:

        async def work() -> None:
            client = async_client_of(server)
            await asyncio.gather(client.complete(REQUEST), client.complete(REQUEST))
            await client.aclose()
            await client.aclose()

        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(work())
        finally:
            loop.close()
        for _ in range(server.connections):
            assert server.hung_up.acquire(timeout=1)
