"""What is complete so far of a JSON object that arrives in pieces.

This module's law: it shows what is finished and guesses nothing; what it shows stays true, whatever comes. It ends at
the first character that no JSON document has there.
"""

from __future__ import annotations

import re
from typing import Any

from ..values import jsontext
from .document import OBJECT
from .words import are_words

_SPACE = re.compile(r"[ \t\r\n]*")
#: The inside of a string up to its end or to what is not there yet; an escape is two characters or none.
_INSIDE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_SCALAR = re.compile(r"[-+.0-9A-Za-z]*")
#: What a value begins with: a container, a text, a number, or true, false and null.
_VALUE = '{["-0123456789tfn'
_NAME = '"'


class Snapshot:
    """Takes the pieces of a text, and tells what is complete of the JSON object in it."""

    def __init__(self) -> None:
        #: What has come and is not read yet.
        self._text = ""
        #: The pieces of the string (from its quotation mark on), number or word that has begun; None outside of one.
        self._token: list[str] | None = None
        self._begun = False
        #: The words before the object, in pieces.
        self._before: list[str] = []
        #: The marks of which one must come next.
        self._allowed = "{"
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
            if self._token is None:
                at = _SPACE.match(self._text, at).end()  # type: ignore[union-attr]
            after = self._step(at)
            if after is None:
                break
            at = after
        self._text = self._text[at:]

    def _begin(self) -> None:
        """Leave out the words before the object; of a brace at the end it is not known yet whether it begins one."""
        found = OBJECT.search(self._text)
        if found is not None:
            self._before.append(self._text[: found.start()])
            self._begun, self._text = True, self._text[found.start() :]
            self._is_over = not are_words("".join(self._before))  # it may be a part of something that is no object
            return
        words, brace, after = self._text.rpartition("{")
        is_kept = brace and not after.strip(" \t\r\n")
        self._before.append(words if is_kept else self._text)
        # Of the space after a brace only what it is is kept: models have been seen to write it without end.
        self._text = brace + ("\n" if "\n" in after else after[:1]) if is_kept else ""

    @property
    def value(self) -> dict[str, Any] | None:
        """What is complete so far, in new dicts and lists; None before anything is."""
        return _copy(self._root)  # type: ignore[no-any-return]

    def _step(self, at: int) -> int | None:
        """Read one token and return where the next begins; None if it is not all there."""
        if self._token is not None:
            return self._go_on(self._token, at)
        mark = self._text[at : at + 1]
        if not mark:
            return None
        if mark not in self._allowed:
            self._is_over = True  # it is no JSON
        elif mark in "{[":
            self._enter({} if mark == "{" else [])
        elif mark in "}]":
            self._leave()
        elif mark == ":":
            self._allowed = _VALUE
        elif mark == ",":
            self._allowed = _NAME if self._is_in_object() else _VALUE
        else:
            self._token = [mark]
        return at + 1

    def _is_in_object(self) -> bool:
        return isinstance(self._open[-1][0], dict)

    def _go_on(self, pieces: list[str], at: int) -> int | None:
        """Read more of a token; each character once, however long it is."""
        is_text = pieces[0] == '"'
        end = (_INSIDE if is_text else _SCALAR).match(self._text, at).end()  # type: ignore[union-attr]
        pieces.append(self._text[at:end])
        after = self._text[end : end + 1]
        if not after or (is_text and after != '"'):
            return end if end > at else None
        self._token = None
        value = _decoded("".join(pieces) + ('"' if is_text else ""))
        if is_text and value is not _NOTHING and self._is_in_object() and self._open[-1][1] is None:
            self._name(value)
        else:
            self._add(value)
        return end + 1 if is_text else end

    def _name(self, name: str) -> None:
        container, _ = self._open[-1]
        self._is_over = name in container  # of a name that occurs twice neither value is the answer's
        self._open[-1] = (container, name)
        self._allowed = ":"

    def _enter(self, container: Any) -> None:
        self._is_over = len(self._open) >= jsontext.MAX_DEPTH
        self._open.append((container, None))
        self._allowed = f"{_NAME}}}" if self._is_in_object() else f"{_VALUE}]"

    def _leave(self) -> None:
        self._show()
        self._open.pop()
        self._shown = min(self._shown, len(self._open))
        self._is_over = not self._open
        if self._open:
            self._end_of_value()

    def _add(self, value: Any) -> None:
        if value is _NOTHING:
            self._is_over = True
            return
        self._show()
        self._put(value)
        self._end_of_value()

    def _end_of_value(self) -> None:
        self._allowed = ",}" if self._is_in_object() else ",]"

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
        else:  # which has a name: nothing comes in an object without one
            container[name] = value
            self._open[index] = (container, None)


#: What stands for a token that is no JSON.
_NOTHING: Any = object()


def _decoded(token: str) -> Any:
    try:
        value, end = jsontext.decode_at(token, 0)
    except jsontext.JSONError:
        return _NOTHING
    return value if end == len(token) else _NOTHING


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(member) for name, member in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
