"""Texts that are moments, dates, times, UUIDs and decimal numbers: what is one, and what is none."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from bedrock_openai_http import ParseError, parse_answer
from bedrock_openai_http.values.kinds.texts import TEXT_KINDS


def east(hours: int, minutes: int = 0, seconds: int = 0) -> timezone:
    return timezone(timedelta(hours=hours, minutes=minutes, seconds=seconds))


#: The first seven are what a grammar of the formats lets a model write; Python 3.10 reads no `Z` by itself.
TEXTS: list[tuple[type, str, Any]] = [
    (datetime, "2021-12-31T11:37:21.983Z", datetime(2021, 12, 31, 11, 37, 21, 983000, timezone.utc)),
    (datetime, "2018-12-08t17:00:00z", datetime(2018, 12, 8, 17, tzinfo=timezone.utc)),
    (datetime, "1534-03-31T01:00:00+16:30", datetime(1534, 3, 31, 1, tzinfo=east(16, 30))),
    (datetime, "2018-12-08 17:00:00-00:00", datetime(2018, 12, 8, 17, tzinfo=timezone.utc)),
    (time, "19:40:13.821Z", time(19, 40, 13, 821000, timezone.utc)),
    (time, "20:00:00-23:00", time(20, tzinfo=east(-23))),
    (UUID, "12345678-1234-5678-1234-56781234ABCD", UUID("12345678-1234-5678-1234-56781234abcd")),
    (datetime, "2026-01-02T03:04", datetime(2026, 1, 2, 3, 4)),  # noqa: DTZ001
    (datetime, "2026-01-02T03:04:05.1234567", datetime(2026, 1, 2, 3, 4, 5, 123456)),  # noqa: DTZ001
    (time, "18:30", time(18, 30)),
    (time, "18:30:05.5", time(18, 30, 5, 500000)),
    (datetime, "2026-01-02T03:04:05+0000", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
    (datetime, "2026-01-02T03:04-0530", datetime(2026, 1, 2, 3, 4, tzinfo=east(-5, -30))),
    (datetime, "2026-01-02T03:04:05+05:30:10", datetime(2026, 1, 2, 3, 4, 5, tzinfo=east(5, 30, 10))),
    (time, "18:30:05.5+0130", time(18, 30, 5, 500000, east(1, 30))),
    (date, "2026-01-02", date(2026, 1, 2)),
    (Decimal, "12.50", Decimal("12.50")),
    (Decimal, "-1e3", Decimal("-1e3")),
    (Decimal, ".5", Decimal("0.5")),
]
NONE: list[tuple[type, list[str]]] = [
    (
        datetime,
        ["2024-01-01", "20240101T000000", "2024-W01-1T00:00:00", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z"],
    ),
    (
        datetime,
        [
            "2026-01-02T25:00:00Z",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+05",
            "2026-01-02T03:04:05Z ",
            "soon",
            "",
        ],
    ),
    (date, ["2026-02-31", "0000-01-01", "20260102", "2026-W01-1", "2026-01-02T00:00:00", "2026-1-2", " 2026-01-02"]),
    (time, ["24:00:01", "12", "1:00:00", "12:00:00 PM", "T12:00:00"]),
    (UUID, ["{12345678-1234-5678-1234-567812345678}", "12345678123456781234567812345678", "urn:uuid:1", "no"]),
    (Decimal, ["NaN", "Infinity", "1,5", "1_0", "\u0661", "", "1e", "1e9999999", "EUR 5", "0x1"]),
]


@pytest.mark.parametrize(("kind", "text", "value"), TEXTS)
def test_a_text_is_its_value(kind: type, text: str, value: Any):
    found = parse_answer(json.dumps({"value": text}), kind)
    assert (type(found), found) == (type(value), value)
    assert not hasattr(found, "utcoffset") or found.utcoffset() == value.utcoffset()


@pytest.mark.parametrize(("kind", "texts"), NONE)
def test_what_is_none_is_an_error_and_not_a_guess(kind: type, texts: list[str]):
    for text in texts:
        with pytest.raises(ParseError) as caught:
            parse_answer(json.dumps({"value": text}), kind)
        assert (caught.value.reason, caught.value.rule, caught.value.json_path) == ("schema", "format", "$.value"), (
            text
        )


def test_a_text_of_one_kind_is_of_no_other():
    """So they can stand in one union, and nothing is guessed."""
    for kind, text, _ in TEXTS:
        takers = [other for other, reader in TEXT_KINDS.items() if reader.read(text) is not None]
        assert takers == [kind]
