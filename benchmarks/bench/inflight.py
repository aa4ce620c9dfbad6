"""Many calls in flight at once: CPU time of a call with 1, 64 and 512 of them, and of a chunk of 8 streams.

The floor is bare aiohttp, with the same signing and the same JSON. `measure` runs in the benchmark's own process, the
other functions in workers. As a program it makes calls, or reads streams, for what counts instructions from outside:

    python inflight.py URL NAME calls|streams AT_ONCE EACH
"""

from __future__ import annotations

import contextlib
import gc
import sys
import time
from functools import partial
from typing import Any

from async_contenders import ASYNC_CONTENDERS
from sampling import rounds, summary

from processes import Worker, workers

FLOOR, HERE, SDK, THREADS = "bare aiohttp", "AsyncClient", "AsyncBedrockOpenAI", "Client in threads"
ON_UVLOOP = ["bare aiohttp on uvloop", "AsyncClient on uvloop"]
NAMES = [FLOOR, HERE, SDK, THREADS, *ON_UVLOOP]
#: Calls in flight, and how many each task or thread makes in a round.
LEVELS = {1: 60, 64: 2, 512: 1}
#: Seconds for a turn, which is long with the slowest and 512 in flight.
LIMIT = 180.0
#: Streams at once. Paced ones send one chunk every few milliseconds, as a model does, the others all they can.
STREAMS, CHUNKS, PACED = 8, 2000, 250


def measure(url: str, *, quick: bool) -> dict[str, Any]:
    """Return CPU seconds of a call for each number in flight, and of a chunk."""
    count, seconds = (3, 6) if quick else (15, 30)
    result: dict[str, Any] = {"streams": STREAMS}
    with workers(NAMES, url) as running:
        for level, each in LEVELS.items():
            turns = {
                name: partial(it.ask, "calls", limit=LIMIT, at_once=level, each=each) for name, it in running.items()
            }
            result[str(level)] = summary(rounds(count, turns, seconds), floor=FLOOR)
    chunks = 1000 if quick else CHUNKS
    streamed = dict.fromkeys([FLOOR, "bare aiohttp, line by line", *NAMES[1:]], f"{url}/stream-{chunks}")
    streamed[SDK] = f"{url}/stream-1000"
    result["chunk"] = _chunk(streamed, count, seconds)
    result["paced chunk"] = _chunk(dict.fromkeys((FLOOR, HERE, *ON_UVLOOP), f"{url}/paced-{PACED}"), count, seconds)
    return result


def _chunk(urls: dict[str, str], count: int, seconds: float) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(Worker(name, url)) for name, url in urls.items()}
        turns = {name: partial(it.ask, "streams", limit=LIMIT, at_once=STREAMS) for name, it in running.items()}
        return summary(rounds(count, turns, seconds), floor=FLOOR)


def calls(contender: Any, at_once: int, each: int) -> float:
    """Return the CPU seconds of one call."""
    gc.collect()
    return contender.calls(at_once, each, time.process_time)


def streams(contender: Any, at_once: int) -> float:
    """Return the CPU seconds of one chunk."""
    gc.collect()
    return contender.streams(at_once, time.process_time)


def main() -> None:
    from programs import this_machine  # noqa: F401  (here: the benchmark's own process imports this module too)

    url, name, what, at_once, each = sys.argv[1:6]
    contender = ASYNC_CONTENDERS[name](url)
    if what == "streams":
        contender.streams(int(at_once), time.process_time)
    else:
        contender.calls(int(at_once), int(each), time.process_time)
    contender.close()


if __name__ == "__main__":
    main()
