"""llm with an OpenAI-compatible extra model: a prompt with a schema, and a chain with tools."""

from __future__ import annotations

import json
from typing import Any

import llm

from ..forms import MODEL
from . import PROMPT, TASK, Player, Tools
from .kinds import Invoice


def _model(url: str) -> Any:
    extra: dict[str, Any] = {"model_id": "extra", "model_name": MODEL, "api_base": f"{url}/v1"}
    extra |= {"supports_schema": True, "supports_tools": True}
    file = llm.user_dir() / "extra-openai-models.yaml"
    file.write_text(json.dumps([extra]), encoding="utf-8")  # JSON is YAML
    return llm.get_model("extra")


def parse(url: str, held: list[Any]) -> Any:
    response = _model(url).prompt(PROMPT, schema=Invoice)
    held.append(response)
    return json.loads(response.text())  # as its documentation reads an answer with a schema


def run(url: str, tools: Tools, held: list[Any]) -> Any:
    chain = _model(url).chain(TASK, tools=tools)
    held.append(chain)
    return chain.text()


player = Player("llm", parse, run)
