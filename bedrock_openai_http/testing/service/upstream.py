"""A real model behind a LocalEndpoint: any server that speaks OpenAI's Chat Completions.

This module passes requests on with http.client and hands the answer back as it arrives, byte for byte. It never
passes on who asked: no header of the client goes upstream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from ...values import arguments, jsontext
from ...values.errors import ConfigurationError
from ...values.http import is_ip_address

#: Seconds that the upstream server may be silent; a model on a small machine takes its time.
TIMEOUT_SECONDS = 600.0

#: Fields with this prefix mean something to Amazon only, and other servers may refuse them.
AMAZON_PREFIX = "amazon-bedrock-"

#: What may stand in a URL or a header: printable ASCII without spaces.
_VISIBLE = re.compile("[!-~]+")


class UpstreamError(ConnectionError):
    """The upstream server gave no whole answer. The text names the kind of failure, and no more."""


@dataclass(frozen=True)
class UpstreamAnswer:
    """An answer of which status and headers have arrived."""

    response: HTTPResponse

    @property
    def content_type(self) -> str:
        """The media type as the server names it."""
        return self.response.headers.get("Content-Type", "application/octet-stream")

    def read(self) -> bytes:
        """Return the whole body. Raises UpstreamError if it ends too early."""
        with _failures_named():
            return self.response.read()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Raises UpstreamError if it breaks off."""
        while True:
            with _failures_named():
                piece = self.response.read1(65536)
            if not piece:
                return
            yield piece


@dataclass(frozen=True)
class Upstream:
    """An OpenAI-compatible server: `url` is the root that `/chat/completions` is appended to.

    `key` is sent as a bearer token; `model` takes the place of the model that the client names. Raises
    ConfigurationError if the URL or the key cannot be used.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    model: str | None = None

    def __post_init__(self) -> None:
        for name, argument in (("url", "upstream"), ("key", "upstream_key"), ("model", "upstream_model")):
            if getattr(self, name) is not None or name == "url":
                object.__setattr__(self, name, arguments.text(argument, getattr(self, name)))
        if not _is_root_url(self.url):
            raise ConfigurationError("upstream: give the http or https root URL of a server, without a query")
        if "@" in urlsplit(self.url).netloc:
            raise ConfigurationError("upstream: the URL holds a user name or password; give upstream_key instead")
        if self.key is not None and not _VISIBLE.fullmatch(self.key):
            raise ConfigurationError("upstream_key: the key is empty or has a character that no key has")

    @contextmanager
    def ask(self, body: Mapping[str, Any]) -> Iterator[UpstreamAnswer]:
        """Send `body` and give the answer. Raises UpstreamError if there is none."""
        headers = {"Content-Type": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        with closing(self._connection()) as connection:
            with _failures_named():
                path = urlsplit(self.url).path.rstrip("/") + "/chat/completions"
                connection.request("POST", path, jsontext.encode(self._translated(body)), headers)
                response = connection.getresponse()
            with response:
                yield UpstreamAnswer(response)

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)

    def _translated(self, body: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in body.items() if not name.startswith(AMAZON_PREFIX)}
        return kept if self.model is None else {**kept, "model": self.model}


def _is_root_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Looked at because that is when a port that is none raises.
    except ValueError:
        return False
    host = parts.hostname or ""
    # Brackets are for IPv6: what else may stand in them would be taken for a name.
    bracketed = ":" in host and "%" not in host and is_ip_address(host)
    schemed = parts.scheme in ("http", "https") and (bracketed if "[" in parts.netloc else bool(host))
    return schemed and not parts.query and not parts.fragment and bool(_VISIBLE.fullmatch(url))


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        raise UpstreamError(type(error).__name__) from error
