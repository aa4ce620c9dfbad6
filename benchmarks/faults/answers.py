"""What the two services answer, as bytes on the wire: Chat Completions, and boto3's Converse.

A fault is the same for both, so a script asks this module for "a good answer" and gets the one that suits the
request. This module knows shapes; which of them go wrong, the cases say.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from server import Received

REQUEST_ID = "6c4f7b1e-2b57-4d0e-9b0a-0f6f5a4c2d11"
USAGE = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}


def http(
    body: bytes, status: str = "200 OK", *, kind: str = "application/json", length: int | None = None, **more: Any
) -> bytes:
    """Return a whole answer. `length` is what Content-Length says, if not the truth; `more` are other headers."""
    fields = {
        "Content-Type": kind,
        "Content-Length": str(len(body) if length is None else length),
        # Bedrock sends its request ID under both names.
        "x-amzn-RequestId": REQUEST_ID,
        "X-Request-ID": REQUEST_ID,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def body(received: Received, text: str = "hi") -> bytes:
    """Return the JSON of an answer that says `text`."""
    message: dict[str, Any]
    whole: dict[str, Any]
    if received.converse:
        message = {"role": "assistant", "content": [{"text": text}]}
        whole = {
            "output": {"message": message},
            "stopReason": "end_turn",
            "usage": USAGE,
            "metrics": {"latencyMs": 1},
        }
    else:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(whole).encode()


def good(received: Received, text: str = "hi", **more: Any) -> bytes:
    """Return a whole good answer that says `text`."""
    return http(body(received, text), **more)


def refusal(status: str, error_type: str, **more: Any) -> bytes:
    """Return an error as AWS words it, with the type in the header that both APIs use."""
    url = "http://internal.amazon.com/coral/com.amazon.bedrock/"
    return http(b'{"message": "the reason"}', status, x_amzn_ErrorType=f"{error_type}:{url}", **more)


def stream_head(received: Received, *, chunked: bool = True) -> bytes:
    """Return the head of a streamed answer, chunked or ended by the connection's end."""
    kind = "application/vnd.amazon.eventstream" if received.converse else "text/event-stream"
    framing = "Transfer-Encoding: chunked" if chunked else "Connection: close"
    ids = f"x-amzn-RequestId: {REQUEST_ID}\r\nX-Request-ID: {REQUEST_ID}\r\n"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{framing}\r\n{ids}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """Return `data` as one HTTP chunk; the last one for b""."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(received: Received, text: str) -> bytes:
    """Return the event that adds `text` to the answer."""
    if received.converse:
        return _aws_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})
    return sse(text)


def sse(text: str) -> bytes:
    """Return the server-sent event that adds `text` to the answer."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(whole, ensure_ascii=False).encode() + b"\n\n"


def end(received: Received) -> bytes:
    """Return the events that end a stream."""
    if not received.converse:
        return b"data: [DONE]\n\n"
    stop = _aws_event("messageStop", {"stopReason": "end_turn"})
    return stop + _aws_event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})


def _aws_event(name: str, payload: dict[str, Any]) -> bytes:
    """Return one message of AWS's event-stream encoding: lengths and their CRC, headers, payload, CRC of all."""
    fields = {":message-type": "event", ":event-type": name, ":content-type": "application/json"}
    headers = b"".join(
        struct.pack("!B", len(key)) + key.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for key, value in fields.items()
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + data
    return message + struct.pack("!I", zlib.crc32(message))
