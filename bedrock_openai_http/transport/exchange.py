"""One request and its answer, as the connection that carries them knows them.

Whether a failed attempt may be made again depends on facts: was there a connection, was the whole request sent, has
one byte of the answer come, and how soon did the connection end? They are noted here while they happen. What a
foreign exception looks like does not tell: a TLS error, for one, may come of a handshake or of an answer.

This module is a part of the transports: `Exchange` of both, `Answer` of `requests_transport`. Its law: it notes facts
and keeps to times, and judges nothing.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, TypeVar

from ..values.frozen import frozen
from ..values.http import Headers, TimeLimits
from .chunked import ChunkedCoding

#: Seconds for the answer of a service that would not take the whole request: what it said is there by then.
EARLY_ANSWER_SECONDS = 0.1


@frozen
class Refusal:
    """What a proxy said in place of making the connection."""

    #: In words of ours or of the proxy protocol's standard, such as "407 Proxy Authentication Required".
    words: str
    #: The HTTP status; None of a SOCKS proxy.
    status: int | None = None
    #: Whether it would say the same again: it wants other credentials, or its rules forbid the connection.
    permanent: bool = True


class MalformedHead(HTTPException):
    """The head of an answer holds a line that is no header; what stands behind it cannot be trusted."""

    def __init__(self, status: int, headers: Headers) -> None:
        super().__init__("a line of the head is no header")
        self.status = status
        #: All that look like headers, on both sides of that line.
        self.headers = headers


class Exchange:
    """The facts of one request and its answer."""

    def __init__(self, limits: TimeLimits) -> None:
        self.limits = limits
        #: What is under way: "connect", "send" or "headers"; None while no connection of ours is involved.
        self.phase: str | None = None
        #: Of connecting: "TCP", "proxy TLS", "tunnel" or "TLS"; None before it has begun.
        self.step: str | None = None
        #: Whether the connection had carried another answer before.
        self.reused = False
        #: Whether one byte of the answer has come.
        self.received = False
        #: Why not all of the request was sent, until it is clear whether an answer has come all the same.
        self.send_error: OSError | None = None
        #: What the proxy said in place of making the connection.
        self.refusal: Refusal | None = None
        #: The socket that the answer comes from, once there is one.
        self.sock: Any = None
        #: When the request began to be sent, and when connecting must be over, on the monotonic clock.
        self._began = 0.0
        self._connect_until = 0.0

    def start_connecting(self) -> None:
        """Note that a connection is being made, from the look-up of its host on, and that its time begins."""
        self.phase, self.step = "connect", "TCP"
        self._connect_until = time.monotonic() + seconds_left(self.limits.connect, self.limits.deadline)

    def connecting_left(self) -> float:
        """Return the seconds that are left to connect: addresses, proxies and handshakes share them."""
        return seconds_left(self.limits.connect, self._connect_until)

    def start_sending(self, *, reused: bool) -> float:
        """Note that there is a connection, and return the seconds that the request may take to be sent."""
        self.phase, self.reused = "send", reused
        self._began = time.monotonic()
        return seconds_left(self.limits.read, self.limits.deadline)

    def seconds_since_sending(self) -> float:
        """Return how long ago the request began to be sent."""
        return time.monotonic() - self._began

    def read_until(self) -> float | None:
        """Return the moment at which what is read next must have come; None if each read just has its own time."""
        if self.phase == "connect":
            return self._connect_until
        if self.send_error is None:
            return self.limits.deadline
        # Also at the deadline, which may be why the request was not sent: what is there takes no time to read.
        return time.monotonic() + EARLY_ANSWER_SECONDS


Carried = TypeVar("Carried", bound=Exchange)

_exchange: ContextVar[Exchange] = ContextVar("exchange")
#: Return the exchange that the connection in use carries.
current_exchange = _exchange.get


@contextmanager
def carried(mine: Carried) -> Iterator[Carried]:
    """Let the connection that is used within keep to the limits of `mine`, and note there what it knows."""
    token = _exchange.set(mine)
    try:
        yield mine
    finally:
        with suppress(ValueError):  # closed from another context, as by who throws an event loop away
            _exchange.reset(token)


def seconds_left(seconds: float, deadline: float | None) -> float:
    """Return the shorter of `seconds` and the time to the deadline. Raises TimeoutError if it has passed."""
    if deadline is None:
        return seconds
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the deadline has passed")
    return min(seconds, remaining)


class TimedReader(io.RawIOBase):
    """What an answer is read from: each read waits no longer than there is time for."""

    def __init__(self, raw: Any, sock: Any, mine: Exchange) -> None:
        self._raw = raw
        self._sock = sock
        self._mine = mine
        self._seconds = mine.limits.read
        #: Whether a read of it may take several of the socket below, which share one time.
        self._is_nested = hasattr(sock, "sslobj")
        #: The moment at which everything must have been read; None if each read just has its own time.
        self.until = mine.read_until()
        #: Set once nothing more may be taken from the connection.
        self.stopped = False
        #: Whether the other side has ended the connection.
        self.ended = False
        #: Whether more was taken from the connection than belongs to the answer.
        self.surplus = False

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there into `buffer`. Raises TimeoutError."""
        if self.stopped:
            return 0
        if self.until is not None or self._is_nested:
            self._sock.settimeout(seconds_left(self._seconds, self.until))
        count: int | None = self._raw.readinto(buffer)
        if count:
            self._mine.received = True
        else:
            self.ended = True
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Buffer(io.BufferedReader):
    """Tells, when it is closed at the end of an answer, whether something stands behind the answer."""

    raw: TimedReader

    def close(self) -> None:
        if self.closed:
            return
        self.raw.stopped = True
        try:
            self.raw.surplus |= bool(self.peek(1))
            super().close()
        except RuntimeError:
            # A signal handler or another greenlet closes it while it is being read from, which Python forbids. The
            # reader finds the connection ended when it goes on, and lets go of it.
            return


