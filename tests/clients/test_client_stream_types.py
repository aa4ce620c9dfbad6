"""Which answers a client takes for a stream: what their Content-Type says, and their bytes where it says nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_openai_http import (
    APIStatusError,
    BedrockOpenAIError,
    IncompleteStreamError,
    ResponseFormatError,
    parse_completion,
)
from bedrock_openai_http.values.http import Headers, HTTPRequest, HTTPResponse, TimeLimits
from both import Client, client_of
from support import CHUNK, COMPLETION, DONE, KEY, REQUEST, RawServer

STREAM = CHUNK + DONE


class Answers:
    """A transport that gives one answer, with header lines as they come."""

    status_code = 200

    def __init__(self, body: bytes, *lines: tuple[str, str]) -> None:
        self.headers = Headers([("x-amzn-RequestId", "r-1"), *lines])
        self._body = body

    def open(self, request: HTTPRequest, limits: TimeLimits) -> Answers:
        return self

    def pieces(self) -> Iterator[bytes]:
        yield from (self._body[i : i + 3] for i in range(0, len(self._body), 3))

    def close(self, *, drain: bool = False) -> None:
        pass


def text_of(body: bytes, *kinds: str) -> str:
    answers = Answers(body, *(("Content-Type", kind) for kind in kinds))
    with Client("us-west-2", api_key=KEY, transport=answers).stream(REQUEST) as stream:
        assert stream.request_id == "r-1"
        return stream.completion().text


@pytest.mark.parametrize(
    "kinds",
    [
        (),
        ("",),
        ("text/event-stream",),
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream; charset=utf-8", "TEXT/Event-Stream"),
        ("application/json", "text/event-stream"),
        ("text/event-stream", "application/json"),
        (" ",),
    ],
)
@pytest.mark.parametrize(
    "start", [b"", b"\xef\xbb\xbf", b": hello\n\n", b"event: x\n", b"id: 1\n", b"retry: 5\n", b"\n\n"]
)
def test_a_stream_by_its_bytes(kinds: tuple[str, ...], start: bytes) -> None:
    """A stream whose Content-Type came once, twice or not at all is read, whatever field it begins with."""
    assert text_of(start + STREAM, *kinds) == "hi"


@pytest.mark.parametrize(
    "kinds", [("application/json",), ("text/html", "text/html"), ("text/event-streams",), (",",)]
)
def test_what_calls_itself_something_else(kinds: tuple[str, ...]) -> None:
    """An answer that says it is no stream is none, whatever its bytes."""
    with pytest.raises(ResponseFormatError, match="no event stream"):
        text_of(STREAM, *kinds)


@pytest.mark.parametrize("kinds", [(), ("text/event-stream", "text/event-stream")])
@pytest.mark.parametrize("body", [COMPLETION, b"<html>Sign in</html>"])
def test_bytes_that_are_no_stream(kinds: tuple[str, ...], body: bytes) -> None:
    """A completion or a page is no stream, even where no header says so."""
    with pytest.raises(ResponseFormatError, match="no event stream"):
        text_of(body, *kinds)
    with pytest.raises(APIStatusError, match="No") as caught:
        text_of(b'{"error": {"message": "No.", "code": "429"}}', *kinds)
    assert caught.value.status_code == 429


def test_bytes_that_are_nothing_known() -> None:
    """Where no header says what came, only what begins as events do is taken for some; nothing is a missing end."""
    with pytest.raises(ResponseFormatError, match="no event stream: no content type, it begins: Upstream timed out"):
        text_of(b"Upstream timed out")
    for body in (b"", b"  "):
        with pytest.raises(IncompleteStreamError):
            text_of(body)


@pytest.mark.parametrize("line", [b"", b"Content-Type: text/event-stream\r\nContent-Type: text/event-stream\r\n"])
def test_over_a_connection(line: bytes) -> None:
    """The same over HTTP, where the header lines are joined on the way."""
    head = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: a\r\nx-amzn-RequestId: a\r\n" + line
    answer = head + b"Content-Length: %d\r\n\r\n" % len(STREAM) + STREAM
    with RawServer(lambda number: [answer]) as server, client_of(server) as client, client.stream(REQUEST) as stream:
        assert stream.request_id == "a"
        assert stream.completion().text == "hi"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("x-amzn-requestid", "a"), ("X-Amzn-RequestId", "a")], "a"),
        ([("x-amzn-requestid", "a"), ("x-amzn-requestid", "b")], "a"),
        ([("x-amzn-requestid", ""), ("x-amzn-requestid", "b")], "b"),
        ([("x-amzn-requestid", "a\r"), ("x-amzn-requestid", "b")], "b"),
        ([("x-amzn-requestid", "a" * 150), ("x-amzn-requestid", "a" * 150)], "a" * 150),
        ([("x-amzn-requestid", ","), ("x-request-id", "b, b")], "b"),
        ([("x-amzn-requestid", " , ")], None),
    ],
)
@pytest.mark.no_client
def test_a_repeated_request_id(lines: list[tuple[str, str]], expected: str | None) -> None:
    """A request ID header that came twice gives one ID, the first that is one; in answers and in errors."""
    assert parse_completion(HTTPResponse(200, Headers(lines), COMPLETION)).request_id == expected
    with pytest.raises(BedrockOpenAIError) as caught:
        parse_completion(HTTPResponse(500, Headers(lines), b"{}"))
    assert caught.value.request_id == expected


@pytest.mark.no_client
def test_a_repeated_type_of_error() -> None:
    """The header that names the kind of an error counts once as well."""
    kind = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
    for value in (kind, "ThrottlingException"):
        lines = [("x-amzn-ErrorType", value)] * 2
        with pytest.raises(APIStatusError) as caught:
            parse_completion(HTTPResponse(400, Headers(lines), b'{"message": "No."}'))
        assert caught.value.type == caught.value.code == "ThrottlingException"
