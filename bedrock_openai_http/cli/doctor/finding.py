"""One line of what `doctor` has found, as a plain value. This module knows nothing of terminals."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, FAIL, SKIPPED = "ok", "warn", "FAIL", "--"

#: Exit codes, as everywhere on the command line.
REFUSED, UNUSABLE, NO_CREDENTIALS, NO_CONNECTION = 1, 2, 3, 4


@dataclass(frozen=True)
class Finding:
    """What is known of one thing: its value, where that comes from, and what to do if it is wrong."""

    name: str
    #: OK, WARNING, FAIL, or SKIPPED for what was not checked or is not there.
    status: str
    #: A value or a few words, never a secret.
    text: str
    #: The option, variable, profile or default that says so.
    source: str = ""
    #: What to do, where something is to be done.
    fix: str = ""
    #: With FAIL, what the command ends with if nothing failed before.
    exit_code: int = 0


def span(seconds: float) -> str:
    """Return a length of time in its greatest units."""
    minutes = int(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} days"
