"""`parse` and `parse_stream` of `Client`: what drives the steps of `structured`, and what both clients ask for.

This module is loaded when a value is first asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..call.deadline import Deadline
from ..structured.answers import value_in
from ..structured.asking import added_in_front, asking_for, way_for
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
    asked = Asked(client, request, hint, how)
    steps = asked.steps(reask, deadline)
    try:
        wanted = next(steps)
        while True:
            try:
                came = client._answer(asked.call(wanted, headers))
            except BedrockOpenAIError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(came)
    except StopIteration as end:
        parsed: Parsed[Any] = end.value
        return parsed


class Asked:
    """The kind that is asked for, the way, and the request that asks. Raises what `typed_request` raises."""

    def __init__(
        self, client: BaseClient[Any, Any, Any], request: Request, hint: Any, how: str, *, stream: bool = False
    ) -> None:
        self.kind: Kind = asked_kind(hint)
        self.way = way_for(request, how, client._options.endpoint)
        self.request = asking_for(request, self.kind, self.way, stream=stream)
        self._in_front = added_in_front(request, self.request)
        self._planner, self._is_streamed = client._planner, stream

    def steps(self, reask: int, seconds: float | None) -> Generator[Complete, ChatCompletion, Parsed[Any]]:
        """Return the steps of one `parse`. Raises ConfigurationError for numbers that are none."""
        again = arguments.integer("reask", reask, 0, _MOST_AGAIN, "times")
        limit = Deadline(seconds, self._planner.world.clock, self._planner.options.deadline)
        return parsing(self.request, self.kind, self.way, reask=again, limit=limit)

    def call(self, wanted: Complete, headers: Headers) -> Any:
        """Return the call for a completion, whose errors and warnings name places of the caller's own request."""
        return self._planner.call(
            wanted.request,
            stream=self._is_streamed,
            deadline=wanted.seconds,
            extra_headers=headers,
            timeout=None,
            in_front=self._in_front,
        )

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
    asked = Asked(client, request, hint, how, stream=True)
    stream: ParsedStream[Any] = client._open(asked.call(Complete(asked.request, deadline), headers), ParsedStream)
    stream._asked = asked
    return stream
