"""One event of a stream: a chunk, an error of the service, or something that has no place there.

This module judges an event that has data; when a stream is over is for `decode`.
"""

from __future__ import annotations

from typing import Any

from ..values import jsontext
from ..values.chunk import ChatCompletionChunk, ChunkReader
from ..values.errors import ResponseFormatError
from ..values.forks import loading
from ..values.http import HTTPResponse
from ..values.reading import Malformed
from .error_answers import error_from_object, is_error_object


def chunk_of(data: bytes, name: str, reader: ChunkReader, response: HTTPResponse) -> ChatCompletionChunk:
    """Return the chunk that `data`, that of an event called `name`, holds.

    Raises APIStatusError for an error object, and ResponseFormatError for what is no chunk.
    """
    try:
        body = jsontext.decode(data)
    except jsontext.JSONError as error:
        if name == "error":
            raise error_from_object(data.decode("utf-8", errors="replace"), response) from None
        body, reason = None, f"an event of the stream is not JSON: {error}"
    else:
        if name == "error" or is_error_object(body):
            raise error_from_object(body, response)
        try:
            chunk = reader.read(body)
            # Without choices it is an empty chunk, unless it shows that it is an answer of another API.
            if chunk.choices or "choices" in body or _cause(body) is None:
                return chunk
            reason = "an event of the stream is no chunk: $.choices is missing or null, not an array"
        except Malformed as error:
            reason = f"an event of the stream is no chunk: {error}"
    failure = ResponseFormatError(reason, response=response)
    failure.advice = _cause(body)
    raise failure


def _cause(body: Any) -> str | None:
    """Return what an event probably is that is no chunk; None where it does not show."""
    with loading():
        from .advice.answers import cause_of_object

    return cause_of_object(body, stream=True)
