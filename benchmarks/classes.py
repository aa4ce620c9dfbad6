"""What it takes to define a frozen dataclass, and to make instances of it: the standard library's way and ours.

    python benchmarks/classes.py

This module prints the table of docs/decisions/0014, in microseconds, the least of many rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import bedrock_openai_http.values.delta
from bedrock_openai_http.values.frozen import frozen


def standard() -> Any:
    return _define(dataclass(frozen=True))


def ours() -> Any:
    return _define(frozen)


def _define(decorate: Callable[[type], type]) -> Any:
    @decorate
    class Delta:
        """Eight fields, those of the package's class, whose `__init__` is written out."""

        __module__ = bedrock_openai_http.values.delta.__name__

        role: str | None = None
        content: str | None = None
        text: str = ""
        reasoning: str = ""
        refusal: str | None = None
        tool_calls: tuple[str, ...] = ()
        function_call: str | None = None
        extra: dict[str, Any] = field(default_factory=dict)

    return Delta


def named_tuple() -> Any:
    class Delta(NamedTuple):
        """The same fields."""

        role: str | None = None
        content: str | None = None
        text: str = ""
        reasoning: str = ""
        refusal: str | None = None
        tool_calls: tuple[str, ...] = ()
        function_call: str | None = None
        extra: Any = None

    return Delta


def least(action: Callable[[], object], rounds: int = 300) -> float:
    """Return the least time of an action, in microseconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def instances(cls: Any, count: int = 1000) -> float:
    def make() -> None:
        for _ in range(count):
            cls(None, "b", text="c")

    return least(make, 30) / count


def main() -> None:
    print(f"{'':24}{'define':>10}{'each instance':>16}")
    for name, define in (("dataclass(frozen=True)", standard), ("NamedTuple", named_tuple), ("frozen", ours)):
        print(f"{name:24}{least(define):10.0f}{instances(define()):16.2f}")


if __name__ == "__main__":
    main()
