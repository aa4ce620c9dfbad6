"""The results in words: the bounds and whether they are met, and the tables of docs/benchmarks.md.

This module needs nothing but the standard library, since the test of docs/benchmarks.md runs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from typing import Any

BEGIN = "<!-- What follows is written by the benchmark, up to the end mark. -->\n"
END = "<!-- end -->\n"
HERE = "this client"
#: The columns of the README's table.
OTHERS = (HERE, "boto3", "OpenAI SDK")


@dataclass(frozen=True)
class Bound:
    """A bound that this library is to keep. `path` leads to the figure in the results, `over` to what divides it."""

    what: str
    path: str
    limit: float
    #: How a figure is shown: "ratio", or a unit of time, size or number.
    unit: str = "ratio"
    over: str = ""
    at_least: bool = False

    def value(self, results: dict[str, Any]) -> float | None:
        """Return the figure, a ratio as exactly as it is shown; None if it was not measured."""
        figure, base = look(results, self.path), look(results, self.over) if self.over else 1.0
        if figure is None or base is None:
            return None
        return round(figure / base, 2) if self.unit == "ratio" else float(figure)

    def met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


BOUNDS = (
    Bound("cold start, wall time", f"cold/wall/{HERE}/ratio/median", 1.10),
    Bound("cold start, CPU time", f"cold/cpu/{HERE}/ratio/median", 1.10),
    Bound("cold start, instructions", f"instructions/cold start/{HERE}", 1.06, over="instructions/cold start/floor"),
    Bound("CPU time of a request", f"request/cpu/{HERE}/ratio/median", 1.2),
    Bound("CPU time of a request made of dicts", f"request/cpu/{HERE}, dict/ratio/median", 1.2),
    Bound("CPU time of a request over TLS", f"tls/cpu/{HERE}/ratio/median", 1.2),
    Bound("instructions of a request", f"instructions/request/{HERE}", 1.2, over="instructions/request/floor"),
    Bound("CPU time of a chunk, over HTTP", f"stream/over HTTP/{HERE}/ratio/median", 1.6),
    Bound(
        "instructions of a chunk, over HTTP",
        f"instructions/chunk, over HTTP/{HERE}",
        1.6,
        over="instructions/chunk, over HTTP/floor",
    ),
    Bound("CPU time of a chunk, from memory", "stream/from memory/iter_chunks/ratio/median", 2.5),
    Bound("a line of 20 MB, against one of 5 MB", "stream/one line/20/median", 5.0, over="stream/one line/5/median"),
    Bound("what the core adds to a request", "core/request/share", 0.03, "percent"),
    Bound("what the core adds to a chunk", "core/chunk/share", 0.07, "percent"),
    Bound("peak memory after one request", f"cold/memory/{HERE}/ratio/median", 1.0),
    Bound("peak memory of 1,000,000 chunks, against 100,000", "memory/1000000", 1.1, over="memory/100000"),
    Bound("64 threads, requests in a second", f"threads/throughput/{HERE}/ratio/median", 0.9, at_least=True),
    Bound("64 threads, connections", f"threads/connections/{HERE}", 64, "number"),
    *(
        Bound(
            f"AsyncClient, CPU time of a call, {level} in flight", f"inflight/{level}/AsyncClient/ratio/median", 1.5
        )
        for level in (1, 64, 512)
    ),
    Bound(
        "AsyncClient, instructions of a call, 64 in flight",
        "instructions/call, 64 in flight/AsyncClient",
        1.5,
        over="instructions/call, 64 in flight/floor",
    ),
    Bound("AsyncClient, CPU time of a chunk, 8 streams", "inflight/chunk/AsyncClient/ratio/median", 1.5),
    Bound("AsyncClient, CPU time of a paced chunk, 8 streams", "inflight/paced chunk/AsyncClient/ratio/median", 1.5),
    Bound(
        "AsyncClient, instructions of a chunk, 8 streams",
        "instructions/chunk, 8 streams/AsyncClient",
        1.5,
        over="instructions/chunk, 8 streams/floor",
    ),
    Bound("validation of 10 messages", "growth/dataclasses/10", 100e-6, "time"),
    Bound("validation of 361 messages", "growth/dataclasses/361", 3e-3, "time"),
    Bound(
        "validation of 361 messages, against 100",
        "growth/dataclasses/361",
        4.5,
        over="growth/dataclasses/100",
    ),
    Bound("validation with an image of 4 MB", "growth/image", 5e-3, "time"),
    Bound("this package in a Lambda bundle", "sizes/bundle", 750_000, "size"),
)


def look(results: Any, path: str) -> Any:
    """Return what stands at a path in the results; None if there is nothing."""
    return reduce(lambda found, name: None if found is None else found.get(name), path.split("/"), results)


def show(value: float, unit: str) -> str:
    """Return a figure with its unit."""
    if unit == "time":
        scale, name = next((it for it in ((1, "s"), (1e3, "ms")) if value * it[0] >= 1), (1e6, "µs"))
        return f"{figures(value * scale)} {name}"
    if unit == "size":
        return f"{figures(value / 1e6)} MB" if value >= 1e6 else f"{value / 1e3:.0f} KB"
    if unit == "percent":
        return f"{value:.1%}"
    return f"{value:,.0f}" if unit == "number" else f"{value:.2f}"


def figures(value: float) -> str:
    """Return a number to three figures, without an exponent."""
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}"


def judged(results: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return for each bound that was measured: what, the bound, the figure, and whether it is met."""
    rows = []
    for bound in BOUNDS:
        value = bound.value(results)
        if value is not None:
            limit = f"{'at least' if bound.at_least else 'at most'} {show(bound.limit, bound.unit)}"
            rows.append((bound.what, limit, show(value, bound.unit), "met" if bound.met(value) else "not met"))
    return rows


