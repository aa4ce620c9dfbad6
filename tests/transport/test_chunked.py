"""The chunked coding against RFC 9112, 7.1, in every cut, and against http.client."""

from __future__ import annotations

import io
import random
from http.client import HTTPResponse
from typing import Any

import pytest

from bedrock_openai_http.transport.chunked import LINE_LIMIT, ChunkedCoding

# (name, bytes, the body, how it stands then, what is behind it)
CASES = [
    ("one chunk", b"3\r\nabc\r\n0\r\n\r\n", b"abc", "done", b""),
    ("several", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", "done", b""),
    ("line ends in the data", b"6\r\n\r\n5\r\n\n\r\n0\r\n\r\n", b"\r\n5\r\n\n", "done", b""),
    ("no chunk", b"0\r\n\r\n", b"", "done", b""),
    (
        "hexadecimal digits",
        b"A\r\n0123456789\r\n0b\r\n0123456789a\r\n000\r\n\r\n",
        b"01234567890123456789a",
        "done",
        b"",
    ),
    ("extensions", b'3;a=b\r\nabc\r\n2 \t; c="d;e"\r\nde\r\n0;f\r\n\r\n', b"abcde", "done", b""),
    ("white space behind a size", b"3 \r\nabc\r\n0\r\n\r\n", b"abc", "done", b""),
    ("trailers", b"1\r\na\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n", b"a", "done", b""),
    ("a blank line of LF alone", b"1\r\na\r\n0\r\n\nHTTP", b"a", "done", b"HTTP"),
    ("trailers of LF alone", b"1\r\na\r\n0\r\nX: y\n\n", b"a", "done", b""),
    ("surplus", b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"a", "done", b"HTTP/1.1 200 OK\r\n\r\n"),
    ("surplus behind trailers", b"0\r\nA: b\r\n\r\n\r\n", b"", "done", b"\r\n"),
    ("cut in a chunk", b"5\r\nabc", b"abc", "open", b""),
    ("cut before the end of a chunk", b"3\r\nabc\r", b"abc", "open", b""),
    ("cut in a size", b"3\r\nabc\r\n1", b"abc", "open", b""),
    ("cut behind the last size", b"1\r\na\r\n0", b"a", "last", b""),
    ("cut within its line end", b"1\r\na\r\n00;x\r", b"a", "last", b""),
    ("cut in a size that is no nought", b"1\r\na\r\n10", b"a", "open", b""),
    ("cut before the last line end", b"1\r\na\r\n0\r\n", b"a", "last", b""),
    ("cut in a trailer", b"1\r\na\r\n0\r\nX: y\r\n", b"a", "last", b""),
    ("nothing", b"", b"", "open", b""),
    *(
        (f"size {size!r}", b"1\r\na\r\n" + size + b"\r\nbcdefgh\r\n0\r\n\r\n", b"a", "malformed", b"")
        for size in (b"", b"-5", b"+5", b"0x5", b"1_0", b" 5", b"g", b"5 5", b";a", b"5\r", b"\xb2", b"\xd9\xa5")
    ),
    ("a size whose line ends with LF", b"1\r\na\r\n3\nabc\r\n0\r\n\r\n", b"a", "malformed", b""),
    ("a chunk longer than its size", b"3\r\nabcd\r\n0\r\n\r\n", b"abc", "malformed", b""),
    ("a chunk that ends with LF", b"3\r\nabc\n0\r\n\r\n", b"abc", "malformed", b""),
    ("a line without end", b"1\r\na\r\n1;" + b"x" * LINE_LIMIT, b"a", "malformed", b""),
    ("a line that is too long", b"1\r\na\r\n1;" + b"x" * LINE_LIMIT + b"\r\nb\r\n", b"a", "malformed", b""),
    ("trailers that are too long", b"1\r\na\r\n0\r\nX: " + b"y" * LINE_LIMIT, b"a", "malformed", b""),
]


def decoded(pieces: list[bytes]) -> tuple[bytes, str, bytes]:
    """Return the body, how it stands, and what is behind it. A reader stops as `Answer` does."""
    coding, body = ChunkedCoding(), b""
    for number, piece in enumerate(pieces):
        body += b"".join(coding.feed(piece))
        if coding.is_malformed:
            return body, "malformed", b""
        if coding.is_done:
            return body, "done", coding.surplus + b"".join(pieces[number + 1 :])
    return body, "last" if coding.may_end else "open", b""


@pytest.mark.parametrize(
    ("data", "expected"), [(case[1], case[2:]) for case in CASES], ids=[case[0] for case in CASES]
)
def test_every_cut_gives_the_same_body(data: bytes, expected: tuple[bytes, str, bytes]) -> None:
    """Whole, cut once at each place, and byte by byte: the same body, end, fault and surplus."""
    assert decoded([data]) == expected
    places = range(len(data)) if len(data) < 200 else (0, 1, 5, 8, 9, 200, len(data) - 1)
    for at in places:
        assert decoded([data[:at], data[at:]]) == expected, at
    assert decoded([data[at : at + 1] for at in range(len(data))]) == expected


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._data)


def test_it_agrees_with_http_client() -> None:
    """Of 300 random well-formed bodies both take off the same coding, and neither takes what follows."""
    source = random.Random(9)
    for _ in range(300):
        chunks = [source.randbytes(source.choice([1, 2, 15, 16, 300])) for _ in range(source.randrange(6))]
        extension = source.choice([b"", b";a", b' ; a="b"'])
        coded = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
        coded += source.choice([b"0\r\n\r\n", b"0;a\r\n\r\n", b"0\r\nA: b\r\n\r\n"])
        answer = HTTPResponse(_Socket(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded))  # type: ignore[arg-type]
        answer.begin()
        places = sorted(source.randrange(len(coded)) for _ in range(source.randrange(5)))
        pieces = [coded[a:b] for a, b in zip([0, *places], [*places, len(coded) + 1], strict=True)]
        assert decoded([*pieces, b"next"]) == (answer.read(), "done", b"next")
