"""Chunks, their sum and a plain answer say the same, however a stream is cut and wherever it ends."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionStream,
    HTTPResponse,
    IncompleteStreamError,
    InternalServerError,
    iter_chunks,
    parse_completion,
)
from bedrock_openai_http.values.accumulator import Accumulator
from support import DONE, RecordedResponse, chunk

FINISHED = "The model had finished, so `partial` probably is the whole answer."
#: Contents with tags, whole, in numbers, and half ones at the end.
CONTENTS = [
    "<reasoning>why</reasoning>so",
    "<reasoning>a</reasoning><reasoning>b < c</reasoning>so <b> it is",
    "so it <reas",
    "<reasoning>why</reaso",
    "<reasoning></reasoning>a<",
    "</reasoning>a<reasoning>b<reasoning>",
]


def pieces_of(text: str, dice: random.Random) -> list[str]:
    """Return `text` cut at up to six places; a piece may be empty."""
    edges = sorted([0, len(text), *(dice.randint(0, len(text)) for _ in range(dice.randint(0, 6)))])
    return [text[start:end] for start, end in pairwise(edges)]


def choices_of(content: str, reason: str | None, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Yield the choices of a stream that says `content` and ends with `reason`, wherever servers put that."""
    pieces = pieces_of(content, dice)
    none: Any = dice.choice([None, "", "absent"])
    at = dice.choice(["alone", "last", "each", dice.randrange(len(pieces))])
    for i, piece in enumerate(pieces):
        is_here = at in ("each", i) or (at == "last" and i == len(pieces) - 1)
        # A chunk with a reason and no content ends what is held back; one with content may be followed by more.
        found = reason if is_here and piece else none
        yield {"index": 0, "delta": {"content": piece}, **({} if found == "absent" else {"finish_reason": found})}
    yield {"index": 0, "delta": dice.choice([{}, {"content": None}, None]), "finish_reason": reason}


def events(choices: list[dict[str, Any]]) -> bytes:
    bodies = ({"id": "c", "created": 1, "model": "m", "choices": [choice]} for choice in choices)
    return b"".join(b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies)


def read(pieces: list[bytes], total: Accumulator, chunks: list[ChatCompletionChunk]) -> None:
    for item in iter_chunks(pieces, into=total):
        chunks.append(item)


def test_chunks_their_sum_and_a_plain_answer_agree() -> None:
    """Cut anywhere in bytes and tags, with a finish reason anywhere or none, all three have the same text."""
    dice = random.Random(8)
    for _ in range(800):
        content, reason = dice.choice(CONTENTS), dice.choice(["stop", "length", None, ""])
        data = events(list(choices_of(content, reason, dice))) + DONE
        edges = sorted([0, len(data), *(dice.randint(0, len(data)) for _ in range(3))])
        chunks: list[ChatCompletionChunk] = []
        total = Accumulator()
        read([data[start:end] for start, end in pairwise(edges)], total, chunks)
        whole = total.completion()
        body = {"choices": [{"message": {"content": content}, "finish_reason": reason}]}
        plain = parse_completion(HTTPResponse(200, {}, json.dumps(body).encode()))
        said = ("".join(item.text for item in chunks), "".join(item.reasoning for item in chunks) or None)
        assert said == (whole.text, whole.reasoning) == (plain.text, plain.reasoning)
        assert whole.finish_reason == plain.finish_reason
        assert ChatCompletion.from_dict(whole.raw).choices == whole.choices


def test_what_is_held_back_at_the_end_mark() -> None:
    """Without a finish reason what was held back comes as one more chunk, and counts once in the whole."""
    stream = ChatCompletionStream(RecordedResponse(chunk("a <"), chunk("reas"), DONE), lambda error: None)
    *before, last = list(stream)
    assert [item.text for item in before] == ["a ", ""]
    assert (last.text, last.choices[0].delta.content, last.raw, last.id, last.model) == ("<reas", None, {}, "c", "m")
    whole = stream.completion()
    assert (whole.text, whole.raw["choices"][0]["message"]["content"]) == ("a <reas", "a <reas")
    assert list(stream) == []
    thoughts = list(iter_chunks([chunk("<reasoning>a </"), DONE]))
    assert [item.reasoning for item in thoughts] == ["a ", "</"]


