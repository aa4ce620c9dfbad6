"""What a fork leaves behind, put right in the child.

The child of `os.fork()` has one thread, and a copy of all else as it was at that moment. A lock that another thread
held is held for ever there; what that thread was changing stays half changed; and for a module that it was loading
Python lets everybody wait.

This module's law: who has a lock is known here and makes it anew in the child, with the state that it guards; and a
fork waits until what this package loads late is loaded. Where there is no fork, nothing of this happens.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Protocol
from weakref import WeakSet


class Inherited(Protocol):
    """What a child of a fork has to make good before it can use it."""

    def after_fork(self) -> None:
        """Make new locks, and whole what another thread may have half changed. Nobody else runs meanwhile."""


# Of the whole process, as forks are: a hook must find everything, wherever it is held. It keeps nothing alive.
_inherited: WeakSet[Inherited] = WeakSet()
# Held by who loads something, and by who forks. A thread may do both: what is loaded may load more, or fork.
_loading = threading.RLock()


def inherit(owner: Inherited) -> None:
    """Have `owner.after_fork()` called in the child of every fork, for as long as somebody else refers to `owner`."""
    _inherited.add(owner)


def in_child(renew: Callable[[], None]) -> None:
    """Have `renew()` called in the child of every fork: for what belongs to a module, and so lives as long as it."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


def loading() -> AbstractContextManager[Any]:
    """Return what an import is to stand in that happens late, within a call: forks wait for its end."""
    _have_forks_wait()
    return _loading


@cache
def _have_forks_wait() -> None:
    # The last hook of this kind is called first. That of `logging`, which nearly every library loads, takes a lock
    # that is needed to load them: it must not be taken while a fork waits.
    import logging  # noqa: F401

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lambda: _loading.acquire(), after_in_parent=lambda: _loading.release())


def _renew() -> None:
    global _loading
    _loading = threading.RLock()
    for owner in list(_inherited):
        owner.after_fork()


in_child(_renew)
if "logging" in sys.modules:
    _have_forks_wait()
