r"""Takes the keys of a call out of what its failure says, in whichever form the service has written them.

A service may repeat what it was sent: AWS quotes the canonical request, a gateway shows the headers. Most write a
key as something else than it is: JSON may have any character as `\u003d`, and a backslash before a slash, with more
backslashes where a JSON text stands within another; XML and HTML have `&#61;`, `&#x3D;`, `&amp;`; a URL has `%3D`;
and one of these may hold another. So a key is looked for in the text with all of that undone, and what is taken out
is the part of the text that it was made from.

This module's law: no key of the call is left, nor as much as SHORTEST_SECRET characters of its beginning; of a text
that cannot be searched in a moment nothing is left.
"""

from __future__ import annotations

import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.entities import html5
from urllib.parse import unquote, urlsplit

from ..aws.api_keys import LONG_TERM_PREFIX
from ..aws.credentials import SHORT_TERM_PREFIX, ApiKey, Credentials
from ..values.errors import BedrockOpenAIError
from ..values.http import Headers, HTTPResponse

#: Characters. What is shorter is nobody's key, and may be an ordinary word of the answer. As many characters from the
#: beginning of a longer one are a secret too: a service, or an excerpt, may have cut it.
SHORTEST_SECRET = 16
#: What stands in the place of a secret.
MARK = "***"

#: How often escapes are undone: how deep forms of different kinds may lie within each other.
_DEPTH = 8
#: What an escape begins with.
_SIGNS = "\\%&\0"
#: The most signs in a text that is searched, and characters of one of which a part is taken out. Beyond that, which
#: no honest answer reaches, it would take many seconds: the text goes as a whole.
_MOST = 1 << 19

# NUL is every other byte of a page in UTF-16. Each form begins with a character of its own, so that all others are
# passed over quickly.
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|(.))"
    r"|%([2-7][0-9a-fA-F])"
    r"|&(?:([A-Za-z]{2,24})|#0*([0-9]{1,7})|#[xX]0*([0-9a-fA-F]{1,6}));"
    r"|\0"
)
_PREFIXES = (SHORT_TERM_PREFIX, LONG_TERM_PREFIX)
_IN_A_SIGNED_URL = r"X-Amz-(?:Signature|Security-Token)=([^&]+)"


