"""What stands for Bedrock behind the documented programs, and sees when they leave. This module checks nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from support import CHUNK, CHUNKED_STREAM, RawServer, http_chunk

#: Seconds within which Bedrock's stream must have ended: docs/async.md says one, and a busy machine is slow.
GIVE_UP = 5.0


class Upstream(RawServer):
    """Stands for Bedrock, and notes when the other side has ended a connection. It cannot well end one itself: who
    watches it holds it open.
    """

    def __init__(self, script: Callable[[int], Any]) -> None:
        self.ended = threading.Event()
        super().__init__(script)

    def _serve(self, connection: socket.socket) -> None:
        ended = threading.Thread(target=self._watch, args=(connection,), daemon=True)
        self._threads.append(ended)
        ended.start()
        super()._serve(connection)

    def _watch(self, connection: socket.socket) -> None:
        """See the end of the connection, whatever the script waits for."""
        with contextlib.suppress(OSError):
            while not self._stopped.is_set():
                connection.settimeout(None)
                if self.requests and connection.recv(1, socket.MSG_PEEK) == b"":
                    break
                time.sleep(0.005)
        self.ended.set()


def flowing(number: int) -> Iterator[bytes | float]:
    yield CHUNKED_STREAM
    while True:
        yield http_chunk(CHUNK)
        yield 0.005


def silent_after_one(number: int) -> list[bytes | float]:
    return [CHUNKED_STREAM, http_chunk(CHUNK), 30.0]
