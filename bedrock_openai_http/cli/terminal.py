"""Writing to the terminal: the answer to standard output, notes about it to standard error.

Standard output carries the model's answer and nothing else, so that it can be piped. This module is the one
place where foreign text meets the terminal: what a model or a server says is shown, never obeyed.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from ..values.errors import OBEYED, one_line

# Tab and line feed make a text what it is. A carriage return is dropped: before a line feed it is half of a line end,
# elsewhere it would hide a line.
_HARMFUL = {code: "\ufffd" for codes in OBEYED for code in codes}
_CONTROLS = {code: shown for code, shown in _HARMFUL.items() if chr(code) not in "\t\n"} | {ord("\r"): ""}


class Output:
    """A text stream that takes a model's words piece by piece and shows each at once.

    None in place of a stream swallows everything. As a context
    manager it ends the line that has begun, so that what follows, an error included, starts on its own.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._to_terminal = stream is not None and stream.isatty()
        self._mid_line = False

    def write(self, text: str) -> None:
        """Write `text` without a line end. On a terminal, characters that it would obey are replaced."""
        if self._stream is None or not text:
            return
        print(text.translate(_CONTROLS) if self._to_terminal else text, end="", file=self._stream, flush=True)
        self._mid_line = not text.endswith("\n")

    def write_coloured(self, text: str, colour: int) -> None:
        """Write `text`, which is ours and harmless, on a terminal in a colour of ECMA-48 (31 is red)."""
        # https://no-color.org
        if self._to_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
            print(f"\x1b[{colour}m{text}\x1b[0m", end="", file=self._stream)
        else:
            self.write(text)

    def end_line(self) -> None:
        """End the line if one has begun."""
        if self._mid_line:
            self.write("\n")

    def end_paragraph(self) -> None:
        """End the line if one has begun, and leave an empty one."""
        if self._mid_line:
            self.write("\n\n")

    def __enter__(self) -> Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After Ctrl-C, which is no Exception, `main` ends the line: the terminal has written ^C on it.
        if kind is None or issubclass(kind, Exception):
            self.end_line()


def answer_output() -> Output:
    """Return standard output, set to UTF-8 whatever the locale says. Raises OSError if it is closed."""
    _refuse_closed_output()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A lone surrogate cannot be UTF-8; as `\ud800` it can be read, and in a JSON document is even right.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return Output(sys.stdout)


def plain_output() -> Output:
    """Return standard output in the encoding of the locale; what that lacks is shown as an escape.

    Raises OSError if it is closed.
    """
    _refuse_closed_output()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Output(sys.stdout)


def _refuse_closed_output() -> None:
    # Python has None where the caller closed it, as with `>&-`. An answer would be paid for, and then lost.
    if sys.stdout is None:
        raise OSError("standard output is closed")


def note(text: str) -> None:
    """Write `text` to standard error as one line, whatever characters it holds; if it takes none, nowhere."""
    try:
        Output(sys.stderr).write(one_line(text) + "\n")
    except OSError:  # the answer, and the exit code, are worth more than a note
        discard(sys.stderr)


def is_shown_as_it_is(text: str) -> bool:
    """Tell whether a terminal gets `text` without a change."""
    return text.translate(_CONTROLS) == text


def separator() -> str:
    """Return what stands between the parts of a note: a middle dot where standard error can show one."""
    dot = " · "
    try:
        dot.encode(getattr(sys.stderr, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return " | "
    return dot


def discard(stream: TextIO | None) -> None:
    """Send what is left of a stream nowhere, or the interpreter's last flush would fail, and change the exit code."""
    if stream is None:
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):  # what is no file has nothing left to flush
        os.dup2(sink, stream.fileno())
    os.close(sink)
