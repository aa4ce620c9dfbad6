"""The service's clock, learned from refusals: scenario tables with a clock of our own."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from bedrock_openai_http import Headers, HTTPResponse
from bedrock_openai_http.error_answers import error_from_response
from bedrock_openai_http.errors import APIStatusError
from bedrock_openai_http.skew import ServiceClock

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
