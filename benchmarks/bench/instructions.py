"""Instructions, counted by valgrind's callgrind: unlike time they do not depend on what else the machine does.

A few per cent still differ between runs, since the canned answers come in pieces whose size is chance.
"""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from processes import HERE, PROGRAMS, GaveUpError, run_command

#: The programs of a cold start; the names are those of `contenders` too.
PROGRAM_OF = {"floor": "floor", "this client": "this_client", "boto3": "with_boto3", "OpenAI SDK": "with_openai"}
#: What `--quick` counts: the others take minutes.
QUICK = ("floor", "this client")
MANY = 41
#: Who reads streams, and of how many chunks they are. The OpenAI SDK would take minutes.
STREAMED = ("floor", "this client")
STREAMS = (1000, 5000)
#: Who is counted with many calls in flight and many streams at once, and how many.
IN_FLIGHT = {"floor": "bare aiohttp", "AsyncClient": "AsyncClient"}
AT_ONCE, STREAMS_AT_ONCE, EACH = 64, 8, (1, 4)
#: Seconds. Under valgrind a program takes some 50 times as long.
LIMIT = 600.0


def measure(url: str, *, quick: bool) -> dict[str, Any] | None:
    """Return the instructions of a cold start, a request and a chunk; None if valgrind is missing or cannot count."""
    if shutil.which("valgrind") is None:
        print("Instructions are not counted: valgrind is not installed here.")
        return None
    names = QUICK if quick else tuple(PROGRAM_OF)
    commands: dict[Any, list[str]] = {
        ("cold start", name): [str(PROGRAMS / f"{PROGRAM_OF[name]}.py"), url] for name in names
    }
    for name in names:
        commands |= {(name, count): [str(HERE / "contenders.py"), url, name, str(count)] for count in (1, MANY)}
    for name, count in itertools.product(STREAMED, STREAMS):
        commands["stream", name, count] = [str(HERE / "contenders.py"), f"{url}/stream-{count}", name, "stream"]
    commands |= _in_flight(url)
    try:
        with ThreadPoolExecutor(2) as pool:  # what else runs does not matter
            counts = dict(zip(commands, pool.map(count_of, commands.values()), strict=True))
    except GaveUpError as error:
        print(f"Instructions are not counted: {error}")
        return None
    return {
        "cold start": {name: counts["cold start", name] for name in names},
        "request": {name: (counts[name, MANY] - counts[name, 1]) // (MANY - 1) for name in names},
        "chunk, over HTTP": {
            name: (counts["stream", name, STREAMS[1]] - counts["stream", name, STREAMS[0]])
            // (STREAMS[1] - STREAMS[0])
            for name in STREAMED
        },
        f"call, {AT_ONCE} in flight": {
            name: (counts["calls", name, EACH[1]] - counts["calls", name, EACH[0]]) // (AT_ONCE * (EACH[1] - EACH[0]))
            for name in IN_FLIGHT
        },
        f"chunk, {STREAMS_AT_ONCE} streams": {
            name: (counts["streams", name, STREAMS[1]] - counts["streams", name, STREAMS[0]])
            // (STREAMS_AT_ONCE * (STREAMS[1] - STREAMS[0]))
            for name in IN_FLIGHT
        },
    }


def _in_flight(url: str) -> dict[Any, list[str]]:
    program, commands = str(HERE / "inflight.py"), {}
    for name, contender in IN_FLIGHT.items():
        for each in EACH:
            commands["calls", name, each] = [program, url, contender, "calls", str(AT_ONCE), str(each)]
        for count in STREAMS:
            at = f"{url}/stream-{count}"
            commands["streams", name, count] = [program, at, contender, "streams", str(STREAMS_AT_ONCE), "1"]
    return commands


def count_of(arguments: list[str]) -> int:
    """Return the instructions of a Python program from its start to its end."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    done = run_command([*tool, *arguments], limit=LIMIT, more={"PYTHONHASHSEED": "0"})
    found = re.search(r"Collected : (\d+)", done.errors)
    if found is None:
        raise GaveUpError(f"valgrind counted nothing: {done.errors[-500:]}")
    return int(found[1])
