"""How a value is looked at, before it is read, to tell which of some kinds is meant.

This module's law: each part of a value is held against each alternative once by each kind of look, so that the time
to tell them apart grows with the size of the value, however deep alternatives stand in alternatives.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple


class Look(NamedTuple):
    """How closely a value is held against a part of a kind. It is of one JSON value alone."""

    #: What was seen, by the identities of the alternative and of the part of the value, which both stand as long.
    seen: dict[tuple[int, int, float], bool]
    #: How many levels of objects deep: to the end where it is `inf`, and then at bounds too.
    levels: float
    #: Whether a number must be of the very type of Python, and a text of the format that a schema names.
    exact: bool = False
    #: Which members an object has: "all" that are named and no other, no other than those "named", or "any".
    members: str = "named"

    @property
    def at_bounds(self) -> bool:
        """Whether what breaks a bound is refused."""
        return self.levels == inf

    def passes(self, alternative: Any, value: Any, judge: Callable[[Any, Look], bool]) -> bool:
        """Return what `judge` says of a value as one of an alternative, which is asked once."""
        if not isinstance(value, list | dict):
            return judge(value, self)
        place = (id(alternative), id(value), self.levels)
        if place not in self.seen:
            self.seen[place] = judge(value, self)
        return self.seen[place]

    def inside(self) -> Look:
        """Return the look at the members of an object."""
        return self._replace(levels=self.levels - 1)


#: The looks that tell alternatives apart, the closer ones later.
Looks = tuple[Look, ...]


def looks(*, levels: int = 1, members: str = "named") -> Looks:
    """Return the looks at one value: first up to so many levels deep, then to the end, then exactly."""
    shallow = (Look({}, depth, members=members) for depth in range(1, levels + 1))
    return (*shallow, Look({}, inf, members=members), Look({}, inf, exact=True, members=members))
