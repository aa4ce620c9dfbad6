"""Arbitrary and damaged input: whatever arrives, the laws of `laws` hold.

`make test` tries a few hundred inputs of each kind, the same in every run. FUZZ_EXAMPLES=20000 in the environment
tries so many, and others each time.
"""

from __future__ import annotations

import contextlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_openai_http import (
    BedrockOpenAIError,
    ChatCompletionRequest,
    HTTPResponse,
    IncompleteStreamError,
    iter_chunks,
)
from bedrock_openai_http.values.request import FIELDS as ALL_FIELDS
from chance import tries
from laws import CANARY, MEMBERS, check_events, check_request, check_response, check_stream

DATA = Path(__file__).parents[1] / "data"
STREAMS = [path.read_bytes() for path in sorted((DATA / "streams").glob("*.sse"))]
ANSWERS = [json.loads((DATA / "spec_examples" / f"{name}.json").read_text()) for name in ("default", "functions")]
GOOD_REQUESTS = json.loads((DATA / "full_requests.json").read_text().replace("canary", CANARY))

PLACES = st.lists(st.integers(0, 4000), max_size=8)

# Text that is made of what the package looks for, and of what line splitters and decoders trip over.
WORDS = st.sampled_from(
    ["<reasoning>", "</reasoning>", "<reas", "oning>", "</", "<", ">", "a", " ", "\n", "\r", "\u2028", "\x85", "\0"]
    + ["é", "漢", "\U0001f600", "\ud83d", "[DONE]", "data: ", '"', "\\"]
)
TEXTS = st.lists(WORDS, max_size=6).map("".join) | st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS

# Known names, so that a thing of the wrong kind stands in the right place.
KEYS = st.sampled_from(MEMBERS) | st.text(max_size=4)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)

DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "role": st.just("assistant"),
        "content": st.none() | TEXTS,
        "refusal": st.none() | TEXTS,
        "reasoning": TEXTS,
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {"index": st.integers(0, 2)},
                optional={
                    "id": TEXTS,
                    "type": st.sampled_from(["function", "custom"]),
                    "function": st.fixed_dictionaries({}, optional={"name": TEXTS, "arguments": TEXTS}),
                    "custom": st.fixed_dictionaries({}, optional={"name": TEXTS, "input": TEXTS}),
                },
            ),
            max_size=2,
        ),
        "function_call": st.fixed_dictionaries({}, optional={"name": TEXTS, "arguments": TEXTS}),
    },
)
CHUNKS = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {"index": st.integers(0, 1), "delta": DELTAS},
                optional={
                    "finish_reason": st.sampled_from([None, "stop", ""]),
                    "logprobs": st.none()
                    | st.fixed_dictionaries({"content": st.none() | st.lists(JSON, max_size=2)}),
                    "obfuscation": TEXTS,
                },
            ),
            max_size=2,
        )
    },
    optional={"id": TEXTS, "model": TEXTS, "created": st.integers(), "service_tier": st.none() | TEXTS},
)


@st.composite
def with_changes(draw: st.DrawFn, values: st.SearchStrategy[Any], members: st.SearchStrategy[Any] = JSON) -> Any:
    """Draw a JSON value with up to three of its members replaced, removed, or joined by others."""
    value = deepcopy(draw(values))
    for _ in range(draw(st.integers(0, 3))):
        place = value
        while isinstance(place, (dict, list)) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            if not place[key] or not isinstance(place[key], (dict, list)) or draw(st.integers(0, 4)) == 0:
                _change(draw, place, key, members)
                break
            place = place[key]
    return value


def _change(draw: st.DrawFn, place: Any, key: Any, members: st.SearchStrategy[Any]) -> None:
    action = draw(st.sampled_from(["replace", "remove", "add"]))
    if action == "remove":
        del place[key]
    elif action == "replace":
        place[key] = draw(members)
    elif isinstance(place, dict):
        place[draw(KEYS)] = draw(members)
    else:
        place.insert(key, draw(members))


