"""One answer, shown as it arrives, and the line about it.

This module writes the answer where it is told to and everything about it to standard error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .terminal import Output, note, separator

if TYPE_CHECKING:
    from ..clients.client import Client
    from ..clients.stream import ChatCompletionStream
    from ..values.completion import ChatCompletion
    from ..values.request import ChatCompletionRequest


def reasoning_output(shown: bool) -> Output:
    """Return where the model's reasoning goes: to standard error, or nowhere."""
    return Output(sys.stderr if shown else None)


def complete(client: Client, request: ChatCompletionRequest, answer: Output, thoughts: Output) -> ChatCompletion:
    """Return the completion, having written its reasoning to `thoughts` and its text to `answer`."""
    completion = client.complete(request)
    thoughts.write(completion.reasoning or "")
    thoughts.end_paragraph()
    answer.write(completion.text)
    return completion


def show(stream: ChatCompletionStream, answer: Output, thoughts: Output) -> ChatCompletion:
    """Do as `complete` for a stream, each piece as it arrives."""
    for chunk in stream:
        thoughts.write(chunk.reasoning)
        if chunk.text:
            thoughts.end_paragraph()
        answer.write(chunk.text)
    return stream.completion()


def summarize(completion: ChatCompletion) -> None:
    """Note the request ID, the token counts and the finish reason, as far as the service named them."""
    if completion.budget_spent_on_reasoning:
        note("warning: the answer is empty: the token budget was spent on reasoning; allow more with --max-tokens")
    parts = []
    if completion.request_id:
        parts.append(f"request ID {completion.request_id}")
    if completion.usage:
        prompt, answer = completion.usage.prompt_tokens, completion.usage.completion_tokens
        parts.append(f"{prompt} prompt + {answer} completion = {completion.usage.total_tokens} tokens")
    if completion.finish_reason:
        parts.append(completion.finish_reason)
    if parts:
        note(separator().join(parts))


def told_empty(completion: ChatCompletion) -> bool:
    """Tell whether the service answered with nothing, having noted so."""
    if not completion.empty or completion.budget_spent_on_reasoning:
        return False
    note("the service answered with nothing: no text, no call, no refusal; ask again, or ask otherwise")
    return True
