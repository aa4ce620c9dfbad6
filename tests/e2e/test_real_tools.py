"""What holds of a run of tools with a real model, over signed HTTP.

With the chat template calls.jinja and `tool_choice: "required"` the model's server binds an answer by a grammar to a
call of one of the functions: which function, and with which arguments, is the model's choice, and so is the text that
it makes of the result. These tests judge the shape of both, never the sense.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal

import pytest

from bedrock_openai_http import (
    AsyncClient,
    ChatCompletionChunk,
    ChatCompletionRequest,
    Client,
    FunctionTool,
    ToolError,
    ToolLoopError,
    ToolRun,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint

#: Bedrock would ignore some of what is asked for, for the model that is named; the model that answers here does not.
pytestmark = pytest.mark.filterwarnings("ignore::bedrock_openai_http.CompatibilityWarning")

CITIES = ("Paris", "Rome")


class Town:
    """The functions, and the calls that were made of them. Their names begin as the chat template asks for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def get_weather(self, city: Literal["Paris", "Rome"], unit: Literal["celsius", "kelvin"] = "celsius") -> str:
        """Get the weather of a city."""
        self.calls.append((city, unit))
        return "sunny"

    def get_population(self, city: Literal["Paris", "Rome"], year: int) -> dict[str, int]:
        """Get how many people live in a city."""
        self.calls.append((city, year))
        return {"people": 2_000_000}

    async def get_weather_slowly(self, city: Literal["Paris", "Rome"]) -> str:
        """Get the weather of a city."""
        await asyncio.sleep(0)
        self.calls.append((city, None))
        return "sunny"

    @property
    def tools(self) -> list[Callable[..., Any]]:
        return [self.get_weather, self.get_population]


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def endpoint(calling_endpoint: LocalEndpoint) -> LocalEndpoint:
    """Take the model that calls functions in place of the other: `client` is one of it too."""
    return calling_endpoint


def asking(**fields: Any) -> ChatCompletionRequest:
    """Return a repeatable request that is answered with a call."""
    options = {"temperature": 0, "max_completion_tokens": 80, "tool_choice": "required", **fields}
    question = [UserMessage("What is the weather in Rome?")]
    return ChatCompletionRequest(model="openai.gpt-oss-20b-1:0", messages=question, **options)


def roles(run: ToolRun) -> list[str]:
    return [message["role"] for message in run.messages]


def check_run_of_two_turns(run: ToolRun, town: Town, endpoint: LocalEndpoint) -> None:
    """Check that the model made one call, of which the result was sent, and then wrote a text."""
    (turn,), (call,) = run.turns, run.turns[0].completion.tool_calls
    (made,), (result,) = town.calls, turn.results
    assert turn.completion.choices[0].finish_reason == "tool_calls"
    arguments = json.loads(call.function.arguments)
    # A null in the place of a default is the default.
    given = {"get_weather": arguments.get("unit") or "celsius", "get_population": arguments.get("year")}
    assert made == (arguments["city"], given.get(call.function.name))
    assert made[0] in CITIES
    assert result.content == "sunny" or json.loads(result.content) == {"people": 2_000_000}
    assert result.tool_call_id == call.id
    assert run.completion is not None
    assert run.completion.text.strip()
    assert not run.completion.tool_calls
    assert roles(run) == ["user", "assistant", "tool", "assistant"]
    first, second = (received.json() for received in endpoint.requests)
    assert (first["tool_choice"], second.get("tool_choice", "auto")) == ("required", "auto")
    assert second["messages"] == run.messages[:-1]
    assert first["tools"] == second["tools"]
    spent = [turn.completion.usage, run.completion.usage]
    assert run.usage.total_tokens == sum(usage.total_tokens for usage in spent if usage)
    assert run.request_id == endpoint.requests[1].request_id


def check_chunks(chunks: list[ChatCompletionChunk], run: ToolRun) -> None:
    """Check that the call and the text arrived in pieces that add up."""
    (call,) = run.turns[0].completion.tool_calls
    deltas = [piece for chunk in chunks for choice in chunk.choices for piece in choice.delta.tool_calls]
    pieces = [piece.function.arguments for piece in deltas if piece.function and piece.function.arguments]
    texts = [chunk.text for chunk in chunks if chunk.text]
    assert len(pieces) > 2
    assert "".join(pieces) == call.function.arguments
    assert len(texts) > 2
    assert run.completion is not None
    assert "".join(texts) == run.completion.text


def async_client(endpoint: LocalEndpoint) -> AsyncClient:
    """Return an AsyncClient that signs."""
    return AsyncClient(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials)


def test_a_run_is_a_call_its_result_and_a_text(client: Client, endpoint: LocalEndpoint, town: Town) -> None:
    """The model chooses a function and its arguments, the function is called with them, and its result answered."""
    seen: list[list[str]] = []
    run = client.run_tools(asking(), town.tools, on_turn=lambda run: seen.append(roles(run)))
    check_run_of_two_turns(run, town, endpoint)
    assert seen == [["user", "assistant", "tool"], ["user", "assistant", "tool", "assistant"]]


