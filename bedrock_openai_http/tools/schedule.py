"""Which calls of a turn are run, and when.

This module's law: they begin in order, no more at once than may be, and none after one has failed or time is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..call.deadline import Deadline
from ..values.tool_run import ToolError
from . import told
from .toolbox import Prepared

#: What came of a call: the text for the model, or what was raised; None for one that was not run.
Outcome: TypeAlias = str | Exception | None


class Schedule:
    """The calls of a turn, on their way. After the `deadline` none begins."""

    def __init__(self, calls: Sequence[Prepared], deadline: Deadline, most: int) -> None:
        self.calls = calls
        self._outcomes: list[Outcome] = [None] * len(calls)
        self._deadline, self.most = deadline, most
        self._next = self._running = 0
        self._failed = False

    def begin(self) -> int | None:
        """Return the place of a call that is to begin now; None where there is none, until another has ended."""
        is_full = self._running == self.most or self._next == len(self.calls)
        if is_full or self._failed or not self._deadline.is_time_left():
            return None
        self._next += 1
        self._running += 1
        return self._next - 1

    def end(self, place: int, outcome: str | Exception) -> None:
        """Take note of what came of a call that has begun."""
        self._outcomes[place] = outcome
        self._running -= 1
        self._failed = self._failed or is_failure(outcome)

    def taken(self) -> list[Outcome]:
        """Return what came of each call, in order, and forget it: what a tool has raised leads back to who drives.

        Of a call that was broken off it is `BROKEN_OFF`.
        """
        outcomes, self._outcomes = self._outcomes, []
        return [
            told.BROKEN_OFF if outcome is None and place < self._next else outcome
            for place, outcome in enumerate(outcomes)
        ]


def is_failure(outcome: Outcome) -> bool:
    """Tell whether what came of a call ends the run: an exception that is not for the model."""
    return isinstance(outcome, Exception) and not isinstance(outcome, ToolError)
