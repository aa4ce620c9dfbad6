"""What a request says back to the model: the results of its calls, and what was added since the last request.

This module reads the bodies of both wire forms, Chat Completions and Messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]


def results(body: Body) -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
    """Yield for each turn with calls their IDs, and the results that follow: pairs of an ID and a text."""
    messages = body["messages"]
    for at, message in enumerate(messages):
        if ids := _call_ids(message):
            given: list[tuple[str, str]] = []
            for later in messages[at + 1 :]:
                found = list(_results_in(later))
                if not found:
                    break
                given += found
            yield ids, given


def is_valid(body: Body) -> bool:
    """Whether each call of the transcript has exactly one result, in the messages right after it.

    Both services answer 400 where it has not.
    """
    return all(sorted(ids) == sorted(id for id, _ in given) for ids, given in results(body))


def added(before: Body, after: Body) -> str:
    """Return the texts that were added for the model to read: those of users' and tools' messages."""
    new = after["messages"][len(before["messages"]) :]
    return "\n".join(text for message in new if message["role"] != "assistant" for text in _texts(message))


def _call_ids(message: Body) -> list[str]:
    if message["role"] != "assistant":
        return []
    return [call["id"] for call in message.get("tool_calls") or []] + [
        part["id"] for part in _content_parts(message) if part.get("type") == "tool_use"
    ]


def _results_in(message: Body) -> Iterator[tuple[str, str]]:
    if message["role"] == "tool":
        yield message["tool_call_id"], " ".join(_texts(message))
    for part in _content_parts(message):
        if part.get("type") == "tool_result":
            yield part["tool_use_id"], _text_of(part.get("content"))


def _texts(message: Body) -> list[str]:
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    return [_text_of(part.get("content") if part.get("type") == "tool_result" else part) for part in content or []]


def _content_parts(message: Body) -> list[Body]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(_text_of(part) for part in content)
    if isinstance(content, dict) and "text" in content:
        return str(content["text"])
    return json.dumps(content)
