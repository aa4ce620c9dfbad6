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
from functools import cache
from typing import Any, Protocol
from weakref import WeakSet

from .errors import ConfigurationError


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


def loading() -> _Loading:
    """Return what an import is to stand in that happens late, within a call: forks wait for its end.

    An import that fails, for a process may be allowed to open nothing more, is a ConfigurationError.
    """
    try:
        _have_forks_wait()
    except (OSError, ImportError) as error:
        raise _unloadable(error) from None
    return _Loading(_loading)


class _Loading:
    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        self._lock.release()
        if isinstance(error, (OSError, ImportError)):
            raise _unloadable(error) from None


def _unloadable(error: OSError | ImportError) -> ConfigurationError:
    why = getattr(error, "strerror", None) or getattr(error, "name", None) or type(error).__name__
    return ConfigurationError(f"a part of what a call needs cannot be loaded: {why}")


@cache
def _have_forks_wait() -> None:
    # The last hook of this kind is called first. That of `logging`, which nearly every library loads, takes a lock
    # that is needed to load them: it must not be taken while a fork waits.
    import logging  # noqa: F401

    if hasattr(os, "register_at_fork"):
        wait = _ForkWait()
        os.register_at_fork(before=wait.begin, after_in_parent=wait.end)


class _ForkWait:
    """Holds the lock while a process forks. A fork that began before it was registered calls its end alone."""

    def __init__(self) -> None:
        self._held: Any = None

    def begin(self) -> None:
        _loading.acquire()
        self._held = _loading

    def end(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()


def _renew() -> None:
    global _loading
    _loading = threading.RLock()
    for owner in list(_inherited):
        owner.after_fork()


in_child(_renew)
if "logging" in sys.modules:
    _have_forks_wait()
