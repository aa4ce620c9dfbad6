"""What a docstring says of a function or class, and of each of its parameters or attributes.

Three forms are read: Google's (`Args:`), NumPy's (`Parameters`, underlined) and Sphinx's (`:param name:`).

This module reads text and nothing else: what it finds no place for is left out, and no docstring is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from itertools import takewhile
from textwrap import dedent
from typing import NamedTuple

#: Sections of members, as Google's and NumPy's guides and Napoleon name them, in small letters.
_OF_MEMBERS = frozenset(
    (
        "args",
        "arguments",
        "attributes",
        "keyword args",
        "keyword arguments",
        "other parameters",
        "parameters",
        "params",
    )
)
#: Sections of something else, which end the text all the same.
_OTHERS = frozenset(
    ("example", "examples", "methods", "note", "notes", "raise", "raises", "references", "return", "returns")
    + ("see also", "todo", "warning", "warnings", "warns", "yield", "yields")
)
_UNDERLINE = re.compile("-{3,}|={3,}")
#: Such as `:param int count: How many.`; a role such as :class:`int` has no blank behind it.
_FIELD = re.compile(r":([a-z]+)(?: ([^:]+))?:(?:\s+(.*))?")
_FIELDS_OF_MEMBERS = frozenset(
    ("arg", "argument", "attribute", "ivar", "key", "keyword", "param", "parameter", "var")
)
_NAMES = r"(\\?\*{0,2}\w+(?:,\s*\w+)*)"
#: Such as `count (int, optional): How many.`
_GOOGLE_MEMBER = re.compile(_NAMES + r"(?:\s*\(.*?\))?\s*:(?:\s+(.*))?")
#: Such as `count : int, optional`, with the text below it.
_NUMPY_MEMBER = re.compile(_NAMES + r"(?:\s*:.*)?()")


class Described(NamedTuple):
    """What a docstring says."""

    #: The text before the first section; None where there is none.
    text: str | None
    #: What is said of each parameter or attribute, on one line, by name.
    members: dict[str, str]


def described(doc: str | None) -> Described:
    """Return what `doc`, a docstring as it stands in the source, says."""
    lines = cleandoc(doc or "").splitlines()
    starts = [index for index in range(len(lines)) if _begins(lines, index)]
    text = "\n".join(lines[: starts[0]] if starts else lines).strip()
    members: dict[str, str] = {}
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        for names, words in _section(lines[start:end]):
            for name in re.split(r",\s*", names):
                members.setdefault(name.lstrip("\\*"), words)
    return Described(text or None, {name: words for name, words in members.items() if words})


def _begins(lines: list[str], index: int) -> bool:
    """Tell whether a section, or a field of Sphinx's, begins at a line."""
    line, below = lines[index].rstrip(), lines[index + 1 :]
    if _FIELD.fullmatch(line):
        return True
    if line.removesuffix(":").lower() not in _OF_MEMBERS | _OTHERS:
        return False
    if line.endswith(":"):
        return not below or next((each for each in below if each.strip()), " ").startswith(" ")
    return bool(below and _UNDERLINE.fullmatch(below[0].rstrip()))


def _section(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and the text of each member of a section, which has its heading in the first line."""
    heading, below = lines[0].rstrip(), lines[1:]
    inside = list(takewhile(lambda line: not line.strip() or line.startswith(" "), below))
    field = _FIELD.fullmatch(heading)
    if field is not None:
        if field[1] in _FIELDS_OF_MEMBERS and field[2]:
            yield field[2].split()[-1], _one_line([field[3] or "", *inside])
    elif heading.removesuffix(":").lower() not in _OF_MEMBERS:
        return
    elif heading.endswith(":"):
        yield from _members(inside, _GOOGLE_MEMBER)
    else:
        yield from _members(below[1:], _NUMPY_MEMBER)


def _members(lines: list[str], form: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and the text of each member; a line of no member's form belongs to the one before."""
    names, said = "", []
    for line in dedent("\n".join(lines)).splitlines():
        member = form.fullmatch(line.rstrip())
        if member is None:
            said.append(line)
            continue
        if names:
            yield names, _one_line(said)
        names, said = member[1], [member[2] or ""]
    if names:
        yield names, _one_line(said)


def _one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
