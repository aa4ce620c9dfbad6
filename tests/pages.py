"""The documentation as data: its pages, and the blocks, code spans and tables in them. This module checks nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
}

BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$"
    r"(?=(?:\n+```text\n(?P<output>.*?)^```$)?)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    #: The number of its first line, for tracebacks.
    line: int
    #: Why it is not run; None if it is.
    not_run: str | None
    #: What the block right after it says that it prints; None if there is none.
    output: str | None


def blocks(page: str, language: str) -> list[Block]:
    """Return the blocks of a page's text in `language`, in order."""
    found = (
        Block(m["language"], m["text"], page.count("\n", 0, m.start("text")) + 1, m["reason"], m["output"])
        for m in BLOCK.finditer(page)
    )
    return [block for block in found if block.language == language]


def prose(page: str) -> str:
    """Return a page's text without its fenced blocks."""
    return BLOCK.sub("", page)


def spans(page: str) -> list[str]:
    """Return the code spans of a page's prose, in order."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def rows(page: str) -> dict[str, tuple[str, ...]]:
    """Return the code spans in each table row's second cell, by the text of its first cell."""
    cells = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", prose(page), re.MULTILINE)
    return {first.strip("`"): tuple(spans(second)) for first, second in cells}
