"""What holds of an answer of a real model that is asked for as a Python value, over signed HTTP.

The model's server enforces the schema by a grammar and does not show it to the model. A text or a list has no end by
itself: where a kind has one, the question holds an answer to repeat. These tests judge the shape, never the sense.
Those with the same question stand together: the server keeps what it has read of the last.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import product
from typing import Any, Literal, NamedTuple, TypedDict

import pytest

from bedrock_openai_http import AsyncClient, ChatCompletionRequest, Client, ParseError, UserMessage, schema_of
from bedrock_openai_http.testing import LocalEndpoint

#: Some of what is asked for would be ignored or refused by the models of Bedrock that are named.
pytestmark = pytest.mark.filterwarnings("ignore::bedrock_openai_http.CompatibilityWarning")

#: A model that is known to enforce schemas, and one that is known not to. The one that answers is another.
ENFORCING = "us.openai.gpt-5.6-sol"
IGNORING = "openai.gpt-oss-20b-1:0"


class Sky(Enum):
    CLEAR = "clear"
    GREY = "grey"


@dataclass(frozen=True)
class Day:
    """The weather of a day."""

    sky: Sky
    degrees: int
    wind: int | None


@dataclass(frozen=True)
class Week:
    city: Literal["Rome", "Oslo"]
    days: list[Day]


@dataclass(frozen=True)
class Part:
    weight: int
    parts: list[Part]


class Place(NamedTuple):
    north: int
    east: int


class Flags(TypedDict):
    open: bool
    level: Literal[1, 2]


@dataclass(frozen=True)
class Everything:
    flags: Flags
    place: Place
    moment: datetime
    either: int | bool | Day


ONE_DAY = '{"sky": "grey", "degrees": 12, "wind": null}'
A_WEEK = f'{{"city": "Rome", "days": [{{"sky": "clear", "degrees": 21, "wind": 3}}, {ONE_DAY}]}}'
EVERYTHING = (
    '{"flags": {"open": true, "level": 2}, "place": {"north": 41, "east": 12}, "moment": "2026-11-29T18:30:00Z", '
    '"either": 7}'
)
PARTS = '{"weight": 5, "parts": [{"weight": 2, "parts": []}, {"weight": 3, "parts": []}]}'


def asking(text: str, model: str = ENFORCING, **fields: Any) -> ChatCompletionRequest:
    """Return a repeatable request."""
    options = {"temperature": 0, "max_completion_tokens": 200, **fields}
    return ChatCompletionRequest(model=model, messages=[UserMessage(text)], **options)


def repeating(answer: str, **fields: Any) -> ChatCompletionRequest:
    """Return a request that has an answer in it, with an end that the model can find."""
    return asking(f"Say this again as JSON: {answer}", **fields)


def day(plain: dict[str, Any]) -> Day:
    """Return the Day that plain JSON values are, made by hand."""
    return Day(Sky(plain["sky"]), plain["degrees"], plain["wind"])


def week(text: str) -> Week:
    """Return the Week that a text in JSON is, made by hand."""
    plain = json.loads(text)
    return Week(plain["city"], [day(each) for each in plain["days"]])


def is_part(some: Any, whole: Any) -> bool:
    """Tell whether `some` is `whole`, or `whole` with members or last items left out, at any depth."""
    if isinstance(some, dict) and isinstance(whole, dict):
        return all(name in whole and is_part(value, whole[name]) for name, value in some.items())
    if isinstance(some, list) and isinstance(whole, list):
        return len(some) <= len(whole) and all(map(is_part, some, whole))
    return type(some) is type(whole) and bool(some == whole)


def grows(snapshots: list[Any]) -> bool:
    """Tell whether each snapshot is a part of the next, and there is more than one step."""
    seen = [snapshot for snapshot in snapshots if snapshot is not None]
    return len(seen) > 2 and seen[0] != seen[-1] and all(map(is_part, seen, seen[1:]))


def async_client(endpoint: LocalEndpoint) -> AsyncClient:
    """Return an AsyncClient that signs."""
    return AsyncClient(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials)


def test_an_answer_is_an_instance_of_a_dataclass(client: Client, endpoint: LocalEndpoint) -> None:
    """The strict schema reaches the model's server, and the answer to it comes back as the instance that it says."""
    parsed = client.parse(asking("The weather in Rome, as JSON."), Day)
    assert parsed.value == day(json.loads(parsed.completion.text))
    assert parsed.how == "response_format"
    assert parsed.usage == parsed.completion.usage
    (received,) = endpoint.requests
    assert parsed.request_id == received.request_id
    sent = received.json()["response_format"]["json_schema"]
    assert (sent["name"], sent["strict"], sent["schema"]) == ("Day", True, schema_of(Day))


def test_a_stream_of_a_dataclass_need_not_be_read_by_hand(client: Client) -> None:
    """`parsed()` alone reads the stream to its end."""
    with client.parse_stream(asking("The weather in Rome, as JSON."), Day) as stream:
        parsed = stream.parsed()
    assert parsed.value == day(json.loads(parsed.completion.text))
    assert stream.snapshot == json.loads(parsed.completion.text)


def test_the_async_client_gives_the_same_kinds_of_values(endpoint: LocalEndpoint) -> None:
    """Two values of different kinds, asked for at the same time over one AsyncClient, are each of its own kind."""

    async def both() -> Any:
        async with async_client(endpoint) as client:
            return await asyncio.gather(
                client.parse(asking("The weather in Rome, as JSON."), Day), client.parse(repeating(A_WEEK), Week)
            )

    a_day, a_week = asyncio.run(both())
    assert a_day.value == day(json.loads(a_day.completion.text))
    assert a_week.value == week(a_week.completion.text)
    assert {a_day.request_id, a_week.request_id} == {received.request_id for received in endpoint.requests}


