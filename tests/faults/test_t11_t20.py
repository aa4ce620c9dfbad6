"""The fault matrix, T11 to T20: streams and bodies that are not what they should be, and what is tried again."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Client,
    ConflictError,
    Credentials,
    IncompleteStreamError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseFormatError,
    UnprocessableEntityError,
)
from bedrock_openai_http.response import read_response
from servers import ResettingServer
from support import (
    CHUNKED_STREAM,
    CLOSING_STREAM,
    COMPLETION,
    REQUEST,
    RawServer,
    client_of,
    http,
    http_chunk,
    quick,
)

Fails = Callable[..., Any]

DONE = b"data: [DONE]\n\n"
JSON_HEAD = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r-1\r\nContent-Type: application/json\r\n"


def event(text: str, **fields: Any) -> bytes:
    """Return one chunk of a stream that adds `text`, as an event."""
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return b"data: " + json.dumps({"choices": choices, **fields}, ensure_ascii=False).encode() + b"\n\n"


def read_into(texts: list[str], client: Client, **options: Any) -> None:
    """Read a stream to its end, and note the text of each of its chunks that has one."""
    with client.stream(REQUEST, **options) as stream:
        for chunk in stream:
            if chunk.text:
                texts.append(chunk.text)


# T11: silence in the middle


@pytest.mark.parametrize("rest", [b"", b'data: {"choices', b": keep-alive\n\n"], ids=["clean", "half", "comment"])
def test_t11_a_stalled_stream(rest: bytes, fails: Fails) -> None:
    """Silence in mid-stream is a timeout with the request ID and what had arrived, and is not tried again."""
    texts: list[str] = []
    answer = [CHUNKED_STREAM + http_chunk(event("a") + event("b") + rest), 9.0]
    with RawServer(lambda number: answer) as server, quick(client_of(server, timeout=0.15)) as client:
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
        with quick(client_of(server, timeout=0.15)) as client:
            error = fails(lambda: client.complete(REQUEST), APITimeoutError)
        assert (error.phase, error.request_id, error.attempts, len(server.requests)) == ("body", "r-1", 1, 1)


# T12: an end in good order, but too early


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED_STREAM + http_chunk(event("a")) + http_chunk(event("b")) + http_chunk(b""),
        CHUNKED_STREAM + http_chunk(event("a") + event("b") + b'data: {"choices": [') + http_chunk(b""),
        CHUNKED_STREAM + http_chunk(event("a") + event("b") + event("c").rstrip()) + http_chunk(b""),
        CLOSING_STREAM + event("a") + event("b"),
        http(event("a") + event("b", usage=None), kind="text/event-stream"),
    ],
    ids=["chunked", "within an event", "before its blank line", "until close", "Content-Length"],
)
def test_t12_an_end_without_the_end_mark(answer: bytes, fails: Fails) -> None:
    """A stream that ends in good HTTP order without [DONE] is incomplete, after all of its events."""
    texts: list[str] = []
    with RawServer(lambda number: [answer, None]) as server, quick(client_of(server)) as client:
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
    with kind(lambda number: [answer, 0.03, None]) as server, quick(client_of(server)) as client:
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
    with kind(lambda number: [answer, 0.03, None]) as server, quick(client_of(server)) as client:
        error = fails(lambda: client.complete(REQUEST), APIConnectionError)
        assert (error.phase, error.request_id, error.attempts, len(server.requests)) == ("body", "r-1", 1, 1)


# T14: events, byte by byte. The parser's own cases are in test_sse.py, those of chunks in test_streaming.py; these
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
    "end before the blank line": (A + B[:-1], ["a"], IncompleteStreamError),
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
    with RawServer(lambda number: [answers[number - 1]]) as server, quick(client_of(server)) as client:
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


# T15: bodies


def completion_with(**fields: Any) -> bytes:
    return json.dumps({**json.loads(COMPLETION), **fields}).encode()


BODIES: dict[str, tuple[bytes, type]] = {
    "empty": (b"", ResponseFormatError),
    "HTML": (b"<html><h1>Oh</h1></html>", ResponseFormatError),
    "truncated": (COMPLETION[:-5], ResponseFormatError),
    "trailing garbage": (COMPLETION + b"x", ResponseFormatError),
    "two documents": (COMPLETION + COMPLETION, ResponseFormatError),
    "an array": (b"[]", ResponseFormatError),
    "null": (b"null", ResponseFormatError),
    "a string": (b'"hi"', ResponseFormatError),
    "an empty object": (b"{}", ResponseFormatError),
    "choices: null": (b'{"choices": null}', ResponseFormatError),
    "choices: a string": (b'{"choices": "x"}', ResponseFormatError),
    "choices: [null]": (b'{"choices": [null]}', ResponseFormatError),
    "choices without message": (b'{"choices": [{"index": 0}]}', ResponseFormatError),
    "OpenAI's error": (b'{"error": {"message": "no", "code": 429}}', RateLimitError),
    "AWS's error": (b'{"__type": "x#ThrottlingException", "message": "no"}', RateLimitError),
    "error and choices": (completion_with(error={"message": "no"}), APIStatusError),
    "unknown operation": (b'{"Output": {"__type": "x#UnknownOperationException"}}', NotFoundError),
    "NaN": (completion_with(x=float("nan")), ResponseFormatError),
    "Infinity": (completion_with(x=float("-inf")), ResponseFormatError),
    "1e400": (COMPLETION[:-1] + b', "x": 1e400}', ResponseFormatError),
    "5000 digits": (COMPLETION[:-1] + b', "x": ' + b"9" * 5000 + b"}", ResponseFormatError),
    "endless nesting": (b'{"choices": ' + b"[" * 100_000, ResponseFormatError),
    "no UTF-8": (COMPLETION.replace(b"hi", b"\xff"), ResponseFormatError),
    "Latin-1": (COMPLETION.replace(b"hi", b"caf\xe9"), ResponseFormatError),
    "UTF-16": (COMPLETION.decode().encode("utf-16"), ResponseFormatError),
    "an event stream": (event("a") + DONE, ResponseFormatError),
}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES)
def test_t15_bodies_that_are_no_completion(body: bytes, kind: type, fails: Fails) -> None:
    """A 2xx answer that is no completion is one typed error in few words, with its request ID, after one POST."""
    with RawServer(lambda number: [http(body)]) as server, quick(client_of(server)) as client:
        error = fails(lambda: client.complete(REQUEST), kind)
        assert len(server.requests) == 1
    assert (error.request_id, error.attempts) == ("r-1", 1)
    assert len(str(error)) < 500
    assert (error.response.status_code, error.response.body) == (200, body)


def test_t15_no_content(fails: Fails) -> None:
    """A 204 is no completion, and the error says that it is empty."""
    answer = b"HTTP/1.1 204 No Content\r\nx-amzn-RequestId: r-1\r\n\r\n"
    with RawServer(lambda number: [answer]) as server, client_of(server) as client:
        error = fails(lambda: client.complete(REQUEST), ResponseFormatError)
    assert (error.request_id, error.response.status_code) == ("r-1", 204)
    assert "empty body" in str(error)


def test_t15_an_html_answer_is_quoted(fails: Fails) -> None:
    """What is not JSON is named by its content type and how it begins, in at most 200 characters."""
    page = b"<html>captive portal" + b"x" * 5000
    with RawServer(lambda number: [http(page, kind="text/html")]) as server, client_of(server) as client:
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), ResponseFormatError)  # noqa: B023
            assert "text/html, it begins: <html>captive portalxxx" in str(error)
            assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xef\xbb\xbf" + COMPLETION, "hi"),
        (b"\n " + COMPLETION + b"\r\n", "hi"),
        (COMPLETION.replace(b'"content"', b'"content": "no", "content"'), "hi"),
        (COMPLETION.replace(b"hi", "café".encode()), "café"),
        (COMPLETION.replace(b"hi", rb"\ud83d"), "\ud83d"),
        (COMPLETION.replace(b"hi", b"x" * 20_000_000), "x" * 20_000_000),
    ],
    ids=["mark", "white space", "duplicate keys", "wrong charset", "lone surrogate", "20 MB"],
)
def test_t15_bodies_that_are_read_leniently(body: bytes, text: str) -> None:
    """A byte order mark, a wrong charset, a repeated key, a lone surrogate and 20 MB do no harm."""
    answer = http(body, kind="application/json; charset=iso-8859-1")
    with RawServer(lambda number: [answer]) as server, client_of(server) as client:
        assert client.complete(REQUEST).text == text


# T16: compression that nobody asked for. urllib3 1.26 cannot undo it piece by piece: there it is refused.

UNDONE = hasattr(urllib3.HTTPResponse, "read1")


def encoded(body: bytes, coding: str = "gzip", kind: str = "application/json") -> bytes:
    return http(body, kind=f"{kind}\r\nContent-Encoding: {coding}")


def test_t16_gzip_despite_identity(fails: Fails) -> None:
    """A compressed answer, though `identity` was asked for, is the answer all the same."""
    with RawServer(lambda number: [encoded(gzip.compress(COMPLETION))]) as server, client_of(server) as client:
        if UNDONE:
            assert client.complete(REQUEST).text == "hi"
        else:
            assert fails(lambda: client.complete(REQUEST), APIConnectionError).request_id == "r-1"
        assert b"Accept-Encoding: identity\r\n" in server.requests[0]


def test_t16_a_bomb(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small answer that unpacks to a huge one is ended at the limit, in a small part of the memory."""
    monkeypatch.setattr(read_response, "__defaults__", (1_000_000,))
    bomb = gzip.compress(b" " * 60_000_000)
    assert len(bomb) < 70_000
    with RawServer(lambda number: [encoded(bomb)]) as server, quick(client_of(server)) as client:
        tracemalloc.start()
        try:
            error = fails(lambda: client.complete(REQUEST), ResponseFormatError if UNDONE else APIConnectionError)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert (error.request_id, error.attempts, len(server.requests)) == ("r-1", 1, 1)
    assert "the answer is longer than 1000000 bytes" in str(error) or not UNDONE
    assert peak < 15_000_000


