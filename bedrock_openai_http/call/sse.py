"""Server-sent events from bytes, by the WHATWG's rules.

Source: HTML standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream". The text is UTF-8
whatever the headers say, a line ends at CRLF, LF or CR and at nothing else, and an event ends at a blank line.

This module's law: it works on bytes, in time linear in their number, and gives the same events, or fails at the same
place, however they are cut into pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: A byte order mark, which may begin a stream.
BOM = b"\xef\xbb\xbf"

#: As `bytes` has them: numbers.
_CR, _BRACE = b"\r}"

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


class EventDecoder:
    """Makes events of the bytes of one stream, as they are fed to it.

    An event is there with its blank line; one without a data line is none. Raises EventTooLong.
    """

    def __init__(self) -> None:
        #: The line that has not ended yet, and its length; a mark may begin the first, and does not count.
        self._unfinished: list[bytes] = []
        self._length = -len(BOM)
        self._first = True
        self._after_cr = False
        #: The event that has not ended yet.
        self._data: list[bytes] = []
        self._size = 0
        self._name = ""

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that `piece` ends. To be used up before the next piece is fed."""
        for line in self._lines(piece):
            if line:
                self._take(line)
            else:
                data, name = self._data, self._name
                self._size, self._name, self._first = 0, "", False
                if data:
                    self._data = []
                    yield ServerSentEvent(data[0] if len(data) == 1 else b"\n".join(data), name)
        if self._length > EVENT_LIMIT:
            raise EventTooLong

    def whole(self, piece: bytes) -> bytes | None:
        """Return the data of the one event that `piece` is, if it is `data: {...}` and a blank line and no more.

        Nearly every piece of a stream is. Any other leaves the decoder as it was, and is for `feed`: None.
        """
        line, _, blank = piece.partition(b"\n")
        if (
            blank != b"\n"
            or line[:7] != b"data: {"
            or line[-1] != _BRACE
            or _CR in line
            or len(line) > EVENT_LIMIT
            or self._unfinished
            or self._data
            or self._name
        ):
            return None
        self._first = self._after_cr = False
        return line[6:]

    def end(self) -> Iterator[ServerSentEvent]:
        """Yield what the end of the stream cuts off, marked as not `finished`, for the caller to drop or to judge."""
        if self._unfinished:
            self._take(b"".join(self._unfinished))
        if self._data:
            yield ServerSentEvent(b"\n".join(self._data), self._name, finished=False)

    def _lines(self, piece: bytes) -> list[bytes]:
        """Return the lines that `piece` ends, without their ends, and keep the start of another."""
        # A CR ends a line at once; the LF of a CRLF that was cut in two belongs to it.
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        lines = piece.splitlines()  # of bytes: CR, LF and CRLF only
        if not lines:
            return lines
        self._after_cr = piece.endswith(b"\r")
        last = b"" if self._after_cr or piece.endswith(b"\n") else lines.pop()
        if lines:
            if self._unfinished:
                lines[0] = b"".join((*self._unfinished, lines[0]))
                self._unfinished.clear()
            self._length = 0
        if last:
            self._unfinished.append(last)
            self._length += len(last)
        return lines

    def _take(self, line: bytes) -> None:
        """Take a line that is not blank. Comments, `id`, `retry` and unknown fields mean nothing to this API."""
        if self._first:
            line = line.removeprefix(BOM)
            self._first = False
        if line.startswith(b"data:") or line == b"data":  # nearly every line
            self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            self._size += len(line)
            if self._size > EVENT_LIMIT:
                raise EventTooLong
        elif len(line) > EVENT_LIMIT:  # it came with its end; `feed` sees to those that go on
            raise EventTooLong
        elif line.startswith(b"event:") or line == b"event":
            self._name = line[6:].removeprefix(b" ").decode("utf-8", errors="replace")


def iter_events(pieces: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Yield the events of a stream as their blank lines arrive, and last what its end cuts off.

    Raises EventTooLong.
    """
    decoder = EventDecoder()
    for piece in pieces:
        data = decoder.whole(piece)
        if data is None:
            yield from decoder.feed(piece)
        else:
            yield ServerSentEvent(data)
    yield from decoder.end()
