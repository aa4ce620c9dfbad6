"""The libraries that are compared, and how each is used: as its documentation shows, with its defaults.

Each is loaded in an environment of its own, so this module imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Tools = list[Callable[..., str]]
#: Asks for an invoice at a base URL, and returns the value or None. What its caller has in hand goes into the list.
Parse = Callable[[str, list[Any]], Any]
#: Runs tools at a base URL, and returns the text of the answer. The list is the same.
Run = Callable[[str, Tools, list[Any]], Any]


@dataclass(frozen=True)
class Library:
    """A library as the tables name it."""

    #: The module of this package that plays it.
    module: str
    #: The distributions whose versions matter.
    packages: tuple[str, ...]


OURS = "this library"
LIBRARIES = {
    OURS: Library("this_library", ("bedrock-openai-http",)),
    "openai": Library("with_openai", ("openai", "pydantic")),
    "instructor": Library("with_instructor", ("instructor", "openai", "pydantic")),
    "anthropic": Library("with_anthropic", ("anthropic", "pydantic")),
    "openai-agents": Library("with_agents", ("openai-agents", "openai", "pydantic")),
    "llm": Library("with_llm", ("llm", "openai", "pydantic")),
}


@dataclass(frozen=True)
class Player:
    """How a library is used. `package` is its import name."""

    package: str
    parse: Parse | None = None
    run: Run | None = None
    #: Whether it speaks Anthropic's Messages API.
    messages: bool = False
    #: Whether it runs tools, and does not only read the arguments of calls.
    runs_tools: bool = True
    #: The transcript that an error has for the next request, where the library documents one.
    left: Callable[[Exception], list[Any] | None] = lambda error: None
    #: `parse` with one repetition, where that is not what the library does by itself.
    reask: Parse | None = None


@dataclass(frozen=True)
class Parsed:
    """What a library that runs no tools makes of the arguments of a call."""

    shown: str


PROMPT = "Write the invoice for Mrs. Smith."
TASK = "Settle the complaints about the orders A1 and A2."
KEY = "maple-harbour-nineteen"