def test_t16_a_bomb_in_an_event(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """One event that never ends is ended at its limit, with the request ID and what had arrived."""
    monkeypatch.setattr("bedrock_openai_http.sse.EVENT_LIMIT", 1_000_000)
    stream = encoded(gzip.compress(event("a") + b"data: " + b" " * 60_000_000), kind="text/event-stream")
    texts: list[str] = []
    with RawServer(lambda number: [stream]) as server, client_of(server) as client:
        error = fails(lambda: read_into(texts, client), ResponseFormatError if UNDONE else APIConnectionError)
    assert error.request_id == "r-1"
    assert texts == (["a"] if UNDONE else [])


@pytest.mark.parametrize("what", ["truncated", "corrupt", "no gzip", "wrong checksum"])
def test_t16_broken_gzip(what: str, fails: Fails) -> None:
    """A compressed answer that is cut or corrupt is one typed error, with the request ID; never a part of it."""
    whole = gzip.compress(COMPLETION)
    body = {
        "truncated": whole[:-20],
        "corrupt": whole[:15] + b"\xff\xff\xff" + whole[18:],
        "no gzip": COMPLETION,
        "wrong checksum": whole[:-8] + bytes(8),
    }[what]
    with RawServer(lambda number: [encoded(body)]) as server, quick(client_of(server)) as client:
        kind = ResponseFormatError if what == "truncated" and UNDONE else APIConnectionError
        error = fails(lambda: client.complete(REQUEST), kind)
        assert (error.request_id, error.attempts, len(server.requests)) == ("r-1", 1, 1)


@pytest.mark.parametrize("coding", ["br", "zstd", "unheard-of"])
def test_t16_a_coding_that_nobody_knows(coding: str, fails: Fails) -> None:
    """Bytes in a coding that cannot be undone are a typed error of bounded length, not text."""
    with RawServer(lambda number: [encoded(b"\x1b\x00\xff" * 999, coding)]) as server, client_of(server) as client:
        with pytest.raises((ResponseFormatError, APIConnectionError)) as caught:
            client.complete(REQUEST)
    assert caught.value.request_id == "r-1"
    assert len(str(caught.value)) < 500


# T17: how soon an event is there


def framings() -> dict[str, tuple[bytes, Callable[[bytes], bytes]]]:
    """Return for each way of framing a stream its head, and how a piece of it is framed."""
    packer = zlib.compressobj(wbits=31)
    with_length = http(b"", kind="text/event-stream", length=99_999)
    packed = CHUNKED_STREAM.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    ways = {
        "chunked": (CHUNKED_STREAM, http_chunk),
        "until close": (CLOSING_STREAM, bytes),
        "one huge chunk": (CHUNKED_STREAM + b"fffff\r\n", bytes),
        "Content-Length": (with_length, bytes),
    }
    if UNDONE:
        ways["gzip"] = (packed, lambda data: http_chunk(packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)))
    return ways


