"""Servers on 127.0.0.1 whose connections end, begin or read in ways that `support.RawServer` does not know.

This module checks nothing.
"""

from __future__ import annotations

import contextlib
import socket
import struct

from support import COMPLETION, RawServer, _read_request, http


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
