"""The service's clock, learned from refusals: scenario tables with a clock of our own."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import formatdate

import pytest

from bedrock_openai_http import Headers, HTTPResponse
from bedrock_openai_http.aws.clock import ServiceClock
from bedrock_openai_http.call.error_answers import error_from_response
from bedrock_openai_http.values.errors import APIStatusError
from bedrock_openai_http.values.http_dates import seconds_of

HERE = 1_800_000_000.0


def refusal(ahead: float, kind: str = "InvalidSignatureException", **headers: str) -> APIStatusError:
    """Return a 403 of a service whose clock is `ahead` of ours, in seconds."""
    given = {"x-amzn-ErrorType": kind, "Date": formatdate(HERE + ahead, usegmt=True), **headers}
    return error_from_response(HTTPResponse(403, Headers(given), b'{"message": "no"}'))


@pytest.mark.parametrize(
    ("failure", "seconds", "skew"),
    [
        (refusal(1200), 0, 1200),
        (refusal(-1200), 0, -1200),
        (refusal(1200), 60, 1170),  # the middle of the request is 30 s after it was sent
        (refusal(1200, "RequestTimeTooSkewed"), 0, 1200),
        (refusal(239), 0, None),  # within what a signature allows: something else is wrong
        (refusal(241), 0, 241),
        (refusal(299, "AccessDeniedException"), 0, None),
        (refusal(301, "AccessDeniedException"), 0, 301),
        (refusal(1200, "ValidationException"), 0, None),
        (refusal(1200, "UnrecognizedClientException"), 0, None),
        (refusal(1200, Age="5"), 0, None),  # a cached answer's Date is old
        (refusal(1200, Date="tomorrow"), 0, None),
        (refusal(1200, Date="Fri, 31 Dec 9999 23:59:59 GMT"), 0, None),
        (refusal(1200, Date="Fri, 31 Dec 9999 23:59:59 -2359"), 0, None),
        (refusal(1200, Date="Mon, 01 Jan 0001 00:00:00 GMT"), 0, None),
        (refusal(1200, Date="Thu, 01 Jan 1970 00:00:00 GMT"), 0, None),
        (refusal(1200, Date="Fri, 15 Jan 2027 08:20:00 +9959"), 0, None),
        (refusal(1200, Date="Fri, 15 Jan 2027 08:20:00 -0000"), 0, 1200),  # it says: by UTC, of no known zone
        (refusal(1200, Date="Fri Jan 15 08:20:00 2027"), 0, 1200),  # as C's asctime writes it (RFC 9110, 5.6.7)
        (refusal(5000), 901, None),
        (refusal(5000), -1, None),  # our own clock was set back meanwhile
    ],
)
def test_what_is_learned(failure: APIStatusError, seconds: float, skew: float | None) -> None:
    """A refusal that a wrong clock explains corrects it; anything else leaves it alone."""
    clock = ServiceClock(lambda: HERE)
    assert clock.learn(failure, HERE, HERE + seconds) is (skew is not None)
    assert clock.skew == (skew or 0)
    assert clock.now().timestamp() == HERE + clock.skew


def test_a_corrected_clock_is_not_corrected_again() -> None:
    """The same refusal after the correction has another cause."""
    clock = ServiceClock(lambda: HERE)
    assert clock.learn(refusal(1200), HERE, HERE)
    assert not clock.learn(refusal(1200), HERE, HERE)
    assert clock.learn(refusal(0), HERE, HERE)
    assert clock.skew == 0


def test_no_date() -> None:
    """An answer without a date teaches nothing."""
    failure = error_from_response(HTTPResponse(403, Headers({"x-amzn-ErrorType": "RequestExpired"}), b"{}"))
    assert not ServiceClock().learn(failure, HERE, HERE)


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable of AWS's SDKs turns the correction off."""
    monkeypatch.setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "TRUE")
    assert not ServiceClock(lambda: HERE).learn(refusal(1200), HERE, HERE)


@pytest.mark.usefixtures("in_japan")
@pytest.mark.parametrize(
    "text",
    [
        "Fri, 15 Jan 2027 08:00:00 GMT",
        "Fri, 15 Jan 2027 08:00:00 +0000",
        "Fri, 15 Jan 2027 08:00:00 -0000",
        "Fri, 15 Jan 2027 08:00:00",
        "Fri Jan 15 08:00:00 2027",
        "Friday, 15-Jan-27 08:00:00 GMT",
        "Fri, 15 Jan 2027 17:00:00 +0900",
    ],
)
def test_a_date_is_read_the_same_on_every_machine(text: str) -> None:
    """A date without a zone, or of an unknown one, is by UTC and not by the time zone of this machine."""
    assert seconds_of(text) == HERE


@pytest.mark.parametrize("text", ["", " ", "tomorrow", "0", "Fri, 99 Dec 2099 99:99:99 GMT", "9" * 6000, "\xff"])
def test_what_is_no_date(text: str) -> None:
    """Anything else is no date, and no exception."""
    assert seconds_of(text) is None


@pytest.mark.parametrize(
    "wall", [0.0, -1e18, 4.2e9, 253402300800.0, 1e300, float("inf"), float("-inf"), float("nan")]
)
@pytest.mark.parametrize("skew", [0.0, 2.5e11, -2.5e11, 1e300, float("nan")])
def test_now_never_raises(wall: float, skew: float) -> None:
    """Whatever this machine's clock says and whatever was learned, there is a time to sign with."""
    clock = ServiceClock(lambda: wall)
    clock.skew = skew
    assert 1970 <= clock.now().year <= 9999


@pytest.mark.parametrize("wall", [0.0, 4.2e9, 2.5e11])
def test_a_machine_without_a_clock_learns_the_time(wall: float) -> None:
    """A machine that believes to be in 1970, or far in the future, learns the right time from the first refusal."""
    clock = ServiceClock(lambda: wall)
    assert clock.learn(refusal(0), wall, wall)
    assert clock.now() == datetime.fromtimestamp(HERE, timezone.utc)


def test_a_wrong_lesson_is_unlearned() -> None:
    """A date that is wrong, though it can be believed, is replaced by that of the next right refusal."""
    clock = ServiceClock(lambda: HERE)
    assert clock.learn(refusal(60 * 365 * 86400), HERE, HERE)
    assert not clock.learn(refusal(0, Date="Fri, 31 Dec 9999 23:59:59 GMT"), HERE, HERE)
    assert clock.learn(refusal(0), HERE, HERE)
    assert clock.now().timestamp() == HERE
