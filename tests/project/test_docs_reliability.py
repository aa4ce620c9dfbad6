"""The page on reliability is true: its rows have tests, its numbers are the code's, its table is what was measured.

This module compares the page with the tests of both clients, with `retry` and with the results of benchmarks/faults.
"""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import runpy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from bedrock_openai_http.aws import clock as skew
from bedrock_openai_http.aws.destination import MAX_ATTEMPTS
from bedrock_openai_http.call import retry
from bedrock_openai_http.transport import failures as network_failures
from bedrock_openai_http.transport.requests_transport import POOL_SIZE
from bedrock_openai_http.values.frozen import frozen
from both import KINDS
from pages import PAGES, ROOT, spans

PAGE = PAGES["docs/reliability.md"]
FAULTS = ROOT / "benchmarks" / "faults"
ROWS = [f"T{number:02}" for number in range(1, 51)]
#: Those that are played against other clients as well.
COMPARED = ROWS[:44]
MATRIX = re.findall(r"^\| (T\d\d) \| [^|]+ \| [^|]+ \| ([^|]+) \| `([^|`]+)` \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def results() -> Any:
    return json.loads((FAULTS / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def words() -> dict[str, Callable[..., str]]:
    """The functions that put the results into words."""
    return runpy.run_path(str(FAULTS / "table.py"))


@frozen
class FaultTest:
    """A test of tests/faults, as its source has it."""

    name: str
    #: Which clients it runs for.
    kinds: frozenset[str]
    #: Whether it, or a row of its table, is for one client alone.
    differs: bool


@cache
def fault_tests() -> list[FaultTest]:
    """Return the tests in tests/faults."""
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "faults").glob("test_*.py")]
    return [test for text in files for test in parsed_tests(text)]


def parsed_tests(text: str) -> list[FaultTest]:
    """Return the tests of a file, each with what tests/kinds.py makes of its marks."""
    tree = ast.parse(text)
    of_both = re.search(r"^from both import .*\b(Client|client_of)\b", text, re.MULTILINE) is not None
    marks = {name for name, value in named(tree) if "mark.only(" in value}
    marks |= {name for name, value in named(tree) if marks & set(re.findall(r"\w+", value))}  # and tables with them
    found = []
    for node, within in functions(tree):
        decorators = [ast.unparse(each) for each in [*node.decorator_list, *within]]
        only = [kind for each in decorators for kind in re.findall(r"^pytest\.mark\.only\('(\w+)'", each)]
        runs = of_both and not any("mark.no_client" in each for each in decorators)
        differs = any(marks & set(re.findall(r"\w+", each)) or "mark.only(" in each for each in decorators)
        found.append(FaultTest(node.name, frozenset((only or KINDS) if runs else ()), differs))
    return found


def named(tree: ast.Module) -> list[tuple[str, str]]:
    """Return the names that a module gives to values and functions, each with its source."""
    values = [
        (ast.unparse(each.targets[0]), ast.unparse(each.value)) for each in tree.body if isinstance(each, ast.Assign)
    ]
    helpers = [each for each in tree.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("test_")]
    return values + [(each.name, ast.unparse(each)) for each in helpers]


def functions(tree: ast.Module) -> list[tuple[ast.FunctionDef, list[ast.expr]]]:
    """Return the test functions of a module, each with the decorators of its class."""
    found = []
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        within = node.decorator_list if isinstance(node, ast.ClassDef) else []
        found += [
            (each, within) for each in inner if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
        ]
    return found


def test_the_matrix_has_every_row_once_and_in_order() -> None:
    assert [row for row, _, _ in MATRIX] == ROWS


@pytest.mark.parametrize(("row", "cell", "pattern"), MATRIX)
def test_a_row_names_tests_of_its_own(row: str, cell: str, pattern: str) -> None:
    """A row points at tests of its own, which run for both clients; where these differ the row says how."""
    assert pattern == f"test_{row.lower()}_*"
    tests = [test for test in fault_tests() if fnmatch.fnmatch(test.name, pattern)]
    assert {kind for test in tests for kind in test.kinds} == set(KINDS)
    if any(test.differs for test in tests):
        assert cell != "the same"


def test_what_is_for_one_client_is_seen() -> None:
    """The check above sees each way in which tests/kinds.py has a test run for one client, or for none."""
    text = """
from both import Client
ONE = pytest.mark.only("Client", "Why.")
ROWS = [1, pytest.param(2, marks=ONE)]
def test_1(): ...
@pytest.mark.no_client
def test_2(): ...
@pytest.mark.only("AsyncClient", "Why.")
def test_3(): ...
@ONE
def test_4(): ...
@pytest.mark.parametrize("x", ROWS)
def test_5(): ...
"""
    both, neither = frozenset(KINDS), frozenset[str]()
    assert [(test.kinds, test.differs) for test in parsed_tests(text)] == [
        (both, False),
        (neither, False),
        (frozenset({"AsyncClient"}), True),
        (both, True),
        (both, True),
    ]
    assert not any(test.kinds for test in parsed_tests(text.replace("from both", "from others")))


def test_no_test_of_a_fault_is_without_a_row() -> None:
    numbers = {found[1] for test in fault_tests() if (found := re.match(r"test_t(\d\d)_", test.name))}
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
