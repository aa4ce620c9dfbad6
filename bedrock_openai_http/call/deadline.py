"""One deadline over several calls.

This module has no clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from ..values import arguments
from ..values.errors import APITimeoutError


class Deadline:
    """What is left of a number of seconds from now on, by `clock`; None for no limit. Raises ConfigurationError."""

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        self._clock, self._began = clock, clock()
        self._until = None if seconds is None else self._began + arguments.seconds("deadline", seconds)

    def left(self) -> float | None:
        """Return the seconds that are left; None without a limit. Raises APITimeoutError if none are."""
        if self._until is None:
            return None
        left = self._until - self._clock()
        if left > 0:
            return left
        failure = APITimeoutError("the deadline over all calls has passed", phase="deadline")
        failure.elapsed = self.elapsed
        raise failure

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began
