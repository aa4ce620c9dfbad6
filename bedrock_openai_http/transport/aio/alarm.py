"""An alarm for one wait of a task, which can be moved while the task waits.

`asyncio.timeout` is that from Python 3.11 on. Before, what stands in for it cancels the task that moves it, which may
be another than the one that waits.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

#: What the cancellation by an alarm says of itself.
_RUNG = "the alarm has rung"


#: Turns of the loop that are waited for when the moment has come: where something has held the loop up, what came in
#: time is still on its way to the task.
TURNS = 5


class Alarm:
    """Within its `with` block the task is woken by a TimeoutError when the moment has come, on the loop's clock.

    A task that somebody else cancels at the same moment stays cancelled; before Python 3.11, which counts no
    cancellations, only if that came first.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        self._loop = loop
        self._moment = moment
        self._has_rung = False
        self._turns = TURNS

    def __enter__(self) -> Alarm:
        self._task = asyncio.current_task()
        #: How often others want the task cancelled; not counted before Python 3.11.
        self._cancelling = getattr(self._task, "cancelling", int)()
        self._handle: asyncio.Handle = self._loop.call_at(self._moment, self._ring)
        return self

    def move(self, moment: float) -> None:
        """Ring at another moment, if it has not rung yet. Any task may ask for that."""
        # For a later moment the timer stays as it is: it nearly always ends with the wait, and a new one costs more.
        if moment < self._moment and not self._has_rung:
            self._handle.cancel()
            self._handle = self._loop.call_at(moment, self._ring)
        self._moment = moment

    def _ring(self) -> None:
        if self._loop.time() < self._moment:
            self._turns, self._handle = TURNS, self._loop.call_at(self._moment, self._ring)
            return
        if self._turns:
            self._turns, self._handle = self._turns - 1, self._loop.call_soon(self._ring)
            return
        self._has_rung = True
        if self._task is not None:
            self._task.cancel(_RUNG)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._handle.cancel()
        task, self._task = self._task, None  # it holds every frame of the call
        if self._has_rung and self._is_mine(task, error) and kind is asyncio.CancelledError:
            raise TimeoutError from None

    def _is_mine(self, task: Any, error: BaseException | None) -> bool:
        """Tell whether nobody else wants the task cancelled."""
        if hasattr(task, "uncancel"):
            return bool(task.uncancel() <= self._cancelling)
        return error is not None and error.args == (_RUNG,)
