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

#: Headers that the service sends and nothing on the way makes up, as nginx and envoy do with x-request-id.
_OWN_HEADERS = ("x-amzn-requestid", "x-amzn-errortype")
#: Headers of gateways whose own answers look like the service's: API Gateway (SEEN cortexlabs/cortex#1225 and
#: RhinoSecurityLabs/IPRotate_Burp_Extension#17), and Kong, which sets this one on what it answers itself.
_GATEWAY_HEADERS = ("x-amz-apigw-id", "apigw-requestid", "x-kong-response-latency")

#: How much is quoted of an answer that is not JSON, and of any header, in characters.
EXCERPT = 200

#: What a key is written in, escaped or not, at a cut: half a key is a secret too, and nobody would know it any more.
_CUT_KEY = r"[A-Za-z0-9._~+/=:\\%&#;-]+\Z"

#: The statuses that lead to another place (RFC 9110, 15.4); other ones of 300 to 399 do not.
_REDIRECTS = (301, 302, 303, 307, 308)

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
    """Return the AWS request ID from the headers, else from a decoded error body, else None.

    What is no visible ASCII, or longer than EXCERPT, is no ID.
    """
    folded = headers if isinstance(headers, Headers) else Headers(headers)
    for name in REQUEST_ID_HEADERS:
        found = folded.get(name)
        if found and _is_id(found):
            return found
    found = _details(body).request_id if isinstance(body, dict) else None
    return found if found and _is_id(found) else None


def _is_id(text: str) -> bool:
    return len(text) <= EXCERPT and text.isascii() and text.isprintable()


def is_error_object(body: Any) -> bool:
    """Tell whether a decoded body of a 2xx answer, or of one event of a stream, is an error in any known shape."""
    if not isinstance(body, dict):
        return False
    error = body.get("error")
    if body.get("choices") is not None:
        return bool(error)  # some gateways write an empty one beside the choices of every answer
    return error is not None or any(
        (
            _text(body.get("message")),
            _text(body.get("Message")),
            _text(body.get("__type")),
            _output_type(body),
        )
    )


def is_own_word(response: HTTPResponse) -> bool:
    """Tell whether an error answer is the service's own, by its headers or by an error object that says something.

    Anything else, such as a page, bare text or nothing, may be of a proxy that had passed the request on.
    """
    if any(name in response.headers for name in _GATEWAY_HEADERS):
        return False
    if any(response.headers.get(name) for name in _OWN_HEADERS):
        return True
    body = _decoded(response)
    if not isinstance(body, dict) or not isinstance(body.get("error", body), dict):
        return False
    return bool((_details(body).message or _text(body.get("__type")) or "").strip())


def error_from_response(response: HTTPResponse) -> APIStatusError:
    """Return the exception for an answer with a status of 300 or more."""
    return error_from_object(_decoded(response), response, status_code=response.status_code)


def _decoded(response: HTTPResponse) -> Any:
    """Return the error object of an answer in JSON or XML, or whatever else it holds."""
    try:
        return jsontext.decode(response.body)
    except jsontext.JSONError:
        return _xml_error(response.body)


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
    content_type = _excerpt(response.headers.get("content-type", "no content type"))
    start = response.body[: 4 * EXCERPT].decode("utf-8-sig", errors="replace")
    text = " ".join(start.split())
    if not text:
        return f"{content_type}, empty body"
    # What looks like JSON or events may be half a completion, and its text is not ours to repeat.
    if text.startswith(("{", "[", "data:", "event:", ":")):
        return content_type
    excerpt = _excerpt(text, is_cut=len(response.body) > 4 * EXCERPT)
    return f"{content_type}, it begins: {excerpt}" if excerpt else f"{content_type}, it begins with one long word"


def _excerpt(text: str, *, is_cut: bool = False) -> str:
    """Return the beginning of `text`, which may be cut already, without half a key at its end."""
    if len(text) <= EXCERPT and not is_cut:
        return text
    return re.sub(_CUT_KEY, "", text[:EXCERPT]).rstrip()


def _bare_type(name: str | None) -> str | None:
    """Return `ThrottlingException` of `com.amazon.x#ThrottlingException:http://internal...`."""
    if not name:
        return None
    return _excerpt(name.split(":", 1)[0].rsplit("#", 1)[-1].strip()) or None


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
