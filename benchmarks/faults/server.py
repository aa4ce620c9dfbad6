"""A server on loopback that misbehaves as told: it plays a script over raw sockets, for each request that arrives.

This module knows HTTP as far as reading a request; what is answered, a script says byte for byte.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum


class End(Enum):
    """How a script ends a connection: by FIN, or by RST."""

    CLOSE = "close"
    RESET = "reset"


#: What a script sends: bytes, seconds to wait, or the connection's end.
Step = bytes | float | End


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    #: How many requests the server had got, this one included.
    number: int

    @property
    def converse(self) -> bool:
        """Whether this is boto3's Converse API, not Chat Completions."""
        return "/model/" in self.target

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def prompt(self) -> str:
        content = json.loads(self.body)["messages"][-1]["content"]
        return content if isinstance(content, str) else content[0]["text"]


Script = Callable[[Received], Iterable[Step]]


class FaultServer:
    """Plays `script` on 127.0.0.1 until its `with` block ends. With `read_body` false it answers early."""

    def __init__(self, script: Script, *, read_body: bool = True) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        #: Set once a client has closed a connection.
        self.left = threading.Event()
        self._script = script
        self._read_body = read_body
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    def __enter__(self) -> FaultServer:
        return self

    def __exit__(self, *details: object) -> None:
        self._stopped.set()
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while received := self._receive(connection):
                for step in self._script(received):
                    if step is End.RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if isinstance(step, End):
                        return
                    if isinstance(step, float):
                        self._stopped.wait(step)
                    else:
                        connection.sendall(step)
                if not self._read_body:
                    return
        self.left.set()

    def _receive(self, connection: socket.socket) -> Received | None:
        """Return the next request, or None at the connection's end."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while self._read_body and length and len(body) < int(length[1]):
            body += connection.recv(65536)
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (field.partition(":") for field in fields))
        with self._lock:
            received = Received(method, target, headers, body, len(self.requests) + 1)
            self.requests.append(received)
        return received
