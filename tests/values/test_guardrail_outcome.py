"""What an answer tells of a guardrail, whole or in chunks, and of a budget that was spent on reasoning."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletion, GuardrailOutcome
from bedrock_openai_http.values.accumulator import Accumulator
from bedrock_openai_http.values.chunk import ChunkReader

ACTION, TRACE = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"
FOUND = {"input": {"gr-1": {"topicPolicy": {}}}}


def completion(finish_reason: str | None = "stop", message: Any = None, **top: Any) -> ChatCompletion:
    choice = {"message": message or {"content": "x"}, "finish_reason": finish_reason}
    return ChatCompletion.from_dict({"id": "chatcmpl-1", "choices": [choice], **top})


def added_up(*tops: dict[str, Any]) -> ChatCompletion:
    """Return what chunks with the given members beside `choices` add up to; the members stay as they are."""
    reader, total = ChunkReader(), Accumulator()
    given = copy.deepcopy(tops)
    for top in tops:
        total.add(reader.read({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "x"}}], **top}))
    whole = total.completion()
    assert tops == given
    return whole


@pytest.mark.parametrize(
    ("top", "finish_reason", "outcome"),
    [
        ({}, "stop", None),
        ({ACTION: None, TRACE: None}, None, None),
        ({ACTION: "NONE"}, "stop", GuardrailOutcome(False)),
        ({ACTION: "INTERVENED"}, "stop", GuardrailOutcome(True)),
        ({ACTION: "NONE"}, "content_filter", GuardrailOutcome(True)),
        ({}, "content_filter", GuardrailOutcome(True)),
        ({}, "content_filtered", GuardrailOutcome(True)),
        ({}, "guardrail_intervened", GuardrailOutcome(True)),
        ({"id": "bedrock-guardrails-1"}, "stop", GuardrailOutcome(True)),
        ({TRACE: {"guardrail": FOUND}}, "stop", GuardrailOutcome(False, FOUND)),
        ({TRACE: json.dumps({"guardrail": FOUND})}, "stop", GuardrailOutcome(False, FOUND)),
        ({TRACE: {"guardrail": json.dumps(FOUND)}}, "stop", GuardrailOutcome(False, FOUND)),
        ({TRACE: "{"}, "stop", GuardrailOutcome(False)),
        ({TRACE: "\ud83d"}, "stop", GuardrailOutcome(False)),
        ({TRACE: []}, "stop", GuardrailOutcome(False)),
        ({TRACE: {"guardrail": [1]}}, "stop", GuardrailOutcome(False)),
    ],
)
def test_every_sign_counts(top: dict[str, Any], finish_reason: str | None, outcome: GuardrailOutcome | None) -> None:
    """One sign is enough, in a whole answer as in a chunk; a trace alone tells of a guardrail, not of a block."""
    assert completion(finish_reason, **top).guardrail == outcome
    choice = {"index": 0, "delta": {}, "finish_reason": finish_reason}
    assert ChunkReader().read({"id": "chatcmpl-1", "choices": [choice], **top}).guardrail == outcome


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("sign", [{ACTION: "INTERVENED"}, {"id": "bedrock-guardrails-1"}])
def test_a_sign_in_any_chunk_is_a_sign_of_the_whole(sign: dict[str, Any], place: int) -> None:
    """It stays, whatever the chunks after it say."""
    tops: list[dict[str, Any]] = [{ACTION: "NONE"}, {}, {ACTION: "NONE"}]
    tops[place] = sign
    outcome = added_up(*tops).guardrail
    assert outcome is not None
    assert outcome.intervened


def test_traces_of_several_chunks_are_joined() -> None:
    """Objects are joined member by member, arrays one after the other, and no chunk is changed by it."""
    first = {"guardrail": {"input": {"gr-1": {"a": 1}}, "outputs": [{"n": 1}]}}
    second = {"guardrail": {"input": {"gr-1": {"b": 2}}, "outputs": [{"n": 2}], "actionReason": "x"}}
    outcome = added_up({TRACE: first}, {}, {TRACE: json.dumps(second)}, {TRACE: None}).guardrail
    assert outcome == GuardrailOutcome(
        False, {"input": {"gr-1": {"a": 1, "b": 2}}, "outputs": [{"n": 1}, {"n": 2}], "actionReason": "x"}
    )


def test_a_trace_that_comes_again_is_kept_once() -> None:
    """An equal trace in every chunk is one trace."""
    trace = {"guardrail": {"outputs": [{"n": 1}], "input": FOUND["input"]}}
    outcome = added_up({TRACE: trace}, {TRACE: trace}, {TRACE: trace}).guardrail
    assert outcome == GuardrailOutcome(False, trace["guardrail"])


def test_a_trace_without_end_is_no_end_of_the_stack() -> None:
    """However deep two traces are nested, joining them ends."""
    deep: Any = {}
    for _ in range(190):
        deep = {"a": deep}
    other = {"a": {**deep, "b": 1}}
    assert added_up({TRACE: deep}, {TRACE: other}).extra[TRACE]["a"]["b"] == 1


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USAGE = {"prompt_tokens": 1, "completion_tokens": 5, "total_tokens": 6}


@pytest.mark.parametrize(
    ("finish_reason", "message", "top", "spent"),
    [
        ("length", {"content": "<reasoning>Hm.</reasoning>"}, {}, True),
        ("length", {"content": "<reasoning>Hm."}, {}, True),
        ("length", {"content": None, "reasoning": "Hm."}, {}, True),
        ("length", {"content": ""}, {"usage": USAGE}, True),
        ("length", {"content": ""}, {}, False),
        ("length", {"content": "<reasoning>Hm.</reasoning>An"}, {}, False),
        ("length", {"content": "<reasoning>Hm.</reasoning>", "tool_calls": [CALL]}, {}, False),
        ("length", {"content": None, "refusal": "No"}, {"usage": USAGE}, False),
        ("stop", {"content": "<reasoning>Hm.</reasoning>"}, {"usage": USAGE}, False),
    ],
)
def test_a_budget_spent_on_reasoning(finish_reason: str, message: Any, top: dict[str, Any], spent: bool) -> None:
    """It is spent if the answer was cut off by length before anything of it could be seen."""
    assert completion(finish_reason, message, **top).budget_spent_on_reasoning is spent


def test_an_answer_without_choices_spent_nothing() -> None:
    """Where there is no choice there is no finish reason."""
    assert ChatCompletion.from_dict({"choices": []}).budget_spent_on_reasoning is False