def test_what_is_held_back_of_several_choices() -> None:
    """Each choice gets what was held back of it, in the order of their index."""
    data = b"".join(chunk(text, index=index) for index, text in ((1, "b<"), (0, "a</"), (2, "c")))
    last = list(iter_chunks([data, DONE]))[-1]
    assert [(choice.index, choice.delta.text) for choice in last.choices] == [(1, "<")]
    last = list(iter_chunks([chunk("b<", index=1), chunk("a<re", index=0), DONE]))[-1]
    assert [(choice.index, choice.delta.text) for choice in last.choices] == [(0, "<re"), (1, "<")]


def failure_of(pieces: list[Any]) -> tuple[list[str], BedrockOpenAIError]:
    """Return the texts that came, and what was raised then."""

    def given() -> Iterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise copy.copy(piece)
            yield piece

    texts = []
    with pytest.raises(BedrockOpenAIError) as caught:
        for item in iter_chunks(given()):
            texts.append(item.text)
    return texts, caught.value


@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"])
def test_a_last_event_without_its_blank_line(line_end: bytes) -> None:
    """Its content is handed on and in `partial`; without the end mark the stream is incomplete still."""
    texts, error = failure_of([chunk("a"), chunk("b").rstrip() + line_end])
    assert type(error) is IncompleteStreamError
    assert error.partial is not None
    assert (texts, error.partial.text) == (["a", "b"], "ab")


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        (b'event: error\ndata: {"message": "boom"}', APIStatusError, "boom"),
        (b"event: error\ndata: boom", APIStatusError, "boom"),
        (b'data: {"error": {"message": "boom", "code": 500}}', InternalServerError, "boom"),
        (b'data: {"choices": [{"delta": {"content": "b', IncompleteStreamError, "the stream ended"),
        (b"data: [DON", IncompleteStreamError, "the stream ended"),
        (b"data: 7", IncompleteStreamError, "the stream ended"),
        (b"data:", IncompleteStreamError, "the stream ended"),
        (b"event: error", IncompleteStreamError, "the stream ended"),
    ],
)
@pytest.mark.parametrize("line_end", [b"", b"\n"])
def test_what_the_end_of_the_stream_has_cut(event: bytes, kind: type, message: str, line_end: bytes) -> None:
    """An error in a last event that lacks its blank line has its words; what is cut within is incomplete."""
    texts, error = failure_of([chunk("a"), event + line_end])
    assert type(error) is kind
    assert error.message.startswith(message)
    assert error.partial is not None
    assert (texts, error.partial.text) == (["a"], "a")


BREAKS = [
    APITimeoutError("silence", phase="idle"),
    APITimeoutError("over", phase="deadline"),
    APIConnectionError("reset", phase="body"),
    b"",
]


@pytest.mark.parametrize("end", BREAKS)
@pytest.mark.parametrize("reason", ["stop", "length", None, ""])
def test_a_stream_that_breaks_off_after_the_model_had_finished(end: Any, reason: str | None) -> None:
    """However it breaks off, the error says that the model had finished where it had, and only there."""
    _, error = failure_of([chunk("a"), chunk(None, finish_reason=reason), end])
    assert (error.advice == FINISHED) is bool(reason)
    assert error.partial is not None
    assert error.partial.text == "a"


@pytest.mark.parametrize("end", BREAKS)
def test_two_choices_of_which_one_had_finished(end: Any) -> None:
    """All choices must have finished."""
    _, error = failure_of([chunk("a", index=1), chunk("a", finish_reason="stop"), end])
    assert error.advice != FINISHED


def test_advice_of_its_own_stays() -> None:
    """What the connection's failure says itself is replaced only by what is more to the point."""
    failure = APIConnectionError("reset", phase="body")
    failure.advice = "own"
    assert failure_of([chunk("a"), failure])[1].advice == "own"
    assert failure_of([chunk("a", finish_reason="stop"), failure])[1].advice == FINISHED
