"""From a request's body to the HTTP request that carries it.

This module's law: the body is serialised once, to the bytes that are signed and sent; a header that could not
arrive as it was signed is refused, and its value is never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._version import __version__
from ..values import arguments, jsontext
from ..values.errors import ConfigurationError, RequestValidationError
from ..values.http import Headers, HTTPRequest
from ..values.request import ChatCompletionRequest, Guardrail
from ..values.wire_value import plain

USER_AGENT = f"bedrock-openai-http/{__version__}"

_URL = r"https?://[\x21-\x7e]+"
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
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream" if body.get("stream") is True else "application/json",
        # A compressed answer could hide a truncation and holds streamed text back.
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
        **(guardrail.headers() if guardrail is not None else {}),
    }
    built = HTTPRequest("POST", url, Headers(headers), _encoded(body))
    return built.with_headers(extra_headers) if extra_headers else built


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return jsontext.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        failure = RequestValidationError(f"cannot be written as JSON: {type(error).__name__}", rule="json-type")
    # Raised outside of the handler: what a body could not be encoded for may hold the prompt.
    raise failure


def check_headers(headers: Any, argument: str = "extra_headers") -> dict[str, str]:
    """Return `headers`, a mapping, as a dict of plain texts.

    Raises ConfigurationError, which names the `argument` and the header, and never its value.
    """
    checked: dict[str, str] = {}
    for given, value in arguments.pairs(argument, headers, "be a mapping of names to values"):
        name, text = arguments.plain_text(given), arguments.plain_text(value)
        if name is None or not re.fullmatch(_NAME, name):
            raise ConfigurationError(f"{argument}: a name is not a header name")
        if name.lower() in _RESERVED:
            raise ConfigurationError(f"{argument}: {name} is set by the client")
        if text is None:
            raise ConfigurationError(f"{argument}: the value of {name} is {type(value).__name__}, not str")
        if len(text) > _VALUE_LIMIT:
            raise ConfigurationError(f"{argument}: the value of {name} is longer than {_VALUE_LIMIT} bytes")
        if not re.fullmatch(_VALUE, text):
            raise ConfigurationError(
                f"{argument}: the value of {name} must be visible ASCII, with single spaces within"
            )
        checked[name] = text
    return checked
