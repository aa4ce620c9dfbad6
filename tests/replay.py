"""Reads everything that was recorded again, in many forms, and counts what comes out wrong.

    make replay

The answers are those of `bedrock_openai_http.testing.cases`, each with what must come out of it, and streams that
are made in every form of `tests/server_forms.py`; the requests are those of `tests/data/histories/`, and every answer
that was read, put back as history. It prints the figures and what is wrong, and ends with 1 if anything is.

This module knows no right value of its own.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bedrock_openai_http import (
    BedrockOpenAIError,
    ChatCompletion,
    ChatCompletionRequest,
    FunctionTool,
    HTTPResponse,
    RequestValidationError,
    ToolMessage,
    UserMessage,
    parse_completion,
    validate_request,
)
from bedrock_openai_http.testing.cases import read_cases
from histories import read_histories, without_sdk_members
from outcomes import add_up, cuts, outcome_of, response_of
from server_forms import FORMS, TEXT_FORMS, some_calls, some_words, stream_of

#: What is counted, with the parts of an outcome that belong to it; "errors" is all of an error but what it carries.
KINDS = {
    "texts": ("text", "content", "reasoning", "refusal"),
    "calls": ("tool_calls",),
    "finish reasons": ("finish_reason",),
    "usages": ("usage",),
}
#: How often a stream is made in each form.
ROUNDS = 40
#: What the streams that are made end with.
USAGE = {"completion_tokens": 7, "prompt_tokens": 70, "total_tokens": 77}


@dataclass
class Figures:
    """What was read, and what was wrong with it."""

    #: How many of each sort were there: answers, streams, errors, histories, generated streams.
    given: Counter[str] = field(default_factory=Counter)
    #: How many readings there were, and of each kind how many were right or wrong.
    read: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    #: Each thing that is wrong, once, in a line.
    flaws: dict[str, None] = field(default_factory=dict)

    def count(self, kind: str, right: bool, flaw: str) -> None:
        """Count one reading of a kind; `flaw` says what it was if it is not right."""
        self.read[kind] += 1
        if not right:
            self.wrong[kind] += 1
            self.flaws[f"{kind}: {flaw}"] = None

    def lines(self) -> Iterator[str]:
        """Yield the figures, and after them what is wrong."""
        yield "read: " + ", ".join(f"{number} {sort}" for sort, number in self.given.items())
        for kind, number in self.read.items():
            verdict = "refused" if "histor" in kind else "misread"
            yield f"{kind}: {self.wrong[kind]} of {number} {verdict}"
        yield from self.flaws


def compare(figures: Figures, name: str, found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Count what of an outcome is as it must be, kind by kind."""
    ((sort, right),) = expected.items()
    seen = found.get(sort, {})
    if sort == "error":
        plain = [{key: value for key, value in each.items() if key != "partial"} for each in (seen, right)]
        figures.count("errors", plain[0] == plain[1], name)
        seen, right = seen.get("partial", {}), right.get("partial", {})
    for kind, parts in KINDS.items():
        pair = [{part: each[part] for part in parts if part in each} for each in (seen, right)]
        if any(pair):
            figures.count(kind, pair[0] == pair[1], name)