def redact(error: BedrockOpenAIError, used: ApiKey | Credentials, proxy: str | None = None) -> None:
    """Take what a call authenticated with out of every text of `error`, and out of the answer that it holds.

    `proxy` is the URL of the proxy that the call went through, which may hold a password.
    """
    secrets = [*_secrets_of(used), *(_secrets_of_proxy(proxy) if proxy else ())]
    sought = [_Sought(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET]
    if not sought:
        return
    for name, value in list(vars(error).items()):
        if isinstance(value, str):
            setattr(error, name, _without(value, sought))
        elif isinstance(value, HTTPResponse):
            setattr(error, name, _clean_response(value, sought))
    error.args = tuple(_without(arg, sought) if isinstance(arg, str) else arg for arg in error.args)
    if error.partial is not None and error.partial.request_id is not None:
        error.partial = replace(error.partial, request_id=_without(error.partial.request_id, sought))


def redacted(text: str, used: ApiKey | Credentials) -> str:
    """Return `text` without what a call authenticated with."""
    return _without(text, [_Sought(secret) for secret in _secrets_of(used) if len(secret) >= SHORTEST_SECRET])


def _secrets_of(used: ApiKey | Credentials) -> list[str]:
    if isinstance(used, Credentials):
        return [used.secret_key, used.token or ""]
    prefix = next((prefix for prefix in _PREFIXES if used.value.startswith(prefix)), "")
    own = used.value.removeprefix(prefix)
    if not prefix or len(own) < SHORTEST_SECRET:
        return [used.value]
    # A key is the base64 of a text, and whoever has the secrets in that has the key: of a short-term one the
    # signature and the session token of a signed URL, of a long-term one what stands after a name and a colon.
    try:
        text = b64decode(own + "==").decode("ascii")
    except ValueError:
        return [own]
    return [own, *(re.findall(_IN_A_SIGNED_URL, text) if prefix == SHORT_TERM_PREFIX else text.partition(":")[2:])]


def _secrets_of_proxy(proxy: str) -> list[str]:
    """Return the password in a proxy's URL, and what a proxy gets of it for plain http: `Basic` and base64."""
    try:
        parts = urlsplit(proxy)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return []
    return [password, b64encode(f"{user}:{password}".encode()).decode()] if password else []


def _clean_response(response: HTTPResponse, sought: Sequence[_Sought]) -> HTTPResponse:
    items = response.headers.items()
    headers = Headers([(_without(name, sought), _without(value, sought)) for name, value in items])
    # As Latin-1 each byte is one character. Keys are ASCII, which is the same in every encoding that an answer has.
    body = _without(response.body.decode("latin-1"), sought).encode("latin-1")
    return replace(response, headers=headers, body=body)


class _Sought:
    """A secret as it is looked for in a text without escapes: by its head, and from there on as far as it goes."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.plain = _plain(secret) or secret
        # What all keys of a kind begin with tells none.
        self.head = self.plain if secret.startswith(_PREFIXES) else self.plain[:SHORTEST_SECRET]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the secret, or a beginning of it, stands in `text`."""
        start = text.find(self.head)
        while start >= 0:
            end = start + len(self.head)
            while end < len(text) and text[end] == self.plain[end - start : end - start + 1]:
                end += 1
            yield start, end
            start = text.find(self.head, end)


def _without(text: str, sought: Sequence[_Sought]) -> str:
    """Return `text` with MARK in place of what is sought, in every form that this module knows."""
    plain = _plain(text)
    if plain is None:
        return MARK
    if any(each.head in plain for each in sought):
        if len(text) > _MOST:
            return MARK
        text = _cut(text, sought)
    for each in sought:  # which may stand after half an escape, such as "%", and then looks like another one
        text = text.replace(each.secret, MARK)
    return text


def _plain(text: str) -> str | None:
    """Return `text` with all escapes undone; None if there are too many."""
    if sum(map(text.count, _SIGNS)) > _MOST:
        return None
    for _ in range(_DEPTH):
        undone = _ESCAPE.sub(_character, text)
        if undone == text:
            break
        text = undone
    return text


def _character(escape: re.Match[str]) -> str:
    """Return what an escape stands for; a name that HTML does not know stands for itself, NUL for nothing."""
    in_json, after_backslash, in_url, name, decimal, hexadecimal = escape.groups()
    if after_backslash is not None:
        return after_backslash
    if name is not None:
        return html5.get(f"{name};", escape[0])
    digits = in_json or in_url or hexadecimal
    code = int(digits, 16) if digits else int(decimal or 0)
    return chr(code) if 0 < code <= sys.maxunicode else ""


def _cut(text: str, sought: Sequence[_Sought]) -> str:
    """Return `text` with MARK where something that is sought stands in it."""
    plain, origins = _with_origins(text)
    kept, pieces = 0, []
    for start, end in sorted(span for each in sought for span in each.spans(plain)):
        if origins[end] > kept:  # else it lies within the one before
            pieces += [text[kept : origins[start]], MARK]
            kept = origins[end]
    return "".join([*pieces, text[kept:]])


def _with_origins(text: str) -> tuple[str, list[int]]:
    """Return what `_plain` does, and of each of its characters, and of its end, where in `text` it comes from."""
    origins = list(range(len(text) + 1))
    for _ in range(_DEPTH):
        pieces: list[str] = []
        places: list[int] = []
        last = 0
        for escape in _ESCAPE.finditer(text):
            start, end = escape.span()
            character = _character(escape)
            pieces += [text[last:start], character]
            places += origins[last:start]
            places += [origins[start]] * len(character)
            last = end
        if last == 0:
            break
        text = "".join([*pieces, text[last:]])
        origins = places + origins[last:]
    return text, origins
