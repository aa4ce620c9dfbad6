"""Servers of endless streams that note when a client hangs up, plain or over TLS. This module checks nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from peers import TLSServer
from support import CHUNK, CHUNKED_STREAM, RawServer, http_chunk


def endless(number: int) -> Iterator[bytes | float]:
    """A stream that goes on until the client hangs up."""
    yield CHUNKED_STREAM
    while True:
        yield http_chunk(CHUNK)
        yield 0.005


class HangUps(RawServer):
    """Notes the end of each connection."""

    def __init__(self, script: Callable[[int], Any] = endless, *rest: Any) -> None:
        self.hung_up = threading.Semaphore(0)
        super().__init__(script, *rest)

    @staticmethod
    def of(kind: str, files: tuple[Path, Path]) -> HangUps:
        return HangUps() if kind == "plain" else TLSHangUps(endless, files)

    def _serve(self, connection: Any) -> None:
        super()._serve(connection)
        self.hung_up.release()


class TLSHangUps(HangUps, TLSServer):
    """The same over TLS."""
