"""Does what a call asks for, one effect after the other, and awaits each: the driver for an event loop.

This module decides nothing: what it cannot do it throws back into the call, which knows what follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

from ...call.answer import WholeBody
from ...call.effects import Ask, Effect, ReadAll, Send, Sleep
from ...values.http import AsyncOpenResponse, AsyncTransport, HTTPResponse
from ..drive import MACHINE
from .aside import aside

Result = TypeVar("Result")

#: The machine's own clocks and chance, and the patience of a task.
ASYNC_MACHINE = replace(MACHINE, sleep=asyncio.sleep)


async def adrive(
    steps: Generator[Effect, Any, Result],
    transport: Callable[[], AsyncTransport],
    sleep: Callable[[float], Awaitable[Any]],
) -> Result:
    """Return what the call `steps` returns; raise what it raises. `transport` is asked for when it is needed.

    If this is cancelled, what is under way is broken off, and the call sees it as it sees any exception.
    """
    try:
        effect = next(steps)
        while True:
            try:
                came = await _done(effect, transport, sleep)
            except BaseException as error:  # noqa: BLE001  (it is thrown back in, and comes out again if it must)
                effect = steps.throw(error)
            else:
                effect = steps.send(came)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        # As in `drive`: what an effect holds may hold the failure, whose traceback holds this frame.
        effect = came = None  # type: ignore[assignment]
        steps.close()


async def _done(
    effect: Effect, transport: Callable[[], AsyncTransport], sleep: Callable[[float], Awaitable[Any]]
) -> Any:
    if type(effect) is Send:
        return await transport().aopen(effect.request, effect.limits)
    if type(effect) is Ask:
        return effect.look_up() if effect.is_at_hand() else await aside(effect.look_up)
    if type(effect) is ReadAll:
        return await aread_all(effect.opened, effect.limit)
    if type(effect) is Sleep:
        return await sleep(effect.seconds)
    raise TypeError(f"no such effect: {type(effect).__name__}")


async def aread_all(response: AsyncOpenResponse, limit: int) -> HTTPResponse:
    """Return an open response with its whole body, and let its connection go.

    Raises ResponseFormatError if the body is longer than `limit` bytes, and what reading it raises.
    """
    body = WholeBody(response, limit)
    try:
        async for piece in response.pieces():
            body.add(piece)
    finally:
        await response.aclose()
    return body.response()
