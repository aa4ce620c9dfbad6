"""Connections that keep to one call's time, and that tell when they died unused.

urllib3's own connections wait for each read anew, so a server that drips would keep a call alive for ever; they
give all of a body's upload the time that is meant for connecting; and when a pooled connection turns out to be dead
they cannot say whether it had been used before.

This module is a part of `transport`: classes for urllib3's pool, and nothing of the package but `wire`.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.wait import wait_for_read

from .wire import TimeLimits

#: Seconds of wall-clock time after which a pooled connection is not trusted any more. A function that was frozen
#: wakes up with connections that the other side has long forgotten, while no other clock has moved.
MAX_IDLE = 20.0


def _socket_options() -> list[tuple[int, int, int]]:
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    # Not every system has each of them; macOS names the first TCP_KEEPALIVE.
    seconds_and_count = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 5}
    for name, value in seconds_and_count.items():
        if hasattr(socket, name) and not (name == "TCP_KEEPALIVE" and hasattr(socket, "TCP_KEEPIDLE")):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


#: For sockets that notice a dead peer.
SOCKET_OPTIONS = _socket_options()


class DeadConnection(ConnectionError):
    """A connection of the pool died before it gave one byte of the answer: the service has not taken the request."""


class NotConnected(ConnectionError):
    """A proxy or the TLS handshake ended before there was a connection: the service has not seen the request."""


class ConnectTimeout(TimeoutError):
    """The connection, with its tunnel and its TLS handshake, did not come about in the time given."""


class SendTimeout(TimeoutError):
    """The request could not be sent in the time given."""


class Exchange:
    """One request and its answer, as the connection that carries it knows them."""

    def __init__(self, limits: TimeLimits) -> None:
        self.limits = limits
        #: The socket that the answer comes from, once there is one.
        self.sock: Any = None


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def exchange(limits: TimeLimits) -> Iterator[Exchange]:
    """Let the connection that is used within keep to `limits`, and give what it knows of the exchange."""
    mine = Exchange(limits)
    token = _exchange.set(mine)
    try:
        yield mine
    finally:
        _exchange.reset(token)


def seconds_left(seconds: float, deadline: float | None) -> float:
    """Return the shorter of `seconds` and the time to the deadline. Raises TimeoutError if it has passed."""
    if deadline is None:
        return seconds
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the deadline has passed")
    return min(seconds, remaining)


class _TimedReader(io.RawIOBase):
    """What an answer is read from: each read waits no longer than the call has time for."""

    def __init__(self, raw: Any, sock: Any, limits: TimeLimits | None) -> None:
        self._raw = raw
        self._sock = sock
        self._limits = limits if limits is not None and limits.deadline is not None else None
        #: Whether one byte of the answer has come.
        self.received = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._limits is not None:
            self._sock.settimeout(seconds_left(self._limits.read, self._limits.deadline))
        count: int | None = self._raw.readinto(buffer)
        self.received = self.received or bool(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """Passes over every interim answer. http.client knows only 100, and would take 103 for the answer."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, 100 if 101 < status < 200 else status, reason


class _Connection:
    """Mixed into urllib3's connections."""

    sock: Any
    #: How many answers have begun on this connection.
    answers = 0
    #: When it was put into the pool, in seconds since 1970.
    idle_since: float | None = None

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except TimeoutError:
            raise ConnectTimeout from None
        except (HTTPException, ConnectionError) as error:
            raise NotConnected(type(error).__name__) from None
        self.answers = 0
        self._allow_time_to_send()

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._allow_time_to_send()
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
        except TimeoutError:
            # A service that refuses a body may answer early and stop reading; its answer says more.
            if self.sock is None or not wait_for_read(self.sock, timeout=0):
                raise SendTimeout from None

    def response_class(self, sock: Any, *args: Any, **kwargs: Any) -> HTTPResponse:
        response = _Answer(sock, *args, **kwargs)
        mine = _exchange.get()
        if mine is not None:
            mine.sock = sock
        self._reader = _TimedReader(response.fp.detach(), sock, mine.limits if mine else None)
        response.fp = io.BufferedReader(self._reader)
        return response

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            response = super().getresponse(*args, **kwargs)  # type: ignore[misc]
        except ConnectionError:
            if self.answers and not self._reader.received:
                raise DeadConnection from None
            raise
        self.answers += 1
        return response

    def _allow_time_to_send(self) -> None:
        """Give the upload the time for reading: urllib3 would leave it the time for connecting."""
        mine = _exchange.get()
        if self.sock is not None and mine is not None:
            self.sock.settimeout(seconds_left(mine.limits.read, mine.limits.deadline))


class _Pool:
    """Mixed into urllib3's pools."""

    def _get_conn(self, *args: Any, **kwargs: Any) -> Any:
        connection = super()._get_conn(*args, **kwargs)  # type: ignore[misc]
        idle_since = connection.idle_since
        if idle_since is not None and not 0 <= time.time() - idle_since <= MAX_IDLE:
            connection.close()  # it connects again when it is used
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.idle_since = time.time()
        super()._put_conn(connection)  # type: ignore[misc]


class _HTTPConnection(_Connection, HTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_Connection, HTTPSConnection):  # type: ignore[misc]
    pass


class _HTTPPool(_Pool, HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


#: For `PoolManager.pool_classes_by_scheme`.
POOL_CLASSES = {"http": _HTTPPool, "https": _HTTPSPool}
