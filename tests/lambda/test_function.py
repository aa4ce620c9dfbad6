"""The documented handler, run by AWS's runtime client from its bundle, against a stand-in for Bedrock."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from function import Function, keys, settings
from support import COMPLETION, RawServer, http

QUESTION = {"question": "Why is the sky blue?"}


@pytest.fixture
def role(endpoint: LocalEndpoint) -> dict[str, str]:
    """Give the environment of a function whose role may call the endpoint."""
    return {**settings(endpoint), **keys(endpoint)}


def calling(server: RawServer, endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the environment of a function that calls a server of the test's own."""
    return {**settings(endpoint), **keys(endpoint), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url}


def test_a_question_is_answered(own: Path, role: dict[str, str], endpoint: LocalEndpoint) -> None:
    """The handler answers, the request is signed by the role, and its ID is in the log beside Lambda's own."""
    with Function(own, role) as function:
        answers = [function.invoke(QUESTION).body for _ in range(2)]
        log = function.log
    assert answers == [{"answer": "An answer.", "request_id": sent.request_id} for sent in endpoint.requests]
    assert all(sent.request_id in log for sent in endpoint.requests)
    assert QUESTION["question"] not in log


def test_beside_the_botocore_of_the_runtime(bare: Path, runtime: Path, role: dict[str, str]) -> None:
    """The bundle without botocore answers with what the managed runtime brings, whichever urllib3 that is."""
    assert not (bare / "botocore").exists()
    with Function(bare, role, runtime=runtime) as function:
        assert [function.invoke(QUESTION).body["answer"] for _ in range(2)] == ["An answer."] * 2


def test_the_deadline_comes_before_the_end(own: Path, endpoint: LocalEndpoint) -> None:
    """Where Bedrock is silent the handler answers about a second before its time is up, and the process lives on."""
    with RawServer(lambda number: [30.0] if number == 1 else [http(COMPLETION)]) as server:
        with Function(own, calling(server, endpoint)) as function:
            function.initialise()
            late = function.invoke(QUESTION, seconds=1.5)
            assert late.body == {"error": "APITimeoutError", "request_id": None}
            assert late.seconds < 1.5
            assert "APITimeoutError" in function.log
            assert function.invoke(QUESTION).body["answer"] == "hi"


def test_a_refusal_is_answered_by_name(own: Path, endpoint: LocalEndpoint) -> None:
    """An error of the service is answered and logged with its type and request ID."""
    refused = http(b'{"message": "The model is not there"}', "404 Not Found")
    with RawServer(lambda number: [refused]) as server:
        with Function(own, calling(server, endpoint)) as function:
            assert function.invoke(QUESTION).body == {"error": "NotFoundError", "request_id": "r-1"}
            assert "NotFoundError" in function.log
            assert "r-1" in function.log


@pytest.mark.parametrize(
    ("event", "with_keys", "kind"),
    [
        ({}, True, "KeyError"),
        ({"question": 1}, True, "RequestValidationError"),
        (QUESTION, False, "CredentialsError"),
    ],
)
def test_a_mistake_is_reported_with_its_type(
    own: Path, endpoint: LocalEndpoint, event: object, with_keys: bool, kind: str
) -> None:
    """What the handler does not catch reaches Lambda by name, and the next invocation runs in the same process."""
    environment = {**settings(endpoint), **(keys(endpoint) if with_keys else {})}
    with Function(own, environment) as function:
        failed = function.invoke(event)
        assert (failed.kind, failed.body["errorType"]) == ("error", kind)
        again = function.invoke(QUESTION)
        assert again.kind == ("response" if with_keys else "error")


def test_a_bundle_that_cannot_start_says_so(own: Path, role: dict[str, str]) -> None:
    """A handler setting that names no module is an error of the initialisation."""
    with Function(own, role, handler="nothing.handler") as function:
        failed = function.result(function.started)
        assert (failed.kind, failed.body["errorType"]) == ("init/error", "Runtime.ImportModuleError")


def test_a_connection_that_died_while_frozen(own: Path, endpoint: LocalEndpoint) -> None:
    """A frozen function's connection is closed by the other side: after the thaw another one is made, unnoticed."""
    with RawServer(lambda number: [http(COMPLETION), 0.2, None]) as server:
        with Function(own, calling(server, endpoint)) as function:
            for _ in range(3):
                assert function.invoke(QUESTION).body["answer"] == "hi"
                os.kill(function.process.pid, signal.SIGSTOP)
                time.sleep(0.3)
                os.kill(function.process.pid, signal.SIGCONT)
        assert (server.connections, len(server.requests)) == (3, 3)
