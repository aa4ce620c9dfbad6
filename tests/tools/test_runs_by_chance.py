"""Whatever a model calls and whatever comes of it, what is left of the run can be gone on from."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http import (
    BedrockOpenAIError,
    CustomTool,
    RateLimitError,
    ToolError,
    validate_request,
)
from bedrock_openai_http.tools.results import text_of
from chance import tries
from models import REQUEST, Played, answer, call, custom


def echo(text: str) -> str:
    return text


def refuse(text: str) -> str:
    raise ToolError(text)


def fail(text: str) -> str:
    raise KeyError(text)


TOOLS = [echo, refuse, fail, (CustomTool("shout"), str.upper)]
TEXTS = st.text(st.characters(codec=None), max_size=8)  # half a pair too
CALLS = st.one_of(
    st.builds(lambda name, text: call(name, {"text": text}), st.sampled_from(["echo", "refuse", "fail"]), TEXTS),
    st.builds(call, st.sampled_from(["echo", "nope", ""]), st.sampled_from(["", "{", "[]", "NaN", '{"text": 1}'])),
    st.builds(custom, st.sampled_from(["shout", "echo"]), TEXTS),
)  # fmt: skip
TURNS = st.lists(st.lists(CALLS, min_size=1, max_size=3), max_size=4)
ENDS = st.sampled_from([answer("Done."), answer(""), answer("", finish="length"), RateLimitError("slow down")])


@tries(60)
@given(TURNS, ENDS, TEXTS, st.sampled_from([1, 3, 10]))
def test_what_is_left_can_be_gone_on_from(turns: Any, end: Any, objection: str, max_turns: int) -> None:
    """Each call has one result in its place, the messages are valid and JSON, and each error of ours has the run."""

    def before(call: Any, arguments: Any) -> None:
        if arguments == {"text": objection}:
            raise ToolError(objection)

    played = Played(TOOLS, *[answer(*turn) for turn in turns], end, before_call=before, max_turns=max_turns)
    run = played.run
    if played.error is not None:
        assert isinstance(played.error, BedrockOpenAIError)
        assert pickle.loads(pickle.dumps(played.error)).run == run
    for turn in run.turns:
        ids = [each.id for each in turn.completion.tool_calls]
        assert [result.tool_call_id for result in turn.results] == ids
    assert json.loads(json.dumps(run.messages)) == run.messages
    validate_request(replace(REQUEST, messages=run.messages))
    assert [len(told.turns) for told in played.told][: len(run.turns)] == [*range(1, len(run.turns) + 1)]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@tries(30)
@given(PLAIN.filter(lambda value: not isinstance(value, str)))
def test_json_goes_as_json(value: Any) -> None:
    """A result of plain JSON values is the same value again when it is read."""
    assert json.loads(text_of(value)) == value
