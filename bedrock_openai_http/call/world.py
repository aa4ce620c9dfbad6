"""What a call needs of the world around it: clocks, chance and patience.

This module names them and has none: `transport.drive` has the machine's own, and a test gives others, for which
nothing has to be waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..values.frozen import frozen


@frozen
class World:
    """Clocks, chance and patience, as functions."""

    #: Gives the seconds of a clock that never goes back, on which deadlines stand. The transport over `requests` and
    #: the look-up of credentials keep to a deadline by `time.monotonic`.
    clock: Callable[[], float]
    #: Gives the seconds since 1970.
    wall: Callable[[], float]
    #: Gives a number from 0 to 1, of the operating system's randomness: copies of one memory image would all draw the
    #: same from a generator with a seed.
    uniform: Callable[[], float]
    #: Gives so many bytes of that randomness.
    random_bytes: Callable[[int], bytes]
    #: Waits for so many seconds.
    sleep: Callable[[float], Any]
