"""instructor on the OpenAI SDK, in its default mode, which asks for the answer as the arguments of a tool."""

from __future__ import annotations

from typing import Any

import instructor

from ..forms import MODEL
from . import KEY, PROMPT, Player
from .kinds import Invoice


def parse(url: str, held: list[Any]) -> Any:
    client = instructor.from_provider(f"openai/{MODEL}", base_url=f"{url}/v1", api_key=KEY)
    return client.create(messages=[{"role": "user", "content": PROMPT}], response_model=Invoice)


player = Player("instructor", parse)
