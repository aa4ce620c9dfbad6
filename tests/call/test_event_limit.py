"""How long an event of a stream may be: the limit is of one line and of one event, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import pytest

from bedrock_openai_http import BedrockOpenAIError, Headers, HTTPResponse, ResponseFormatError, iter_chunks
from bedrock_openai_http.call.sse import BOM
from support import CHUNKED_STREAM, DONE, REQUEST, RawServer, client_of, http_chunk

LIMIT = 200
#: Bytes of one read, so that a stream is cut within its lines, at their ends, and beyond the limit.
SIZES = [1, 7, LIMIT - 1, LIMIT, LIMIT + 1, 100_000]


@pytest.fixture(autouse=True)
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let events be no longer than 200 bytes."""
    monkeypatch.setattr("bedrock_openai_http.call.sse.EVENT_LIMIT", LIMIT)


def event(size: int, content: str = "a") -> bytes:
    """Return a chunk's event whose one line is `size` bytes long."""
    start = b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}], "padding": "' % content.encode()
    return start + b"x" * (size - len(start) - 2) + b'"}\n\n'


def event_of_lines(size: int) -> bytes:
    """Return a chunk's event whose three lines are `size` bytes long together."""
    return event(size - 10).replace(b"}\n\n", b"\ndata:\ndata:}\n\n")


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def texts(stream: Iterable[bytes]) -> tuple[str, BedrockOpenAIError | None]:
    """Return the text that a stream gave, and what it failed with."""
    text = ""
    try:
        for chunk in iter_chunks(stream, response=HTTPResponse(200, Headers({"x-amzn-RequestId": "r-1"}))):
            text += chunk.text
    except BedrockOpenAIError as error:
        return text, error
    return text, None


#: What passes, though all of it together is far beyond the limit.
GOOD = {
    "many events": event(150),
    "many events of just the limit": event(LIMIT),
    "many events of several lines": event_of_lines(LIMIT),
    "comments, IDs, names and times between": b": x\nid: 7\nevent: ping\nretry: 5\n\n" * 9 + event(100),
    "many of them in one event": b": x\nid: 7\nevent: ping\nretry: 5\n" * 9 + event(100),
    "long comments": b":" + b"x" * (LIMIT - 1) + b"\n" + event(100),
    "blank lines": b"\r\n" * LIMIT + event(100),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", GOOD)
def test_a_stream_may_be_of_any_length(kind: str, size: int) -> None:
    """However many events come, each with its own lines, only the length of each of them counts."""
    assert texts(pieces(GOOD[kind] * 20 + DONE, size)) == ("a" * 20, None)


#: What is one byte too long.
BAD = {
    "an event of one line": event(LIMIT + 1),
    "an event of several lines": event_of_lines(LIMIT + 1),
    "data lines without end": b"data: \n" * LIMIT,
    "a comment": b":" + b"x" * LIMIT + b"\n",
    "an ID": b"id:" + b"x" * (LIMIT - 2) + b"\n",
    "a name": b"event:" + b"x" * (LIMIT - 5) + b"\n",
    "a time": b"retry:" + b"5" * (LIMIT - 5) + b"\n",
    "an unknown field": b"x" * (LIMIT + 1) + b"\r",
    "a line without end": b"x" * LIMIT * 3,
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", BAD)
def test_what_is_too_long(kind: str, size: int) -> None:
    """A line or an event above the limit fails, with what came before it, wherever it is cut."""
    text, error = texts(pieces(event(150) + BAD[kind] + event(150, "b") + DONE, size))
    assert text == "a"
    assert type(error) is ResponseFormatError
    assert "an event of the stream is longer than" in error.message
    assert error.partial is not None
    assert (error.partial.text, error.request_id) == ("a", "r-1")


@pytest.mark.parametrize("unit", [b"x", b":", b"data: \n", b"id: 1\ndata: x\n"])
def test_what_goes_on_for_ever_fails_at_the_limit(unit: bytes) -> None:
    """A line or an event without an end is not read much further than it may be long."""
    taken = 0

    def flood() -> Iterator[bytes]:
        nonlocal taken
        while taken < 10 * LIMIT:
            taken += len(unit)
            yield unit

    text, error = texts(chain([event(150)], flood()))
    assert (text, type(error)) == ("a", ResponseFormatError)
    assert LIMIT < taken < 3 * LIMIT


@pytest.mark.parametrize("size", SIZES)
def test_a_mark_is_no_part_of_the_first_event(size: int) -> None:
    """A byte order mark does not count, be the first event just short enough or just too long."""
    assert texts(pieces(BOM + event(LIMIT) + DONE, size)) == ("a", None)
    text, error = texts(pieces(BOM + event(LIMIT + 1) + DONE, size))
    assert (text, type(error)) == ("", ResponseFormatError)


def test_over_a_connection() -> None:
    """A client's stream passes the limit with its many events, and fails at the one that is too long."""
    events = [http_chunk(event(150))] * 20
    answers = [[CHUNKED_STREAM, *events, http_chunk(end), http_chunk(b"")] for end in (DONE, event(LIMIT + 1))]
    with RawServer(lambda number: answers[number - 1]) as server, client_of(server) as client:
        with client.stream(REQUEST) as stream:
            assert stream.completion().text == "a" * 20
        with client.stream(REQUEST) as stream, pytest.raises(ResponseFormatError) as caught:
            stream.completion()
    assert caught.value.partial is not None
    assert (caught.value.partial.text, caught.value.request_id) == ("a" * 20, "r-1")


@pytest.mark.parametrize(("first", "unit"), [(b"", b" "), (BOM, b" "), (b"{", b"x"), (b" <html>", b" ")])
def test_a_body_that_is_no_stream_is_not_read_for_ever(first: bytes, unit: bytes) -> None:
    """What a body is that begins with no event is told from 64 KB of it at most."""
    taken = 0

    def flood() -> Iterator[bytes]:
        nonlocal taken
        while taken < 1_000_000:
            taken += 1000
            yield unit * 1000

    _, error = texts(chain([first], flood()))
    assert type(error) is ResponseFormatError
    assert taken <= 70_000
