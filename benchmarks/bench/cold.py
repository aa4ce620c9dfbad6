"""Cold start and memory: a new process, from its start to the first parsed completion.

Wall time ends when the program prints the completion's text; CPU time is that of the whole process. Memory has runs
of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from typing import Any

from sampling import rounds, summary

from processes import peak, run

PROGRAMS = {
    "floor": "floor",
    "this client": "this_client",
    "boto3": "with_boto3",
    "OpenAI SDK": "with_openai",
    "floor without botocore.credentials": "floor_lean",
    "this client, API key": "this_client_key",
    "this client, import only": "this_client_import",
    "Python alone": "python_alone",
}


def measure(url: str, *, quick: bool) -> dict[str, Any]:
    """Return wall time, CPU time (seconds) and peak memory (bytes) of each program."""
    count, seconds = (4, 10) if quick else (21, 60)
    turns = {name: partial(run, program, url) for name, program in PROGRAMS.items()}
    runs = rounds(count, turns, seconds)
    peaks = {name: partial(peak, program, url) for name, program in PROGRAMS.items()}
    memory = {name: [peak() for _ in range(2)] for name, peak in peaks.items()}  # they hardly differ
    return {
        "rounds": len(runs["floor"]),
        "wall": summary({name: [it.wall for it in done] for name, done in runs.items()}),
        "cpu": summary({name: [it.cpu for it in done] for name, done in runs.items()}),
        "memory": summary(memory),
        "imports": imports(url),
    }


def imports(url: str) -> list[dict[str, Any]]:
    """Return which packages' modules the first call of this library spends its imports on, dearest first.

    `own` is the time of a package's modules themselves, without what they import, in seconds, under `-X importtime`,
    which makes each import somewhat dearer.
    """
    done = run("this_client", url, options=("-X", "importtime"))
    own: dict[str, int] = defaultdict(int)
    modules: dict[str, int] = defaultdict(int)
    for micros, name in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", done.errors, re.MULTILINE):
        package = name.partition(".")[0]
        own[package] += int(micros)
        modules[package] += 1
    ordered = sorted(own, key=lambda name: -own[name])[:12]
    return [{"package": name, "own": own[name] / 1e6, "modules": modules[name]} for name in ordered]
