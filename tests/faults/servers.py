"""Servers on 127.0.0.1 whose connections end, begin or read in ways that `support.RawServer` does not know.

Also the streams that a caller leaves: one without an end, and one that falls silent.

This module checks nothing.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from support import CHUNK, CHUNKED_STREAM, COMPLETION, RawServer, _read_request, http, http_chunk


def reset_when_closed(connection: socket.socket) -> None:
    """Let the closing of `connection` break it off (RST) instead of ending it (FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class ResettingServer(RawServer):
    """Breaks its connections off where a RawServer ends them."""

    def _serve(self, connection: socket.socket) -> None:
        reset_when_closed(connection)
        super()._serve(connection)


class ForgetfulServer(RawServer):
    """Answers the first request of each connection, and ends the connection (or breaks it off) at the second.

    That is how a connection looks that a gateway or a load balancer has forgotten.
    """

    def __init__(self, *, reset: bool, answer: bytes = http(COMPLETION)) -> None:
        self._reset = reset
        self._answer = answer
        super().__init__(lambda number: [])

    def _serve(self, connection: socket.socket) -> None:
        if self._reset:
            reset_when_closed(connection)
        with connection, contextlib.suppress(OSError):
            self.requests.append(_read_request(connection))
            connection.sendall(self._answer)
            if request := _read_request(connection):
                self.requests.append(request)


def endless(number: int) -> Iterator[bytes | float]:
    """A stream that goes on until the client hangs up."""
    yield CHUNKED_STREAM
    while True:
        yield http_chunk(CHUNK)
        yield 0.005


class HangUps(RawServer):
    """A server of endless streams that notes when a client hangs up."""

    def __init__(self, script: Callable[[int], Any] = endless) -> None:
        self.hung_up = threading.Semaphore(0)
        super().__init__(script)

    def _serve(self, connection: Any) -> None:
        super()._serve(connection)
        self.hung_up.release()


def one_and_silence(number: int) -> list[bytes | float]:
    return [CHUNKED_STREAM, http_chunk(CHUNK), 30.0]
