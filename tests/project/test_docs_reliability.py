"""The page on reliability is true: its rows have tests, its numbers are the code's, its table is what was measured.

This module compares the page with the tests, with `retry` and with the results of benchmarks/faults.
"""

from __future__ import annotations

import fnmatch
import json
import re
import runpy
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_openai_http.aws import clock as skew
from bedrock_openai_http.aws.destination import MAX_ATTEMPTS
from bedrock_openai_http.call import retry
from bedrock_openai_http.transport import failures as network_failures
from bedrock_openai_http.transport.requests_transport import POOL_SIZE
from pages import PAGES, ROOT, spans

PAGE = PAGES["docs/reliability.md"]
FAULTS = ROOT / "benchmarks" / "faults"
ROWS = [f"T{number:02}" for number in range(1, 51)]
#: Those that are played against other clients as well.
COMPARED = ROWS[:44]
MATRIX = re.findall(r"^\| (T\d\d) \| [^|]+ \| [^|]+ \| `([^|`]+)` \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def results() -> Any:
    return json.loads((FAULTS / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def words() -> dict[str, Callable[..., str]]:
    """The functions that put the results into words."""
    return runpy.run_path(str(FAULTS / "table.py"))


def fault_tests() -> set[str]:
    """Return the names of the tests in tests/faults."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "faults").glob("test_*.py")]
    return {name for text in texts for name in re.findall(r"^ *def (test_\w+)", text, re.MULTILINE)}


def test_the_matrix_has_every_row_once_and_in_order() -> None:
    assert [row for row, _ in MATRIX] == ROWS


@pytest.mark.parametrize(("row", "pattern"), MATRIX)
def test_a_row_names_tests_of_its_own(row: str, pattern: str) -> None:
    """The tests that a row points at exist, and are that row's."""
    assert pattern == f"test_{row.lower()}_*"
    assert fnmatch.filter(fault_tests(), pattern)


def test_no_test_of_a_fault_is_without_a_row() -> None:
    numbers = {found[1] for name in fault_tests() if (found := re.match(r"test_t(\d\d)_", name))}
    assert numbers <= {row[1:] for row in ROWS}


def test_the_table_is_what_was_measured(results: Any, words: dict[str, Callable[..., str]]) -> None:
    """The comparison is the results' own table, to the letter, with the date and the versions."""
    assert f"\n{words['table'](results)}\n" in PAGE
    assert words["versions"](results) in PAGE


def test_a_changed_result_is_seen(results: Any, words: dict[str, Callable[..., str]]) -> None:
    """The comparison above fails if one figure in the results is another."""
    changed = json.loads(json.dumps(results))
    case = next(case for case in changed["cases"] if "posts" in case["shows"])
    case["seen"]["boto3"]["posts"] += 1
    assert words["table"](changed) not in PAGE


def test_every_row_was_measured_or_says_why_not(results: Any, words: dict[str, Any]) -> None:
    measured = {case["row"] for case in results["cases"]}
    assert measured | set(words["NOT_PLAYED"]) == set(COMPARED)
    assert not measured & set(words["NOT_PLAYED"])


def test_this_library_always_answers_rightly_or_with_its_own_exception(results: Any) -> None:
    """Nothing that was measured of this library is a wrong answer, an untyped exception or a hang."""
    for case in results["cases"]:
        seen = case["seen"]["this library"]
        assert seen["outcome"] == "answer" or seen["typed"], case["fault"]
        assert seen["secrets"] == [], case["fault"]


def test_the_versions_are_the_pinned_ones(results: Any) -> None:
    """What was measured is what the requirements install."""
    pinned = dict(re.findall(r"^([a-z0-9]+)==(\S+)$", (FAULTS / "requirements.txt").read_text(), re.MULTILINE))
    assert pinned == {
        "boto3": results["clients"]["boto3"]["boto3"],
        "openai": results["clients"]["OpenAI SDK"]["openai"],
    }


def test_the_numbers_are_those_of_the_code() -> None:
    """The table of numbers says what `retry`, `clock` and `transport` do."""
    transient, throttling = retry.BASE_DELAY[retry.TRANSIENT], retry.BASE_DELAY[retry.THROTTLING]
    assert f"| {MAX_ATTEMPTS} |" in PAGE
    assert (
        f"of {transient:g} s, after throttling of {throttling:g} s, doubled each time, up to {retry.MAX_DELAY:g} s"
        in PAGE
    )
    assert f"up to {retry.MAX_AWS_EXTENSION:g} s above the wait" in PAGE
    assert f"up to {retry.MAX_RETRY_AFTER:g} s" in PAGE
    costs = retry.COST[retry.TRANSIENT], retry.COST[retry.THROTTLING]
    assert f"{retry.QUOTA} tokens per client, {costs[0]} for a repetition, {costs[1]} after throttling" in PAGE
    assert f"at least {min(skew._LIKELY.values()):g} s off, {max(skew._LIKELY.values()):g} s for" in PAGE
    assert f"up to {POOL_SIZE} connections" in PAGE
    assert (network_failures.AT_ONCE, "failed within half a second" in PAGES["docs/errors.md"]) == (0.5, True)
    assert "max_attempts" in spans(PAGE)
