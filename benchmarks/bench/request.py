"""CPU time of one request over a kept-alive connection: 10 messages and one tool; then step by step."""

from __future__ import annotations

from functools import partial
from typing import Any

from sampling import rounds, spread, summary

from processes import workers

NAMES = ["floor", "this client", "this client, dict", "this client, API key", "boto3", "OpenAI SDK"]
#: Whose steps are measured.
STEPS_OF = ("floor", "this client", "this client, dict")


def measure(url: str, *, quick: bool) -> dict[str, Any]:
    """Return the CPU seconds of one request, and of each step of it."""
    count, size, seconds = (6, 40, 10) if quick else (21, 100, 45)
    with workers(NAMES, url) as running:
        turns = {name: partial(it.ask, "requests", count=size) for name, it in running.items()}
        samples = rounds(count, turns, seconds)
        steps = [{name: running[name].ask("phases", count=size) for name in STEPS_OF} for _ in range(5)]
    return {
        "rounds": len(samples["floor"]),
        "requests": size,
        "cpu": summary(samples),
        "steps": {
            name: {step: spread([turn[name][step] for turn in steps]) for step in steps[0][name]} for name in STEPS_OF
        },
    }
