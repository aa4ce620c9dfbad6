"""T24 and T25: keys that are refreshed between threads, and a metadata service that keeps silent."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import botocore.credentials
import pytest

from bedrock_openai_http import Credentials, CredentialsError
from bedrock_openai_http.aws import chain
from bedrock_openai_http.testing.service.verifier import verify
from both import Client, client_of
from secrets_check import assert_no_secret
from signed_calls import KEYS, SCOPE, received
from support import COMPLETION, KEY, PROMPT, REQUEST, RawServer, http


def numbered_keys(number: int) -> Credentials:
    return Credentials(f"AKIA{number}", f"SECRET-key-{number}", f"SECRET-token-{number}")


def test_t24_a_refresh_between_threads_never_mixes_two_sets() -> None:
    """Eight threads while a slow provider refreshes again and again: each request is signed with one whole set."""
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    clock = {"now": now}
    made: list[int] = []

    def refresh() -> dict[str, str]:
        made.append(1)
        keys = numbered_keys(len(made))
        time.sleep(0.01)  # other threads run into the refresh
        until = (clock["now"] + timedelta(seconds=1000)).isoformat()
        token = keys.token or ""
        return {"access_key": keys.access_key, "secret_key": keys.secret_key, "token": token, "expiry_time": until}

    first = numbered_keys(0)
    theirs = botocore.credentials.RefreshableCredentials(
        first.access_key, first.secret_key, first.token, now, refresh, "test", lambda: clock["now"]
    )
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        with Client("us-west-2", base_url=server.url, credentials=theirs) as client:

            def work() -> None:
                for _ in range(12):
                    client.complete(REQUEST)
                    clock["now"] += timedelta(seconds=100)

            run_together(work, 8)
    keys = {numbered_keys(number).access_key: numbered_keys(number) for number in range(len(made) + 1)}
    refusals = [verify(received(raw), scope=SCOPE, keys=keys, now=time.time()) for raw in server.requests]
    assert refusals == [None] * 96
    assert len(made) > 3


def run_together(work: Callable[[], object], count: int) -> None:
    """Call `work` in so many threads at once, and raise what one of them raised."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if failures:
        raise failures[0]


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """A metadata service that takes every request and never answers."""
    with RawServer(lambda number: [60.0]) as server:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "1")  # botocore takes whole seconds only
        monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
        yield server


def test_t25_a_silent_metadata_service_is_waited_for_once(
    black_hole: RawServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Three calls at once wait together, the next does not wait, and the text lists what was tried."""
    errors: list[CredentialsError] = []
    with RawServer(lambda number: [http(COMPLETION)]) as service, Client("us-west-2", base_url=service.url) as client:

        def call() -> None:
            with pytest.raises(CredentialsError, match=r"^no AWS credentials .*tried: .*instance role") as caught:
                client.complete(REQUEST)
            errors.append(caught.value)

        started = time.monotonic()
        run_together(call, 3)
        asked, waited = len(black_hole.requests), time.monotonic() - started
        started = time.monotonic()
        call()
        assert time.monotonic() - started < 0.3
        # A second for the token and a second for the role: one wait, not three.
        assert waited < 3.5
        assert asked == len(black_hole.requests) <= 2
        for error in errors:
            assert (error.request_id, error.attempts) == (None, 0)
            assert len(str(error)) < 1000
            assert_no_secret(error, caplog, PROMPT)

        # Once the miss is old, the chain is asked again.
        later = time.monotonic() + chain.MISS_SECONDS + 1
        monkeypatch.setattr(chain, "time", SimpleNamespace(monotonic=lambda: later))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
        client.complete(REQUEST)
    assert re.search(rb"Credential=AKIAMINE/", service.requests[0])
    assert len(service.requests) == 1


def test_t25_a_key_asks_no_metadata_service(black_hole: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has an API key, given or in the environment, never waits for the metadata service."""
    with RawServer(lambda number: [http(COMPLETION)]) as service:
        with client_of(service) as client:
            client.complete(REQUEST)
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
        with Client("us-west-2", base_url=service.url) as client:
            client.complete(REQUEST)
    assert len(service.requests) == 2
    assert black_hole.connections == 0