@pytest.mark.parametrize("way", framings())
def test_t17_an_event_is_there_at_once(way: str) -> None:
    """Each event is handed on before the server, which waits for that, sends the next, however they are framed."""
    head, frame = framings()[way]
    go_on = threading.Semaphore(0)

    def script(number: int) -> Iterator[bytes | None]:
        yield head
        for text in "abc":
            yield frame(event(text))
            assert go_on.acquire(timeout=10)
        yield frame(DONE)
        yield None

    with RawServer(script) as server, client_of(server, timeout=5) as client, client.stream(REQUEST) as stream:
        for text in "abc":
            assert next(stream).text == text
            go_on.release()
        assert stream.completion().text == "abc"


# T18 to T20: what is tried again, and when


def timed(client: Client) -> list[float]:
    """Replace the client's waits by a list of their seconds, each as long as it may be."""
    waits: list[float] = []
    client._retrier._sleep = lambda seconds: waits.append(round(seconds, 3))
    client._retrier._uniform = lambda: 1.0
    return waits


def refusal(status: int, kind: str = "", *headers: str, body: bytes = b'{"message": "no"}') -> bytes:
    lines = [f"x-amzn-ErrorType: {kind}"] if kind else []
    return http(body, "\r\n".join([f"{status} No", *lines, *headers]))


