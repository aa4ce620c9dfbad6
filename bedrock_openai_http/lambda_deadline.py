"""The time that an AWS Lambda invocation has left, as a deadline for a call.

This module knows one method of the Lambda context: `get_remaining_time_in_millis()`.
"""

from __future__ import annotations

from typing import Protocol

from .errors import ConfigurationError


class LambdaContext(Protocol):
    """What Lambda gives a handler as its second argument, as far as it matters here."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation is ended."""


def lambda_deadline(context: LambdaContext, *, margin: float = 1.0) -> float:
    """Return the seconds that a call may take so that `margin` seconds are left for the handler's own end.

    Give it as `deadline=` to a call. Where less than the margin is left, it is a hundredth of a second: the call
    then fails at once, with an exception of ours and in time. Raises ConfigurationError for a margin below 0.
    """
    if not 0 <= margin < float("inf"):
        raise ConfigurationError("margin: must be a number of seconds, 0 or more")
    return max(0.01, context.get_remaining_time_in_millis() / 1000 - margin)
