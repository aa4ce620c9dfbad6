"""The fault matrix, T18 to T20: what is tried again, when, and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bedrock_openai_http import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    Credentials,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from bedrock_openai_http.call.world import World
from bedrock_openai_http.transport.drive import MACHINE
from both import Client, client_of
from calls import event
from support import (
    COMPLETION,
    DONE,
    REQUEST,
    RawServer,
    http,
)

Fails = Callable[..., Any]

# T18 to T20: what is tried again, and when


def timed() -> tuple[list[float], World]:
    """Return a list, and a world that notes each wait there, in seconds, as long as it may be."""
    waits: list[float] = []
    return waits, replace(MACHINE, sleep=lambda seconds: waits.append(round(seconds, 3)), uniform=lambda: 1.0)


def refusal(status: int, kind: str = "", *headers: str, body: bytes = b'{"message": "no"}') -> bytes:
    lines = [f"x-amzn-ErrorType: {kind}"] if kind else []
    return http(body, "\r\n".join([f"{status} No", *lines, *headers]))


SUFFIX = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
THROTTLED, PASSING = [1.0, 2.0], [0.05, 0.1]
RETRIED: dict[str, tuple[bytes, list[float], type]] = {
    "429": (refusal(429), THROTTLED, RateLimitError),
    "429 ThrottlingException": (refusal(429, "ThrottlingException" + SUFFIX), THROTTLED, RateLimitError),
    "400 ThrottlingException": (refusal(400, "ThrottlingException" + SUFFIX), THROTTLED, BadRequestError),
    "400 in the body": (refusal(400, body=b'{"__type": "a.b#ThrottlingException"}'), THROTTLED, BadRequestError),
    "400 as a code": (refusal(400, body=b'{"error": {"code": "SlowDown"}}'), THROTTLED, BadRequestError),
    "429 of the model": (refusal(429, body=b'{"error": {"type": "rate_limit_error"}}'), THROTTLED, RateLimitError),
    "503 throttled": (refusal(503, "TooManyRequestsException"), THROTTLED, InternalServerError),
    "429 ModelNotReady": (refusal(429, "ModelNotReadyException" + SUFFIX), PASSING, RateLimitError),
    "400 RequestTimeout": (refusal(400, "RequestTimeoutException"), PASSING, BadRequestError),
    "500": (refusal(500), PASSING, InternalServerError),
    "500 with HTML": (http(b"<html>", "500 No", "text/html"), PASSING, InternalServerError),
    "502 without a body": (http(b"", "502 No"), PASSING, InternalServerError),
    "503": (refusal(503, "ServiceUnavailableException"), PASSING, InternalServerError),
    "504": (refusal(504), PASSING, InternalServerError),
    "529": (refusal(529), THROTTLED, InternalServerError),
    "424 ModelStreamError": (refusal(424, "ModelStreamErrorException" + SUFFIX), PASSING, APIStatusError),
    "400 of mantle": (refusal(400, body=b'{"message": "Internal server error"}'), PASSING, BadRequestError),
}


@pytest.mark.parametrize(("answer", "expected", "kind"), RETRIED.values(), ids=RETRIED)
def test_t18_what_is_tried_again(answer: bytes, expected: list[float], kind: type, fails: Fails) -> None:
    """Throttling and passing failures are tried three times, with the waits of AWS's table; then they are raised."""
    waits, world = timed()
    with RawServer(lambda number: [answer]) as server, client_of(server, world=world) as client:
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), kind)  # noqa: B023
            assert (error.attempts, error.request_id) == (3, "r-1")
        assert waits == expected * 2
        assert (len(server.requests), server.connections) == (6, 1)


def test_t18_a_success_after_failures() -> None:
    """The third attempt's success is the call's success, in a stream as well."""
    answers = [refusal(429), refusal(500)]
    answers += [http(COMPLETION), *answers, http(event("hi") + DONE, kind="text/event-stream")]
    waits, world = timed()
    with RawServer(lambda number: [answers[number - 1]]) as server, client_of(server, world=world) as client:
        assert client.complete(REQUEST).text == "hi"
        with client.stream(REQUEST) as stream:
            assert stream.completion().text == "hi"
        assert (waits, len(server.requests)) == ([1.0, 0.1] * 2, 6)


