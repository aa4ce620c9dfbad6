"""Rounds and what is made of them: this machine's other work comes and goes, so contenders take turns.

This module's law: a ratio is the median of the ratios within each round, never one of figures from different times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any, TypeVar

Value = TypeVar("Value")
#: So many rounds are made however long they take: fewer have no quartiles.
FEWEST = 3


def rounds(count: int, turns: dict[str, Callable[[], Value]], seconds: float) -> dict[str, list[Value]]:
    """Return what each of `turns` gave, all of them in turn `count` times, or as often as `seconds` allow.

    A first round warms up and is not counted.
    """
    samples: dict[str, list[Value]] = {name: [] for name in turns}
    end = time.monotonic() + seconds
    for number in range(count + 1):
        if number > FEWEST and time.monotonic() > end:
            break
        for name, turn in turns.items():
            value = turn()
            if number:
                samples[name].append(value)
    return samples


def summary(samples: dict[str, list[float]], floor: str = "floor") -> dict[str, Any]:
    """Return for each name the median, the quartiles, and the ratio to the floor with its quartiles."""
    result: dict[str, Any] = {}
    for name, values in samples.items():
        ratios = [value / base for value, base in zip(values, samples[floor], strict=True)]
        result[name] = {**spread(values), "ratio": spread(ratios)}
    return result


def spread(values: list[float]) -> dict[str, float]:
    """Return the median and the quartiles, to four figures."""
    low, _, high = quantiles(values, n=4, method="inclusive")
    return {"median": rounded(median(values)), "low": rounded(low), "high": rounded(high)}


def rounded(value: float) -> float:
    """Return `value` to four figures: the others are noise."""
    return float(f"{value:.4g}")