SUFFIX = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
THROTTLED, PASSING = [1.0, 2.0], [0.05, 0.1]
RETRIED: dict[str, tuple[bytes, list[float], type]] = {
    "429": (refusal(429), THROTTLED, RateLimitError),
    "429 ThrottlingException": (refusal(429, "ThrottlingException" + SUFFIX), THROTTLED, RateLimitError),
    "400 ThrottlingException": (refusal(400, "ThrottlingException" + SUFFIX), THROTTLED, BadRequestError),
    "400 in the body": (refusal(400, body=b'{"__type": "a.b#ThrottlingException"}'), THROTTLED, BadRequestError),
    "400 as a code": (refusal(400, body=b'{"error": {"code": "SlowDown"}}'), THROTTLED, BadRequestError),
    "429 of the model": (refusal(429, body=b'{"error": {"type": "rate_limit_error"}}'), THROTTLED, RateLimitError),
    "503 throttled": (refusal(503, "TooManyRequestsException"), THROTTLED, InternalServerError),
    "429 ModelNotReady": (refusal(429, "ModelNotReadyException" + SUFFIX), PASSING, RateLimitError),
    "400 RequestTimeout": (refusal(400, "RequestTimeoutException"), PASSING, BadRequestError),
    "500": (refusal(500), PASSING, InternalServerError),
    "500 with HTML": (http(b"<html>", "500 No", "text/html"), PASSING, InternalServerError),
    "502 without a body": (http(b"", "502 No"), PASSING, InternalServerError),
    "503": (refusal(503, "ServiceUnavailableException"), PASSING, InternalServerError),
    "504": (refusal(504), PASSING, InternalServerError),
}


