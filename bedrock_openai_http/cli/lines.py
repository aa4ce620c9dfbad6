"""Lines that a person types at a terminal, with what `readline` makes of them where Python has it.

This module reads from the terminal and keeps the questions of before; what a line means is for others to say.
"""

from __future__ import annotations

import io
import select
import sys
from contextlib import suppress
from typing import Any

from ..values.jsontext import is_unicode
from .private_files import History, state_folder
from .terminal import note

try:
    import readline
except ImportError:  # Windows has none, and some builds of Python
    readline = None  # type: ignore[assignment]

#: Whether a paste comes as one line, however many it has: GNU readline marks its beginning and its end.
_PASTES_WHOLE = readline is not None and "libedit" not in (readline.__doc__ or "")

#: What stands before a line: of a question, and of more lines of one.
PROMPT, MORE = "> ", ". "


class Lines:
    """The lines of a terminal. With `remember` the questions are kept in a file, for the next conversation too."""

    def __init__(self, *, remember: bool) -> None:
        self._history: History | None = None
        if isinstance(sys.stdin, io.TextIOWrapper):
            # As the answer is, whatever the locale says; what is no UTF-8 is found by `is_unicode`.
            sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
        if readline is not None:
            readline.set_auto_history(False)  # the lines of one question are one entry
            if _PASTES_WHOLE:
                readline.parse_and_bind("set enable-bracketed-paste on")
            self._load(readline) if remember else readline.clear_history()

    def _load(self, library: Any) -> None:
        try:
            history = History(state_folder() / "chat_history")
            for text in history.load():
                _bring_back(library, text)
            self._history = history
        except (OSError, RuntimeError) as error:  # RuntimeError: nobody knows where home is
            _note_unkept(error)

    def read(self, prompt: str = PROMPT) -> str:
        """Return the next line without its end. Raises EOFError at the end, KeyboardInterrupt for Ctrl-C."""
        while True:
            line = input(prompt)
            if is_unicode(line):
                return line
            note("this line is not UTF-8 text; nothing was sent")

    def read_question(self) -> str:
        """Return a line, with those that were pasted with it. Raises what `read` raises."""
        text = self.read()
        while not _PASTES_WHOLE and text.strip() and not text.startswith("!") and _is_waiting():
            text += "\n" + self.read("")
        return text

    @property
    def cleared(self) -> bool:
        """Whether something was typed already when Ctrl-C came."""
        return readline is not None and readline.get_line_buffer() != ""

    def read_until(self, end: str) -> str | None:
        """Return the lines before the line `end` as one text; None if the input ends first."""
        lines: list[str] = []
        try:
            while (line := self.read(MORE)).strip() != end:
                lines.append(line)
        except EOFError:
            return None
        return "\n".join(lines)

    def keep(self, text: str) -> None:
        """Keep what was typed for the arrow keys, and for the next conversation."""
        if readline is not None:
            _bring_back(readline, text)
        if self._history is not None:
            try:
                self._history.add(text)
            except OSError as error:
                self._history = None
                _note_unkept(error)


def _bring_back(library: Any, text: str) -> None:
    """Let the arrow keys bring a text back, unless C has none such: with a NUL, or a letter that the locale lacks."""
    with suppress(ValueError):
        library.add_history(text)


def _is_waiting() -> bool:
    """Tell whether more was typed already, as a paste does."""
    try:
        return bool(select.select([sys.stdin], [], [], 0.02)[0])
    except (OSError, ValueError):  # a console that cannot be asked
        return False


def _note_unkept(error: Exception) -> None:
    why = getattr(error, "strerror", None) or type(error).__name__
    note(f"what you type is not kept for the next time: {why}; --no-history says that it need not be")
