"""The chunked coding of an HTTP/1.1 body (RFC 9112, 7.1), taken off as its bytes arrive.

http.client takes it off too, with five functions and three reads for each chunk, which is more than the JSON in a
chunk takes to be parsed; and for the size of a chunk it takes whatever `int` does, such as -5 and 1_0.

This module's law: it works on bytes, reads nothing, and gives the same body however they are cut.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: How long the line before a chunk may be, and what stands behind the last one, in bytes.
LINE_LIMIT = 16384
_DIGITS = frozenset(b"0123456789abcdefABCDEF")
#: The blank line that ends the trailers. A line may end with LF alone (RFC 9112, 2.2).
_BLANK = re.compile(rb"\n\r?\n")
#: What no chunk's size is.
_MALFORMED = -1


class ChunkedCoding:
    """Takes the chunked coding off the bytes of one body, as they are fed to it."""

    def __init__(self) -> None:
        #: Whether the last chunk has come, and whether everything has that belongs to the body.
        self.is_last = self.is_done = False
        #: Whether something has come that is no chunk; nothing behind it is looked at.
        self.is_malformed = False
        #: What came behind the body.
        self.surplus = b""
        #: How many bytes of a chunk are still to come.
        self._left = 0
        #: What has come of the lines before the next chunk. The first of them ends the chunk before it.
        self._held = b"\r\n"

    def feed(self, data: bytes) -> list[bytes]:
        """Return what `data` holds of the body: each chunk by itself, and of a chunk what has come."""
        pieces: list[bytes] = []
        data, at, left = self._held + data, 0, self._left
        self._held = b""
        while at < len(data) and not self.is_last:
            if left:
                piece = data[at : at + left]
                pieces.append(piece)
                at += len(piece)
                left -= len(piece)
                continue
            end = data.find(b"\n", at + 2)
            if end < 0 or end - at > LINE_LIMIT:
                self._hold(data[at:])
                break
            left = _size(data[at:end])
            if left == _MALFORMED:
                self.is_malformed = True
                break
            self.is_last = not left
            at = end + 1 if left else end - 1  # what follows the last begins with the end of its line
        self._left = left
        if self.is_last:
            self._find_end(data[at:])
        return pieces

    @property
    def may_end(self) -> bool:
        """Whether all of the body has come if nothing more does: some servers end the connection a line too soon."""
        return self.is_last or (not self._left and _size(self._held.rstrip(b"\r") + b"\r") == 0)

    def _find_end(self, lines: bytes) -> None:
        """Look for the blank line that ends the body; what stands before it are trailers, which mean nothing here."""
        blank = _BLANK.search(lines)
        if blank:
            self.is_done, self.surplus = True, lines[blank.end() :]
        else:
            self._hold(lines)

    def _hold(self, lines: bytes) -> None:
        self._held = lines
        self.is_malformed = len(lines) > LINE_LIMIT


@lru_cache(256)  # most chunks of a stream are of a few sizes
def _size(lines: bytes) -> int:
    """Return the size of a chunk, in bytes, from the end of the chunk before it and its own line, without LF."""
    digits = lines[2:-1].partition(b";")[0].rstrip(b" \t")  # what an extension says means nothing here
    is_framed = lines[:2] == b"\r\n" and lines[-1:] == b"\r"
    return int(digits, 16) if is_framed and digits and _DIGITS.issuperset(digits) else _MALFORMED
