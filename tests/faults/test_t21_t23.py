"""T21 to T23: what each attempt is signed with: invocation IDs, renewed tokens and corrected clocks."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from typing import Any

import botocore.credentials
import pytest

from bedrock_openai_http import (
    Credentials,
    CredentialsError,
    InternalServerError,
    PermissionDeniedError,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.service.verifier import verify
from both import Client
from secrets_check import assert_no_secret
from signed_calls import KEYS, SCOPE, SECRETS, received
from support import COMPLETION, KEY, NO_WAITS, PROMPT, REQUEST, RawServer, http

#: Of a call that succeeded only the logs are left.
NOTHING = Exception("nothing failed")


def http_at(moment: float | None, body: bytes = COMPLETION, status: str = "200 OK", *lines: str) -> bytes:
    """Return an answer with the Date of `moment`, or with none, and with other header lines."""
    dated = [] if moment is None else [f"Date: {formatdate(moment, usegmt=True)}"]
    head = "".join(f"{line}\r\n" for line in (*dated, *lines))
    return http(body, status).replace(b"\r\n", b"\r\n" + head.encode(), 1)


def test_t21_attempts_share_an_invocation_and_no_signature(caplog: pytest.LogCaptureFixture) -> None:
    """Three attempts: one invocation ID, their numbers, and three different signatures that each hold."""
    moments = iter([1_800_000_000.0 + seconds for seconds in range(0, 99, 3)])
    world = replace(NO_WAITS, wall=lambda: next(moments))
    with RawServer(lambda number: [http(b'{"message": "no"}', "500 No")]) as server:
        with Client("us-west-2", base_url=server.url, credentials=KEYS, world=world) as client:
            with pytest.raises(InternalServerError) as caught:
                client.complete(REQUEST)
            with pytest.raises(InternalServerError):
                client.complete(REQUEST)
    requests = [received(raw) for raw in server.requests]
    assert len(requests) == 6
    assert (caught.value.attempts, caught.value.request_id) == (3, "r-1")
    for group in (requests[:3], requests[3:]):
        assert len({request.headers["amz-sdk-invocation-id"] for request in group}) == 1
        numbers = [request.headers["amz-sdk-request"] for request in group]
        assert numbers == ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"]
    assert len({request.headers["amz-sdk-invocation-id"] for request in requests}) == 2
    assert len({request.headers["authorization"] for request in requests}) == 6
    for request in requests:
        signed = datetime.strptime(request.headers["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        assert verify(request, scope=SCOPE, keys={KEYS.access_key: KEYS}, now=signed) is None
    assert_no_secret(caught.value, caplog, *SECRETS, PROMPT)


def refreshable(keys: Credentials) -> Any:
    """Return `keys` as credentials of botocore that refresh themselves, but not before an hour has passed."""
    until = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    values = {"access_key": keys.access_key, "secret_key": keys.secret_key, "token": keys.token, "expiry_time": until}
    return botocore.credentials.RefreshableCredentials.create_from_metadata(values, lambda: values, "test")


def test_t22_expired_token_of_a_provider_is_renewed_once(caplog: pytest.LogCaptureFixture) -> None:
    """A token that the service calls expired: the provider is asked once more, and one more request succeeds."""
    with LocalEndpoint() as endpoint:
        former = endpoint.credentials
        endpoint.rotate()
        sets = iter([refreshable(former), refreshable(endpoint.credentials)])
        with Client("us-west-2", base_url=endpoint.url, credentials=lambda: next(sets)) as client:
            assert client.complete(REQUEST).request_id == endpoint.requests[1].request_id
        assert len(endpoint.requests) == 2
        secrets = (former.secret_key, former.token, endpoint.credentials.secret_key, endpoint.credentials.token)
        assert_no_secret(NOTHING, caplog, *filter(None, secrets), PROMPT)


def test_t22_expired_token_of_the_chain_is_renewed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's credentials, good by the clock but refused as expired, are fetched anew: one fetch, one retry."""
    with LocalEndpoint() as endpoint:

        def answer(number: int) -> list[bytes]:
            keys, until = endpoint.credentials, "2099-01-01T00:00:00Z"
            body = f'{{"AccessKeyId": "{keys.access_key}", "SecretAccessKey": "{keys.secret_key}", '
            return [http(f'{body}"Token": "{keys.token}", "Expiration": "{until}"}}'.encode())]

        with RawServer(answer) as container:
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/get")
            with Client("us-west-2", base_url=endpoint.url) as client:
                client.complete(REQUEST)
                client.complete(REQUEST)
                assert (len(container.requests), len(endpoint.requests)) == (1, 2)
                endpoint.rotate()
                client.complete(REQUEST)
                assert (len(container.requests), len(endpoint.requests)) == (2, 4)
                client.complete(REQUEST)
            assert (len(container.requests), len(endpoint.requests)) == (2, 5)


