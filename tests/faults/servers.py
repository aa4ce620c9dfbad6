"""Servers on 127.0.0.1 whose connections end, begin or read in ways that `support.RawServer` does not know.

Also the streams that a caller leaves: one without an end, and one that falls silent.

This module checks nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peers import TLSServer
from support import CHUNK, CHUNKED_STREAM, COMPLETION, PROMPT, RawServer, _read_request, http, http_chunk


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


def one_and_silence(number: int) -> list[bytes | float]:
    return [CHUNKED_STREAM, http_chunk(CHUNK), 30.0]


class BrokenTLS(TLSServer):
    """Answers the first `answers` requests of a connection over TLS, takes the next, and then breaks TLS itself.

    `breakage` is sent below TLS, where a record is expected.
    """

    def __init__(self, breakage: bytes, files: tuple[Path, Path], *, answers: int = 0, answer: bytes = b"") -> None:
        self._breakage, self._answers, self._answer = breakage, answers, answer
        super().__init__(lambda number: [], files)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
            self._open.append(secured)
            for _ in range(self._answers):
                self.requests.append(_read_request(secured))
                secured.sendall(self._answer)
            if request := _read_request(secured):
                self.requests.append(request)
                os.write(secured.fileno(), self._breakage)
                self._stopped.wait(5)


class AlertingTLS(TLSServer):
    """Takes a request over TLS, and ends it with a fatal alert, as a TLS stack does that cannot read a record."""

    def __init__(self, files: tuple[Path, Path], version: ssl.TLSVersion) -> None:
        super().__init__(lambda number: [], files)
        self._context.maximum_version = version

    def _serve(self, connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(incoming, outgoing, server_side=True)

        def pumped(step: Callable[[], Any]) -> Any:
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    pass
                finally:
                    connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))

        with connection, contextlib.suppress(OSError):
            pumped(tls.do_handshake)
            request = b""
            while PROMPT.encode() not in request:
                request += pumped(lambda: tls.read(65536))
            self.requests.append(request)
            incoming.write(b"\x17\x03\x03\x00\x20" + b"\0" * 32)
            with contextlib.suppress(ssl.SSLError):
                pumped(lambda: tls.read(1))
            self._stopped.wait(5)
