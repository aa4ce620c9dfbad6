"""The message of any answer is a valid message of the next request, whole or streamed."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from bedrock_openai_http import (
    APIStatusError,
    AssistantMessage,
    ChatCompletion,
    ResponseFormatError,
    ToolMessage,
    UserMessage,
    iter_chunks,
    parse_completion,
    validate_request,
)
from bedrock_openai_http.testing.cases import read_cases
from bedrock_openai_http.testing.service.recorded_answer import RecordedAnswer
from bedrock_openai_http.values.accumulator import Accumulator
from bedrock_openai_http.values.http import HTTPResponse

HALF = "\ud83d"


def completion_of(message: dict[str, Any], finish_reason: str | None = "stop") -> ChatCompletion:
    return ChatCompletion.from_dict({"choices": [{"message": message, "finish_reason": finish_reason}]})


def assert_goes_back(completion: ChatCompletion) -> None:
    """Check that each message of an answer may be sent again, as it is and in wire form, with its calls' results."""
    user = UserMessage("next")
    for choice in completion.choices:
        message = choice.message
        results = [ToolMessage("done", tool_call_id=call.id) for call in message.tool_calls]
        for history in (message, message.to_dict(), message.to_request_message()):
            validate_request({"model": "m", "messages": [user, history, *results]})
            validate_request({"model": "m", "messages": [user, history, *results, user]})
        assert json.loads(json.dumps(message.to_dict()).encode()) == message.to_dict()
        ids = [call.id for call in message.tool_calls]
        assert len(set(ids)) == len(ids)
        assert all(ids)


@pytest.mark.parametrize(
    ("message", "history"),
    [
        ({}, {"content": ""}),
        ({"content": None}, {"content": ""}),
        ({"content": ""}, {"content": ""}),
        ({"content": "<reasoning>all of the budget"}, {"content": ""}),
        ({"content": "<reasoning>all of it</reasoning>"}, {"content": ""}),
        ({"content": None, "reasoning": "all of it"}, {"content": ""}),
        ({"content": "", "reasoning_content": "all of it"}, {"content": ""}),
        ({"content": "a", "refusal": ""}, {"content": "a"}),
        ({"refusal": "no"}, {"refusal": "no"}),
        ({"content": "a", "refusal": "no"}, {"content": "a", "refusal": "no"}),
        ({"content": None, "refusal": 5}, {"content": ""}),
        ({"function_call": {"name": "f", "arguments": "{}"}}, {"function_call": {"name": "f", "arguments": "{}"}}),
        ({"function_call": {"name": "f"}}, {"function_call": {"name": "f", "arguments": ""}}),
        ({"function_call": {}}, {"content": ""}),
        ({"audio": {"id": "a", "data": "AAAA", "transcript": "hi"}}, {"audio": {"id": "a"}}),
        ({"audio": {"id": ""}}, {"content": ""}),
        ({"audio": {"id": 7}}, {"content": ""}),
        ({"audio": {"id": HALF}}, {"content": ""}),
        ({"audio": {"data": "AAAA"}}, {"content": ""}),
        ({"audio": {"id": None}, "content": "a"}, {"content": "a"}),
        ({"audio": "x"}, {"content": ""}),
        ({"role": "tool", "content": "a"}, {"content": "a"}),
        ({"role": "", "content": "a"}, {"content": "a"}),
        ({"role": 7, "content": "a"}, {"content": "a"}),
        ({"content": "a" + HALF}, {"content": "a\ufffd"}),
        ({"content": HALF + "\ude00"}, {"content": "\U0001f600"}),
        ({"content": HALF, "refusal": "\ude00no"}, {"content": "\ufffd", "refusal": "\ufffdno"}),
        ({"annotations": [{}], "mood": {"x": HALF}, "content": "a"}, {"content": "a"}),
        ({"tool_calls": []}, {"content": ""}),
        ({"tool_calls": None}, {"content": ""}),
    ],
)
def test_how_a_message_goes_back(message: dict[str, Any], history: dict[str, Any]) -> None:
    """What no request may hold is left out or put right, and who says nothing at all has the content ""."""
    completion = completion_of(message)
    assert completion.choices[0].message.to_dict() == {"role": "assistant", **history}
    assert_goes_back(completion)


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (["a", "b"], ["a", "b"]),
        ([None], ["call_0"]),
        ([""], ["call_0"]),
        ([7, "a"], ["call_0", "a"]),
        (["a", "a", "a"], ["a", "call_1", "call_2"]),
        (["call_1", ""], ["call_1", "call_2"]),
        (["", "call_0", "call_0"], ["call_1", "call_0", "call_2"]),
        (["call_2", "call_1", None], ["call_2", "call_1", "call_3"]),
        ([HALF, "a" + HALF], ["call_0", "call_1"]),
    ],
)
def test_ids_of_ours(ids: list[Any], found: list[str]) -> None:
    """A call whose ID would pair with no result, or with two, gets one by its place; the wire's is in `raw`."""
    calls = [{"id": own, "function": {"name": "f", "arguments": "{}"}} for own in ids]
    completion = completion_of({"tool_calls": calls})
    assert [call.id for call in completion.tool_calls] == found
    assert [call["id"] for call in completion.raw["choices"][0]["message"]["tool_calls"]] == ids
    assert [call["id"] for call in completion.choices[0].message.to_dict()["tool_calls"]] == found
    assert [call["id"] for call in completion.choices[0].to_dict()["message"]["tool_calls"]] == found
    assert_goes_back(completion)


