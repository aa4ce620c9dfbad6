"""The JSON document in an answer's text.

One document is accepted alone, in a code fence, or with words around it whose brackets are closed. Nothing is
repaired: what is nearly JSON is no JSON, of two documents neither is the answer, and of a name that occurs twice in
an object neither value.

This module decodes and judges no shape.
"""

from __future__ import annotations

import re
from typing import Any

from ..values import jsontext

#: What begins a JSON object, and is not merely a brace in a sentence.
OBJECT = re.compile(r'\{(?=[ \t\r\n]*["}])')
_FENCE = "```"
_MARK = re.compile(r"[][{}:]")
_OPENING = {"]": "[", "}": "{"}


def document_in(text: str) -> Any:
    """Return the value of the one JSON document in `text`. Raises JSONError, which repeats nothing of it."""
    alone = _without_fence(text)
    try:
        return jsontext.decode(alone.encode("utf-8", "surrogatepass"), names_once=True)
    except jsontext.JSONError as error:
        failure = error
    begins = OBJECT.search(text)
    if begins is None:
        raise jsontext.JSONError(str(failure) if alone.lstrip()[:1] in ("{", "[") else "no JSON object is in it")
    # What begins like an object and is none ends the search: within it there may be whole ones.
    value, end = jsontext.decode_at(text, begins.start())
    if OBJECT.search(text, end) is not None:
        raise jsontext.JSONError("two documents or more, and it must be one")
    for words in (text[: begins.start()], text[end:]):
        beside = Words()
        beside.read(words)
        if not beside.are_closed:
            raise jsontext.JSONError(
                "brackets beside the object are left open, left over, or hold something like one"
            )
    return value


class Words:
    """What stands on one side of a document, read in pieces: words alone, or what it may be a part of.

    A bracket that is left open or left over may be of a document that has come in part or is no JSON, and a brace
    with a colon in it may be an object that was meant. Each character is read once.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._braces = 0
        self._is_flawed = False

    @property
    def are_closed(self) -> bool:
        """Whether each bracket so far has been closed, and no brace has a colon in it."""
        return not (self._open or self._is_flawed)

    def read(self, words: str) -> None:
        """Take the next piece."""
        for found in _MARK.finditer(words):
            mark = found[0]
            if mark in "{[":
                self._open.append(mark)
                self._braces += mark == "{"
            elif mark == ":":
                self._is_flawed = self._is_flawed or self._braces > 0
            elif self._open and self._open[-1] == _OPENING[mark]:
                self._open.pop()
                self._braces -= mark == "}"
            else:
                self._is_flawed = True


def _without_fence(text: str) -> str:
    """Return what stands in the code fence that the whole text is; another text as it is."""
    stripped = text.strip()
    begin, line, rest = stripped.partition("\n")
    is_fence = line and begin.startswith(_FENCE) and rest.endswith(_FENCE)
    return rest.removesuffix(_FENCE) if is_fence else text