def text(results: dict[str, Any]) -> str:
    """Return the results for a terminal: each contender's figures, then the bounds."""
    parts = [_plain(title, header, rows) for title, header, rows in tables(results)]
    return "\n".join([*parts, _plain("bounds", ("what", "bound", "measured", ""), judged(results))])


def part(results: dict[str, Any]) -> str:
    """Return what the page says between its marks."""
    machine = results["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    shown = [
        f"Measured on {results['measured']}: {machine['python']} on {machine['system']}, {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory']} GB.\nVersions: {packages}.",
        "### Bounds",
        _markdown(("what", "bound", "measured", ""), judged(results)),
    ]
    for title, header, rows in tables(results):
        shown += [f"### {title}", _markdown(header, rows)]
    return BEGIN + "\n" + "\n\n".join(shown) + "\n\n" + END


#: What the README shows, and where it stands in the results.
README_ROWS = {
    "cold start, to the first answer": "cold/cpu",
    "CPU time of a request": "request/cpu",
    "CPU time of a streamed chunk": "stream/over HTTP",
    "peak memory after a request": "cold/memory",
}


def readme(text: str, results: dict[str, Any]) -> str:
    """Return the README with the ratios of the results in its table."""
    for what, path in README_ROWS.items():
        found = look(results, path)
        cells = [f"{found[name]['ratio']['median']:.2f}" if name in found else "" for name in OTHERS]
        row = "|".join(f" {cell} " if cell else " " for cell in (what, *cells))
        text = re.sub(rf"(?m)^\| {re.escape(what)} \|.*$", f"|{row}|", text)
    return text


