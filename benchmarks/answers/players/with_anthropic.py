"""Anthropic's SDK: `messages.parse`, and the tool runner of `beta.messages`."""

from __future__ import annotations

from typing import Any

import anthropic

from ..forms import MODEL
from . import KEY, PROMPT, TASK, Player, Tools
from .kinds import Invoice


def _client(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key=KEY)


def parse(url: str, held: list[Any]) -> Any:
    message = _client(url).messages.parse(
        model=MODEL, max_tokens=1000, messages=[{"role": "user", "content": PROMPT}], output_format=Invoice
    )
    held.append(message)
    return message.parsed_output


def run(url: str, tools: Tools, held: list[Any]) -> Any:
    runner = _client(url).beta.messages.tool_runner(
        model=MODEL,
        max_tokens=1000,
        tools=[anthropic.beta_tool(each) for each in tools],
        messages=[{"role": "user", "content": TASK}],
    )
    held.append(runner)
    message = runner.until_done()
    return "".join(part.text for part in message.content if part.type == "text")


player = Player("anthropic", parse, run, messages=True)
