"""docs/bedrock.md: each departure has a test that exists, and says how it is known."""

from __future__ import annotations

import re

import pytest

from bedrock_openai_http.testing.cases import read_cases
from pages import PAGES, ROOT

TESTS = ROOT / "tests"
PAGE = PAGES["docs/bedrock.md"]
CASES = read_cases()
TAGS = {"DOC", "SEEN", "TESTED", "INF"}


def rows() -> list[list[str]]:
    lines = (line for line in PAGE.splitlines() if line.startswith("| "))
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return [row for row in cells if len(row) == 5 and row[0] not in ("what Bedrock does",)]


def proofs(row: list[str]) -> list[str]:
    """Return what a row is shown by: `tests/...` and `cases/...`."""
    return re.findall(r"`((?:tests|cases)/[^`]+)`", row[2])


def is_there(proof: str) -> bool:
    """Tell whether a proof, `tests/file.py::name::name[case]` or `cases/name`, exists."""
    folder, _, path = proof.partition("/")
    if folder == "cases":
        return path in CASES
    path, *names = path.split("::")
    if not names:
        return (TESTS / path).exists()
    text = (TESTS / path).read_text(encoding="utf-8")
    *outer, last = names
    name, _, case = last.removesuffix("]").partition("[")
    if path == "call/test_advice.py":
        text += (TESTS / "refusals.py").read_text(encoding="utf-8")  # its table
    found = [re.search(rf"\b(def|class) {re.escape(each)}\b", text) for each in (*outer, name)]
    return all(found) and case in text


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_each_departure_has_its_test_and_its_source(row: list[str]) -> None:
    """Its tests and cases exist, and it is said how it is known."""
    departure, behaviour, _, source, known = row
    assert all((departure, behaviour, source))
    assert proofs(row)
    assert [proof for proof in proofs(row) if not is_there(proof)] == []
    assert TAGS & set(re.findall(r"[A-Z]+", known))


def test_the_page_is_read() -> None:
    """The check above sees all rows of the page, and would miss no test that is not there."""
    separators = [line for line in PAGE.splitlines() if line.startswith("|---")]
    lines = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith("|---")]
    assert len(rows()) == len(lines) - len(separators) - len(TAGS)
    assert len(rows()) > 120
    advice = "tests/call/test_advice.py"
    for wrong in ("cases/nothing", "tests/nothing.py", f"{advice}::test_no", f"{advice}::test_causes[no such cause]"):
        assert not is_there(wrong)
    assert is_there(f"{advice}::test_causes[key expired]")


def test_every_case_is_on_the_page() -> None:
    """Each recorded answer shows a departure, or an error shape, that the page speaks of."""
    named = {proof.removeprefix("cases/") for row in rows() for proof in proofs(row) if proof.startswith("cases/")}
    assert named == set(CASES)