def tables(results: dict[str, Any]) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Return the tables of what was measured: title, header, rows."""
    made = {
        "Cold start": _cold,
        "Imports of the first call": _imports,
        "One request": _request,
        "One request, step by step": _steps,
        "One chunk of a stream": _stream,
        "What the core adds": _core,
        "Threads": _threads,
        "Many calls in flight": _in_flight,
        "Many streams at once": _streams,
        "Validation": _growth,
        "Size": _sizes,
        "Instructions": _instructions,
    }
    found = ((title, table(results)) for title, table in made.items())
    return [(title, table[0], table[1:]) for title, table in found if len(table) > 1]


Table = list[tuple[str, ...]]


def _cold(results: dict[str, Any]) -> Table:
    cold = results.get("cold", {})
    rows = [("process", "wall time", "ratio", "CPU time", "ratio", "peak memory", "ratio")]
    for name in cold.get("wall", {}):
        wall, cpu, memory = (cold[kind][name] for kind in ("wall", "cpu", "memory"))
        times = [cell for it in (wall, cpu) for cell in (show(it["median"], "time"), ratio(it))]
        rows.append((name, *times, show(memory["median"], "size"), show(memory["ratio"]["median"], "ratio")))
    return rows


def _imports(results: dict[str, Any]) -> Table:
    rows = [("package", "own time", "modules")]
    for it in results.get("cold", {}).get("imports", ()):
        rows.append((it["package"], show(it["own"], "time"), str(it["modules"])))
    return rows


def _request(results: dict[str, Any]) -> Table:
    over_tls = {f"{name}, over TLS": it for name, it in results.get("tls", {}).get("cpu", {}).items()}
    return _ratios("client", "CPU time", results.get("request", {}).get("cpu", {}) | over_tls)


def _steps(results: dict[str, Any]) -> Table:
    steps = results.get("request", {}).get("steps", {})
    names = ["validate", "build", "sign", "send", "parse"]
    rows = [("client", *names, "sum")]
    for client, found in steps.items():
        cells = [show(found[name]["median"], "time") if name in found else "-" for name in names]
        rows.append((client, *cells, show(sum(it["median"] for it in found.values()), "time")))
    return rows


def _stream(results: dict[str, Any]) -> Table:
    stream = results.get("stream", {})
    over_http = {f"{name}, over HTTP": it for name, it in stream.get("over HTTP", {}).items()}
    words = {"json": "lines and `json.loads`, from memory", "iter_chunks": "`iter_chunks`, from memory"}
    from_memory = {words[name]: it for name, it in stream.get("from memory", {}).items()}
    rows = _ratios("reader", "CPU time", over_http | from_memory)
    for chunks, seconds in stream.get("by length", {}).items():
        rows.append((f"`iter_chunks`, of {int(chunks):,} chunks", show(seconds, "time"), ""))
    for size, it in stream.get("one line", {}).items():
        rows.append((f"one line of {size} MB, the whole", show(it["median"], "time"), ""))
    for chunks, size in results.get("memory", {}).items():
        rows.append((f"peak memory of {int(chunks):,} chunks", show(size, "size"), ""))
    return rows


def _threads(results: dict[str, Any]) -> Table:
    threads = results.get("threads", {})
    rows = [("client", "requests in a second", "ratio", "connections")]
    for name, it in threads.get("throughput", {}).items():
        rows.append((name, show(it["median"], "number"), ratio(it), str(threads["connections"][name])))
    return rows


def _in_flight(results: dict[str, Any]) -> Table:
    found = {name: it for name, it in results.get("inflight", {}).items() if name.isdigit()}
    rows: Table = [("client", *(cell for level in found for cell in (f"CPU time, {level} in flight", "ratio")))]
    for name in next(iter(found.values()), ()):
        cells = [(show(level[name]["median"], "time"), ratio(level[name])) for level in found.values()]
        rows.append((name, *(cell for pair in cells for cell in pair)))
    return rows


def _streams(results: dict[str, Any]) -> Table:
    found, kinds = results.get("inflight", {}), (("chunk", ""), ("paced chunk", ", one chunk at a time"))
    shown = {f"{name}{more}": it for kind, more in kinds for name, it in found.get(kind, {}).items()}
    return _ratios("reader", "CPU time", shown)


def _growth(results: dict[str, Any]) -> Table:
    growth = results.get("growth", {})
    rows = [("messages", "of dataclasses", "of dicts")]
    for size, it in growth.get("dataclasses", {}).items():
        rows.append((size, show(it, "time"), show(growth["dict"][size], "time")))
    if "image" in growth:
        rows.append(("1, with an image of 4 MB", show(growth["image"], "time"), "-"))
    return rows


def _sizes(results: dict[str, Any]) -> Table:
    rows = [("client", "installed", "what it needs", "packages that it needs")]
    for name, it in results.get("sizes", {}).items():
        if name != "bundle":
            own, needed = show(it["own"], "size"), show(it["dependencies"], "size")
            rows.append((name, own, needed, str(len(it["names"]))))
    return rows


def _core(results: dict[str, Any]) -> Table:
    rows = [("the core, beside its steps in a row", "adds", "to", "share")]
    for name, it in results.get("core", {}).items():
        rows.append((name, show(it["adds"], "time"), show(it["to"], "time"), show(it["share"], "percent")))
    return rows


def _instructions(results: dict[str, Any]) -> Table:
    rows = [("what", "client", "instructions", "ratio")]
    for what, counted in (results.get("instructions") or {}).items():
        for name, count in counted.items():
            shown = f"{count / 1e6:,.1f} million" if count >= 1e6 else f"{count / 1e3:,.1f} thousand"
            rows.append((what, name, shown, show(count / counted["floor"], "ratio")))
    return rows


def ratio(it: dict[str, Any]) -> str:
    """Return a ratio with its quartiles."""
    found = it["ratio"]
    return f"{found['median']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def _ratios(first: str, second: str, found: dict[str, Any]) -> Table:
    return [(first, second, "ratio"), *((name, show(it["median"], "time"), ratio(it)) for name, it in found.items())]


def _plain(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return f"{title}\n" + "".join(f"  {line.rstrip()}\n" for line in padded)


def _markdown(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("| --- ", "|---").replace("---|", "---|") for line in lines)
