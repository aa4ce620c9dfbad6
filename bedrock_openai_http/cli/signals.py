"""Signals that must not come between two steps: Ctrl-C, and that the terminal was closed.

This module sends none, and changes what they do for a block only.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unheeded(*names: str) -> Iterator[None]:
    """Let these signals pass without effect within the block, as far as the platform has them."""
    kinds = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # A handler that does nothing, for what is ignored stays ignored in a program that is started too.
    before = {kind: signal.signal(kind, lambda *_: None) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
