"""The time that an AWS Lambda invocation has left, as a deadline for a call.

This module knows one method of the Lambda context: `get_remaining_time_in_millis()`.
"""

from __future__ import annotations

from typing import Protocol

from ..values import arguments
from ..values.errors import ConfigurationError


class LambdaContext(Protocol):
    """What Lambda gives a handler as its second argument, as far as it matters here."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation is ended."""


def lambda_deadline(context: LambdaContext, *, margin: float = 1.0) -> float:
    """Return the seconds that a call may take so that `margin` seconds are left for the handler's own end.

    Give it as `deadline=` to a call. Where less than the margin is left, it is a hundredth of a second: the call
    then fails at once, with an exception of ours and in time. Raises ConfigurationError for a margin below 0, and
    for a context that does not tell the time.
    """
    kept = arguments.seconds("margin", margin, zero=True)
    try:
        left = float(context.get_remaining_time_in_millis()) / 1000
    except Exception as error:  # noqa: BLE001  (of what is no context anything can come out)
        failure = ConfigurationError(f"context: must tell its remaining time; {type(error).__name__} was raised")
    else:
        return min(max(0.01, left - kept), arguments.LONGEST_SECONDS)
    raise failure
