"""The event stream parser against the WHATWG's rules, in every chunking."""

from __future__ import annotations

import random

import pytest

from bedrock_openai_http.call.sse import EventDecoder, iter_events

# (name, bytes, what must come out as (data, event) of finished events)
CASES: list[tuple[str, bytes, list[tuple[bytes, str]]]] = [
    ("lf", b"data: a\n\ndata: b\n\n", [(b"a", ""), (b"b", "")]),
    ("crlf", b"data: a\r\n\r\ndata: b\r\n\r\n", [(b"a", ""), (b"b", "")]),
    ("cr", b"data: a\r\rdata: b\r\r", [(b"a", ""), (b"b", "")]),
    ("mixed line ends", b"data: a\r\n\ndata: b\n\rdata: c\r\r\n", [(b"a", ""), (b"b", ""), (b"c", "")]),
    ("no space", b"data:a\n\n", [(b"a", "")]),
    ("one space is removed", b"data:  a \n\n", [(b" a ", "")]),
    ("a tab is not a space", b"data:\ta\n\n", [(b"\ta", "")]),
    ("colon in the value", b"data: a: b:c\n\n", [(b"a: b:c", "")]),
    ("several data lines", b"data: a\ndata:\ndata: b\n\n", [(b"a\n\nb", "")]),
    ("empty data", b"data:\n\n", [(b"", "")]),
    ("data without colon", b"data\n\n", [(b"", "")]),
    ("comments", b": hi\n:\ndata: a\n: in between\n\n", [(b"a", "")]),
    ("comment only", b": keep-alive\n\n: keep-alive\n\n", []),
    ("event, id and retry alone are no event", b"event: x\nid: 1\nretry: 5\n\ndata: a\n\n", [(b"a", "")]),
    ("named event", b"event: error\ndata: a\n\ndata: b\n\n", [(b"a", "error"), (b"b", "")]),
    ("names are case-sensitive", b"Data: a\nDATA: b\n\n", []),
    ("a space before the colon is part of the name", b"data : a\n\n", []),
    ("unknown fields", b"foo: 1\nbar\ndata: a\n\n", [(b"a", "")]),
    ("field that begins like data", b"dataset: a\n\n", []),
    ("leading blank lines", b"\n\n\ndata: a\n\n\n\n", [(b"a", "")]),
    ("byte order mark", b"\xef\xbb\xbfdata: a\n\n", [(b"a", "")]),
    ("only the first mark", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [(b"b", "")]),
    ("a later mark is content", b"data: a\n\ndata: \xef\xbb\xbfb\n\n", [(b"a", ""), (b"\xef\xbb\xbfb", "")]),
    (
        "Unicode's other line separators are content",
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\n\n".encode(),
        [("a\u2028b\u2029c\u0085d\x0be\x0cf".encode(), "")],
    ),
    ("four-byte characters", "data: 🦙\n\n".encode(), [("🦙".encode(), "")]),
    ("NUL", b"data: a\x00b\n\n", [(b"a\x00b", "")]),
    ("no UTF-8", b"data: \xff\xfe\n\n", [(b"\xff\xfe", "")]),
    ("nothing", b"", []),
    ("unfinished event is dropped", b"data: a\n\ndata: b\n", [(b"a", "")]),
    ("unfinished line is dropped", b"data: a\n\ndata: b", [(b"a", "")]),
    ("long line", b"data: " + b"x" * 300_000 + b"\n\n", [(b"x" * 300_000, "")]),
]


def events_of(pieces: list[bytes]) -> list[tuple[bytes, str]]:
    return [(event.data, event.event) for event in iter_events(pieces) if event.finished]


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_events_of_a_whole_stream(data: bytes, expected: list[tuple[bytes, str]]) -> None:
    """A stream gives the events that the standard says."""
    assert events_of([data]) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096])
@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_events_do_not_depend_on_the_cuts(data: bytes, expected: list[tuple[bytes, str]], size: int) -> None:
    """The same events come out whatever the size of the pieces."""
    if len(data) > 10_000 and size < 7:
        data, expected = data[-4000:].replace(b"x", b"data: x", 1), [(b"x" * 3998, "")]
    assert events_of(cut(data, size)) == expected


def test_events_do_not_depend_on_random_cuts() -> None:
    """The same events come out of all cases in a row, cut at random places, empty pieces among them."""
    streams = [
        case for case in CASES if case[1].endswith((b"\n\n", b"\r\r", b"\r\n\r\n")) and b"\xef\xbb" not in case[1]
    ]
    data = b"".join(case[1] for case in streams)
    expected = [event for case in streams for event in case[2]]
    source = random.Random(7)
    for _ in range(50):
        places = sorted(source.randrange(len(data)) for _ in range(source.randrange(60)))
        pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
        assert events_of(pieces) == expected


def test_what_the_end_cuts_off_is_marked() -> None:
    """An event without its blank line comes last and is not finished, whether or not its line is."""
    for data in (b"data: b", b"data: b\n", b"data: b\r"):
        (event,) = iter_events([data])
        assert (event.data, event.finished) == (b"b", False)


def test_a_line_in_many_pieces_is_linear() -> None:
    """A line of 8 MB in 64 KB pieces is joined once: no piece is looked at again when the next one arrives."""
    pieces = [b"data: ", *[b"x" * 65536] * 128, b"\n\n"]
    decoder = EventDecoder()
    assert [event for piece in pieces[:-1] for event in decoder.feed(piece)] == []
    assert len(decoder._unfinished) == len(pieces) - 1
    (event,) = decoder.feed(pieces[-1])
    assert len(event.data) == 128 * 65536
