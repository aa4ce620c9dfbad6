"""From the bytes of a streamed answer to its chunks.

This module's law: a chunk is handed on the moment its bytes are there, and a stream that does not end with its end
mark `[DONE]` ends with an exception that carries everything that had arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Any

from . import jsontext
from .accumulator import Accumulator
from .chunk import ChatCompletionChunk, ChunkReader
from .completion import ChatCompletion, Malformed
from .error_answers import describe, error_from_object, format_error, is_error_object, request_id_of
from .errors import BedrockOpenAIError, IncompleteStreamError, ResponseFormatError
from .forks import loading
from .sse import EVENT_LIMIT, EventTooLong, ServerSentEvent, iter_events
from .wire import HTTPResponse, OpenResponse

_DONE = b"[DONE]"
#: How much of a body that is no event stream is read to find out what it is, in bytes.
_NO_STREAM_LIMIT = 65536


def iter_chunks(
    pieces: Iterable[bytes], *, response: HTTPResponse | None = None, into: Accumulator | None = None
) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a streamed answer whose body arrives as `pieces`, cut anywhere.

    `response` is the answer's status and headers, for errors; `into` adds the chunks up on the way. Bytes after
    the end mark are left alone.

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
                return
            # Some servers keep the connection alive by events without content; an error without words is one still.
            if not event.finished or not (data or event.event == "error"):
                continue
            chunk = _chunk(event, data, reader, response)
            total.add(chunk)
            yield chunk
        raise IncompleteStreamError("the stream ended before its end mark [DONE]")
    except BedrockOpenAIError as error:
        error.request_id = error.request_id or request_id_of(response.headers)
        error.partial = None if total.empty else total.completion(error.request_id)
        if isinstance(error, IncompleteStreamError):
            with loading():
                from .advice.answers import cause_of_missing_end

            error.advice = cause_of_missing_end(error.partial, response.headers)
        raise


def _events(pieces: Iterable[bytes], response: HTTPResponse) -> Iterator[ServerSentEvent]:
    try:
        yield from iter_events(_event_stream(pieces, response))
    except EventTooLong:
        failure = ResponseFormatError(f"an event of the stream is longer than {EVENT_LIMIT} bytes", response=response)
    else:
        return
    raise failure


def _chunk(event: ServerSentEvent, data: bytes, reader: ChunkReader, response: HTTPResponse) -> ChatCompletionChunk:
    try:
        body = jsontext.decode(data)
    except jsontext.JSONError as error:
        if event.event == "error":
            raise error_from_object(data.decode("utf-8", errors="replace"), response) from None
        body, reason = None, f"an event of the stream is not JSON: {error}"
    else:
        if event.event == "error" or is_error_object(body):
            raise error_from_object(body, response)
        try:
            return reader.read(body)
        except Malformed as error:
            reason = f"an event of the stream is no chunk: {error}"
    with loading():
        from .advice.answers import cause_of_object

    failure = ResponseFormatError(reason, response=response)
    failure.advice = cause_of_object(body, stream=True)
    raise failure


def _event_stream(pieces: Iterable[bytes], response: HTTPResponse) -> Iterator[bytes]:
    """Return `pieces` if they look like an event stream; raise what they are otherwise."""
    rest = iter(pieces)
    head = b""
    for piece in rest:
        head += piece
        # More than a byte order mark; white space alone tells nothing, but is not waited on for ever.
        if (len(head) > 3 and _first_character(head)) or len(head) > _NO_STREAM_LIMIT:
            break
    if _first_character(head) not in (b"{", b"[", b"<"):
        return chain((head,), rest)
    for piece in rest:
        head += piece
        if len(head) > _NO_STREAM_LIMIT:
            break
    raise not_a_stream(HTTPResponse(response.status_code, response.headers, head))


def _first_character(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


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
    raises, and APITimeoutError or APIConnectionError if the connection fails.
    """

    def __init__(self, response: OpenResponse, on_error: Callable[[BedrockOpenAIError], None]) -> None:
        self._open: OpenResponse | None = response
        #: The answer's status and headers.
        self.response = HTTPResponse(response.status_code, response.headers)
        #: The AWS request ID from the headers.
        self.request_id = request_id_of(response.headers)
        self._on_error = on_error
        self._total = Accumulator()
        self._chunks = iter_chunks(response.pieces(), response=self.response, into=self._total)
        self._failure: BedrockOpenAIError | None = None
        self._complete = False

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        try:
            return next(self._chunks)
        except StopIteration:
            # A generator that was closed early also stops; only the end mark makes the stream complete.
            self._complete = self._open is not None or self._complete
            self._let_go(drain=True)
            raise
        except BedrockOpenAIError as error:
            self._on_error(error)
            self._failure = error
            self.close()
            raise
        except BaseException:
            self.close()
            raise

    def completion(self) -> ChatCompletion:
        """Return the completion that the chunks add up to, reading what is left of the stream.

        Raises what iterating raises, again if it was raised before; IncompleteStreamError if the stream was
        closed before its end.
        """
        for _ in self:
            pass
        if self._failure is not None:
            raise self._failure
        whole = self._total.completion(self.request_id)
        if not self._complete:
            failure = IncompleteStreamError("the stream was closed before its end", request_id=self.request_id)
            failure.partial = None if self._total.empty else whole
            raise failure
        return whole

    def close(self) -> None:
        """Stop reading and close the connection. Closing twice is fine, and so is closing from another thread.

        A thread that waits for the next chunk then gets an exception.
        """
        self._let_go(drain=False)
        with suppress(ValueError):  # another thread is within it, and gets its exception there
            self._chunks.close()  # type: ignore[attr-defined]

    def _let_go(self, *, drain: bool) -> None:
        response, self._open = self._open, None
        if response is not None:
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
        self._let_go(drain=False)

    def __reduce__(self) -> Any:
        raise TypeError("a stream cannot be pickled or copied: it is one open connection")

    def __repr__(self) -> str:
        return f"ChatCompletionStream(request_id={self.request_id!r})"
