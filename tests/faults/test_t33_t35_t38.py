"""The fault matrix, T33, T35 and T38: what HTTP itself can get wrong, and connections that are used again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import APIConnectionError, Client, ResponseFormatError
from both import client_of
from support import CHUNK, CHUNKED_STREAM, COMPLETION, NO_WAITS, REQUEST, RawServer, http, http_chunk

Fails = Callable[..., Any]

DONE = b"data: [DONE]\n\n"
EVIL = http(COMPLETION.replace(b"hi", b"EVIL"))
LONG_EVIL = http(COMPLETION.replace(b"hi", b"EVIL" * 50_000))
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def completion(number: int) -> bytes:
    """Return a completion that says which request it answers."""
    return COMPLETION.replace(b"hi", b"answer %d" % number)


def streamed(number: int) -> bytes:
    """Return the events of a stream that says which request it answers."""
    return CHUNK.replace(b"hi", b"answer %d" % number) + DONE


def complete(client: Client) -> str:
    return client.complete(REQUEST).text


def stream(client: Client) -> str:
    with client.stream(REQUEST) as chunks:
        return "".join(chunk.text for chunk in chunks)


# T33: more than one answer


@pytest.mark.parametrize("ask", [complete, stream])
@pytest.mark.parametrize("extra", [EVIL, LONG_EVIL, b"x", TIMED_OUT], ids=["answer", "long answer", "byte", "408"])
@pytest.mark.parametrize("delay", [None, 0.03], ids=["in one segment", "later"])
def test_t33_what_follows_an_answer_is_nobodys(
    ask: Callable[[Client], str], extra: bytes, delay: float | None
) -> None:
    """Bytes behind an answer, at once or while the connection is idle, are never the next call's answer."""

    def script(number: int) -> Iterator[bytes | float]:
        if ask is stream:
            answer = CHUNKED_STREAM + http_chunk(streamed(number)) + http_chunk(b"")
        else:
            answer = http(completion(number))
        if delay is None:
            yield answer + extra
        else:
            yield answer
            yield delay
            yield extra

    with RawServer(script) as server, client_of(server, world=NO_WAITS) as client:
        for number in range(1, 4):
            assert ask(client) == f"answer {number}"
            time.sleep(2 * (delay or 0))
        assert len(server.requests) == 3


def test_t33_a_body_longer_than_its_length() -> None:
    """What exceeds Content-Length is not read, and not taken for the next answer."""

    def script(number: int) -> Iterator[bytes]:
        body = completion(number)
        yield http(body + b'{"choices": []}', length=len(body))

    with RawServer(script) as server, client_of(server, world=NO_WAITS) as client:
        assert [complete(client), complete(client)] == ["answer 1", "answer 2"]


def test_t33_a_204_with_a_body(fails: Fails) -> None:
    """A status that has no body ends with its headers; what follows is not the next answer."""
    empty = b"HTTP/1.1 204 No Content\r\nx-amzn-RequestId: r-1\r\n\r\n" + EVIL
    with RawServer(lambda number: [empty if number == 1 else http(completion(number))]) as server:
        with client_of(server, world=NO_WAITS) as client:
            assert fails(lambda: complete(client), ResponseFormatError).request_id == "r-1"
            assert complete(client) == "answer 2"


# T35: HTTP that is none, or hardly


def with_headers(*lines: str) -> bytes:
    """Return an answer with further header lines, in front of the usual ones."""
    return http(COMPLETION, "\r\n".join(["200 OK", *lines]))


NO_HTTP = {
    "150 headers": with_headers(*(f"X-{i}: y" for i in range(150))),
    "70 KB header": with_headers("X-Long: " + "x" * 70_000),
    "70 KB status": http(COMPLETION, "200 " + "O" * 70_000),
    "two lengths": with_headers("Content-Length: 5"),
    "no status": http(COMPLETION, "OK"),
    "status of five digits": http(COMPLETION, "20000 OK"),
    "other protocol": http(COMPLETION).replace(b"HTTP/1.1", b"ICY"),
    "unknown version": http(COMPLETION).replace(b"HTTP/1.1", b"HTTP/7.0"),
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x28",
    "NUL": b"\0" * 100,
    "blank lines": b"\r\n\r\n\r\n\r\n",
}


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP)
def test_t35_an_answer_that_is_no_http(answer: bytes, fails: Fails) -> None:
    """An answer that cannot be read is a connection error of bounded length after one POST: it may be paid for."""
    with RawServer(lambda number: [answer, None]) as server, client_of(server, world=NO_WAITS) as client:
        for posts, ask in enumerate((complete, stream), 1):
            error = fails(lambda: ask(client), APIConnectionError)  # noqa: B023
            assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, posts)
            assert len(str(error)) < 300


@pytest.mark.parametrize("size", [b"zz", b"-5", b"", b"fffffffffffffffffffff", b"5" * 70_000])
def test_t35_a_bad_chunk_size(size: bytes, fails: Fails) -> None:
    """A chunk whose size is none is a connection error with the request ID, after one POST."""
    head = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r-1\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = head + http_chunk(COMPLETION) + size + b"\r\nhello\r\n0\r\n\r\n"
    with RawServer(lambda number: [answer, None]) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("body", 1, 1)
        assert error.request_id == "r-1"
    assert len(str(error)) < 300


