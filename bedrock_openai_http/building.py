"""From a request's body to the HTTP request that carries it.

This module's law: the body is serialised once, to the bytes that are signed and sent; a header that could not
arrive as it was signed is refused, and its value is never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import jsontext
from ._version import __version__
from .errors import ConfigurationError
from .request import ChatCompletionRequest, Guardrail
from .wire import Headers, HTTPRequest

USER_AGENT = f"bedrock-openai-http/{__version__}"

# RFC 9110, 5.6.2: a token, of a length that every front end takes.
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}"
# Visible ASCII with single inner spaces: all that SigV4's canonical form and the wire agree on.
_VALUE = r"[\x21-\x7e]+( [\x21-\x7e]+)*"
#: In bytes. Front ends refuse longer header lines in untyped ways.
_VALUE_LIMIT = 8192

#: Headers that belong to the client or to the connection, not to the caller.
_RESERVED = frozenset(
    """
    authorization host content-length content-type accept accept-encoding connection keep-alive cookie
    transfer-encoding te trailer upgrade expect proxy-authorization
    x-amz-date x-amz-security-token x-amz-content-sha256
    """.split()
)


def build_http_request(
    request: ChatCompletionRequest | Mapping[str, Any],
    url: str,
    *,
    extra_headers: Mapping[str, str] | None = None,
) -> HTTPRequest:
    """Return the unsigned POST of `request`, a `ChatCompletionRequest` or a body, to a Chat Completions `url`.

    The body must have passed `validate_request`. Raises ConfigurationError for an extra header that is reserved
    or malformed.
    """
    if isinstance(request, ChatCompletionRequest):
        return post_of(request.to_body(), url, request.guardrail, extra_headers)
    return post_of(request, url, None, extra_headers)


def post_of(
    body: Mapping[str, Any],
    url: str,
    guardrail: Guardrail | None,
    extra_headers: Mapping[str, str] | None,
) -> HTTPRequest:
    """Return the unsigned POST of a valid `body`, with the headers of its `guardrail`."""
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream" if body.get("stream") else "application/json",
        # A compressed answer could hide a truncation and holds streamed text back.
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
        **(guardrail.headers() if guardrail is not None else {}),
    }
    built = HTTPRequest("POST", url, Headers(headers), jsontext.encode(body))
    return built.with_headers(check_headers(extra_headers)) if extra_headers else built


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` as a dict. Raises ConfigurationError, which names the header and never its value."""
    if not isinstance(headers, Mapping):
        raise ConfigurationError("extra_headers: must be a mapping of names to values")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not re.fullmatch(_NAME, name):
            raise ConfigurationError("extra_headers: a name is not a header name")
        if name.lower() in _RESERVED:
            raise ConfigurationError(f"extra_headers: {name} is set by the client")
        if not isinstance(value, str):
            raise ConfigurationError(f"extra_headers: the value of {name} is {type(value).__name__}, not str")
        if len(value) > _VALUE_LIMIT:
            raise ConfigurationError(f"extra_headers: the value of {name} is longer than {_VALUE_LIMIT} bytes")
        if not re.fullmatch(_VALUE, value):
            raise ConfigurationError(
                f"extra_headers: the value of {name} must be visible ASCII, with single spaces within"
            )
        checked[name] = value
    return checked
