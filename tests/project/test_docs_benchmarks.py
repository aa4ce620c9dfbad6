"""The page on benchmarks is true: its figures and its chart are those of benchmarks/results.json.

This module measures nothing. It compares the page with the results, and judges the words that are made of them.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from bedrock_openai_http import validate_request
from pages import PAGES, ROOT

PAGE = PAGES["docs/benchmarks.md"]
BENCH = ROOT / "benchmarks" / "bench"


@pytest.fixture(scope="module")
def results() -> Any:
    return json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return runpy.run_path(str(BENCH / "report.py"))


@pytest.fixture(scope="module")
def chart() -> dict[str, Any]:
    return runpy.run_path(str(BENCH / "chart.py"))


def test_the_figures_are_what_was_measured(results: Any, report: dict[str, Any]) -> None:
    """What stands between the page's marks is the results' own text, to the letter."""
    assert report["part"](results) in PAGE


def test_the_chart_is_what_was_measured(results: Any, chart: dict[str, Any]) -> None:
    assert chart["svg"](results) == (ROOT / "docs" / "benchmarks.svg").read_text(encoding="utf-8")


def test_the_readme_has_the_same_ratios(results: Any) -> None:
    """The README's table shows the ratios of the results."""
    names = ("this client", "boto3", "OpenAI SDK")
    rows = {
        "cold start, to the first answer": results["cold"]["cpu"],
        "CPU time of a request": results["request"]["cpu"],
        "CPU time of a streamed chunk": results["stream"]["over HTTP"],
        "peak memory after a request": results["cold"]["memory"],
    }
    for what, measured in rows.items():
        cells = [f"{measured[name]['ratio']['median']:.2f}" if name in measured else "" for name in names]
        assert re.sub(" +", " ", f"| {what} | {' | '.join(cells)} |") in PAGES["README.md"]


def test_the_benchmark_writes_the_readme_too(results: Any, report: dict[str, Any]) -> None:
    """A run puts its ratios into the README's table: one of them is changed, and its row alone is another."""
    changed = json.loads(json.dumps(results))
    changed["request"]["cpu"]["boto3"]["ratio"]["median"] = 12.344
    before, after = PAGES["README.md"].splitlines(), report["readme"](PAGES["README.md"], changed).splitlines()
    (row,) = [line for old, line in zip(before, after, strict=True) if old != line]
    assert re.fullmatch(r"\| CPU time of a request \| [\d.]+ \| 12\.34 \| [\d.]+ \|", row)
    assert report["readme"](PAGES["README.md"], results) == PAGES["README.md"]


def test_a_changed_result_is_seen(results: Any, report: dict[str, Any], chart: dict[str, Any]) -> None:
    """Both comparisons above fail if one figure in the results is another."""
    changed = json.loads(json.dumps(results))
    changed["request"]["cpu"]["this client"]["ratio"]["median"] *= 3
    assert report["part"](changed) not in PAGE
    assert chart["svg"](changed) != chart["svg"](results)


def test_every_bound_was_measured(results: Any, report: dict[str, Any]) -> None:
    """No bound is silent because its figure is missing; only instructions may be, where valgrind is."""
    unmeasured = [bound.path for bound in report["BOUNDS"] if bound.value(results) is None]
    assert [path for path in unmeasured if not path.startswith("instructions/")] == []


@pytest.mark.parametrize(
    ("at_least", "value", "met"), [(False, 1.5, True), (False, 1.51, False), (True, 1.49, False)]
)
def test_a_bound_says_whether_it_is_met(at_least: bool, value: float, met: bool, report: dict[str, Any]) -> None:
    bound = report["Bound"]("what", "a/b", 1.5, at_least=at_least)
    found = bound.value({"a": {"b": value}})
    assert found == value
    assert bound.met(found) is met


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.2345, "time", "234 ms"),
        (0.00012, "time", "120 µs"),
        (1.5, "time", "1.50 s"),
        (204_515, "size", "205 KB"),
        (32.8e6, "size", "32.8 MB"),
        (1.128, "ratio", "1.13"),
        (1234.5, "number", "1,234"),
    ],
)
def test_a_figure_has_its_unit(value: float, unit: str, words: str, report: dict[str, Any]) -> None:
    assert report["show"](value, unit) == words


def test_the_chart_names_every_client_and_fits_its_card(results: Any, chart: dict[str, Any]) -> None:
    """The picture is well-formed, and no text begins or bar ends outside of it."""
    root = ElementTree.fromstring(chart["svg"](results))
    texts = ["".join(it.itertext()) for it in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(name) for name in chart["NAMES"]] == [len(chart["PANELS"])] * len(chart["NAMES"])
    for it in root.iter():
        assert 0 <= float(it.get("x", 0)) + float(it.get("width", 0)) <= chart["WIDTH"]
        assert 0 <= float(it.get("y", 0)) + float(it.get("height", 0)) <= chart["HEIGHT"]


def test_the_bars_are_as_long_as_their_labels_say(results: Any, chart: dict[str, Any]) -> None:
    """In each panel a bar's length divided by the ratio at its end is the same, and the floor's label is 1.00."""
    svg = "{http://www.w3.org/2000/svg}"
    shapes = [it for it in ElementTree.fromstring(chart["svg"](results)) if it.tag in (f"{svg}rect", f"{svg}text")]
    labels = [
        (float(bar.get("width", 0)), (after.text or "").partition(" = "))
        for bar, after in itertools.pairwise(shapes)
        if (bar.get("class") or "").startswith("bar")
    ]
    panels: list[list[float]] = []
    for width, (ratio, _, unit) in labels:
        if unit:
            assert ratio == "1.00"
            panels.append([])
        panels[-1].append(width / float(ratio))
    assert len(panels) == len(chart["PANELS"])
    for scales in panels:
        assert scales == [pytest.approx(scales[0], rel=0.01)] * len(scales)


@pytest.fixture
def server() -> Iterator[int]:
    """Give the port of the benchmark's server, in a process of its own."""
    command = [sys.executable, str(BENCH / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()  # which ends it


def test_the_server_refuses_who_calls_another_host(server: int) -> None:
    """A client that is measured on another name than the benchmark's is refused, and so is found out."""
    host = runpy.run_path(str(BENCH / "canned.py"))["HOST"]
    for name, status in ((f"{host}:{server}", 200), (host, 200), ("127.0.0.1", 421), (f"{host}.example", 421)):
        connection = http.client.HTTPConnection("127.0.0.1", server, timeout=10)
        connection.request("POST", "/openai/v1/chat/completions", b"{}", {"Host": name})
        with contextlib.closing(connection), connection.getresponse() as answer:
            assert answer.status == status


def test_the_versions_are_the_pinned_ones(results: Any) -> None:
    """The clients that this one is compared with were measured in the versions that `make bench` installs."""
    text = (ROOT / "benchmarks" / "requirements-bench.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9]+)(?:\[\w+\])?==(\S+)$", text, re.MULTILINE))
    assert pinned == {name: results["versions"][name] for name in pinned}
    assert set(pinned) == {"boto3", "openai"}


def test_the_request_that_is_measured_is_a_good_one() -> None:
    """The request passes validation in both of its forms, and the forms are one request."""
    canned = runpy.run_path(str(BENCH / "canned.py"))
    validate_request(canned["body"]())
    validate_request(canned["dataclasses"]())
    assert canned["dataclasses"]().to_body() == canned["body"]()
