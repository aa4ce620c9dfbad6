"""What the service or the network does wrong, and what the caller gets then."""

from __future__ import annotations

import pickle
import re
import time
import traceback
from collections.abc import Iterator

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    InternalServerError,
    PermissionDeniedError,
)
from bedrock_openai_http.testing import LocalEndpoint
from both import Client, client_of
from support import COMPLETION, KEY, NO_WAITS, PROMPT, REQUEST, RawServer, http


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


class TestFailures:
    """What the service or the network does wrong."""

    def test_wrong_secret(self, endpoint: LocalEndpoint) -> None:
        """A wrong secret key is a PermissionDeniedError with AWS's type, words and request ID, after one attempt."""
        wrong = type(endpoint.credentials)(endpoint.credentials.access_key, "wrong", endpoint.credentials.token)
        with Client(endpoint.region, base_url=endpoint.url, credentials=wrong) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        error = caught.value
        assert (error.status_code, error.type, error.attempts) == (403, "InvalidSignatureException", 1)
        assert error.message.startswith("The request signature we calculated does not match")
        assert error.request_id == endpoint.requests[-1].request_id
        assert error.request_id in str(error)
        assert error.response is not None
        assert error.response.headers.get("x-request-id") == error.request_id

    def test_a_passing_failure_is_retried(self) -> None:
        """After a 503 the request is sent again: same invocation ID, counted attempts."""
        with RawServer(lambda number: [http(b"{}", "503 No") if number < 3 else http(COMPLETION)]) as server:
            with client_of(server, world=NO_WAITS) as client:
                assert client.complete(REQUEST).text == "hi"
        heads = [request.decode().lower() for request in server.requests]
        assert len({re.search("amz-sdk-invocation-id: (.*)\r", head)[1] for head in heads}) == 1  # type: ignore[index]
        assert [re.search("amz-sdk-request: (.*)\r", head)[1] for head in heads] == [  # type: ignore[index]
            "attempt=1; max=3",
            "attempt=2; max=3",
            "attempt=3; max=3",
        ]

    def test_each_attempt_is_signed_anew(self) -> None:
        """Each attempt asks for the credentials again and is signed with them."""
        with (
            RawServer(lambda number: [http(b"{}", "500 No")]) as server,
            LocalEndpoint() as one,
            LocalEndpoint() as two,
        ):
            sets = iter([one.credentials, two.credentials])
            options = {"credentials": lambda: next(sets), "max_attempts": 2, "world": NO_WAITS}
            with Client("us-west-2", base_url=server.url, **options) as client:
                with pytest.raises(InternalServerError) as caught:
                    client.complete(REQUEST)
        assert caught.value.attempts == 2
        assert "2 attempts" in str(caught.value)
        assert one.credentials.access_key.encode() in server.requests[0]
        assert two.credentials.access_key.encode() in server.requests[1]

    def test_a_read_timeout_is_not_retried(self) -> None:
        """No answer in time may have been paid for: one attempt, unless told otherwise."""
        with RawServer(lambda number: [9.0]) as server, client_of(server, timeout=0.1) as client:
            with pytest.raises(APITimeoutError) as caught:
                client.complete(REQUEST)
            assert (caught.value.phase, caught.value.attempts, len(server.requests)) == ("headers", 1, 1)
        with RawServer(lambda number: [9.0] if number == 1 else [http(COMPLETION)]) as server:
            with client_of(server, timeout=0.2, retry_read_timeouts=True, world=NO_WAITS) as client:
                assert client.complete(REQUEST).text == "hi"

    def test_connection_refused_is_retried(self) -> None:
        """A connection that cannot be made is tried three times; nothing was sent."""
        with RawServer(lambda number: []) as server:
            url = server.url
        with (
            Client(base_url=url, api_key=KEY, world=NO_WAITS) as client,
            pytest.raises(APIConnectionError) as caught,
        ):
            client.complete(REQUEST)
        assert (caught.value.phase, caught.value.attempts) == ("connect", 3)

    def test_the_deadline_holds_over_attempts(self) -> None:
        """A call that is throttled again and again ends within its deadline, without a wait that would miss it."""
        throttled = b"HTTP/1.1 429 No\r\nRetry-After: 30\r\nContent-Length: 2\r\n\r\n{}"
        started = time.monotonic()
        with RawServer(lambda number: [throttled]) as server, client_of(server) as client:
            with pytest.raises(APIStatusError) as caught:
                client.complete(REQUEST, deadline=5)
        assert caught.value.attempts == 1
        assert time.monotonic() - started < 4

    def test_no_traceback_shows_a_secret(self) -> None:
        """Neither the text nor the traceback of a failure shows the key or the prompt."""
        with RawServer(lambda number: [http(b'{"message": "no"}', "403 No")]) as server, client_of(server) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        text = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert KEY not in text
        assert PROMPT not in text
        assert KEY.encode() not in pickle.dumps(caught.value)
