"""Requests through the transport, without a client; of failures it checks that they hold no secret."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from bedrock_openai_http import BedrockOpenAIError, Headers, HTTPRequest
from bedrock_openai_http.transport.requests_transport import RequestsTransport
from bedrock_openai_http.values.http import TimeLimits

SECRET = "SECRET-prompt-or-key"


def request_to(url: str, accept: str = "application/json") -> HTTPRequest:
    headers = {"Content-Type": "application/json", "Accept": accept, "Authorization": f"Bearer {SECRET}"}
    return HTTPRequest("POST", f"{url}/openai/v1/chat/completions", Headers(headers), SECRET.encode())


def fetch(url: str, transport: RequestsTransport | None = None, **limits: Any) -> bytes:
    own = transport or RequestsTransport()
    try:
        response = own.open(request_to(url), TimeLimits(**{"connect": 5, "read": 5, **limits}))
        try:
            return b"".join(response.pieces())
        finally:
            response.close()
    finally:
        if transport is None:
            own.close()


def failure_of(url: str, **limits: Any) -> BedrockOpenAIError:
    with pytest.raises(BedrockOpenAIError) as caught:
        fetch(url, **limits)
    error = caught.value
    # What requests raises holds the whole request; ours must not, nor lead to it.
    assert error.__context__ is None
    assert error.__cause__ is None
    assert SECRET not in f"{error!s} {error!r} {vars(error)!r}"
    assert SECRET.encode() not in pickle.dumps(error)
    return error
