"""A streamed answer on an event loop, as a user holds it, and what it is before it is asked for.

This module's law is that of `stream`: a stream fails once, and only a stream that is whole just ends.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..call.decode import ChunkDecoder
from ..values.chunk import ChatCompletionChunk
from ..values.completion import ChatCompletion
from ..values.errors import BedrockOpenAIError, IncompleteStreamError
from ..values.http import AsyncOpenResponse
from .stream import BaseStream

if TYPE_CHECKING:
    from typing_extensions import Self


class AsyncChatCompletionStream(BaseStream[AsyncOpenResponse]):
    """A streamed answer on an event loop: iterate with `async for`, then ask for the whole `await completion()`.

    Use it in an `async with` statement; leaving it early, or cancelling the task that reads it, closes the
    connection. It raises what `ChatCompletionStream` raises.
    """

    def _begin(self, response: AsyncOpenResponse) -> None:
        self._pieces = response.pieces().__aiter__()
        self._decoder = ChunkDecoder(self.response, self._total)
        #: What the last piece has completed, and whether it was the last of all.
        self._chunks: Iterator[ChatCompletionChunk] = iter(())
        self._is_at_end = False
        self._is_being_read = False
        self._awaits_first = self._report is not None

    def __aiter__(self) -> AsyncChatCompletionStream:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        if self._is_being_read:
            raise self._busy() if self._open is not None else self._end()
        self._is_being_read = True
        try:
            if self._open is None:
                raise self._end()
            chunk = self._ready() or await self._next_chunk()
        except StopAsyncIteration:
            await self._let_go(drain=self._total.complete)
            raise self._end() from None
        except BedrockOpenAIError as error:
            await self._fail(error)
            raise
        except BaseException as error:
            self._interruption = type(error).__name__
            await self.aclose()
            raise
        finally:
            self._is_being_read = False
        if self._awaits_first and self._report is not None:
            self._awaits_first = False
            self._report.first_chunk()
        return chunk

    def _ready(self) -> ChatCompletionChunk | None:
        """Return the next chunk of the last piece, for which there is nothing to wait; None if there is no more."""
        try:
            return next(self._chunks, None)
        except BedrockOpenAIError as error:
            self._decoder.annotate(error)
            raise

    async def _next_chunk(self) -> ChatCompletionChunk:
        """Return the first chunk of the next piece that completes one."""
        decoder = self._decoder
        try:
            while not (decoder.done or self._is_at_end):
                try:
                    piece = await self._pieces.__anext__()
                except StopAsyncIteration:
                    self._chunks, self._is_at_end = decoder.end(), True
                else:
                    self._chunks = iter(decoder.feed(piece))
                for chunk in self._chunks:
                    return chunk
        except BedrockOpenAIError as error:
            decoder.annotate(error)
            raise
        raise StopAsyncIteration

    def _end(self) -> BaseException:
        """Return what is raised from now on: the end of a whole stream, the one failure of any other."""
        return self._why_unfinished() or StopAsyncIteration()

    async def _fail(self, error: BedrockOpenAIError) -> None:
        """Keep `error`, the failure of the stream, and let go; raise another if it is none."""
        if isinstance(error, IncompleteStreamError) and self._open is None:
            # A body that goes on until its connection is closed just ends where another task has closed it.
            raise self._end() from None
        try:
            self._keep(error)
        finally:
            await self.aclose()

    async def completion(self) -> ChatCompletion:
        """Return the completion that the chunks add up to, reading what is left of the stream.

        Raises what iterating raises, again if it was raised before; IncompleteStreamError if the stream was
        closed before its end.
        """
        async for _ in self:
            pass
        return self._whole()

    async def aclose(self) -> None:
        """Stop reading and close the connection, waiting for nothing. Closing twice is fine, also from another task.

        A task that waits for the next chunk then gets an exception. A stream that was whole before stays whole.
        """
        await self._let_go(drain=False)

    async def _let_go(self, *, drain: bool) -> None:
        with self._letting_go() as response:
            if response is not None:
                await response.aclose(drain=drain)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # The response, which nobody else holds, closes its connection by itself.
        with suppress(Exception), self._letting_go():
            pass


#: What is streamed: `AsyncChatCompletionStream`, or one that is also something else.
StreamT = TypeVar("StreamT", bound=AsyncChatCompletionStream)


class PendingStream(Generic[StreamT]):
    """A stream that has not been asked for: await it, or enter it with `async with`, for the stream.

    Nothing is sent before. One that is thrown away without either gives a RuntimeWarning, as a coroutine does.
    """

    def __init__(self, start: Callable[[], Coroutine[Any, Any, StreamT]], method: str = "stream") -> None:
        self._start: Callable[[], Coroutine[Any, Any, StreamT]] | None = start
        #: The method of the client that gave it.
        self._method = method
        self._stream: StreamT | None = None

    def __await__(self) -> Generator[Any, None, StreamT]:
        start, self._start = self._start, None
        if start is None:
            raise RuntimeError("this stream has been awaited or entered before")
        return start().__await__()

    async def __aenter__(self) -> StreamT:
        self._stream = await self
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.aclose()

    def __del__(self) -> None:
        if vars(self).get("_start") is not None:
            text = f"client.{self._method}() was never awaited or entered: nothing was sent"
            warnings.warn(text, RuntimeWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        return "PendingStream()"
