"""What may block, beside the event loop: in a thread of its own, for which nobody waits longer than he wants to.

The threads of the loop's own executor will not do: `asyncio.run` waits for each of them at its end, and a metadata
service that never answers would keep a program from ending.

This module's law: nothing here waits on the loop but by `await`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future as ThreadFuture
from contextlib import suppress
from contextvars import ContextVar, copy_context
from inspect import isawaitable
from typing import Any, TypeVar

Found = TypeVar("Found")


async def aside(work: Callable[[], Found]) -> Found:
    """Return `work()`, which runs in a thread of its own, with the context variables of this task.

    If this is cancelled the thread goes on to its end, but what it has the loop wait for is cancelled as well.
    """
    beside = _Beside(asyncio.get_running_loop())
    try:
        beside.start(work)
        found: Found = await beside.ended
        return found
    finally:
        beside.leave()
        del beside  # it holds what was raised, whose traceback holds this frame


class Awaiting:
    """A plain callable over one of the caller's that may be a coroutine function, to be called within `aside`.

    What it returns to be awaited is awaited on the event loop, while the thread waits.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self) -> Any:
        """Return what the caller's callable gives."""
        return _awaited(self._function())

    def refresh(self) -> None:
        """Call the `refresh` of the caller's, if there is one."""
        refresh = getattr(self._function, "refresh", None)
        if callable(refresh):
            _awaited(refresh())

    def __repr__(self) -> str:
        return "Awaiting()"


class _Beside:
    """Work that runs in a thread beside the loop, and what of it runs on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()
        self.ended: asyncio.Future[Any] = loop.create_future()
        self._waited_for: set[ThreadFuture[Any]] = set()

    def start(self, work: Callable[[], Any]) -> None:
        context = copy_context()
        context.run(_beside.set, self)
        try:
            threading.Thread(target=context.run, args=(self._run, work), daemon=True).start()
        except RuntimeError:  # no more threads can be had: better late than not at all
            context.run(self._run, work)

    def _run(self, work: Callable[[], Any]) -> None:
        found = failure = None
        try:
            found = work()
        except BaseException as error:  # noqa: BLE001  (it is raised in the task that waits)
            # Without its traceback, whose frames lead to what the work had opened.
            failure = error.with_traceback(None)
            if isinstance(error, StopIteration):  # which would end the coroutine of the task
                failure = RuntimeError("StopIteration")
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._end, found, failure)

    def _end(self, found: Any, failure: BaseException | None) -> None:
        if self.ended.done():
            return
        if failure is None:
            self.ended.set_result(found)
        else:
            self.ended.set_exception(failure)

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        """Return what `awaitable` gives on the loop; called in the thread. Raises RuntimeError if that cannot be."""
        found: list[Any] = []
        waiting = _put(awaitable, found)
        try:
            if self.ended.done():
                raise RuntimeError("nobody waits for this any more")
            if threading.get_ident() == self._thread:
                raise RuntimeError("there is no thread to wait in")
            waited_for = asyncio.run_coroutine_threadsafe(waiting, self._loop)
        except RuntimeError:  # also where the loop is closed
            _leave(waiting, awaitable)
            raise
        self._waited_for.add(waited_for)
        try:
            waited_for.result()
            return found[0]
        finally:
            self._waited_for.discard(waited_for)

    def leave(self) -> None:
        """Cancel what the loop is still doing for the thread."""
        for waited_for in list(self._waited_for):
            waited_for.cancel()


async def _put(awaitable: Awaitable[Any], found: list[Any]) -> None:
    # Not returned: in its debug mode asyncio writes what a task returns into the log, and this may be a key.
    found.append(await awaitable)


def _leave(*awaitables: Any) -> None:
    """Close what will not be awaited, of which Python would warn."""
    for awaitable in awaitables:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()


_beside: ContextVar[_Beside] = ContextVar("beside")


def _awaited(result: Any) -> Any:
    return _beside.get().wait(result) if isawaitable(result) else result
