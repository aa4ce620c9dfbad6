"""A model of listed answers, and tools for it. This module checks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bedrock_openai_http import ChatCompletionRequest, Headers, UserMessage
from bedrock_openai_http.values.http import HTTPRequest, TimeLimits
from support import MODEL

REQUEST = ChatCompletionRequest(MODEL, [UserMessage("SECRET prompt")])
USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}


def call(name: str, arguments: Any = "", call_id: str = "call_0") -> dict[str, Any]:
    """Return a call of a function in wire form; arguments that are no text are put into JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def custom(name: str, text: str, call_id: str = "call_0") -> dict[str, Any]:
    return {"id": call_id, "type": "custom", "custom": {"name": name, "input": text}}


def answer(*said: Any, finish: str | None = None, usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    """Return the body of an answer: of a text, or of calls, which get IDs by their place."""
    text = "".join(each for each in said if isinstance(each, str)) or None
    calls = [each for each in said if not isinstance(each, str)]
    calls = [{**each, "id": f"call_{index}"} for index, each in enumerate(calls)]
    body = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {}), **message}
    finish = finish or ("tool_calls" if calls else "stop")
    return {
        "id": "c", "model": "m", "usage": usage,
        "choices": [{"index": 0, "message": body, "finish_reason": finish}],
    }  # fmt: skip


class Answer:
    """An open answer of the service."""

    def __init__(self, body: Any, streamed: bool, status: int = 200) -> None:
        self.status_code = status
        kind = "text/event-stream" if streamed else "application/json"
        self.headers = Headers({"x-amzn-RequestId": "r-1", "content-type": kind})
        self._body = b"".join(_events(body)) if streamed else json.dumps(body).encode()

    def pieces(self) -> Iterator[bytes]:
        yield self._body

    def close(self, *, drain: bool = False) -> None: ...


class Model:
    """A transport that gives the listed answers, one for each request, and notes what was asked.

    An answer is a body, a status with a body, or an exception to raise.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []
        self.limits: list[TimeLimits] = []
        self.requests: list[HTTPRequest] = []

    def open(self, request: HTTPRequest, limits: TimeLimits) -> Answer:
        self.requests.append(request)
        self.bodies.append(json.loads(request.body))
        self.limits.append(limits)
        given = self.answers.pop(0)
        if isinstance(given, BaseException):
            raise given
        status, body = given if isinstance(given, tuple) else (200, given)
        return Answer(body, bool(self.bodies[-1].get("stream")) and status == 200, status)

    def close(self) -> None: ...

    @property
    def told(self) -> list[str]:
        """The results that the model has read last."""
        return results(self.bodies[-1]["messages"])


def results(messages: Sequence[dict[str, Any]]) -> list[str]:
    """Return the contents of the tool messages after the last message of the assistant."""
    found: list[str] = []
    for message in messages:
        if message["role"] == "assistant":
            found.clear()
        elif message["role"] == "tool":
            found.append(message["content"])
    return found


def _events(body: dict[str, Any]) -> Iterator[bytes]:
    """Yield an answer as the events of a stream, its text in two pieces."""
    choice = body["choices"][0]
    message = dict(choice["message"])
    calls = message.pop("tool_calls", None)
    text = message.pop("content") or ""
    deltas: list[dict[str, Any]] = [{**message, "content": text[:3]}, {"content": text[3:]}]
    if calls:
        deltas.append({"tool_calls": [{"index": index, **each} for index, each in enumerate(calls)]})
    for delta in deltas:
        yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    yield _event({"choices": [], "usage": body["usage"]})
    yield b"data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> bytes:
    return (
        b"data: "
        + json.dumps({"id": "c", "object": "chat.completion.chunk", "model": "m", **chunk}).encode()
        + b"\n\n"
    )


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


Function = Callable[..., Any]
