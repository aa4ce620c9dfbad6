"""From the bytes of a stream to chunks and to the whole completion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock_openai_http import (
    APIStatusError,
    BedrockOpenAIError,
    ChatCompletionChunk,
    Headers,
    HTTPResponse,
    IncompleteStreamError,
    InternalServerError,
    RateLimitError,
    ResponseFormatError,
    iter_chunks,
)
from bedrock_openai_http.values.accumulator import Accumulator
from support import DONE, chunk

STREAMS = Path(__file__).parents[1] / "data" / "streams"
RECORDED = sorted(path.name for path in STREAMS.glob("*.sse"))


def whole(pieces: list[bytes]) -> tuple[list[ChatCompletionChunk], Accumulator]:
    total = Accumulator()
    return list(iter_chunks(pieces, into=total)), total


def failure_of(data: bytes) -> tuple[list[str], BedrockOpenAIError]:
    """Return the texts that were handed on, and what was raised then."""
    texts = []
    with pytest.raises(BedrockOpenAIError) as caught:
        for item in iter_chunks([data], response=HTTPResponse(200, Headers({"x-amzn-RequestId": "r-1"}))):
            texts.append(item.text)
    return texts, caught.value


@pytest.mark.parametrize("name", RECORDED)
def test_every_cut_in_two_gives_the_same_chunks(name: str) -> None:
    """A recorded stream cut in two at any byte gives the same chunks as uncut, and so the same completion."""
    data = (STREAMS / name).read_bytes()
    chunks, total = whole([data])
    for place in range(len(data) + 1):
        cut_chunks, cut_total = whole([data[:place], data[place:]])
        assert cut_chunks == chunks, place
        if place % 16 == 0:  # what is added up are the chunks
            assert cut_total.completion() == total.completion(), place


@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096])
@pytest.mark.parametrize("name", RECORDED)
def test_pieces_of_any_size_give_the_same_chunks(name: str, size: int) -> None:
    """A recorded stream gives the same chunks in pieces of any size."""
    data = (STREAMS / name).read_bytes()
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert whole(pieces)[0] == whole([data])[0]


def test_white_space_behind_data_does_not_depend_on_the_cut() -> None:
    """White space behind an event's data is none of it, and an error names the same place, wherever it is cut."""
    for rest in (b"", b" ", b"\t", b"\x0b", b"\x0c"):
        good = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}' + rest + b"\n\n"
        bad = good.replace(b"}]}", b"}]")
        words = set()
        for place in (0, 9, len(good) - 3):
            assert [item.text for item in whole([good[:place], good[place:], b"data: [DONE]\n\n"])[0]] == ["hi"]
            with pytest.raises(BedrockOpenAIError) as caught:
                whole([bad[:place], bad[place:]])
            words.add(str(caught.value))
        assert len(words) == 1


def test_recorded_reasoning() -> None:
    """The runtime's reasoning deltas become clean text and reasoning; usage comes from the last chunk."""
    chunks, total = whole([(STREAMS / "runtime-reasoning.sse").read_bytes()])
    completion = total.completion("r-1")
    assert [item.text for item in chunks] == ["", "", "", "17\u202f+\u202f25 = ", "**42** 🦙.", "", ""]
    assert [item.reasoning for item in chunks[:3]] == ["", "They ask for a sum.", " Easy: 17\u202f+\u202f25."]
    assert completion.text == "17\u202f+\u202f25 = **42** 🦙."
    assert completion.reasoning == "They ask for a sum. Easy: 17\u202f+\u202f25."
    assert completion.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 110
    assert completion.request_id == "r-1"
    assert completion.service_tier == "default"
    assert completion.object == completion.raw["object"] == "chat.completion"
    assert completion.raw["choices"][0]["message"]["content"].count("<reasoning>") == 2