@pytest.mark.parametrize("given", ["values", "botocore", "refreshable", "callable", "api_key"])
def test_t22_expired_token_that_cannot_be_renewed(given: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where there is nothing else to authenticate with, an expired token costs one request and is a typed error."""
    with LocalEndpoint() as endpoint:
        keys, key = endpoint.credentials, endpoint.api_key
        plain = botocore.credentials.Credentials(keys.access_key, keys.secret_key, keys.token)
        options: dict[str, Any] = {
            "values": {"credentials": keys},
            "botocore": {"credentials": plain},
            "refreshable": {"credentials": refreshable(keys)},  # by its own clock it is good for an hour
            "callable": {"credentials": lambda: keys},
            "api_key": {"api_key": key},
        }[given]
        endpoint.rotate()
        with Client("us-west-2", base_url=endpoint.url, **options) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        assert len(endpoint.requests) == 1
        error = caught.value
        assert error.type == ("AccessDeniedException" if given == "api_key" else "ExpiredTokenException")
        assert (error.attempts, error.request_id) == (1, endpoint.requests[0].request_id)
    assert_no_secret(error, caplog, keys.secret_key, keys.token or "", key, PROMPT)


def test_t22_renewal_happens_once_in_a_call(caplog: pytest.LogCaptureFixture) -> None:
    """A provider that gives ever new tokens which the service refuses as expired is not asked in a loop."""
    expired = http(b'{"__type": "ExpiredTokenException", "message": "expired"}', "400 Bad Request")
    sets = (Credentials(f"AKIA{number}", f"SECRET-{number}", f"SECRET-token-{number}") for number in range(99))
    with RawServer(lambda number: [expired]) as server:
        with Client("us-west-2", base_url=server.url, credentials=lambda: next(sets), max_attempts=9) as client:
            with pytest.raises(Exception, match="expired") as caught:
                client.complete(REQUEST)
    assert len(server.requests) == 2
    assert (caught.value.type, caught.value.attempts, caught.value.request_id) == ("ExpiredTokenException", 2, "r-1")
    assert_no_secret(caught.value, caplog, "SECRET-0", "SECRET-1", "SECRET-token", PROMPT)


def test_t22_renewal_that_fails_keeps_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    """If the token is refused and the provider then fails, the error is one of ours with the refusal's request ID."""
    expired = http(b'{"__type": "ExpiredTokenException", "message": "expired"}', "400 Bad Request")
    sets = iter([KEYS])
    with RawServer(lambda number: [expired]) as server:
        with Client("us-west-2", base_url=server.url, credentials=lambda: next(sets)) as client:
            with pytest.raises(CredentialsError) as caught:
                client.complete(REQUEST)
    assert len(server.requests) == 1
    assert (caught.value.request_id, caught.value.attempts) == ("r-1", 1)
    assert_no_secret(caught.value, caplog, *SECRETS, PROMPT)


def test_t22_expired_api_key_of_a_callable_is_renewed(caplog: pytest.LogCaptureFixture) -> None:
    """Also an API key that the service calls expired is asked for again, once."""
    with LocalEndpoint() as endpoint:
        former = endpoint.api_key
        endpoint.rotate()
        keys = iter([former, endpoint.api_key])
        with Client("us-west-2", base_url=endpoint.url, api_key=lambda: next(keys)) as client:
            client.complete(REQUEST)
        assert len(endpoint.requests) == 2
        assert_no_secret(NOTHING, caplog, former, endpoint.api_key, PROMPT)


@pytest.mark.parametrize("minutes", [-20, 20])
def test_t23_a_wrong_clock_is_corrected_and_remembered(minutes: int) -> None:
    """With a clock 20 minutes off the second attempt succeeds, and the next call's first."""
    with LocalEndpoint(clock=lambda: time.time() + 60 * minutes) as endpoint:
        with Client("us-west-2", base_url=endpoint.url, credentials=endpoint.credentials) as client:
            assert client.complete(REQUEST).request_id == endpoint.requests[1].request_id
            assert client.complete(REQUEST).request_id == endpoint.requests[2].request_id
            with client.stream(REQUEST) as stream:
                assert stream.completion().text
        assert len(endpoint.requests) == 4


REFUSED = b'{"message": "Signature expired: is now earlier than"}'


@pytest.mark.parametrize(
    ("off", "line"),
    [
        (1200, "Age: 1200"),  # from a cache
        (None, "X: y"),  # without a Date
        (60, "X: y"),  # not the clock's fault
    ],
)
def test_t23_a_date_that_proves_nothing_is_not_believed(
    off: float | None, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A Date from a cache, no Date, or one that is near ours: one request, a typed error, and the clock as it was."""
    kind = "x-amzn-ErrorType: InvalidSignatureException:http://internal.amazon.com/coral/"
    moment = None if off is None else time.time() + off
    with RawServer(lambda number: [http_at(moment, REFUSED, "403 Forbidden", kind, line)]) as server:
        with Client("us-west-2", base_url=server.url, credentials=KEYS) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
            assert client._planner.session.clock.skew == 0
    error = caught.value
    assert len(server.requests) == 1
    assert (error.type, error.attempts, error.request_id) == ("InvalidSignatureException", 1, "r-1")
    assert_no_secret(error, caplog, *SECRETS, PROMPT)


def test_t23_a_clock_that_does_not_help_is_corrected_once() -> None:
    """A service that goes on refusing, each time with another Date, gets two requests and no more."""
    kind = "x-amzn-ErrorType: SignatureDoesNotMatch"

    def script(number: int) -> list[bytes]:
        return [http_at(time.time() + 2000 * number, REFUSED, "403 Forbidden", kind)]

    with RawServer(script) as server:
        with Client("us-west-2", base_url=server.url, credentials=KEYS, max_attempts=9) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
    assert (len(server.requests), caught.value.attempts, caught.value.request_id) == (2, 2, "r-1")


@pytest.mark.parametrize(
    ("seconds", "options", "posts"),
    [
        (290, {"region": "us-west-2", "credentials": KEYS}, 1),
        (900, {"region": "us-west-2", "credentials": KEYS}, 2),
        (900, {"api_key": KEY}, 1),
    ],
)
def test_t23_a_denial_is_rarely_a_wrong_clock(seconds: float, options: dict[str, Any], posts: int) -> None:
    """AccessDeniedException is taken for a wrong clock only beyond five minutes, and never for an API key."""
    kind = "x-amzn-ErrorType: AccessDeniedException"
    with RawServer(lambda number: [http_at(time.time() + seconds, REFUSED, "403 No", kind)]) as server:
        with Client(base_url=server.url, **options) as client, pytest.raises(PermissionDeniedError) as caught:
            client.complete(REQUEST)
    assert (len(server.requests), caught.value.attempts) == (posts, posts)


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)
def test_t23_a_nonsense_date_spoils_no_later_call(date: str) -> None:
    """A refusal with a Date that nobody can believe is raised as it is, and the next call is signed for now."""
    kind = "x-amzn-ErrorType: InvalidSignatureException:http://internal.amazon.com/coral/"
    nonsense = http_at(None, REFUSED, "403 Forbidden", kind, f"Date: {date}")
    with RawServer(lambda number: [nonsense if number == 1 else http(COMPLETION)]) as server:
        with Client("us-west-2", base_url=server.url, credentials=KEYS) as client:
            with pytest.raises(PermissionDeniedError):
                client.complete(REQUEST)
            assert client.complete(REQUEST).text == "hi"
    first, second = (received(raw) for raw in server.requests)
    assert verify(second, scope=SCOPE, keys={KEYS.access_key: KEYS}, now=time.time()) is None
    assert first.headers["x-amz-date"][:6] == second.headers["x-amz-date"][:6]
