"""`parse` and `parse_stream` of both clients: the calls that they make, and how these end."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest

from answering import Listed, body, streamed
from bedrock_openai_http import (
    APITimeoutError,
    ChatCompletionRequest,
    CompatibilityWarning,
    IncompleteStreamError,
    InternalServerError,
    ParseError,
    RequestValidationError,
    UserMessage,
    schema_of,
)
from bedrock_openai_http.transport.drive import MACHINE
from both import Client
from support import DONE, KEY, chunk

REQUEST = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("SECRET prompt")])


@dataclass
class Point:
    x: int
    y: int | None = None


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
GOOD, WRONG = '{"x": 1, "y": null}', '{"x": "1", "y": null}'


def client(transport: Any, **options: Any) -> Any:
    return Client("us-west-2", api_key=KEY, transport=transport, **options)


def test_a_value_comes_with_its_completion_and_its_way() -> None:
    """One call is made; the value, the completion, the tokens and the way are in what is returned."""
    listed = Listed(GOOD)
    parsed = client(listed).parse(REQUEST, Point)
    assert parsed.value == Point(1)
    assert (parsed.how, parsed.usage.total_tokens, parsed.request_id) == ("message", 14, "r-9")
    assert parsed.completion.text == GOOD
    assert len(listed.requests) == 1
    assert "SECRET" not in repr(parsed)
    assert "Point(" not in repr(parsed)


def test_an_answer_that_does_not_fit_is_asked_for_again() -> None:
    """The model is shown its answer and told what was wrong, by path; the tokens of all answers are summed."""
    listed = Listed(WRONG, "no JSON", GOOD)
    parsed = client(listed).parse(REQUEST, Point, reask=2)
    assert parsed.value == Point(1)
    assert parsed.usage.total_tokens == 3 * 14
    last = listed.requests[2]["messages"]
    assert [message["role"] for message in last] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert last[2]["content"] == WRONG
    assert "$.x: must be an integer" in last[3]["content"]
    assert "no JSON object is in it" in last[5]["content"]


@dataclass
class Town:
    name: str

    def __post_init__(self) -> None:
        if not self.name.isascii():
            raise ValueError(f"no town is called {self.name}")


def test_what_a_class_says_is_told_to_the_model() -> None:
    """The text of its ValueError is told, also where it quotes half a surrogate pair, which cannot be sent."""
    listed = Listed('{"name": "\\ud800"}', '{"name": "Bern"}')
    assert client(listed).parse(REQUEST, Town, reask=1).value == Town("Bern")
    assert "(ValueError): no town is called \ufffd." in listed.requests[1]["messages"][3]["content"]


def test_the_last_answer_is_the_error() -> None:
    """When no asking is left, the error is of the last answer, with the tokens of all."""
    listed = Listed(WRONG, '{"x": 1}')
    with pytest.raises(ParseError) as caught:
        client(listed).parse(REQUEST, Point, reask=1)
    error = caught.value
    assert (error.reason, error.json_path, error.rule) == ("schema", "$.y", "required")
    assert error.usage is not None
    assert error.usage.total_tokens == 2 * 14
    assert error.completion is not None
    assert error.completion.text == '{"x": 1}'


@pytest.mark.parametrize(
    "answer",
    [
        body(GOOD[:5], "length"),
        body("<reasoning>and so", "length"),
        body(None, refusal="no"),
        body(GOOD, "guardrail_intervened"),
        body(""),
        body(
            None,
            "tool_calls",
            tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}],
        ),
    ],
)
def test_what_would_be_so_again_is_never_asked_again(answer: dict[str, Any]) -> None:
    """A cut answer, a refusal, a guardrail, nothing and calls of tools cost one completion, whatever `reask` is."""
    listed = Listed(answer)
    with pytest.raises(ParseError):
        client(listed).parse(REQUEST, Point, reask=3)
    assert len(listed.requests) == 1


def test_a_failure_while_asking_again_tells_what_was_spent() -> None:
    """An error of the second call is what it is, and has the tokens of the first answer."""
    with pytest.raises(InternalServerError) as caught:
        client(Listed(WRONG, 500), max_attempts=1).parse(REQUEST, Point, reask=1)
    assert caught.value.usage is not None
    assert caught.value.usage.total_tokens == 14


def test_one_deadline_is_over_all_calls() -> None:
    """Each call gets what is left, but no more than the client's own; when nothing is, the next is not made."""
    listed = Listed(WRONG, GOOD)
    client(listed).parse(REQUEST, Point, reask=1, deadline=60)
    first, second = listed.deadlines
    assert first is not None
    assert second is not None
    assert abs(first - second) < 1

    listed = Listed(GOOD)
    began = time.monotonic()
    client(listed, deadline=5).parse(REQUEST, Point, deadline=60)
    assert listed.deadlines[0] is not None
    assert listed.deadlines[0] - began < 6

    now = [1000.0]

    class Slow(Listed):
        def open(self, *args: Any) -> Any:
            now[0] += 10
            return super().open(*args)

    slow = Slow(WRONG, GOOD)
    with pytest.raises(APITimeoutError) as caught:
        client(slow, world=replace(MACHINE, clock=lambda: now[0])).parse(REQUEST, Point, reask=1, deadline=5)
    assert caught.value.phase == "deadline"
    assert len(slow.requests) == 1