def test_calls_that_no_request_can_hold() -> None:
    """Half a surrogate pair in a name or in arguments stays for the reader, and goes back as U+FFFD."""
    function = {"id": "a", "function": {"name": "f" + HALF, "arguments": '{"x": "' + HALF + '"}'}}
    custom = {"id": "b", "type": "custom", "custom": {"name": HALF, "input": "l" + HALF}}
    old = {"name": HALF, "arguments": HALF}
    completion = completion_of({"tool_calls": [function, custom], "function_call": old})
    assert completion.tool_calls[0].function.arguments == '{"x": "' + HALF + '"}'
    history = completion.choices[0].message.to_dict()
    assert history["tool_calls"][0]["function"] == {"name": "f\ufffd", "arguments": '{"x": "\ufffd"}'}
    assert history["tool_calls"][1]["custom"] == {"name": "\ufffd", "input": "l\ufffd"}
    assert history["function_call"] == {"name": "\ufffd", "arguments": "\ufffd"}
    assert_goes_back(completion)


def test_arguments_that_are_an_object() -> None:
    """Where a server sends the object itself, the arguments are its JSON text."""
    call = {"id": "a", "function": {"name": "f", "arguments": {"x": ["ä"]}}}
    completion = completion_of({"tool_calls": [call], "function_call": {"name": "g", "arguments": {}}})
    assert completion.tool_calls[0].function.arguments == '{"x": ["ä"]}'
    assert completion.choices[0].message.function_call is not None
    assert completion.choices[0].message.function_call.arguments == "{}"
    assert_goes_back(completion)


@pytest.mark.parametrize("name", [name for name, case in read_cases().items() if b" 200 " in case["answer"][:20]])
def test_recorded_answers_go_back(name: str) -> None:
    """The message of every recorded answer may be sent again, also the part of one that broke off."""
    case = read_cases()[name]
    recorded = RecordedAnswer.from_bytes(case["answer"])
    response = HTTPResponse(recorded.status_code, recorded.headers, recorded.body)
    total = Accumulator()
    try:
        whole = total.completion() if case["stream"] and _all_read(response, total) else parse_completion(response)
    except (APIStatusError, ResponseFormatError):
        whole = total.completion()
    assert_goes_back(whole)


def _all_read(response: HTTPResponse, total: Accumulator) -> bool:
    for event in response.body.split(b"\n\n"):
        try:
            list(iter_chunks([event + b"\n\ndata: [DONE]\n\n"], into=total))
        except (APIStatusError, ResponseFormatError):
            return not total.empty
    return True


#: What stands for a member in a generated answer: good, odd, and missing.
TEXTS = ["", "a", "<reasoning>x</reasoning>", "<reas", HALF, "é", None]
CALLS: list[dict[str, Any]] = [
    {"function": {"name": name, "arguments": arguments}, **given}
    for name in ("f", "", None, HALF)
    for arguments in ("{}", "", '{"x', None, {"x": 1})
    for given in (
        {"id": "a"},
        {"id": "a", "index": 0},
        {"id": ""},
        {"id": None, "type": "function"},
        {"index": 1},
        {},
    )
] + [{"id": "c", "type": "custom", "custom": {"name": "g", "input": text}} for text in ("", "ls", HALF)]


def test_generated_answers_go_back() -> None:
    """So it is for messages of any members, whole and in chunks."""
    dice = random.Random(1)
    for _ in range(400):
        members: dict[str, Any] = {
            "role": dice.choice(["assistant", "", None, "tool", 5]),
            "content": dice.choice(TEXTS),
            "refusal": dice.choice([*TEXTS, []]),
            "reasoning": dice.choice([*TEXTS, {}]),
            "reasoning_content": dice.choice([*TEXTS, []]),
            "tool_calls": dice.choice([None, [], dice.choices(CALLS, k=dice.randint(1, 3))]),
            "function_call": dice.choice([None, {}, {"name": "f"}, {"name": HALF, "arguments": {"x": 1}}]),
            "audio": dice.choice([None, {}, {"id": "a"}, {"id": 5}, {"id": HALF, "data": "x"}, 7]),
            "annotations": dice.choice([None, [], [{}], "x"]),
            "mood": dice.choice(TEXTS),
        }
        message = {name: members[name] for name in dice.sample(sorted(members), dice.randint(0, 6))}
        assert_goes_back(completion_of(message))
        events = [{"choices": [{"index": 0, "delta": {name: value}}]} for name, value in message.items()]
        total = Accumulator()
        lines = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
        list(iter_chunks([*lines, b"data: [DONE]\n\n"], into=total))
        assert_goes_back(total.completion())


def test_a_message_made_by_hand() -> None:
    """The history form of a message is that of an assistant's, and keeps everything that an answer says."""
    message = completion_of({"content": "a", "function_call": {"name": "f", "arguments": "{}"}}).choices[0].message
    assert message.to_request_message() == AssistantMessage("a", function_call=message.function_call)
