"""What several test files share. This module checks nothing."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from bedrock_openai_http import ChatCompletionRequest, Client, Headers, SystemMessage, UserMessage
from bedrock_openai_http.transport.drive import MACHINE
from bedrock_openai_http.values.http import HTTPRequest, TimeLimits

MODEL = "openai.gpt-oss-20b-1:0"
PROMPT = "SECRET prompt"
KEY = "bedrock-api-key-SECRET"
REQUEST = ChatCompletionRequest(MODEL, [SystemMessage("Be brief."), UserMessage(PROMPT)])
COMPLETION = (
    b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}'
)
CHUNK = b'data: {"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": null}]}\n\n'
DONE = b"data: [DONE]\n\n"


class RecordedResponse:
    """An open response over given pieces, which notes how it was let go."""

    status_code = 200
    headers = Headers({"x-amzn-RequestId": "r-1", "content-type": "text/event-stream"})

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.closed: list[bool] = []

    def pieces(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self, *, drain: bool = False) -> None:
        self.closed.append(drain)


class Outbox:
    """A transport that notes what would be sent, and answers with a completion."""

    def __init__(self) -> None:
        self.sent: list[HTTPRequest] = []

    def open(self, request: HTTPRequest, limits: TimeLimits) -> RecordedResponse:
        self.sent.append(request)
        return RecordedResponse(COMPLETION)

    def close(self) -> None: ...


class RawServer:
    """A server on 127.0.0.1 that answers each request with given bytes, piece by piece, and then may hang up.

    `script` is called with the number of the request (from 1) and returns what to send: bytes, seconds to wait
    as a float, or None to close the connection.
    """

    def __init__(self, script: Callable[[int], Iterable[bytes | float | None]]) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *details: object) -> None:
        self._stopped.set()
        # Shutting down wakes the threads that wait in accept and recv.
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while request := _read_request(connection):
                with self._lock:
                    self.requests.append(request)
                    number = len(self.requests)
                for step in self._script(number):
                    if step is None:
                        return
                    if isinstance(step, float):
                        self._stopped.wait(step)
                    else:
                        connection.sendall(step)


#: For `Client(world=...)`: waits between attempts take no time.
NO_WAITS = replace(MACHINE, sleep=lambda seconds: None)


def client_of(server: RawServer, **options: Any) -> Client:
    """Return a client of `server` with an API key."""
    return Client(base_url=server.url, **{"api_key": KEY, **options})


def _read_request(connection: socket.socket) -> bytes:
    """Return one whole request, b"" at the end of the connection, or what has come of a TLS handshake."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
        if data.startswith(b"\x16"):
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: *(\d+)", head)
    while len(body) < (int(found[1]) if found else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(body: bytes, status: str = "200 OK", kind: str = "application/json", length: int | None = None) -> bytes:
    """Return the bytes of an answer with Content-Length."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nx-amzn-RequestId: r-1\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + body


_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-amzn-RequestId: r-1\r\n"
CHUNKED_STREAM = _STREAM + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSING_STREAM = _STREAM + b"Connection: close\r\n\r\n"


def http_chunk(data: bytes) -> bytes:
    """Return `data` as one HTTP chunk; the last one for b""."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunk(content: str | None = None, **choice: Any) -> bytes:
    """Return one chunk of a stream that adds `content`, with other fields of its choice, as an event."""
    body = {"id": "c", "created": 1, "model": "m", "object": "chat.completion.chunk"}
    delta = {} if content is None else {"content": content}
    choices = [{"index": 0, "delta": delta, "finish_reason": None, **choice}]
    return b"data: " + json.dumps({**body, "choices": choices}).encode() + b"\n\n"


def endless(number: int) -> Iterator[bytes | float]:
    """A stream that goes on until the client hangs up."""
    yield CHUNKED_STREAM
    while True:
        yield http_chunk(CHUNK)
        yield 0.005


class HangUps(RawServer):
    """A server of endless streams that notes when a client hangs up."""

    def __init__(self, script: Callable[[int], Any] = endless, *rest: Any) -> None:
        self.hung_up = threading.Semaphore(0)
        super().__init__(script, *rest)

    def _serve(self, connection: Any) -> None:
        super()._serve(connection)
        self.hung_up.release()
