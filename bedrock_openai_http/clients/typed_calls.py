"""`parse` and `parse_stream`, as a user and a type checker see them; `typed_answers` does them.

This module costs an import next to nothing: it only says what the calls are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from ..values.forks import loading

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from ..values.parsed import Parsed
    from ..values.request import ChatCompletionRequest
    from .async_stream import PendingStream
    from .typed_answers import AsyncParsedStream, ParsedStream

T = TypeVar("T")
Request: TypeAlias = "ChatCompletionRequest | Mapping[str, Any]"
Headers: TypeAlias = "Mapping[str, str] | None"


class TypedCalls:
    """The calls of a `Client` that give a value."""

    @overload
    def parse(
        self,
        request: Request,
        kind: type[T],
        /,
        *,
        reask: int = ...,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> Parsed[T]: ...

    @overload
    def parse(
        self,
        request: Request,
        kind: Mapping[str, Any],
        /,
        *,
        reask: int = ...,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> Parsed[Any]: ...

    @overload
    def parse(
        self,
        request: Request,
        kind: TypeForm[T],
        /,
        *,
        reask: int = ...,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> Parsed[T]: ...

    def parse(
        self: Any,
        request: Request,
        kind: Any,
        /,
        *,
        reask: int = 0,
        how: str = "auto",
        deadline: float | None = None,
        extra_headers: Headers = None,
    ) -> Parsed[Any]:
        """Return the answer to `request` as a value of `kind`: see docs/structured.md for what that may be.

        `how` is "response_format", "message" (the schema in words), or "auto": by what the model is known to heed. An
        answer that does not fit is asked for again `reask` times. `deadline` (seconds) is for all of it.

        Raises ParseError, what `complete` raises, and TypeError at once for a kind that has no strict schema.
        """
        with loading():
            from .typed_answers import parse

        return parse(self, request, kind, reask, how, deadline, extra_headers)

    @overload
    def parse_stream(
        self,
        request: Request,
        kind: type[T],
        /,
        *,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> ParsedStream[T]: ...

    @overload
    def parse_stream(
        self,
        request: Request,
        kind: Mapping[str, Any],
        /,
        *,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> ParsedStream[Any]: ...

    @overload
    def parse_stream(
        self,
        request: Request,
        kind: TypeForm[T],
        /,
        *,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> ParsedStream[T]: ...

    def parse_stream(
        self: Any,
        request: Request,
        kind: Any,
        /,
        *,
        how: str = "auto",
        deadline: float | None = None,
        extra_headers: Headers = None,
    ) -> ParsedStream[Any]:
        """Return the answer as a stream that is a value of `kind` in the end, by `parsed()`.

        Raises what `stream` raises, and TypeError at once for a kind that has no strict schema.
        """
        with loading():
            from .typed_answers import parse_stream

        return parse_stream(self, request, kind, how, deadline, extra_headers)


class AsyncTypedCalls:
    """The calls of an `AsyncClient` that give a value."""

    @overload
    async def parse(
        self,
        request: Request,
        kind: type[T],
        /,
        *,
        reask: int = ...,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> Parsed[T]: ...

    @overload
    async def parse(
        self,
        request: Request,
        kind: Mapping[str, Any],
        /,
        *,
        reask: int = ...,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> Parsed[Any]: ...

    @overload
    async def parse(
        self,
        request: Request,
        kind: TypeForm[T],
        /,
        *,
        reask: int = ...,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> Parsed[T]: ...

    async def parse(
        self: Any,
        request: Request,
        kind: Any,
        /,
        *,
        reask: int = 0,
        how: str = "auto",
        deadline: float | None = None,
        extra_headers: Headers = None,
    ) -> Parsed[Any]:
        """Return the answer to `request` as a value of `kind`. Raises what `Client.parse` raises."""
        with loading():
            from .typed_answers import aparse

        return await aparse(self, request, kind, reask, how, deadline, extra_headers)

    @overload
    def parse_stream(
        self,
        request: Request,
        kind: type[T],
        /,
        *,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> PendingStream[AsyncParsedStream[T]]: ...

    @overload
    def parse_stream(
        self,
        request: Request,
        kind: Mapping[str, Any],
        /,
        *,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> PendingStream[AsyncParsedStream[Any]]: ...

    @overload
    def parse_stream(
        self,
        request: Request,
        kind: TypeForm[T],
        /,
        *,
        how: str = ...,
        deadline: float | None = ...,
        extra_headers: Headers = ...,
    ) -> PendingStream[AsyncParsedStream[T]]: ...

    def parse_stream(
        self: Any,
        request: Request,
        kind: Any,
        /,
        *,
        how: str = "auto",
        deadline: float | None = None,
        extra_headers: Headers = None,
    ) -> PendingStream[AsyncParsedStream[Any]]:
        """Return the answer as a stream that is a value of `kind` in the end, for `async with` or `await`.

        Raises TypeError at once for a kind that has no strict schema; nothing is sent until it is entered.
        """
        with loading():
            from .typed_answers import aparse_stream

        return aparse_stream(self, request, kind, how, deadline, extra_headers)
