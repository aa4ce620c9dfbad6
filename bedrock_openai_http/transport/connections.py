"""Connections that keep to one call's time, and that carry nobody else's answer.

urllib3's own connections wait for each address and each read anew, so a host with many addresses or a server that
drips would keep a call alive for ever; they give the upload the time that is meant for connecting; and they go back
into the pool with whatever is left over on them.

This module is a part of `requests_transport`: classes for urllib3's pool.
"""

from __future__ import annotations

import math
import socket
import ssl
import sys
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .exchange import Answer, Exchange, current_exchange, seconds_left

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


def dial(mine: Exchange, host: str, port: int, connect: Callable[..., Any]) -> Any:
    """Return what `connect(family, kind, protocol, address)` gives for the first address of `host` that it can reach.

    All addresses share the time to connect, each an equal part of what is left: one that swallows everything leaves
    time for the next. Raises OSError, that of the last address.
    """
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = None
        try:
            share = mine.connecting_left() / (len(addresses) - number)
            sock = connect(family, kind, protocol, address, share)
            sock.settimeout(mine.connecting_left())
            return sock
        except OSError:
            if sock is not None:
                sock.close()
            if number == len(addresses) - 1:
                raise
    raise OSError("the host has no address")


class Connection:
    """Mixed into urllib3's connections."""

    sock: Any
    response_class = Answer
    #: How many answers have begun on this connection.
    answers = 0
    #: Whether all of the last request was sent; if not, its rest would be the beginning of the next one.
    sent_whole = True
    #: When it was put into the pool, in seconds since 1970.
    idle_since: float | None = None

    def connect(self) -> None:
        """Connect, with a proxy's tunnel and the TLS handshake, in the time that there is for all of it."""
        self.answers = 0
        current_exchange().start_connecting()
        super().connect()  # type: ignore[misc]

    def _new_conn(self) -> Any:
        sock = dial(current_exchange(), self._dns_host, self.port, self._connected)  # type: ignore[attr-defined]
        sys.audit("http.client.connect", self, self.host, self.port)  # type: ignore[attr-defined]
        current_exchange().step = "TLS"
        return sock

    def _connected(self, family: int, kind: int, protocol: int, address: Any, seconds: float) -> socket.socket:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():  # type: ignore[attr-defined]
                sock.setsockopt(*option)
            sock.settimeout(seconds)
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def _tunnel(self) -> None:
        mine = current_exchange()
        mine.step = "tunnel"
        self.sock.settimeout(mine.connecting_left())
        super()._tunnel()  # type: ignore[misc]
        mine.step = "TLS"
        self.sock.settimeout(mine.connecting_left())

    def _connect_tls_proxy(self, *args: Any, **kwargs: Any) -> Any:
        current_exchange().step = "proxy TLS"
        sock = super()._connect_tls_proxy(*args, **kwargs)  # type: ignore[misc]
        return _OuterSocket(sock) if self._tunnel_host else sock  # type: ignore[attr-defined]

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request in the time for it. A request that could not be sent is told by `getresponse`."""
        if self.sock is None:
            self.connect()
        mine = current_exchange()
        # urllib3 would leave the upload the time for connecting.
        self.timeout = mine.start_sending(reused=self.answers > 0)
        self.sock.settimeout(self.timeout)
        self.sent_whole = False
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
        except OSError as error:
            # A service that refuses a request may answer early and read no further: its answer says more. Without
            # its traceback, which would keep the request alive.
            mine.send_error = error.with_traceback(None)
        else:
            self.sent_whole = True
            mine.phase = "headers"

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer once its head is there. Raises why the request was not sent, if there is none."""
        mine = current_exchange()
        mine.sock = self.sock
        try:
            response = super().getresponse(*args, **kwargs)  # type: ignore[misc]
        except (OSError, HTTPException) as error:
            unsent, mine.send_error = mine.send_error, None
            if unsent is None or mine.received or _says_why(error):
                raise
        else:
            self.answers += 1
            self._answer: Answer = response._fp if hasattr(response, "_fp") else response
            self._answer.reader.until = mine.limits.deadline
            return response
        try:
            raise unsent
        finally:
            del unsent  # a frame that is part of its own exception's traceback would keep both alive

    def is_reusable(self) -> bool:
        """Close the answer, and tell whether the connection can carry another: nothing must be left over on it."""
        if self.sock is None:
            return True  # it connects again
        answer = self._answer
        is_read = answer.isclosed() or answer.length == 0
        answer.close()
        return is_read and self.sent_whole and not answer.reader.surplus and not has_undelivered(self.sock)


class _OuterSocket:
    """The TLS socket to a proxy, within which urllib3 speaks TLS with the service.

    To read a few bytes of that it reads from here as often as it takes, so a time that is set counts for all of it.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._until: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, seconds: float | None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds
        self._sock.settimeout(seconds)

    def recv(self, *args: Any) -> bytes:
        self._sock.settimeout(self._left())
        data: bytes = self._sock.recv(*args)
        return data

    def sendall(self, *args: Any) -> None:
        self._sock.settimeout(self._left())
        self._sock.sendall(*args)

    def _left(self) -> float | None:
        return None if self._until is None else seconds_left(math.inf, self._until)


def _says_why(error: Exception) -> bool:
    """Tell whether an error is an alert of TLS, or the like, and not just the end of the connection."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def has_undelivered(sock: Any) -> bool:
    """Tell whether decrypted bytes wait in a TLS socket, where `select` does not see them."""
    pending = getattr(getattr(sock, "sslobj", sock), "pending", None)  # urllib3's TLS within TLS has an `sslobj`
    incoming = getattr(sock, "incoming", None)
    return bool((pending and pending()) or (incoming is not None and incoming.pending))


class Pool:
    """Mixed into urllib3's pools."""

    def _get_conn(self, *args: Any, **kwargs: Any) -> Any:
        connection = super()._get_conn(*args, **kwargs)  # type: ignore[misc]
        idle_since = connection.idle_since
        if idle_since is not None and not 0 <= time.time() - idle_since <= MAX_IDLE:
            connection.close()  # it connects again when it is used
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            if not connection.is_reusable():
                connection.close()
            connection.idle_since = time.time()
        super()._put_conn(connection)  # type: ignore[misc]


def real(connection_class: Any) -> Any:
    """Return urllib3's own class: vcrpy, if it records while this is imported, has put another in its place."""
    return getattr(connection_class, "_baseclass", connection_class)


class _HTTPConnection(Connection, real(HTTPConnection)):  # type: ignore[misc]
    pass


class _HTTPSConnection(Connection, real(HTTPSConnection)):  # type: ignore[misc]
    pass


class _HTTPPool(Pool, HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(Pool, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


#: For `PoolManager.pool_classes_by_scheme`.
POOL_CLASSES = {"http": _HTTPPool, "https": _HTTPSPool}
