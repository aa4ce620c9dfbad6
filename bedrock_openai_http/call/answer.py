"""From a whole HTTP answer to a completion, or to the exception that says why there is none.

This module's law: a 2xx answer that is no completion is never handed on as one.
"""

from __future__ import annotations

from ..values import jsontext
from ..values.completion import ChatCompletion
from ..values.errors import ResponseFormatError
from ..values.http import Head, HTTPResponse
from ..values.reading import Malformed
from .error_answers import (
    describe,
    error_from_object,
    error_from_response,
    format_error,
    is_error_object,
    request_id_of,
)

#: How long an answer may be, in bytes, with any compression undone.
BODY_LIMIT = 64 * 1024 * 1024


def parse_completion(response: HTTPResponse) -> ChatCompletion:
    """Return the completion that `response` holds, with its request ID, status and headers.

    Raises APIStatusError for a status of 300 or more, and for an error object inside a 2xx answer;
    ResponseFormatError for a 2xx answer that is anything else than a completion.
    """
    return completion_of(response)


def completion_of(
    response: HTTPResponse, attempts: int | None = None, elapsed: float | None = None
) -> ChatCompletion:
    """Return what `parse_completion` returns, with the number of attempts and the seconds that the call took."""
    if not 200 <= response.status_code < 300:
        raise error_from_response(response)
    request_id = request_id_of(response.headers)
    try:
        body = jsontext.decode(response.body)
    except jsontext.JSONError as error:
        reason = f"the answer is not JSON: {error}; {describe(response)}"
    else:
        if is_error_object(body):
            raise error_from_object(body, response)
        try:
            head = HTTPResponse(response.status_code, response.headers)  # what it says is kept, not the bytes as well
            return ChatCompletion.from_dict(
                body, request_id=request_id, response=head, attempts=attempts, elapsed=elapsed
            )
        except Malformed as error:
            reason = f"the answer is no chat completion: {error}"
    raise format_error(reason, response, stream=False)


class WholeBody:
    """The body of an answer as it is read to its end, by whom ever: it may be `limit` bytes long."""

    def __init__(self, opened: Head, limit: int) -> None:
        self._head = HTTPResponse(opened.status_code, opened.headers)
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Take the next piece. Raises ResponseFormatError when it is too much."""
        self._size += len(piece)
        if self._size > self._limit:
            raise ResponseFormatError(
                f"the answer is longer than {self._limit} bytes",
                response=self._head,
                request_id=request_id_of(self._head.headers),
            )
        self._pieces.append(piece)

    def response(self) -> HTTPResponse:
        """Return the answer with its body."""
        return HTTPResponse(self._head.status_code, self._head.headers, b"".join(self._pieces))
