"""What LocalEndpoint makes of heads that HTTP/1.1 does not allow, or that two readers could read in two ways."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.service.heads import fields_flaw
from loopback import BODY, PATH, encoded, exchange, port


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


FIRST = f"POST {PATH} HTTP/1.1"
REST = ["Host: localhost", "Content-Type: application/json"]
FOLLOWING = b"GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n"


def raw(first: str = FIRST, lines: list[str] | None = None, more: tuple[str, ...] = (), body: bytes = b"") -> bytes:
    """Return the bytes of a request; what stands in a line stands on the wire."""
    head = [first, *(REST if lines is None else lines), *more, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


BODY_BYTES = encoded(BODY)
LENGTH = str(len(BODY_BYTES))

#: What RFC 9112 wants refused, or lets a server refuse; each is answered with 400.
BAD: dict[str, bytes] = {
    "white space before the colon": raw(more=("Content-Length : 5",), body=b"hello"),
    "a tab before the colon": raw(more=("Content-Length\t: 5",), body=b"hello"),
    "white space before the colon of the coding": raw(more=("Transfer-Encoding : chunked",), body=b"0\r\n\r\n"),
    "white space before the colon of any header": raw(more=("X-Any : y",)),
    "a folded line": raw(more=("X-Any: y", " Content-Length: 5"), body=b"hello"),
    "a line folded by a tab": raw(more=("X-Any: y", "\tz")),
    "a folded first header": raw(lines=[" X-Any: y", *REST]),
    "a folded blank line": raw(more=("X-Any: y", " ")),
    "a bare CR in a value": raw(more=("X-Any: y\rContent-Length: 5",), body=b"hello"),
    "a bare CR at a value's end": raw(more=("X-Any: y\r",)),
    "a bare CR in the request line": raw(FIRST.replace(" HTTP", "\rX HTTP")),
    "a bare CR as a line end": raw().replace(b"\r\nContent", b"\rContent"),
    "NUL in a value": raw(more=("X-Any: y\x00z",)),
    "a control character in a value": raw(more=("X-Any: y\x1bz",)),
    "DEL in a value": raw(more=("X-Any: y\x7f",)),
    "a vertical tab in a value": raw(more=("X-Any: y\x0bContent-Length: 5",)),
    "a line without a colon": raw(more=("X-Any", "Content-Length: 5"), body=b"hello"),
    "a name that is empty": raw(more=(": y",)),
    "a name with a space": raw(more=("X Any: y",)),
    "a name in brackets": raw(more=("(X): y",)),
    "a name of another alphabet": raw(more=("X-\xe9: y",)),
    "a length with a sign": raw(more=("Content-Length: +5",), body=b"hello"),
    "a length below zero": raw(more=("Content-Length: -5",), body=b"hello"),
    "a length in a list": raw(more=("Content-Length: 5, 5",), body=b"hello"),
    "a length twice": raw(more=("Content-Length: 5", "Content-Length: 5"), body=b"hello"),
    "two lengths": raw(more=("Content-Length: 5", "content-length: 6"), body=b"hello"),
    "two lengths in a list": raw(more=("Content-Length: 5, 6",), body=b"hello"),
    "a length in other digits": raw(more=("Content-Length: \xb2",), body=b"he"),
    "a length in hexadecimal": raw(more=("Content-Length: 0x5",), body=b"hello"),
    "a length with a digit group": raw(more=("Content-Length: 1_0",), body=b"hello"),
    "a length with a fraction": raw(more=("Content-Length: 5.0",), body=b"hello"),
    "a length with a space": raw(more=("Content-Length: 1 0",), body=b"hello"),
    "a length that is empty": raw(more=("Content-Length:",), body=b"hello"),
    "a length without end": raw(more=("Content-Length: " + "9" * 400,), body=b"hello"),
    "no host": raw(lines=["X-Any: y"]),
    "two hosts": raw(more=("Host: localhost",)),
    "two other hosts": raw(more=("host: other",)),
    "a host with a space": raw(lines=["Host: local host"]),
    "a list of hosts": raw(lines=["Host: a, b"]),
    "a host with a user": raw(lines=["Host: me@localhost"]),
    "a host with a path": raw(lines=["Host: localhost/x"]),
    "two hosts of an old client": raw(FIRST.replace("1.1", "1.0"), more=("Host: localhost",)),
    "two spaces after the method": raw(FIRST.replace("POST ", "POST  ")),
    "two spaces before the version": raw(FIRST.replace(" HTTP", "  HTTP")),
    "a space in the target": raw(FIRST.replace("/chat", "/ chat")),
    "a tab in the request line": raw(FIRST.replace("POST ", "POST\t")),
    "a space before the method": raw(" " + FIRST),
    "a space after the version": raw(FIRST + " "),
    "no version": raw(f"GET {PATH}"),
    "a version in small letters": raw(FIRST.replace("HTTP", "http")),
    "a version of one number": raw(FIRST.replace("1.1", "1")),
    "a version of many digits": raw(FIRST.replace("1.1", "1.10")),
    "a version in other digits": raw(FIRST.replace("1.1", "1.\xb9")),
    "a method that is none": raw(FIRST.replace("POST", "PO(ST")),
    "no method": raw(FIRST.removeprefix("POST ")),
}


@pytest.mark.parametrize("request_bytes", BAD.values(), ids=BAD)
def test_what_is_refused(endpoint: LocalEndpoint, request_bytes: bytes) -> None:
    """It is answered with 400 and the end of the connection: what follows is never taken for another request."""
    before = len(endpoint.requests)
    answer = exchange(endpoint, request_bytes + FOLLOWING)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert len(endpoint.requests) == before


#: What carries the body in another way than a length, each with more than one reading.
CODINGS = ["chunked", "Chunked", "chunked, identity", "identity", "gzip, chunked", "xchunked", "\x0bchunked", ""]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("length", [(), (f"Content-Length: {LENGTH}",)])
def test_a_body_in_chunks_is_refused(endpoint: LocalEndpoint, coding: str, length: tuple[str, ...]) -> None:
    """No coding is read here, with a length or without: 411 or 400, and the end of the connection."""
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY_BYTES), BODY_BYTES)
    request = raw(more=(f"Transfer-Encoding: {coding}", *length), body=chunked)
    answer = exchange(endpoint, request + FOLLOWING)
    assert answer.startswith((b"HTTP/1.1 411 ", b"HTTP/1.1 400 "))
    assert answer.count(b"HTTP/1.1 ") == 1


KEY_LINE = "Authorization: Bearer {key}"
#: What is odd, but clear.
GOOD: dict[str, list[str]] = {
    "a plain length": [f"Content-Length: {LENGTH}"],
    "white space around a length": [f"Content-Length: \t {LENGTH} \t"],
    "no white space before a length": [f"Content-Length:{LENGTH}"],
    "a length with a leading zero": [f"Content-Length: 0{LENGTH}"],
    "a name in capitals": [f"CONTENT-LENGTH: {LENGTH}"],
    "an empty value": [f"Content-Length: {LENGTH}", "X-Any:"],
    "a tab and other letters in a value": [f"Content-Length: {LENGTH}", "X-Any: y\tz \xe9\xff"],
    "a name of odd characters": [f"Content-Length: {LENGTH}", "!#$%&'*+.^_`|~: y"],
    "a header twice": [f"Content-Length: {LENGTH}", "X-Any: y", "X-Any: z"],
}


@pytest.mark.parametrize("lines", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_what_is_understood(endpoint: LocalEndpoint, lines: list[str], line_end: bytes) -> None:
    """White space around a value, an empty one, and lines that end in LF alone are good; so is what follows."""
    key = KEY_LINE.format(key=endpoint.api_key)
    head = raw(more=(key, *lines)).replace(b"\r\n", line_end)
    last = raw(more=(key, f"Content-Length: {LENGTH}", "Connection: close"), body=BODY_BYTES)
    answer = exchange(endpoint, head + BODY_BYTES + b"\r\n" + last)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert [request.body for request in endpoint.requests[-2:]] == [BODY_BYTES, BODY_BYTES]


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1:8080", "[::1]:80", "my_service", "h.", "\tlocalhost "])
def test_hosts_that_are_good(host: str) -> None:
    """A host may be a name or an address, with a port or without, and empty."""
    assert fields_flaw([f"Host: {host}\r\n".encode()], FIRST.encode()) is None


def test_what_is_no_http_is_answered_at_once(endpoint: LocalEndpoint) -> None:
    """A client that begins with TLS, and waits, is told so after its first line."""
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\n\x00")
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_an_old_client_needs_no_host(endpoint: LocalEndpoint) -> None:
    """HTTP/1.0 knows no Host."""
    key = KEY_LINE.format(key=endpoint.api_key)
    lines = [key, f"Content-Length: {LENGTH}"]
    answer = exchange(endpoint, raw(FIRST.replace("1.1", "1.0"), lines=lines, body=BODY_BYTES))
    assert answer.split(b" ", 2)[1] == b"200"


@pytest.mark.parametrize("surplus", [[f"X-{number}: y" for number in range(300)], ["X-Long: " + "y" * 70_000]])
def test_a_head_that_is_too_large(endpoint: LocalEndpoint, surplus: list[str]) -> None:
    """Too many header lines, or one that is too long, are answered with 431."""
    assert exchange(endpoint, raw(lines=[*surplus, *REST])).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("cut", range(0, len(raw()) - 1, 7))
def test_half_a_head_is_no_request(cut: int) -> None:
    """A client that goes away in the middle of a head has asked nothing, however much of it can be read."""
    with LocalEndpoint() as own:
        with socket.create_connection(("127.0.0.1", int(own.url.rpartition(":")[2])), timeout=10) as client:
            client.sendall(raw()[:cut])
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert own.requests == []
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