def test_a_nested_list_of_dataclasses_is_one_of_instances(client: Client) -> None:
    """What is nested in the answer is an instance of its class too, down to the members of an Enum."""
    parsed = client.parse(repeating(A_WEEK), Week)
    assert parsed.value == week(parsed.completion.text)


def test_a_stream_shows_what_is_finished_and_is_the_value_in_the_end(client: Client) -> None:
    """Each snapshot is a part of the next; the last is all of the answer's JSON, and `parsed()` its instances."""
    snapshots: list[Any] = []
    with client.parse_stream(repeating(A_WEEK), Week) as stream:
        snapshots.extend(stream.snapshot for _ in stream)
        parsed = stream.parsed()
    assert grows(snapshots)
    assert snapshots[0] is None
    assert snapshots[-1] == json.loads(parsed.completion.text)
    assert parsed.value == week(parsed.completion.text)
    assert parsed.usage.completion_tokens


def test_the_async_clients_stream_shows_what_is_finished(endpoint: LocalEndpoint) -> None:
    """Its snapshots grow into the JSON of the answer, and `await parsed()` is the instances of it."""

    async def streamed() -> tuple[list[Any], Any]:
        async with async_client(endpoint) as client, client.parse_stream(repeating(A_WEEK), Week) as stream:
            return [stream.snapshot async for _ in stream], await stream.parsed()

    snapshots, parsed = asyncio.run(streamed())
    assert grows(snapshots)
    assert snapshots[-1] == json.loads(parsed.completion.text)
    assert parsed.value == week(parsed.completion.text)


def test_an_answer_cut_at_its_limit_is_never_asked_for_again(client: Client, endpoint: LocalEndpoint) -> None:
    """The error says that it was the limit and has the text so far; one request was sent, though three might."""
    with pytest.raises(ParseError) as caught:
        client.parse(repeating(A_WEEK, max_completion_tokens=8), Week, reask=2)
    assert caught.value.reason == "length"
    assert caught.value.completion is not None
    assert caught.value.completion.text
    assert caught.value.completion.text not in str(caught.value)
    assert caught.value.usage is not None
    assert caught.value.usage.completion_tokens == 8
    assert len(endpoint.requests) == 1


def test_a_stream_cut_at_its_limit_keeps_what_was_finished(client: Client) -> None:
    """After the cut the snapshot has what was whole before it, and `parsed()` raises the error of the limit."""
    with client.parse_stream(repeating(A_WEEK, max_completion_tokens=20), Week) as stream:
        for _ in stream:
            pass
        with pytest.raises(ParseError) as caught:
            stream.parsed()
    assert caught.value.reason == "length"
    assert stream.snapshot in (None, {}) or set(stream.snapshot) <= {"city", "days"}


def test_a_dataclass_may_hold_itself(client: Client) -> None:
    """The grammar of the model's server takes the schema of a recursive class, which refers to itself."""

    def part(plain: dict[str, Any]) -> Part:
        return Part(plain["weight"], [part(each) for each in plain["parts"]])

    parsed = client.parse(repeating(PARTS), Part)
    assert parsed.value == part(json.loads(parsed.completion.text))


def test_every_kind_of_member_is_enforced_and_converted(client: Client) -> None:
    """The server refuses none of the schemas of the kinds, and each member of the answer has the type of its hint."""
    value = client.parse(repeating(EVERYTHING), Everything).value
    assert type(value) is Everything
    assert set(value.flags) == {"open", "level"}
    assert type(value.flags["open"]) is bool
    assert value.flags["level"] in (1, 2)
    assert [type(value.place), *map(type, value.place)] == [Place, int, int]
    assert type(value.moment) is datetime
    assert isinstance(value.either, int | Day)


@pytest.mark.parametrize("kind", [Sky, int | None], ids=str)
def test_what_is_no_object_comes_back_unwrapped(client: Client, kind: Any) -> None:
    """A kind that JSON has no object for is asked for in an object of one member, and is that member's value."""
    parsed = client.parse(asking("Choose one."), kind)
    (plain,) = json.loads(parsed.completion.text).values()
    assert (parsed.value.value if kind is Sky else parsed.value) == plain


@pytest.mark.parametrize("text", ["Hello.", f"Say this again: {ONE_DAY}"])
def test_whatever_a_model_makes_of_a_schema_in_words_is_a_value_or_one_error(
    client: Client, endpoint: LocalEndpoint, text: str
) -> None:
    """Nothing enforces it: the outcome is a value of the kind, or a ParseError with what was said, after two askings.

    All tokens are counted, and no error repeats what the model said.
    """
    try:
        parsed = client.parse(asking(text, IGNORING, max_completion_tokens=32), Day, reask=1)
    except ParseError as error:
        outcome, answer = error, error.completion
    else:
        outcome, answer = parsed, parsed.completion
    askings = len(endpoint.requests)
    if isinstance(outcome, ParseError):
        assert (outcome.reason, askings) in (("not-json", 2), ("schema", 2), *product(("length", "empty"), (1, 2)))
        assert answer.text == "" or answer.text not in str(outcome)
    else:
        assert (type(outcome.value), outcome.how) == (Day, "message")
    assert all("response_format" not in received.json() for received in endpoint.requests)
    told = [received.json()["messages"] for received in endpoint.requests]
    assert [len(messages) for messages in told] == [2, 4][:askings]
    assert outcome.usage.prompt_tokens > answer.usage.prompt_tokens or askings == 1
    assert outcome.usage.completion_tokens >= answer.usage.completion_tokens > 0
