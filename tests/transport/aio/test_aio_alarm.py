"""The alarm rings at the last moment that it was moved to, whichever way it was moved."""

from __future__ import annotations

import asyncio
import time

import pytest

from bedrock_openai_http.transport.aio.alarm import Alarm


@pytest.mark.parametrize(
    "moments",
    [(0.02, 0.06), (9.0, 0.06), (0.02, 9.0, 0.06), (9.0, 0.02, 0.06), (0.02, 0.04, 0.06)],
    ids=["later", "sooner", "later-then-sooner", "sooner-then-later", "later-twice"],
)
def test_the_last_moment_counts(moments: tuple[float, ...]) -> None:
    """A wait ends by TimeoutError at the moment that was named last, not before it and not at one named before."""

    async def waited() -> float:
        loop = asyncio.get_running_loop()
        began, clock = loop.time(), time.monotonic()
        with pytest.raises(TimeoutError), Alarm(loop, began + moments[0]) as alarm:
            for moment in moments[1:]:
                alarm.move(began + moment)
            await asyncio.sleep(5)
        return time.monotonic() - clock

    assert 0.06 <= asyncio.run(waited()) < 2


def test_a_wait_that_ends_in_time_leaves_no_timer() -> None:
    """After the `with` block nothing rings, also where the alarm was moved meanwhile."""

    async def waited() -> str:
        loop = asyncio.get_running_loop()
        with Alarm(loop, loop.time() + 0.01) as alarm:
            alarm.move(loop.time() + 0.02)
        await asyncio.sleep(0.04)
        return "undisturbed"

    assert asyncio.run(waited()) == "undisturbed"
