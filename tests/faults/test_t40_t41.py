"""T40 and T41: values that are no JSON, and copies of one memory image."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bedrock_openai_http import (
    ChatCompletionRequest,
    Client,
    InternalServerError,
    RequestValidationError,
    UserMessage,
)
from bedrock_openai_http.call.retry import RetryPolicy
from bedrock_openai_http.transport.drive import MACHINE
from both import client_of
from support import COMPLETION, MODEL, PROMPT, REQUEST, RawServer, http

Check = Callable[..., Any]


def deep(depth: int, kind: type) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"x": value} if kind is dict else kind([value])
    return value


def looped() -> list[Any]:
    value: list[Any] = [PROMPT]
    value.append(value)
    return value


@dataclass
class Custom:
    text: str = PROMPT


NOT_JSON = {
    "half a pair": ("json-text", PROMPT + "\ud83d"),
    "half a pair in a list": ("json-text", [PROMPT, "\udc00"]),
    "half a pair in a key": ("json-text", {PROMPT + "\ud83d": 1}),
    "NaN": ("json-number", float("nan")),
    "infinity": ("json-number", float("inf")),
    "minus infinity": ("json-number", [float("-inf")]),
    "integer beyond a double": ("json-number", 10**400),
    "integer of 5,000 digits": ("json-number", 10**5000),
    "bytes": ("json-type", PROMPT.encode()),
    "bytearray": ("json-type", bytearray(PROMPT.encode())),
    "set": ("json-type", {PROMPT}),
    "generator": ("json-type", (part for part in [PROMPT])),
    "date": ("json-type", datetime(2026, 1, 1, tzinfo=timezone.utc)),
    "decimal": ("json-type", Decimal("1.5")),
    "complex": ("json-type", 1j),
    "object": ("json-type", Custom()),
    "class": ("json-type", Custom),
    "number as a key": ("json-key", {7: PROMPT}),
    "None as a key": ("json-key", {None: PROMPT}),
    "list 10,000 deep": ("json-depth", deep(10_000, list)),
    "tuple 10,000 deep": ("json-depth", deep(10_000, tuple)),
    "dict 10,000 deep": ("json-depth", deep(10_000, dict)),
    "dict 500 deep": ("json-depth", deep(500, dict)),
    "list in itself": ("json-depth", looped()),
}


class TestT40:
    """What no JSON can hold is refused before sending, with its path only."""

    @pytest.fixture
    def client(self) -> Iterator[Client]:
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            yield client
            assert server.connections == 0

    def refused(self, fails: Check, call: Callable[[Any], Any], path: str) -> None:
        """Check that `call` refuses each value of the table, which stands at `path`."""
        for rule, value in NOT_JSON.values():
            started = time.process_time()
            error = fails(partial(call, value), RequestValidationError)
            assert time.process_time() - started < 1
            assert error.rule == rule
            assert error.json_path.startswith(path)
            assert len(str(error)) <= 1024

    @pytest.mark.parametrize("method", ["complete", "stream"])
    def test_t40_in_a_body(self, client: Client, fails: Check, method: str) -> None:
        """In a body that is given as a mapping."""
        call = getattr(client, method)
        self.refused(
            fails,
            lambda value: call({"model": MODEL, "messages": [{"role": "user", "content": value}]}),
            "$.messages[0].content",
        )

    def test_t40_in_a_message(self, client: Client, fails: Check) -> None:
        """In a message of a request of ours."""
        self.refused(
            fails,
            lambda value: client.complete(ChatCompletionRequest(MODEL, [UserMessage(value)])),
            "$.messages[0].content",
        )

    def test_t40_in_a_tool(self, client: Client, fails: Check) -> None:
        """In a tool's parameters, where anything goes that is JSON."""

        def call(value: Any) -> Any:
            tool = {"type": "function", "function": {"name": "f", "parameters": {"default": value}}}
            return client.complete(ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], tools=[tool]))

        self.refused(fails, call, "$.tools[0].function.parameters.default")

    def test_t40_in_an_extra_body(self, client: Client, fails: Check) -> None:
        """In what is sent past the schema."""

        def call(value: Any) -> Any:
            return client.stream(ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], extra_body={"new": value}))

        self.refused(fails, call, "$.new")

    def test_t40_at_the_openai_shaped_door(self, client: Client, fails: Check) -> None:
        """By way of `client.chat.completions.create`."""
        create = client.chat.completions.create
        self.refused(
            fails,
            lambda value: create(model=MODEL, messages=[{"role": "user", "content": value}]),
            "$.messages[0].content",
        )


def test_t40_what_is_no_request(fails: Check) -> None:
    """What is no request at all is one typed error too."""
    with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
        bodies: list[Any] = [None, 7, "text", b"{}", [], [1], object(), {}, {"model": MODEL}, {7: 8}]
        for call, body in itertools.product((client.complete, client.stream), bodies):
            assert len(str(fails(partial(call, body), RequestValidationError))) < 300
    assert server.connections == 0


def in_a_fork(work: Callable[[], Any]) -> Any:
    """Return what `work` gives in a fork of this process, by way of JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as result:
        text = result.read()
    os.waitpid(child, 0)
    return json.loads(text)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
class TestT41:
    """Copies of one memory image, as of a Lambda function that is restored many times."""

    @pytest.mark.no_client
    def test_t41_jitter_differs(self) -> None:
        """Two copies with the same state of `random` wait for different times."""
        failure = InternalServerError("no", status_code=500)

        def waits() -> list[float]:
            random.seed(7)
            policy = RetryPolicy()
            return [random.random(), *(policy.delay("transient", number, failure, MACHINE) for number in range(8))]

        (one, *first), (two, *second) = in_a_fork(waits), in_a_fork(waits)
        assert one == two  # the copies are what they should be
        assert not set(first) & set(second)

    def test_t41_invocation_ids_differ(self) -> None:
        """Two copies of one client, with the same state of `random`, send different invocation IDs."""
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            client.complete(REQUEST)  # all is loaded and made before the copies are taken

            def call() -> float:
                random.seed(7)
                client.complete(REQUEST)
                return random.random()

            assert in_a_fork(call) == in_a_fork(call)
            found = [re.search(rb"(?i)amz-sdk-invocation-id: (\S+)", request) for request in server.requests]
        assert len({match[1] for match in found if match}) == len(found) == 3
