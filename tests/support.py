"""What several test files share. This module checks nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bedrock_openai_http import Headers


class RecordedResponse:
    """An open response over given pieces, which notes how it was let go."""

    status_code = 200
    headers = Headers({"x-amzn-RequestId": "r-1", "content-type": "text/event-stream"})

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.closed: list[bool] = []

    def pieces(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self, *, drain: bool = False) -> None:
        self.closed.append(drain)
