"""The calls that several fault tests make, and what is sent in answer to them.

This module checks nothing.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import CHUNK, CHUNKED_STREAM, DONE, PROMPT, REQUEST, http_chunk

JSON_HEAD = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r-1\r\nContent-Type: application/json\r\n"
STREAM = CHUNKED_STREAM + http_chunk(CHUNK) + http_chunk(DONE) + http_chunk(b"")
#: 20 MB: no socket takes that before its other end reads.
LONG = PROMPT * (20_000_000 // len(PROMPT))


def event(text: str, **fields: Any) -> bytes:
    """Return one chunk of a stream that adds `text`, as an event."""
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return b"data: " + json.dumps({"choices": choices, **fields}, ensure_ascii=False).encode() + b"\n\n"


def complete(client: Any, **options: Any) -> str:
    return client.complete(REQUEST, **options).text


def stream(client: Any, **options: Any) -> str:
    with client.stream(REQUEST, **options) as chunks:
        return chunks.completion().text


BOTH = pytest.mark.parametrize("ask", [complete, stream])


def read_into(texts: list[str], client: Any, **options: Any) -> None:
    """Read a stream to its end, and note the text of each of its chunks that has one."""
    with client.stream(REQUEST, **options) as stream:
        for chunk in stream:
            if chunk.text:
                texts.append(chunk.text)
