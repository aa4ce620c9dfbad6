"""Requests through the transport for event loops, without a client. This module checks nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bedrock_openai_http import APIConnectionError, Headers, HTTPRequest
from bedrock_openai_http.transport.aio.answer import AiohttpAnswer
from bedrock_openai_http.transport.aio.transport import AiohttpTransport
from bedrock_openai_http.values.http import TimeLimits

SECRET = "SECRET-prompt-or-key"
#: 20 MB: no socket takes that before its other end reads.
LONG = b"x" * 20_000_000


def request_to(url: str, body: bytes = b"{}", accept: str = "application/json") -> HTTPRequest:
    headers = {"Content-Type": "application/json", "Accept": accept, "Authorization": f"Bearer {SECRET}"}
    return HTTPRequest("POST", f"{url}/openai/v1/chat/completions", Headers(headers), body)


@asynccontextmanager
async def transport_of(session: Any = None) -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport(session)
    try:
        yield made
    finally:
        await made.aclose()


async def opened(transport: AiohttpTransport, url: str, body: bytes = b"{}", **limits: Any) -> AiohttpAnswer:
    answer: Any = await transport.aopen(request_to(url, body), TimeLimits(**{"connect": 5, "read": 5, **limits}))
    return answer


async def fetch(transport: AiohttpTransport, url: str, body: bytes = b"{}", **limits: Any) -> bytes:
    answer = await opened(transport, url, body, **limits)
    try:
        return b"".join([piece async for piece in answer])
    finally:
        await answer.aclose()


async def failure_of(transport: AiohttpTransport, url: str, body: bytes = b"{}", **limits: Any) -> APIConnectionError:
    """Return the failure of a call, which must be one of a connection, and lead to no request."""
    with pytest.raises(APIConnectionError) as caught:
        await fetch(transport, url, body, **limits)
    error = caught.value
    assert error.__cause__ is error.__context__ is None
    assert SECRET not in f"{error!r} {vars(error)!r}"
    return error


def connector_of(transport: AiohttpTransport) -> Any:
    """Return the connector of the only pool of `transport`."""
    (pool,) = transport._pools.values()
    return pool.session.connector
