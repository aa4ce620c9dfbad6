"""Faults in streams: silence, early ends, odd events, readers that leave.

boto3's streams are AWS event streams, not server-sent events. Where the same can happen to both, both are played.
This module holds cases.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from answers import chunk, end, event, good, sse, stream_head
from cases_answers import SHORT
from play import Case, Stage, streamed
from server import End, Received, Script, Step

from clients import Reply

TEXT = "Once upon"
SHOWS = ("partial", "id")
NO_SSE = {"boto3": "not comparable: AWS event stream"}


def begun(received: Received, *, chunked: bool = True) -> Iterator[Step]:
    """Send the head and two events."""
    yield stream_head(received, chunked=chunked)
    for text in ("Once", " upon"):
        data = event(received, text)
        yield chunk(data) if chunked else data


def then(*steps: Step, chunked: bool = True) -> Script:
    """Begin a stream, and go on with `steps`."""

    def script(received: Received) -> Iterator[Step]:
        yield from begun(received, chunked=chunked)
        yield from steps

    return script


def cut_event(received: Received) -> Iterator[Step]:
    """Announce an HTTP chunk that is longer than the two events in it, and close after them."""
    yield stream_head(received)
    data = event(received, "Once") + event(received, " upon")
    yield b"%x\r\n" % (len(data) + 1000) + data
    yield End.CLOSE


def whole(received: Received) -> Iterator[Step]:
    yield from begun(received)
    yield chunk(end(received)) + chunk(b"")


def slow(*, chunked: bool) -> Script:
    """Send one event, and the rest a second later."""

    def script(received: Received) -> Iterator[Step]:
        parts = [event(received, TEXT), end(received)]
        yield stream_head(received, chunked=chunked) + (chunk(parts[0]) if chunked else parts[0])
        yield 1.0
        yield chunk(parts[1]) + chunk(b"") if chunked else parts[1]
        if not chunked:
            yield End.CLOSE

    return script


def with_bytes(*data: bytes) -> Script:
    """Send server-sent events, each piece as an HTTP chunk of its own."""

    def script(received: Received) -> Iterable[Step]:
        return [stream_head(received), *(chunk(piece) for piece in data), chunk(b"")]

    return script


def first_event(stage: Stage) -> Reply:
    client = stage.client()
    began = time.monotonic()
    for piece in client.stream():
        if piece and not stage.text:
            stage.notes.append(f"first text after {time.monotonic() - began:.1f} s")
        stage.text += piece
    return Reply(stage.text, stage.text, None)


def five_streams(stage: Stage) -> Reply:
    client = stage.client()
    for _ in range(5):
        stage.text = "".join(client.stream())
    stage.notes.append(_many(stage.server.connections, "connection"))
    return Reply(stage.text, stage.text, None)


def left_early(stage: Stage) -> Reply:
    """Leave a stream after its first text, and see whether the service is told."""
    stream = stage.client().stream()
    for piece in stream:
        if piece:
            stage.text = piece
            break
    stream.close()
    noticed = stage.server.left.wait(1)
    stage.notes.append("connection closed at once" if noticed else "connection left open")
    return Reply(stage.text, stage.text, None)


def beside_an_open_one(stage: Stage) -> Reply:
    """Leave a stream open, and make another call."""
    client = stage.client()
    stream = client.stream()
    next(stream)
    try:
        return client.complete()
    finally:
        stream.close()


def stream_or_answer(received: Received) -> Iterator[Step]:
    if received.number == 1:
        yield from begun(received)
        yield 10.0
    else:
        yield good(received)


def _many(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


DONE = b"data: [DONE]\n\n"
ODD_EVENTS: list[tuple[str, Script]] = [
    ("an event with only an `id`", with_bytes(sse("Once"), sse(" upon"), b"id: 7\n\n", DONE)),
    ("an event with empty data", with_bytes(sse("Once"), sse(" upon"), b"data:\n\n", DONE)),
    ("a byte order mark first", with_bytes(b"\xef\xbb\xbf" + sse("Once"), sse(" upon"), DONE)),
    ("CR LF, cut between the two", with_bytes(sse("Once")[:-2] + b"\r", b"\n\r\n", sse(" upon"), DONE)),
    ("no blank line after `[DONE]`", with_bytes(sse("Once"), sse(" upon"), b"data: [DONE]\n")),
    ("JSON cut in an event", with_bytes(sse("Once"), sse(" upon"), b'data: {"choices": [\n\n', DONE)),
    ("an error object as an event", with_bytes(sse("Once"), sse(" upon"), b'data: {"error": {"message": "no"}}\n\n')),
    (
        "`event: error` with AWS's words",
        with_bytes(sse("Once"), sse(" upon"), b'event: error\ndata: {"message": "no", "__type": "X"}\n\n', DONE),
    ),
]

CASES = [
    Case("T06", "a call beside an unfinished stream", stream_or_answer, beside_an_open_one, SHORT),
    Case("T11", "silence after two events", then(10.0), streamed, SHORT, TEXT, (*SHOWS, "seconds")),
    Case("T12", "a clean end without an end mark, chunked", then(chunk(b"")), streamed, expect="", shows=SHOWS),
    Case("T12", "the same, ended by closing", then(End.CLOSE, chunked=False), streamed, expect="", shows=SHOWS),
    Case("T13", "the connection closes in an HTTP chunk", cut_event, streamed, expect="", shows=SHOWS),
    Case("T13", "RST in mid-stream", then(0.1, End.RESET), streamed, expect="", shows=SHOWS),
    *(
        Case("T14", fault, script, streamed, expect=TEXT if number < 5 else "", shows=SHOWS, skip=NO_SSE)
        for number, (fault, script) in enumerate(ODD_EVENTS)
    ),
    Case("T17", "one event, the next a second later", slow(chunked=True), first_event, expect=TEXT, shows=()),
    Case("T17", "the same, ended by closing", slow(chunked=False), first_event, expect=TEXT, shows=()),
    Case("T38", "five streams in a row", whole, five_streams, expect=TEXT, shows=()),
    Case("T42", "the reader leaves after the first text", begun, left_early, expect="Once", shows=()),
]
