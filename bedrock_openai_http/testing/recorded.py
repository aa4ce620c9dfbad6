"""Recorded answers of Bedrock, by name: what a LocalEndpoint plays in place of its own.

This module reads the answers that ship as `bedrock_openai_http.testing.cases`, and changes nothing in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import chain, repeat
from types import MappingProxyType
from typing import Any

from ..call.error_answers import request_id_of
from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.http import Headers

_CASES = "bedrock_openai_http.testing.cases"


@dataclass(frozen=True)
class RecordedAnswer:
    """One answer: its status, its headers without those that frame the body, and its body."""

    status_code: int
    headers: Headers
    body: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> RecordedAnswer:
        """Read an answer as it is on the wire: status line, headers, blank line, body."""
        head, _, body = data.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        return cls(int(status_line.split()[1]), Headers([_field(line) for line in lines]), body)

    @property
    def request_id(self) -> str | None:
        """The request ID that it was recorded with."""
        return request_id_of(self.headers)

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def events(self) -> list[bytes]:
        """The body, cut behind each blank line."""
        return [event for event in re.split(rb"(?<=\n\n)", self.body) if event]


def scenarios() -> Mapping[str, str]:
    """Return the names of all recorded answers that a `LocalEndpoint` can play, each with its description."""
    return MappingProxyType({name: case["description"] for name, case in _cases().items()})


def recorded_answer(name: str) -> RecordedAnswer:
    """Return the recorded answer `name`. Raises ConfigurationError, with the names that come near it."""
    name = arguments.text("scenario", name, "be a name, or a sequence of names")
    if name not in _cases():
        near = " or ".join(map(repr, get_close_matches(name[:80], _cases())))
        hint = f"did you mean {near}?" if near else "bedrock_openai_http.testing.scenarios() lists them"
        raise ConfigurationError(f"no scenario is named {name[:80]!r}; {hint}")
    return RecordedAnswer.from_bytes(_cases()[name]["answer"].encode())


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
def _cases() -> dict[str, dict[str, str]]:
    cases: dict[str, dict[str, str]] = json.loads((files(_CASES) / "answers.json").read_text(encoding="utf-8"))
    return cases


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()
