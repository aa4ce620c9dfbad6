"""The JSON texts of a file: each line of JSON lines as it is read, or the whole.

This module reads and decodes; what the texts hold is for `judgement` to say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, NamedTuple

_BOM = b"\xef\xbb\xbf"


class Document(NamedTuple):
    """A JSON text of a file, and the line on which it begins."""

    data: bytes
    line: int
    #: Whether it is all there is in the file; it may then be an array, and have lines of its own.
    is_whole: bool


class UnreadableError(Exception):
    """A file cannot be read, or no further; the text says why."""


def documents(name: str) -> Iterator[Document]:
    """Yield the JSON texts of a file ("-" is standard input): its lines if it holds JSON lines, or else the whole.

    Raises UnreadableError.
    """
    try:
        with opened(name) as file:
            lines = ((number, line) for number, line in enumerate(file, 1) if line.removeprefix(_BOM).strip())
            number, first = next(lines, (1, b""))
            if not (name.endswith((".jsonl", ".ndjson")) or _is_object(first)):
                yield Document(first + file.read(), number, True)
                return
            yield Document(first, number, False)
            for number, line in lines:
                yield Document(line, number, False)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or type(error).__name__}") from None


def opened(name: str) -> AbstractContextManager[BinaryIO]:
    """Open a file to read its bytes; "-" is standard input. Raises OSError and UnreadableError."""
    if name != "-":
        return open(name, "rb")
    if sys.stdin is None:
        raise UnreadableError("cannot be read: it is closed")
    return nullcontext(sys.stdin.buffer)


def shown(name: str) -> str:
    """Return a file's name for one line of output."""
    if name == "-":
        return "<stdin>"
    return name if name.isprintable() else ascii(name)


def _is_object(line: bytes) -> bool:
    """Tell whether the first line of a file looks like a whole object: what follows are then lines like it."""
    bare = line.removeprefix(_BOM).strip()
    return bare.startswith(b"{") and bare.endswith(b"}")


def line_of_error(data: bytes) -> int:
    """Return the line on which a text stops being JSON; 1 where it is well-formed and refused for what it holds."""
    try:
        json.loads(str(data, "utf-8-sig"))
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    except json.JSONDecodeError as error:
        return error.lineno
    except (RecursionError, ValueError):
        pass
    return 1
