"""What a client makes of an answer, in the words in which a recorded case says what it must make of it.

This module compares nothing: the tests and the replay do.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

from bedrock_openai_http import (
    APIStatusError,
    BedrockOpenAIError,
    ChatCompletion,
    ChatCompletionChunk,
    HTTPResponse,
    Usage,
    iter_chunks,
)
from bedrock_openai_http.testing.service.recorded_answer import RecordedAnswer
from bedrock_openai_http.values.accumulator import Accumulator


def named(**values: Any) -> dict[str, Any]:
    """Return what a case has to name: everything that is not empty."""
    return {name: value for name, value in values.items() if value not in (None, "", (), [], {}, False)}


def of_completion(completion: ChatCompletion) -> dict[str, Any]:
    message, usage, outcome = completion.choices[0].message, completion.usage, completion.guardrail
    return {"text": completion.text} | named(
        id=completion.id,
        content=message.content if message.content != message.text else None,
        reasoning=completion.reasoning,
        refusal=message.refusal,
        tool_calls=[[call.id, call.function.name, call.function.arguments] for call in completion.tool_calls],
        finish_reason=completion.finish_reason,
        budget_spent_on_reasoning=completion.budget_spent_on_reasoning,
        usage=usage and of_usage(usage),
        service_tier=completion.service_tier,
        system_fingerprint=completion.system_fingerprint,
        guardrail=outcome and {"intervened": outcome.intervened, **named(trace=outcome.trace)},
        request_id=completion.request_id,
        extra=completion.extra,
        choice_extra=completion.choices[0].extra,
        message_extra=message.extra,
    )


def of_usage(usage: Usage) -> dict[str, Any]:
    values = dataclasses.asdict(usage)
    extra = values.pop("extra")
    return {name: value for name, value in values.items() if value != {}} | named(extra=extra)


def of_error(error: BedrockOpenAIError) -> dict[str, Any]:
    details = {}
    if isinstance(error, APIStatusError):
        details = {name: getattr(error, name) for name in ("status_code", "code", "type", "param")}
    return {"class": type(error).__name__, "message": error.message} | named(
        **details, request_id=error.request_id, partial=error.partial and of_completion(error.partial)
    )


def outcome_of(run: Callable[[], ChatCompletion]) -> dict[str, Any]:
    """Return what `run` gives, a completion or an error, in the words of a case's `expect`."""
    try:
        return {"completion": of_completion(run())}
    except BedrockOpenAIError as error:
        return {"error": of_error(error)}


def response_of(case: dict[str, Any]) -> HTTPResponse:
    """Return the recorded answer of a case as a client would get it."""
    recorded = RecordedAnswer.from_bytes(case["answer"])
    return HTTPResponse(recorded.status_code, recorded.headers, recorded.body)


def cuts(body: bytes) -> Iterator[list[bytes]]:
    """Yield the body in one piece, in events, and in pieces of a few sizes."""
    yield [body]
    yield re.split(rb"(?<=\n\n)", body)
    for size in (1, 2, 7, 64, 1000):
        yield [body[start : start + size] for start in range(0, len(body), size)]


def add_up(recorded: HTTPResponse, pieces: list[bytes], chunks: list[ChatCompletionChunk]) -> ChatCompletion:
    """Return what the chunks of the body add up to, having put each into `chunks`."""
    total = Accumulator()
    for chunk in iter_chunks(pieces, response=recorded, into=total):
        chunks.append(chunk)
    return total.completion(recorded.headers["x-amzn-requestid"])
