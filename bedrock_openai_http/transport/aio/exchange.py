"""One request and its answer on an event loop, as the connection that carries them knows them.

This module is a part of `aio.transport`. Its law is that of `transport.exchange`: it notes facts and keeps to times,
and judges nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ...values.http import TimeLimits
from ..exchange import Exchange
from .alarm import Alarm

if TYPE_CHECKING:
    from .connections import FittingConnection

#: Bytes of a body that are handed to the connection at a time.
PIECE = 65536
#: Bytes of an answer's head that are kept: of one that is refused nothing else is left.
HEAD_LIMIT = 65536


class AsyncExchange(Exchange):
    """The facts of one request and its answer on an event loop, and the alarm that keeps to its times."""

    def __init__(self, limits: TimeLimits, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limits)
        self.loop = loop
        #: Rings when the time for what is under way is over.
        self.alarm: Alarm | None = None
        #: The connection, until the head of the answer is there; None before, and with a given session.
        self.connection: FittingConnection | None = None
        #: What came first.
        self.head = b""
        self._is_handed_over = self._is_answered = False

    def moment_in(self, seconds: float) -> float:
        """Return the moment on the loop's clock that is `seconds` away, or the deadline if that is sooner."""
        if self.limits.deadline is not None:
            seconds = min(seconds, self.limits.deadline - time.monotonic())
        return self.loop.time() + seconds

    def connected(self, connection: FittingConnection) -> None:
        """Note that there is a connection, and that the time to send begins."""
        self.phase, self.reused, self.connection = "send", connection.is_used, connection
        self._began = time.monotonic()
        connection.exchange, connection.is_used = self, True
        self._allow(self.limits.read)

    def take(self, data: bytes) -> None:
        """Note what came of the answer."""
        self.received = True
        if len(self.head) < HEAD_LIMIT:
            self.head += data

    def all_of(self, body: bytes) -> Any:
        """Return what is to be given to aiohttp as the body: a long one in pieces, so that other tasks go on."""
        if len(body) > PIECE:
            return self._pieces_of(body)
        self._is_handed_over = True
        return body

    async def _pieces_of(self, body: bytes) -> AsyncIterator[memoryview]:
        view = memoryview(body)
        for start in range(0, len(view), PIECE):
            if self._is_answered:
                return  # to send on might break off the answer, which says why it is a refusal
            yield view[start : start + PIECE]
            await asyncio.sleep(0)  # the loop looks for an early answer
        self._is_handed_over = True
        self._allow(self.limits.read)

    def settle_phase(self) -> None:
        """Note, of a call that failed, whether all of the request had left this process, or an answer had begun."""
        was_sent = self._is_handed_over and not (self.connection is not None and self.connection.is_unsent())
        if self.phase == "send" and (was_sent or self.received):
            self.phase = "headers"

    def detach(self) -> None:
        """Let go of the connection and of what came: the head of the answer has been read."""
        if self.connection is not None:
            self.connection.exchange = None
            if not self._is_handed_over:  # the request ends here, and its rest must not be taken for another
                self._is_answered = True
                self.connection.force_close()
        self.connection, self.head = None, b""

    def _allow(self, seconds: float) -> None:
        if self.alarm is not None:
            self.alarm.move(self.moment_in(seconds))