def test_recorded_tool_calls() -> None:
    """Fragments with an equal index are joined in order, also when a chunk holds several of them."""
    _, total = whole([(STREAMS / "runtime-tool-calls.sse").read_bytes()])
    completion = total.completion()
    assert [(call.id, call.function.name, call.function.arguments) for call in completion.tool_calls] == [
        ("chatcmpl-tool-93e7bd9564cd4994", "get_weather", '{"city":"Graz"}'),
        ("chatcmpl-tool-1b2c3d4e5f607182", "get_time", "{}"),
    ]
    assert completion.finish_reason == "tool_calls"
    assert completion.text == ""


def test_recorded_mantle_reasoning() -> None:
    """Mantle's own field for reasoning is read as the tags are, and kept in the raw message."""
    chunks, total = whole([(STREAMS / "mantle-reasoning.sse").read_bytes()])
    completion = total.completion()
    assert "".join(item.reasoning for item in chunks) == completion.reasoning == "A greeting. Be brief."
    assert "".join(item.text for item in chunks) == completion.text == "Hi there."
    assert completion.raw["choices"][0]["message"]["reasoning"] == "A greeting. Be brief."


def test_recorded_choices() -> None:
    """Choices are told apart by their index; a chunk's text is that of the first."""
    chunks, total = whole([(STREAMS / "two-choices.sse").read_bytes()])
    completion = total.completion()
    assert [choice.message.text for choice in completion.choices] == ["yes!", "no?"]
    assert [choice.finish_reason for choice in completion.choices] == ["stop", "length"]
    assert "".join(item.text for item in chunks) == "yes!"


def test_a_tag_cut_by_a_chunk_is_held_back() -> None:
    """A tag that two chunks share never shows in the text, and what was no tag comes with the last chunk."""
    deltas = ["<reas", "oning>why</reaso", "ning>so <b", "> and <rea"]
    chunks, total = whole([*map(chunk, deltas), chunk(None, finish_reason="stop"), DONE])
    assert [item.text for item in chunks] == ["", "", "so <b", "> and ", "<rea"]
    assert total.completion().text == "so <b> and <rea"
    assert total.completion().reasoning == "why"


@pytest.mark.parametrize(
    "end",
    [b"data: [DONE]\n\n", b"data: [DONE]\n", b"data: [DONE]", b"data:[DONE]\n\n", b"data: [DONE] \n\n"]
    + [b"data: [DONE]\r\n\r\n", b"data: [DONE]\n\ndata: [DONE]\n\n", b"data: [DONE]\n\nrubbish \xff {"],
)
def test_forms_of_the_end_mark(end: bytes) -> None:
    """The end mark counts with or without its blank line, a space around it, and anything after it."""
    assert [item.text for item in whole([chunk("a") + end])[0]] == ["a"]


@pytest.mark.parametrize("end", [b"", b": bye\n\n", b'data: {"ch', b"data: \xf0\x9f"])
def test_a_missing_end_mark_is_an_error(end: bytes) -> None:
    """A stream that just ends raises IncompleteStreamError with everything that had arrived."""
    texts, error = failure_of(chunk("a") + chunk("b", finish_reason="stop") + end)
    assert type(error) is IncompleteStreamError
    assert texts == ["a", "b"]
    assert error.partial is not None
    assert error.partial.text == "ab"
    assert error.request_id == error.partial.request_id == "r-1"


def test_nothing_at_all_is_incomplete() -> None:
    """An empty stream, or one of comments only, is incomplete, with no partial answer."""
    for data in (b"", b": keep-alive\n\n\n\n"):
        texts, error = failure_of(data)
        assert type(error) is IncompleteStreamError
        assert (texts, error.partial) == ([], None)


def test_an_end_mark_inside_of_a_text_is_text() -> None:
    """Only an event that is nothing but the end mark ends the stream."""
    assert whole([chunk("data: [DONE]\n\n") + DONE])[0][0].text == "data: [DONE]\n\n"


def test_blank_payloads_and_comments_are_skipped() -> None:
    """Empty data lines, comments, ids and named events around the chunks are no chunks."""
    noise = b": x\n\ndata:\n\ndata:  \n\nid: 7\n\nevent: ping\n\n"
    assert [item.text for item in whole([noise + chunk("a") + noise + DONE])[0]] == ["a"]


