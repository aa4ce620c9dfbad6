"""Which failures are tried again, and when: scenario tables, played by a driver with a clock of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ConfigurationError,
    CredentialsError,
    Headers,
    HTTPRequest,
    HTTPResponse,
    IncompleteStreamError,
    RequestValidationError,
    ResponseFormatError,
    resolve_endpoint,
)
from bedrock_openai_http.aws.credential_source import CredentialSource
from bedrock_openai_http.call.effects import Ask, Effect, ReadAll, Send, Sleep
from bedrock_openai_http.call.error_answers import error_from_response
from bedrock_openai_http.call.plan import Plan
from bedrock_openai_http.call.retry import THROTTLING, TRANSIENT, RetryPolicy, RetryQuota
from bedrock_openai_http.call.walk import Call, Session, completed
from bedrock_openai_http.call.world import World
from bedrock_openai_http.transport.drive import MACHINE
from bedrock_openai_http.values.http import TimeLimits
from support import COMPLETION


def refusal(code: int, kind: str | None = None, message: str = "x", **headers: str) -> HTTPResponse:
    if kind:
        headers["x-amzn-ErrorType"] = kind
    return HTTPResponse(code, Headers(headers), json.dumps({"message": message}).encode())


def status(code: int, kind: str | None = None, message: str = "x", **headers: str) -> APIStatusError:
    return error_from_response(refusal(code, kind, message, **headers))


ANSWERED = HTTPResponse(200, {}, COMPLETION)


PLAN = Plan(
    request=HTTPRequest("POST", "https://bedrock.example/", {}, b"{}"),
    to=resolve_endpoint("us-west-2"),
    endpoint="runtime",
    region="us-west-2",
    key_region=None,
    limits=TimeLimits(1.0, 1.0),
    max_attempts=3,
    started=100.0,
    model="m",
    stream=False,
    max_completion_tokens=None,
    guardrail=None,
)


class Play:
    """Drives calls from a list: each attempt gives the next outcome; waits are noted, and move the clock."""

    def __init__(self, outcomes: Sequence[Any], max_attempts: int = 3) -> None:
        self.plan = replace(PLAN, max_attempts=max_attempts)
        self.outcomes = outcomes
        self.waits: list[float] = []
        self.now = 100.0
        world = replace(MACHINE, clock=lambda: self.now, uniform=lambda: 1.0)
        self.session = Session(CredentialSource(api_key="k"), RetryPolicy(), world)

    def run(self, deadline: float | None = None) -> str:
        """Drive one call to its end: the second driver, without a network and without sleep."""
        call = Call(replace(self.plan, limits=TimeLimits(1.0, 1.0, deadline)), "id")
        steps, outcomes, came = completed(call, self.session), iter(self.outcomes), None
        try:
            while True:
                effect = steps.throw(came) if isinstance(came, BaseException) else steps.send(came)
                came = next(outcomes) if isinstance(effect, Send) else self.done(effect)
        except StopIteration as end:
            return str(end.value.text)

    def done(self, effect: Effect) -> Any:
        if isinstance(effect, Ask):
            return effect.look_up()
        if isinstance(effect, ReadAll):
            return effect.opened
        assert isinstance(effect, Sleep)
        self.waits.append(round(effect.seconds, 6))
        self.now += effect.seconds
        return None


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        *[(status(code), TRANSIENT) for code in (500, 502, 503, 504)],
        *[(status(code), None) for code in (300, 307, 400, 401, 403, 404, 408, 409, 413, 422, 424, 501, 530)],
        (status(429), THROTTLING),
        (status(429, "ModelNotReadyException"), TRANSIENT),
        (status(400, "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"), THROTTLING),
        (status(400, "TooManyRequestsException"), THROTTLING),
        (status(503, "SlowDown"), THROTTLING),
        (status(400, "RequestTimeout"), TRANSIENT),
        (status(400, "ValidationException"), None),
        (status(529), THROTTLING),
        (status(529, **{"retry-after": "9"}), THROTTLING),
        (status(424, "ModelStreamErrorException"), TRANSIENT),
        (status(424, "ModelErrorException"), None),
        (status(408, "ModelTimeoutException"), None),
        (status(400, message="The system hit an Internal Server Error."), TRANSIENT),
        (status(400, message="internal failure"), TRANSIENT),
        (status(404, message="internal failure"), None),
        (status(429, "ThrottlingException", "Too many tokens, please wait."), THROTTLING),
        (status(429, "ThrottlingException", "Too many tokens per day, please wait."), None),
        (status(400, "ThrottlingException", "Too many tokens per day, please wait."), None),
        (APIConnectionError("x", phase="connect"), TRANSIENT),
        (APITimeoutError("x", phase="connect"), TRANSIENT),
        (APIConnectionError("x", phase="headers"), None),
        (APITimeoutError("x", phase="headers"), None),
        (APITimeoutError("x", phase="body"), None),
        (APIConnectionError("x", phase="body"), None),
        (APITimeoutError("x", phase="deadline"), None),
        (ResponseFormatError("x"), None),
        (IncompleteStreamError("x"), None),
        (CredentialsError("x"), None),
        (ConfigurationError("x"), None),
        (RequestValidationError("x"), None),
        (APIStatusError("in a 200", status_code=503, response=HTTPResponse(200)), None),
    ],
)
def test_what_is_tried_again(failure: BedrockOpenAIError, reason: str | None) -> None:
    """Only what surely was not answered, or what the service asks to repeat, is tried again."""
    assert RetryPolicy().reason(failure) == reason


def test_unknown_outcomes_are_repeated_when_told_to() -> None:
    """With `retry_read_timeouts` an attempt without an answer is repeated, one whose answer had begun is not."""
    policy = RetryPolicy(retry_read_timeouts=True)
    assert policy.reason(APITimeoutError("x", phase="headers")) == TRANSIENT
    assert policy.reason(APIConnectionError("x", phase="headers")) == TRANSIENT
    assert policy.reason(APIConnectionError("x", phase="body")) is None
    assert policy.reason(APITimeoutError("x", phase="deadline")) is None


@pytest.mark.parametrize(
    ("outcomes", "waits", "result"),
    [
        ([ANSWERED], [], "hi"),
        ([refusal(500), ANSWERED], [0.05], "hi"),
        ([refusal(500), refusal(503), ANSWERED], [0.05, 0.1], "hi"),
        ([refusal(500)] * 3, [0.05, 0.1], 500),
        ([refusal(429), refusal(429), ANSWERED], [1, 2], "hi"),
        ([refusal(500), refusal(429), ANSWERED], [0.05, 2], "hi"),
        ([APIConnectionError("x", phase="connect"), ANSWERED], [0.05], "hi"),
        ([refusal(400), ANSWERED], [], 400),
        ([refusal(500), refusal(400), ANSWERED], [0.05], 400),
    ],
)
def test_scenarios(outcomes: list[Any], waits: list[float], result: Any) -> None:
    """Three attempts, with waits that double, of 0.05 s after a transient failure and 1 s after throttling."""
    play = Play(outcomes)
    if isinstance(result, int):
        with pytest.raises(APIStatusError) as caught:
            play.run()
        assert caught.value.status_code == result
    else:
        assert play.run() == result
    assert play.waits == waits


def drawing(number: float) -> World:
    """Return a world of which chance always gives `number`."""
    return replace(MACHINE, uniform=lambda: number)


def test_waits_grow_up_to_twenty_seconds() -> None:
    """The wait is a random part of the doubled base, and of 20 seconds at most."""
    policy = RetryPolicy()
    full = [policy.delay(TRANSIENT, i, status(500), drawing(1.0)) for i in range(11)]
    assert full == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20, 20])
    assert policy.delay(THROTTLING, 3, status(429), drawing(0.25)) == 2
    assert policy.delay(THROTTLING, 3, status(429), drawing(0.0)) == 0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "60000"}, 6.0),  # the wait of 1 s, and 5 s more at most
        ({"x-amz-retry-after": "10"}, 1.0),
        ({"x-amz-retry-after": "-5"}, 1.0),
        ({"x-amz-retry-after": "junk"}, 1.0),
        ({"x-amz-retry-after": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "7, 7"}, 7.0),  # the header came twice
        ({"x-amz-retry-after": "1500, 1500"}, 1.5),
        ({"retry-after": "300"}, 60.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "nan"}, 1.0),
        ({"retry-after": "inf"}, 1.0),
        ({"retry-after": "Fri, 31 Dec 2099 23:59:59 GMT"}, 60.0),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 1.0),
        ({"retry-after": "some day"}, 1.0),
        ({"retry-after-ms": "2500", "retry-after": "9"}, 2.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
    ],
)
def test_what_the_service_asks_for(headers: dict[str, str], wait: float) -> None:
    """A hint lengthens the wait within its bounds; one that makes no sense is passed over."""
    assert RetryPolicy().delay(THROTTLING, 0, status(429, **headers), drawing(1.0)) == wait


@pytest.mark.usefixtures("in_japan")
@pytest.mark.parametrize("usegmt", [True, False], ids=["GMT", "-0000"])
def test_a_date_is_relative_to_now(usegmt: bool) -> None:
    """A `Retry-After` date some seconds ahead is waited for, whatever this machine's time zone."""
    failure = status(429, **{"retry-after": formatdate(time() + 20, usegmt=usegmt)})
    assert 17 < RetryPolicy().delay(THROTTLING, 0, failure, MACHINE) <= 20


