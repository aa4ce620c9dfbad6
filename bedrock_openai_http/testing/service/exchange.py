"""One request and its answer, in the forms that Bedrock gives its answers.

This module knows what a success, a refusal by AWS's front end and a refusal by the model's side look like on
the wire. Every answer carries a request ID, twice, as Bedrock's do; the log names it, and never a body or a
secret.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .received import ReceivedRequest
from .recorded_answer import RecordedAnswer
from .server import Connection

#: Where one line is logged for each answer, at level INFO: method, path, status, request ID.
logger = logging.getLogger("bedrock_openai_http.testing")

#: What follows an error's name in `x-amzn-ErrorType`.
CORAL = "http://internal.amazon.com/coral/com.amazon.coral.service/"


class Exchange:
    """Receives the request that a connection has begun to read, and sends one answer to it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._request_id = str(uuid.uuid4())
        #: Whether an answer has begun, so that no other can be given.
        self.begun = False

    def receive(self, limit: int) -> ReceivedRequest:
        """Return the request. Raises BodyError if its body cannot be taken or is over `limit` bytes."""
        connection = self._connection
        return ReceivedRequest(
            method=connection.command,
            target=connection.target,
            raw_headers=tuple((name, str(value)) for name, value in connection.headers.raw_items()),
            body=connection.read_body(limit),
            request_id=self._request_id,
        )

    def send_json(self, status: int, body: Mapping[str, Any], **headers: str) -> None:
        """Send `body` as JSON, its keys in alphabetical order as Bedrock sends them."""
        self.send(status, "application/json", json_text(body), **headers)

    def send(self, status: int, content_type: str, body: bytes, **headers: str) -> None:
        """Send a whole answer."""
        self._begin(status)
        self._connection.send_whole(status, {**self._headers(content_type), **headers}, body)

    def send_stream(self, status: int, content_type: str, pieces: Iterable[bytes]) -> None:
        """Send an answer piece by piece; if `pieces` raises, the answer stays visibly incomplete."""
        self._begin(status)
        self._send_pieces(status, self._headers(content_type), pieces)

    def play(self, answer: RecordedAnswer) -> None:
        """Send a recorded answer as it is, with its own request ID; a stream event by event."""
        self._request_id = answer.request_id or self._request_id
        self._begin(answer.status_code)
        headers = dict(answer.headers)
        if answer.is_stream:
            self._send_pieces(answer.status_code, headers, answer.events)
        else:
            self._connection.send_whole(answer.status_code, headers, answer.body)

    def refuse_as_aws(self, status: int, error_type: str, message: str) -> None:
        """Refuse as AWS's front end does, which spells the key of the text in two ways."""
        denied = error_type == "AccessDeniedException"
        header = f"{error_type}:{CORAL}#{error_type}" if denied else f"{error_type}:{CORAL}"
        self.send_json(status, {"Message" if denied else "message": message}, **{"x-amzn-ErrorType": header})

    def refuse_as_openai(self, status: int, code: str, type: str, message: str, param: str | None) -> None:
        """Refuse as the model's side does."""
        error = {"code": code, "message": message, "param": param, "type": type}
        self.send_json(status, {"error": error})

    def _send_pieces(self, status: int, headers: dict[str, str], pieces: Iterable[bytes]) -> None:
        self._connection.start_stream(status, headers)
        for piece in pieces:
            self._connection.send_piece(piece)
        self._connection.send_piece(b"")

    def _headers(self, content_type: str) -> dict[str, str]:
        return {
            "Content-Type": content_type,
            "x-amzn-RequestId": self._request_id,
            "X-Request-ID": self._request_id,
        }

    def _begin(self, status: int) -> None:
        self.begun = True
        connection = self._connection
        # Quoted, so that a path with control characters cannot forge a line of the log.
        path = quote(connection.target.partition("?")[0], safe="/%~:")
        logger.info("%s %s %d %s", quote(connection.command), path, status, self._request_id)


def json_text(value: Mapping[str, Any]) -> bytes:
    """Return `value` as compact JSON with sorted keys, in UTF-8 without escapes, like Bedrock's."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def event(data: bytes) -> bytes:
    """Return `data`, which has no line break, as one server-sent event."""
    return b"data: " + data + b"\n\n"
