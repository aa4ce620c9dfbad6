"""Where AsyncClient has its keys from: threads beside the loop, and coroutine functions on it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from bedrock_openai_http import (
    APITimeoutError,
    AsyncClient,
    Client,
    ConfigurationError,
    CredentialsError,
)
from bedrock_openai_http.testing import LocalEndpoint
from loops import Ticks, async_client_of, run, until
from support import (
    COMPLETION,
    KEY,
    REQUEST,
    RawServer,
    http,
)


def test_what_blocks_runs_beside_the_loop() -> None:
    """While a callable sleeps that gives the credentials, the loop goes on."""

    def slow() -> str:
        time.sleep(0.2)
        return KEY

    with RawServer(lambda number: [http(COMPLETION)]) as server:

        async def work() -> int:
            async with async_client_of(server, api_key=slow) as client, Ticks() as ticks:
                await client.complete(REQUEST)
                return ticks.count

        assert run(work) >= 5


@pytest.mark.parametrize("what", ["api_key", "credentials"])
def test_coroutine_functions(what: str) -> None:
    """A key or credentials may come from a coroutine function, which runs on the call's loop for each attempt."""
    asked: list[int] = []
    with LocalEndpoint() as endpoint:

        async def found() -> Any:
            await asyncio.sleep(0)
            asked.append(threading.get_ident())
            return getattr(endpoint, what)

        async def work() -> None:
            async with AsyncClient(endpoint.region, base_url=endpoint.url, **{what: found}) as client:
                await client.complete(REQUEST)
                await client.complete(REQUEST)

        run(work)
    assert asked == [threading.get_ident()] * 2


def test_a_coroutine_function_that_raises() -> None:
    """What a coroutine function raises is a CredentialsError that repeats nothing of it."""

    async def failing() -> str:
        raise ValueError("SECRET")

    async def work() -> CredentialsError:
        async with AsyncClient(base_url="http://127.0.0.1:1", api_key=failing) as client:
            with pytest.raises(CredentialsError) as caught:
                await client.complete(REQUEST)
        return caught.value

    assert "SECRET" not in f"{run(work)!r}"


def test_a_coroutine_function_that_hangs() -> None:
    """A deadline ends the wait for it, and the coroutine is cancelled."""
    left: list[bool] = []

    async def hanging() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            left.append(True)
        return KEY

    async def work() -> APITimeoutError:
        async with AsyncClient(base_url="http://127.0.0.1:1", api_key=hanging) as client:
            with pytest.raises(APITimeoutError) as caught:
                await client.complete(REQUEST, deadline=0.1)
            await until(lambda: left)
        return caught.value

    assert run(work).phase == "deadline"


def test_a_refresh_that_is_a_coroutine_function() -> None:
    """An expired key is asked for again after `refresh`, which may be a coroutine function as well."""

    class Provider:
        def __init__(self) -> None:
            self.refreshed = 0

        async def __call__(self) -> str:
            return f"{KEY}-{self.refreshed}"

        async def refresh(self) -> None:
            self.refreshed += 1

    provider = Provider()
    expired = http(b'{"__type": "ExpiredTokenException", "message": "The security token has expired"}', "403 No")
    with RawServer(lambda number: [expired if number == 1 else http(COMPLETION)]) as server:

        async def work() -> int | None:
            async with async_client_of(server, api_key=provider) as client:
                return (await client.complete(REQUEST)).attempts

        assert run(work) == 2
    assert [request.count(f"{KEY}-{n}".encode()) for n, request in enumerate(server.requests)] == [1, 1]


def test_the_blocking_client_takes_no_coroutine_function() -> None:
    """Client refuses one at once, and says who takes it."""

    async def key() -> str:
        return KEY

    for options in ({"api_key": key}, {"credentials": key}):
        with pytest.raises(ConfigurationError, match="is a coroutine function, which AsyncClient takes"):
            Client(**options)
    with pytest.raises(TypeError, match="on_event"):
        AsyncClient(on_event=key)  # type: ignore[arg-type]


def test_no_key_in_asyncios_own_log(caplog: pytest.LogCaptureFixture) -> None:
    """In debug mode asyncio writes of a slow task what it returned: that is never the key."""

    async def slow() -> str:
        time.sleep(0.15)
        return KEY

    with RawServer(lambda number: [http(COMPLETION)]) as server:

        async def work() -> None:
            async with async_client_of(server, api_key=slow) as client:
                await client.complete(REQUEST)

        asyncio.run(work(), debug=True)
    assert "Executing <Task finished" in caplog.text
    assert KEY[:12] not in caplog.text
