"""The fault matrix, T15 to T17: odd bodies, compression that nobody asked for, and how soon an event is there."""

from __future__ import annotations

import gzip
import json
import re
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
    NotFoundError,
    RateLimitError,
    ResponseFormatError,
)
from both import client_of
from calls import event, read_into
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
    with RawServer(lambda number: [http(body)]) as server, client_of(server, world=NO_WAITS) as client:
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
    """What is not JSON is named by its content type and how it begins, in at most 200 characters.

    A word that is cut there is left out, since it may be a key.
    """
    page = b"<html>captive portal " + b"xxx " * 5000
    with RawServer(lambda number: [http(page, kind="text/html")]) as server, client_of(server) as client:
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), ResponseFormatError)  # noqa: B023
            assert "text/html, it begins: <html>captive portal xxx xxx" in str(error)
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


# T16: compression that nobody asked for. urllib3 1.26 cannot undo it piece by piece: there it is refused. So it is by
# AsyncClient, since aiohttp undoes it without a bound.


@pytest.fixture
def undone(client_kind: str) -> bool:
    """Whether compression is undone, and not refused."""
    return client_kind == "Client" and hasattr(urllib3.HTTPResponse, "read1")


def refused(error: APIConnectionError) -> bool:
    """Tell whether `error` says that an answer is compressed, or cannot be unpacked."""
    return error.phase == "body" and re.search("is compressed|unpacked", str(error)) is not None


def encoded(body: bytes, coding: str = "gzip", kind: str = "application/json") -> bytes:
    return http(body, kind=f"{kind}\r\nContent-Encoding: {coding}")


def test_t16_gzip_despite_identity(fails: Fails, undone: bool) -> None:
    """A compressed answer, though `identity` was asked for, is the answer all the same, or is refused as such."""
    with RawServer(lambda number: [encoded(gzip.compress(COMPLETION))]) as server, client_of(server) as client:
        if undone:
            assert client.complete(REQUEST).text == "hi"
        else:
            error = fails(lambda: client.complete(REQUEST), APIConnectionError)
            assert refused(error)
            assert (error.request_id, error.attempts, len(server.requests)) == ("r-1", 1, 1)
        assert b"Accept-Encoding: identity\r\n" in server.requests[0]


@pytest.mark.parametrize("size", [1, 10, 4096])
def test_t16_gzip_in_chunks(size: int, fails: Fails, undone: bool) -> None:
    """A compressed answer in HTTP chunks, all of which come at once, is read to its end, whole or streamed."""

    def chunked(body: bytes, kind: str) -> bytes:
        data = gzip.compress(body)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        return head.encode() + b"".join(map(http_chunk, [*pieces, b""]))

    answers = [chunked(COMPLETION, "application/json"), chunked(event("a") + event("b") + DONE, "text/event-stream")]
    with RawServer(lambda number: [answers[number - 1]]) as server, client_of(server) as client:
        if not undone:
            assert refused(fails(lambda: client.complete(REQUEST), APIConnectionError))
            assert refused(fails(lambda: read_into([], client), APIConnectionError))
            return
        assert client.complete(REQUEST).text == "hi"
        texts: list[str] = []
        read_into(texts, client)
        assert ("".join(texts), server.connections) == ("ab", 1)


def test_t16_a_bomb(fails: Fails, undone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small answer that unpacks to a huge one is ended at the limit, in a small part of the memory."""
    monkeypatch.setattr("bedrock_openai_http.call.walk.BODY_LIMIT", 1_000_000)
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < 70_000
    with RawServer(lambda number: [encoded(bomb)]) as server, client_of(server, world=NO_WAITS) as client:
        tracemalloc.start()
        try:
            error = fails(lambda: client.complete(REQUEST), ResponseFormatError if undone else APIConnectionError)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert (error.request_id, error.attempts, len(server.requests)) == ("r-1", 1, 1)
    assert "the answer is longer than 1000000 bytes" in str(error) or (not undone and refused(error))
    assert peak < 15_000_000


def test_t16_a_bomb_in_an_event(fails: Fails, undone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One event that never ends is ended at its limit, with the request ID and what had arrived."""
    monkeypatch.setattr("bedrock_openai_http.call.sse.EVENT_LIMIT", 1_000_000)
    stream = encoded(gzip.compress(event("a") + b"data: " + b" " * 20_000_000), kind="text/event-stream")
    texts: list[str] = []
    with RawServer(lambda number: [stream]) as server, client_of(server) as client:
        error = fails(lambda: read_into(texts, client), ResponseFormatError if undone else APIConnectionError)
    assert error.request_id == "r-1"
    assert texts == (["a"] if undone else [])


@pytest.mark.parametrize("what", ["truncated", "corrupt", "no gzip", "wrong checksum"])
def test_t16_broken_gzip(what: str, fails: Fails, undone: bool) -> None:
    """A compressed answer that is cut or corrupt is one typed error, with the request ID; never a part of it."""
    whole = gzip.compress(COMPLETION)
    body = {
        "truncated": whole[:-20],
        "corrupt": whole[:15] + b"\xff\xff\xff" + whole[18:],
        "no gzip": COMPLETION,
        "wrong checksum": whole[:-8] + bytes(8),
    }[what]
    with RawServer(lambda number: [encoded(body)]) as server, client_of(server, world=NO_WAITS) as client:
        kind = ResponseFormatError if what == "truncated" and undone else APIConnectionError
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
    if hasattr(urllib3.HTTPResponse, "read1"):
        ways["gzip"] = (packed, lambda data: http_chunk(packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)))
    return ways


ONE_KIND = {"gzip": pytest.mark.only("Client", "AsyncClient refuses a compressed answer, which nobody asked for.")}


@pytest.mark.parametrize("way", [pytest.param(way, marks=ONE_KIND.get(way, ())) for way in framings()])
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
