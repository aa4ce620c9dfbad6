"""How far a run may go: in turns, in time, and in doing the same again.

This module's law: a limit that is reached is one error of ours, which says what was reached and what helps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ..values import arguments
from ..values.completion import ChatCompletion
from ..values.errors import APITimeoutError, ToolLoopError

#: In how many turns the same call may fail.
_SAME = 3
#: The greatest number of turns, and of calls at once: far beyond any use.
_MOST = 1_000_000


class Limits:
    """The limits of one run, of which `clock` gives the time in seconds. Raises ConfigurationError."""

    def __init__(
        self, *, max_turns: int, max_concurrency: int, deadline: float | None, clock: Callable[[], float]
    ) -> None:
        self.max_turns = arguments.integer("max_turns", max_turns, 1, _MOST, "turns")
        self.max_concurrency = arguments.integer("max_concurrency", max_concurrency, 1, _MOST, "calls")
        seconds = None if deadline is None else arguments.seconds("deadline", deadline)
        self._clock, self._began = clock, clock()
        self._until = None if seconds is None else self._began + seconds
        self._failures: Counter[tuple[str, str]] = Counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def left(self) -> float | None:
        """Return the seconds that are left; None without a deadline. Raises APITimeoutError if it has passed."""
        if self._until is None:
            return None
        left = self._until - self._clock()
        if left <= 0:
            failure = APITimeoutError("the deadline of the run has passed", phase="deadline")
            failure.elapsed = self.elapsed
            raise failure
        return left

    def is_time_left(self) -> bool:
        """Tell whether the deadline has not passed."""
        return self._until is None or self._clock() < self._until

    def is_repeated(self, failing: Iterable[tuple[str, str]]) -> bool:
        """Take note of the calls of a turn that failed, by name and words; tell whether one has failed too often."""
        found = set(failing)
        self._failures.update(found)
        return any(self._failures[each] >= _SAME for each in found)

    def error(self, reason: str, message: str, advice: str, completion: ChatCompletion) -> ToolLoopError:
        """Return the error of a run that ends after `completion`."""
        error = ToolLoopError(message, reason=reason, request_id=completion.request_id)
        error.attempts, error.response, error.elapsed = completion.attempts, completion.response, self.elapsed
        error.advice = advice
        return error


def is_cut(completion: ChatCompletion) -> bool:
    """Tell whether an answer was cut at its limit in such a way that the run cannot go on: in its calls, or empty."""
    if completion.finish_reason != "length":
        return False
    message = completion.choices[0].message
    return bool(message.tool_calls) or not (message.text or message.refusal)


def cut_advice(completion: ChatCompletion) -> str:
    """Return what helps where an answer was cut at its limit."""
    usage = completion.usage
    spent = usage.completion_tokens_details.get("reasoning_tokens") if usage else None
    if type(spent) is int and spent > 0 and usage is not None:
        where = f"{spent} of its {usage.completion_tokens} tokens went into reasoning"
    elif completion.reasoning:
        where = "it had begun with reasoning, which counts too"
    else:
        return "Raise max_completion_tokens."
    return f"Raise max_completion_tokens, or lower reasoning_effort: {where}."