def test_t18_the_quota_ends_a_storm(fails: Fails) -> None:
    """35 retries empty the quota; from then on a failure is raised at once, until successes have filled it again."""
    broken = True
    waits, world = timed()
    with RawServer(lambda number: [refusal(500) if broken else http(COMPLETION)]) as server:
        with client_of(server, world=world) as client:
            attempts = [fails(lambda: client.complete(REQUEST), InternalServerError).attempts for _ in range(20)]
            assert attempts == [3] * 17 + [2, 1, 1]
            assert (len(waits), len(server.requests)) == (35, 17 * 3 + 2 + 1 + 1)
            broken = False
            for _ in range(4):  # 10 tokens are left, and a retry takes 14
                client.complete(REQUEST)
            broken = True
            assert fails(lambda: client.complete(REQUEST), InternalServerError).attempts == 2


HINTS: dict[str, tuple[list[str], float]] = {
    "AWS's": (["x-amz-retry-after: 1500"], 1.5),
    "AWS's, shorter than the wait": (["x-amz-retry-after: 1"], 1.0),
    "AWS's, clamped": (["x-amz-retry-after: 60000"], 6.0),
    "AWS's, junk": (["x-amz-retry-after: soon"], 1.0),
    "AWS's, negative": (["x-amz-retry-after: -5"], 1.0),
    "AWS's, endless": (["x-amz-retry-after: 1e999"], 1.0),
    "AWS's comes first": (["x-amz-retry-after: 2000", "Retry-After: 7"], 2.0),
    "seconds": (["Retry-After: 7"], 7.0),
    "seconds, clamped": (["Retry-After: 300"], 60.0),
    "seconds, negative": (["Retry-After: -7"], 1.0),
    "nan": (["Retry-After: nan"], 1.0),
    "inf": (["Retry-After: inf"], 1.0),
    "endless": (["Retry-After: " + "9" * 6000], 1.0),
    "junk": (["Retry-After: \xff"], 1.0),
    "empty": (["Retry-After:"], 1.0),
    "twice": (["Retry-After: 7", "Retry-After: 9"], 1.0),
    "date to come": (["Retry-After: Fri, 31 Dec 2099 23:59:59 GMT"], 60.0),
    "date gone by": (["Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"], 1.0),
    "no date": (["Retry-After: Fri, 99 Dec 2099 99:99:99 GMT"], 1.0),
    "date of year 0": (["Retry-After: Fri, 31 Dec 0000 23:59:59 GMT"], 1.0),
    "other digits": (["Retry-After: \xb2", "retry-after-ms: 1_0"], 1.0),
    "a digit group": (["x-amz-retry-after: 5_000"], 1.0),
    "milliseconds": (["retry-after-ms: 2500"], 2.5),
    "milliseconds, clamped": (["retry-after-ms: 999999999"], 60.0),
    "milliseconds, junk": (["retry-after-ms: x", "Retry-After: 3"], 3.0),
}


@pytest.mark.parametrize(("headers", "wait"), HINTS.values(), ids=HINTS)
def test_t19_what_the_service_asks_for(headers: list[str], wait: float, fails: Fails) -> None:
    """What the service asks to wait is waited for within bounds, and what is no time is passed over."""
    answer = refusal(429, "", *headers).decode().encode("latin-1")
    waits, world = timed()
    with RawServer(lambda number: [answer]) as server, client_of(server, world=world, max_attempts=2) as client:
        error = fails(lambda: client.complete(REQUEST), RateLimitError)
        assert (waits, error.attempts, len(server.requests)) == ([wait], 2, 2)


