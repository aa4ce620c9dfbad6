"""Server-sent events from bytes, by the WHATWG's rules.

Source: HTML standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream". The text is UTF-8
whatever the headers say, a line ends at CRLF, LF or CR and at nothing else, and an event ends at a blank line.

This module's law: it works on bytes, in time linear in their number, and gives the same events, or fails at the same
place, however they are cut into pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

#: A byte order mark, which may begin a stream.
BOM = b"\xef\xbb\xbf"

#: How long a line and an event may be, in bytes. A stream of many events may be of any length.
EVENT_LIMIT = 64 * 1024 * 1024


class EventTooLong(ValueError):
    """A line or an event goes on beyond `EVENT_LIMIT`."""


class ServerSentEvent(NamedTuple):
    """One event: the bytes of its data lines, joined by LF, and its name ("" if it has none)."""

    data: bytes
    event: str = ""
    #: False for an event that the end of the stream cut off before its blank line. The standard drops it.
    finished: bool = True


def iter_lines(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield, of each piece, the lines that it ends, without their ends; a last line without an end counts as one.

    Raises EventTooLong.
    """
    unfinished: list[bytes] = []
    length = -len(BOM)  # which the first line may begin with, and which does not count
    after_cr = False
    for piece in pieces:
        if not piece:
            continue
        # A CR ends a line at once; the LF of a CRLF that was cut in two belongs to it.
        if after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            after_cr = False
            if not piece:
                continue
        lines = piece.splitlines()  # of bytes: CR, LF and CRLF only
        after_cr = piece.endswith(b"\r")
        last = b"" if after_cr or piece.endswith(b"\n") else lines.pop()
        if lines:
            if unfinished:
                lines[0] = b"".join((*unfinished, lines[0]))
                unfinished.clear()
                length = 0
            yield lines
        if last:
            unfinished.append(last)
            length += len(last)
            if length > EVENT_LIMIT:
                raise EventTooLong
    if unfinished:
        yield [b"".join(unfinished)]


def iter_events(pieces: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Yield the events of a stream as their blank lines arrive.

    An event without a data line is none. What the end of the stream cuts off is yielded last, marked as not
    `finished`, for the caller to drop or to judge. Raises EventTooLong.
    """
    data: list[bytes] = []
    size = 0
    name = ""
    first = True
    for line in chain.from_iterable(iter_lines(pieces)):
        if first:
            line = line.removeprefix(BOM)
            first = False
        if line.startswith(b"data:") or line == b"data":  # nearly every line
            data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            size += len(line)
            if size > EVENT_LIMIT:
                raise EventTooLong
        elif not line:
            if data:
                yield ServerSentEvent(data[0] if len(data) == 1 else b"\n".join(data), name)
                data = []
            name = ""
            size = 0
        elif len(line) > EVENT_LIMIT:  # it came with its end; `iter_lines` sees to those that go on
            raise EventTooLong
        elif line.startswith(b"event:") or line == b"event":
            name = line[6:].removeprefix(b" ").decode("utf-8", errors="replace")
        # Comments, `id`, `retry` and unknown fields mean nothing to this API.
    if data:
        yield ServerSentEvent(b"\n".join(data), name, finished=False)
