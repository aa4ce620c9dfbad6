"""Every header of an attempt, and why it is sent.

| header | why |
|---|---|
| `Content-Type` | the body is JSON |
| `Accept` | an event stream for a streamed call, else JSON |
| `Accept-Encoding` | `identity`: a compressed answer could hide a cut, and holds streamed text back |
| `User-Agent` | says who calls, for AWS's support |
| `X-Amzn-Bedrock-Guardrail*`, `X-Amzn-Bedrock-Trace` | the guardrail of the request or of the client |
| `OpenAI-Project` | the project of the client, on mantle |
| the caller's `extra_headers` | as given, also in place of `User-Agent` and the guardrail's; others are reserved |
| `amz-sdk-invocation-id` | the same for all attempts of a call: AWS tells repetitions from new calls by it |
| `amz-sdk-request` | the number of the attempt, and how many there may be |
| `Authorization` | the API key, or the signature of host, content type, what is AWS's, and the body |
| `X-Amz-Date`, `X-Amz-Security-Token` | what the signature was made with |

Beyond these the connection adds what frames a request: `Host`, `Content-Length` and, through a proxy, its own.

This module's law: it alone decides which headers are sent, and one that could not arrive as it was signed is refused,
with its value never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._version import __version__
from ..aws.credentials import ApiKey, Credentials
from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.http import HTTPRequest
from ..values.request import Guardrail
from .plan import Plan

USER_AGENT = f"bedrock-openai-http/{__version__}"

#: Names the project which a call on mantle belongs to (BerriAI/litellm#30163, 2026-06).
_PROJECT = "OpenAI-Project"

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
    x-amz-date x-amz-security-token x-amz-content-sha256 amz-sdk-invocation-id amz-sdk-request
    """.split()
)


def request_headers(stream: bool, guardrail: Guardrail | None) -> dict[str, str]:
    """Return the headers that every request has, and those of its guardrail."""
    return {
        "Content-Type": "application/json",
        "Accept": "text/event-stream" if stream else "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
        **(guardrail.headers() if guardrail is not None else {}),
    }


def callers_headers(given: Mapping[str, str] | None, project: str | None) -> dict[str, str]:
    """Return the caller's own headers, checked, and that of the client's project.

    Raises ConfigurationError, as `check_headers` does, and where both name a project.
    """
    headers = {} if given is None else check_headers(given)
    if project is None:
        return headers
    if any(name.lower() == _PROJECT.lower() for name in headers):
        raise ConfigurationError(f"extra_headers: {_PROJECT} is set by project=")
    return {**headers, _PROJECT: project}


def attempt(
    plan: Plan,
    invocation_id: str,
    number: int,
    found: ApiKey | Credentials,
    sign: Callable[[HTTPRequest, Credentials, str, str], HTTPRequest],
) -> HTTPRequest:
    """Return the request of attempt `number` of a call, with all of its headers, authenticated with what was `found`.

    `sign` returns a request signed with credentials, for a region and a service. Raises ConfigurationError where
    there is no region to sign for.
    """
    request = plan.request.with_headers(
        {"amz-sdk-invocation-id": invocation_id, "amz-sdk-request": f"attempt={number}; max={plan.max_attempts}"}
    )
    if isinstance(found, ApiKey):
        return request.with_headers(found.headers)
    if plan.region is None:
        raise ConfigurationError("no region to sign for: give region=, or set AWS_REGION or AWS_DEFAULT_REGION")
    return sign(request, found, plan.region, plan.to.service)


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
