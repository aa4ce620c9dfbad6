"""A server on 127.0.0.1 that echoes a marker of each prompt, and that fails at random in every way it knows.

What it does to a request is drawn from a seeded generator, and noted under the request's marker with the text that
it had sent, so that the client's side can be compared.

This module knows nothing of the client.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARKER = re.compile(rb"marker-[0-9a-f]{32}")
KEY = "soak-key"

#: What is done to a request, and how often in 1000. The rest is answered at once.
FAULTS = {
    "delay": 60,
    "drip": 40,
    "throttled": 15,
    "unavailable": 25,
    "bad-request": 15,
    "reset-unanswered": 25,
    "black-hole": 2,
    "cut-clean": 40,
    "cut-short": 40,
    "cut-reset": 40,
    "stale": 40,
    "surplus": 40,
    "held": 3,
    "gateway": 15,
    "tls-broken": 15,
}


@dataclass
class Served:
    """What was done to one POST."""

    fault: str
    #: Whether the connection had carried an answer before.
    reused: bool
    #: The text of the answer as far as it was sent.
    text: str = ""


class Hang(Exception):
    """The connection ends here, with a reset if its argument is true."""


class FaultServer:
    """Serves until `close`. `token` is the only session token that is let in; `rotate` changes it."""

    def __init__(self, seed: int, tls: bool) -> None:
        self._random = random.Random(seed)
        self._bundle = ""
        self._context = self._tls_context() if tls else None
        self._lock = threading.Lock()
        self._served: dict[str, list[Served]] = defaultdict(list)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._closed = threading.Event()
        self.token = "token-0"
        self.connections = 0
        self.posts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def facts(self) -> dict[str, Any]:
        """Return where it is, the CA bundle to trust, and what was counted."""
        names = ("token", "connections", "posts")
        return {"url": self._url(), "bundle": self._bundle, **{name: getattr(self, name) for name in names}}

    def _tls_context(self) -> ssl.SSLContext:
        import trustme

        authority = trustme.CA()
        self._bundle = str(Path(tempfile.mkdtemp()) / "bundle.pem")
        authority.cert_pem.write_to_path(self._bundle)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    def _url(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self._listener.getsockname()[1]}"

    def rotate(self) -> str:
        """Let in the next token only, and return it."""
        self.token = f"token-{int(self.token[6:]) + 1}"
        return self.token

    def take(self, marker: str) -> list[Served]:
        """Return what was done to the POSTs with that marker, and forget it."""
        with self._lock:
            return self._served.pop(marker, [])

    def take_each(self, markers: list[str]) -> list[list[Served]]:
        """Return what `take` does for each of the markers."""
        return [self.take(marker) for marker in markers]

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve_plain_or_not, args=(connection,), daemon=True).start()

    def _serve_plain_or_not(self, connection: socket.socket) -> None:
        if self._context is None:
            self._serve(connection)
            return
        with contextlib.suppress(OSError):
            connection.settimeout(60)
            self._serve(self._context.wrap_socket(connection, server_side=True))

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answered = stale = False
        with connection, contextlib.suppress(OSError):
            connection.settimeout(60)
            try:
                while request := _read(connection):
                    served = self._note(request, "stale-closed" if stale else None, answered)
                    if stale:
                        raise Hang(True)
                    self._answer(connection, request, served)
                    answered, stale = True, served.fault == "stale"
            except Hang as end:
                if end.args[0]:
                    # Lingering for no time makes closing a reset.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _note(self, request: bytes, fault: str | None, reused: bool) -> Served:
        found = MARKER.search(request)
        with self._lock:
            self.posts += 1
            if fault is None:
                fault = "ok" if self._may_come_in(request) else "expired"
            if fault == "ok":
                names = [*FAULTS, "ok"]
                fault = self._random.choices(names, [*FAULTS.values(), 1000 - sum(FAULTS.values())])[0]
                if fault == "tls-broken" and self._context is None:
                    fault = "ok"
            served = Served(fault, reused)
            self._served[found[0].decode() if found else ""].append(served)
        return served

    def _may_come_in(self, request: bytes) -> bool:
        return f"Bearer {KEY}".encode() in request or f"Security-Token: {self.token}\r\n".encode() in request

    def _answer(self, connection: socket.socket, request: bytes, served: Served) -> None:
        if served.fault in REFUSALS:
            connection.sendall(REFUSALS[served.fault])
            return
        if served.fault == "black-hole":
            connection.recv(1)  # until the client gives up
            raise Hang(False)
        if served.fault == "reset-unanswered":
            raise Hang(True)
        if served.fault == "held":
            time.sleep(1.0)
            raise Hang(False)
        if served.fault == "tls-broken":
            with contextlib.suppress(OSError):
                os.write(connection.fileno(), POISON)  # no answer to HTTPS, and to HTTP one in its own right
            raise Hang(False)
        if served.fault == "delay":
            time.sleep(0.05)
        found = MARKER.search(request)
        words = [found[0].decode() if found else "", *(f" word-{number}" for number in range(20))]
        steps = list(_stream(words) if b'"stream":true' in request else _whole(words))
        if served.fault == "surplus":
            steps[-1] = (steps[-1][0] + POISON, steps[-1][1])  # in one segment, or record, with the end
        cut = 12 if served.fault.startswith("cut") else None
        for number, (data, text) in enumerate(steps):
            if number == cut:
                self._cut(connection, served, data)
            served.text += text  # before it is sent: the client is quick to compare
            connection.sendall(data)
            if served.fault == "drip":
                time.sleep(0.005)

    def _cut(self, connection: socket.socket, served: Served, data: bytes) -> None:
        """End the answer before `data`, which would come next."""
        if served.fault == "cut-clean":
            with contextlib.suppress(OSError):
                connection.sendall(b"0\r\n\r\n")  # the end of a chunked body, or bytes too few of the other
        elif served.fault == "cut-short":
            connection.sendall(data[:-20])
        else:
            time.sleep(0.05)  # a reset takes with it what the other side has not read yet
        raise Hang(served.fault == "cut-reset")


def _http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "x-amzn-RequestId: soak", "", ""]).encode() + body


#: An answer that nobody has asked for.
POISON = _http("200 OK", b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "POISON"}}]}')

REFUSALS = {
    "gateway": _http("502 Bad Gateway", b"<html>no upstream</html>").replace(b"x-amzn-RequestId", b"x-request-id"),
    "throttled": _http("429 Too Many Requests", b'{"message": "Too many requests"}', "retry-after-ms: 20"),
    "unavailable": _http("503 Service Unavailable", b'{"message": "Try again"}', "x-amz-retry-after: 30"),
    "bad-request": _http("400 Bad Request", b'{"error": {"message": "no", "code": "validation_error"}}'),
    "expired": _http(
        "403 Forbidden", b'{"message": "The token has expired"}', "x-amzn-ErrorType: ExpiredTokenException:"
    ),
}


def _whole(words: list[str]) -> Iterator[tuple[bytes, str]]:
    """Yield a plain answer in pieces; its text has arrived only when all of it has."""
    message = {"role": "assistant", "content": "".join(words)}
    body = {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    data = _http("200 OK", json.dumps(body).encode())
    size = len(data) // 20 + 1
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    for piece in pieces[:-1]:
        yield piece, ""
    yield pieces[-1], "".join(words)


def _stream(words: list[str]) -> Iterator[tuple[bytes, str]]:
    yield (
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-amzn-RequestId: soak\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        ),
        "",
    )
    for word in words:
        body = {"id": "c", "choices": [{"index": 0, "delta": {"content": word}}]}
        yield _chunk(b"data: " + json.dumps(body).encode() + b"\n\n"), word
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield _chunk(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n") + b"0\r\n\r\n", ""


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _read(connection: socket.socket) -> bytes:
    """Return one whole request; b"" at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: *(\d+)", head)
    while found and len(body) < int(found[1]):
        piece = connection.recv(65536)
        if not piece:
            return b""
        body += piece
    return head + b"\r\n\r\n" + body
