"""Connections of aiohttp's that know what was sent and what came on them, and that carry nobody else's answer.

aiohttp's own pool looks at a connection's age and end only, and so hands a surplus answer to the next call.

This module is a part of `aio.transport`. It relies on names that aiohttp does not document: `ResponseHandler` of
`client_proto` as a base, `TCPConnector._factory`, `ResponseHandler._parser` and `_payload`; for SOCKS alone
`TCPConnector._create_connection` and `TCPConnector._get_ssl_context` (`socks`); of a given session
`ClientSession._loop`, `_default_proxy` and `_default_proxy_auth`.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler

from ..connections import MAX_IDLE, SOCKET_OPTIONS
from ..exchange import current_exchange
from .exchange import HEAD_LIMIT, AsyncExchange
from .resolver import Resolver

_END_OF_HEAD = b"\r\n\r\n"


class FittingConnection(ResponseHandler):
    """A connection that counts what came on it, and knows whether it may be used again."""

    #: What is told of the answer's first bytes.
    exchange: AsyncExchange | None = None
    #: Whether it has been given to a request.
    is_used = False
    #: The answer that is being read. aiohttp complains of one that Python collects before who reads it has closed it.
    answer: aiohttp.ClientResponse | None = None
    #: How many bytes have come, and how many had when the last answer ended.
    received = 0
    received_at_end = -1
    #: When that was, in seconds since 1970: no other clock goes on while a function is frozen.
    idle_since = 0.0

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._pid = os.getpid()
        self._was_unsent = False

    def __bool__(self) -> bool:
        """True: by its length, which is that of a queue, a connection would be false whenever nothing waits in it."""
        return True

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self.received += len(data)
        if self.exchange is not None:
            self.exchange.take(data)
            data = self._after_heads(data)
        super().data_received(data)
        if self.exception() is not None:  # the parser gave up, and tells the reader of the body nothing
            self._break_off(aiohttp.ClientPayloadError())

    def _after_heads(self, data: bytes) -> bytes:
        """Have the heads in `data` parsed, and return the rest.

        The parser loses a head if what came with it cannot be parsed: a body that is broken, or what no answer needs.
        """
        start = 0
        while data.startswith(b"HTTP/", start) or not len(self):
            end = data.find(_END_OF_HEAD, start) + len(_END_OF_HEAD)
            if end < len(_END_OF_HEAD) or end == len(data):
                break
            super().data_received(data[start:end])
            start = end
        return data[start:]

    def _break_off(self, error: BaseException) -> None:
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(error)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Take note of the end, after what had come before it, and tell who reads: what was broken off has not ended.

        Of a reader aiohttp forgets where it closes a connection itself, as with its session.
        """
        if exc is not None:
            if self.exchange is not None:
                self._take_what_is_left()
            self._break_off(exc)
        super().connection_lost(exc)
        answer, self.answer = self.answer, None
        if answer is not None:
            if answer.content.exception() is None:
                answer.content.set_exception(aiohttp.ClientConnectionError())
            answer.close()

    def _take_what_is_left(self) -> None:
        """Read what a write that failed has kept the loop from reading: a refusal, often, which says why."""
        transport = self.transport
        if transport is None or transport.get_extra_info("sslcontext") is not None:
            return
        with suppress(OSError):
            while data := os.read(transport.get_extra_info("socket").fileno(), HEAD_LIMIT):
                self.data_received(data)

    def answer_ended(self) -> None:
        """Note that the answer has been received to its end."""
        self.received_at_end, self.idle_since, self.answer = self.received, time.time(), None

    def is_unsent(self) -> bool:
        """Tell whether bytes of the request still wait in this process, or did when it was closed."""
        if self.transport is not None:
            with suppress(AttributeError):  # by Python 3.10, where the connection below TLS is gone
                self._was_unsent = self.transport.get_write_buffer_size() > 0
        return self._was_unsent

    def close(self) -> None:
        """Close it at once. aiohttp's way would first send what is left, for as long as the other side takes nothing.

        In the child of a fork nothing is closed: it is the parent's, and so is what watches it.
        """
        if self._pid == os.getpid() and not self._loop.is_closed():
            self.is_unsent()  # later nobody can tell
            if self.writing_paused:  # aiohttp 3.13 leaves an exception there that nobody fetches
                self.resume_writing()
            super().abort()

    abort = close

    def is_idle(self) -> bool:
        """Tell whether it has carried something, and carries nothing now."""
        return self.is_used and self.exchange is None and self.answer is None

    def is_fit(self) -> bool:
        """Tell whether it may carry another request: nothing is left over on it, and it is young enough."""
        if not 0 <= time.time() - self.idle_since <= MAX_IDLE:
            return False
        if self.received != self.received_at_end or len(self) or self.should_close or self.exception() is not None:
            return False
        if self.transport is None or self.is_unsent() or self._has_begun_another():
            return False
        return not _is_readable(self.transport.get_extra_info("socket"))

    def _has_begun_another(self) -> bool:
        """Tell whether the parser holds the beginning of one more answer."""
        parser = self._parser
        if parser is None:
            return False
        try:
            # The parser in C answers with that beginning; the one in Python keeps it in these two.
            begun = parser.feed_eof() is not None
        except Exception:  # noqa: BLE001  (what cannot be parsed is surely something)
            return True
        return begun or bool(getattr(parser, "_tail", b"") or getattr(parser, "_lines", ()))


