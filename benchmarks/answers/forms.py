"""What a model says, and its two forms on the wire: Chat Completions and Anthropic's Messages.

A bad answer is the same for all libraries, so a case says what the model says, and this module gives it the form that
suits the request. This module knows forms; what is bad about an answer, the cases say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MODEL = "the-model"
TOKENS = 50

_CHAT_FINISH = {"stop": "stop", "length": "length", "refusal": "stop", "calls": "tool_calls"}
_MESSAGES_FINISH = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal", "calls": "tool_use"}


@dataclass(frozen=True)
class Call:
    """A call of a tool, its arguments as the model wrote them."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Said:
    """One answer. `finish` is "stop", "length", "refusal" or "calls"."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = "stop"
    reasoning: str = ""


@dataclass(frozen=True)
class Refused:
    """An answer of a status other than 200. It asks the SDKs not to repeat the request, so that no time is lost."""

    status: int


Answer = Said | Refused


def on_the_wire(answer: Answer, path: str, body: dict[str, Any], number: int) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of `answer`, the `number`-th of a case, for a request to `path`."""
    if isinstance(answer, Refused):
        error = {"type": "rate_limit_error", "message": "Too many tokens, please wait.", "code": "throttled"}
        return answer.status, {"type": "error", "error": error}
    return 200, (_messages if path.endswith("/messages") else _chat)(answer, body, number)


def _chat(said: Said, body: dict[str, Any], number: int) -> dict[str, Any]:
    calls, text = said.calls, said.text
    forced = body.get("tool_choice")
    if isinstance(forced, dict) and text and said.finish != "refusal":
        # The answer is asked for as the arguments of a tool: so that is where it comes.
        calls, text = (Call(f"call_{number}", forced["function"]["name"], text),), ""
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    if said.finish == "refusal":
        message.update(content=None, refusal=text)
    if calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    if said.reasoning:
        message.update(content="", reasoning_content=said.reasoning)
    finish = "tool_calls" if said.calls and said.finish == "stop" else _CHAT_FINISH[said.finish]
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": TOKENS,
            "total_tokens": 100 + TOKENS,
            "completion_tokens_details": {"reasoning_tokens": TOKENS if said.reasoning else 0},
        },
    }


def events(completion: dict[str, Any]) -> bytes:
    """Return a chat completion as an event stream: all that is said in one chunk, then the finish, then the usage."""
    head = {name: completion[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    (choice,) = completion["choices"]
    delta = dict(choice["message"])
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": at, **call} for at, call in enumerate(delta["tool_calls"])]
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]},
        {**head, "choices": [], "usage": completion["usage"]},
    ]
    return b"".join(b"data: %s\n\n" % data for data in [*(json.dumps(each).encode() for each in chunks), b"[DONE]"])


def _messages(said: Said, body: dict[str, Any], number: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if said.reasoning:
        content.append({"type": "thinking", "thinking": said.reasoning, "signature": "c2ln"})
    if said.text:
        content.append({"type": "text", "text": said.text})
    for call in said.calls:
        content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)})
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "stop_reason": _MESSAGES_FINISH[said.finish],
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": TOKENS},
    }


def _input(arguments: str) -> dict[str, Any]:
    """Return arguments as that API gives them: an object, which is empty where the model's text was cut."""
    try:
        return dict(json.loads(arguments))
    except ValueError:
        return {}
