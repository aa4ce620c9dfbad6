"""A real model behind a LocalEndpoint: any server that speaks OpenAI's Chat Completions.

This module passes requests on with http.client and hands the answer back as it arrives, byte for byte. It
never passes on who asked: no header of the client goes upstream.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .. import jsontext
from ..errors import ConfigurationError

#: Seconds that the upstream server may be silent; a model on a small machine takes its time.
TIMEOUT_SECONDS = 600.0

#: Fields with this prefix mean something to Amazon only, and other servers may refuse them.
AMAZON_PREFIX = "amazon-bedrock-"


class UpstreamError(Exception):
    """The upstream server gave no answer. The text says which kind of failure it was, and no more."""


@dataclass(frozen=True)
class Upstream:
    """An OpenAI-compatible server: `url` is the root that `/chat/completions` is appended to.

    `key` is sent as a bearer token; `model` takes the place of the model that the client names.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    model: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ConfigurationError("upstream: give the http or https root URL of a server, without a query")
        if parts.username is not None or parts.password is not None:
            raise ConfigurationError("upstream: the URL holds a user name or password; give upstream_key instead")

    def body_for(self, body: Mapping[str, Any]) -> bytes:
        """Return what is sent for the client's `body`: the model replaced, Amazon's own fields left out."""
        kept = {name: value for name, value in body.items() if not name.startswith(AMAZON_PREFIX)}
        return jsontext.encode(kept if self.model is None else {**kept, "model": self.model})

    @contextmanager
    def ask(self, body: Mapping[str, Any]) -> Iterator[http.client.HTTPResponse]:
        """Send `body` and give the answer, its body not yet read. Raises UpstreamError if there is none."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"Content-Type": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            try:
                path = parts.path.rstrip("/") + "/chat/completions"
                connection.request("POST", path, self.body_for(body), headers)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise UpstreamError(type(error).__name__) from error
            with response:
                yield response
        finally:
            connection.close()
