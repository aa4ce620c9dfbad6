"""The page on architecture is true: its rooms are the folders, its libraries those of the rooms, its files exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages import PAGES, ROOT, blocks, spans
from test_layering import LIBRARIES, PACKAGE, ROOMS

PAGE = PAGES["docs/architecture.md"]
#: A file that the page names; those of the package without its name in front.
FILE = re.compile(r"[\w./-]+\.(?:py|json|md|cfg)")


def tables(heading: str) -> list[list[str]]:
    """Return the rows of the tables below a heading of the page, as their cells, without those that name columns."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def files_in(text: str) -> list[str]:
    return [span for span in spans(text) if FILE.fullmatch(span)]


def exists(name: str) -> bool:
    """Tell whether a file of that name is in the package, wherever that is installed, or in this tree."""
    return (PACKAGE / name).is_file() or (ROOT / name).is_file()


def law_of(room: str) -> str:
    text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))) or ""
    return text.split("\n")[0]


def test_the_rooms_are_the_folders() -> None:
    """The table has each room, the highest first, and its law in the words with which the room opens."""
    assert tables("The rooms") == [[f"`{room}`", law_of(room)] for room in reversed(ROOMS)]


def test_the_picture_has_every_room() -> None:
    """What is drawn above the table is the way of a call from the top to the ground, and the two rooms beside it."""
    (picture, *_) = blocks(PAGE, "text")
    beside = ("testing", "cli")
    assert re.findall(r"^ +(\w+) [─◄]", picture.text, re.MULTILINE) == [
        room for room in reversed(ROOMS) if room not in beside
    ]
    assert all(f" {room}" in picture.text for room in beside)


def test_the_libraries_are_imported_where_the_page_says() -> None:
    """The table has each library with the room that `test_layering` allows to import it."""
    listed = {spans(library)[0]: spans(room)[0] for library, room, _ in tables("Libraries")}
    assert listed == LIBRARIES


@pytest.mark.parametrize("name", sorted(set(files_in(PAGE))))
def test_a_file_that_is_named_exists(name: str) -> None:
    """Whoever looks for a file of the page finds it."""
    assert exists(name)


def test_a_missing_file_is_seen() -> None:
    """The check above knows files of the package and of the tree from those that are nowhere."""
    assert files_in("`values/http.py`, `tools/pack_cases.py`, `call`, `Send`") == [
        "values/http.py",
        "tools/pack_cases.py",
    ]
    assert exists("values/http.py")
    assert exists("tools/pack_cases.py")
    assert not exists("call/nothing.py")
    assert not exists("values")


def test_a_question_is_answered_by_a_file_or_two() -> None:
    """What a newcomer asks first is decided in one place; no answer sends him through the house."""
    answers = {question: files_in(answer) for question, answer in tables("Where is it decided?")}
    assert len(answers) >= 8
    assert {question: files for question, files in answers.items() if not 1 <= len(files) <= 2} == {}


@pytest.mark.parametrize(
    "heading", ["One call", "The same call on an event loop", "One stream", "Where do I change ..."]
)
def test_each_row_names_its_file(heading: str) -> None:
    """No step and no change is left without the file where it is."""
    rows = tables(heading)
    assert len(rows) >= 8
    assert [row for row in rows if not files_in(row[1])] == []


def documents() -> Iterator[tuple[str, str]]:
    for name, page in PAGES.items():
        if name.startswith("docs/decisions/"):
            yield from ((name, file) for file in files_in(page))


@pytest.mark.parametrize(("name", "file"), sorted(set(documents())))
def test_a_file_that_a_decision_names_exists(name: str, file: str) -> None:
    """The decisions are read with the code of today."""
    assert exists(Path(file).as_posix()), name
