"""The OpenAI Agents SDK on a chat-completions model, with its tracing off: that would be sent to OpenAI."""

from __future__ import annotations

import asyncio
from typing import Any

import agents
import openai

from ..forms import MODEL
from . import KEY, PROMPT, TASK, Player, Tools
from .kinds import Invoice

agents.set_tracing_disabled(True)


def _run(url: str, task: str, held: list[Any], **options: Any) -> Any:
    async def run() -> Any:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
            model = agents.OpenAIChatCompletionsModel(model=MODEL, openai_client=client)
            agent = agents.Agent(name="Clerk", instructions="Be brief.", model=model, **options)
            held.append(agent)
            return await agents.Runner.run(agent, task)

    return asyncio.run(run())


def parse(url: str, held: list[Any]) -> Any:
    return _run(url, PROMPT, held, output_type=Invoice).final_output


def run(url: str, tools: Tools, held: list[Any]) -> Any:
    return _run(url, TASK, held, tools=[agents.function_tool(each) for each in tools]).final_output


player = Player("agents", parse, run)
