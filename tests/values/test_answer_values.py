"""What answers are as values: their wire form, copies, and what they show of themselves."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import (
    BedrockOpenAIError,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionRequest,
    Choice,
    ChunkChoice,
    Client,
    CustomCall,
    CustomToolCall,
    Delta,
    FunctionCall,
    FunctionCallDelta,
    GuardrailOutcome,
    HTTPResponse,
    Message,
    ToolCall,
    ToolCallDelta,
    Usage,
    UserMessage,
    iter_chunks,
    parse_completion,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.cases import read_cases
from bedrock_openai_http.testing.service.recorded_answer import RecordedAnswer
from bedrock_openai_http.values.chunk import ChunkReader
from support import MODEL, NO_WAITS, REQUEST, RawServer, client_of, http

WORDS = "SECRET words"

#: An answer with every member, each of the model's words in it.
FULL: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "created": 7,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": f"<reasoning>{WORDS}</reasoning>{WORDS}",
                "refusal": WORDS,
                "reasoning_content": WORDS,
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "a",
                        "type": "function",
                        "function": {"name": "f", "arguments": WORDS, "y": 1},
                    },
                    {"id": "b", "type": "custom", "custom": {"name": "g", "input": WORDS}, "function": None},
                ],
                "annotations": [{"title": WORDS}],
                "audio": {"id": "a", "transcript": WORDS},
                "function_call": {"name": "f", "arguments": WORDS},
                "mood": WORDS,
            },
            "finish_reason": "stop",
            "logprobs": {"content": [{"token": WORDS}], "refusal": None},
            "seen": WORDS,
        }
    ],
    "usage": {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 1},
        "completion_tokens_details": None,
        "note": WORDS,
    },
    "service_tier": None,
    "system_fingerprint": "s",
    "amazon-bedrock-trace": {"guardrail": {"input": WORDS}},
}
MESSAGE = FULL["choices"][0]["message"]
#: The same as a chunk.
DELTA = {name: value for name, value in MESSAGE.items() if name not in ("annotations", "audio")}
CHUNK: dict[str, Any] = {
    **FULL,
    "object": "chat.completion.chunk",
    "choices": [{**FULL["choices"][0], "delta": DELTA}],
}
del CHUNK["choices"][0]["message"]


def whole(body: Any = FULL) -> ChatCompletion:
    return parse_completion(HTTPResponse(200, {"x-amzn-RequestId": "r-1"}, json.dumps(body).encode()))


def part(body: Any = CHUNK) -> ChatCompletionChunk:
    return ChunkReader().read(copy.deepcopy(body))


def values() -> Iterator[Any]:
    """Yield a value of each class of an answer, with the model's words in it."""
    completion, chunk = whole(), part()
    yield from (completion, completion.choices[0], completion.choices[0].message, completion.usage)
    delta = chunk.choices[0].delta
    yield from (chunk, chunk.choices[0], delta, *delta.tool_calls, delta.function_call, completion.guardrail)


# --- the wire form


def test_a_full_answer_is_what_was_read() -> None:
    """`to_dict` gives what the wire had, unknown members and nulls included, at each level."""
    completion, chunk = whole(), part()
    assert completion.to_dict() == FULL
    assert [choice.to_dict() for choice in completion.choices] == FULL["choices"]
    assert completion.usage is not None
    assert completion.usage.to_dict() == FULL["usage"]
    assert chunk.to_dict() == CHUNK
    assert chunk.choices[0].to_dict() == CHUNK["choices"][0]
    assert chunk.choices[0].delta.to_dict() == DELTA
    assert [call.to_dict() for call in chunk.choices[0].delta.tool_calls] == DELTA["tool_calls"]
    assert list(completion.to_dict()) == list(FULL)


def variants(body: Any) -> Iterator[Any]:
    """Yield an object with each of its members, at any depth, missing, null, and empty."""
    for key in list(body) if isinstance(body, dict) else range(len(body)):
        if isinstance(body, dict):
            yield {name: value for name, value in body.items() if name != key}
            if key not in ("choices", "message", "delta"):
                yield {**body, key: None}
        if isinstance(body[key], (dict, list)) and body[key]:
            for inner in variants(body[key]):
                changed = copy.copy(body)
                changed[key] = inner
                yield changed