@pytest.mark.parametrize(
    ("event", "kind", "status", "message"),
    [
        (b'data: {"error": {"message": "boom", "type": "server_error", "code": "x"}}', APIStatusError, None, "boom"),
        (b'data: {"error": {"message": "boom", "code": 500}}', InternalServerError, 500, "boom"),
        (b'data: {"error": "boom"}', APIStatusError, None, "boom"),
        (b'event: error\ndata: {"message": "boom"}', APIStatusError, None, "boom"),
        (b"event: error\ndata: boom", APIStatusError, None, "boom"),
        (b'data: {"__type": "x#ThrottlingException", "message": "slow"}', RateLimitError, None, "slow"),
        (b'data: {"Message": "boom"}', APIStatusError, None, "boom"),
        (b'data: {"error": {"message": "boom"}, "choices": []}', APIStatusError, None, "boom"),
    ],
)
def test_errors_in_mid_stream(event: bytes, kind: type, status: int | None, message: str) -> None:
    """An error object in any shape is raised as what it is, with the request ID and what had arrived."""
    texts, error = failure_of(chunk("a") + event + b"\n\n" + chunk("b") + DONE)
    assert type(error) is kind
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.message, error.request_id) == (status, message, "r-1")
    assert texts == ["a"]
    assert error.partial is not None
    assert error.partial.text == "a"


def test_a_null_error_is_none() -> None:
    """A chunk whose `error` is null is a chunk."""
    data = chunk("a").replace(b'"id"', b'"error": null, "id"')
    assert [item.text for item in whole([data + DONE])[0]] == ["a"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"data: {", "an event of the stream is not JSON: expecting property name enclosed in double quotes"),
        (b"data: hello", "an event of the stream is not JSON: expecting value"),
        (b"data: \xff\xfe", "an event of the stream is not JSON: not UTF-8"),
        (b'data: {"choices": NaN}', "an event of the stream is not JSON: NaN is not JSON"),
        (b"data: " + b"[" * 100_000, "an event of the stream is not JSON: nested too deeply"),
        (b'data: {"choices": [], "x": ' + b"9" * 5000 + b"}", "is not JSON: an integer with too many digits"),
        (b"data: 7", "an event of the stream is no chunk: $ is an integer, not an object"),
        (b"data: null", "$ is missing or null, not an object"),
        (b"data: []", "$ is an array, not an object"),
        (b'data: {"choices": [7]}', "$.choices[0] is an integer, not an object"),
        (b'data: {"choices": {}}', "$.choices is an object, not an array"),
        (b'data: {"type": "response.created"}', "$.choices is missing or null, not an array"),
        (b'data: {"choices": [{"message": {}}]}', "$.choices[0].delta is missing or null, not an object"),
        (
            b'data: {"choices": [{"text": "a", "delta": null}]}',
            "$.choices[0].delta is missing or null, not an object",
        ),
        (b'data: {"choices": [{"delta": []}]}', "$.choices[0].delta is an array, not an object"),
        (b'data: {"choices": [{"delta": {"tool_calls": {}}}]}', "$.choices[0].delta.tool_calls is an object"),
        (b'data: {"choices": [{"delta": {"tool_calls": [7]}}]}', "delta.tool_calls[0] is an integer, not an object"),
        (b'data: {"choices": [{"delta": {"tool_calls": [{"custom": 7}]}}]}', "tool_calls[0].custom is an integer"),
        (b'data: {"choices": [{"delta": {"function_call": []}}]}', "delta.function_call is an array, not an object"),
        (b'data: {"choices": [{"delta": {"content": 7}}]}', "$.choices[0].delta.content is an integer"),
        (b"data: [DONE]x", "an event of the stream is not JSON"),
    ],
)
def test_events_that_are_no_chunk(event: bytes, reason: str) -> None:
    """An event that is no chunk raises ResponseFormatError, which says why; what came before it is kept."""
    texts, error = failure_of(chunk("a") + event + b"\n\n" + DONE)
    assert type(error) is ResponseFormatError
    assert reason in error.message
    assert texts == ["a"]
    assert error.partial is not None
    assert (error.partial.text, error.request_id) == ("a", "r-1")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b" \n\n"])