@pytest.mark.parametrize(("answer", "expected", "kind"), RETRIED.values(), ids=RETRIED)
def test_t18_what_is_tried_again(answer: bytes, expected: list[float], kind: type, fails: Fails) -> None:
    """Throttling and passing failures are tried three times, with the waits of AWS's table; then they are raised."""
    with RawServer(lambda number: [answer]) as server, client_of(server) as client:
        waits = timed(client)
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), kind)  # noqa: B023
            assert (error.attempts, error.request_id) == (3, "r-1")
        assert waits == expected * 2
        assert (len(server.requests), server.connections) == (6, 1)


def test_t18_a_success_after_failures() -> None:
    """The third attempt's success is the call's success, in a stream as well."""
    answers = [refusal(429), refusal(500)]
    answers += [http(COMPLETION), *answers, http(event("hi") + DONE, kind="text/event-stream")]
    with RawServer(lambda number: [answers[number - 1]]) as server, client_of(server) as client:
        waits = timed(client)
        assert client.complete(REQUEST).text == "hi"
        with client.stream(REQUEST) as stream:
            assert stream.completion().text == "hi"
        assert (waits, len(server.requests)) == ([1.0, 0.1] * 2, 6)


def test_t18_the_quota_ends_a_storm(fails: Fails) -> None:
    """35 retries empty the quota; from then on a failure is raised at once, until successes have filled it again."""
    broken = True
    with RawServer(lambda number: [refusal(500) if broken else http(COMPLETION)]) as server:
        with client_of(server) as client:
            waits = timed(client)
            attempts = [fails(lambda: client.complete(REQUEST), InternalServerError).attempts for _ in range(20)]
            assert attempts == [3] * 17 + [2, 1, 1]
            assert (len(waits), len(server.requests)) == (35, 17 * 3 + 2 + 1 + 1)
            broken = False
            for _ in range(4):  # 10 tokens are left, and a retry takes 14
                client.complete(REQUEST)
            broken = True
            assert fails(lambda: client.complete(REQUEST), InternalServerError).attempts == 2


HINTS: dict[str, tuple[list[str], float]] = {
    "AWS's": (["x-amz-retry-after: 1500"], 1.5),
    "AWS's, shorter than the wait": (["x-amz-retry-after: 1"], 1.0),
    "AWS's, clamped": (["x-amz-retry-after: 60000"], 6.0),
    "AWS's, junk": (["x-amz-retry-after: soon"], 1.0),
    "AWS's, negative": (["x-amz-retry-after: -5"], 1.0),
    "AWS's, endless": (["x-amz-retry-after: 1e999"], 1.0),
    "AWS's comes first": (["x-amz-retry-after: 2000", "Retry-After: 7"], 2.0),
    "seconds": (["Retry-After: 7"], 7.0),
    "seconds, clamped": (["Retry-After: 300"], 60.0),
    "seconds, negative": (["Retry-After: -7"], 1.0),
    "nan": (["Retry-After: nan"], 1.0),
    "inf": (["Retry-After: inf"], 1.0),
    "endless": (["Retry-After: " + "9" * 6000], 1.0),
    "junk": (["Retry-After: \xff"], 1.0),
    "empty": (["Retry-After:"], 1.0),
    "twice": (["Retry-After: 7", "Retry-After: 9"], 1.0),
    "date to come": (["Retry-After: Fri, 31 Dec 2099 23:59:59 GMT"], 60.0),
    "date gone by": (["Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"], 1.0),
    "no date": (["Retry-After: Fri, 99 Dec 2099 99:99:99 GMT"], 1.0),
    "date of year 0": (["Retry-After: Fri, 31 Dec 0000 23:59:59 GMT"], 1.0),
    "milliseconds": (["retry-after-ms: 2500"], 2.5),
    "milliseconds, clamped": (["retry-after-ms: 999999999"], 60.0),
    "milliseconds, junk": (["retry-after-ms: x", "Retry-After: 3"], 3.0),
}