class Answer(HTTPResponse):
    """An answer, or a proxy's to CONNECT, read in time.

    It passes over every interim answer, of which http.client knows only 100, and refuses a head with a line that is
    no header: http.client would take all that follows for the body, and so miss the length and the request ID. Its
    body is to be read by `read1` alone.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._mine = current_exchange()
        self.reader = TimedReader(self.fp.detach(), sock, self._mine)
        self.fp = _Buffer(self.reader)
        self._coding = ChunkedCoding()
        #: Chunks that have been read, and whether there are no others.
        self._pieces: Iterator[bytes] = iter(())
        self._is_whole = False

    def read1(self, n: int = -1) -> bytes:
        """Return what is there of the body, having read `n` bytes at most; b"" at its end. Raises IncompleteRead."""
        if not self.chunked:
            return super().read1(n)
        while self.fp is not None:
            for piece in self._pieces:
                return piece
            if self._is_whole:
                self.close()  # only now: of an answer that is closed urllib3 asks for nothing more
            else:
                self._read_chunks(n)
        return b""

    def _read_chunks(self, n: int) -> None:
        coding = self._coding
        data = b"" if coding.is_malformed else self.fp.read1(n)
        self._pieces = iter(coding.feed(data))
        self._is_whole = coding.is_done or (not data and coding.may_end)
        if self._is_whole:
            self.reader.surplus = bool(coding.surplus) or not coding.is_done
        elif not data:
            raise IncompleteRead(b"")

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        if self._mine.phase == "connect" and status != 200:
            self._mine.refusal = refused_tunnel(status)
        return version, 100 if 101 < status < 200 else status, reason

    def begin(self) -> None:
        """Read the head. Raises MalformedHead, and IncompleteRead for one that was cut."""
        super().begin()
        if self.reader.ended:
            raise IncompleteRead(b"")  # http.client takes the end of the connection for the end of the head
        if self.msg.defects:
            rest = str(self.msg.get_payload()).splitlines()
            pairs = [(name, value.strip()) for name, colon, value in (line.partition(":") for line in rest) if colon]
            raise MalformedHead(self.status, Headers([*self.msg.items(), *pairs]))


def refused_tunnel(status: int) -> Refusal:
    """Return what a proxy says by the status of its answer to CONNECT."""
    from http import HTTPStatus

    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return Refusal(f"{status} {phrase}".rstrip(), status, permanent=400 <= status < 500 and status not in (408, 429))
