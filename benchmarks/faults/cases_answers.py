"""Faults in whole answers: wrong bodies, refusals, repetitions, time.

This module holds cases; the rows' numbers are those of docs/reliability.md.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import formatdate

from answers import body, good, http, refusal
from play import Case, Stage, twice
from server import End, Received, Script, Step

from clients import NEW, PROMPT, Reply, Setup

#: For cases in which the client is to lose its patience.
SHORT = Setup(timeout=0.5)
POSTS_AND_TIME = ("posts", "seconds")
NO_DEADLINE = replace(SHORT, deadline=1.5)


def always(answer: bytes) -> Script:
    return lambda received: [answer]


def at_first(answer: bytes) -> Script:
    """Give `answer` to the first request, and good ones from then on."""
    return lambda received: [answer if received.number == 1 else good(received)]


def silent(received: Received) -> Iterator[Step]:
    yield 10.0


def silent_when_reused(received: Received) -> Iterator[Step]:
    if received.number == 1:
        yield good(received)
    else:
        yield 10.0


def gone_when_reused(end: End) -> Script:
    return lambda received: [end] if received.number == 2 else [good(received)]


def drip(received: Received, data: bytes, at: int) -> Iterator[Step]:
    """Send `data`: at once up to `at`, then one byte every quarter of a second."""
    yield data[:at]
    for position in range(at, len(data)):
        yield 0.25
        yield data[position : position + 1]


def dripped_body(received: Received) -> Iterator[Step]:
    data = good(received)
    yield from drip(received, data, data.index(b"\r\n\r\n") + 4)


def cut_body(received: Received) -> Iterator[Step]:
    whole = body(received)
    yield http(whole[:-20], length=len(whole))
    yield End.CLOSE


def expired(received: Received) -> Iterator[Step]:
    """Refuse the old keys."""
    if received.header("x-amz-security-token") == NEW.token:
        yield good(received)
    else:
        yield refusal("403 Forbidden", "ExpiredTokenException")


def ahead(received: Received) -> Iterator[Step]:
    """Be a service whose clock is 20 minutes ahead, and takes signatures of five minutes' age."""
    now = time.time() + 20 * 60
    signed = datetime.strptime(received.header("x-amz-date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    if abs(now - signed.timestamp()) < 300:
        yield good(received, Date=formatdate(now, usegmt=True))
    else:
        yield refusal("403 Forbidden", "InvalidSignatureException", Date=formatdate(now, usegmt=True))


def one_invocation(stage: Stage) -> Reply:
    """Make a call, and look at the headers that tell the service which attempt it sees."""
    try:
        return stage.client().complete()
    finally:
        ids = {request.header("amz-sdk-invocation-id") for request in stage.server.requests}
        counts = [request.header("amz-sdk-request").partition(";")[0] for request in stage.server.requests]
        named = len(ids) == 1 and ids != {""}
        counted = counts == [f"attempt={number}" for number in range(1, len(counts) + 1)]
        stage.notes.append(f"{'one' if named else 'no'} invocation ID, attempts {'' if counted else 'not '}numbered")


def with_cookies(stage: Stage) -> Reply:
    reply = twice(stage)
    stage.notes.append("cookie sent back" if stage.server.requests[-1].header("cookie") else "no cookie sent back")
    return reply


def large_upload(stage: Stage) -> Reply:
    return stage.client().complete(PROMPT + "x" * 20_000_000)


def two_replies(received: Received) -> Iterator[Step]:
    """Send one answer too many after the first."""
    yield good(received, f"answer {received.number}") + (good(received, "EVIL") if received.number == 1 else b"")


def with_gzip(cut: int = 0, pad: int = 0) -> Script:
    def script(received: Received) -> Iterator[Step]:
        whole = {**json.loads(body(received)), "padding": "x" * pad}
        data = gzip.compress(json.dumps(whole).encode())
        yield http(data[: len(data) - cut], Content_Encoding="gzip")

    return script


def head(*lines: str) -> Script:
    """Answer well, but for `lines` in the head."""

    def script(received: Received) -> Iterator[Step]:
        status, _, rest = good(received).partition(b"\r\n")
        yield b"\r\n".join([status, *(line.encode() for line in lines), rest])

    return script


def in_chunks(data: bytes) -> Script:
    """Announce a chunked body, and send `data` in its place."""

    def script(received: Received) -> Iterator[Step]:
        whole = good(received).partition(b"\r\n\r\n")[0]
        start = b"\r\n".join(line for line in whole.split(b"\r\n") if not line.startswith(b"Content-Length"))
        yield start + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + data

    return script


CASES = [
    Case("T07", "FIN on a reused connection", gone_when_reused(End.CLOSE), twice),
    Case("T07", "RST on a reused connection", gone_when_reused(End.RESET), twice),
    Case("T08", "no answer on a reused connection", silent_when_reused, twice, SHORT, shows=POSTS_AND_TIME),
    Case("T09", "no answer at all", silent, setup=SHORT, shows=POSTS_AND_TIME),
    Case(
        "T10", "the body drips, a byte each 0.25 s", dripped_body, setup=NO_DEADLINE, shows=("posts", "seconds", "id")
    ),
    Case("T10", "the head drips", lambda r: drip(r, good(r), 0), setup=NO_DEADLINE, shows=POSTS_AND_TIME),
    Case("T13", "the body ends before its Content-Length", cut_body, shows=("id",)),
    Case("T15", "200 with an empty body", always(http(b"")), shows=("id",)),
    Case("T15", "200 with a page of HTML", always(http(b"<html>Sign in</html>", kind="text/html")), shows=("id",)),
    Case("T15", "200 with half of the JSON", lambda r: [http(body(r)[:40])], shows=("id",)),
    Case("T15", "200 with `null`", always(http(b"null")), shows=("id",)),
    Case("T15", "200 with an error object", always(http(b'{"error": {"message": "no"}}')), shows=("id",)),
    Case("T15", "200 with nesting 100,000 deep", always(http(b"[" * 100_000)), shows=("id",)),
    Case(
        "T15", "200 with bytes that are not UTF-8", lambda r: [http(body(r).replace(b"hi", b"\xff"))], shows=("id",)
    ),
    Case("T16", "gzip that breaks off", with_gzip(cut=20), shows=("id",)),
    Case("T16", "gzip of 100 MB", with_gzip(pad=100_000_000), shows=("id",)),
    Case(
        "T18", "400 ThrottlingException, then an answer", at_first(refusal("400 Bad Request", "ThrottlingException"))
    ),
    Case("T18", "429 without a type, then an answer", at_first(http(b"{}", "429 Too Many Requests"))),
    Case("T18", "503 each time", always(refusal("503 Service Unavailable", "ServiceUnavailableException"))),
    Case(
        "T19",
        "429 with `x-amz-retry-after: 1500` (ms), then an answer",
        at_first(refusal("429 Too Many Requests", "ThrottlingException", x_amz_retry_after="1500")),
        shows=POSTS_AND_TIME,
    ),
    Case(
        "T19",
        "429 with `Retry-After: 2`, then an answer",
        at_first(refusal("429 Too Many Requests", "ThrottlingException", Retry_After="2")),
        shows=POSTS_AND_TIME,
    ),
    Case(
        "T19",
        "503 with `Retry-After: nan`, then an answer",
        at_first(refusal("503 Service Unavailable", "ServiceUnavailableException", Retry_After="nan")),
    ),
    Case("T20", "404", always(refusal("404 Not Found", "ResourceNotFoundException")), shows=("posts", "id")),
    Case("T20", "408 ModelTimeoutException", always(refusal("408 Request Timeout", "ModelTimeoutException"))),
    Case("T20", "409", always(refusal("409 Conflict", "ConflictException"))),
    Case("T20", "501", always(refusal("501 Not Implemented", "NotImplementedException"))),
    Case("T21", "500 three times", always(refusal("500 Internal Server Error", "InternalFailure")), one_invocation),
    Case("T22", "expired token, the source has a new one", expired, setup=Setup(auth="provider")),
    Case("T22", "expired token, static keys", expired),
    Case("T23", "the service's clock is 20 minutes ahead", ahead),
    Case(
        "T32", "the exception of a 400 through `pickle`", always(refusal("400 Bad Request", "X")), shows=("pickle",)
    ),
    Case("T33", "one answer too many after the first", two_replies, twice, expect="answer 2", shows=()),
    Case(
        "T34",
        "413 while 20 MB are sent",
        lambda r: [refusal("413 Payload Too Large", "ValidationException"), 0.2],
        large_upload,
        shows=("posts", "id"),
        early=True,
    ),
    Case("T35", "150 headers", head(*(f"X-Header-{number}: x" for number in range(150))), shows=("posts",)),
    Case("T35", "a header of 70 KB", head("X-Header: " + "x" * 70_000)),
    Case("T35", "a chunk whose size is no number", in_chunks(b"nonsense\r\n{}\r\n")),
    Case("T35", "two different Content-Lengths", head("Content-Length: 3")),
    Case("T44", "a cookie", lambda r: [good(r, Set_Cookie="AWSALB=abc; Path=/")], with_cookies, shows=()),
]
