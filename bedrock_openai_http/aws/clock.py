"""The difference between this machine's clock and the service's, learned from refusals.

A signature is good for about five minutes, so a machine whose clock is further off has every request refused. The
rule is that of AWS's SDKs (2026): the service's `Date` is compared with the middle of the request; an answer that
came from a cache (`Age`) or took more than 15 minutes says nothing; what was learned is kept for later requests.
Beyond that rule, a date at which the service cannot be is not believed.

This module reads the time and corrects it; who signs asks it for `now`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from ..values.errors import APIStatusError
from ..values.http import Headers
from ..values.http_dates import seconds_of

#: Turns the correction off, as in AWS's SDKs.
OFF_VARIABLE = "AWS_DISABLE_CLOCK_SKEW_CORRECTION"

#: Refusals that a wrong clock can cause, with the seconds that it must be off to be the likely cause. Bedrock says
#: AccessDenied for nearly every refusal.
_LIKELY = {
    "AuthFailure": 240.0,
    "InvalidSignatureException": 240.0,
    "RequestExpired": 240.0,
    "RequestInTheFuture": 240.0,
    "RequestTimeTooSkewed": 240.0,
    "SignatureDoesNotMatch": 240.0,
    "AccessDeniedException": 300.0,
}
_LONGEST_REQUEST = 15 * 60.0

#: Seconds that a clock may be off without AWS minding: what has ended by less has perhaps not ended yet.
ALLOWED_SKEW = 300.0

#: Between which moments the service can be, in seconds since 1970: the years 2020 (Bedrock is younger) to 2099.
_SERVICE_TIMES = (1577836800.0, 4102444800.0)
#: The last second that a datetime can hold, in seconds since 1970.
_LAST_SECOND = 253402300799.0
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class ServiceClock:
    """Tells the service's time. One for each client; shared by its threads.

    `wall` gives the machine's time in seconds since 1970.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self.wall = wall
        #: Seconds that the service's clock is ahead of this machine's.
        self.skew = 0.0

    def now(self) -> datetime:
        """Return the service's time, as far as it is known, within the years 1970 to 9999."""
        seconds = self.wall() + self.skew
        if not 0 <= seconds <= _LAST_SECOND:  # a clock that far off is corrected by the refusal that it leads to
            seconds = _LAST_SECOND if seconds > 0 else 0.0
        return _EPOCH + timedelta(seconds=seconds)

    def learn(self, failure: APIStatusError, sent: float, received: float) -> bool:
        """Take the service's time from a refusal; True if our clock was so far off that this was its cause.

        `sent` and `received` are what `wall` said before and after the request.
        """
        threshold = _LIKELY.get(failure.type or "")
        if threshold is None or failure.response is None or correction_is_off():
            return False
        there = service_time(failure.response.headers)
        if there is None or not 0 <= received - sent <= _LONGEST_REQUEST:
            return False
        if not _SERVICE_TIMES[0] <= there < _SERVICE_TIMES[1]:
            return False
        skew = there - (sent + received) / 2
        if abs(skew - self.skew) < threshold:
            return False
        self.skew = skew
        return True


def correction_is_off() -> bool:
    """Tell whether OFF_VARIABLE turns the correction off."""
    return os.environ.get(OFF_VARIABLE, "").strip().lower() == "true"


def service_time(headers: Headers) -> float | None:
    """Return the time of an answer by the service's clock, in seconds since 1970; None if it does not say."""
    return None if "age" in headers else seconds_of(headers.get("date", ""))
