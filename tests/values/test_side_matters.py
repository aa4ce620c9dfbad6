"""A paid answer is not refused for a side matter: what cannot be read is None and stays in `raw` and `extra`."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from bedrock_openai_http import (
    ChatCompletion,
    ChatCompletionChunk,
    HTTPResponse,
    Usage,
    iter_chunks,
    parse_completion,
)
from bedrock_openai_http.values.chunk import ChunkReader
from support import DONE

#: Of each member, what it is when it cannot be read.
TOP = {"id": "", "model": "", "created": None, "service_tier": None, "system_fingerprint": None, "usage": None}
TEXTS = ["id", "model", "service_tier", "system_fingerprint"]
ODD: list[Any] = [7, 7.5, True, False, [], [1], {"x": 1}]

MESSAGE = {"role": "assistant", "content": "a"}


def plain(body: dict[str, Any]) -> ChatCompletion:
    given = copy.deepcopy(body)
    completion = parse_completion(HTTPResponse(200, {}, json.dumps(body).encode()))
    assert completion.raw == given
    assert completion.to_dict() == json.loads(json.dumps(completion.to_dict()))
    return completion


def chunk(body: dict[str, Any]) -> ChatCompletionChunk:
    (found,) = iter_chunks([b"data: " + json.dumps(body).encode() + b"\n\n" + DONE])
    assert found.raw == body
    return found


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *((name, odd) for name in TEXTS for odd in ODD),
        *(("created", odd) for odd in ("2026-11-29", "1", True, [], {})),
        *(("usage", odd) for odd in ("free", 7, True, False, [], [1])),
    ],
)
def test_beside_the_choices(name: str, odd: Any) -> None:
    """A member of the whole or of a chunk that is of another kind is as if it were missing, and is kept."""
    whole = plain({"choices": [{"message": MESSAGE}], name: odd})
    part = chunk({"choices": [{"delta": {"content": "a"}}], name: odd})
    for found in (whole, part):
        assert found.text == "a"
        assert getattr(found, name) == TOP[name]
        assert found.extra == {name: odd}
        assert found.to_dict() == found.raw


@pytest.mark.parametrize(
    ("usage", "counts", "extra"),
    [
        ({}, (None, None, None), {}),
        ({"prompt_tokens": 1}, (1, None, None), {}),
        ({"prompt_tokens": 1, "completion_tokens": None, "total_tokens": 3}, (1, None, 3), {}),
        ({"prompt_tokens": 12.0, "completion_tokens": 2, "total_tokens": 14.0}, (12, 2, 14), {}),
        ({"prompt_tokens": 12.5, "completion_tokens": "2", "total_tokens": True}, (None, None, None), ...),
        ({"prompt_tokens": 1, "prompt_tokens_details": None, "completion_tokens_details": {}}, (1, None, None), {}),
        ({"prompt_tokens_details": [], "completion_tokens_details": 7}, (None, None, None), ...),
        ({"cost": {"x": 1}}, (None, None, None), ...),
    ],
)
def test_token_counts(usage: dict[str, Any], counts: tuple[Any, ...], extra: Any) -> None:
    """A count that is missing, null or no whole number is None; one that is written as 12.0 is 12."""
    for found in (plain({"choices": [], "usage": usage}), chunk({"choices": [], "usage": usage})):
        assert isinstance(found.usage, Usage)
        read = found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens
        assert read == counts
        assert [type(count) for count in read] == [type(count) for count in counts]
        assert found.usage.extra == (usage if extra is ... else extra)
        assert found.usage.to_dict() == usage


@pytest.mark.parametrize("odd", ["x", 7, True, [], [1]])
@pytest.mark.parametrize("name", ["logprobs", "finish_reason"])
def test_beside_the_message(name: str, odd: Any) -> None:
    """Log probabilities that are no object, and a finish reason that is no text, are None and kept."""
    if name == "finish_reason" and odd == "x":
        odd = {"x": 1}
    whole = plain({"choices": [{"index": 0, "message": MESSAGE, name: odd}]})
    part = chunk({"choices": [{"index": 0, "delta": MESSAGE, name: odd}]})
    for choice in (whole.choices[0], part.choices[0]):
        assert getattr(choice, name) is None
        assert choice.extra == {name: odd}
        assert choice.to_dict()[name] == odd


@pytest.mark.parametrize(
    ("name", "odd", "value"),
    [
        *(("annotations", odd, ()) for odd in ("x", 7, {}, {"x": 1}, False)),
        *(("audio", odd, None) for odd in ("x", 7, [], True)),
        *(("refusal", odd, None) for odd in (7, [], {}, False)),
        *(("role", odd, "assistant") for odd in (7, [], {}, False)),
        *(("reasoning", odd, None) for odd in (7, [], ["x"], {"text": "x"})),
        *(("reasoning_content", odd, None) for odd in (7, [], {"text": "x"})),
    ],
)
def test_beside_the_content(name: str, odd: Any, value: Any) -> None:
    """So it is with what stands beside content and calls in a message, whole and streamed."""
    message = {"content": "a", name: odd}
    whole = plain({"choices": [{"index": 0, "message": message}]})
    reader = ChunkReader()
    delta = reader.read({"choices": [{"delta": message}]}).choices[0].delta
    read = whole.choices[0].message
    assert (read.text, getattr(read, name, None), read.extra) == ("a", value, {name: odd})
    assert (delta.text, delta.reasoning, delta.extra, delta.to_dict()) == ("a", "", {name: odd}, message)
    assert whole.to_dict() == whole.raw


def test_thoughts_under_either_name() -> None:
    """`reasoning_content` is read as `reasoning` is, in messages and in deltas; with both, the same counts once."""
    for own in ({"reasoning": "why"}, {"reasoning_content": "why"}, {"reasoning": "why", "reasoning_content": "why"}):
        for odd in ({}, {"reasoning": None}, {"reasoning": ""}, {"reasoning": {}}, {"reasoning_content": ""}):
            message = {"content": "<reasoning> not</reasoning>a", **odd, **own}
            whole = plain({"choices": [{"message": message}]})
            assert (whole.reasoning, whole.text) == ("why not", "a")
            assert chunk({"choices": [{"delta": message}]}).reasoning == "why not"


@pytest.mark.parametrize(
    ("index", "read"),
    [(None, 1), ("x", 1), ("-1", 1), (True, 1), ([], 1), (7.5, 1), (3.0, 3), ("3", 3), (3, 3), (-1, -1)],
)
def test_the_index_of_a_choice(index: Any, read: int) -> None:
    """An index that is no number is the place in the list."""
    good = {"index": 0}
    whole = plain({"choices": [{**good, "message": MESSAGE}, {"index": index, "message": MESSAGE}]})
    part = chunk({"choices": [{**good, "delta": MESSAGE}, {"index": index, "delta": MESSAGE}]})
    for choices in (whole.choices, part.choices):
        assert [choice.index for choice in choices] == [0, read]
    assert [choice.index for choice in plain({"choices": [{"message": {}}] * 2}).choices] == [0, 1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": None}]},
        {"error": None},
        {"id": "c", "choices": None, "usage": None},
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
        {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
    ],
)
def test_chunks_that_add_nothing(body: dict[str, Any]) -> None:
    """A chunk whose choices or delta are null or absent is an empty one."""
    found = chunk(body)
    assert (found.text, found.reasoning) == ("", "")
    assert found.to_dict() == (body or {"object": "chat.completion.chunk"})


@pytest.mark.parametrize("error", [None, {}, "", False, [], 0])
def test_an_empty_error_beside_choices(error: Any) -> None:
    """An `error` that is empty is none where there are choices."""
    assert plain({"choices": [{"message": MESSAGE}], "error": error}).text == "a"
    assert chunk({"choices": [{"delta": MESSAGE}], "error": error}).text == "a"


def test_an_empty_finish_reason() -> None:
    """It counts as none, in a plain answer, in a chunk and in the whole."""
    assert plain({"choices": [{"message": MESSAGE, "finish_reason": ""}]}).finish_reason is None
    assert chunk({"choices": [{"delta": MESSAGE, "finish_reason": ""}]}).choices[0].finish_reason is None
