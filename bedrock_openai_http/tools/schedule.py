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
    """The calls of a turn, on their way. After the `deadline` none begins.

    Who runs a call takes note of what comes of it here, in the thread where it does, before anything else can happen:
    what somebody has in hand is then not lost to Ctrl-C or a cancellation.
    """

    def __init__(self, calls: Sequence[Prepared], deadline: Deadline, most: int) -> None:
        self.calls = calls
        self._outcomes: list[Outcome] = [None] * len(calls)
        #: What is told of each call of which no outcome comes.
        self._else: list[str | None] = [None] * len(calls)
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

    def calling(self, place: int) -> None:
        """Take note that from now on the function of a call may run."""
        self._else[place] = told.BROKEN_OFF

    def returned(self, place: int) -> None:
        """Take note that the function has returned, and that its result is to be put into words."""
        self._else[place] = told.LOST

    def note(self, place: int, outcome: str | Exception) -> None:
        """Take note of what came of a call; once it is `taken` nobody waits for it."""
        outcomes = self._outcomes
        if outcomes:
            outcomes[place] = outcome

    def outcome(self, place: int) -> Outcome:
        """Return what came of a call so far; None where it is not known."""
        return self._outcomes[place]

    def end(self, place: int) -> Outcome:
        """Return what came of a call that has ended, after which another may begin."""
        outcome = self._outcomes[place]
        self._running -= 1
        self._failed = self._failed or is_failure(outcome)
        return outcome

    def taken(self) -> list[Outcome]:
        """Return what came of each call, in order, and forget it: what a tool has raised leads back to who drives.

        Of a call that was broken off it is what is known of it.
        """
        outcomes, self._outcomes = self._outcomes, []
        return [words if outcome is None else outcome for outcome, words in zip(outcomes, self._else, strict=True)]


def is_failure(outcome: Outcome) -> bool:
    """Tell whether what came of a call ends the run: an exception that is not for the model."""
    return isinstance(outcome, Exception) and not isinstance(outcome, ToolError)