def test_an_absent_member_stays_absent_and_a_null_one_null() -> None:
    """So it is for each member of an answer and of a chunk that may be missing."""
    tried = 0
    for body in variants(FULL):
        try:
            completion = whole(body)
        except BedrockOpenAIError:
            continue
        tried += 1
        expected = json.loads(json.dumps(body))
        for call, found in zip(calls_in(expected), completion.tool_calls, strict=False):
            put_right(call, found)
        called = expected["choices"][0]["message"].get("function_call")
        if called:
            called |= {member: called.get(member) or "" for member in ("name", "arguments")}
        assert completion.to_dict() == expected
        assert ChatCompletion.from_dict(completion.to_dict()).to_dict() == expected
    for body in variants(CHUNK):
        assert part(body).to_dict() == body
        tried += 1
    assert tried > 100


def calls_in(body: Any) -> list[Any]:
    return body["choices"][0]["message"].get("tool_calls") or []


def put_right(call: dict[str, Any], found: ToolCall | CustomToolCall) -> None:
    """Make of a call on the wire what its reading has put right: an ID, a type, a name and arguments."""
    call.setdefault("type", found.type)
    call["id"] = found.id
    kind = "custom" if isinstance(found, CustomToolCall) else "function"
    inner = call[kind] = call[kind] or {}
    for member in ("name", "input" if kind == "custom" else "arguments"):
        inner[member] = inner.get(member) or ""


@pytest.mark.parametrize("name", [name for name, case in read_cases().items() if b" 200 " in case["answer"][:20]])
def test_recorded_answers_are_what_was_read(name: str) -> None:
    """So it is for every recorded answer and chunk, and for what the chunks add up to."""
    recorded = RecordedAnswer.from_bytes(read_cases()[name]["answer"])
    chunks: list[ChatCompletionChunk] = []
    try:
        if recorded.body.startswith(b"{"):
            found = parse_completion(HTTPResponse(recorded.status_code, recorded.headers, recorded.body))
        else:
            chunks.extend(iter_chunks([recorded.body]))
            return
    except BedrockOpenAIError as error:
        if error.partial is None:
            return
        found = error.partial
    finally:
        assert [chunk.to_dict() for chunk in chunks] == [chunk.raw for chunk in chunks]
    assert found.to_dict() == found.raw


def test_the_specifications_examples_are_what_was_read() -> None:
    """So it is for the examples of the API's specification."""
    for path in sorted((Path(__file__).parents[1] / "data" / "spec_examples").glob("*.json")):
        example = json.loads(path.read_text(encoding="utf-8"))
        if "completion" in example:
            assert whole(example["completion"]).to_dict() == example["completion"]
        reader = ChunkReader()
        for body in example.get("chunks", ()):
            assert reader.read(body).to_dict() == body


def test_the_wire_form_is_new() -> None:
    """Who changes it changes nothing of the answer."""
    for value in (whole(), part(), whole().choices[0], part().choices[0].delta):
        before = copy.deepcopy(value.to_dict())
        empty(value.to_dict())
        assert value.to_dict() == before


def empty(value: Any) -> None:
    for inner in list(value.values() if isinstance(value, dict) else value):
        if isinstance(inner, (dict, list)):
            empty(inner)
    value.clear()


