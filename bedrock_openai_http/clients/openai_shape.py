"""The OpenAI-shaped door, for programs that move from the OpenAI SDK: `client.chat.completions.create(...)`.

This module turns keyword arguments into a request and hands it to the client; answers are the client's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from ..values.errors import RequestValidationError
from ..values.extras import given_twice, joined
from ..values.forks import loading
from ..values.request import FIELDS, ChatCompletionRequest
from ..values.wire_value import plain

if TYPE_CHECKING:
    from ..values.completion import ChatCompletion
    from .async_client import AsyncClient
    from .async_stream import AsyncChatCompletionStream
    from .client import Client
    from .stream import ChatCompletionStream


class Completions:
    """`client.chat.completions`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @overload
    def create(
        self,
        *,
        stream: Literal[True],
        extra_headers: Mapping[str, str] | None = ...,
        extra_body: Mapping[str, Any] | None = ...,
        timeout: float | None = ...,
        **fields: Any,
    ) -> ChatCompletionStream: ...

    @overload
    def create(
        self,
        *,
        stream: Literal[False] | None = ...,
        extra_headers: Mapping[str, str] | None = ...,
        extra_body: Mapping[str, Any] | None = ...,
        timeout: float | None = ...,
        **fields: Any,
    ) -> ChatCompletion: ...

    def create(
        self,
        *,
        stream: bool | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **fields: Any,
    ) -> ChatCompletion | ChatCompletionStream:
        """Return the completion for the request whose `fields` are given, or its stream if `stream` is true.

        `fields` are those of the wire format: `model=`, `messages=`, `temperature=` and so on; None is the same
        as not given. Others are refused, or sent if the client has `unknown_fields="send"`. `timeout` (seconds)
        replaces the client's, for the headers and for each piece of the body. Raises what `Client.complete` and
        `Client.stream` raise.
        """
        request = _request_of(self._client, stream, extra_body, fields)
        send = self._client._stream if stream is True else self._client._complete
        return send(request, None, extra_headers, timeout)


class AsyncCompletions:
    """`client.chat.completions` of an AsyncClient."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @overload
    async def create(
        self,
        *,
        stream: Literal[True],
        extra_headers: Mapping[str, str] | None = ...,
        extra_body: Mapping[str, Any] | None = ...,
        timeout: float | None = ...,
        **fields: Any,
    ) -> AsyncChatCompletionStream: ...

    @overload
    async def create(
        self,
        *,
        stream: Literal[False] | None = ...,
        extra_headers: Mapping[str, str] | None = ...,
        extra_body: Mapping[str, Any] | None = ...,
        timeout: float | None = ...,
        **fields: Any,
    ) -> ChatCompletion: ...

    async def create(
        self,
        *,
        stream: bool | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **fields: Any,
    ) -> ChatCompletion | AsyncChatCompletionStream:
        """Return what `Completions.create` returns; raise what it raises."""
        request = _request_of(self._client, stream, extra_body, fields)
        if stream is True:
            streamed: AsyncChatCompletionStream = await self._client._stream(request, None, extra_headers, timeout)
            return streamed
        return await self._client._complete(request, None, extra_headers, timeout)


def _request_of(
    client: Client | AsyncClient, stream: bool | None, extra_body: Mapping[str, Any] | None, fields: dict[str, Any]
) -> ChatCompletionRequest:
    """Return the request of keyword arguments. Raises RequestValidationError."""
    with loading():
        from ..validation.validate import check_field_names

    if client._planner.options.unknown_fields == "send":
        unknown = {name: fields.pop(name) for name in fields.keys() - set(FIELDS)}
        extra_body = _with(unknown, extra_body)
    check_field_names(fields)
    for name in ("model", "messages"):
        if name not in fields:
            raise RequestValidationError("is required", json_path=f"$.{name}", rule="required")
    return _request({**fields, "stream": stream, "extra_body": extra_body})


def _with(unknown: dict[str, Any], extra_body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return `extra_body` with the fields that this version does not know, of which None is not given."""
    given = {name: value for name, value in unknown.items() if value is not None}
    extra = {} if extra_body is None else plain(extra_body)
    if not given or not isinstance(extra, dict):  # which is refused later
        return extra_body
    for place in given_twice(given, extra):
        message = "is given both as a field and in extra_body"
        raise RequestValidationError(message, json_path=f"$.{'.'.join(place)}", rule="given-twice")
    return joined(given, extra)


def _request(fields: dict[str, Any]) -> ChatCompletionRequest:
    try:
        return ChatCompletionRequest(**fields)
    except Exception as error:  # noqa: BLE001  (a list of the caller's own class is copied, and may raise anything)
        failure = RequestValidationError(f"cannot be read: {type(error).__name__} was raised", rule="json-type")
    # Raised outside of the handler: what the caller's code raises may hold the prompt.
    raise failure


class Chat:
    """`client.chat`."""

    def __init__(self, client: Client) -> None:
        self.completions = Completions(client)


class AsyncChat:
    """`client.chat` of an AsyncClient."""

    def __init__(self, client: AsyncClient) -> None:
        self.completions = AsyncCompletions(client)
