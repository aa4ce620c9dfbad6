"""What a LocalEndpoint answers when no model stands behind it: honest text in Bedrock's exact shapes.

The shapes are those of gpt-oss on bedrock-runtime: the thoughts inside `content` in `<reasoning>` tags, in a
stream each piece of them in a pair of its own, and `obfuscation` inside each choice. A "token" is a word
here, with the white space that follows it: a rough count, but one that adds up.

This module builds answers as plain values; what sends them is elsewhere.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

THOUGHTS = "Nobody thinks here. This is a local stand-in."
TEXT = (
    "This is LocalEndpoint, a local stand-in for Amazon Bedrock: "
    "the request was authenticated and validated, but no model has read it."
)

#: Roughly how many words the service's own prompt template adds to a request.
TEMPLATE_TOKENS = 8


@dataclass(frozen=True)
class Answer:
    """One answer, cut to the request's token budget, before it takes the shape of a body or of a stream."""

    id: str
    model: str
    created: int
    thoughts: tuple[str, ...]
    words: tuple[str, ...]
    #: The name of the function to call, or None.
    function: str | None
    finish_reason: str
    prompt_tokens: int

    @property
    def usage(self) -> dict[str, int]:
        """The token counts, as the wire has them."""
        completion = len(self.thoughts) + len(self.words) + (1 if self.function else 0)
        return {
            "completion_tokens": completion,
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": completion + self.prompt_tokens,
        }


def answer_to(body: Mapping[str, Any], text: str, created: int) -> Answer:
    """Return the answer `text`, or a tool call where `tool_choice` demands one, to a valid request body.

    `created` is the time in seconds since 1970.
    """
    function = _demanded_function(body)
    thoughts = _words(THOUGHTS)
    words = () if function else _words(text)
    needed = len(thoughts) + len(words)
    budget = body.get("max_completion_tokens") or body.get("max_tokens") or needed
    cut = budget < needed
    return Answer(
        id=f"chatcmpl-{uuid.uuid4()}",
        model=body["model"],
        created=created,
        thoughts=thoughts[:budget],
        words=words[: max(0, budget - len(thoughts))],
        function=None if cut else function,
        finish_reason="length" if cut else "tool_calls" if function else "stop",
        prompt_tokens=TEMPLATE_TOKENS + sum(_count(message.get("content")) for message in body["messages"]),
    )


def completion_body(answer: Answer) -> dict[str, Any]:
    """Return the answer as the body of a plain response."""
    message: dict[str, Any] = {
        "content": f"<reasoning>{''.join(answer.thoughts)}</reasoning>{''.join(answer.words)}",
        "refusal": None,
        "role": "assistant",
    }
    if answer.function:
        message["tool_calls"] = [
            {"function": {"arguments": "{}", "name": answer.function}, "id": _call_id(), "type": "function"}
        ]
    choice = {"finish_reason": answer.finish_reason, "index": 0, "logprobs": None, "message": message}
    return {
        "choices": [choice],
        "created": answer.created,
        "id": answer.id,
        "model": answer.model,
        "object": "chat.completion",
        "service_tier": "default",
        "usage": answer.usage,
    }


def chunk_bodies(answer: Answer, stream_options: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Yield the answer as the JSON objects of a stream; usage comes last, and only if asked for."""
    options = stream_options or {}
    obfuscated = options.get("include_obfuscation") is not False
    for delta, finish_reason in _deltas(answer):
        choice: dict[str, Any] = {"delta": delta, "finish_reason": finish_reason, "index": 0}
        if obfuscated:
            choice["obfuscation"] = secrets.token_hex(4 + secrets.randbelow(12))
        yield _chunk(answer, [choice])
    if options.get("include_usage"):
        yield {**_chunk(answer, []), "usage": answer.usage}


def _deltas(answer: Answer) -> Iterator[tuple[dict[str, Any], str | None]]:
    yield {"content": "", "role": "assistant"}, None
    for thought in answer.thoughts:
        yield {"content": f"<reasoning>{thought}</reasoning>"}, None
    for word in answer.words:
        yield {"content": word}, None
    if answer.function:
        # As recorded from gpt-oss: an empty delta first, then fragments, several of one call in one chunk.
        yield {}, None
        yield {"tool_calls": [_fragment("{", name=answer.function, id=_call_id())]}, None
        yield {"tool_calls": [_fragment(""), _fragment("}")]}, None
    yield {}, answer.finish_reason


def _fragment(arguments: str, *, name: str | None = None, id: str | None = None) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"arguments": arguments, "name": name}
    fragment: dict[str, Any] = {"function": function, "index": 0, "type": "function"}
    return fragment if id is None else {**fragment, "id": id}


def _chunk(answer: Answer, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "choices": choices,
        "created": answer.created,
        "id": answer.id,
        "model": answer.model,
        "object": "chat.completion.chunk",
        "service_tier": "default",
    }


def _demanded_function(body: Mapping[str, Any]) -> str | None:
    """Return the name of the function that `tool_choice` demands; None where the choice is the model's."""
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        name: str = choice["function"]["name"]
        return name
    names = [tool["function"]["name"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    return names[0] if choice == "required" and names else None


def _call_id() -> str:
    return f"chatcmpl-tool-{secrets.token_hex(8)}"


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\s*\S+\s*|\s+", text))


def _count(content: Any) -> int:
    texts = [content] if isinstance(content, str) else [part.get("text") for part in content or ()]
    return sum(len(text.split()) for text in texts if isinstance(text, str))