def _is_readable(sock: Any) -> bool:
    """Tell whether the end, or bytes that nobody asked for, lie in the kernel: the loop may not have looked yet."""
    if not hasattr(select, "poll"):
        return bool(select.select([sock.fileno()], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class Connector(aiohttp.TCPConnector):
    """aiohttp's pool, which hands out fit connections only."""

    def __init__(self) -> None:
        super().__init__(limit=0, keepalive_timeout=MAX_IDLE, resolver=Resolver())
        self._made: WeakSet[FittingConnection] = WeakSet()
        self._factory = self._new_connection  # type: ignore[assignment]

    def _new_connection(self) -> FittingConnection:
        made = FittingConnection(asyncio.get_running_loop())
        self._made.add(made)
        return made

    def doubt(self) -> None:
        """Use no connection again that is idle now: one of them was found dead, and so may all be."""
        for connection in list(self._made):
            connection.idle_since = 0.0

    def abandon(self) -> None:
        """Close every connection at once, where nobody is left to wait for that."""
        for connection in list(self._made):
            connection.abort()

    async def close_idle(self) -> None:
        """Close the connections that carry nothing, and have the others closed once they have done that."""
        idle = []
        for connection in list(self._made):
            if connection.is_idle():
                idle.append(connection.closed)
                connection.close()
            else:
                connection.force_close()
        ends = [end for end in idle if end is not None]
        await asyncio.gather(*ends, return_exceptions=True)  # some end by a reset

    def close(self, **options: Any) -> Any:
        """Close every connection: also those in use, whose calls must not be repeated for that."""
        for connection in list(self._made):
            if connection.exchange is not None:
                connection.exchange.reused = False
        return super().close(**options)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Return a connection for `req`, and tell the exchange of this task which it is."""
        mine: Any = current_exchange()
        mine.phase, mine.step = "connect", "TCP"
        while True:
            held = await super().connect(req, traces, timeout)
            try:
                if _is_ready(held.protocol):
                    mine.connected(held.protocol)
                    return held
            except BaseException:
                held.close()
                raise
            held.close()

    def __del__(self, *_: Any) -> None:
        """Say nothing: what is left belongs to a loop that is closed, or to the process that forked."""


def _is_ready(connection: Any) -> bool:
    """Tell whether a connection may carry a request; give a new one its options. Raises OSError."""
    if connection.is_used:
        return bool(connection.is_fit())
    if connection.transport is None:  # the other side has closed it already
        raise ConnectionResetError
    sock = connection.transport.get_extra_info("socket")
    for option in SOCKET_OPTIONS:
        sock.setsockopt(*option)
    return True
