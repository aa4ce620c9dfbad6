"""The OpenAI SDK's `chat.completions.parse`: into a model, and of the arguments of tools, which it does not run."""

from __future__ import annotations

import inspect
from typing import Any

import openai
import pydantic

from ..forms import MODEL
from . import KEY, PROMPT, TASK, Parsed, Player, Tools
from .kinds import Invoice


def _client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY)


def parse(url: str, held: list[Any]) -> Any:
    messages: Any = [{"role": "user", "content": PROMPT}]
    completion = _client(url).chat.completions.parse(model=MODEL, messages=messages, response_format=Invoice)
    held.append(completion)
    return completion.choices[0].message.parsed


def _tool(function: Any) -> Any:
    parameters = inspect.signature(function, eval_str=True).parameters
    members: Any = {name: (each.annotation, ...) for name, each in parameters.items()}
    model = pydantic.create_model(function.__name__, **members)
    return openai.pydantic_function_tool(model, name=function.__name__, description=inspect.getdoc(function))


def run(url: str, tools: Tools, held: list[Any]) -> Any:
    messages: Any = [{"role": "user", "content": TASK}]
    completion = _client(url).chat.completions.parse(model=MODEL, messages=messages, tools=list(map(_tool, tools)))
    calls = completion.choices[0].message.tool_calls or []
    return Parsed(", ".join(repr(call.function.parsed_arguments) for call in calls))


player = Player("openai", parse, run, runs_tools=False)