def test_no_wait_goes_past_the_deadline() -> None:
    """A wait that would reach the deadline is not begun: the failure is raised at once."""
    play = Play([refusal(429, **{"retry-after": "30"}), ANSWERED])
    with pytest.raises(APIStatusError):
        play.run(deadline=130)
    assert play.waits == []
    play = Play([refusal(429, **{"retry-after": "29"}), ANSWERED])
    assert play.run(deadline=130) == "hi"


def test_the_quota_ends_a_storm_of_retries() -> None:
    """35 transient retries empty the quota of 500; after that failures are raised at once."""
    play = Play([refusal(500)] * 3)
    for _ in range(17):
        with pytest.raises(APIStatusError):
            play.run()
    assert len(play.waits) == 34
    for _ in range(3):
        with pytest.raises(APIStatusError):
            play.run()
    assert len(play.waits) == 35


def test_a_success_gives_back() -> None:
    """A success after a retry gives back what the retry took; one without gives back a single token."""
    quota = RetryQuota(10)
    assert quota.take(10)
    assert not quota.take(1)
    quota.give(3)
    assert quota.take(3)
    quota.give(99)
    assert quota.take(10)
    play = Play([refusal(500), ANSWERED])
    for _ in range(100):
        assert play.run() == "hi"
    assert len(play.waits) == 100


def test_the_quota_holds_among_threads() -> None:
    """Threads that take from one quota together never take more than it holds."""
    quota = RetryQuota(500)
    taken: list[int] = []

    def take() -> None:
        taken.extend(1 for _ in range(200) if quota.take(5))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 100


def test_one_attempt_means_one() -> None:
    """With `max_attempts=1` nothing is repeated."""
    play = Play([refusal(500), ANSWERED], max_attempts=1)
    with pytest.raises(APIStatusError):
        play.run()


def test_other_exceptions_pass() -> None:
    """What is not a failure of ours, such as Ctrl-C, is neither repeated nor changed."""
    with pytest.raises(KeyboardInterrupt):
        Play([KeyboardInterrupt(), ANSWERED]).run()