@st.composite
def damaged(draw: st.DrawFn, data: st.SearchStrategy[bytes]) -> bytes:
    """Draw bytes with up to three places cut out, overwritten, repeated or cut off."""
    value = draw(data)
    junk = st.sampled_from(
        [b"", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\xff", b"{", b'"', b"data:", b"event: error\n"]
    )
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(value)))
        end = draw(st.integers(start, min(len(value), start + 40)))
        middle = draw(junk | st.binary(max_size=4) | st.just(value[start:end] * 2))
        value = value[:start] + middle + (b"" if draw(st.integers(0, 9)) == 0 else value[end:])
    return value


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Draw a whole stream in one of the forms that the standard allows."""
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    lines = [draw(st.sampled_from([b"", b"\xef\xbb\xbf", b": ping"]))]
    for chunk in draw(st.lists(with_changes(CHUNKS) | CHUNKS, max_size=5)):
        lines.append(draw(st.sampled_from([b"", b": ping", b"event: message", b"id: 1", b"retry: 5", b"event"])))
        lines += [draw(st.sampled_from([b"data: ", b"data:"])) + json_bytes(chunk), b""]
    lines += draw(st.sampled_from([[b"data: [DONE]", b"", b""], [b"data:[DONE]"], []]))
    return end.join(line for line in lines)


def stream_of(*choices: dict[str, Any]) -> bytes:
    """Return a whole stream with one choice in each chunk."""
    chunks = [json_bytes({"choices": [{"index": 0, "delta": {"content": "a"}, **choice}]}) for choice in choices]
    return b"".join(b"data: " + chunk + b"\n\n" for chunk in [*chunks, b"[DONE]"])


def json_bytes(value: Any) -> bytes:
    """Return JSON as a service may write it: half a surrogate pair escaped, everything else as it is."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


@tries(100)
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(list(b"\r\n :data:event\xef\xbb\xbf0")), max_size=40).map(bytes),
    PLACES,
)
@example(b"event: error\nevent\ndata: 1\n\n", [])
def test_events_are_those_of_the_standard(data: bytes, places: list[int]) -> None:
    """Any bytes, cut anywhere, give the events that a word-for-word reading of the standard gives."""
    check_events(data, places)


@tries(100)
@given(st.binary(max_size=200) | damaged(st.sampled_from(STREAMS)), PLACES)
@example(b"\xef\xbb\xbf  {}", [4])
def test_any_bytes_as_a_stream(data: bytes, places: list[int]) -> None:
    """Any bytes give the same chunks wherever they are cut, and then an end mark or one error of ours."""
    check_stream(data, places)


@tries(100)
@given(streams() | damaged(streams()), PLACES)
@example(stream_of({"logprobs": {"content": 5}}, {"logprobs": {"content": [1]}}), [])
@example(stream_of({"message": None}), [])
@example(stream_of({"message": {"content": "b"}}), [])
@example(stream_of({"delta": {"tool_calls": [{"custom": "x"}]}}), [])
@example(stream_of(*({"delta": {"tool_calls": [{"index": 0, "custom": {"input": text}}]}} for text in "abc")), [])
def test_any_chunks_in_a_stream(data: bytes, places: list[int]) -> None:
    """Chunks of any content, whole or damaged, lose no text, whether the stream ends well or not."""
    check_stream(data, places)


@pytest.mark.parametrize("depth", [100, 900, 3000, 30_000])
def test_unknown_objects_nested_without_end(depth: int) -> None:
    """However deep an unknown object is nested, the stream ends with its end mark or with an error of ours."""
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    data = b'data: {"choices": [{"delta": {"unknown": ' + nested + b"}}]}\n\n"
    with contextlib.suppress(BedrockOpenAIError):
        assert len(list(iter_chunks([data, data, b"data: [DONE]\n\n"]))) == 2
    with pytest.raises(BedrockOpenAIError):
        list(iter_chunks([data, data]))


