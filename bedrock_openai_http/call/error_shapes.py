"""What an error says, in whichever shape it says it.

Bedrock's own shapes are AWS's and OpenAI's; what stands before it or in its place (FastAPI, API gateways, Google's
and Cloudflare's services, OAuth) has others: the words as `detail`, `errors`, `msg`, a list around the error, an
object where a text belongs, a whole error as a JSON text inside a message.

This module's law: of an error only its words are taken, and names (type, code, parameter, status, request ID).
What else stands in it, such as FastAPI's `input`, may be the prompt, and is never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import Any

from ..values import jsontext
from ..values.frozen import frozen
from ..values.http import HTTPResponse

#: How much is quoted of a text among several, of an answer that is not JSON, and of any header, in characters.
EXCERPT = 200

#: Headers that the service sends and nothing on the way makes up, as nginx and envoy do with x-request-id.
_OWN_HEADERS = ("x-amzn-requestid", "x-amzn-errortype")
#: Headers of gateways whose own answers look like the service's: API Gateway (SEEN cortexlabs/cortex#1225 and
#: RhinoSecurityLabs/IPRotate_Burp_Extension#17), and Kong, which sets this one on what it answers itself.
_GATEWAY_HEADERS = ("x-amz-apigw-id", "apigw-requestid", "x-kong-response-latency")

#: Where Bedrock puts an error's words, best first.
_OWN_WORDS = ("message", "Message", "errorMessage")
#: Where others put them: FastAPI and RFC 9457 `detail`, OAuth (RFC 6749, 5.2) `error_description`.
_WORDS = (*_OWN_WORDS, "error_message", "error_msg", "msg", "error_description", "detail", "errors")

#: How many errors of a list are told, and how deep one may stand inside another.
_TOLD = 3
_DEPTH = 4

#: What is a name and no sentence: `invalid_client`, but not `Bad Request`.
_NAME = r"[A-Za-z0-9]+([_.-][A-Za-z0-9]+)+"

#: What a key is written in, escaped or not, at a cut: half a key is a secret too, and nobody would know it any more.
_CUT_KEY = r"[A-Za-z0-9._~+/=:\\%&#;-]+\Z"

#: How much of an XML body is searched, in bytes.
_XML_LIMIT = 16384
_XML_ROOT = r"(?:<\?[^>]*>\s*)?<(\w+)"
_XML_FIELD = r"<(Code|Message|message|RequestId)>([^<]+)</"


@frozen
class ErrorDetails:
    """What an error object says; each part is None where it says nothing."""

    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    status_code: int | None = None
    request_id: str | None = None


def details_of(body: Any, depth: int = 0) -> ErrorDetails:
    """Read an error of any shape; one that stands inside the message of another is preferred to what wraps it."""
    if isinstance(body, str):
        return ErrorDetails(message=body)
    if depth > _DEPTH:
        return ErrorDetails()
    if isinstance(body, list):
        return _of_list(body, depth + 1)
    if not isinstance(body, dict):
        return ErrorDetails()
    inner = body.get("error")
    found = inner if isinstance(inner, dict) else body
    places = (found,) if found is body else (found, body)
    message, nested = _words(places, depth + 1)
    # A text as `error` is the words where there are no others, and else the code if it is a name.
    title, name = _text(inner), None
    if message is None and nested is None:
        message = title or _text(found.get("title")) or _text(body.get("title"))
    elif title and re.fullmatch(_NAME, title):
        name = title
    outer = ErrorDetails(
        message=message,
        type=bare_type(_text(found.get("type")) or _text(body.get("__type")) or output_type(body)),
        code=bare_type(_text(found.get("code")) or name),
        param=_text(found.get("param")) or _location(found),
        status_code=_status(places),
        request_id=_text(body.get("request_id")) or _text(body.get("requestId")) or _text(found.get("request_id")),
    )
    return outer if nested is None else _merged(nested, outer)


def has_words(body: dict[str, Any]) -> bool:
    """Tell whether an object without a member `error` has an error's words, in any shape."""
    return _words((body,), 1) != (None, None)


def own_words(body: Any) -> str | None:
    """Return the words of an error in one of Bedrock's own shapes; None for any other."""
    if not isinstance(body, dict) or not isinstance(body.get("error", body), dict):
        return None
    found = body.get("error", body)
    words = next((text for text in (_text(found.get(key)) for key in _OWN_WORDS) if text), None)
    return (words or _text(body.get("__type")) or "").strip() or None


def xml_error(data: bytes) -> dict[str, Any] | None:
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


def bare_type(name: str | None) -> str | None:
    """Return the name in an error's type: `ThrottlingException` of `com.amazon.x#ThrottlingException:http://internal...`."""
    if not name:
        return None
    return excerpt(name.split(":", 1)[0].rsplit("#", 1)[-1].strip()) or None


