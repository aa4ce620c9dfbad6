"""What it takes to define a frozen dataclass, and to make instances of it: the standard library's way and ours.

    python benchmarks/classes.py

This module prints the table of docs/decisions/0010, in microseconds, the least of many rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bedrock_openai_http.values.frozen import frozen


def standard() -> Any:
    return _define(dataclass(frozen=True))


def ours() -> Any:
    return _define(frozen)


def _define(decorate: Callable[[type], type]) -> Any:
    @decorate
    class Eight:
        """Eight fields."""

        a: int
        b: str
        c: str | None = None
        d: dict[str, int] = field(default_factory=dict)
        e: int = 0
        f: int = 0
        g: int = 0
        h: int = 0

    return Eight


def named_tuple() -> Any:
    class Eight(NamedTuple):
        """Eight fields."""

        a: int
        b: str
        c: str | None = None
        d: Any = None
        e: int = 0
        f: int = 0
        g: int = 0
        h: int = 0

    return Eight


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
            cls(1, "b", c="c", f=4)

    return least(make, 30) / count


def main() -> None:
    print(f"{'':24}{'define':>10}{'first instance':>16}{'each instance':>16}")
    for name, define in (("dataclass(frozen=True)", standard), ("NamedTuple", named_tuple), ("frozen", ours)):
        defined, first = least(define), least(lambda define=define: define()(1, "b"))  # type: ignore[misc]
        print(f"{name:24}{defined:10.0f}{first - defined:16.0f}{instances(define()):16.2f}")


if __name__ == "__main__":
    main()
