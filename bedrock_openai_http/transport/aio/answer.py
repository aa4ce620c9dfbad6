"""An answer of aiohttp's that has begun: its body is read piece by piece, and its connection is let go.

This module is a part of `aio.transport`. Its law: bytes are handed on the moment they arrive, and only the
connection of an answer that was read to its end is used again.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from contextlib import suppress
from typing import Any

import aiohttp

from ...values.errors import APIConnectionError
from ...values.http import Headers
from ..failures import body_failure, of_answer
from ..open_answer import DRAIN_BYTES, DRAIN_SECONDS
from .alarm import Alarm
from .exchange import AsyncExchange
from .failures import plain

#: What aiohttp raises where a body breaks off: its own, the system's, and RuntimeError for a closed connection.
_BROKEN = (aiohttp.ClientError, OSError, asyncio.TimeoutError, RuntimeError)
#: Seconds between two looks at the clock, at least.
_SHORTEST = 0.001


class AiohttpAnswer:
    """An `AsyncOpenResponse` over an answer of aiohttp, and the iterator over its body.

    A class at every level: a generator that is left early is closed by a task of the loop's own, at some time.
    """

    def __init__(self, raw: aiohttp.ClientResponse, mine: AsyncExchange, *, streamed: bool) -> None:
        self.status_code = raw.status
        # aiohttp's own decoding makes lone surrogates of what is no UTF-8.
        self.headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.raw_headers])
        self._raw, self._content, self._mine = raw, raw.content, mine
        self._phase = "idle" if streamed else "body"
        self._is_closed = self._is_waiting = False
        #: Until when the piece that is waited for must have come, on the loop's clock, and what looks after that.
        self._due = 0.0
        self._watch: asyncio.Handle | None = None
        #: The moment that had come when it was looked last.
        self._overdue = -1.0
        if self.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            self._content.set_exception(_Compressed())
        if mine.connection is not None:
            mine.connection.answer = raw
            self._content.on_eof(mine.connection.answer_ended)
        mine.detach()

    def pieces(self) -> AiohttpAnswer:
        """Return the iterator over the body."""
        return self

    def __aiter__(self) -> AiohttpAnswer:
        return self

    async def __anext__(self) -> bytes:
        content = self._content
        failure: Exception | None = None
        if self._mine.limits.deadline is not None or not content.is_eof():  # nobody waits for what has come whole
            self._wait()
        try:
            piece = await content.readany()
        except _BROKEN as error:
            piece, failure = self._rest(error), error
        except BaseException:
            self.abort()
            raise
        finally:
            self._is_waiting = False
        if piece:
            return piece
        self._stop_watch()
        if failure is None:
            raise StopAsyncIteration
        self.abort()
        failure = of_answer(self._named(failure), self)
        try:
            raise failure
        finally:
            del failure  # a frame that is part of its own exception's traceback would keep both alive

    def _wait(self) -> None:
        """Note until when a piece must have come, and have somebody look after that."""
        limits = self._mine.limits
        self._due = self._mine.moment_in(limits.read)
        self._is_waiting = True
        if limits.deadline is not None and time.monotonic() >= limits.deadline:
            self._content.set_exception(_Expired())
        elif self._watch is None:
            self._look()

    def _rest(self, error: Exception) -> bytes:
        """Return what had come before the body broke off, which aiohttp keeps behind the exception."""
        content = self._content
        if self._is_closed or isinstance(error, (_Expired, _Compressed)) or content.exception() is None:
            return b""
        content.set_exception(None)  # type: ignore[arg-type]
        rest = content.read_nowait()
        content.set_exception(error)
        return rest

    def _named(self, error: Exception) -> APIConnectionError:
        if self._is_closed:
            return APIConnectionError("the answer was closed while it was read", phase="body")
        if isinstance(error, _Compressed):
            return APIConnectionError("the answer is compressed, although that was not asked for", phase="body")
        return body_failure(plain(error), self._phase, self._mine.limits)

    def _look(self) -> None:
        """Break off a read that has waited too long; look again when the present one will have."""
        now, deadline = self._mine.loop.time(), self._mine.limits.deadline
        if (self._is_waiting and now >= self._due) or (deadline is not None and time.monotonic() >= deadline):
            if self._overdue == self._due:
                self._watch = None
                self._content.set_exception(_Expired())
            else:  # what came in time may still be on its way to the reader, if something has held the loop up
                self._overdue = self._due
                self._watch = self._mine.loop.call_soon(_look, weakref.ref(self))
            return
        due = self._due if self._is_waiting else self._mine.moment_in(self._mine.limits.read)
        # One timer for the whole answer: one for each piece would take longer than the piece does.
        self._watch = self._mine.loop.call_at(max(due, now + _SHORTEST), _look, weakref.ref(self))

    async def aclose(self, *, drain: bool = False) -> None:
        """Let the connection go: see `AsyncOpenResponse`. At any time, and twice."""
        if drain and not self._is_closed and not self._content.is_eof():
            await self._drain()
        self._is_closed = True
        self.abort()

    async def _drain(self) -> None:
        loop, left = self._mine.loop, DRAIN_BYTES
        try:
            with Alarm(loop, loop.time() + DRAIN_SECONDS):
                while left > 0 and (piece := await self._content.readany()):
                    left -= len(piece)
        except _BROKEN:
            return  # whatever it is, the connection is not used again
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close the connection at once, unless the answer has ended and it went back to the pool."""
        self._stop_watch()
        _abort(self._raw)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def __reduce__(self) -> Any:
        raise TypeError("AiohttpAnswer cannot be pickled or copied: it belongs to an event loop")

    def __del__(self) -> None:
        if self._watch is None and self._raw.closed:
            return
        try:
            # Abandoned; and the collector may run in any thread.
            self._mine.loop.call_soon_threadsafe(_abandon, self._raw, self._watch)
        except RuntimeError:  # the loop is closed, and nothing else runs on it
            _abort(self._raw)


def _look(answer: weakref.ref[AiohttpAnswer]) -> None:
    known = answer()  # the timer keeps nobody alive: who abandons an answer lets its connection go
    if known is not None:
        known._look()


def _abandon(raw: aiohttp.ClientResponse, watch: asyncio.Handle | None) -> None:
    if watch is not None:
        watch.cancel()
    _abort(raw)


def _abort(raw: aiohttp.ClientResponse) -> None:
    held = raw.connection
    with suppress(RuntimeError):  # the loop is closed, and with it what it had open
        if held is not None and held.protocol is not None:
            if held.protocol.writing_paused:  # aiohttp 3.13 leaves an exception there that nobody fetches
                held.protocol.resume_writing()
            # Closing alone would, with a given session, take leave in TLS, and wait for who goes on sending.
            held.protocol.abort()
        raw.close()
        if held is not None:  # on a loop that is closed aiohttp keeps it, and then complains of that
            held.close()


class _Expired(asyncio.TimeoutError):
    """A piece was waited for too long."""


class _Compressed(RuntimeError):
    """The body is compressed."""
