"""Event loops for tests: each runs one coroutine, is watched, and leaves nothing behind.

This module checks, of each loop, that nobody complained to it.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bedrock_openai_http import (
    AsyncClient,
)
from support import (
    KEY,
    RawServer,
)

Result = TypeVar("Result")


def async_client_of(server: RawServer, **options: Any) -> AsyncClient:
    return AsyncClient(base_url=server.url, **{"api_key": KEY, **options})


def run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run `work()` on a loop of its own, and check that nothing is left of it."""

    async def watched() -> Result:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        result = await work()
        gc.collect()
        await asyncio.sleep(0)
        assert complaints == []
        return result

    return asyncio.run(watched())


class Ticks:
    """Counts how often the loop comes round while a block runs, once a hundredth of a second at most."""

    def __init__(self) -> None:
        self.count = 0

    async def __aenter__(self) -> Ticks:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *details: object) -> None:
        self._task.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self.count += 1


async def until(holds: Callable[[], Any], seconds: float = 5) -> None:
    """Wait until `holds()`, and fail if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)
