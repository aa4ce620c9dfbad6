"""What a type checker knows of typed answers: `make lint` has mypy check it, and nothing runs it.

This module is a user's program; each `assert_type` says what its line must be known to be.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypedDict, TypeVar, Union

from typing_extensions import assert_type

from bedrock_openai_http import (
    AsyncClient,
    ChatCompletion,
    ChatCompletionRequest,
    Client,
    Parsed,
    Usage,
    parse_answer,
)

T = TypeVar("T")


@dataclass
class Invoice:
    number: str


@dataclass
class Receipt:
    paid: bool


@dataclass
class Page(Generic[T]):
    items: list[T]


class Address(TypedDict):
    street: str


class Point(NamedTuple):
    x: int
    y: int


class Colour(enum.Enum):
    RED = "red"


SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def plain(client: Client, request: ChatCompletionRequest, body: Mapping[str, Any]) -> None:
    parsed = client.parse(request, Invoice)
    assert_type(parsed, Parsed[Invoice])
    assert_type(parsed.completion, ChatCompletion)
    assert_type(parsed.usage, Usage)
    assert_type(client.parse(body, Invoice, reask=1, how="message").value, Invoice)
    assert_type(client.parse(request, Page[Invoice]).value, Page[Invoice])
    assert_type(client.parse(request, list[Invoice]).value, list[Invoice])
    assert_type(client.parse(request, tuple[int, str]).value, tuple[int, str])
    assert_type(client.parse(request, Invoice | None).value, Invoice | None)
    assert_type(client.parse(request, Optional[Invoice]).value, Invoice | None)  # noqa: UP045
    assert_type(client.parse(request, Invoice | Receipt).value, Invoice | Receipt)
    assert_type(client.parse(request, Union[Invoice, Receipt]).value, Invoice | Receipt)  # noqa: UP007
    assert_type(client.parse(request, Literal["a", "b"]).value, Literal["a", "b"])
    assert_type(client.parse(request, Annotated[int, "How many."]).value, int)
    assert_type(client.parse(request, Address).value, Address)
    assert_type(client.parse(request, Point).value, Point)
    assert_type(client.parse(request, Colour).value, Colour)
    assert_type(client.parse(request, str).value, str)
    assert_type(client.parse(request, SCHEMA).value, Any)


def streamed(client: Client, request: ChatCompletionRequest) -> None:
    with client.parse_stream(request, Invoice) as stream:
        assert_type(stream.parsed(), Parsed[Invoice])
    with client.parse_stream(request, list[Invoice]) as many:
        assert_type(many.parsed().value, list[Invoice])
    with client.parse_stream(request, Invoice | Receipt) as either:
        assert_type(either.parsed().value, Invoice | Receipt)
    with client.parse_stream(request, Literal["a", "b"]) as word:
        assert_type(word.parsed().value, Literal["a", "b"])
    with client.parse_stream(request, SCHEMA) as anything:
        assert_type(anything.parsed().value, Any)


async def on_an_event_loop(client: AsyncClient, request: ChatCompletionRequest) -> None:
    assert_type(await client.parse(request, Invoice), Parsed[Invoice])
    assert_type((await client.parse(request, Invoice | None)).value, Invoice | None)
    assert_type((await client.parse(request, Literal["a", "b"])).value, Literal["a", "b"])
    assert_type((await client.parse(request, SCHEMA)).value, Any)
    async with client.parse_stream(request, Invoice) as stream:
        assert_type(await stream.parsed(), Parsed[Invoice])
    awaited = await client.parse_stream(request, Invoice | Receipt)
    assert_type((await awaited.parsed()).value, Invoice | Receipt)
    async with client.parse_stream(request, SCHEMA) as anything:
        assert_type((await anything.parsed()).value, Any)


def by_hand(answer: ChatCompletion) -> None:
    assert_type(parse_answer(answer, Invoice), Invoice)
    assert_type(parse_answer("{}", Page[int]), Page[int])
    assert_type(parse_answer(answer, list[Invoice]), list[Invoice])
    assert_type(parse_answer(answer, Invoice | None), Invoice | None)
    assert_type(parse_answer(answer, Literal["a", "b"]), Literal["a", "b"])
    assert_type(parse_answer(answer, Invoice | Receipt), Invoice | Receipt)
    assert_type(parse_answer(answer, Address), Address)
    assert_type(parse_answer(answer, Point), Point)
    assert_type(parse_answer(answer, Colour), Colour)
    assert_type(parse_answer(answer, SCHEMA), Any)