def test_a_streamed_run_is_the_same(client: Client, endpoint: LocalEndpoint, town: Town) -> None:
    """With `on_chunk` each turn is streamed: the arguments of the call come in pieces, and so does the text."""
    chunks: list[ChatCompletionChunk] = []
    run = client.run_tools(asking(), town.tools, on_chunk=chunks.append)
    check_run_of_two_turns(run, town, endpoint)
    check_chunks(chunks, run)


def test_a_run_on_an_event_loop_is_the_same(endpoint: LocalEndpoint, town: Town) -> None:
    """An AsyncClient runs plain functions in threads."""

    async def run() -> ToolRun:
        async with async_client(endpoint) as client:
            return await client.run_tools(asking(), town.tools)

    check_run_of_two_turns(asyncio.run(run()), town, endpoint)


def test_a_streamed_run_on_an_event_loop_is_the_same(endpoint: LocalEndpoint, town: Town) -> None:
    """An AsyncClient awaits a coroutine function, and a coroutine function that is given the chunks."""
    chunks: list[ChatCompletionChunk] = []

    async def take(chunk: ChatCompletionChunk) -> None:
        await asyncio.sleep(0)
        chunks.append(chunk)

    async def run() -> ToolRun:
        async with async_client(endpoint) as client:
            return await client.run_tools(asking(), [town.get_weather_slowly], on_chunk=take)

    outcome = asyncio.run(run())
    check_run_of_two_turns(outcome, town, endpoint)
    check_chunks(chunks, outcome)


def test_a_call_that_is_not_allowed_is_told_to_the_model(client: Client, town: Town) -> None:
    """A ToolError of `before_call` stands in the place of the result, the function is not called, the run goes on."""

    def refuse(call: Any, arguments: Any) -> None:
        raise ToolError(f"nobody may ask for {arguments['city']}")

    run = client.run_tools(asking(), town.tools, before_call=refuse)
    assert town.calls == []
    assert run.turns[0].results[0].content in [f"nobody may ask for {city}" for city in CITIES]
    assert run.completion is not None
    assert run.completion.text.strip()


def test_what_a_failed_run_has_said_can_be_gone_on_from(client: Client, endpoint: LocalEndpoint) -> None:
    """The messages of a run that a tool's own exception has ended are accepted by the model's server as they are."""

    def get_weather(city: Literal["Paris", "Rome"]) -> str:
        raise LookupError("a secret of the weather office")

    with pytest.raises(ToolLoopError) as caught:
        client.run_tools(asking(), [get_weather])
    assert (caught.value.reason, type(caught.value.__cause__)) == ("tool-failed", LookupError)
    run = caught.value.run
    assert run is not None
    assert roles(run) == ["user", "assistant", "tool"]
    assert "secret" not in json.dumps(run.messages)
    tools = endpoint.requests[0].json()["tools"]
    assert client.complete(
        {**asking().to_body(), "messages": run.messages, "tools": tools, "tool_choice": "auto"}
    ).text


def test_a_run_goes_on_from_the_messages_of_another(client: Client, town: Town) -> None:
    """A new question after a run is a run over the same history; with one turn allowed, its call is made too.

    The error that says so has the transcript, and the two calls have an ID each.
    """
    first = client.run_tools(asking(), town.tools)
    history = [*first.messages, {"role": "user", "content": "How many people live in Paris?"}]
    with pytest.raises(ToolLoopError) as caught:
        client.run_tools({**asking().to_body(), "messages": history}, town.tools, max_turns=1)
    assert caught.value.reason == "max-turns"
    second = caught.value.run
    assert second is not None
    assert second.messages[: len(history)] == history
    assert roles(second)[len(history) :] == ["assistant", "tool"]
    assert len(town.calls) == 2
    assert len({turn.completion.tool_calls[0].id for turn in (*first.turns, *second.turns)}) == 2


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_that_was_cut_is_not_made(client: Client, town: Town, streamed: bool) -> None:
    """A call whose arguments end at the limit of tokens is in no transcript, and no function sees it."""
    on_chunk = (lambda chunk: None) if streamed else None
    with pytest.raises(ToolLoopError) as caught:
        client.run_tools(asking(max_completion_tokens=6), town.tools, on_chunk=on_chunk)
    assert caught.value.reason == "length"
    assert town.calls == []
    assert caught.value.run is not None
    assert roles(caught.value.run) == ["user"]
    assert caught.value.run.usage.completion_tokens == 6


def test_arguments_that_break_the_schema_are_told_to_the_model(client: Client, town: Town) -> None:
    """The server's grammar passes over `not`, so no call can be right: the function is not called, the run goes on.

    What the model is told names the place and the rule.
    """
    city = {"type": "string", "enum": list(CITIES), "not": {"type": "string"}}
    schema = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    run = client.run_tools(
        asking(), [(FunctionTool("get_weather", description="Get the weather.", parameters=schema), town.get_weather)]
    )
    assert town.calls == []
    (result,) = run.turns[0].results
    assert "$.city" in result.content
    assert "not" in result.content
    assert roles(run) == ["user", "assistant", "tool", "assistant"]
