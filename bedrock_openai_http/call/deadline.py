"""One deadline over several calls.

This module has no clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from ..values import arguments
from ..values.errors import APITimeoutError


class Deadline:
    """What is left of a number of seconds from now on, by `clock`; None for no limit. Raises ConfigurationError.

    `each` is how many seconds each call may take, whatever is left; None for no limit.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float], each: float | None = None) -> None:
        self._clock, self._each, self._began = clock, each, clock()
        self._until = None if seconds is None else self._began + arguments.seconds("deadline", seconds)

    def left(self) -> float | None:
        """Return the seconds that the next call has; None for no limit. Raises APITimeoutError if none are left."""
        if self._until is None:
            return self._each
        left = self._until - self._clock()
        if left > 0:
            return left if self._each is None else min(left, self._each)
        failure = APITimeoutError("the deadline over all calls has passed", phase="deadline")
        failure.elapsed = self.elapsed
        raise failure

    def is_time_left(self) -> bool:
        """Tell whether the deadline has not passed."""
        return self._until is None or self._clock() < self._until

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began
