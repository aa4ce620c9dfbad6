"""From the bytes of a streamed answer to its chunks.

This module's law: a chunk is handed on the moment its bytes are there, and a stream that does not end with its end
mark `[DONE]` ends with an exception that carries everything that had arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ..values import jsontext
from ..values.accumulator import Accumulator
from ..values.chunk import ChatCompletionChunk, ChunkReader
from ..values.errors import (
    APIConnectionError,
    BedrockOpenAIError,
    ConfigurationError,
    IncompleteStreamError,
    ResponseFormatError,
)
from ..values.forks import loading
from ..values.http import Headers, HTTPResponse
from .chunk_events import chunk_of
from .error_answers import describe, error_from_object, format_error, is_error_object, request_id_of
from .sse import BOM, EVENT_LIMIT, EventDecoder, EventTooLong, ServerSentEvent

_DONE = b"[DONE]"
#: How much of a body that is no event stream is read to find out what it is, in bytes.
_NO_STREAM_LIMIT = 65536
#: What the fields of an event begin with: data, event, id, retry.
_FIELDS = (b"d", b"e", b"i", b"r")


def iter_chunks(
    pieces: Iterable[bytes], *, response: HTTPResponse | None = None, into: Accumulator | None = None
) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a streamed answer whose body arrives as `pieces`, cut anywhere.

    `response` is the answer's status and headers, for errors; `into` adds the chunks up on the way. Bytes after
    the end mark are left alone. If something is held back at the end, it comes as one more chunk, without `raw`.

    Raises APIStatusError for an error object in mid-stream, ResponseFormatError for an event that is no chunk or
    a body that is no event stream, and IncompleteStreamError if the end mark is missing. Each of them, and what
    `pieces` itself raises, carries in `partial` what had arrived.
    """
    decoder = ChunkDecoder(response, into)
    try:
        for piece in pieces:
            yield from decoder.feed(piece)
            if decoder.done:
                return
        yield from decoder.end()
    except BedrockOpenAIError as error:
        decoder.annotate(error)
        raise


