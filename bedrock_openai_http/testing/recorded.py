"""Recorded answers of Bedrock, by name: what a LocalEndpoint plays in place of its own.

This module takes the answers from `bedrock_openai_http.testing.cases`, and changes nothing in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import chain, repeat
from types import MappingProxyType
from typing import Any

from ..values import arguments
from ..values.errors import ConfigurationError
from .cases import read_cases
from .service.recorded_answer import RecordedAnswer


def scenarios() -> Mapping[str, str]:
    """Return the names of all recorded answers that a `LocalEndpoint` can play, each with its description.

    The description of an answer whose shape nobody has recorded ends with "(a guess)".
    """
    return MappingProxyType({name: _description(case) for name, case in _cases().items()})


def recorded_answer(name: str) -> RecordedAnswer:
    """Return the recorded answer `name`. Raises ConfigurationError, with the names that come near it."""
    name = arguments.text("scenario", name, "be a name, or a sequence of names")
    if name not in _cases():
        near = " or ".join(map(repr, get_close_matches(name[:80], _cases())))
        hint = f"did you mean {near}?" if near else "bedrock_openai_http.testing.scenarios() lists them"
        raise ConfigurationError(f"no scenario is named {name[:80]!r}; {hint}")
    return RecordedAnswer.from_bytes(_cases()[name]["answer"])


def play_list(scenario: str | Sequence[str | None] | None) -> Iterator[RecordedAnswer | None]:
    """Return what to answer to each request in turn, without end; None stands for an answer of the endpoint's own.

    Taking the next one is safe among threads. Raises ConfigurationError.
    """
    if arguments.is_a(scenario, str):
        return repeat(recorded_answer(scenario))
    names: list[Any]
    try:
        names = list(scenario or ())
    except Exception:  # noqa: BLE001  (of a sequence of the caller's own class anything can come out)
        names = [scenario]
    return chain([None if name is None else recorded_answer(name) for name in names], repeat(None))


@cache
def _cases() -> dict[str, dict[str, Any]]:
    return read_cases()


def _description(case: Mapping[str, Any]) -> str:
    return f"{case['description']} (a guess)" if case["tag"] == "INF" else str(case["description"])
