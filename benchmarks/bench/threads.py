"""Many threads on one client: requests in a second of wall time, and how many connections the server saw."""

from __future__ import annotations

from functools import partial
from typing import Any

from contenders import POOL
from sampling import rounds, summary

from processes import Worker, connections, server

THREADS = POOL
NAMES = ("floor", "this client")


def measure(_: str, *, quick: bool) -> dict[str, Any]:
    """Return the throughput of each contender and its connections; each has a server of its own, to count them."""
    count, each = (3, 3) if quick else (9, 10)
    with server() as first, server() as second:
        urls = dict(zip(NAMES, (first, second), strict=True))
        with Worker("floor", first) as floor, Worker("this client", second) as client:
            running = dict(zip(NAMES, (floor, client), strict=True))
            turns = {name: partial(it.ask, "threads", threads=THREADS, count=each) for name, it in running.items()}
            samples = rounds(count, turns, seconds=25)
        return {
            "rounds": len(samples["floor"]),
            "threads": THREADS,
            "requests": each * THREADS,
            "throughput": summary(samples),
            "connections": {name: connections(url) for name, url in urls.items()},
        }
