"""How far a run may go: in turns, in time, and in doing the same again.

This module's law: a limit that is reached is one error of ours, which says what was reached and what helps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..call.deadline import Deadline
from ..values import arguments
from ..values.completion import ChatCompletion
from ..values.errors import ToolLoopError
from ..values.guardrail_outcome import FINISH_REASONS

#: In how many turns the same call may fail.
_SAME = 3
#: The greatest number of turns, and of calls at once: far beyond any use.
_MOST = 1_000_000


class Limits:
    """The limits of one run. Raises ConfigurationError for numbers that are none."""

    def __init__(self, deadline: Deadline, *, max_turns: int, max_concurrency: int) -> None:
        self.deadline = deadline
        self.max_turns = arguments.integer("max_turns", max_turns, 1, _MOST, "turns")
        self.max_concurrency = arguments.integer("max_concurrency", max_concurrency, 1, _MOST, "calls")
        self._failures: Counter[tuple[str, str]] = Counter()

    def is_repeated(self, failing: Iterable[tuple[str, str]]) -> bool:
        """Take note of the calls of a turn that failed, by name and words; tell whether one has failed too often."""
        found = set(failing)
        self._failures.update(found)
        return any(self._failures[each] >= _SAME for each in found)

    def too_many_turns(self, completion: ChatCompletion) -> ToolLoopError:
        """Return the error of a run in whose last turn the model still calls tools."""
        words = f"the model still calls tools after {self.max_turns} turns"
        advice = "Raise max_turns, or go on from the messages of .run: the calls of the last turn were run."
        return self._error("max-turns", words, advice, completion)

    def repeated(self, completion: ChatCompletion) -> ToolLoopError:
        """Return the error of a run in which the same call fails again and again."""
        words = f"the model made the same failing call in {_SAME} turns"
        advice = "The messages of .run say what it was told: better words in the ToolError or the schema may help."
        return self._error("repeated", words, advice, completion)

    def tool_failed(self, words: str, cause: Exception, completion: ChatCompletion) -> ToolLoopError:
        """Return the error of a run that an exception of the caller's code ends."""
        advice = "Its __cause__ says why; what a model may be told of is raised as a ToolError."
        error = self._error("tool-failed", words, advice, completion)
        error.__cause__ = cause
        return error

    def cut(self, completion: ChatCompletion) -> ToolLoopError:
        """Return the error of a run whose last answer was cut at its limit of tokens."""
        has_calls = "none of its calls was run" if completion.tool_calls else "it says nothing"
        words = f"the answer was cut at its limit of tokens: {has_calls}"
        return self._error("length", words, _cut_advice(completion), completion)

    def filtered(self, completion: ChatCompletion) -> ToolLoopError:
        """Return the error of a run whose last answer calls tools, and was ended by a guardrail or a filter."""
        words = "a guardrail or a filter ended the answer: none of its calls was run"
        return self._error("guardrail", words, "completion.guardrail of .run says what intervened.", completion)

    def _error(self, reason: str, words: str, advice: str, completion: ChatCompletion) -> ToolLoopError:
        error = ToolLoopError(words, reason=reason, request_id=completion.request_id)
        error.attempts, error.response = completion.attempts, completion.response
        error.elapsed, error.advice = self.deadline.elapsed, advice
        return error


def is_cut(completion: ChatCompletion) -> bool:
    """Tell whether an answer was cut at its limit in such a way that the run cannot go on: in its calls, or empty."""
    if completion.finish_reason != "length" or not completion.choices:
        return False
    message = completion.choices[0].message
    return bool(message.tool_calls) or not (message.text or message.refusal)


def is_filtered(completion: ChatCompletion) -> bool:
    """Tell whether an answer with calls was ended by a guardrail or a filter: what it calls with may be half."""
    return bool(completion.tool_calls) and completion.finish_reason in FINISH_REASONS


def _cut_advice(completion: ChatCompletion) -> str:
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
