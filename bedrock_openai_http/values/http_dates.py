"""Dates as HTTP headers have them (RFC 9110, 5.6.7), as seconds since 1970.

This module reads any text without an error. What is no date it does not guess at; whether a date can be believed is
for who asks.
"""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime


def seconds_of(text: str) -> float | None:
    """Return the moment that a header's date names, in seconds since 1970; None if it is no date."""
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:  # without a zone, or -0000: by UTC, and not by this machine's time zone
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
