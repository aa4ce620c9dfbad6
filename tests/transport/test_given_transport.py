"""A transport of the caller's own: what it raises or returns, and what comes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    Client,
    HTTPRequest,
)
from odd_values import CANARY, ForeignError, fail
from support import CHUNK, COMPLETION, DONE, KEY, NO_WAITS, PROMPT, REQUEST

STREAM = {"Content-Type": "text/event-stream", "X-AMZN-RequestId": "r-1"}
JSON = {"Content-Type": "application/json", "X-AMZN-RequestId": "r-1"}


class Mine:
    """A transport, and the answer that it gives, in one."""

    status_code: Any = 200

    def __init__(self, *pieces: Any, opening: Callable[[], Any] = lambda: None, **members: Any) -> None:
        self._pieces, self._opening = pieces, opening
        self.opened = self.closed = 0
        vars(self).update(members)

    def open(self, request: HTTPRequest, limits: Any) -> Any:
        self.opened += 1
        self.headers = vars(self).get("headers", STREAM if "event-stream" in request.headers["accept"] else JSON)
        return self._opening() or self

    def pieces(self) -> Iterator[Any]:
        for piece in self._pieces:
            yield piece() if callable(piece) else piece

    def close(self, *, drain: bool = False) -> None:
        self.closed += 1


def complete(client: Client) -> str:
    return client.complete(REQUEST).text


def stream(client: Client) -> str:
    with client.stream(REQUEST) as chunks:
        return chunks.completion().text


BOTH = pytest.mark.parametrize("ask", [complete, stream])


def failure(transport: Any, ask: Callable[[Client], str]) -> BedrockOpenAIError:
    with Client("us-west-2", api_key=KEY, transport=transport) as client:
        with pytest.raises(BedrockOpenAIError) as caught:
            ask(client)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or isinstance(error.__context__, BedrockOpenAIError)
    for secret in (CANARY, KEY, PROMPT):
        assert secret not in f"{error} {error!r} {vars(error)}"
    return error


def raising(error: type[BaseException] | BaseException) -> Callable[[], Any]:
    def opening() -> Any:
        raise error

    return opening


@BOTH
@pytest.mark.parametrize(
    "kind", [KeyError(KEY), OSError(2, PROMPT), TimeoutError(), ForeignError(CANARY), AssertionError]
)
def test_what_it_raises_instead_of_an_answer(ask: Callable[[Client], str], kind: Any) -> None:
    """Whatever it raises is one failure of ours that names the class; nobody knows the outcome: no second attempt."""
    transport = Mine(opening=raising(kind))
    error = failure(transport, ask)
    name = (kind if isinstance(kind, type) else type(kind)).__name__
    assert (type(error), error.phase, error.attempts) == (APIConnectionError, "headers", 1)
    assert error.message == f"the given transport failed: {name}"
    assert transport.opened == 1


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        Mine(status_code="200"),
        Mine(status_code=None),
        Mine(status_code=200.0),
        Mine(headers=None),
        Mine(headers={"a": 1}),
        Mine(headers={b"a": b"b"}),
        Mine(headers=[("a", "b")]),
        object(),
        7,
    ],
    ids=lambda answer: str(vars(answer))[-30:] if isinstance(answer, Mine) else repr(answer)[:7],
)
def test_an_answer_that_is_none(ask: Callable[[Client], str], answer: Any) -> None:
    """What has no status or no headers is no answer."""
    error = failure(Mine(opening=lambda: answer), ask)
    assert (type(error), error.phase, error.attempts) == (APIConnectionError, "headers", 1)


@BOTH
@pytest.mark.parametrize("piece", ["text", 7, None, fail, object()])
def test_a_body_that_breaks_off(ask: Callable[[Client], str], piece: Any) -> None:
    """What is no bytes, or raises, ends the answer as a broken connection does, with what had arrived."""
    transport = Mine(CHUNK if ask is stream else b"{", piece)
    error = failure(transport, ask)
    assert (type(error), error.phase) == (APIConnectionError, "body")
    assert transport.closed
    if ask is stream:
        assert error.partial is not None
        assert error.partial.text == "hi"


@BOTH
@pytest.mark.parametrize("error", [APITimeoutError("mine", phase="idle"), APIConnectionError("mine", phase="reused")])
def test_failures_of_ours_pass(ask: Callable[[Client], str], error: APIConnectionError) -> None:
    """An exception of this package is raised as it is, and repeated by its phase."""
    transport = Mine(opening=raising(error))
    with Client("us-west-2", api_key=KEY, transport=transport, world=NO_WAITS) as client:
        with pytest.raises(APIConnectionError) as caught:
            ask(client)
    assert caught.value is error
    assert transport.opened == (3 if error.phase == "reused" else 1)


@BOTH
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_program_passes(ask: Callable[[Client], str], kind: type[BaseException]) -> None:
    """Ctrl-C and the like are no failures of a call."""
    with Client("us-west-2", api_key=KEY, transport=Mine(opening=raising(kind))) as client, pytest.raises(kind):
        ask(client)


@BOTH
def test_plain_dicts_empty_pieces_and_other_bytes(ask: Callable[[Client], str]) -> None:
    """Headers may be any mapping, in any case; pieces may be empty, and of any kind of bytes."""
    body = CHUNK + DONE if ask is stream else COMPLETION
    transport = Mine(b"", bytearray(body[:9]), b"", memoryview(body[9:]), b"")
    with Client("us-west-2", api_key=KEY, transport=transport) as client:
        assert ask(client) == "hi"
        answer = client.complete(REQUEST) if ask is complete else client.stream(REQUEST)
        assert answer.request_id == "r-1"


@BOTH
def test_an_end_that_fails(ask: Callable[[Client], str]) -> None:
    """An answer that has come whole is not lost because its connection cannot be closed."""
    transport = Mine(CHUNK + DONE if ask is stream else COMPLETION)
    answer = Mine(CHUNK + DONE if ask is stream else COMPLETION)
    answer.close = fail  # type: ignore[method-assign]
    answer.headers = STREAM if ask is stream else JSON
    transport._opening = lambda: answer
    with Client("us-west-2", api_key=KEY, transport=transport) as client:
        assert ask(client) == "hi"


def test_a_refusal() -> None:
    """A status of 300 or more is the exception that it would be from the service."""
    refusal = b'{"error": {"message": "no"}}'
    error = failure(Mine(refusal, status_code=404), complete)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.message) == (404, "no")


def test_it_is_the_callers_to_close() -> None:
    """The client closes the answers that it has read, and never the transport."""
    transport = Mine(COMPLETION)
    answer = Mine(COMPLETION, headers=JSON)
    transport._opening = lambda: answer
    with Client("us-west-2", api_key=KEY, transport=transport) as client:
        client.complete(REQUEST)
    assert (transport.closed, answer.closed) == (0, 1)
