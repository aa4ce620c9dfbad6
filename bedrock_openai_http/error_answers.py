"""From an error answer to the right exception, whichever of Bedrock's shapes it has.

Who refuses a call decides how: the front end answers in AWS's shapes (`{"message": ...}`, `{"Message": ...}`,
`{"__type": ...}`, with the type in the header `x-amzn-ErrorType`), the model's side in OpenAI's
(`{"error": {...}}`), sometimes with a whole error of its own as a JSON text inside `error.message`. A front end that
cannot tell what was asked for answers in XML.

This module reads all of them and never fails on one that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any
from urllib.parse import urlsplit

from . import jsontext
from .errors import APIStatusError, NotFoundError, RateLimitError, ResponseFormatError, status_error_class
from .forks import loading
from .frozen import frozen
from .wire import Headers, HTTPResponse

#: Where the request ID is found, best first. Bedrock sends the first two, with the same value.
REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-request-id", "x-amz-request-id")

#: How much is quoted of an answer that is not JSON, and of any header, in characters.
EXCERPT = 200

#: How much of an XML body is searched, in bytes.
_XML_LIMIT = 16384
_XML_ROOT = r"(?:<\?[^>]*>\s*)?<(\w+)"
_XML_FIELD = r"<(Code|Message|message|RequestId)>([^<]+)</"

#: Types that say more than the status of the answer they come in, which may be 200.
_CLASS_BY_TYPE: dict[str, type[APIStatusError]] = {
    "ThrottlingException": RateLimitError,
    "ModelNotReadyException": RateLimitError,
    "UnknownOperationException": NotFoundError,
}


@frozen
class ErrorDetails:
    """What an error object says; each part is None where it says nothing."""

    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    status_code: int | None = None
    request_id: str | None = None


def request_id_of(headers: Mapping[str, str], body: Any = None) -> str | None:
    """Return the AWS request ID from the headers, else from a decoded error body, else None."""
    folded = headers if isinstance(headers, Headers) else Headers(headers)
    for name in REQUEST_ID_HEADERS:
        if folded.get(name):
            return folded[name][:EXCERPT]
    return _details(body).request_id if isinstance(body, dict) else None


def is_error_object(body: Any) -> bool:
    """Tell whether a decoded body of a 2xx answer, or of one event of a stream, is an error in any known shape."""
    if not isinstance(body, dict):
        return False
    if body.get("error") is not None:
        return True
    return "choices" not in body and any(
        (
            _text(body.get("message")),
            _text(body.get("Message")),
            _text(body.get("__type")),
            _output_type(body),
        )
    )


def error_from_response(response: HTTPResponse) -> APIStatusError:
    """Return the exception for an answer with a status of 300 or more."""
    try:
        body = jsontext.decode(response.body)
    except jsontext.JSONError:
        body = _xml_error(response.body)
    return error_from_object(body, response, status_code=response.status_code)


def error_from_object(body: Any, response: HTTPResponse, *, status_code: int | None = None) -> APIStatusError:
    """Return the exception for a decoded error `body` of `response`.

    `status_code` is None for an error inside a 200 answer: the status then is the one that the object names.
    """
    details = _details(body)
    aws_type = _bare_type(response.headers.get("x-amzn-errortype"))
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
        from .advice import advise

    error.advice = advise(error)
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


def _details(body: Any, depth: int = 0) -> ErrorDetails:
    """Read an error object of any shape; one that stands as JSON inside a message is preferred to what wraps it."""
    if isinstance(body, str):
        return ErrorDetails(message=body)
    if not isinstance(body, dict):
        return ErrorDetails()
    inner = body.get("error")
    found = inner if isinstance(inner, dict) else body
    texts = (_text(found.get(key)) for key in ("message", "Message", "errorMessage"))
    message = next((text for text in texts if text), _text(inner))
    code = found.get("code")
    outer = ErrorDetails(
        message=message,
        type=_bare_type(_text(found.get("type")) or _text(body.get("__type")) or _output_type(body)),
        code=_bare_type(_text(code)),
        param=_text(found.get("param")),
        status_code=_status(found.get("status_code"), found.get("status"), code),
        request_id=_text(body.get("request_id")) or _text(body.get("requestId")) or _text(found.get("request_id")),
    )
    nested = _nested(message) if depth < 3 else None
    if nested is None:
        return outer
    both = zip(astuple(_details(nested, depth + 1)), astuple(outer), strict=True)
    return ErrorDetails(*(own if own is not None else wrapped for own, wrapped in both))


def _xml_error(data: bytes) -> dict[str, Any] | None:
    """Return the error that an XML body holds, in AWS's JSON shape; None if it holds none.

    Nothing is parsed, so nothing in it can be followed or expanded.
    """
    from html import unescape

    text = data[:_XML_LIMIT].decode("utf-8-sig", errors="replace").lstrip()
    root = re.match(_XML_ROOT, text)
    if root is None:
        return None
    fields = {name.lower(): unescape(value.strip()) for name, value in reversed(re.findall(_XML_FIELD, text))}
    kind = fields.get("code") or (root[1] if root[1].endswith("Exception") else None)
    if kind is None and "message" not in fields:
        return None
    return {"__type": kind, "message": fields.get("message"), "request_id": fields.get("requestid")}


def _nested(message: str | None) -> dict[str, Any] | None:
    if message is None or not message.lstrip().startswith("{"):
        return None
    try:
        value = jsontext.decode(message.encode("utf-8", "surrogatepass"))
    except jsontext.JSONError:
        return None
    return value if isinstance(value, dict) and is_error_object(value) else None


def _fallback_message(response: HTTPResponse, status_code: int | None, kind: str | None) -> str:
    if kind == "UnknownOperationException":
        return "the service does not know this path; check the base URL and the endpoint"
    if status_code is not None and 300 <= status_code < 400:
        host = _host(response.headers.get("location", ""))
        return f"the service answered with a redirect to {host or 'another path'}, which is never followed"
    return f"no error message; {describe(response)}"


def _host(url: str) -> str | None:
    try:
        return (urlsplit(url).hostname or "")[:EXCERPT]
    except ValueError:  # such as "http://["
        return None


def describe(response: HTTPResponse) -> str:
    """Return the content type of an unexpected answer and, unless it is JSON or events, how it begins."""
    content_type = response.headers.get("content-type", "no content type")[:EXCERPT]
    start = response.body[: 4 * EXCERPT].decode("utf-8-sig", errors="replace")
    excerpt = " ".join(start.split())[:EXCERPT]
    if not excerpt:
        return f"{content_type}, empty body"
    # What looks like JSON or events may be half a completion, and its text is not ours to repeat.
    is_ours = excerpt.startswith(("{", "[", "data:", "event:", ":"))
    return content_type if is_ours else f"{content_type}, it begins: {excerpt}"


def _bare_type(name: str | None) -> str | None:
    """Return `ThrottlingException` of `com.amazon.x#ThrottlingException:http://internal...`."""
    if not name:
        return None
    return name.split(":", 1)[0].rsplit("#", 1)[-1].strip()[:EXCERPT] or None


def _output_type(body: Mapping[str, Any]) -> str | None:
    output = body.get("Output")
    return _text(output.get("__type")) if isinstance(output, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _status(*candidates: Any) -> int | None:
    for value in candidates:
        if isinstance(value, int) and not isinstance(value, bool) and 300 <= value <= 599:
            return value
    return None
