"""What happens in a call, as its listener and the log have it."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import pickle
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, Guardrail, UserMessage, events
from bedrock_openai_http.call.walk import Call
from both import Client
from support import CHUNK, CHUNKED_STREAM, COMPLETION, DONE, KEY, MODEL, NO_WAITS, RawServer, http, http_chunk

pytestmark = pytest.mark.filterwarnings("ignore::bedrock_openai_http.CompatibilityWarning")
PROMPT = "c4n4ry of the prompt"
REQUEST = ChatCompletionRequest(
    MODEL,
    [UserMessage(PROMPT)],
    temperature=0.5,
    max_completion_tokens=7,
    reasoning_effort="low",
    stop=[PROMPT],
    user=PROMPT,
    logprobs=False,
    response_format={"type": "json_schema", "json_schema": {"name": "c4n4ry", "schema": {}}},
    extra_body={"c4n4ry": 5},
    guardrail=Guardrail("g1", "1"),
)
THROTTLED = http(b'{"message": "c4n4ry"}', "429 Slow down")
BUSY = http(b"", "503 Busy")
STREAM = http(CHUNK + DONE, kind="text/event-stream")
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
ANSWER = http(json.dumps({**json.loads(COMPLETION), "id": "c1", "model": "m1", "usage": USAGE}).encode())


def listed(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]


def heard(answers: list[Any], work: Callable[[Client], Any], **options: Any) -> list[events.Event]:
    """Return the events of `work` with a client whose server gives these answers."""
    found: list[events.Event] = []
    given = {"api_key": KEY, "on_event": found.append, "world": NO_WAITS, **options}
    with (
        RawServer(lambda number: listed(answers[number - 1])) as server,
        Client(base_url=server.url, **given) as client,
    ):
        work(client)
    for event in found:
        assert "c4n4ry" not in repr(event)
        assert KEY not in repr(event)
        assert pickle.loads(pickle.dumps(event)) == event
    assert len({event.invocation_id for event in found}) == 1
    assert [event.elapsed for event in found] == sorted(event.elapsed for event in found)
    assert [type(found[0]), type(found[-1])] == [events.CallStarted, events.CallEnded]
    assert sum(isinstance(event, events.CallEnded) for event in found) == 1
    return found


def complete(client: Client) -> None:
    client.complete(REQUEST)


def kinds(found: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in found]


def test_a_call_that_survived_a_429_and_a_503_can_be_seen() -> None:
    """Each attempt, why it failed, how long was waited, and what the answer was: in order, without content."""
    found = heard([THROTTLED, BUSY, ANSWER], complete, retry_read_timeouts=True)
    attempts = ["AttemptStarted", "AttemptFailed"] * 2
    assert kinds(found) == ["CallStarted", *attempts, "AttemptStarted", "ResponseStarted", "CallEnded"]
    started = found[0]
    assert isinstance(started, events.CallStarted)
    assert (started.model, started.endpoint, started.region, started.stream) == (MODEL, "runtime", None, False)
    assert (started.server_address, started.guardrail) == ("127.0.0.1", "g1")
    assert started.parameters == {
        "temperature": 0.5,
        "max_completion_tokens": 7,
        "reasoning_effort": "low",
        "logprobs": False,
        "response_format": "json_schema",
    }
    failed = [event for event in found if isinstance(event, events.AttemptFailed)]
    assert [(each.number, each.error_type, each.status_code, each.request_id) for each in failed] == [
        (1, "RateLimitError", 429, "r-1"),
        (2, "InternalServerError", 503, "r-1"),
    ]
    assert all(each.wait is not None and each.wait > 0 for each in failed)
    ended = found[-1]
    assert isinstance(ended, events.CallEnded)
    assert (ended.error_type, ended.status_code, ended.request_id, ended.attempts) == (None, 200, "r-1", 3)
    assert (ended.response_id, ended.response_model, ended.finish_reasons) == ("c1", "m1", ("stop",))
    assert ended.usage is not None
    assert ended.usage.total_tokens == 3


def streamed(client: Client, take: int | None = None) -> None:
    with client.stream(REQUEST) as stream:
        for number, _ in enumerate(stream, 1):
            if number == take:
                break


CUT = http(CHUNK + CHUNK, kind="text/event-stream")
ENDS: dict[str, tuple[list[Any], Callable[[Client], None], list[str], str | None]] = {
    "whole": ([STREAM], streamed, ["ResponseStarted", "FirstChunk"], None),
    "closed": ([STREAM], partial(streamed, take=1), ["ResponseStarted", "FirstChunk"], "closed"),
    "cut": ([CUT], streamed, ["ResponseStarted", "FirstChunk"], "IncompleteStreamError"),
    "refused": ([http(b"{}", "400 No")], streamed, ["AttemptFailed"], "BadRequestError"),
    "no stream": ([http(b"<p>", kind="text/html")], streamed, ["ResponseStarted"], "ResponseFormatError"),
    "no answer": ([http(b"{}")], complete, ["ResponseStarted"], "ResponseFormatError"),
    "only its end": ([http(DONE, kind="text/event-stream")], streamed, ["ResponseStarted"], None),
    "no connection": ([None], complete, ["AttemptFailed"], "APIConnectionError"),
}


@pytest.mark.parametrize(("answers", "work", "between", "error_type"), ENDS.values(), ids=ENDS)
def test_each_call_ends_once(
    answers: list[Any], work: Callable[[Client], None], between: list[str], error_type: str | None
) -> None:
    """However a call or a stream ends, one event says so, and how."""

    def careful(client: Client) -> None:
        with contextlib.suppress(BedrockOpenAIError):
            work(client)

    found = heard(answers, careful, max_attempts=1)
    assert kinds(found) == ["CallStarted", "AttemptStarted", *between, "CallEnded"]
    assert isinstance(found[-1], events.CallEnded)
    assert found[-1].error_type == error_type


def test_without_credentials_the_attempt_fails_that_looked_for_them() -> None:
    """A look-up that fails is told as the failure of the attempt that it was for, at the first and at a later one."""
    found = heard([], failing, api_key=lambda: 1 / 0)
    assert kinds(found) == ["CallStarted", "AttemptStarted", "AttemptFailed", "CallEnded"]
    assert isinstance(found[-1], events.CallEnded)
    assert (found[-1].error_type, found[-1].attempts) == ("CredentialsError", 0)
    keys = iter([KEY])
    found = heard([BUSY], failing, api_key=lambda: next(keys), retry_read_timeouts=True)
    numbers = [event.number for event in found if isinstance(event, (events.AttemptStarted, events.AttemptFailed))]
    assert numbers == [1, 1, 2, 2]


def failing(client: Client) -> None:
    with pytest.raises(BedrockOpenAIError):
        client.complete(REQUEST)


def test_a_renewal_that_fails_does_not_hide_the_refusal() -> None:
    """The 403 of an expired key is told, also where no other key can be had."""
    keys = iter([KEY])
    refusal = http(b'{"message": "Bearer Token has expired"}', "403 No")
    found = heard([refusal], failing, api_key=lambda: next(keys))
    assert kinds(found) == ["CallStarted", "AttemptStarted", "AttemptFailed", "CallEnded"]
    assert isinstance(found[2], events.AttemptFailed)
    assert (found[2].status_code, found[2].wait) == (403, None)


def test_a_key_that_comes_back_is_in_no_event(caplog: pytest.LogCaptureFixture) -> None:
    """A server that gives the key back as a request ID, an ID or a model does not get it into events or log."""
    caplog.set_level(logging.DEBUG, "bedrock_openai_http")
    echo = json.dumps({**json.loads(COMPLETION), "id": KEY, "model": KEY}).encode()
    answer = http(echo).replace(b"r-1", KEY.encode())
    refusal = http(b"{}", "429 No").replace(b"r-1", KEY.encode())
    found = heard([refusal, answer], complete)
    assert kinds(found)[-1] == "CallEnded"
    assert KEY not in caplog.text


def test_an_interrupted_stream_says_by_what(client_kind: str) -> None:
    """Ctrl-C while a chunk is waited for ends the call once, by its name."""

    def interrupted(client: Client) -> None:
        with client.stream(REQUEST) as stream, pytest.raises(KeyboardInterrupt):
            for _ in stream:
                signal.setitimer(signal.ITIMER_REAL, 0.05)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        found = heard([[CHUNKED_STREAM, http_chunk(CHUNK)]], interrupted)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert isinstance(found[-1], events.CallEnded)
    # What interrupts who waits for a task cancels the task.
    assert found[-1].error_type == ("KeyboardInterrupt" if client_kind == "Client" else "cancelled")


def test_nothing_is_kept_in_circles() -> None:
    """What a call held is freed with it, without Python having to look for circles."""
    gc.collect()
    gc.disable()
    try:
        heard([ANSWER], complete)
        heard([STREAM], streamed)
        assert not [each for each in gc.get_objects() if isinstance(each, Call)]
    finally:
        gc.enable()


def test_what_is_refused_before_it_begins_is_no_call() -> None:
    """A request that must not be sent gives no event: there is no call that could end."""
    found: list[events.Event] = []
    with Client("us-west-2", api_key=KEY, on_event=found.append) as client, pytest.raises(BedrockOpenAIError):
        client.complete({"model": MODEL, "messages": []})
    assert found == []


def test_a_listener_cannot_break_a_call(caplog: pytest.LogCaptureFixture) -> None:
    """What the callable raises is logged, and the call has its answer."""
    heard_by: list[int] = []

    def broken(event: events.Event) -> None:
        heard_by.append(1)
        raise ValueError("mine")

    with RawServer(lambda number: [ANSWER]) as server:
        with Client(base_url=server.url, api_key=KEY, on_event=broken) as client:
            assert client.complete(REQUEST).id == "c1"
    assert len(heard_by) == 4
    assert [record.levelname for record in caplog.records if record.name == "bedrock_openai_http"] == ["WARNING"] * 4


class Awaited:
    async def __call__(self, event: events.Event) -> None:
        """Nobody would await it."""


async def awaited(event: events.Event) -> None:
    """Nobody would await it."""


@pytest.mark.parametrize("listener", [awaited, Awaited(), partial(awaited), Awaited().__call__, 5, "print"])
def test_what_cannot_be_called_here_is_refused_at_once(listener: Any) -> None:
    """An `async def` would never run, and what is no callable neither: the constructor says so."""
    with pytest.raises(TypeError, match="on_event"):
        Client("us-west-2", api_key=KEY, on_event=listener)


@pytest.mark.parametrize(("level", "lines"), [(logging.DEBUG, 8), (logging.INFO, 2), (logging.WARNING, 0)])
def test_the_log_has_attempts_and_retries(level: int, lines: int, caplog: pytest.LogCaptureFixture) -> None:
    """Retries at INFO, all else at DEBUG, with request IDs and without content."""
    caplog.set_level(level, "bedrock_openai_http")
    answers = [THROTTLED, BUSY, ANSWER]
    with RawServer(lambda number: [answers[number - 1]]) as server:
        with Client(base_url=server.url, api_key=KEY, world=NO_WAITS, retry_read_timeouts=True) as client:
            client.complete(REQUEST)
    texts = [record.getMessage() for record in caplog.records if record.name == "bedrock_openai_http"]
    assert len(texts) == lines
    assert not any("c4n4ry" in text or KEY in text for text in texts)
    if level == logging.INFO:
        assert "RateLimitError 429, request ID r-1; again in" in texts[0]
