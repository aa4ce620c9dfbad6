"""The benchmark: `make bench`, or `.venv/bench/bin/python benchmarks/bench [--quick] [--only cold,request]`.

It installs the present tree from a wheel, starts one server of canned bytes on this machine, and lets clients take
turns. Only a complete run writes: benchmarks/results.json, the figures and the chart of docs/benchmarks.md, and
the table of the README.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import chart
import cold
import core
import growth
import inflight
import install
import instructions
import machine
import report
import request
import sizes
import stream
import threads
import tls

import processes

ROOT = install.ROOT
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "benchmarks.svg"
README = ROOT / "README.md"

#: What is timed comes first, one after the other; the last two count what other work does not change, side by side.
TIMED = {
    "cold": cold.measure,
    "request": request.measure,
    "tls": tls.measure,
    "stream": stream.measure,
    "core": core.measure,
    "threads": threads.measure,
    "inflight": inflight.measure,
    "growth": growth.measure,
}
COUNTED = {"memory": stream.memory, "instructions": instructions.measure}
#: What `--quick` leaves out, unless it is asked for: it takes longest.
SLOW = ("inflight", "memory", "instructions")


def main() -> None:
    names = ["sizes", *TIMED, *COUNTED]
    options = _options(names)
    wanted = options.only or [name for name in names if not (options.quick and name in SLOW)]
    started = time.monotonic()
    wheel = install.install()
    results: dict[str, Any] = {
        "measured": datetime.now(timezone.utc).date().isoformat(),
        "machine": machine.machine(),
        "versions": machine.versions(),
    }
    if "sizes" in wanted:
        results["sizes"] = sizes.measure(wheel)
    with processes.server() as url:
        for name, measure in TIMED.items():
            if name in wanted:
                print(f"measuring: {name}", flush=True)
                results[name] = measure(url, quick=options.quick)
        counted = {name: partial(it, url, quick=options.quick) for name, it in COUNTED.items() if name in wanted}
        results |= _side_by_side(counted)
    print(f"\n{report.text(results)}\n{time.monotonic() - started:.0f} s in all")
    if not options.quick and not options.only:
        write(results)


def write(results: dict[str, Any]) -> None:
    """Write the results, and what shows them: a part of the page, the chart, and the README's table."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    CHART.write_text(chart.svg(results), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(report.BEGIN)
    PAGE.write_text(before + report.part(results) + rest.partition(report.END)[2], encoding="utf-8")
    README.write_text(report.readme(README.read_text(encoding="utf-8"), results), encoding="utf-8")
    print("written:", *(path.relative_to(ROOT) for path in (RESULTS, PAGE, CHART, README)))


def _side_by_side(measures: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    if not measures:
        return {}
    print(f"measuring: {', '.join(measures)}", flush=True)
    with ThreadPoolExecutor(len(measures)) as pool:
        running = {name: pool.submit(measure) for name, measure in measures.items()}
        return {name: it.result() for name, it in running.items()}


def _options(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=Path(__file__).parent.name, description="Measures this client and others.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, under a minute; writes nothing")
    parser.add_argument(
        "--only",
        metavar="NAMES",
        type=lambda text: text.split(","),
        help=f"some of {','.join(names)}; writes nothing",
    )
    options = parser.parse_args()
    unknown = set(options.only or ()) - set(names)
    if unknown:
        parser.error(f"not known: {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    return options


if __name__ == "__main__":
    try:
        main()
    except processes.GaveUpError as failure:
        raise SystemExit(f"stopped: {failure}") from None
