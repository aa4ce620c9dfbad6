"""LocalEndpoint over real sockets: what it answers, whole and as a stream."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from bedrock_openai_http.schemas import load_schema
from bedrock_openai_http.testing import LocalEndpoint
from loopback import BODY, PROMPT, ask, send


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


def test_every_answer_has_one_request_id_in_two_headers(endpoint: LocalEndpoint) -> None:
    """Successes and refusals carry a fresh UUID in both of Bedrock's headers, and the record has it too."""
    ask(endpoint)
    replies = [ask(endpoint), ask(endpoint, stream=True), ask(endpoint, n=2), send(endpoint, b"", {})]
    ids = [reply.headers["x-amzn-RequestId"] for reply in replies]
    assert ids == [reply.headers["X-Request-ID"] for reply in replies]
    assert ids == [request.request_id for request in endpoint.requests[1:]]
    assert len({uuid.UUID(text) for text in ids}) == len(ids)


def test_a_plain_answer_is_written_as_bedrock_writes_it(endpoint: LocalEndpoint) -> None:
    """Sorted keys, thoughts in tags inside the content, no empty extras, and counts that add up."""
    reply = ask(endpoint)
    assert reply.body == json.dumps(reply.json, sort_keys=True, separators=(",", ":")).encode()
    assert list(reply.json) == ["choices", "created", "id", "model", "object", "service_tier", "usage"]
    choice = reply.json["choices"][0]
    assert list(choice["message"]) == ["content", "refusal", "role"]
    assert choice["finish_reason"] == "stop"
    content = choice["message"]["content"]
    assert content.startswith("<reasoning>Nobody thinks here.")
    assert "local stand-in" in content
    assert "no model" in content
    usage = reply.json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] == len(content.replace("</reasoning>", " ").split())


