"""Does what a call asks for, one effect after the other, and waits for each: the blocking driver.

This module decides nothing: what it cannot do it throws back into the call, which knows what follows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ..call.answer import WholeBody
from ..call.effects import Ask, Effect, ReadAll, Send, Sleep
from ..call.world import World
from ..values.http import HTTPResponse, OpenResponse, Transport

Result = TypeVar("Result")

#: The machine's own clocks, its operating system's chance, and real patience.
MACHINE = World(
    clock=time.monotonic,
    wall=time.time,
    uniform=lambda: int.from_bytes(os.urandom(7), "big") / 2**56,
    random_bytes=os.urandom,
    sleep=time.sleep,
)


def drive(
    steps: Generator[Effect, Any, Result], transport: Callable[[], Transport], sleep: Callable[[float], Any]
) -> Result:
    """Return what the call `steps` returns; raise what it raises. `transport` is asked for when it is needed."""
    try:
        effect = next(steps)
        while True:
            try:
                came = _done(effect, transport, sleep)
            except BaseException as error:  # noqa: BLE001  (it is thrown back in, and comes out again if it must)
                effect = steps.throw(error)
            else:
                effect = steps.send(came)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        # What an effect holds may hold the failure, whose traceback holds this frame: a circle that would keep the
        # prompt and the connections until Python next looks for such.
        effect = came = None  # type: ignore[assignment]
        steps.close()


def _done(effect: Effect, transport: Callable[[], Transport], sleep: Callable[[float], Any]) -> Any:
    if type(effect) is Send:
        return transport().open(effect.request, effect.limits)
    if type(effect) is Ask:
        return effect.look_up()
    if type(effect) is ReadAll:
        return read_all(effect.opened, effect.limit)
    if type(effect) is Sleep:
        return sleep(effect.seconds)
    raise TypeError(f"no such effect: {type(effect).__name__}")


def read_all(response: OpenResponse, limit: int) -> HTTPResponse:
    """Return an open response with its whole body, and let its connection go.

    Raises ResponseFormatError if the body is longer than `limit` bytes, and what reading it raises.
    """
    body = WholeBody(response, limit)
    try:
        for piece in response.pieces():
            body.add(piece)
    finally:
        response.close()
    return body.response()
