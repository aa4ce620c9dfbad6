"""The fault matrix, T11 to T14: streams and bodies that stall, end too early or break, and events cut anywhere."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    IncompleteStreamError,
    InternalServerError,
    RateLimitError,
    ResponseFormatError,
)
from both import client_of
from calls import JSON_HEAD, event, read_into
from servers import ResettingServer
from support import (
    CHUNKED_STREAM,
    CLOSING_STREAM,
    COMPLETION,
    DONE,
    NO_WAITS,
    REQUEST,
    RawServer,
    http,
    http_chunk,
)

Fails = Callable[..., Any]

# T11: silence in the middle


@pytest.mark.parametrize("rest", [b"", b'data: {"choices', b": keep-alive\n\n"], ids=["clean", "half", "comment"])
def test_t11_a_stalled_stream(rest: bytes, fails: Fails) -> None:
    """Silence in mid-stream is a timeout with the request ID and what had arrived, and is not tried again."""
    texts: list[str] = []
    answer = [CHUNKED_STREAM + http_chunk(event("a") + event("b") + rest), 9.0]
    with RawServer(lambda number: answer) as server, client_of(server, timeout=0.15, world=NO_WAITS) as client:
        error = fails(lambda: read_into(texts, client), APITimeoutError)
        assert len(server.requests) == 1
    assert (error.phase, error.request_id, error.attempts) == ("idle", "r-1", 1)
    assert texts == ["a", "b"]
    assert error.partial.text == "ab"


def test_t11_a_stream_that_failed_fails_again(fails: Fails) -> None:
    """Asking a stream that failed for its completion raises the same failure, not a part as if it were whole."""
    answer = [CHUNKED_STREAM + http_chunk(event("a")), 9.0]
    with RawServer(lambda number: answer) as server, client_of(server, timeout=0.15) as client:
        with client.stream(REQUEST) as stream:
            first = fails(lambda: list(stream), APITimeoutError)
            assert fails(stream.completion, APITimeoutError) is first


def test_t11_a_stalled_body(fails: Fails) -> None:
    """Silence within a body that is no stream is a timeout in phase `body`, with the request ID."""
    with RawServer(lambda number: [http(b'{"cho', length=99), 9.0]) as server:
        with client_of(server, timeout=0.15, world=NO_WAITS) as client:
            error = fails(lambda: client.complete(REQUEST), APITimeoutError)
        assert (error.phase, error.request_id, error.attempts, len(server.requests)) == ("body", "r-1", 1, 1)


# T12: an end in good order, but too early


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED_STREAM + http_chunk(event("a")) + http_chunk(event("b")) + http_chunk(b""),
        CHUNKED_STREAM + http_chunk(event("a") + event("b") + b'data: {"choices": [') + http_chunk(b""),
        CHUNKED_STREAM + http_chunk(event("a") + event("b").rstrip()) + http_chunk(b""),
        CLOSING_STREAM + event("a") + event("b"),
        http(event("a") + event("b", usage=None), kind="text/event-stream"),
    ],
    ids=["chunked", "within an event", "before its blank line", "until close", "Content-Length"],
)
def test_t12_an_end_without_the_end_mark(answer: bytes, fails: Fails) -> None:
    """A stream that ends in good HTTP order without [DONE] is incomplete, after all of its events."""
    texts: list[str] = []
    with RawServer(lambda number: [answer, None]) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: read_into(texts, client), IncompleteStreamError)
        assert len(server.requests) == 1
    assert (error.request_id, error.attempts) == ("r-1", 1)
    assert texts == ["a", "b"]
    assert error.partial.text == "ab"


# T13: an end in disorder

CUTS = {
    "cut chunk": CHUNKED_STREAM + http_chunk(event("a")) + b"fff\r\n" + event("b") + b"data: {",
    "cut between chunks": CHUNKED_STREAM + http_chunk(event("a") + event("b")),
    "cut in a chunk's size": CHUNKED_STREAM + http_chunk(event("a") + event("b")) + b"1",
    "bad chunk size": CHUNKED_STREAM + http_chunk(event("a") + event("b")) + b"zz\r\n",
    "negative chunk size": CHUNKED_STREAM + http_chunk(event("a") + event("b")) + b"-5\r\nhello\r\n",
    "short Content-Length": http(event("a") + event("b"), kind="text/event-stream", length=9999),
}


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("answer", CUTS.values(), ids=CUTS)
def test_t13_a_broken_stream(answer: bytes, reset: bool, fails: Fails) -> None:
    """A stream that breaks off is a connection error after all that arrived, also of the chunk that was cut."""
    texts: list[str] = []
    kind = ResettingServer if reset else RawServer
    with kind(lambda number: [answer, 0.03, None]) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: read_into(texts, client), APIConnectionError)
        assert len(server.requests) == 1
    assert (error.phase, error.request_id, error.attempts) == ("body", "r-1", 1)
    assert texts == ["a", "b"]
    assert error.partial.text == "ab"


def test_t13_a_close_delimited_stream_that_is_reset(fails: Fails) -> None:
    """A stream without a length that is broken off is a connection error, not an end."""
    texts: list[str] = []
    answer = [CLOSING_STREAM + event("a"), 0.05, None]
    with ResettingServer(lambda number: answer) as server, client_of(server) as client:
        error = fails(lambda: read_into(texts, client), APIConnectionError)
    assert (error.phase, error.request_id, error.partial.text, texts) == ("body", "r-1", "a", ["a"])


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize(
    "answer",
    [
        http(COMPLETION[:50], length=len(COMPLETION)),
        http(COMPLETION, length=len(COMPLETION) + 1),
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + http_chunk(COMPLETION),
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + COMPLETION,
    ],
    ids=["short", "a byte short", "cut between chunks", "cut chunk"],
)
def test_t13_a_broken_body(answer: bytes, reset: bool, fails: Fails) -> None:
    """A body that breaks off is a connection error with the request ID, even where the JSON is whole; 1 POST."""
    kind = ResettingServer if reset else RawServer
    with kind(lambda number: [answer, 0.03, None]) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: client.complete(REQUEST), APIConnectionError)
        assert (error.phase, error.request_id, error.attempts, len(server.requests)) == ("body", "r-1", 1, 1)


# T14: events, byte by byte. The parser's own cases are in test_sse.py, those of chunks in test_decode.py; these
# go the whole way over a socket.

A, B = event("a"), event("b")
A_AND_B = ["a", "b"]
#: name: (bytes of the body, texts that are handed on, the failure that ends the stream or None)
EVENTS: dict[str, tuple[bytes, list[str], type | None]] = {
    "LF": (A + B + DONE, A_AND_B, None),
    "CRLF": ((A + B + DONE).replace(b"\n", b"\r\n"), A_AND_B, None),
    "CR": ((A + B + DONE).replace(b"\n", b"\r"), A_AND_B, None),
    "mixed line ends": (A.replace(b"\n\n", b"\r\n\n") + B.replace(b"\n\n", b"\n\r") + DONE, A_AND_B, None),
    "no space": ((A + B + DONE).replace(b"data: ", b"data:"), A_AND_B, None),
    "two spaces": ((A + B + DONE).replace(b"data: ", b"data:  "), A_AND_B, None),
    "tab": ((A + B + DONE).replace(b"data: ", b"data:\t"), A_AND_B, None),
    "byte order mark": (b"\xef\xbb\xbf" + A + B + DONE, A_AND_B, None),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbf" + A + B + DONE, ["b"], None),
    "comments": (b": hi\n\n:\n" + A + b":\n" + B + b": bye\n\n" + DONE, A_AND_B, None),
    "one object on several lines": (A.replace(b", ", b",\ndata: ") + B + DONE, A_AND_B, None),
    "empty data": (b"data\n\ndata:\n\n" + A + b"data: \n\n" + B + DONE, A_AND_B, None),
    "meta-only events": (b"event: x\n\nid: 1\n\nretry: 5\n\n" + A + b"id: 2\n\n\n\n" + B + DONE, A_AND_B, None),
    "id before each": (b"id: 1\n" + A + b"id: 2\0\n" + B + b"id\n" + DONE, A_AND_B, None),
    "unknown fields": (b"foo: 1\n" + A + b"bar\n" + B + DONE, A_AND_B, None),
    "case matters": (A.replace(b"data", b"Data") + B + DONE, ["b"], None),
    "space before the colon": (A.replace(b"data:", b"data :") + B + DONE, ["b"], None),
    "leading blank lines": (b"\n\n\r\n" + A + b"\n\n\n" + B + DONE, A_AND_B, None),
    "named events": (b"event: message\n" + A + b"event: chunk\n" + B + DONE, A_AND_B, None),
    "colon in the text": (event("a: b") + DONE, ["a: b"], None),
    "line separators": (event("a\u2028b\u2029c\u0085d") + DONE, ["a\u2028b\u2029c\u0085d"], None),
    "four-byte characters": (event("🦙") + event("Å") + DONE, ["🦙", "Å"], None),
    "300 KB line": (event("x" * 300_000) + DONE, ["x" * 300_000], None),
    "lone surrogate": (event("a").replace(b'"a"', rb'"\ud83d"') + DONE, ["\ud83d"], None),
    "duplicate keys": (A.replace(b'"content"', b'"content": "z", "content"') + B + DONE, A_AND_B, None),
    "error: null": (event("a", error=None) + B + DONE, A_AND_B, None),
    "usage with empty choices": (
        A
        + b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}\n\n'
        + DONE,
        ["a"],
        None,
    ),
    "[DONE] with one LF": (A + b"data: [DONE]\n", ["a"], None),
    "[DONE] with none": (A + b"data: [DONE]", ["a"], None),
    "[DONE] and a space": (A + b"data: [DONE] \n\n", ["a"], None),
    "[DONE] and rubbish": (A + DONE + b"rubbish \xff {\n\n", ["a"], None),
    "[DONE] and more": (A + DONE + B, ["a"], None),
    "[DONE] twice": (A + DONE + DONE, ["a"], None),
    "[DONE] first": (DONE + A, [], None),
    "[DONE] in the text": (event("data: [DONE]\n\n") + DONE, ["data: [DONE]\n\n"], None),
    "[DONE] as a named event": (A + b"event: done\n" + DONE, ["a"], None),
    "[DONE]x": (A + b"data: [DONE]x\n\n" + DONE, ["a"], ResponseFormatError),
    "[done]": (A + b"data: [done]\n\n" + DONE, ["a"], ResponseFormatError),
    "nothing": (b"", [], IncompleteStreamError),
    "comments only": (b": a\n\n: b\n\n", [], IncompleteStreamError),
    "end after an event": (A + B, A_AND_B, IncompleteStreamError),
    "end inside of JSON": (A + B[:30], ["a"], IncompleteStreamError),
    "end before the blank line": (A + B[:-1], A_AND_B, IncompleteStreamError),
    "end before the line end": (A + B[:-2], A_AND_B, IncompleteStreamError),
    "error before the blank line": (A + b'event: error\ndata: {"message": "no"}\n', ["a"], APIStatusError),
    "end inside of a character": (A + b'data: {"x": "\xf0\x9f', ["a"], IncompleteStreamError),
    "end inside of [DONE]": (A + b"data: [DON", ["a"], IncompleteStreamError),
    "no UTF-8": (A + b"data: \xff\xfe\n\n" + DONE, ["a"], ResponseFormatError),
    "no UTF-8 in a text": (A + B.replace(b'"b"', b'"\xe9"') + DONE, ["a"], ResponseFormatError),
    "malformed JSON": (A + b"data: {]\n\n" + DONE, ["a"], ResponseFormatError),
    "a number": (A + b"data: 7\n\n" + DONE, ["a"], ResponseFormatError),
    "an array": (A + b"data: []\n\n" + DONE, ["a"], ResponseFormatError),
    "null": (A + b"data: null\n\n" + DONE, ["a"], ResponseFormatError),
    "NaN": (A + b'data: {"choices": [], "x": NaN}\n\n' + DONE, ["a"], ResponseFormatError),
    "1e400": (A + b'data: {"choices": [], "x": 1e400}\n\n' + DONE, ["a"], ResponseFormatError),
    "NUL": (A + b'data: {"choices": [], "x": "\0"}\n\n' + DONE, ["a"], ResponseFormatError),
    "endless nesting": (A + b"data: " + b"[" * 100_000 + b"\n\n" + DONE, ["a"], ResponseFormatError),
    "endless integer": (A + b'data: {"choices": [], "x": ' + b"9" * 5000 + b"}\n\n", ["a"], ResponseFormatError),
    "error object": (A + b'data: {"error": {"message": "no", "code": 500}}\n\n', ["a"], InternalServerError),
    "error event": (A + b'event: error\ndata: {"message": "no"}\n\n' + DONE, ["a"], APIStatusError),
    "AWS's error": (A + b'data: {"__type": "x#ThrottlingException"}\n\n' + DONE, ["a"], RateLimitError),
    "error text": (A + b'data: {"error": "no"}\n\n' + DONE, ["a"], APIStatusError),
    "plain error text": (A + b"event: error\ndata: no\n\n" + DONE, ["a"], APIStatusError),
    "empty error event": (A + b"event: error\ndata:\n\n" + B + DONE, ["a"], APIStatusError),
    "JSON for events": (COMPLETION, [], ResponseFormatError),
    "error for events": (b'{"message": "no"}', [], APIStatusError),
    "HTML for events": (b"<html>no</html>", [], ResponseFormatError),
    "plain text for events": (b"Internal Server Error", [], IncompleteStreamError),
}


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield `data` whole, in pieces of several sizes and in random pieces; what is long not in the smallest ones."""
    yield [data]
    for size in (1, 2, 3, 7, 4096):
        if len(data) < 1000 * size:
            yield [data[i : i + size] for i in range(0, len(data), size)]
    source = random.Random(len(data))
    places = sorted(source.randrange(len(data) + 1) for _ in range(9))
    yield [data[a:b] for a, b in itertools.pairwise([0, *places, len(data)]) if a < b]


@pytest.mark.parametrize(("data", "texts", "failure"), EVENTS.values(), ids=EVENTS)
def test_t14_events_over_a_socket(data: bytes, texts: list[str], failure: type | None, fails: Fails) -> None:
    """The same chunks and the same end come out, in however many HTTP chunks the bytes arrive."""
    answers = [CHUNKED_STREAM + b"".join(map(http_chunk, pieces)) + http_chunk(b"") for pieces in cuts(data)]
    with RawServer(lambda number: [answers[number - 1]]) as server, client_of(server, world=NO_WAITS) as client:
        for _ in answers:
            found: list[str] = []
            if failure is None:
                read_into(found, client)
            else:
                error = fails(lambda: read_into(found, client), failure)  # noqa: B023
                assert (error.request_id, error.attempts) == ("r-1", 1)
                assert (error.partial.text if error.partial else "") == "".join(texts)
            assert found == texts
        assert len(server.requests) == len(answers)
