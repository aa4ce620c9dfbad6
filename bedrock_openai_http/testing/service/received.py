"""What a server got: one HTTP request as it came off the wire.

This module holds the value only; who fills it must keep every byte: headers and target are latin-1 text, as
http.server reads them, so that encoding them as latin-1 gives back what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...values import jsontext
from ...values.http import Headers


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived. The repr shows neither headers nor the query nor the body."""

    method: str
    #: The request target, not decoded: the path and, after a "?", the query.
    target: str
    #: Each header line as (name, value), in order, as spelled.
    raw_headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    #: The request ID that the answer carries.
    request_id: str = ""

    def __repr__(self) -> str:
        return f"<ReceivedRequest {self.method} {self.path} {len(self.body)} bytes, ID {self.request_id}>"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the "?" of the target; empty where there is none."""
        return self.target.partition("?")[2]

    @property
    def headers(self) -> Headers:
        """The headers as a case-insensitive mapping."""
        return Headers(self.raw_headers)

    def values(self, name: str) -> list[str]:
        """Return the value of each header line called `name`, in any case."""
        return [value for given, value in self.raw_headers if given.lower() == name.lower()]

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError if it is none."""
        return jsontext.decode(self.body)
