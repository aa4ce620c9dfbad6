"""How much work something is, counted in calls of functions: the same on every machine, whatever else it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def steps(
    action: Callable[[], Any], *, events: tuple[str, ...] = ("call",), but: type[Exception] | tuple[()] = ()
) -> int:
    """Return how many calls an action takes: of Python functions, with "c_call" in C too. It may raise `but`."""
    count = 0

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in events

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    except but:
        pass
    finally:
        sys.setprofile(before)
    return count
