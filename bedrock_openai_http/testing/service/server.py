"""HTTP/1.1 as a LocalEndpoint needs it: bodies read whole, answers sent whole or piece by piece, all bounded.

This module knows nothing of Bedrock. Its server listens on 127.0.0.1 only, and when it is closed it ends
every connection and waits for the threads, so that nothing of it outlives it.
"""

from __future__ import annotations

import io
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .heads import fields_flaw, request_line_flaw

#: Seconds that a connection may be silent, between requests or within one.
IDLE_SECONDS = 60.0

#: How long a line of a request's head may be, in bytes, and how many header lines there may be, one too many each.
LONGEST_LINE = 65537
MOST_HEADERS = 100

#: Seconds that `close` waits for requests under way.
GRACE_SECONDS = 5.0

#: Bytes of a refused body that are read and thrown away, so that the client can finish and read the answer.
DISCARD_LIMIT = 256_000_000


class BodyError(Exception):
    """A request body that is not read; `status` says why, as an HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


class LoopbackServer(ThreadingHTTPServer):
    """A threading HTTP server on 127.0.0.1 that can be closed while clients are still connected.

    It calls `respond` with the connection for each request, in the connection's own thread. Port 0 takes any
    free port. Raises OSError if the port is taken.
    """

    #: Connections that may wait to be accepted; the default of 5 makes a burst of clients wait for a second.
    request_queue_size = 128
    #: A second server on the same port is an error, not a second choice for the kernel.
    allow_reuse_port = False

    def __init__(
        self, port: int, respond: Callable[[Connection], None], clock: Callable[[], float] = time.time
    ) -> None:
        self.respond = respond
        self.clock = clock
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._pid = os.getpid()
        super().__init__(("127.0.0.1", port), Connection)
        self._loop = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._loop.start()

    def server_bind(self) -> None:
        """Bind without the look-up of the machine's name that HTTPServer makes, which may be slow."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection in a thread of its own."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """End one connection."""
        self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a traceback of a defect; a client that goes away in mid-answer is none."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop listening, end every connection, and wait a few seconds for the threads.

        In the child of a fork, where none of the threads is, only the child's copy of the listening socket is closed.
        """
        if os.getpid() != self._pid:
            self.server_close()
            return
        closing = threading.Thread(target=self.shutdown, daemon=True)
        closing.start()
        with suppress(OSError):  # Wakes the loop, which would look only after its poll interval.
            socket.create_connection(("127.0.0.1", self.server_port), timeout=1).close()
        closing.join()
        self._loop.join()
        self.server_close()
        deadline = time.monotonic() + GRACE_SECONDS
        open_connections = dict(self._connections)
        for connection in open_connections:
            with suppress(OSError):  # It may have ended by itself just now.
                connection.shutdown(socket.SHUT_RDWR)
        for thread in open_connections.values():
            thread.join(max(0.0, deadline - time.monotonic()))


class Connection(BaseHTTPRequestHandler):
    """One client's connection: reads requests, and offers what is needed to answer them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: LoopbackServer

    def handle_one_request(self) -> None:
        """Read one request and answer it, whatever its method."""
        self.raw_requestline = self.rfile.readline(LONGEST_LINE)
        if self.raw_requestline in (b"\r\n", b"\n"):  # RFC 9112, 2.2: one more line break after the last body
            self.raw_requestline = self.rfile.readline(LONGEST_LINE)
        if not 0 < len(self.raw_requestline) < LONGEST_LINE or not self.parse_request():
            self.close_connection = True
            return
        self.server.respond(self)

    def parse_request(self) -> bool:
        """Read the head, and tell whether it is one; if it is none, 400 has been answered."""
        flaw = request_line_flaw(self.raw_requestline)
        if flaw is not None:  # said at once: it may be TLS, after which no header lines come
            return self._refuse_head(flaw)
        lines = self._header_lines()
        if lines is None:
            return False  # the client went away
        is_too_much = len(lines) > MOST_HEADERS or (lines and len(lines[-1]) >= LONGEST_LINE)  # http.server says 431
        flaw = None if is_too_much else fields_flaw(lines, self.raw_requestline)
        if flaw is not None:
            return self._refuse_head(flaw)
        body, self.rfile = self.rfile, io.BytesIO(b"".join([*lines, b"\r\n"]))
        try:
            return super().parse_request()
        finally:
            self.rfile = body

    def _refuse_head(self, flaw: str) -> bool:
        self.requestline, self.command, self.request_version = "", "", self.protocol_version
        self.close_connection = True
        self.send_error(400, "Bad Request", flaw)
        return False

    def _header_lines(self) -> list[bytes] | None:
        """Return the header lines without the blank one after them, and no more than http.server will refuse."""
        lines: list[bytes] = []
        while len(lines) <= MOST_HEADERS:
            line = self.rfile.readline(LONGEST_LINE)
            if line in (b"\r\n", b"\n"):
                break
            if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                return None
            lines.append(line)
            if len(line) >= LONGEST_LINE:
                break
        return lines

    @property
    def target(self) -> str:
        """The request target as sent; `path` is not, it has lost leading slashes."""
        return self.requestline.split()[1]

    def read_body(self, limit: int) -> bytes:
        """Return the whole request body. Raises BodyError if it cannot be taken or is over `limit` bytes."""
        length = self._announced_length()
        if length > limit:
            self.close_connection = True
            raise BodyError(413, f"The request body is longer than {limit} bytes.")
        if length and self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the client went away in the middle of the body")
        return body

    def _announced_length(self) -> int:
        lengths = ",".join(value.strip(" \t") for value in self.headers.get_all("Content-Length", ["0"]))
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise BodyError(411, "A Content-Length header is required; chunked request bodies are not read here.")
        if not re.fullmatch("[0-9]{1,18}", lengths):
            self.close_connection = True
            raise BodyError(400, "The Content-Length header is not one number of bytes.")
        return int(lengths)

    def handle_expect_100(self) -> bool:
        """Put the invitation to send the body off until `read_body` knows that it wants it."""
        return True

    def send_whole(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send one answer with its length."""
        self._send_head(status, {**headers, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def start_stream(self, status: int, headers: dict[str, str]) -> None:
        """Send the head of an answer whose body follows in pieces."""
        self._chunked = self.request_version >= "HTTP/1.1"
        if self._chunked:
            headers = {**headers, "Transfer-Encoding": "chunked"}
        else:
            self.close_connection = True
        self._send_head(status, headers)

    def _send_head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()

    def send_piece(self, piece: bytes) -> None:
        """Send one piece of the body at once; an empty one ends the body."""
        if self._chunked:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        self.wfile.write(piece)

    def finish(self) -> None:
        """End the connection so that a client that is still sending can read the answer first."""
        super().finish()
        # Closing with bytes unread makes the kernel send a reset, which may overtake the answer.
        with suppress(OSError):  # The client may be gone already.
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            left = DISCARD_LIMIT
            while left > 0 and (discarded := len(self.connection.recv(65536))):
                left -= discarded

    def version_string(self) -> str:
        """Keep the versions of Python and of this package out of the answers."""
        return "LocalEndpoint"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header's value by the server's own clock, which a test may have set wrong."""
        return formatdate(self.server.clock() if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing here; what may be logged is known where the request is understood."""
