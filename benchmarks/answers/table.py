"""The results as two tables in Markdown, in words that are made of them by rule.

This module needs nothing but the standard library, since the test of the pages runs it.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

Seen = dict[str, Any]
OURS = "this library"
#: Between these lines a page has a table.
BEGIN = "<!-- What follows is written by `make answers`, up to the end mark. -->"
END = "<!-- end -->"
#: The library of each column, with what of it is used.
ANSWERS = {
    OURS: "this library's `parse`",
    "openai": "openai's `parse`",
    "instructor": "instructor",
    "anthropic": "anthropic's `parse`",
    "openai-agents": "openai-agents",
    "llm": "llm",
}
CALLS = {
    OURS: "this library's `run_tools`",
    "anthropic": "anthropic's tool runner",
    "openai-agents": "openai-agents",
    "llm": "llm's `chain`",
    "openai": "openai's `parse`",
}
#: How much of what a model was told is shown.
TOLD = 110

READ_ANSWERS = """\
How to read it. The same bad answer comes to each request, so the number of requests is how often a library asks;
where none is named it was one. "Value" is the right one, or it is said where it differs from the invoice that was
asked for. An error's class is the library's own, or has its package before it. "Answer kept" is whether what the
model said can be reached from the error, by attributes and causes, or is in the caller's hands anyway; "quoted" is
whether the error's text shows any of it, which then stands in logs. Each library is used as its documentation shows,
with its defaults: instructor's default mode asks for the answer as a tool's arguments, and there it comes (its mode
`MD_JSON` looks for JSON in a text); llm's documentation reads the text by `json.loads`, and checks nothing;
openai-agents leaves the model's words out of its errors unless `OPENAI_AGENTS_DONT_LOG_MODEL_DATA` is 0.
"""
READ_CALLS = """\
How to read it. "Runs" are the functions that were called, with their arguments. "Told" is the beginning of what the
next request said to the model of a call that failed. "Goes on" is that this next request was sent, and its answer
returned; "ends there" is that the turn itself came back as the last message, with its stop reason. Where a library
raises, it is said where the results of calls that were run can be found: in the error, by attributes and causes; in
an object that the caller has in hand; as bytes of the failed request. A history is valid if each call has one result,
right after its turn: services answer 400 if not. Where an error has one for the caller to go on with, that counts
too. Each library is used as its documentation shows, with its defaults; a 429 is not repeated. openai's `parse` makes
objects of arguments and runs nothing. instructor runs no tools. The tracing of openai-agents is off: it would be sent
to OpenAI. llm's command line has a limit of turns, its Python API has none by default. What an exception of a tool
says may help a model to mend its call, and may hold a secret: libraries put the one or the other first.
"""


def part_answers(results: Seen) -> str:
    """Return what stands on the page about typed answers: the table, and how to read it."""
    names = list(results["libraries"][OURS]["answers"])
    head = f"| bad answer | {' | '.join(ANSWERS.values())} |"
    rows = [[name, *(_answers_cell(results["libraries"][library], name) for library in ANSWERS)] for name in names]
    return _part(results, ANSWERS, head, rows, READ_ANSWERS)


def part_calls(results: Seen) -> str:
    """Return what stands on the page about tools."""
    names = list(results["libraries"][OURS]["calls"])
    head = f"| bad call | {' | '.join(CALLS.values())} |"
    rows = [[name, *(call(results["libraries"][library]["calls"][name]) for library in CALLS)] for name in names]
    return _part(results, CALLS, head, rows, READ_CALLS)


def _part(results: Seen, libraries: dict[str, str], head: str, rows: list[list[str]], read: str) -> str:
    lines = [head, "|---" * (1 + len(libraries)) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([BEGIN, "", versions(results, libraries), *lines, "", _filled(read), END])


def versions(results: Seen, libraries: dict[str, str]) -> str:
    """Return when it was played and with which versions: one sentence, in lines."""
    packages = {
        package: version for name in libraries for package, version in results["libraries"][name]["versions"].items()
    }
    named = ", ".join(f"{package} {version}" for package, version in packages.items())
    text = f"Played by `make answers` on {results['measured']} with Python {results['python']}, {named}."
    return _filled(text)


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 118, break_on_hyphens=False) + "\n"


def _answers_cell(library: Seen, name: str) -> str:
    plain = answer(library["answers"][name])
    again = answer(library["reasked"][name]) if "reasked" in library else plain
    return plain if plain == again else f"{plain}; with `reask=1` {again.removeprefix(plain + ', ')}"


def answer(seen: Seen) -> str:
    """Return in words what a library did with a bad answer."""
    if seen["outcome"] == "hang":
        return f"does not end, {_requests(seen)}"
    if seen["outcome"] == "value":
        parts = ["value" + (f", but {seen['difference']}" if seen["difference"] else "")]
    else:
        kept = {"error": "answer kept", "held": "answer kept", "bytes": "answer kept as bytes"}
        parts = [_error(seen) if seen["outcome"] == "error" else "`None`", kept.get(seen["kept"], "answer not kept")]
        parts += ["quoted"] if seen.get("quoted") else []
    parts += [_requests(seen)] if seen["requests"] > 1 or seen["counted"] else []
    return ", ".join([*parts, *_told(seen)])


def call(seen: Seen) -> str:
    """Return in words what a library did with a bad call."""
    if seen["outcome"] == "not played":
        return f"- ({seen['reason']})"
    if seen["outcome"] == "parsed":
        return f"arguments parsed: `{seen['parsed']}`"
    parts = [word for show in seen["shows"] for word in _SHOWN[show](seen)]
    return ", ".join([*parts, *_end(seen)])


def _end(seen: Seen) -> list[str]:
    if "requests" in seen["shows"] and seen["outcome"] == "answer":
        return ["does not stop"]
    if seen["outcome"] == "answer":
        return ["goes on"]
    if seen["outcome"] == "other":
        return [f"ends there with the text `{seen['returned']!r}`"]
    return [_error(seen)] if seen["outcome"] == "error" else ["does not end"]


def _error(seen: Seen) -> str:
    return f"`{seen['error']}`" + (f" ({seen['reason']})" if "reason" in seen else "")


def _requests(seen: Seen) -> str:
    return f"{seen['requests']} request" + ("" if seen["requests"] == 1 else "s")


def _ran(seen: Seen) -> list[str]:
    calls = [f"`{name}({', '.join(repr(value) for value in given.values())})`" for name, given in seen["ran"]]
    return [f"runs {', '.join(calls)}" if calls else "runs nothing"]


def _told(seen: Seen) -> list[str]:
    if not seen.get("told"):
        return []
    text = " ".join(seen["told"].split()).replace("`", "'").replace("|", "/")
    return [f"told `{text if len(text) <= TOLD else text[: TOLD - 1] + '…'}`"]


def _secret(seen: Seen) -> list[str]:
    return ["the secret is told" if seen["secret"] else "the secret is not told"]


def _results(seen: Seen) -> list[str]:
    if "results" not in seen:
        return []
    valid = "history valid" if seen["valid"] else "history not valid"
    return [f"{seen['results']} of {seen['calls']} calls get a result", valid]


def _history(seen: Seen) -> list[str]:
    words = {
        "error": "results in the error",
        "held": "results in the runner",
        "bytes": "results in the bytes of the failed request",
        None: "results lost",
    }
    return [words[seen["history"]]] if seen.get("history") in words and "history" in seen else []


_SHOWN = {
    "ran": _ran,
    "told": _told,
    "secret": _secret,
    "results": _results,
    "requests": lambda seen: [_requests(seen)],
    "history": _history,
}


def write_into(page: Path, part: str) -> bool:
    """Put `part` between the marks of a page, and say whether it has them."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        page.write_text(before + part + after, encoding="utf-8")
    return bool(begin and end)
