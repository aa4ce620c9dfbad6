"""What is complete so far of a JSON object that arrives in pieces.

This module's law: it shows what is finished and guesses nothing; what it shows stays true, whatever comes.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from ..values import jsontext
from .document import OBJECT

_SPACE = re.compile(r"[ \t\r\n]*")
#: The inside of a string up to its end or to what is not there yet; an escape is two characters or none.
_INSIDE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")


class Snapshot:
    """Takes the pieces of a text, and tells what is complete of the JSON object in it."""

    def __init__(self) -> None:
        #: What has come and is not read yet, and where the search for the end of a string goes on in it.
        self._text, self._from = "", 0
        self._begun = False
        #: The containers that are open, outermost first, each with the name in it whose value comes next.
        self._open: list[tuple[Any, str | None]] = []
        #: How many of them are in their parents: a container is shown once something in it is finished.
        self._shown = 0
        self._root: dict[str, Any] | None = None
        self._is_over = False

    def feed(self, piece: str) -> None:
        """Take the next piece of the text."""
        if self._is_over:
            return
        self._text += piece
        if not self._begun:
            self._begin()
        at = 0
        while self._begun and not self._is_over:
            after = self._step(at)
            if after is None:
                break
            at = after
        self._text, self._from = self._text[at:], max(self._from - at, 0)

    def _begin(self) -> None:
        """Leave out the words before the object; of a brace at the end it is not known yet whether it begins one."""
        found = OBJECT.search(self._text)
        brace = self._text.rstrip().rfind("{") if found is None else found.start()
        self._begun = found is not None
        is_last = brace >= 0 and (self._begun or not self._text[brace + 1 :].strip())
        self._text = self._text[brace:] if is_last else ""

    @property
    def value(self) -> dict[str, Any] | None:
        """What is complete so far, in new dicts and lists; None before anything is."""
        return deepcopy(self._root)

    def _step(self, at: int) -> int | None:
        """Read one token and return where the next begins; None if it is not all there."""
        at = _SPACE.match(self._text, at).end()  # type: ignore[union-attr]
        mark = self._text[at : at + 1]
        if not mark:
            return None
        if mark in "{[":
            self._enter({} if mark == "{" else [])
        elif mark in "}]":
            self._leave()
        elif mark == '"':
            return self._string(at)
        elif mark not in ",:":
            return self._scalar(at)
        return at + 1

    def _string(self, at: int) -> int | None:
        end = _INSIDE.match(self._text, max(self._from, at + 1)).end()  # type: ignore[union-attr]
        if self._text[end : end + 1] != '"':
            self._from = end
            return None
        self._from = 0
        value = self._decoded(at, end + 1)
        if self._open and isinstance(self._open[-1][0], dict) and self._open[-1][1] is None:
            self._open[-1] = (self._open[-1][0], value)
        else:
            self._add(value)
        return end + 1

    def _scalar(self, at: int) -> int | None:
        found = _SCALAR.match(self._text, at)
        if found is None:
            self._is_over = True  # it is no JSON
            return at + 1
        if found.end() == len(self._text):
            return None  # more digits may come
        self._add(self._decoded(at, found.end()))
        return found.end()

    def _decoded(self, start: int, end: int) -> Any:
        try:
            return jsontext.decode(self._text[start:end].encode("utf-8", "surrogatepass"))
        except jsontext.JSONError:
            self._is_over = True
            return None

    def _enter(self, container: Any) -> None:
        self._is_over = len(self._open) >= jsontext.MAX_DEPTH
        self._open.append((container, None))

    def _leave(self) -> None:
        self._show()
        self._open.pop()
        self._shown = min(self._shown, len(self._open))
        self._is_over = not self._open

    def _add(self, value: Any) -> None:
        if self._is_over or not self._open:
            self._is_over = True
            return
        self._show()
        self._put(value)

    def _show(self) -> None:
        """Put the open containers that are not shown yet into their parents."""
        for index in range(self._shown, len(self._open)):
            container = self._open[index][0]
            if index == 0:
                self._root = container
            else:
                self._put(container, index - 1)
        self._shown = len(self._open)

    def _put(self, value: Any, index: int = -1) -> None:
        container, name = self._open[index]
        if isinstance(container, list):
            container.append(value)
        elif name is not None:
            container[name] = value
            self._open[index] = (container, None)
