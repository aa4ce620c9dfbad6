"""What is sent and what is answered, the same in each run.

The stream's chunks have the members of recorded ones: padding inside each choice, the model and the tier in each
chunk, reasoning in a pair of tags of its own. This module makes bytes and plain values; it measures nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

REGION = "us-west-2"
#: The name that every client calls: it is not this machine's own, and by RFC 6761 it is nobody else's.
HOST = "bedrock-runtime.us-west-2.test"
MODEL = "openai.gpt-oss-20b-1:0"
MESSAGES = 10
#: How the client finds its keys: the variables of AWS's SDKs. None of these is a key of anybody's.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "benchmark-secret-key-of-nobody-0123456789",
    "AWS_SESSION_TOKEN": "benchmark-session-token-of-nobody-" + "0123456789" * 60,
}
#: Events in one block of a stream; a stream is some number of equal blocks.
BLOCK = 1000

_WORDS = "The sky is blue since air scatters the short waves of light more than the long ones".split()
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "A city and its country"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "forecast", "description": "The weather of the next days", "parameters": PARAMETERS},
}


def text(number: int) -> str:
    """Return the text of a message: about 40 words."""
    return f"Message {number}: " + " ".join(_WORDS[(number + step) % len(_WORDS)] for step in range(40))


def body(messages: int = MESSAGES, **members: Any) -> dict[str, Any]:
    """Return a request of so many messages and one tool, in the OpenAI shape."""
    roles = ["system", *(("user", "assistant")[step % 2] for step in range(messages - 1))]
    listed = [{"role": role, "content": text(number)} for number, role in enumerate(roles)]
    return {"model": MODEL, "messages": listed, "tools": [TOOL], "temperature": 0.5, **members}


def dataclasses(messages: int = MESSAGES) -> Any:
    """Return the same request as this library's dataclasses."""
    from bedrock_openai_http import AssistantMessage, ChatCompletionRequest, FunctionTool, SystemMessage, UserMessage

    kinds = {"system": SystemMessage, "user": UserMessage, "assistant": AssistantMessage}
    listed = [kinds[message["role"]](message["content"]) for message in body(messages)["messages"]]
    function = TOOL["function"]
    tool = FunctionTool(**function)
    return ChatCompletionRequest(MODEL, listed, tools=[tool], temperature=0.5)


def converse(messages: int = MESSAGES) -> dict[str, Any]:
    """Return the same request as the arguments of boto3's `converse`."""
    first, *rest = body(messages)["messages"]
    function = TOOL["function"]
    spec = {"name": function["name"], "description": function["description"], "inputSchema": {"json": PARAMETERS}}
    return {
        "modelId": MODEL,
        "system": [{"text": first["content"]}],
        "messages": [{"role": it["role"], "content": [{"text": it["content"]}]} for it in rest],
        "toolConfig": {"tools": [{"toolSpec": spec}]},
        "inferenceConfig": {"temperature": 0.5},
    }


def completion() -> bytes:
    message = {"role": "assistant", "content": "<reasoning>Short.</reasoning>" + text(0), "refusal": None}
    return _json(
        {
            "id": "chatcmpl-64293734-ef88-4e8f-94a8-31919357a393",
            "object": "chat.completion",
            "created": 1769185806,
            "model": MODEL,
            "service_tier": "default",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 578, "completion_tokens": 79, "total_tokens": 657},
        }
    )


def converse_answer() -> bytes:
    return _json(
        {
            "output": {"message": {"role": "assistant", "content": [{"text": text(0)}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 578, "outputTokens": 79, "totalTokens": 657},
            "metrics": {"latencyMs": 5},
        }
    )


def block() -> list[bytes]:
    """Return `BLOCK` events of a stream, each a piece of its own: that is how they arrive."""
    return [_event(number) for number in range(BLOCK)]


#: The first and the last events of a stream.
START = b'data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}],"id":"c"}\n\n'
END = (
    b'data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}],"id":"c"}\n\n',
    b'data: {"choices":[],"id":"c","usage":{"completion_tokens":79,"prompt_tokens":578,"total_tokens":657}}\n\n',
    b"data: [DONE]\n\n",
)


def pieces(chunks: int) -> Iterator[bytes]:
    """Return a stream of `chunks` chunks, in whole blocks, and its ends. Its bytes are ready before it is read."""
    return chain((START,), chain.from_iterable(repeat(block(), chunks // BLOCK)), END)


def _event(number: int) -> bytes:
    words = " " + _WORDS[number % len(_WORDS)]
    content = f"<reasoning>{words}</reasoning>" if number < BLOCK // 5 else words
    delta = {"delta": {"content": content}, "finish_reason": None, "index": 0}
    chunk = {
        "choices": [{**delta, "obfuscation": "QEfsK1bZ9xLm"[: number % 12]}],
        "created": 1769185806,
        "id": "chatcmpl-64293734-ef88-4e8f-94a8-31919357a393",
        "model": MODEL,
        "object": "chat.completion.chunk",
        "service_tier": "default",
    }
    return b"data: " + _json(chunk) + b"\n\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
