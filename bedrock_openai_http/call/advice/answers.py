"""What an answer probably is that is no completion, or no whole stream.

A 200 may come from a proxy, from the login page of a network, or from another API of Bedrock.

This module looks at the kind of an answer only: at its headers, its first bytes and the names in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...values import jsontext

if TYPE_CHECKING:
    from ...values.completion import ChatCompletion
    from ...values.http import HTTPResponse

#: Bytes of a body that are looked at to tell its kind, and the longest body that is decoded for that.
_HEAD, _DECODED = 512, 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"

#: What is said of a stream that broke off after everything but its end mark had come.
FINISHED = "The model had finished, so `partial` probably is the whole answer."

_PAGE = re.compile(rb"<(!doctype html|html|head|body|h1|title)\b", re.IGNORECASE)
_EVENT = re.compile(rb"(data|event|id|retry)?:")


def is_page(body: bytes) -> bool:
    """Tell whether `body` is a page for a browser."""
    return _PAGE.match(_head(body)) is not None


def likely_cause(response: HTTPResponse, *, stream: bool) -> str | None:
    """Return in one line what a 2xx answer that is no completion probably is; None where it does not show.

    `stream` tells whether a stream was asked for.
    """
    if len(response.body) > _DECODED:
        return None
    try:
        body = jsontext.decode(response.body)
    except jsontext.JSONError:
        return _by_headers(response.headers) or _by_first_bytes(_head(response.body), stream)
    return cause_of_object(body, stream=stream)


def cause_of_object(body: Any, *, stream: bool) -> str | None:
    """Return what a decoded answer, or an event of a stream, probably is; None where it does not show."""
    if not isinstance(body, dict):
        return None
    api = _api_of(body)
    if api is not None:
        return f"This is an answer of {api}, not of Chat Completions: check the path of the base URL."
    if body.get("object") == "list" or "modelSummaries" in body:
        return "This is a list, such as that of the models: check the path of the base URL."
    if stream and _is_completion(body):
        return "A whole completion came in place of a stream: something on the way does not stream. Use complete()."
    return None


def cause_of_missing_end(partial: ChatCompletion | None, headers: Mapping[str, str]) -> str:
    """Return why a stream probably has no end mark; `partial` is what had arrived of it."""
    if partial is None:
        nothing = "Not one chunk had arrived: something on the way probably ended the connection."
        return _by_headers(headers) or nothing
    if partial.choices and all(choice.finish_reason for choice in partial.choices):
        return FINISHED
    return "The service, or a proxy with a time limit, probably ended the connection: use `partial`, or ask again."


def _by_headers(headers: Mapping[str, str]) -> str | None:
    if headers.get("content-type", "").split(";")[0].strip().lower() == "application/vnd.amazon.eventstream":
        return "This is AWS's binary event stream, of InvokeModel or Converse: check the path of the base URL."
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        return "The answer is compressed, though that was not asked for: something on the way probably does it."
    return None


def _by_first_bytes(head: bytes, stream: bool) -> str | None:
    if not head:
        return "The answer is empty: something on the way probably made it, or the base URL is another server's."
    if head.startswith(_GZIP):
        return "The answer is compressed, though no header says so: something on the way probably does it."
    if is_page(head):
        return "This is a web page, of a proxy or of a network's login: check HTTPS_PROXY, NO_PROXY and the base URL."
    if head.startswith(b"<"):
        return "This is XML, which is not from Chat Completions: check the path of the base URL."
    if _EVENT.match(head):
        if stream:
            return "This is an event stream with a wrong Content-Type: something on the way probably changed it."
        return "This is an event stream: was `stream` set in the body? If not, something on the way did that."
    if head[:1] in (b"{", b"[", b'"'):
        return None  # JSON that was cut or spoilt, and nobody knows where
    return "This is no JSON, so it probably comes from a proxy or from another server: check the base URL."


def _api_of(body: Mapping[str, Any]) -> str | None:
    """Return the API whose answer, or whose event, has the names of `body`; None if it is none that is known."""
    kind = str(body.get("type"))
    if body.get("object") == "response" or kind.startswith("response."):
        return "the Responses API"
    if kind == "message" or kind.startswith(("message_", "content_block_")):
        return "the Anthropic Messages API"
    if "stopReason" in body and "output" in body:
        return "the Converse API"
    if body.get("object") == "text_completion":
        return "the older Completions API"
    # Titan, Llama, Mistral, and Claude as it was.
    if not body.keys().isdisjoint(("inputTextTokenCount", "generation", "outputs", "completion")):
        return "the InvokeModel API"
    return None


def _is_completion(body: Mapping[str, Any]) -> bool:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return body.get("object") == "chat.completion" or (isinstance(first, dict) and "message" in first)


def _head(body: bytes) -> bytes:
    return body[:_HEAD].removeprefix(_BOM).lstrip()
