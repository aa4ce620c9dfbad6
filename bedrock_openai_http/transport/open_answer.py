"""An answer that has begun: its body is read piece by piece, and its connection is let go.

This module is a part of `requests_transport`. Its law: bytes are handed on the moment they arrive, and only the
connection of an answer that was read to its end is used again.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse as PlainResponse
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Any

from ..values.errors import APIConnectionError
from ..values.http import Headers, TimeLimits
from .connections import has_undelivered
from .exchange import Exchange, TimedReader, seconds_left
from .failures import body_failure, of_answer

if TYPE_CHECKING:
    import requests

#: Bytes that one read takes at most.
READ_SIZE = 65536
#: What is read of an answer after its end mark, in bytes and seconds, so that its connection can be used again.
DRAIN_BYTES = 65536
DRAIN_SECONDS = 0.1


class OpenAnswer:
    """An `OpenResponse` over an answer of `requests`."""

    def __init__(self, response: requests.Response, limits: TimeLimits, mine: Exchange, streamed: bool) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.raw.headers.items())
        self._raw: Any = response.raw
        # With a session of the caller's the socket is known only while the connection is to be used again, and
        # there is no reader of ours that keeps to a deadline.
        self._sock = mine.sock or getattr(getattr(response.raw, "connection", None), "sock", None)
        answer = getattr(response.raw, "_fp", None)
        self._answer = answer if isinstance(answer, PlainResponse) else None
        self._reader: TimedReader | None = getattr(answer, "reader", None)
        self._read1 = _reader(response.raw, self._answer)
        self._limits = limits
        self._phase = "idle" if streamed else "body"
        self._finished = False
        self._closed = False
        self._pid = os.getpid()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives."""
        try:
            while piece := self._read():
                yield piece
        except Exception:
            self.close()
            raise
        self._finished = True

    def _read(self) -> bytes:
        try:
            # Our connections keep to the deadline themselves; with a given session it is checked here only.
            if self._limits.deadline is not None:
                seconds_left(self._limits.read, self._limits.deadline)
            piece = self._read1(READ_SIZE)
            if piece or not self._closed:
                return piece
            failure = None
        except APIConnectionError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  (http.client trips in many ways over a response closed under it)
            failure = body_failure(error, self._phase, self._limits)
        if self._closed or failure is None:
            failure = APIConnectionError("the answer was closed while it was read", phase="body")
        failure = of_answer(failure, self)
        try:
            raise failure
        finally:
            del failure  # as above

    def close(self, *, drain: bool = False) -> None:
        """Let the connection go: see `OpenResponse`. From anywhere, at any time, and twice."""
        if drain and not self._finished:
            self._drain()
        self._closed = True
        if self._finished and (self._reader is not None or self._may_be_used_again()):
            # Only what was read to its end goes back to the pool; otherwise the rest would be the next answer. It is
            # closed first, since another thread may have the connection at once, and finds no other answer on it.
            if self._answer is not None:
                self._answer.close()
            if hasattr(self._raw, "release_conn"):  # a stand-in for a connection, in somebody's test, may have none
                self._raw.release_conn()
        elif self._sock is not None and self._raw.connection is not None and self._pid == os.getpid():
            # Wakes a thread that waits in a read: closing alone would wait for it. Without a connection of its own
            # the answer has come whole, and the socket may be another call's by now; after a fork the other
            # process may still read from it.
            with contextlib.suppress(OSError):
                # Of TLS within TLS the outer one.
                getattr(self._sock, "socket", self._sock).shutdown(socket.SHUT_RDWR)
        # A thread that reads may have closed it at this moment, or be interrupted by a signal handler that closes it.
        with contextlib.suppress(AttributeError, RuntimeError, ValueError):
            self._raw.close()

    def _may_be_used_again(self) -> bool:
        """Tell whether a given session's connection may go back into its pool; ours look after that themselves."""
        # It does not tell whether all of the request was sent; of what was answered well, it was.
        return self.status_code < 300 and not has_undelivered(self._sock)

    def _drain(self) -> None:
        if self._sock is None or self._raw.connection is None:  # not to be used again anyway
            return
        end = time.monotonic() + DRAIN_SECONDS
        if self._reader is not None:
            self._reader.until = end
        left = DRAIN_BYTES
        try:
            while left > 0 and time.monotonic() < end:
                self._sock.settimeout(DRAIN_SECONDS)
                piece = self._read1(left)
                if not piece:
                    self._finished = not self._closed
                    return
                left -= len(piece)
        except Exception:  # noqa: BLE001  (whatever it is, the connection is not used again)
            return


def _reader(raw: Any, answer: PlainResponse | None) -> Callable[[int], bytes]:
    """Return a function that reads what is there, at most so many bytes; b"" at the end of the body."""
    is_plain = raw.headers.get("content-encoding", "identity").lower() == "identity"
    if answer is None:  # a stand-in for a connection, in somebody's test
        return lambda size: raw.read(size, decode_content=True) or b""
    if not is_plain and hasattr(raw, "read1"):
        return lambda size: raw.read1(size, decode_content=True) or b""
    # urllib3's read1 takes longer for a chunk of a stream than the chunk takes to be parsed, and urllib3 before 2.2
    # has none. That of http.client decodes chunks, but no compression, and it takes the end of the connection for
    # the end of the body.
    read, left = answer.read1, raw.length_remaining
    if is_plain and left is None:
        return read

    def read1(size: int) -> bytes:
        nonlocal left
        if not is_plain:
            raise APIConnectionError("the answer is compressed, although that was not asked for", phase="body")
        piece: bytes = read(size)
        if left is not None:
            left -= len(piece)
            if left > 0 and not piece:
                raise IncompleteRead(piece, left)
        return piece

    return read1
