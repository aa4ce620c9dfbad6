"""The library at hand: `Client.parse` into a dataclass, and `Client.run_tools`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, Client, UserMessage

from ..forms import MODEL
from . import KEY, PROMPT, TASK, Player, Tools


@dataclass
class Item:
    name: str
    quantity: int
    price: float


@dataclass
class Invoice:
    number: str
    items: list[Item]
    total: float


def _client(url: str) -> Client:
    # The other SDKs are asked by the server not to repeat a 429; here one attempt is said.
    return Client("us-west-2", base_url=url, api_key=KEY, max_attempts=1)


def parse(url: str, held: list[Any], reask: int = 0) -> Any:
    request = ChatCompletionRequest(MODEL, [UserMessage(PROMPT)])
    with _client(url) as client:
        return client.parse(request, Invoice, reask=reask, how="response_format").value


def run(url: str, tools: Tools, held: list[Any]) -> Any:
    with _client(url) as client:
        done = client.run_tools(ChatCompletionRequest(MODEL, [UserMessage(TASK)]), tools)
    return done.completion.text


def left(error: Exception) -> list[Any] | None:
    so_far = error.run if isinstance(error, BedrockOpenAIError) else None
    return so_far and so_far.messages


player = Player("bedrock_openai_http", parse, run, left=left, reask=partial(parse, reask=1))
