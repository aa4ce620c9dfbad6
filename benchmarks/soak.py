"""A soak: many calls at once, two clients, and a server that fails at random; nothing may be lost or paid twice.

    python -X dev -W error benchmarks/soak.py [--client async] [--seconds 600] [--at-once 64] [--seed 1]
        [--tls] [--loop-debug]

Threads call with the blocking client, or tasks of one event loop with the other. Meanwhile processes are forked off,
which make calls of their own with the same clients. Some streams are closed by another thread or task, left early or
abandoned; tasks are cancelled, some calls have a deadline that is too short, and blocking clients are closed.

Prints what was counted as JSON and as a table, and exits with 1 if a number that must be 0 is not.

This module runs the whole; `soak_callers` makes the calls and `soak_tally` compares what came of them.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import select
import signal
import sys
import time
import warnings
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from soak_callers import CALLERS, listen, new_marker
from soak_server import FaultServer
from soak_tally import MUST_BE_ZERO, Seen, Tally, Way

from bedrock_openai_http import Credentials

#: Seconds for a forked process with its calls.
CHILD_SECONDS, CHILD_CALLS = 20.0, 3
#: Calls at once, if the command line does not say.
AT_ONCE = {"blocking": 8, "async": 64}


class Servers(BaseManager):
    """Runs the server."""


Servers.register("FaultServer", FaultServer)


class Soak:
    """One run: its callers, its server, and what is counted."""

    def __init__(self, client: str, seed: int, tls: bool, loop_debug: bool) -> None:
        # In a process of its own: a forked process would keep open what the server closes.
        self._manager = Servers()
        self._manager.start()
        self.server: Any = self._manager.FaultServer(seed, tls)  # type: ignore[attr-defined]
        facts = self.server.facts()
        self.token = facts["token"]
        if tls:
            os.environ["AWS_CA_BUNDLE"] = facts["bundle"]
        self.tally = Tally()
        listen(self.tally)
        self.callers = CALLERS[client](
            self.tally, self.server, facts["url"], self._credentials, loop_debug=loop_debug
        )
        self._files = _open_files()

    def _credentials(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", "secret", self.token)

    def fork(self, seed: int) -> None:
        """Let a forked process make a few calls, and compare what it says of them."""
        chance = random.Random(seed)
        markers = [new_marker(chance) for _ in range(CHILD_CALLS)]
        reader, writer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # against forking where there are threads
            child = os.fork()
        if child == 0:
            os.write(writer, json.dumps(self.callers.call_in_child(markers)).encode())
            os._exit(0)
        os.close(writer)
        with open(reader, "rb", buffering=0) as answers:
            ready, _, _ = select.select([answers], [], [], CHILD_SECONDS)
            said = json.loads(answers.read() or "[]") if ready else []
        if not said:
            self.tally.count("hanging_children")
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.tally.count("forks")
        for number, (marker, seen) in enumerate(zip(markers, said, strict=False)):
            self.tally.compare(marker, Way(number == 1), Seen(*seen), self.server.take(marker))

    def close(self) -> dict[str, Any]:
        """Close the clients, count what they have left open, and return the server's own facts."""
        self.callers.close()
        self.callers.compare(until=float("inf"))
        gc.collect()
        time.sleep(0.5)
        self.tally.count("leaked_files", max(0, _open_files() - self._files))
        facts: dict[str, Any] = self.server.facts()
        self.server.close()
        self._manager.shutdown()
        return facts


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _rss() -> float:
    """Return the resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * 4096 / 1e6, 1)


def run(client: str, seconds: float, at_once: int, seed: int, tls: bool, loop_debug: bool) -> dict[str, Any]:
    soak = Soak(client, seed, tls, loop_debug)
    start = time.monotonic()
    end = start + seconds
    threads = soak.callers.start(end, at_once, seed)
    memory: list[float] = []
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds / 20))
        soak.fork(1_000_000 * seed + len(memory))
        soak.callers.compare(until=time.monotonic())
        memory.append(_rss())
        if len(memory) % 5 == 0:
            soak.token = soak.server.rotate()
    for thread in threads:
        thread.join(60)
    soak.tally.count("hanging_calls", sum(thread.is_alive() for thread in threads))
    elapsed = time.monotonic() - start
    facts = soak.close()
    third, tally = max(1, len(memory) // 3), soak.tally
    return {
        "client": client,
        "seconds": round(elapsed, 1),
        "at_once": at_once,
        "seed": seed,
        "tls": tls,
        "dev_mode": sys.flags.dev_mode,
        "loop_debug": loop_debug,
        **{name: tally.counts[name] for name in ("requests", "answers_matched", *MUST_BE_ZERO, "forks")},
        "posts": facts["posts"],
        "connections": facts["connections"],
        "token_rotations": int(facts["token"][6:]),
        "rss_mb": {"start": memory[0], "middle": memory[len(memory) // 2], "end": memory[-1]},
        "rss_mb_median": {"first third": _median(memory[:third]), "last third": _median(memory[-third:])},
        "unexpected": dict(tally.unexpected),
        "interruptions": dict(tally.interruptions.most_common()),
        "outcomes": dict(tally.outcomes.most_common()),
        "faults": dict(tally.faults.most_common()),
    }


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def table(result: dict[str, Any]) -> str:
    rows = [(name, value) for name, value in result.items() if not isinstance(value, dict)]
    rows += [
        (f"{name}: {key}", value)
        for name in ("interruptions", "outcomes", "rss_mb")
        for key, value in result[name].items()
    ]
    lines = ["| counted | number |", "| --- | ---: |"]
    shown = [(name, value if isinstance(value, str) else f"{value:,}") for name, value in rows]
    return "\n".join(lines + [f"| {name.replace('_', ' ')} | {value} |" for name, value in shown])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--client", choices=list(CALLERS), default="blocking")
    parser.add_argument("--at-once", type=int, help="threads or tasks; 8 or 64 if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tls", action="store_true", help="over TLS; needs trustme")
    parser.add_argument("--loop-debug", action="store_true", help="asyncio's debug mode, in which calls take longer")
    given = parser.parse_args()
    at_once = given.at_once or AT_ONCE[given.client]
    result = run(given.client, given.seconds, at_once, given.seed, given.tls, given.loop_debug)
    print(json.dumps(result, indent=1))
    print(table(result))
    return int(any(result[name] for name in MUST_BE_ZERO))


if __name__ == "__main__":
    sys.exit(main())
