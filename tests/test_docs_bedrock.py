"""docs/bedrock.md: each departure has a test that exists, and says how it is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "bedrock.md").read_text(encoding="utf-8")
TAGS = {"DOC", "SEEN", "TESTED", "INF"}


def rows() -> list[list[str]]:
    lines = (line for line in PAGE.splitlines() if line.startswith("| "))
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return [row for row in cells if len(row) == 5 and row[0] not in ("what Bedrock does",)]


def proofs(row: list[str]) -> list[str]:
    return re.findall(r"`tests/([^`]+)`", row[2])


def is_there(proof: str) -> bool:
    """Tell whether a proof, `file.py::name::name[case]` or `cases/name`, exists."""
    path, *names = proof.split("::")
    if not names:
        return (TESTS / path).exists()
    text = (TESTS / path).read_text(encoding="utf-8")
    *outer, last = names
    name, _, case = last.removesuffix("]").partition("[")
    if path == "test_advice.py":
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
    for wrong in ("cases/nothing", "test_advice.py::test_nothing", "test_advice.py::test_causes[nothing of this]"):
        assert not is_there(wrong)
    assert is_there("test_advice.py::test_causes[key expired]")


def test_every_case_is_on_the_page() -> None:
    """Each recorded answer shows a departure, or an error shape, that the page speaks of."""
    cases = {path.name for path in (TESTS / "cases").iterdir() if (path / "case.json").exists()}
    named = {proof.removeprefix("cases/") for row in rows() for proof in proofs(row) if proof.startswith("cases/")}
    assert named <= cases
    assert cases - named == set()