def excerpt(text: str, *, is_cut: bool = False) -> str:
    """Return the beginning of `text`, which may be cut already, without half a key at its end."""
    if len(text) <= EXCERPT and not is_cut:
        return text
    return re.sub(_CUT_KEY, "", text[:EXCERPT]).rstrip()


def output_type(body: Mapping[str, Any]) -> str | None:
    """Return the type of error in the front end's answer to a path that it does not know."""
    output = body.get("Output")
    return _text(output.get("__type")) if isinstance(output, dict) else None


def _words(places: tuple[dict[str, Any], ...], depth: int) -> tuple[str | None, ErrorDetails | None]:
    """Return the first text that is an error's words, and the error that stands inside it or in place of a text."""
    texts = (_text(place.get(key)) for place in places for key in _WORDS)
    text = next((text for text in texts if text), None)
    if text is not None:
        return text, _error_in_text(text, depth)
    for place in places:
        for key in (*_WORDS, "error"):
            value = place.get(key)
            if isinstance(value, (dict, list)) and value is not places[0]:
                nested = details_of(value, depth)
                if nested.message is None and key == "errors" and isinstance(value, dict):
                    nested = ErrorDetails(message=_joined(_by_field(value)))
                if nested.message is not None:
                    return None, nested
    return None, None


def _error_in_text(text: str, depth: int) -> ErrorDetails | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = jsontext.decode(text.encode("utf-8", "surrogatepass"))
    except jsontext.JSONError:
        return None
    nested = details_of(value, depth)
    says = nested.message or nested.type or (isinstance(value, dict) and value.get("error") is not None)
    return nested if says else None


def _of_list(items: list[Any], depth: int) -> ErrorDetails:
    """Return what the first error of a list says, with the words of the first few."""
    told = [item for item in items if isinstance(item, (dict, str))]
    found = [_located(details_of(item, depth), item) for item in told[: _TOLD + 1]]
    if len(told) == 1 and isinstance(told[0], dict):
        return found[0]
    said = [details for details in found if details.message]
    if not said:
        return ErrorDetails()
    words = _joined((str(details.message) for details in said), len(told) - len(found))
    return _merged(ErrorDetails(message=words), said[0])


def _located(details: ErrorDetails, item: Any) -> ErrorDetails:
    """Return `details` with the field that they are about, FastAPI's `loc`, before their words."""
    place = _location(item) if isinstance(item, dict) else None
    if place is None or details.message is None:
        return details
    return _merged(ErrorDetails(message=f"{place}: {details.message}"), details)


def _location(found: dict[str, Any]) -> str | None:
    loc = found.get("loc")
    if not isinstance(loc, list) or not all(isinstance(part, (str, int)) for part in loc):
        return None
    return excerpt(".".join(map(str, loc[1:] if loc[:1] == ["body"] else loc))) or None


def _by_field(errors: dict[str, Any]) -> Iterator[str]:
    """Yield what ASP.NET says: a text, or a list of them, for each field."""
    for name, value in errors.items():
        for text in value if isinstance(value, list) else [value]:
            if _text(text):
                yield f"{excerpt(name)}: {text}"


def _joined(texts: Iterator[str], rest: int = 0) -> str | None:
    """Return the first few of `texts` on one line, each cut; `rest` is how many more there are than are given."""
    every = [excerpt(" ".join(text.split())) for text in texts]
    more = len(every) - _TOLD + rest
    return "; ".join(every[:_TOLD] + ([f"and {more} more"] if more > 0 else [])) or None


def _merged(first: ErrorDetails, second: ErrorDetails) -> ErrorDetails:
    both = zip(astuple(first), astuple(second), strict=True)
    return ErrorDetails(*(own if own is not None else other for own, other in both))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _status(places: tuple[dict[str, Any], ...]) -> int | None:
    """Return the status that an error names, as a number or as its three digits."""
    for place in places:
        for key in ("status_code", "statusCode", "status", "code"):
            value = place.get(key)
            if isinstance(value, str) and re.fullmatch("[3-5][0-9]{2}", value):
                return int(value)
            if isinstance(value, int) and not isinstance(value, bool) and 300 <= value <= 599:
                return value
    return None


def is_own_word(response: HTTPResponse) -> bool:
    """Tell whether an error answer is the service's own, by its headers or by an error object that says something.

    Anything else, such as a page, bare text or nothing, may be of a proxy that had passed the request on.
    """
    if any(name in response.headers for name in _GATEWAY_HEADERS):
        return False
    if any(response.headers.get(name) for name in _OWN_HEADERS):
        return True
    return own_words(decoded(response)) is not None


def decoded(response: HTTPResponse) -> Any:
    """Return the error object of an answer in JSON or XML, or whatever else it holds."""
    try:
        return jsontext.decode(response.body)
    except jsontext.JSONError:
        return xml_error(response.body)