def test_what_was_changed_is_in_the_wire_form() -> None:
    """A value that was made by `replace` or by hand is written as it is, without what it has not."""
    usage = Usage(1, None, 3)
    completion = dataclasses.replace(whole(), usage=usage, service_tier="flex", id="d", choices=())
    assert completion.to_dict() == {
        **{name: value for name, value in FULL.items() if name != "choices"},
        "usage": {"prompt_tokens": 1, "total_tokens": 3},
        "service_tier": "flex",
        "id": "d",
        "choices": [],
    }
    choice = dataclasses.replace(whole().choices[0], finish_reason=None, logprobs=None)
    assert choice.to_dict() == {"index": 0, "message": MESSAGE, "seen": WORDS}
    message = Message("assistant", None, "", tool_calls=(ToolCall("a", FunctionCall("f", "{}")),))
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    made = ChatCompletion("", None, "m", (Choice(0, message, "stop"),))
    assert made.to_dict() == {
        "model": "m",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "stop"}],
    }
    delta = Delta(content="", tool_calls=(ToolCallDelta(0, function=FunctionCallDelta(arguments="{")),))
    assert ChunkChoice(0, delta).to_dict() == {
        "index": 0,
        "delta": {"content": "", "tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
    }


# --- values


@pytest.mark.parametrize("value", list(values()), ids=lambda value: type(value).__name__)
def test_copies(value: Any) -> None:
    """A copy, a deep copy, a pickle and a replacement are equal to the value, and the first three write the same."""
    copies = [copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]
    for made in copies:
        assert (made, repr(made)) == (value, repr(value))
        if hasattr(value, "to_dict"):
            assert made.to_dict() == value.to_dict()
    assert dataclasses.replace(value) == value
    assert set(dataclasses.asdict(value)) == {each.name for each in dataclasses.fields(value)}


@pytest.mark.parametrize("value", list(values()), ids=lambda value: type(value).__name__)
def test_a_repr_shows_lengths(value: Any) -> None:
    """No repr has the model's words: each text, array or object of them is shown by its length."""
    shown = repr(value)
    assert "SECRET" not in shown
    assert shown.startswith(f"{type(value).__name__}(")
    if type(value) is not ChatCompletionChunk:
        assert "<" in shown


def test_what_a_repr_shows() -> None:
    """What is empty is shown as it is, and so are names, IDs and counts."""
    assert repr(Delta(content="abc", text="ab", reasoning="c")) == (
        "Delta(role=None, content=<3 characters>, text=<2 characters>, reasoning=<1 characters>, refusal=None, "
        "tool_calls=(), function_call=None, extra={})"
    )
    calls = (ToolCall("a", FunctionCall("f", "{}")), CustomToolCall("b", CustomCall("g", "")))
    assert repr(Message("assistant", None, "", tool_calls=calls, annotations=({},), extra={"x": 1})) == (
        "Message(role='assistant', content=None, text='', reasoning=None, refusal=None, "
        "tool_calls=(ToolCall(id='a', function=FunctionCall(name='f', arguments=<2 characters>)), "
        "CustomToolCall(id='b', custom=CustomCall(name='g', input=''))), annotations=<1 items>, audio=None, "
        "function_call=None, extra=<1 members>)"
    )
    assert repr(Usage(1, None, 3)) == (
        "Usage(prompt_tokens=1, completion_tokens=None, total_tokens=3, prompt_tokens_details={}, "
        "completion_tokens_details={}, extra={})"
    )
    assert repr(GuardrailOutcome(True, {"a": 1})) == "GuardrailOutcome(intervened=True, trace=<1 members>)"


# --- how an answer came


def test_how_a_plain_answer_came() -> None:
    """An answer that is only read has status and headers, without the body, and no call that made it."""
    completion = whole()
    assert (completion.attempts, completion.elapsed) == (None, None)
    assert completion.response is not None
    assert (completion.response.status_code, completion.response.body) == (200, b"")
    assert completion.response.headers["X-Amzn-RequestID"] == "r-1"
    assert completion == dataclasses.replace(completion, attempts=3, elapsed=1.5, response=None)
    assert "attempts" not in repr(completion)


def test_how_an_answer_came_over_a_connection() -> None:
    """Attempts, seconds, status and headers are those of the call, of a completion and of a stream alike."""
    busy = http(b"", "503 Service Unavailable")
    steps = iter([busy, http(json.dumps(FULL).encode())])
    with RawServer(lambda number: [next(steps)]) as server, client_of(server, world=NO_WAITS) as client:
        completion = client.complete(REQUEST)
    assert completion.attempts == 2
    assert completion.elapsed is not None
    assert 0 < completion.elapsed < 60
    assert completion.response is not None
    assert completion.response.headers["content-type"] == "application/json"


def test_how_a_stream_came_over_a_connection() -> None:
    """A stream's seconds go on until it has ended, and are then those of its completion."""
    request = ChatCompletionRequest(MODEL, [UserMessage("hi")])
    with LocalEndpoint() as endpoint, Client("us-west-2", base_url=endpoint.url, api_key=endpoint.api_key) as client:
        stream = client.stream(request)
        first = stream.elapsed
        whole = stream.completion()
        last = stream.elapsed
        created = client.chat.completions.create(model=MODEL, messages=[UserMessage("hi")])
    assert first is not None
    assert last is not None
    assert 0 < first < last == stream.elapsed == whole.elapsed
    assert (stream.attempts, whole.attempts, created.attempts) == (1, 1, 1)
    assert whole.response is stream.response
    assert whole.response.headers.get("x-amzn-requestid") == whole.request_id
    assert created.response is not None