CHUNKED = "Transfer-Encoding: chunked"
ODD = {
    "98 headers": lambda body: http(body, "\r\n".join(["200 OK", *(f"X-{i}: y" for i in range(95))])),
    "60 KB header": lambda body: http(body, "200 OK\r\nX-Long: " + "x" * 60_000),
    "the length twice": lambda body: http(body, f"200 OK\r\nContent-Length: {len(body)}"),
    "length and chunks": lambda body: http(http_chunk(body) + http_chunk(b""), f"200 OK\r\n{CHUNKED}", length=5),
    "chunk extension": lambda body: http(
        b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(body), body), f"200 OK\r\n{CHUNKED}"
    ).replace(b"Content-Length", b"X-Length"),
    "trailers": lambda body: http(http_chunk(body) + b"0\r\nX-Trailer: x\r\n\r\n", f"200 OK\r\n{CHUNKED}").replace(
        b"Content-Length", b"X-Length"
    ),
    "no reason": lambda body: http(body, "200"),
    "bare line feeds": lambda body: http(body).replace(b"\r\n", b"\n"),
}


#: Two lengths, be they alike, and a length beside chunks are what smuggled answers look like (RFC 9112, 6.3).
REFUSED = ("the length twice", "length and chunks")
LAX = pytest.mark.only("Client", "aiohttp's parser refuses a head that gives two lengths.")


@pytest.mark.parametrize("name", [pytest.param(name, marks=LAX if name in REFUSED else ()) for name in ODD])
def test_t35_odd_http_that_is_understood(name: str) -> None:
    """HTTP that is odd but clear is read, and the next call over the same client gets its own answer."""
    make = ODD[name]
    with RawServer(lambda number: [make(completion(number))]) as server, client_of(server, world=NO_WAITS) as client:
        assert [complete(client), complete(client)] == ["answer 1", "answer 2"]
        assert len(server.requests) == 2


@pytest.mark.only("AsyncClient", "Client's parser reads what is clear about a head that gives two lengths.")
@pytest.mark.parametrize("name", REFUSED)
def test_t35_two_lengths(name: str, fails: Fails) -> None:
    """A head that gives two lengths is refused with its request ID after one POST, though it could be understood."""
    with RawServer(lambda number: [ODD[name](COMPLETION)]) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, error.request_id) == ("headers", 1, "r-1")
        assert len(server.requests) == 1


@pytest.mark.parametrize("ask", [complete, stream])
@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" * 3,
    ],
    ids=["100", "102", "103", "several"],
)
def test_t35_an_interim_answer(interim: bytes, ask: Callable[[Client], str]) -> None:
    """What comes before the answer (1xx) is passed over, and the next call does not get this one's answer."""

    def script(number: int) -> Iterator[bytes | float]:
        yield interim
        yield 0.03
        yield http(streamed(number), kind="text/event-stream") if ask is stream else http(completion(number))

    with RawServer(script) as server, client_of(server, world=NO_WAITS) as client:
        assert [ask(client), ask(client)] == ["answer 1", "answer 2"]
        assert (len(server.requests), server.connections) == (2, 1)


# T38: one connection for many streams


def iterated(client: Client) -> str:
    """Read a stream to its end without a with statement."""
    return "".join([chunk.text for chunk in client.stream(REQUEST)])


def added_up(client: Client) -> str:
    with client.stream(REQUEST) as chunks:
        return chunks.completion().text


@pytest.mark.parametrize("ask", [stream, iterated, added_up])
@pytest.mark.parametrize("late", [None, 0.01], ids=["at once", "late end"])
@pytest.mark.parametrize("framing", ["chunked", "Content-Length"])
def test_t38_streams_share_a_connection(ask: Callable[[Client], str], late: float | None, framing: str) -> None:
    """Five streams in a row need one connection, however they are read, also if the last HTTP chunk comes late."""

    def script(number: int) -> Iterator[bytes | float]:
        events = streamed(number)
        if framing == "chunked":
            pieces = [CHUNKED_STREAM + http_chunk(events), http_chunk(b": bye\n\n") + http_chunk(b"")]
        else:
            pieces = [http(events, kind="text/event-stream", length=len(events) + 7), b": bye\n\n"]
        yield pieces[0]
        if late is not None:
            yield late
        yield pieces[1]

    with RawServer(script) as server, client_of(server) as client:
        assert [ask(client) for _ in range(5)] == [f"answer {number}" for number in range(1, 6)]
        assert (len(server.requests), server.connections) == (5, 1)


@pytest.mark.parametrize("rest", [b"", http_chunk(b": x" * 50_000 + b"\n")], ids=["silence", "150 KB"])
def test_t38_an_end_that_is_not_worth_waiting_for(rest: bytes) -> None:
    """If the end of a complete stream does not come, its connection is given up, soon and without an error."""

    def script(number: int) -> Iterator[bytes | float]:
        yield CHUNKED_STREAM + http_chunk(streamed(number)) + rest
        yield 9.0

    with RawServer(script) as server, client_of(server) as client:
        started = time.monotonic()
        assert [stream(client), stream(client)] == ["answer 1", "answer 2"]
        assert time.monotonic() - started < 2
        assert server.connections == 2