def test_more_words_in_the_prompt_are_more_tokens(endpoint: LocalEndpoint) -> None:
    """Text in any message counts, as a string or as parts; an image counts nothing."""
    parts = [
        {"type": "text", "text": "four more words here"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    few = ask(endpoint).json["usage"]["prompt_tokens"]
    more = ask(endpoint, messages=[*BODY["messages"], {"role": "user", "content": parts}])
    assert more.json["usage"]["prompt_tokens"] == few + 4


def test_a_stream_adds_up_to_the_plain_answer(endpoint: LocalEndpoint) -> None:
    """Role first, thoughts in pairs of tags, then the text, the finish reason, and the end mark."""
    plain = ask(endpoint).json["choices"][0]["message"]["content"]
    reply = ask(endpoint, stream=True)
    assert reply.headers["Content-Type"] == "text/event-stream"
    assert reply.headers["Transfer-Encoding"] == "chunked"
    validator = jsonschema.Draft202012Validator(load_schema("chunk"))
    for chunk in reply.chunks:
        validator.validate(chunk)
        assert "usage" not in chunk
        assert chunk["choices"][0]["obfuscation"]
    deltas = [chunk["choices"][0]["delta"] for chunk in reply.chunks]
    assert deltas[0] == {"content": "", "role": "assistant"}
    assert deltas[-1] == {}
    joined = "".join(delta["content"] for delta in deltas[:-1])
    assert joined.count("<reasoning>") > 1
    assert joined.replace("</reasoning><reasoning>", "") == plain
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in reply.chunks]
    assert reasons == [None] * (len(reasons) - 1) + ["stop"]
    assert len({chunk["id"] for chunk in reply.chunks}) == 1


def test_usage_ends_a_stream_that_asks_for_it(endpoint: LocalEndpoint) -> None:
    """With include_usage the last object has no choices, and the counts of the plain answer."""
    reply = ask(endpoint, stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    *chunks, last = reply.chunks
    assert last["choices"] == []
    assert last["usage"] == ask(endpoint).json["usage"]
    assert not any("obfuscation" in chunk["choices"][0] for chunk in chunks)


@pytest.mark.parametrize("field", ["max_completion_tokens", "max_tokens"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_budget_spent_on_reasoning_leaves_no_answer(endpoint: LocalEndpoint, field: str, stream: bool) -> None:
    """As recorded: the finish reason is "length", the closing tag is there, and nothing follows it."""
    reply = ask(endpoint, **{field: 3}, stream=stream)
    if stream:
        choices = [chunk["choices"][0] for chunk in reply.chunks]
        contents = [choice["delta"].get("content", "") for choice in choices]
        assert contents[1:-1] == [f"<reasoning>{word}</reasoning>" for word in ("Nobody ", "thinks ", "here. ")]
        assert choices[-1]["finish_reason"] == "length"
    else:
        choice = reply.json["choices"][0]
        assert choice["message"]["content"] == "<reasoning>Nobody thinks here. </reasoning>"
        assert choice["finish_reason"] == "length"
        assert reply.json["usage"]["completion_tokens"] == 3


def test_a_budget_may_end_in_the_middle_of_the_text() -> None:
    """A larger budget lets some of the text through; one that is just enough changes nothing."""
    with LocalEndpoint(answer="one two three") as endpoint:
        cut = ask(endpoint, max_completion_tokens=10).json["choices"][0]
        whole = ask(endpoint, max_completion_tokens=11).json["choices"][0]
    assert (cut["message"]["content"].partition("</reasoning>")[2], cut["finish_reason"]) == ("one two ", "length")
    assert whole["message"]["content"].endswith("</reasoning>one two three")
    assert whole["finish_reason"] == "stop"


TOOLS = [
    {"type": "function", "function": {"name": "first", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "second"}},
]


@pytest.mark.parametrize(
    ("choice", "name"),
    [("required", "first"), ({"type": "function", "function": {"name": "second"}}, "second")],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_that_is_demanded_is_made(endpoint: LocalEndpoint, choice: Any, name: str, stream: bool) -> None:
    """The first function, or the named one, is called with no arguments; a stream sends the call in fragments."""
    reply = ask(endpoint, tools=TOOLS, tool_choice=choice, stream=stream)
    if stream:
        deltas = [chunk["choices"][0]["delta"] for chunk in reply.chunks]
        calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
        assert {call["index"] for call in calls} == {0}
        assert calls[0]["function"]["name"] == name
        assert calls[0]["id"].startswith("chatcmpl-tool-")
        assert "".join(call["function"]["arguments"] for call in calls) == "{}"
        assert reply.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    else:
        answer = reply.json["choices"][0]
        (call,) = answer["message"]["tool_calls"]
        assert call["function"] == {"arguments": "{}", "name": name}
        assert answer["finish_reason"] == "tool_calls"


def test_a_tool_call_that_the_budget_cuts_off_is_not_made(endpoint: LocalEndpoint) -> None:
    """Where reasoning uses up the budget, there is no call, and the finish reason says why."""
    choice = ask(endpoint, tools=TOOLS, tool_choice="required", max_completion_tokens=3).json["choices"][0]
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "length"


def test_a_tool_call_that_is_not_demanded_is_not_made(endpoint: LocalEndpoint) -> None:
    """Offered tools alone, or a choice left to the model, get a text."""
    for choice in ({}, {"tool_choice": "auto"}, {"tool_choice": "none"}):
        assert ask(endpoint, tools=TOOLS, **choice).json["choices"][0]["finish_reason"] == "stop"


def test_the_answer_may_be_the_callers_own() -> None:
    """A callable gets the body and gives the text; what is not ASCII arrives as it is."""
    with LocalEndpoint(
        answer=lambda body: body["messages"][-1]["content"].upper() + " \u2014 \U0001f642"
    ) as endpoint:
        reply = ask(endpoint)
    expected = PROMPT.upper() + " \u2014 \U0001f642"
    assert reply.json["choices"][0]["message"]["content"].endswith("</reasoning>" + expected)
    assert expected.encode() in reply.body


def test_an_answer_that_fails_is_a_server_error(capfd: pytest.CaptureFixture[str]) -> None:
    """The client gets 500 in the recorded words; whoever wrote the callable gets the traceback."""

    def fail(body: object) -> str:
        raise LookupError("no such answer")

    with LocalEndpoint(answer=fail) as endpoint:
        reply = ask(endpoint)
    assert reply.status == 500
    assert (reply.json["error"]["code"], reply.json["error"]["type"]) == ("internal_server_error", "server_error")
    assert "no such answer" not in reply.body.decode()
    assert "LookupError: no such answer" in capfd.readouterr().err
