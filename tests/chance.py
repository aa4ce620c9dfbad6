"""How many inputs hypothesis tries in a test, the same ones in every run; FUZZ_EXAMPLES=3000 tries as many new ones.

This module makes no inputs: what is found by chance is hunted on purpose, and never stops somebody else's work.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

MANY = os.environ.get("FUZZ_EXAMPLES")


def tries(count: int) -> settings:
    """Return the settings of a test that tries `count` inputs, without bounds on its time."""
    return settings(
        max_examples=int(MANY or count),
        derandomize=not MANY,
        database=None,
        deadline=None,
        phases=set(Phase) - {Phase.explain},
        suppress_health_check=list(HealthCheck),
    )