@tries(100)
@given(st.sampled_from(STREAMS), st.integers(0, 4000))
def test_a_stream_that_is_cut_off(data: bytes, place: int) -> None:
    """The beginning of a recorded stream gives the beginning of its chunks, and says that it is not whole."""
    chunks, error, whole = check_stream(data[: place % len(data)], [])
    if error is None:
        assert b"[DONE]" in data[: place % len(data)]
    else:
        assert isinstance(error, IncompleteStreamError)
    everything, _, complete = check_stream(data, [])
    assert everything[: len(chunks)] == chunks
    assert complete.text.startswith(whole.text.split("<", 1)[0])


STATUS = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 403, 404, 429, 500, 503, 599])
HEADERS = st.dictionaries(
    st.sampled_from(["x-amzn-requestid", "x-amzn-errortype", "content-type", "location", "retry-after"]),
    st.sampled_from(["", "r-1", "ThrottlingException:http://internal/", "#", ":", "text/html", "/other", "http://["]),
    max_size=3,
)


@tries(100)
@given(STATUS, HEADERS, st.binary(max_size=100) | JSON.map(json_bytes))
@example(200, {}, b"[" * 100_000)
@example(301, {"location": "http://["}, b"")
@example(200, {}, b'{"choices": [{"message": {"content": ' + b"9" * 5000 + b"}}]}")
@example(500, {}, b'{"message": "{\\"message\\": \\"{\\\\\\"message\\\\\\": 1}\\"}"}')
def test_any_body_as_an_answer(status: int, headers: dict[str, str], body: bytes) -> None:
    """Any bytes and any JSON give a completion that can be used, or one error of ours."""
    check_response(HTTPResponse(status, headers, body))


@tries(100)
@given(
    STATUS, with_changes(st.sampled_from(ANSWERS)).map(json_bytes) | damaged(st.sampled_from(ANSWERS).map(json_bytes))
)
def test_an_answer_that_was_changed(status: int, body: bytes) -> None:
    """A completion with members changed or bytes lost is read, or refused with one error of ours."""
    found = check_response(HTTPResponse(status, {}, body))
    assert status < 300 or isinstance(found, BedrockOpenAIError)


class Odd:
    """An object that is no JSON, and whose repr must not be shown."""

    def __repr__(self) -> str:
        return CANARY


PROMPTS = TEXTS.map(lambda text: CANARY + text)
#: What a caller may give by mistake: anything that Python has.
ANYTHING = st.recursive(
    SCALARS
    | PROMPTS
    | st.binary(max_size=4)
    | st.sampled_from([Odd(), Odd, 10**400, {CANARY}, 1j, range(2), {1: CANARY}, {"a": {None: 1}}])
    | st.sampled_from(["user", "assistant", "tool", "function", "auto", "required"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(st.integers() | st.none(), inner, max_size=2)
    ),
    max_leaves=10,
)
FIELDS = st.sampled_from(sorted({name for body in GOOD_REQUESTS for name in body} | {"new"}))


@tries(100)
@given(ANYTHING | st.dictionaries(FIELDS, ANYTHING, max_size=6))
def test_anything_as_a_request(request: Any) -> None:
    """Any Python value is refused as a request in one way, or it can be sent and read back."""
    check_request(request)


@tries(100)
@given(with_changes(st.sampled_from(GOOD_REQUESTS), ANYTHING))
def test_a_request_that_was_changed(request: Any) -> None:
    """A good request with anything in it changed is refused in one way, or it can be sent and read back."""
    check_request(request)


@tries(100)
@given(st.dictionaries(st.sampled_from(ALL_FIELDS), ANYTHING, max_size=6), ANYTHING)
def test_a_request_object_of_anything(members: dict[str, Any], extra_body: Any) -> None:
    """A request object takes anything, shows none of it, and is then refused in one way, or it can be sent."""
    given_members = {"model": "m", "messages": [{"role": "user", "content": CANARY}], **members}
    request = ChatCompletionRequest(**given_members, extra_body=extra_body)
    if given_members["model"] == "m":
        assert CANARY not in repr(request)
    check_request(request)


@tries(100)
@given(with_changes(st.sampled_from(GOOD_REQUESTS), ANYTHING))
def test_any_mapping_becomes_a_request_object(body: Any) -> None:
    """`from_body` takes any mapping, and judges nothing."""
    check_request(ChatCompletionRequest.from_body(body))
