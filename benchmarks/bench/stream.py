"""CPU time of one chunk of a stream, over HTTP and from memory; what a long stream and a long line take.

Each chunk comes as a piece of its own, as Bedrock sends them. `measure` and `memory` run in the benchmark's own
process, the other functions in workers.
"""

from __future__ import annotations

import contextlib
import gc
import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import canned
from sampling import rounded, rounds, spread, summary

from processes import Worker

CHUNKS = 20_000
#: Lengths of a stream, in chunks, for what does not depend on other work of the machine.
SHORT, LONG = 100_000, 1_000_000
#: Lengths of a stream in memory, in chunks, to see whether a chunk costs the same in each.
LENGTHS = (1000, 10_000, 100_000)
#: Lengths of one line, in megabytes.
LINES = (5, 10, 20)
PIECE = 65536


def measure(url: str, *, quick: bool) -> dict[str, Any]:
    """Return CPU seconds for each chunk of a stream, and for a line of some megabytes."""
    count, chunks, seconds = (3, 5000, 10) if quick else (9, CHUNKS, 25)
    with contextlib.ExitStack() as stack:
        readers = dict.fromkeys(("floor", "this client"), f"{url}/stream-{chunks}")
        readers["OpenAI SDK"] = f"{url}/stream-{chunks // 5}"  # it is slow, and one chunk costs the same
        http = rounds(
            count,
            {name: partial(stack.enter_context(Worker(name, at)).ask, "stream") for name, at in readers.items()},
            seconds,
        )
    with Worker("none", url) as alone:
        read = {name: partial(alone.ask, "pieces", reader=name, chunks=chunks) for name in READERS}
        memory = rounds(count, read, seconds / 2)
        growth = {str(it): alone.ask("pieces", reader="iter_chunks", chunks=it) for it in LENGTHS}
        lines = {str(size): spread([alone.ask("line", megabytes=size) for _ in range(3)]) for size in LINES}
    return {
        "rounds": len(http["floor"]),
        "chunks": chunks,
        "over HTTP": summary(http),
        "from memory": summary(memory, floor="json"),
        "by length": {name: rounded(value) for name, value in growth.items()},
        "one line": lines,
    }


def memory(url: str, *, quick: bool) -> dict[str, float]:
    """Return the most that was resident, in bytes, in a process that read a stream of so many chunks."""
    found = {}
    for chunks in (SHORT // 10, SHORT) if quick else (SHORT, LONG):
        with Worker("this client", f"{url}/stream-{chunks}") as worker:
            worker.ask("stream", limit=200)
            found[str(chunks)] = worker.ask("peak")
    return found


def over_http(contender: Any) -> float:
    """Return the CPU seconds of one chunk of a stream that the contender reads."""
    gc.collect()
    started = time.process_time()
    count = contender.stream()
    return (time.process_time() - started) / count


def _iter_chunks(pieces: Iterator[bytes]) -> int:
    from bedrock_openai_http import iter_chunks

    return sum(1 for _ in iter_chunks(pieces))


def _json(pieces: Iterator[bytes]) -> int:
    from contenders import json_of_lines

    return sum(1 for _ in json_of_lines(pieces))


READERS = {"json": _json, "iter_chunks": _iter_chunks}


def in_memory(_: Any, reader: str, chunks: int) -> float:
    """Return the CPU seconds of one chunk of a stream that is in memory already."""
    pieces = canned.pieces(chunks)
    gc.collect()
    started = time.process_time()
    count = READERS[reader](pieces)
    return (time.process_time() - started) / count


def one_line(_: Any, megabytes: int) -> float:
    """Return the CPU seconds of a stream whose text comes in one line of so many megabytes."""
    chunk = {"choices": [{"delta": {"content": "a" * (megabytes * 1_000_000)}, "index": 0}], "id": "c"}
    line = b"data: " + json.dumps(chunk).encode() + b"\n\n" + canned.END[-1]
    pieces = [line[start : start + PIECE] for start in range(0, len(line), PIECE)]
    started = time.process_time()
    _iter_chunks(iter(pieces))
    return time.process_time() - started
