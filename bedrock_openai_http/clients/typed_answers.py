"""`parse` and `parse_stream` of `Client`: what drives the steps of `structured`, and what both clients ask for.

This module is loaded when a value is first asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..call.deadline import Deadline
from ..structured.answers import value_in
from ..structured.asking import asking_for, way_for
from ..structured.given import Request
from ..structured.kinds import asked_kind
from ..structured.snapshot import Snapshot
from ..structured.walk import Complete, parsing
from ..values import arguments
from ..values.chunk import ChatCompletionChunk
from ..values.completion import ChatCompletion
from ..values.errors import BedrockOpenAIError
from ..values.kinds.kind import WRAPPER, Kind
from ..values.parsed import Parsed
from ..values.usage import NO_USAGE
from .stream import ChatCompletionStream

if TYPE_CHECKING:
    from .base import BaseClient
    from .client import Client

T = TypeVar("T")
Headers = Mapping[str, str] | None

#: How often an answer may be asked for again, far beyond any use.
_MOST_AGAIN = 100


def parse(
    client: Client, request: Request, hint: Any, reask: int, how: str, deadline: float | None, headers: Headers
) -> Parsed[Any]:
    """Return what `Client.parse` returns; raise what it raises."""
    steps = steps_of(client, request, hint, reask, how, deadline)
    try:
        wanted = next(steps)
        while True:
            try:
                came = client.complete(wanted.request, deadline=wanted.seconds, extra_headers=headers)
            except BedrockOpenAIError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(came)
    except StopIteration as end:
        parsed: Parsed[Any] = end.value
        return parsed


def steps_of(
    client: BaseClient[Any, Any, Any], request: Request, hint: Any, reask: int, how: str, seconds: float | None
) -> Generator[Complete, ChatCompletion, Parsed[Any]]:
    """Return the steps of one `parse`. Raises what it raises before anything is sent."""
    asked = Asked(client, request, hint, how)
    again = arguments.integer("reask", reask, 0, _MOST_AGAIN, "times")
    plans = client._planner
    limit = Deadline(seconds, plans.world.clock, plans.options.deadline)
    return parsing(asking_for(request, asked.kind, asked.way), asked.kind, asked.way, reask=again, limit=limit)


class Asked:
    """The kind that is asked for, and the way. Raises TypeError and ConfigurationError."""

    def __init__(self, client: BaseClient[Any, Any, Any], request: Request, hint: Any, how: str) -> None:
        self.kind: Kind = asked_kind(hint)
        self.way = way_for(request, how, client._options.endpoint)

    def snapshot_of(self, so_far: Snapshot) -> Any:
        """Return what is complete so far of the value itself; None before anything is."""
        value = so_far.value
        return value.get(WRAPPER) if self.kind.wrapped and value is not None else value

    def parsed(self, completion: ChatCompletion) -> Parsed[Any]:
        """Return the value in a whole completion. Raises ParseError."""
        usage = NO_USAGE.plus(completion.usage)
        return Parsed(value_in(completion, self.kind), completion, usage, self.way)


class ParsedStream(ChatCompletionStream, Generic[T]):
    """A streamed answer that is a value in the end: a `ChatCompletionStream` with `snapshot` and `parsed()`."""

    _asked: Asked

    @property
    def snapshot(self) -> Any:
        """What is complete so far of the value, as plain JSON values; None before anything is.

        Members that are not finished are left out, and so is a text or a number whose end has not come. The last item
        of a list may be an object of which some members are there: the items that are whole are `[:-1]`.
        """
        return self._asked.snapshot_of(self._so_far)

    def parsed(self) -> Parsed[T]:
        """Return the value, reading what is left of the stream. Raises ParseError, and what iterating raises."""
        return self._asked.parsed(self.completion())

    def __next__(self) -> ChatCompletionChunk:
        chunk = super().__next__()
        self._so_far.feed(chunk.text)
        return chunk

    def _begin(self, response: Any) -> None:
        super()._begin(response)
        self._so_far = Snapshot()


def parse_stream(
    client: Client, request: Request, hint: Any, how: str, deadline: float | None, headers: Headers
) -> ParsedStream[Any]:
    """Return what `Client.parse_stream` returns; raise what it raises."""
    asked = Asked(client, request, hint, how)
    wanted = asking_for(request, asked.kind, asked.way, stream=True)
    stream: ParsedStream[Any] = client._stream(wanted, deadline, headers, kind=ParsedStream)
    stream._asked = asked
    return stream
