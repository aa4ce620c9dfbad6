"""T39: hostile schemas, depth and size."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletionRequest, FunctionTool, RequestValidationError, UserMessage
from both import client_of
from support import COMPLETION, MODEL, PROMPT, RawServer, http

Check = Callable[..., Any]


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"properties": value}
    return value


class TestT39:
    """Schemas and prompts that would keep a validator busy."""

    @pytest.mark.parametrize("as_mapping", [False, True])
    def test_t39_references_are_data(self, as_mapping: bool, tmp_path: Path) -> None:
        """A $ref in a tool's schema, to http, a file or itself, is sent as it is: nothing is fetched or followed."""
        (tmp_path / "schema.json").write_text("not even JSON")
        with RawServer(lambda number: [http(b"{}")]) as other, RawServer(lambda number: [http(COMPLETION)]) as server:
            wanted = f"{other.url}/schema"
            parameters = {
                "$schema": f"{other.url}/meta",
                "$id": f"{other.url}/id",
                "type": "object",
                "properties": {
                    "a": {"$ref": wanted},
                    "b": {"$ref": (tmp_path / "schema.json").as_uri()},
                    "c": {"$ref": "#"},
                    "d": {"$dynamicRef": f"{other.url}/dynamic"},
                    "e": {"type": "string", "pattern": "^(a+)+$"},
                },
            }
            tool = FunctionTool("f", parameters=parameters)
            request: Any = ChatCompletionRequest(MODEL, [UserMessage("a" * 40 + "!")], tools=[tool])
            with client_of(server) as client:
                started = time.process_time()
                client.complete(request.to_body() if as_mapping else request)
                assert time.process_time() - started < 1
            assert other.connections == 0
        assert wanted.encode() in server.requests[0]

    @pytest.mark.filterwarnings("ignore::bedrock_openai_http.CompatibilityWarning")
    @pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*b", "([a-z]+)*1"])
    def test_t39_patterns_are_never_run(self, pattern: str) -> None:
        """Patterns in a response format's schema, which take ages on some texts, are not run on anything."""
        schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern, "default": "a" * 60}}}
        wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        request = ChatCompletionRequest(MODEL, [UserMessage("a" * 60)], response_format=wanted)
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            started = time.process_time()
            client.complete(request)
            assert time.process_time() - started < 1
        assert pattern.encode() in server.requests[0]

    @pytest.mark.parametrize("depth", [120, 10_000])
    def test_t39_depth(self, fails: Check, depth: int) -> None:
        """A schema nested without end is refused at once, with a path that has an end."""
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            tool = {"type": "function", "function": {"name": "f", "parameters": nested(depth)}}
            body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], "tools": [tool]}
            started = time.process_time()
            error = fails(lambda: client.complete(body), RequestValidationError)
            assert time.process_time() - started < 1
            assert (error.rule, len(str(error)) <= 1024, server.connections) == ("json-depth", True, 0)
            request = ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], tools=[tool])
            assert fails(lambda: client.complete(request), RequestValidationError).rule == "json-depth"
            assert server.connections == 0

    @pytest.mark.parametrize(
        "change",
        [
            {"messages": [{"role": "user", "content": {"text": PROMPT * 150_000}}]},
            {"messages": PROMPT * 150_000},
            {"messages": [PROMPT * 150_000]},
            {"messages": [{"role": PROMPT * 150_000, "content": "x"}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": PROMPT * 150_000, "x": 1}]}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": [PROMPT] * 150_000}]}]},
            {"temperature": PROMPT * 150_000},
            {"tools": [{"type": "function", "function": {"name": PROMPT * 150_000}}]},
            {"stop": [PROMPT * 1000] * 1000},
            {"metadata": {f"key {number}": PROMPT * 100 for number in range(1000)}},
            {"logit_bias": {"x" * 2_000_000: PROMPT}},
        ],
    )
    def test_t39_two_megabytes_in_the_wrong_place(self, fails: Check, change: dict[str, Any]) -> None:
        """A prompt of 2 MB where it does not belong: a short error, soon, without a word of it."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], **change}
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            started = time.process_time()
            error = fails(lambda: client.complete(body), RequestValidationError)
            assert time.process_time() - started < 1.5
        assert len(str(error)) <= 1024
        assert server.connections == 0
