"""Servers of endless streams that note when a client hangs up, plain or over TLS. This module checks nothing."""

from __future__ import annotations

from pathlib import Path

from peers import TLSServer
from support import HangUps, endless


class TLSHangUps(HangUps, TLSServer):
    """Notes the end of each connection over TLS."""


def hang_ups(kind: str, files: tuple[Path, Path]) -> HangUps:
    return HangUps() if kind == "plain" else TLSHangUps(endless, files)