@pytest.mark.parametrize("header", ["Retry-After: 30", "retry-after-ms: 30000", "x-amz-retry-after: 30000"])
def test_t19_no_wait_goes_past_the_deadline(header: str, fails: Fails) -> None:
    """A wait that would not end before the deadline is not begun: what the service said is raised at once."""
    waits, world = timed()
    with RawServer(lambda number: [refusal(429, "", header)]) as server, client_of(server, world=world) as client:
        error = fails(lambda: client.complete(REQUEST, deadline=5), RateLimitError)
        assert (waits, error.attempts, len(server.requests), error.request_id) == ([], 1, 1, "r-1")
        assert error.elapsed < 2


REFUSED: dict[str, tuple[bytes, type]] = {
    "400": (refusal(400, "ValidationException" + SUFFIX), BadRequestError),
    "400 of the model": (refusal(400, body=b'{"error": {"code": "validation_error"}}'), BadRequestError),
    "401": (refusal(401), AuthenticationError),
    "402": (refusal(402), APIStatusError),
    "403": (refusal(403, "AccessDeniedException" + SUFFIX), PermissionDeniedError),
    "404": (refusal(404, "ResourceNotFoundException"), NotFoundError),
    "405": (refusal(405), APIStatusError),
    "408": (refusal(408, "ModelTimeoutException"), APIStatusError),
    "409": (refusal(409, "ConflictException"), ConflictError),
    "413": (refusal(413), APIStatusError),
    "422": (refusal(422), UnprocessableEntityError),
    "424": (refusal(424, "ModelErrorException"), APIStatusError),
    "501": (refusal(501), InternalServerError),
    "505": (refusal(505), InternalServerError),
    "429 of the day": (refusal(429, body=b'{"message": "Too many tokens per day, please wait."}'), RateLimitError),
    "599": (refusal(599), InternalServerError),
    "600": (refusal(600), InternalServerError),
    "304": (refusal(304), APIStatusError),
}


@pytest.mark.parametrize(("answer", "kind"), REFUSED.values(), ids=REFUSED)
def test_t20_what_is_not_tried_again(answer: bytes, kind: type, fails: Fails) -> None:
    """Every other refusal is raised at once as its class, with status and request ID, whatever it asks to wait."""
    hinted = answer.replace(b"\r\n\r\n", b"\r\nRetry-After: 1\r\nx-should-retry: true\r\n\r\n", 1)
    waits, world = timed()
    with RawServer(lambda number: [hinted]) as server, client_of(server, world=world) as client:
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), kind)  # noqa: B023
            assert (error.status_code, error.request_id, error.attempts) == (int(answer.split()[1]), "r-1", 1)
        assert (waits, len(server.requests)) == ([], 2)


def test_t20_a_refusal_that_quotes_the_session_token(fails: Fails) -> None:
    """AWS's refusal of a signature quotes what it signed itself, the session token included: it is not passed on."""
    secret, token = "wJalrXUtnFEMI/K7MDENG/the-secret-key", "FwoGZXIvYXdzEXAMPLE/session+token=="
    quoted = f"The Canonical String should have been\n'POST\n/x\n\nhost:x\nx-amz-security-token:{token}\n'"
    body = json.dumps({"message": quoted}).encode()
    answer = refusal(403, "InvalidSignatureException", body=body)
    with RawServer(lambda number: [answer]) as server:
        credentials = Credentials("AKIDEXAMPLE", secret, token)
        with Client("us-west-2", base_url=server.url, credentials=credentials) as client:
            error = fails(lambda: client.complete(REQUEST), PermissionDeniedError, secret, token)
    assert "x-amz-security-token" in error.message


def test_t20_a_short_key_is_no_reason_to_change_an_answer() -> None:
    """A key of a few letters, as tests have it, is not cut out of the service's words."""
    refusal = http(b'{"message": "The key is not known."}', "403 Forbidden")
    with RawServer(lambda number: [refusal]) as server, client_of(server, api_key="key") as client:
        with pytest.raises(PermissionDeniedError) as caught:
            client.complete(REQUEST)
    assert caught.value.message == "The key is not known."