class ChunkDecoder:
    """Makes chunks of the bytes of one streamed answer, as they are fed to it, and adds them up in `total`.

    What is wrong is raised where it stands among the chunks. An exception of whoever reads, and those raised here,
    are given to `annotate`.
    """

    def __init__(self, response: HTTPResponse | None = None, total: Accumulator | None = None) -> None:
        self.total = total if total is not None else Accumulator()
        #: Whether the end mark has come: what follows is left alone.
        self.done = False
        self._response = response or HTTPResponse(200)
        self._reader = ChunkReader()
        self._events = EventDecoder()
        #: What has come, until it is known to be an event stream.
        self._head: bytearray | None = bytearray()
        #: Whether that is white space, after a mark.
        self._is_blank = False

    def feed(self, piece: bytes) -> Iterable[ChatCompletionChunk]:
        """Return the chunks that `piece` completes, to be used up before the next piece."""
        if self._head is not None:
            piece = self._of_stream(piece)
        data = self._events.whole(piece)
        if data is None:
            return self._chunks(self._events.feed(piece))
        chunk = chunk_of(data, "", self._reader, self._response)  # nearly every piece is one
        self.total.add(chunk)
        return (chunk,)

    def end(self) -> Iterator[ChatCompletionChunk]:
        """Yield the chunks that the end of the body leaves; IncompleteStreamError without the end mark."""
        if self._head is not None:
            if self._is_no_stream(_first_letter(self._head)):
                raise self._no_stream(self._head)
            yield from self._chunks(self._events.feed(bytes(self._head)))
        yield from self._chunks(self._events.end())
        if not self.done:
            rest = self._reader.rest()
            if rest is not None:
                yield rest
            raise IncompleteStreamError("the stream ended before its end mark [DONE]")

    def annotate(self, error: BedrockOpenAIError) -> None:
        """Put into `error` what had arrived, the request ID, and why the end mark probably did not come."""
        error.request_id = error.request_id or request_id_of(self._response.headers)
        error.partial = None if self.total.empty else self.total.completion(error.request_id)
        if isinstance(error, (IncompleteStreamError, APIConnectionError)):
            _say_how_far_it_came(error, self._response)

    def _chunks(self, events: Iterator[ServerSentEvent]) -> Iterator[ChatCompletionChunk]:
        try:
            for event in events:
                data = event.data.strip()
                if data == _DONE:
                    self.done = self.total.complete = True
                    rest = self._reader.rest()
                    if rest is not None:
                        yield rest
                    return
                # Some servers keep a connection alive by events without content; an error without words is one still.
                if not (data or event.event == "error"):
                    continue
                try:
                    chunk = chunk_of(data, event.event, self._reader, self._response)
                except ResponseFormatError:
                    if event.finished:
                        raise
                    continue  # the end of the stream has cut it off
                self.total.add(chunk)
                yield chunk
        except EventTooLong:
            text = f"an event of the stream is longer than {EVENT_LIMIT} bytes"
            failure = ResponseFormatError(text, response=self._response)
        else:
            return
        raise failure

    def _of_stream(self, piece: bytes) -> bytes:
        """Return what has come, once it is known to be an event stream; raise what it is otherwise."""
        head = self._head = self._head or bytearray()
        head += piece
        start = b""
        # With so many bytes a mark has come whole, if there is one. White space is not looked at again.
        if len(head) > len(BOM) and not (self._is_blank and piece.isspace()):
            start = _first_letter(head)
            self._is_blank = not start
        if not start and len(head) <= _NO_STREAM_LIMIT:
            return b""  # white space alone tells nothing, but is not waited on for ever
        if not self._is_no_stream(start):
            self._head = None
            return bytes(head)
        if len(head) > _NO_STREAM_LIMIT:
            raise self._no_stream(head)
        return b""

    def _is_no_stream(self, start: bytes) -> bool:
        """Tell whether what begins with the letter `start` is surely no event stream."""
        headers = self._response.headers
        unnamed = headers and not headers.get("content-type", "").strip()
        return bool(unnamed and start.isalpha() and start not in _FIELDS) or start in (b"{", b"[", b"<")

    def _no_stream(self, head: bytearray) -> BedrockOpenAIError:
        return not_a_stream(HTTPResponse(self._response.status_code, self._response.headers, bytes(head)))


def _first_letter(head: bytearray) -> bytes:
    """Return the first byte after a mark and white space; b"" if there is none."""
    start = head[:64].removeprefix(BOM).lstrip() or head.removeprefix(BOM).lstrip()
    return bytes(start[:1])


def _say_how_far_it_came(error: IncompleteStreamError | APIConnectionError, response: HTTPResponse) -> None:
    """Put into `error` why the end mark probably did not come, and whether the model had finished."""
    with suppress(ConfigurationError):  # what failed may be that no file can be opened; such advice is none
        with loading():
            from .advice.answers import FINISHED, cause_of_missing_end

        cause = cause_of_missing_end(error.partial, response.headers)
        if isinstance(error, IncompleteStreamError) or cause == FINISHED:
            error.advice = cause


def may_be_a_stream(headers: Headers) -> bool:
    """Tell whether an answer calls itself an event stream, perhaps twice, or not at all: its bytes decide then."""
    kinds = headers.get("content-type", "").strip().split(",")
    return kinds == [""] or any(kind.split(";")[0].strip().lower() == "text/event-stream" for kind in kinds)


def not_a_stream(response: HTTPResponse) -> BedrockOpenAIError:
    """Return the exception for a 2xx answer to a streamed request that is no event stream."""
    try:
        body: Any = jsontext.decode(response.body)
    except jsontext.JSONError:
        body = None
    if is_error_object(body):
        return error_from_object(body, response)
    return format_error(f"the answer is no event stream: {describe(response)}", response, stream=True)
