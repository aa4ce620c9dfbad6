"""From the bytes of a streamed answer to its chunks.

This module's law: a chunk is handed on the moment its bytes are there, and a stream that does not end with its end
mark `[DONE]` ends with an exception that carries everything that had arrived.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from types import TracebackType
from typing import Any

from ..values import jsontext
from ..values.accumulator import Accumulator
from ..values.chunk import ChatCompletionChunk, ChunkReader
from ..values.completion import ChatCompletion
from ..values.errors import (
    APIConnectionError,
    BedrockOpenAIError,
    ConfigurationError,
    IncompleteStreamError,
    ResponseFormatError,
)
from ..values.forks import loading
from ..values.http import Headers, HTTPResponse, OpenResponse
from .chunk_events import chunk_of
from .error_answers import describe, error_from_object, format_error, is_error_object, request_id_of
from .sse import BOM, EVENT_LIMIT, EventTooLong, ServerSentEvent, iter_events

_DONE = b"[DONE]"
#: How much of a body that is no event stream is read to find out what it is, in bytes.
_NO_STREAM_LIMIT = 65536
#: What the fields of an event begin with: data, event, id, retry.
_FIELDS = (b"d", b"e", b"i", b"r")
#: How long a thread that was woken by `close` may take to leave, in seconds.
_LEAVING = 1.0


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
    response = response or HTTPResponse(200)
    total = into if into is not None else Accumulator()
    reader = ChunkReader()
    try:
        for event in _events(pieces, response):
            data = event.data.strip()
            if data == _DONE:
                total.complete = True
                rest = reader.rest()
                if rest is not None:
                    yield rest
                return
            # Some servers keep the connection alive by events without content; an error without words is one still.
            if not (data or event.event == "error"):
                continue
            try:
                chunk = chunk_of(event, data, reader, response)
            except ResponseFormatError:
                if event.finished:
                    raise
                continue  # the end of the stream has cut it off
            total.add(chunk)
            yield chunk
        rest = reader.rest()
        if rest is not None:
            yield rest
        raise IncompleteStreamError("the stream ended before its end mark [DONE]")
    except BedrockOpenAIError as error:
        error.request_id = error.request_id or request_id_of(response.headers)
        error.partial = None if total.empty else total.completion(error.request_id)
        if isinstance(error, (IncompleteStreamError, APIConnectionError)):
            _say_how_far_it_came(error, response)
        raise


def _say_how_far_it_came(error: IncompleteStreamError | APIConnectionError, response: HTTPResponse) -> None:
    """Put into `error` why the end mark probably did not come, and whether the model had finished."""
    with suppress(ConfigurationError):  # what failed may be that no file can be opened; such advice is none
        with loading():
            from .advice.answers import FINISHED, cause_of_missing_end

        cause = cause_of_missing_end(error.partial, response.headers)
        if isinstance(error, IncompleteStreamError) or cause == FINISHED:
            error.advice = cause


def _events(pieces: Iterable[bytes], response: HTTPResponse) -> Iterator[ServerSentEvent]:
    try:
        yield from iter_events(_event_stream(pieces, response))
    except EventTooLong:
        failure = ResponseFormatError(f"an event of the stream is longer than {EVENT_LIMIT} bytes", response=response)
    else:
        return
    raise failure


def _event_stream(pieces: Iterable[bytes], response: HTTPResponse) -> Iterator[bytes]:
    """Return `pieces` if they look like an event stream; raise what they are otherwise."""
    rest = iter(pieces)
    read, start = _beginning(rest)
    unnamed = response.headers and not response.headers.get("content-type", "").strip()
    is_text = unnamed and start.isalpha() and start not in _FIELDS
    if not (is_text or start in (b"{", b"[", b"<")):
        return chain(read, rest)
    size = sum(map(len, read))
    for piece in rest:
        read.append(piece)
        size += len(piece)
        if size > _NO_STREAM_LIMIT:
            break
    raise not_a_stream(HTTPResponse(response.status_code, response.headers, b"".join(read)))


def _beginning(pieces: Iterator[bytes]) -> tuple[list[bytes], bytes]:
    """Take from `pieces` what tells what they are; return it, and its first byte but for mark and white space."""
    read: list[bytes] = []
    size = 0
    head = b""
    for piece in pieces:
        read.append(piece)
        size += len(piece)
        head += piece
        if size > len(BOM):  # so a mark has come whole, if there is one
            head = (head.removeprefix(BOM) if len(head) == size else head).lstrip()
            # White space alone tells nothing, but is not waited on for ever.
            if head or size > _NO_STREAM_LIMIT:
                break
    return read, head.lstrip()[:1]


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


class ChatCompletionStream:
    """A streamed answer: iterate over it for its chunks, then ask for the whole `completion()`.

    Use it in a `with` statement; leaving it early closes the connection. Iteration raises what `iter_chunks`
    raises, and APITimeoutError or APIConnectionError if the connection fails. A stream that failed raises the same
    exception each time it is asked again, and one that was closed before its end an IncompleteStreamError: only a
    stream that is whole just ends.
    """

    #: The open response, which each stream has of its own until somebody takes it away to let it go.
    _open: OpenResponse | None = None

    def __init__(
        self,
        response: OpenResponse,
        on_error: Callable[[BedrockOpenAIError], None],
        *,
        attempts: int | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._open = response
        #: The answer's status and headers.
        self.response = HTTPResponse(response.status_code, response.headers)
        #: How many attempts at sending were made for the call; None where it was not a client that asked.
        self.attempts = attempts
        #: Gives the seconds since the call began.
        self._clock = clock
        #: What that was when the stream ended.
        self._ended: float | None = None
        #: The AWS request ID from the headers.
        self.request_id = request_id_of(response.headers)
        self._on_error = on_error
        self._total = Accumulator()
        self._chunks = iter_chunks(response.pieces(), response=self.response, into=self._total)
        self._failure: BedrockOpenAIError | None = None
        #: Held while a chunk is read. It is never waited for without end: a signal handler may ask within a read.
        self._turn = threading.Lock()

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        if not self._turn.acquire(False):
            self._wait_for_turn()
        try:
            if self._open is not None:
                return next(self._chunks)
            raise self._end()
        except StopIteration:
            # A generator also stops that was closed, or that an exception has left before.
            self._let_go(drain=self._total.complete)
            raise self._end() from None
        except BedrockOpenAIError as error:
            self._fail(error)
            raise
        except BaseException:
            self.close()
            raise
        finally:
            self._turn.release()

    def _end(self) -> BaseException:
        """Return what is raised from now on: the end of a whole stream, the one failure of any other."""
        if self._total.complete:
            return StopIteration()
        if self._failure is None:
            failure = IncompleteStreamError("the stream was closed before its end", request_id=self.request_id)
            failure.partial = None if self._total.empty else self._total.completion(self.request_id)
            self._failure = failure
            self._on_error(failure)
        return self._failure.with_traceback(None)  # which would grow each time

    def _fail(self, error: BedrockOpenAIError) -> None:
        """Keep `error`, the failure of the stream, and let go; raise another if it is none."""
        if isinstance(error, IncompleteStreamError) and self._open is None:
            # A body that goes on until its connection is closed just ends where another thread has closed it.
            raise self._end() from None
        try:
            if self._failure is None:
                self._failure = error
                self._on_error(error)
        finally:
            self.close()

    def _wait_for_turn(self) -> None:
        """Raise, for a stream has one reader; but after `close` let it leave first."""
        if self._open is not None or not self._turn.acquire(timeout=_LEAVING):
            error = BedrockOpenAIError(
                "the stream is being read at this moment, by another thread or by what was interrupted",
                request_id=self.request_id,
            )
            self._on_error(error)
            raise error

    def completion(self) -> ChatCompletion:
        """Return the completion that the chunks add up to, reading what is left of the stream.

        Raises what iterating raises, again if it was raised before; IncompleteStreamError if the stream was
        closed before its end.
        """
        for _ in self:
            pass
        whole = self._total.completion(self.request_id)
        return replace(whole, attempts=self.attempts, elapsed=self.elapsed, response=self.response)

    @property
    def elapsed(self) -> float | None:
        """Seconds from the start of the call to the stream's end, or until now; None where no client asked."""
        if self._ended is not None or self._clock is None:
            return self._ended
        return self._clock()

    def close(self) -> None:
        """Stop reading and close the connection. Closing twice is fine, also from another thread or a signal handler.

        A thread that waits for the next chunk then gets an exception. A stream that was whole before stays whole.
        """
        self._let_go(drain=False)
        with suppress(ValueError):  # somebody is within it, and gets an exception there
            self._chunks.close()  # type: ignore[attr-defined]

    def _let_go(self, *, drain: bool) -> None:
        response = vars(self).pop("_open", None)  # in one step: only one thread can get it
        if response is not None:
            self._ended = self.elapsed
            response.close(drain=drain)

    @property
    def _request_id(self) -> str | None:
        # The name under which the OpenAI SDK's users know it.
        return self.request_id

    def __enter__(self) -> ChatCompletionStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):  # there is nobody to tell
            self._let_go(drain=False)

    def __reduce__(self) -> Any:
        raise TypeError("a stream cannot be pickled or copied: it is one open connection")

    def __repr__(self) -> str:
        return f"ChatCompletionStream(request_id={self.request_id!r})"
