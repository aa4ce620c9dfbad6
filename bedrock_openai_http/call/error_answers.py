"""From an error answer to the right exception, whichever of Bedrock's shapes it has.

Who refuses a call decides how: the front end answers in AWS's shapes (`{"message": ...}`, `{"Message": ...}`,
`{"__type": ...}`, with the type in the header `x-amzn-ErrorType`), the model's side in OpenAI's
(`{"error": {...}}`), sometimes with a whole error of its own as a JSON text inside `error.message`. A front end that
cannot tell what was asked for answers in XML, and a gateway in a shape of its own: `error_shapes` reads them.

This module makes an exception of any of them, and never fails on one that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..values.errors import APIStatusError, NotFoundError, RateLimitError, ResponseFormatError, status_error_class
from ..values.forks import loading
from ..values.http import Headers, HTTPResponse
from .error_shapes import EXCERPT, bare_type, decoded, details_of, excerpt, has_words, output_type

if TYPE_CHECKING:
    from .advice.causes import CallFacts

#: Where the request ID is found, best first. Bedrock sends the first two, with the same value.
REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-request-id", "x-amz-request-id")

#: The statuses that lead to another place (RFC 9110, 15.4); other ones of 300 to 399 do not.
_REDIRECTS = (301, 302, 303, 307, 308)

#: Types that say more than the status of the answer they come in, which may be 200.
_CLASS_BY_TYPE: dict[str, type[APIStatusError]] = {
    "ThrottlingException": RateLimitError,
    "ModelNotReadyException": RateLimitError,
    "UnknownOperationException": NotFoundError,
}


def request_id_of(headers: Mapping[str, str], body: Any = None) -> str | None:
    """Return the AWS request ID from the headers, else from a decoded error body, else None.

    What is no visible ASCII, or longer than EXCERPT, is no ID. Of a header that came more than once, whose values
    `Headers` joins, the first ID counts.
    """
    folded = headers if isinstance(headers, Headers) else Headers(headers)
    for name in REQUEST_ID_HEADERS:
        for each in folded.get(name, "").split(","):
            value = each.strip(" ")
            if value and _is_id(value):
                return value
    found = details_of(body).request_id
    return found if found and _is_id(found) else None


def _is_id(text: str) -> bool:
    return len(text) <= EXCERPT and text.isascii() and text.isprintable()


def is_error_object(body: Any) -> bool:
    """Tell whether a decoded body of a 2xx answer, or of one event of a stream, is an error in any known shape."""
    if not isinstance(body, dict):
        return isinstance(body, list) and any(isinstance(item, dict) and is_error_object(item) for item in body)
    # Beside choices, some gateways write an empty `error`, which is none.
    has_choices, error = body.get("choices") is not None, body.get("error")
    if error or (error is not None and not has_choices):
        return True
    if has_choices:
        return False
    kind = body.get("__type") or output_type(body)
    return (isinstance(kind, str) and kind != "") or has_words(body)


def error_from_response(response: HTTPResponse, facts: CallFacts | None = None) -> APIStatusError:
    """Return the exception for an answer with a status of 300 or more, advised by what is known of the call."""
    return error_from_object(decoded(response), response, status_code=response.status_code, facts=facts)


def error_from_object(
    body: Any, response: HTTPResponse, *, status_code: int | None = None, facts: CallFacts | None = None
) -> APIStatusError:
    """Return the exception for a decoded error `body` of `response`.

    `status_code` is None for an error inside a 200 answer: the status then is the one that the object names.
    """
    details = details_of(body)
    aws_type = bare_type(response.headers.get("x-amzn-errortype", "").split(",")[0])  # the header may come twice
    kind = aws_type or details.type or details.code
    status = status_code if status_code is not None else details.status_code
    own_class = _CLASS_BY_TYPE.get(kind or "") if status_code is None else None
    error = (own_class or status_error_class(status))(
        details.message or _fallback_message(response, status_code, kind),
        status_code=status,
        code=details.code or aws_type or details.type,
        type=kind,
        param=details.param,
        response=response,
        request_id=request_id_of(response.headers, body),
    )
    with loading():
        from .advice.advise import advise

    error.advice = advise(error, facts)
    return error


def format_error(reason: str, response: HTTPResponse, *, stream: bool) -> ResponseFormatError:
    """Return the exception for a 2xx answer that is not what the API promises, with its likely cause as advice.

    `stream` tells whether a stream was asked for.
    """
    with loading():
        from .advice.answers import likely_cause

    error = ResponseFormatError(reason, response=response, request_id=request_id_of(response.headers))
    error.advice = likely_cause(response, stream=stream)
    return error


def _fallback_message(response: HTTPResponse, status_code: int | None, kind: str | None) -> str:
    if kind == "UnknownOperationException":
        return "the service does not know this path; check the base URL and the endpoint"
    if status_code in _REDIRECTS:
        host = _host(response.headers.get("location", ""))
        return f"the service answered with a redirect to {host or 'another path'}, which is never followed"
    return f"no error message; {describe(response)}"


def _host(url: str) -> str | None:
    """Return the host that `url` names, in its own letters, by which a key in it is known; None if there is none."""
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:  # such as "http://["
        return None
    return re.sub(r":\d*$", "", host) if len(host) <= EXCERPT else None


def describe(response: HTTPResponse) -> str:
    """Return the content type of an unexpected answer and, unless it is JSON or events, how it begins."""
    content_type = excerpt(response.headers.get("content-type", "no content type"))
    start = response.body[: 4 * EXCERPT].decode("utf-8-sig", errors="replace")
    text = " ".join(start.split())
    if not text:
        return f"{content_type}, empty body"
    # What looks like JSON or events may be half a completion, and its text is not ours to repeat.
    if text.startswith(("{", "[", "data:", "event:", ":")):
        return content_type
    start = excerpt(text, is_cut=len(response.body) > 4 * EXCERPT)
    return f"{content_type}, it begins: {start}" if start else f"{content_type}, it begins with one long word"
