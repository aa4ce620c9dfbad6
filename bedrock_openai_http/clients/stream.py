"""A streamed answer as a user holds it: chunks to iterate over, and the whole that they add up to.

`BaseStream` is what the blocking stream and that of `async_stream` have in common.

This module's law: a stream fails once, with one exception that it raises again whenever it is asked; only a stream
that is whole just ends, and its connection is let go whatever ends it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..call.decode import iter_chunks
from ..call.error_answers import request_id_of
from ..values.accumulator import Accumulator
from ..values.chunk import ChatCompletionChunk
from ..values.completion import ChatCompletion
from ..values.errors import BedrockOpenAIError, IncompleteStreamError
from ..values.http import Head, HTTPResponse, OpenResponse

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..call.reports import Report

#: The open response, of the blocking kind or the other.
ResponseT = TypeVar("ResponseT", bound=Head)

#: How long a thread that was woken by `close` may take to leave, in seconds.
_LEAVING = 1.0


class BaseStream(Generic[ResponseT]):
    """What a stream knows of itself, however it is read."""

    #: The open response, which each stream has of its own until somebody takes it away to let it go.
    _open: ResponseT | None = None

    def __init__(
        self,
        response: ResponseT,
        on_error: Callable[[BedrockOpenAIError], None],
        *,
        attempts: int | None = None,
        clock: Callable[[], float] | None = None,
        report: Report | None = None,
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
        #: Tells of the first chunk and of the end, where somebody wants to know.
        self._report = report
        self._failure: BedrockOpenAIError | None = None
        #: The class of what left a read that was no failure of ours, such as Ctrl-C.
        self._interruption: str | None = None
        self._begin(response)

    def _begin(self, response: ResponseT) -> None:
        """Make what the body is read by."""
        raise NotImplementedError

    @property
    def elapsed(self) -> float | None:
        """Seconds from the start of the call to the stream's end, or until now; None where no client asked."""
        if self._ended is not None or self._clock is None:
            return self._ended
        return self._clock()

    def _why_unfinished(self) -> BedrockOpenAIError | None:
        """Return what is raised from now on, the one failure of the stream; None for a whole stream."""
        if self._total.complete:
            return None
        if self._failure is None:
            failure = IncompleteStreamError("the stream was closed before its end", request_id=self.request_id)
            failure.partial = None if self._total.empty else self._total.completion(self.request_id)
            self._failure = failure
            self._on_error(failure)
        return self._failure.with_traceback(None)  # which would grow each time

    def _keep(self, error: BedrockOpenAIError) -> None:
        """Keep the failure of the stream, if it is the first."""
        if self._failure is None:
            self._failure = error
            self._on_error(error)

    def _busy(self) -> BedrockOpenAIError:
        """Return the error for who reads while another does: a stream has one reader."""
        error = BedrockOpenAIError(
            "the stream is being read at this moment, by another thread or task, or by what was interrupted",
            request_id=self.request_id,
        )
        self._on_error(error)
        return error

    def _whole(self) -> ChatCompletion:
        whole = self._total.completion(self.request_id)
        return replace(whole, attempts=self.attempts, elapsed=self.elapsed, response=self.response)

    @contextmanager
    def _letting_go(self) -> Iterator[ResponseT | None]:
        """Give the response to whoever is to let it go, None if that has been done, and tell of the end."""
        response = vars(self).pop("_open", None)  # in one step: only one thread can get it
        if response is None:
            yield None
            return
        self._ended = self.elapsed
        # Settled now: closing wakes a reader, who fails by that, and may itself be interrupted.
        failure = self._failure or self._interruption or (None if self._total.complete else "closed")
        try:
            yield response
        finally:
            if self._report is not None:
                self._tell_end(self._report, failure)

    def _tell_end(self, report: Report, failure: BaseException | str | None) -> None:
        answer, attempts = None if self._total.empty else self._total.completion(self.request_id), self.attempts or 0
        if failure is None:
            report.completed(answer, attempts)
        else:
            report.failed(failure, attempts, answer)

    @property
    def _request_id(self) -> str | None:
        # The name under which the OpenAI SDK's users know it.
        return self.request_id

    def __reduce__(self) -> Any:
        raise TypeError("a stream cannot be pickled or copied: it is one open connection")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(request_id={self.request_id!r})"


class ChatCompletionStream(BaseStream[OpenResponse]):
    """A streamed answer: iterate over it for its chunks, then ask for the whole `completion()`.

    Use it in a `with` statement; leaving it early closes the connection. Iteration raises what `iter_chunks`
    raises, and APITimeoutError or APIConnectionError if the connection fails. A stream that failed raises the same
    exception each time it is asked again, and one that was closed before its end an IncompleteStreamError: only a
    stream that is whole just ends.
    """

    def _begin(self, response: OpenResponse) -> None:
        self._chunks = iter_chunks(response.pieces(), response=self.response, into=self._total)
        if self._report is not None:
            self._chunks = _telling(self._chunks, self._report)
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
        except BaseException as error:
            self._interruption = type(error).__name__
            self.close()
            raise
        finally:
            self._turn.release()

    def _end(self) -> BaseException:
        """Return what is raised from now on: the end of a whole stream, the one failure of any other."""
        return self._why_unfinished() or StopIteration()

    def _fail(self, error: BedrockOpenAIError) -> None:
        """Keep `error`, the failure of the stream, and let go; raise another if it is none."""
        if isinstance(error, IncompleteStreamError) and self._open is None:
            # A body that goes on until its connection is closed just ends where another thread has closed it.
            raise self._end() from None
        try:
            self._keep(error)
        finally:
            self.close()

    def _wait_for_turn(self) -> None:
        """Raise, for a stream has one reader; but after `close` let it leave first."""
        if self._open is not None or not self._turn.acquire(timeout=_LEAVING):
            raise self._busy()

    def completion(self) -> ChatCompletion:
        """Return the completion that the chunks add up to, reading what is left of the stream.

        Raises what iterating raises, again if it was raised before; IncompleteStreamError if the stream was
        closed before its end.
        """
        for _ in self:
            pass
        return self._whole()

    def close(self) -> None:
        """Stop reading and close the connection. Closing twice is fine, also from another thread or a signal handler.

        A thread that waits for the next chunk then gets an exception. A stream that was whole before stays whole.
        """
        self._let_go(drain=False)
        with suppress(ValueError):  # somebody is within it, and gets an exception there
            self._chunks.close()  # type: ignore[attr-defined]

    def _let_go(self, *, drain: bool) -> None:
        with self._letting_go() as response:
            if response is not None:
                response.close(drain=drain)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):  # there is nobody to tell
            self._let_go(drain=False)


def _telling(chunks: Iterator[ChatCompletionChunk], report: Report) -> Iterator[ChatCompletionChunk]:
    for chunk in chunks:
        report.first_chunk()
        yield chunk
        break
    yield from chunks
