"""A process that holds one contender and measures what it is asked to: `python worker.py NAME URL`.

A question is a line of JSON on standard input, its answer one on standard output. The process ends with its input.
Times are of `time.process_time` (user and system time of this process) unless the name says otherwise.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import core
import growth
import inflight
import peak
import phases
import stream
from async_contenders import ASYNC_CONTENDERS
from contenders import CONTENDERS
from programs import this_machine  # noqa: F401

Action = Callable[..., Any]


def requests(contender: Any, count: int) -> float:
    """Return the CPU seconds of one request."""
    gc.collect()
    started = time.process_time()
    for _ in range(count):
        contender.complete()
    return (time.process_time() - started) / count


def threads(contender: Any, threads: int, count: int) -> float:
    """Return how many requests were answered in a second of wall time, by so many threads on one client."""
    begin = threading.Barrier(threads + 1)

    def work() -> None:
        begin.wait()
        for _ in range(count):
            contender.complete()

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work) for _ in range(threads)]
        begin.wait()
        started = time.perf_counter()
        for each in running:
            each.result()
        return threads * count / (time.perf_counter() - started)


ACTIONS: dict[str, Action] = {
    "requests": requests,
    "threads": threads,
    "phases": phases.measure,
    "stream": stream.over_http,
    "pieces": stream.in_memory,
    "line": stream.one_line,
    "peak": lambda _: peak.resident(),
    "growth": growth.validation,
    "core": core.both,
    "calls": inflight.calls,
    "streams": inflight.streams,
}


def main() -> None:
    name, url = sys.argv[1:3]
    make = {**CONTENDERS, **ASYNC_CONTENDERS}.get(name)
    contender = None if make is None else make(url)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(ACTIONS[question.pop("do")](contender, **question)), flush=True)
    if name in ASYNC_CONTENDERS:
        contender.close()


if __name__ == "__main__":
    main()
