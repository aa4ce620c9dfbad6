"""The functions that docs/async.md shows, where more is to be seen than that they run."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import Any

import pytest

from bedrock_openai_http import APIConnectionError, AsyncClient, RateLimitError
from bedrock_openai_http.testing import LocalEndpoint
from pages import PAGES, blocks
from support import CHUNK, CHUNKED_STREAM, REQUEST, RawServer, client_of, http_chunk
from upstream import GIVE_UP, Upstream, flowing, silent_after_one


def shown(name: str) -> Any:
    """Return a function of the page's, which is made by its block without what follows it there."""
    namespace: dict[str, Any] = {"asyncio": asyncio}
    (block,) = [
        block.text for block in blocks(PAGES["docs/async.md"], "python") if f"async def {name}(" in block.text
    ]
    exec(block.partition("\n\n\nasync with ")[0].partition("\n\n\nprint(")[0], namespace)
    return namespace[name]


@pytest.mark.parametrize("script", [flowing, silent_after_one])
def test_a_stream_that_a_thread_reads_ends_with_its_reader(script: Any) -> None:
    """Whoever leaves the recipe for threads closes the stream, be it that chunks flow or that the model is silent."""

    async def read_one(upstream: Upstream) -> str:
        async with aclosing(shown("chunks_of")(client_of(upstream), REQUEST, deadline=20)) as chunks:
            async for chunk in chunks:
                return chunk.text
        raise AssertionError("no chunk came")

    with Upstream(script) as upstream:
        began = time.monotonic()
        assert asyncio.run(read_one(upstream)) == "hi"  # which waits for the thread at its end
        assert upstream.ended.wait(GIVE_UP)
        assert time.monotonic() - began < GIVE_UP


def test_a_stream_that_a_thread_reads_raises_what_it_raises() -> None:
    """A stream that breaks never just ends."""
    seen: list[str] = []

    async def read(upstream: RawServer) -> None:
        async with aclosing(shown("chunks_of")(client_of(upstream), REQUEST, deadline=20)) as chunks:
            async for chunk in chunks:
                seen.append(chunk.text)

    with RawServer(lambda number: [CHUNKED_STREAM, http_chunk(CHUNK), None]) as upstream:
        with pytest.raises(APIConnectionError):
            asyncio.run(read(upstream))
    assert seen == ["hi"]


def test_a_failure_among_many_disturbs_no_other() -> None:
    """The recipe for workers gives a failure in the place of its answer, and all the other answers."""

    async def ask(endpoint: LocalEndpoint) -> list[Any]:
        options: dict[str, Any] = {"api_key": endpoint.api_key, "max_attempts": 1}
        async with AsyncClient(endpoint.region, base_url=endpoint.url, **options) as client:
            answers: list[Any] = await shown("answer_all")(client, [REQUEST] * 6, at_once=1)
            return answers

    with LocalEndpoint(scenario=[None, None, "throttled-429", None, None, None]) as endpoint:
        answers = asyncio.run(ask(endpoint))
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["ChatCompletion"] * 2 + [RateLimitError.__name__] + ["ChatCompletion"] * 3