@pytest.mark.parametrize(("headers", "wait"), HINTS.values(), ids=HINTS)
def test_t19_what_the_service_asks_for(headers: list[str], wait: float, fails: Fails) -> None:
    """What the service asks to wait is waited for within bounds, and what is no time is passed over."""
    answer = refusal(429, "", *headers).decode().encode("latin-1")
    with RawServer(lambda number: [answer]) as server, client_of(server, max_attempts=2) as client:
        waits = timed(client)
        error = fails(lambda: client.complete(REQUEST), RateLimitError)
        assert (waits, error.attempts, len(server.requests)) == ([wait], 2, 2)


@pytest.mark.parametrize("header", ["Retry-After: 30", "retry-after-ms: 30000", "x-amz-retry-after: 30000"])
def test_t19_no_wait_goes_past_the_deadline(header: str, fails: Fails) -> None:
    """A wait that would not end before the deadline is not begun: what the service said is raised at once."""
    with RawServer(lambda number: [refusal(429, "", header)]) as server, client_of(server) as client:
        waits = timed(client)
        error = fails(lambda: client.complete(REQUEST, deadline=5), RateLimitError)
        assert (waits, error.attempts, len(server.requests), error.request_id) == ([], 1, 1, "r-1")
        assert error.elapsed < 2


REFUSED: dict[str, tuple[bytes, type]] = {
    "400": (refusal(400, "ValidationException" + SUFFIX), BadRequestError),
    "400 of the model": (refusal(400, body=b'{"error": {"code": "validation_error"}}'), BadRequestError),
    "401": (refusal(401), AuthenticationError),
    "402": (refusal(402), APIStatusError),
    "403": (refusal(403, "AccessDeniedException" + SUFFIX), PermissionDeniedError),
    "404": (refusal(404, "ResourceNotFoundException"), NotFoundError),
    "405": (refusal(405), APIStatusError),
    "408": (refusal(408, "ModelTimeoutException"), APIStatusError),
    "409": (refusal(409, "ConflictException"), ConflictError),
    "413": (refusal(413), APIStatusError),
    "422": (refusal(422), UnprocessableEntityError),
    "424": (refusal(424, "ModelErrorException"), APIStatusError),
    "501": (refusal(501), InternalServerError),
    "505": (refusal(505), InternalServerError),
    "529": (refusal(529), InternalServerError),
    "599": (refusal(599), InternalServerError),
    "600": (refusal(600), InternalServerError),
    "304": (refusal(304), APIStatusError),
}


@pytest.mark.parametrize(("answer", "kind"), REFUSED.values(), ids=REFUSED)
def test_t20_what_is_not_tried_again(answer: bytes, kind: type, fails: Fails) -> None:
    """Every other refusal is raised at once as its class, with status and request ID, whatever it asks to wait."""
    hinted = answer.replace(b"\r\n\r\n", b"\r\nRetry-After: 1\r\nx-should-retry: true\r\n\r\n", 1)
    with RawServer(lambda number: [hinted]) as server, client_of(server) as client:
        waits = timed(client)
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), kind)  # noqa: B023
            assert (error.status_code, error.request_id, error.attempts) == (int(answer.split()[1]), "r-1", 1)
        assert (waits, len(server.requests)) == ([], 2)


def test_t20_a_refusal_that_quotes_the_session_token(fails: Fails) -> None:
    """AWS's refusal of a signature quotes what it signed itself, the session token included: it is not passed on."""
    secret, token = "wJalrXUtnFEMI/K7MDENG/the-secret-key", "FwoGZXIvYXdzEXAMPLE/session+token=="
    quoted = f"The Canonical String should have been\n'POST\n/x\n\nhost:x\nx-amz-security-token:{token}\n'"
    body = json.dumps({"message": quoted}).encode()
    answer = refusal(403, "InvalidSignatureException", body=body)
    with RawServer(lambda number: [answer]) as server:
        credentials = Credentials("AKIDEXAMPLE", secret, token)
        with Client("us-west-2", base_url=server.url, credentials=credentials) as client:
            error = fails(lambda: client.complete(REQUEST), PermissionDeniedError, secret, token)
    assert "x-amz-security-token" in error.message
