"""What a call asks to be done: the values that the generators of `walk` yield, and what each is answered with.

A driver (`transport.drive`) does it and sends back what came of it, or throws the failure of ours that it became. So
a blocking driver and an asynchronous one share every decision of a call.

This module holds plain values; it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ..values.http import HTTPRequest, TimeLimits


class Send(NamedTuple):
    """Send the request. Answered with its open response; thrown: APIConnectionError, ConfigurationError."""

    request: HTTPRequest
    limits: TimeLimits


class ReadAll(NamedTuple):
    """Read `opened`, what Send was answered with, to its end and let its connection go: the whole HTTPResponse.

    Thrown: what reading it raises, and ResponseFormatError beyond `limit` bytes (`answer.WholeBody` counts them).
    """

    opened: Any
    limit: int


class Ask(NamedTuple):
    """Call `look_up`, which may block: single sign-on, a metadata service, a callable of the user's.

    Answered with what it returns. The driver chooses the thread: `is_at_hand` tells whether it surely does not block.
    """

    look_up: Callable[[], Any]
    is_at_hand: Callable[[], bool] = lambda: False


class Sleep(NamedTuple):
    """Wait for so many seconds. Answered with nothing of use."""

    seconds: float


Effect: TypeAlias = Send | ReadAll | Ask | Sleep
