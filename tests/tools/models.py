"""A model of listed answers, and tools for it. This module checks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bedrock_openai_http import ChatCompletion, ChatCompletionRequest, Headers, ToolRun, UserMessage
from bedrock_openai_http.call.deadline import Deadline
from bedrock_openai_http.tools.asking import Asking
from bedrock_openai_http.tools.limits import Limits
from bedrock_openai_http.tools.loop import Complete, Confirm, RunCalls, Steps, tool_loop
from bedrock_openai_http.tools.results import text_of
from bedrock_openai_http.tools.schedule import Schedule
from bedrock_openai_http.tools.toolbox import Toolbox, called
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

    def pieces(self) -> Pieces:
        return Pieces(self._body)

    def close(self, *, drain: bool = False) -> None: ...

    async def aclose(self, *, drain: bool = False) -> None: ...


class Pieces:
    """A body in one piece, for both kinds of client."""

    def __init__(self, body: bytes) -> None:
        self._left = [body]

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            yield self._left.pop()

    async def __aiter__(self) -> Any:
        while self._left:
            yield self._left.pop()


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


class Played:
    """A run that was played to its end without any client: each effect is done at once, in this thread."""

    def __init__(self, tools: Any, *answers: Any, request: Any = REQUEST, **options: Any) -> None:
        self.answers = list(answers)
        self.before_call: Function | None = options.pop("before_call", None)
        self.clock: Clock = options.pop("clock", Clock())
        limits = {"max_turns": 10, "max_concurrency": 1, "deadline": None, **options}
        settings = {"endpoint": limits.pop("endpoint", "runtime"), "streamed": limits.pop("streamed", False)}
        self.requests: list[Any] = []
        self.seconds: list[float | None] = []
        self.told: list[ToolRun] = []
        #: The names of the tools whose functions were called, in order.
        self.ran: list[str] = []

        def asking() -> tuple[Toolbox, Limits, Asking]:
            box = Toolbox(tools, awaits=False)
            limited = Limits(Deadline(limits.pop("deadline"), self.clock), **limits)
            return box, limited, Asking(request, box.definitions, unknown_fields="refuse", **settings)

        self.error: BaseException | None = None
        try:
            self.run = self._play(tool_loop(request, asking))
        except BaseException as error:
            self.error = error
            self.run = getattr(error, "run", None)  # type: ignore[assignment]

    def _play(self, steps: Steps) -> ToolRun:
        try:
            effect = next(steps)
            while True:
                try:
                    came = self._done(effect)
                except BaseException as error:
                    effect = steps.throw(error)
                else:
                    effect = steps.send(came)
        except StopIteration as end:
            run: ToolRun = end.value
            return run

    def _done(self, effect: Any) -> Any:
        if isinstance(effect, Complete):
            self.requests.append(effect.request)
            self.seconds.append(effect.seconds)
            given = self.answers.pop(0)
            if isinstance(given, BaseException):
                raise given
            return ChatCompletion.from_dict(given, request_id="r-1")
        if isinstance(effect, Confirm):
            return self.before_call and self.before_call(effect.call, effect.arguments)
        if isinstance(effect, RunCalls):
            return self._run(effect.schedule)
        self.told.append(effect.run)
        return None

    def _run(self, schedule: Schedule) -> None:
        while (place := schedule.begin()) is not None:
            call = schedule.calls[place]
            self.ran.append(called(call.call)[0])
            try:
                schedule.note(place, text_of(call.run()))
            except Exception as error:
                schedule.note(place, error)
            schedule.end(place)

    @property
    def results(self) -> list[str]:
        """The results of the last turn."""
        return [str(result.content) for result in self.run.turns[-1].results]
