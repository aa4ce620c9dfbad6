"""One answer as it was recorded: its bytes taken apart, and nothing of them read as a client would read it.

This module knows HTTP's line ends and the blank lines between events, and no service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...values.http import Headers


@dataclass(frozen=True)
class RecordedAnswer:
    """One answer: its status, its headers without those that frame the body, and its body."""

    status_code: int
    headers: Headers
    body: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> RecordedAnswer:
        """Read an answer as it is on the wire: status line, headers, blank line, body."""
        head, _, body = data.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        return cls(int(status_line.split()[1]), Headers([_field(line) for line in lines]), body)

    @property
    def request_id(self) -> str | None:
        """The request ID that it was recorded with."""
        return self.headers.get("x-amzn-requestid") or self.headers.get("x-request-id")

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def events(self) -> list[bytes]:
        """The body, cut behind each blank line."""
        return [event for event in re.split(rb"(?<=\n\n)", self.body) if event]


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()