def test_nothing_is_sent_for_what_cannot_be_asked() -> None:
    """A kind that cannot be said and a request with a format of its own are refused before anything is sent."""
    listed = Listed()
    with pytest.raises(TypeError, match=r"dict\[str, int\]"):
        client(listed).parse(REQUEST, dict[str, int])
    with pytest.raises(TypeError, match=r"dict\[str, int\]"):
        client(listed).parse_stream(REQUEST, dict[str, int])
    with pytest.raises(TypeError, match="the request comes first, and then the kind"):
        client(listed).parse(Point, REQUEST)
    with pytest.raises(RequestValidationError):
        client(listed).parse({"model": "m.m", "messages": [], "response_format": {"type": "text"}}, Point)
    assert listed.requests == []


USER = {"role": "user", "content": "SECRET"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": 5}],
        [USER, {"role": "tool", "content": "x"}],
        [USER, USER, {"role": "user", "content": [{"type": "text"}]}],
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": 5}],
        [USER] * 11 + [{"role": "nobody"}],
        [UserMessage(5)],  # type: ignore[arg-type]
        [5],
        [],
        {},
    ],
)
@pytest.mark.parametrize("as_mapping", [False, True])
def test_a_wrong_message_is_named_by_its_place_in_the_callers_request(messages: Any, as_mapping: bool) -> None:
    """Words that are put before the caller's messages are counted in no place: it is what `complete` names."""
    body = {"model": REQUEST.model, "messages": messages}
    request = body if as_mapping else ChatCompletionRequest(**body)
    listed = Listed()
    calls = client(listed)
    places = []
    for call in (calls.complete, lambda each: calls.parse(each, Point), lambda each: streamed_by(calls, each)):
        with pytest.raises(RequestValidationError) as caught:
            call(request)
        places.append((caught.value.json_path, caught.value.rule))
    assert places == [places[0]] * 3
    assert places[0][0].startswith("$.messages")
    assert listed.requests == []


def streamed_by(calls: Any, request: Any) -> None:
    with calls.parse_stream(request, Point) as stream:
        stream.parsed()


@pytest.mark.parametrize(("before", "place"), [([], 0), ([USER], 1), ([{"role": "system", "content": "x"}], 1)])
def test_a_warning_names_the_place_in_the_callers_request(before: list[Any], place: int) -> None:
    """So do the warnings of what the model refuses, also of an answer that is asked for again."""
    messages = [*before, {"role": "user", "content": [IMAGE]}]
    with pytest.warns(CompatibilityWarning) as warned:
        client(Listed(WRONG, GOOD)).parse({"model": REQUEST.model, "messages": messages}, Point, reask=1)
    assert {each.message.lint.json_path for each in warned} == {f"$.messages[{place}].content[0]"}  # type: ignore[union-attr]


def test_a_stream_shows_what_is_complete_and_is_a_value_in_the_end() -> None:
    """Members appear when they are finished; the value, its completion and its tokens come with the end."""
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}}\n\n'
    events = streamed('{"x"', ": 1", "2, ", '"y": nu', "ll}").removesuffix(DONE) + usage + DONE
    listed = Listed(events)
    with client(listed).parse_stream(REQUEST, Point) as stream:
        shown = [stream.snapshot for _ in stream]
        parsed = stream.parsed()
    assert shown == [None, None, {"x": 12}, {"x": 12}, *[{"x": 12, "y": None}] * 3]
    assert parsed.value == stream.parsed().value == Point(12)
    assert (parsed.how, parsed.usage.total_tokens) == ("message", 14)
    assert listed.requests[0]["stream_options"] == {"include_usage": True}


def test_a_snapshot_of_what_is_wrapped_is_the_value_itself() -> None:
    """A kind that is no object is shown as itself, also while it arrives."""
    with client(Listed(streamed('{"value": [', "1, 2", ", 3]}"))).parse_stream(REQUEST, list[int]) as stream:
        assert [stream.snapshot for _ in stream][1:3] == [[1], [1, 2, 3]]
        assert stream.parsed().value == [1, 2, 3]


def test_a_stream_that_is_no_value_says_so_each_time() -> None:
    """A wrong answer is a ParseError of `parsed()`, a broken stream an IncompleteStreamError, and again."""
    with client(Listed(streamed(WRONG))).parse_stream(REQUEST, Point) as stream:
        for _ in range(2):
            with pytest.raises(ParseError, match=r"\$\.x: must be an integer"):
                stream.parsed()
    with client(Listed(chunk('{"x": 1'))).parse_stream(REQUEST, Point) as stream:
        for _ in range(2):
            with pytest.raises(IncompleteStreamError):
                stream.parsed()
        assert stream.snapshot is None


def test_a_model_that_does_not_stream_by_a_schema_is_warned_of() -> None:
    """Where a strict format is documented without a stream only, the call says so."""
    request = ChatCompletionRequest("us.openai.gpt-6-sol", [UserMessage("x")])
    with pytest.warns(CompatibilityWarning, match="without a stream"):
        client(Listed(streamed(GOOD))).parse_stream(request, Point).close()


def test_the_format_is_what_the_caller_says() -> None:
    """`how` overrides what is known of the model, for a gateway or a model that is new."""
    listed = Listed(GOOD)
    with pytest.warns(
        CompatibilityWarning, match="ignored by gpt-oss; .* as Client.parse does unless it is told how"
    ):
        assert client(listed).parse(REQUEST, Point, how="response_format").how == "response_format"
    sent = listed.requests[0]["response_format"]["json_schema"]
    assert json.loads(json.dumps(schema_of(Point))) == sent["schema"]
