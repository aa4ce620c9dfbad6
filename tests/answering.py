"""A transport that gives listed answers, and completions made in a line. This module checks nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bedrock_openai_http import ChatCompletion, parse_completion
from bedrock_openai_http.values.http import Headers, HTTPRequest, HTTPResponse, TimeLimits
from support import DONE, chunk

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def body(content: str | None, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """Return the body of a completion."""
    said = {"role": "assistant", "content": content, **message}
    choices = [{"index": 0, "message": said, "finish_reason": finish_reason}]
    return {"id": "c", "created": 1, "model": "m", "choices": choices, "usage": USAGE}


def completion(content: str | None, finish_reason: str = "stop", **message: Any) -> ChatCompletion:
    data = json.dumps(body(content, finish_reason, **message)).encode()
    return parse_completion(HTTPResponse(200, Headers([("x-amzn-RequestId", "r-9")]), data))


def streamed(*pieces: str, finish_reason: str = "stop") -> bytes:
    """Return the events of a stream whose content comes in these pieces."""
    return b"".join(map(chunk, pieces)) + chunk(finish_reason=finish_reason) + DONE


class Answer:
    """An open answer, whole at once."""

    def __init__(self, data: bytes, status_code: int) -> None:
        self.status_code = status_code
        kind = "text/event-stream" if data.startswith(b"data:") else "application/json"
        self.headers = Headers([("x-amzn-RequestId", "r-9"), ("Content-Type", kind)])
        self._data = data

    def pieces(self) -> Iterator[bytes]:
        yield self._data

    def close(self, *, drain: bool = False) -> None:
        pass


class Listed:
    """A transport that gives each of `answers` once: a text, a body, a stream's bytes, or a status for a refusal."""

    def __init__(self, *answers: str | dict[str, Any] | bytes | int) -> None:
        self._answers = list(answers)
        #: The bodies of the requests, in order, and the seconds that each had.
        self.requests: list[dict[str, Any]] = []
        self.deadlines: list[float | None] = []

    def open(self, request: HTTPRequest, limits: TimeLimits) -> Answer:
        self.requests.append(json.loads(request.body))
        self.deadlines.append(limits.deadline)
        answer = self._answers.pop(0)
        if isinstance(answer, int):
            return Answer(b'{"message": "no"}', answer)
        if isinstance(answer, str):
            answer = body(answer)
        return Answer(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), 200)

    def close(self) -> None:
        pass