@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'{"message": "too many"}', APIStatusError, "too many"),
        (b'{"choices": []}', ResponseFormatError, "the answer is no event stream: no content type"),
        (b"[1]", ResponseFormatError, "the answer is no event stream: no content type"),
        (b"<html>hi</html>", ResponseFormatError, "it begins: <html>hi</html>"),
    ],
)
def test_a_body_that_is_no_stream(body: bytes, kind: type, message: str, mark: bytes, size: int) -> None:
    """JSON or HTML in place of events is raised as what it is, however it is cut."""
    data = mark + body
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    with pytest.raises(BedrockOpenAIError) as caught:
        list(iter_chunks(pieces))
    assert type(caught.value) is kind
    assert message in caught.value.message


def test_unknown_fields_are_kept() -> None:
    """What this version does not know stays in `extra` and in the completion's raw body; padding does not."""
    data = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "a", "mood": "go"}, "obfuscation": "x"'
    data += b', "seen": 1}], "region": "moon"}\n\n'
    chunks, total = whole([data + data.replace(b"moon", b"sun").replace(b'"go"', b'"od"') + DONE])
    completion = total.completion()
    assert chunks[0].extra == {"region": "moon"}
    assert chunks[0].choices[0].extra == {"obfuscation": "x", "seen": 1}
    assert completion.extra == {"region": "sun"}
    assert completion.choices[0].extra == {"seen": 1}
    assert completion.choices[0].message.extra == {"mood": "good"}


def test_logprobs_refusals_and_function_calls_add_up() -> None:
    """Token lists are appended, refusals joined, and the deprecated function call is put together."""
    first = {"logprobs": {"content": [1], "refusal": None}, "delta": {"refusal": "no, "}}
    second = {"logprobs": {"content": [2], "refusal": [3]}, "delta": {"refusal": "thanks"}}
    third = {"delta": {"function_call": {"name": "f", "arguments": '{"a"'}}}
    fourth = {"delta": {"function_call": {"arguments": ":1}"}}, "finish_reason": "function_call"}
    _, total = whole([*(chunk(None, **choice) for choice in (first, second, third, fourth)), DONE])
    choice = total.completion().choices[0]
    assert choice.logprobs == {"content": [1, 2], "refusal": [3]}
    assert choice.message.refusal == "no, thanks"
    assert choice.message.function_call is not None
    assert (choice.message.function_call.name, choice.message.function_call.arguments) == ("f", '{"a":1}')


def test_a_guardrail_that_intervened_once_has_intervened() -> None:
    """A chunk that says so decides for the whole answer, whatever later chunks say."""
    said = chunk("a").replace(b'"id"', b'"amazon-bedrock-guardrailAction": "INTERVENED", "id"')
    unsaid = said.replace(b"INTERVENED", b"NONE")
    chunks, total = whole([unsaid, said, unsaid, DONE])
    assert [item.guardrail.intervened for item in chunks if item.guardrail] == [False, True, False]
    outcome = total.completion().guardrail
    assert outcome is not None
    assert outcome.intervened


@pytest.mark.parametrize("name", ["streaming", "chunk_object"])
def test_the_specifications_chunks(name: str) -> None:
    """The example chunks of the API's specification add up to their answer."""
    path = STREAMS.parent / "spec_examples" / f"{name}.json"
    events = [json.dumps(item) for item in json.loads(path.read_text(encoding="utf-8"))["chunks"]]
    chunks, total = whole([f"data: {event}\n\n".encode() for event in events] + [DONE])
    assert [item.raw for item in chunks] == [json.loads(event) for event in events]
    assert (total.completion().text, total.completion().finish_reason) == ("Hello", "stop")


def test_what_was_held_back_is_handed_on_before_a_missing_end_mark_is_told() -> None:
    """The start of what might have been a tag is text of the answer: also where the stream just ends."""
    texts, error = failure_of(chunk("a <reas"))
    assert type(error) is IncompleteStreamError
    assert "".join(texts) == error.partial.text == "a <reas"
