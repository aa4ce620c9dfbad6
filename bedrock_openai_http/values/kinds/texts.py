"""Values that JSON has no type for, as texts: moments, dates, times, UUIDs and decimal numbers.

This module's law: a text that one of these takes is taken by no other of them, so that they can be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from ..frozen import frozen


@frozen
class TextKind:
    """How one type stands in a JSON string."""

    #: The `format` of JSON Schema 2020-12 (section 7.3), None where there is none.
    format: str | None
    #: The description of such a value, for the model.
    words: str
    #: What a text must be, for who is told that it is not.
    must: str
    pattern: re.Pattern[str]
    make: Callable[[str], Any]

    def read(self, text: str) -> Any:
        """Return the value of `text`, or None if it is none."""
        if not self.pattern.fullmatch(text):
            return None
        try:
            return self.make(text)
        except (ValueError, ArithmeticError):  # such as the 30th of February
            return None


#: RFC 3339, section 5.6, but that seconds, the offset, and the colon in it may be left out: Python has moments
#: without an offset, and many programs write +0000.
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(:?[0-9]{2}|:[0-9]{2}:[0-9]{2}))?"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?"
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def _for_python_3_10(text: str) -> str:
    """Return a time as `fromisoformat` reads it since 3.7: its offset in digits with colons, its second with six."""
    text = re.sub("[Zz]$", "+00:00", text)
    text = re.sub("([+-][0-9]{2})([0-9]{2})$", r"\1:\2", text)
    return re.sub(r"[.,]([0-9]+)", lambda found: f".{found[1][:6]:0<6}", text)


TEXT_KINDS: Mapping[type, TextKind] = {
    datetime: TextKind(
        "date-time",
        "A date and time of RFC 3339, such as 2026-11-29T18:30:00Z.",
        "a date and time of RFC 3339, such as 2026-11-29T18:30:00Z",
        re.compile(f"{_DATE}[Tt ]{_TIME}"),
        lambda text: datetime.fromisoformat(_for_python_3_10(text)),
    ),
    date: TextKind(
        "date",
        "A date of RFC 3339, such as 2026-11-29.",
        "a date of RFC 3339, such as 2026-11-29",
        re.compile(_DATE),
        date.fromisoformat,
    ),
    time: TextKind(
        "time",
        "A time of day of RFC 3339, such as 18:30:00.",
        "a time of day of RFC 3339, such as 18:30:00",
        re.compile(_TIME),
        lambda text: time.fromisoformat(_for_python_3_10(text)),
    ),
    UUID: TextKind("uuid", "A UUID.", "a UUID of RFC 9562, with its hyphens", re.compile(_UUID), UUID),
    Decimal: TextKind(
        None,
        "A decimal number as a text, such as 12.50.",
        "a decimal number as a string",
        re.compile(_NUMBER),
        Decimal,
    ),
}

#: ISO 8601, section 5.5.2, with a fraction in any part.
_DURATION = r"[+-]?P(?=[0-9T])((N)Y)?((N)M)?((N)W)?((N)D)?(T(?=[0-9])((N)H)?((N)M)?((N)S)?)?"
#: What a text in a `format` of a schema of others must be. UUIDs have formats by their version, too, in pydantic.
FORMATS: Mapping[str, TextKind] = {
    **{str(kind.format): kind for kind in TEXT_KINDS.values() if kind.format},
    **{f"uuid{version}": TEXT_KINDS[UUID] for version in range(1, 9)},
    "duration": TextKind(
        "duration",
        "A duration of ISO 8601, such as P1DT2H.",
        "a duration of ISO 8601, such as P1DT2H",
        re.compile(_DURATION.replace("N", "[0-9]+([.,][0-9]+)?")),
        str,
    ),
}
