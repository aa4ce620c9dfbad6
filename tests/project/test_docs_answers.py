"""The tables of bad answers and bad calls are true: they are what was played, and this library does so today.

This module compares pages and results of benchmarks/answers, and plays this library's part of it again.
"""

from __future__ import annotations

import importlib
import json
import re
from types import ModuleType
from typing import Any

import pytest

from pages import PAGES, ROOT

ANSWERS = ROOT / "benchmarks" / "answers"
OURS = "this library"
#: The pages with a table, the function that writes it, and what it is made of.
PARTS = [("docs/structured.md", "part_answers", "answers"), ("docs/tools.md", "part_calls", "calls")]


@pytest.fixture(scope="module")
def results() -> Any:
    return json.loads((ANSWERS / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a module of benchmarks/answers by its name."""
    monkeypatch.syspath_prepend(str(ANSWERS.parent))

    def named(name: str) -> ModuleType:
        return importlib.import_module(f"answers.{name}")

    return named


@pytest.fixture
def today(module: Any) -> Any:
    """What this library does with each case now, as JSON has it."""
    play = module("play")
    with module("server").AnswerServer() as server:
        return json.loads(json.dumps(play.play_all(play.player_of(OURS), server)))


@pytest.mark.parametrize(("name", "part", "kind"), PARTS)
def test_the_table_is_what_was_played(name: str, part: str, kind: str, results: Any, module: Any) -> None:
    """What stands between the marks of a page is the results' own text, to the letter; one other result is seen."""
    table = module("table")
    written = getattr(table, part)(results)
    assert written in PAGES[name]
    changed = json.loads(json.dumps(results))
    first = next(iter(changed["libraries"]["llm"][kind].values()))
    first.update(outcome="error", error="AnotherError", kept=None, history=None)
    assert getattr(table, part)(changed) not in PAGES[name]


def without_pythons_words(seen: Any) -> Any:
    """Leave out what is wrong with a text that is no JSON: the versions of Python have other words for it."""
    text = re.sub(r"(no JSON|one JSON object): [^.]+\.", r"\1", json.dumps(seen))
    return json.loads(text)


def test_this_library_does_so_today(results: Any, today: Any) -> None:
    """Each case, played again, ends for this library as the tables say."""
    played = {name: results["libraries"][OURS][name] for name in ("answers", "reasked", "calls")}
    assert without_pythons_words(today) == without_pythons_words(played)


def test_twelve_of_each_were_played(results: Any, module: Any) -> None:
    """No case is left out, and every library has a cell in each row of its tables."""
    cases, table = module("cases"), module("table")
    assert (len(cases.ANSWERS), len(cases.CALLS)) == (12, 12)
    for kind, expected, columns in (("answers", cases.ANSWERS, table.ANSWERS), ("calls", cases.CALLS, table.CALLS)):
        for name in columns:
            assert list(results["libraries"][name][kind]) == [case.name for case in expected], name


def test_no_library_reached_another_machine(results: Any) -> None:
    assert {name: seen["networks"] for name, seen in results["libraries"].items() if seen["networks"]} == {}


def test_the_versions_are_the_pinned_ones(results: Any) -> None:
    """What was played is what the requirements install."""
    text = (ANSWERS / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", text, re.MULTILINE))
    assert pinned == {name: seen["versions"][name] for name, seen in results["libraries"].items() if name != OURS}


CALLED = {"role": "assistant", "tool_calls": [{"id": "call_0"}, {"id": "call_1"}]}
USED = {"role": "assistant", "content": [{"type": "tool_use", "id": "call_0"}]}


def result(name: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": "x"}


@pytest.mark.parametrize(
    ("messages", "valid"),
    [
        ([CALLED, result("call_1"), result("call_0")], True),
        ([CALLED, result("call_0"), result("call_1")] * 2, True),
        ([CALLED, result("call_0")], False),
        ([CALLED, result("call_0"), result("call_0"), result("call_1")], False),
        ([CALLED, result("call_0"), {"role": "user", "content": "x"}, result("call_1")], False),
        ([USED, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_0"}]}], True),
        ([USED, {"role": "user", "content": "x"}], False),
    ],
)
def test_a_history_that_a_service_would_refuse_is_seen(messages: list[Any], valid: bool, module: Any) -> None:
    """A history is called valid only if each call in it has one result, right after its turn."""
    assert module("told").is_valid({"messages": messages}) is valid


def test_what_an_error_keeps_is_found(module: Any) -> None:
    """An error is said to keep texts only where all of them are reached, and bytes are told apart."""
    reachable = module("observe").reachable
    error = ValueError("text")
    error.__cause__ = KeyError({"body": b"in bytes", "list": ["in a list"]})
    found = [reachable(error, *texts) for texts in (["in a list", "text"], ["in a list", "in bytes"], ["elsewhere"])]
    assert found == ["attributes", "bytes", None]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"a": [1], "b": 2.0}, None),
        ({"a": [1]}, "`$.b` missing"),
        ({"a": ["1"], "b": 2.0}, "`$.a[0]` as `'1'`"),
        ({"a": [1], "b": float("nan")}, "`$.b` as `NaN`"),
        ({"a": [1], "b": 2.0, "c": 3}, "`$.c` added"),
        ({"a": [], "b": 2.0}, "`$.a` as `[]`"),
    ],
)
def test_a_value_that_is_not_the_right_one_is_seen(found: Any, words: str | None, module: Any) -> None:
    """A value that is not the invoice itself is named by its first difference."""
    assert module("observe").difference({"a": [1], "b": 2.0}, found) == words
