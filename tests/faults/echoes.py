"""A service that repeats keys, in every form in which services write them, and a reader who undoes all of these.

The reader shares no code with the package. This module checks nothing.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from bedrock_openai_http import BedrockOpenAIError, Headers, HTTPRequest
from bedrock_openai_http.values.http import TimeLimits
from secrets_check import texts_within

#: Characters of a key of which none may be left in a row, from its beginning.
SHORTEST = 16


def _escaped(text: str, form: Callable[[str], str], every: bool = False) -> str:
    return "".join(form(char) if every or not char.isalnum() else char for char in text)


def _unicode(char: str) -> str:
    return f"\\u{ord(char):04x}"


def _slashes(text: str) -> str:
    return json.dumps(text)[1:-1].replace("/", "\\/")


def _nested(text: str) -> str:
    return json.dumps(text)[1:-1]


#: How a service writes a text, by the name of the form.
FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "JSON, punctuation": lambda text: _escaped(text, _unicode),
    "JSON, capitals": lambda text: _escaped(text, lambda char: f"\\u{ord(char):04X}"),
    "JSON, everything": lambda text: _escaped(text, _unicode, every=True),
    "JSON, slashes": _slashes,
    "JSON in JSON, slashes": lambda text: _nested(_slashes(text)),
    "JSON in JSON in JSON, slashes": lambda text: _nested(_nested(_slashes(text))),
    "JSON in JSON, punctuation": lambda text: _nested(_escaped(text, _unicode)),
    "JSON in JSON in JSON, punctuation": lambda text: _nested(_nested(_escaped(text, _unicode))),
    "XML": lambda text: html.escape(text),
    "XML, decimal": lambda text: _escaped(text, lambda char: f"&#{ord(char)};"),
    "XML, zeros": lambda text: _escaped(text, lambda char: f"&#{ord(char):07};"),
    "XML, hexadecimal": lambda text: _escaped(text, lambda char: f"&#x{ord(char):X};"),
    "XML, zeros, hexadecimal": lambda text: _escaped(text, lambda char: f"&#X{ord(char):06x};"),
    "XML, everything": lambda text: _escaped(text, lambda char: f"&#x{ord(char):x};", every=True),
    "HTML, names": lambda text: _escaped(text, lambda char: NAMES.get(char, char)),
    "XML in XML": lambda text: html.escape(_escaped(text, lambda char: f"&#{ord(char)};")),
    "URL": lambda text: quote(text, safe=""),
    "URL, small letters": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "URL in URL": lambda text: quote(quote(text, safe=""), safe=""),
    "XML in JSON": lambda text: _escaped(text, lambda char: f"\\u0026#{ord(char)};"),
    "URL in XML": lambda text: quote(text, safe="").replace("%", "&#37;"),
    "URL in XML in JSON": lambda text: quote(text, safe="").replace("%", "\\u0026#x25;"),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
}
NAMES = {"=": "&equals;", "+": "&plus;", "/": "&sol;", ":": "&colon;", ".": "&period;", "&": "&amp;", "%": "&percnt;"}


def readings(text: str) -> Iterator[str]:
    """Yield `text` and all that can be read in it by undoing escapes, of one kind after another."""
    seen, left = {text}, [text]
    while left:
        here = left.pop()
        yield here
        for undone in (
            html.unescape(here),
            unquote(here),
            re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), here),
            re.sub(r"\\+(.)", r"\1", here),
            here.replace("\0", ""),
        ):
            if undone not in seen:
                seen.add(undone)
                left.append(undone)


def leaks(error: BedrockOpenAIError, *secrets: str) -> list[str]:
    """Return the texts of `error`, and of all that it holds or leads to, in which a secret or half of one is read."""
    pieces = [secret[:SHORTEST] for secret in secrets]
    assert all(len(piece) == SHORTEST for piece in pieces)
    return [
        text
        for text in {str(error), repr(error), *texts_within(error)}
        if any(piece in reading for reading in readings(text) for piece in pieces)
    ]


class Answer:
    """An open answer as a transport gives it."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status_code = status
        self.headers = Headers({"x-amzn-RequestId": "r-1", **headers})
        self._body = body

    def pieces(self) -> Iterator[bytes]:
        yield self._body

    def close(self, *, drain: bool = False) -> None:
        pass


class Echo:
    """A transport whose service answers each request with `answer(what it repeats)`."""

    def __init__(self, answer: Callable[[str], Answer], repeated: str) -> None:
        self.requests: list[HTTPRequest] = []
        self._answer = answer
        self._repeated = repeated

    def open(self, request: HTTPRequest, limits: TimeLimits) -> Any:
        self.requests.append(request)
        return self._answer(self._repeated)

    def close(self) -> None:
        pass