def dressed(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a stream as it is, and in what the rules of event streams allow beside it."""
    yield "", body
    yield "with CR LF", body.replace(b"\n", b"\r\n")
    yield "with CR", body.replace(b"\n", b"\r")
    yield "with a mark", b"\xef\xbb\xbf" + body
    # A comment, an ID, a time and an event without content before each event.
    yield "with more fields", re.sub(rb"(?m)^(?=data: )", b": alive\n\nid: 1\nretry: 5\ndata:\n\n", body)


def replay_cases(figures: Figures, completions: list[tuple[str, ChatCompletion]], *, thorough: bool = True) -> None:
    """Read every case; if `thorough`, each stream cut and dressed in every way."""
    for name, case in read_cases().items():
        response, expected = response_of(case), case["expect"]
        keep = _keeper(completions, name)
        figures.given["errors" if "error" in expected else "streams" if case["stream"] else "answers"] += 1
        if not case["stream"]:
            compare(figures, name, outcome_of(keep(partial(parse_completion, response))), expected)
            continue
        # A stream that breaks off within an event cannot be dressed: where it breaks off is what it is about.
        whole = thorough and response.body.endswith(b"\n\n")
        for form, body in dressed(response.body) if whole else [("", response.body)]:
            same = HTTPResponse(response.status_code, response.headers, body)
            for pieces in cuts(body) if thorough else [[body]]:
                found = outcome_of(keep(partial(add_up, same, pieces, [])))
                compare(figures, f"{name} {form}", found, expected)


def generated(chance: random.Random, rounds: int) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Yield the name of a form, a stream in it, and what it means; `rounds` of each form."""
    for name, form in FORMS.items():
        for _ in range(rounds):
            calls = some_calls(chance)
            deltas = [{"content": "Let me see."}, *({"tool_calls": each} for each in form(calls, chance))]
            right = {"text": "Let me see.", "tool_calls": [list(call) for call in calls]}
            yield f"calls, {name}", stream_of(deltas, "tool_calls", USAGE), {**right, "finish_reason": "tool_calls"}
    for name, write in TEXT_FORMS.items():
        for turn in range(rounds):
            thoughts, text = some_words(chance)
            deltas = list(write(thoughts, text, chance))
            right = {"text": text, "reasoning": thoughts, "finish_reason": "stop"}
            content = "".join(delta.get("content", "") for delta in deltas)
            if content != text:
                right["content"] = content
            yield f"words, {name}", stream_of(deltas, "stop", USAGE, before=(None, "")[turn % 2]), right


def replay_forms(figures: Figures, completions: list[tuple[str, ChatCompletion]], rounds: int = ROUNDS) -> None:
    """Read the streams of every form, each in a few cuts."""
    for name, body, right in generated(random.Random(20261129), rounds):
        figures.given["generated streams"] += 1
        response = HTTPResponse(200, {"x-amzn-requestid": "r-1"}, body)
        keep = _keeper(completions, name)
        for size in (1, 7, len(body)):
            pieces = [body[start : start + size] for start in range(0, len(body), size)]
            found = outcome_of(keep(partial(add_up, response, pieces, [])))
            compare(figures, name, found, {"completion": {**right, "usage": USAGE}})


def replay_histories(figures: Figures) -> None:
    """Check every history that a service took, as a mapping and read into request values."""
    for name, body in read_histories().items():
        figures.given["histories"] += 1
        given = without_sdk_members(body)
        for form in (given, ChatCompletionRequest.from_body(given)):
            flaw = _refusal(form)
            figures.count("histories that services took", flaw is None, f"{name}: {flaw}")


def replay_as_history(figures: Figures, completions: list[tuple[str, ChatCompletion]]) -> None:
    """Put every answer that was read back as history, as it is and as a request message."""
    for name, completion in completions:
        results = [ToolMessage("done", call.id) for call in completion.tool_calls]
        tools = [FunctionTool(call.function.name) for call in completion.tool_calls if call.type == "function"]
        for choice in completion.choices:
            for message in (choice.message, choice.message.to_request_message()):
                turns = [UserMessage("Hello!"), message, *results]
                flaw = _refusal(ChatCompletionRequest("m", turns, tools=tools or None))
                figures.count("answers as history", flaw is None, f"{name}: {flaw}")


def _refusal(request: Any) -> RequestValidationError | None:
    try:
        validate_request(request)
    except RequestValidationError as error:
        return error
    return None


def _keeper(
    completions: list[tuple[str, ChatCompletion]], name: str
) -> Callable[[Callable[[], ChatCompletion]], Callable[[], ChatCompletion]]:
    """Return what makes a reading keep its completion too, or what had arrived before it failed."""

    def keep(read: Callable[[], ChatCompletion]) -> Callable[[], ChatCompletion]:
        def kept() -> ChatCompletion:
            try:
                completion = read()
            except BedrockOpenAIError as error:
                if error.partial is not None:
                    completions.append((name, error.partial))
                raise
            completions.append((name, completion))
            return completion

        return kept

    return keep


def replay(*, thorough: bool = True) -> Figures:
    """Return the figures of everything, or of every answer once and a few of the generated ones."""
    figures = Figures()
    completions: list[tuple[str, ChatCompletion]] = []
    replay_cases(figures, completions, thorough=thorough)
    replay_forms(figures, completions, ROUNDS if thorough else 3)
    replay_histories(figures)
    replay_as_history(figures, completions)
    return figures


if __name__ == "__main__":
    result = replay()
    print(*result.lines(), sep="\n")
    sys.exit(1 if result.flaws else 0)
