"""A transport of the caller's own, behind the same border as ours.

It sees the request, with its key and its prompt, and what it raises or returns may hold them. So nothing comes out of
here but plain values and failures of ours, of which the text names the class of what was raised, and no more.

This module's law: an exception of ours passes as it is; any other leaves open what became of the request, which is
then not repeated.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from ..values import arguments
from ..values.errors import APIConnectionError, BedrockOpenAIError, ConfigurationError
from ..values.http import AsyncOpenResponse, Headers, HTTPRequest, OpenResponse, TimeLimits

Result = TypeVar("Result")


class GivenTransport:
    """Sends by `transport`, which has what `values.http.Transport` has. Raises ConfigurationError if it has not."""

    def __init__(self, transport: Any) -> None:
        if not arguments.has_methods(transport, "open", "close"):
            raise ConfigurationError("transport: must have the methods open and close")
        self._transport = transport

    def open(self, request: HTTPRequest, limits: TimeLimits) -> OpenResponse:
        """Send `request`. Raises what of ours the transport raises, and APIConnectionError for all else."""
        return _guarded(lambda: _Response(self._transport.open(request, limits)), "headers")

    def close(self) -> None:
        """Do nothing: the transport is the caller's to close."""


class _Response:
    """An `OpenResponse` over that of a given transport."""

    def __init__(self, response: OpenResponse) -> None:
        self._response = response
        self.status_code, self.headers = _head(response)

    def pieces(self) -> Iterator[bytes]:
        pieces = _guarded(lambda: iter(self._response.pieces()), "body")
        while (piece := _guarded(lambda: _next(pieces), "body")) is not None:
            yield piece

    def close(self, *, drain: bool = False) -> None:
        # What has been read is right, however this ends.
        with contextlib.suppress(Exception):
            self._response.close(drain=drain)


class GivenAsyncTransport:
    """Sends by `transport`, which has what `values.http.AsyncTransport` has. ConfigurationError if it has not."""

    def __init__(self, transport: Any) -> None:
        if not arguments.has_methods(transport, "aopen", "aclose"):
            raise ConfigurationError("transport: must have the methods aopen and aclose")
        self._transport = transport

    async def aopen(self, request: HTTPRequest, limits: TimeLimits) -> AsyncOpenResponse:
        """Send `request`. Raises what of ours the transport raises, and APIConnectionError for all else."""

        async def opened() -> _AsyncResponse:
            return _AsyncResponse(await self._transport.aopen(request, limits))

        return await _awaited(opened, "headers")

    async def aclose(self) -> None:
        """Do nothing: the transport is the caller's to close."""


class _AsyncResponse:
    """An `AsyncOpenResponse` over that of a given transport, and the iterator over its body.

    What does not wait need not be asynchronous: the body may be a plain iterable, and `close` do for `aclose`.
    """

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status_code, self.headers = _head(response)
        self._pieces: Any = None

    def pieces(self) -> _AsyncResponse:
        return self

    def __aiter__(self) -> _AsyncResponse:
        return self

    async def __anext__(self) -> bytes:
        piece = await _awaited(self._next, "body")
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes | None:
        if self._pieces is None:
            pieces = self._response.pieces()
            self._pieces = pieces.__aiter__() if hasattr(pieces, "__aiter__") else iter(pieces)
        if not hasattr(self._pieces, "__anext__"):
            return _next(self._pieces)
        try:
            return _bytes(await self._pieces.__anext__())
        except StopAsyncIteration:
            return None

    async def aclose(self, *, drain: bool = False) -> None:
        # What has been read is right, however this ends.
        with contextlib.suppress(Exception):
            await self._pieces.aclose()  # of a generator, which would be closed at some other time
        with contextlib.suppress(Exception):
            close = getattr(self._response, "aclose", None) or self._response.close
            closing = close(drain=drain)
            if closing is not None:
                await closing


def _head(response: Any) -> tuple[int, Headers]:
    pairs = response.headers.items()
    headers = Headers([(_checked(name, str), _checked(value, str)) for name, value in pairs])
    return operator.index(response.status_code), headers


def _next(pieces: Iterator[Any]) -> bytes | None:
    """Return the next of `pieces`, None at their end."""
    for piece in pieces:
        return _bytes(piece)
    return None


def _bytes(piece: Any) -> bytes:
    return bytes(_checked(piece, (bytes, bytearray, memoryview)))


def _checked(value: Any, kinds: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kinds):
        raise TypeError
    return value


def _guarded(work: Callable[[], Result], phase: str) -> Result:
    """Return `work()`, with whatever somebody else's code raises as a failure of ours in that phase."""
    try:
        return work()
    except BedrockOpenAIError:
        raise
    except Exception as error:  # noqa: BLE001  (a caller's transport may raise anything)
        failure = _failure(error, phase)
    # Raised outside of the handler, so that what holds the request is not carried along.
    raise failure


async def _awaited(work: Callable[[], Awaitable[Result]], phase: str) -> Result:
    """Do what `_guarded` does, for what has to be awaited."""
    try:
        return await work()
    except BedrockOpenAIError:
        raise
    except Exception as error:  # noqa: BLE001  (as above)
        failure = _failure(error, phase)
    raise failure


def _failure(error: Exception, phase: str) -> APIConnectionError:
    return APIConnectionError(f"the given transport failed: {type(error).__name__}", phase=phase)
