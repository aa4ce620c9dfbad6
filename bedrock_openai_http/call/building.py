"""From a request's body to the HTTP request that carries it.

This module's law: the body is serialised once, to the bytes that are signed and sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..values import arguments, jsontext
from ..values.errors import ConfigurationError, RequestValidationError
from ..values.http import Headers, HTTPRequest
from ..values.request import ChatCompletionRequest, Guardrail
from ..values.wire_value import plain
from .headers import check_headers, request_headers

_URL = r"https?://[\x21-\x7e]+"


def build_http_request(
    request: ChatCompletionRequest | Mapping[str, Any],
    url: str,
    *,
    extra_headers: Mapping[str, str] | None = None,
) -> HTTPRequest:
    """Return the unsigned POST of `request`, a `ChatCompletionRequest` or a body, to a Chat Completions `url`.

    The body must have passed `validate_request`. Raises ConfigurationError for an extra header that is reserved
    or malformed, and for what is no URL; RequestValidationError for a body that is no JSON object.
    """
    url = arguments.text("url", url, "be an absolute http or https URL of visible ASCII", _URL)
    extra = check_headers(extra_headers) if extra_headers is not None else {}
    if arguments.is_a(request, ChatCompletionRequest):
        guardrail = request.guardrail
        if guardrail is not None:
            if not arguments.is_a(guardrail, Guardrail):
                raise ConfigurationError(f"guardrail: must be a Guardrail, not {type(guardrail).__name__}")
            check_headers(guardrail.headers(), "guardrail")
        return post_of(request.to_body(), url, guardrail, extra)
    body = plain(request)
    if not isinstance(body, dict):
        raise RequestValidationError("must be an object", rule="type")
    return post_of(body, url, None, extra)


def post_of(
    body: Mapping[str, Any],
    url: str,
    guardrail: Guardrail | None,
    extra_headers: Mapping[str, str],
) -> HTTPRequest:
    """Return the unsigned POST of `body`, with the headers of its `guardrail` and others, all of which are checked.

    Raises RequestValidationError for a body that cannot be written as JSON, which one that is valid can.
    """
    headers = request_headers(body.get("stream") is True, guardrail)
    built = HTTPRequest("POST", url, Headers(headers), _encoded(body))
    return built.with_headers(extra_headers) if extra_headers else built


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return jsontext.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        failure = RequestValidationError(f"cannot be written as JSON: {type(error).__name__}", rule="json-type")
    # Raised outside of the handler: what a body could not be encoded for may hold the prompt.
    raise failure
