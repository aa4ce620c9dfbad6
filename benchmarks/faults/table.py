"""The results as a table in Markdown, one row for each case, in words that can be read without the script.

This module needs nothing but the standard library, since the test of docs/reliability.md runs it.
"""

from __future__ import annotations

import textwrap
from typing import Any

ROWS = tuple(f"T{number:02}" for number in range(1, 45))
#: Why a row of the matrix is not played here.
NOT_PLAYED = {
    "T04": "needs a server with TLS",
    "T24": "a race, of which one run shows nothing",
    "T30": "needs processes of its own",
    "T39": "the others check no schema",
    "T41": "needs a restored memory image",
    "T43": "needs signals and a main thread",
}


def table(results: dict[str, Any]) -> str:
    """Return the table: rows in order, a row that was not played with its reason."""
    names = list(results["clients"])
    lines = [f"| row | fault | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for row in ROWS:
        cases = [case for case in results["cases"] if case["row"] == row]
        for case in cases:
            cells = [cell(case["seen"][name], case["shows"]) for name in names]
            lines.append(f"| {row} | {case['fault']} | {' | '.join(cells)} |")
        if row in NOT_PLAYED:
            lines.append(f"| {row} | not measured: {NOT_PLAYED[row]} |{' - |' * len(names)}")
    return "\n".join(lines) + "\n"


def versions(results: dict[str, Any]) -> str:
    """Return when it was measured and with which versions: one sentence, in lines."""
    packages = {name: version for client in results["clients"].values() for name, version in client.items()}
    named = ", ".join(f"{name} {version}" for name, version in packages.items())
    text = f"Measured on {results['measured']} with Python {results['python']}, {named}."
    return textwrap.fill(text, 118, break_on_hyphens=False) + "\n"


def cell(seen: dict[str, Any], shows: list[str]) -> str:
    """Return in words what was observed of one client in one case."""
    if seen["outcome"] == "not played":
        return f"- ({seen['reason']})"
    parts = [_outcome(seen)]
    parts += [word for show in shows if (word := _DETAILS[show](seen))]
    return ", ".join([*parts, *seen["notes"]])


def _outcome(seen: dict[str, Any]) -> str:
    if seen["outcome"] == "answer":
        return "answer"
    if seen["outcome"] == "hang":
        return "**waits on** (ended after 5 s)"
    if seen["outcome"] == "wrong answer":
        return f"**no error**: {seen['returned']} as the answer"
    return f"`{seen['error']}`" + ("" if seen["typed"] else " (**untyped**)")


def _posts(seen: dict[str, Any]) -> str:
    return f"{seen['posts']} POST" + ("" if seen["posts"] == 1 else "s")


def _request_id(seen: dict[str, Any]) -> str:
    if seen["outcome"] != "error":
        return ""
    return "request ID" if seen["request_id"] else "no request ID"


def _partial(seen: dict[str, Any]) -> str:
    if seen["outcome"] != "error":
        return ""
    before = "all text before it" if seen["delivered"] == "Once upon" else "**text before it lost**"
    return before + (", also in the exception" if seen["partial"] == "Once upon" else "")


def _pickle(seen: dict[str, Any]) -> str:
    kept = {"kept": "survives", "changed": "comes back changed"}
    return kept.get(seen["pickle"], f"**`{seen['pickle']}`**")


def _secrets(seen: dict[str, Any]) -> str:
    places: dict[str, list[str]] = {}
    for found in seen["secrets"]:
        name, _, place = found.partition(" in ")
        places.setdefault(place, []).append(name)
    leaks = [f"{' and '.join(names)} in {place}" for place, names in places.items()]
    return "**" + "; ".join(leaks) + "**" if leaks else "no secret"


_DETAILS = {
    "posts": _posts,
    "seconds": lambda seen: f"{seen['seconds']} s",
    "id": _request_id,
    "partial": _partial,
    "pickle": _pickle,
    "secrets": _secrets,
}
