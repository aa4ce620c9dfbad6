"""`parse` and `parse_stream` of `AsyncClient`.

This module's law is that of `typed_answers`: the steps are those of `structured`, and are only driven here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..structured.given import Request
from ..structured.snapshot import Snapshot
from ..structured.walk import Complete
from ..values.chunk import ChatCompletionChunk
from ..values.errors import BedrockOpenAIError
from ..values.parsed import Parsed
from .async_stream import AsyncChatCompletionStream, PendingStream
from .typed_answers import Asked, Headers

if TYPE_CHECKING:
    from .async_client import AsyncClient

T = TypeVar("T")


async def parse(
    client: AsyncClient, request: Request, hint: Any, reask: int, how: str, deadline: float | None, headers: Headers
) -> Parsed[Any]:
    """Return what `AsyncClient.parse` returns; raise what it raises."""
    asked = Asked(client, request, hint, how)
    steps = asked.steps(reask, deadline)
    try:
        wanted = next(steps)
        while True:
            try:
                came = await client._answer(asked.call(wanted, headers))
            except BedrockOpenAIError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(came)
    except StopIteration as end:
        parsed: Parsed[Any] = end.value
        return parsed


class AsyncParsedStream(AsyncChatCompletionStream, Generic[T]):
    """A `ParsedStream` on an event loop."""

    _asked: Asked

    @property
    def snapshot(self) -> Any:
        """What is complete so far of the value: see `ParsedStream.snapshot`."""
        return self._asked.snapshot_of(self._so_far)

    async def parsed(self) -> Parsed[T]:
        """Return the value, reading what is left of the stream. Raises ParseError, and what iterating raises."""
        return self._asked.parsed(await self.completion())

    async def __anext__(self) -> ChatCompletionChunk:
        chunk = await super().__anext__()
        self._so_far.feed(chunk.text)
        return chunk

    def _begin(self, response: Any) -> None:
        super()._begin(response)
        self._so_far = Snapshot()


def parse_stream(
    client: AsyncClient, request: Request, hint: Any, how: str, deadline: float | None, headers: Headers
) -> PendingStream[AsyncParsedStream[Any]]:
    """Return what `AsyncClient.parse_stream` returns; raise what it raises."""
    asked = Asked(client, request, hint, how, stream=True)

    async def begun() -> AsyncParsedStream[Any]:
        call = asked.call(Complete(asked.request, deadline), headers)
        stream: AsyncParsedStream[Any] = await client._open(call, AsyncParsedStream)
        stream._asked = asked
        return stream

    return PendingStream(begun, "parse_stream")
