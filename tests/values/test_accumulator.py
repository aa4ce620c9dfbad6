"""What chunks add up to, field by field, and at any moment."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletion
from bedrock_openai_http.values.accumulator import Accumulator
from bedrock_openai_http.values.chunk import ChunkReader
from bedrock_openai_http.values.guardrail_outcome import TRACE


def added_up(bodies: list[dict[str, Any]]) -> ChatCompletion:
    """Return what chunks of the given members add up to; the members stay as they are."""
    given = copy.deepcopy(bodies)
    reader, total = ChunkReader(), Accumulator()
    for body in bodies:
        total.add(reader.read({"choices": [], **body}))
    assert bodies == given
    return total.completion()


def deep(leaf: Any, depth: int) -> Any:
    for _ in range(depth):
        leaf = {"a": leaf}
    return leaf


# (what an unknown field is in each of the chunks, what it is in the whole)
FIELDS: list[tuple[list[Any], Any]] = [
    (["a"], "a"),
    (["a", "b", "", "c"], "abc"),
    (["", ""], ""),
    (["a", None, "b", None], "ab"),
    ([None, None], None),
    ([{"a": "b"}, None], {"a": "b"}),
    ([1, 2], 2),
    ([[1], [2], [], None, [3]], [1, 2, 3]),
    ([{}, {}], {}),
    (["a", [], {}], "a"),
    ([{"x": [1]}, {"x": [2]}], {"x": [1, 2]}),
    (["a", 1, "b", "c"], "bc"),
    ([{"x": "a"}, {"x": "b", "y": 1}, {"y": 2}], {"x": "ab", "y": 2}),
    ([{"x": "a"}, "b", {"x": "c"}], {"x": "c"}),
    ([{"x": {"y": "a"}}, {"x": {"y": "b"}}, {"x": {"z": ["c"]}}], {"x": {"y": "ab", "z": ["c"]}}),
    ([{"x": {"y": "a"}}, {"x": "b"}, {"x": "c"}], {"x": "bc"}),
    # An ID is one word, however often it comes, and padding is no content.
    ([{"id": "a1", "data": "x"}, {"id": "a1", "data": "y"}], {"id": "a1", "data": "xy"}),
    ([{"x": "a"}, {"obfuscation": "b"}, {"x": "c"}], {"x": "ac"}),
    # As deep as objects are joined, and one level deeper.
    ([deep("a", 16), deep("b", 16)], deep("ab", 16)),
    ([deep("a", 17), deep("b", 17)], deep("b", 17)),
]


@pytest.mark.parametrize(("values", "whole"), FIELDS)
def test_unknown_fields_of_a_message(values: list[Any], whole: Any) -> None:
    """Texts, arrays and objects are joined, and of anything else the last value counts, under any name but `id`."""
    deltas = [{"reasoning_content": value, "id": value} for value in values]
    completion = added_up([{"choices": [{"index": 0, "delta": delta}]} for delta in deltas])
    assert completion.choices[0].message.extra["reasoning_content"] == whole
    last = completion.choices[0].message.extra["id"]
    assert last == (whole if isinstance(whole, (dict, list)) else last_said(values))


def last_said(values: list[Any]) -> Any:
    """Return the last of `values` that is not null or empty, else the first."""
    return ([value for value in values if value not in (None, "", [], {})] or values)[-1 if any(values) else 0]


@pytest.mark.parametrize(("values", "whole"), FIELDS)
def test_other_unknown_fields(values: list[Any], whole: Any) -> None:
    """Beside the message, in a choice, a tool call or the whole, the last value counts that says something."""
    call = {"index": 0, "function": {"name": "f"}}
    bodies = [
        {"x": value, "choices": [{"index": 0, "x": value, "delta": {"tool_calls": [{**call, "x": value}]}}]}
        for value in values
    ]
    body = added_up(bodies).raw
    (choice,) = body["choices"]
    assert (body["x"], choice["x"], choice["message"]["tool_calls"][0]["x"]) == (last_said(values),) * 3


def test_a_last_chunk_takes_nothing_back() -> None:
    """What is null, empty, 0 or of another kind in a later chunk leaves what was said before; counts are joined."""
    said = {"id": "c", "model": "m", "created": 7, "service_tier": "flex", "system_fingerprint": "f", "x": 1}
    first = {**said, "usage": {"prompt_tokens": 5, "completion_tokens": None}}
    last: list[dict[str, Any]] = [
        {"id": "", "model": "", "created": 0, "service_tier": "", "system_fingerprint": None, "x": None, "usage": {}},
        {**dict.fromkeys(said), "usage": None},
        {"id": 5, "model": [], "created": "now", "service_tier": {}, "system_fingerprint": False, "usage": "free"},
    ]
    counted = {"usage": {"completion_tokens": 2.0, "total_tokens": 7, "prompt_tokens": None}}
    for order in ([first, *last, counted], [*reversed(last), first, counted, *last]):
        whole = added_up(order)
        assert {name: whole.raw[name] for name in said} == said
        assert whole.usage is not None
        assert (whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.usage.total_tokens) == (5, 2, 7)


def test_what_comes_late_beside_the_choices() -> None:
    """A member of the whole that comes in a later chunk of the same ID counts, also without others that are new."""
    for name, value in {"model": "m", "created": 7, "service_tier": "flex", "system_fingerprint": "f"}.items():
        whole = added_up([{"id": "c"}, {"id": "c", name: value}, {"id": "c"}])
        assert getattr(whole, name) == whole.raw[name] == value


def test_usage_that_cannot_be_read() -> None:
    """It stays in the whole, unless there is some that can be read, before it or after it."""
    free, counted = {"usage": "free"}, {"usage": {"total_tokens": 7}}
    whole = added_up([free, {"usage": None}])
    assert (whole.usage, whole.extra, whole.raw["usage"]) == (None, free, "free")
    for order in ([free, counted], [counted, free]):
        whole = added_up(order)
        assert (whole.usage and whole.usage.total_tokens, whole.extra) == (7, {})


def test_arrays_of_a_message_are_appended() -> None:
    """Annotations and the details of reasoning that came in several chunks are all there."""
    pieces = [{"annotations": [n], "reasoning_details": [{"text": n}]} for n in range(3)]
    whole = added_up([{"choices": [{"index": 0, "delta": delta}]} for delta in [*pieces, {"annotations": None}]])
    message = whole.choices[0].message
    assert message.annotations == (0, 1, 2)
    assert message.extra["reasoning_details"] == [{"text": 0}, {"text": 1}, {"text": 2}]


def test_the_first_sign_of_a_guardrail_stays() -> None:
    """The ID that a guardrail gave first is that of the answer, whatever IDs come before and after it."""
    names = ["chatcmpl-1", "bedrock-guardrails-1", "chatcmpl-2", "bedrock-guardrails-2", "chatcmpl-3"]
    assert added_up([{"id": name} for name in names]).id == "bedrock-guardrails-1"
    assert added_up([{"id": name} for name in names[::2]]).id == "chatcmpl-3"


# (the trace of each chunk, that of the whole)
TRACES: list[tuple[list[Any], Any]] = [
    (['{"a": 1}'], '{"a": 1}'),
    (['{"a": 1}', None], {"a": 1}),
    (['{"a": 1}', '{"b": 2}', {"c": 3}], {"a": 1, "b": 2, "c": 3}),
    ([{"a": [1]}, '{"a": [2]}', None, {"a": None}, {"a": [3]}], {"a": [1, 2, 3]}),
    ([{"a": "x"}, {"a": "y"}], {"a": "y"}),
    ([{"a": [1]}, {"a": [1]}], {"a": [1]}),
    ([None, {"a": 1}], {"a": 1}),
    (["{", None], "{"),
    (["{", {"a": 1}], {"a": 1}),
    ([[1], [2]], [1, 2]),
]


@pytest.mark.parametrize(("traces", "whole"), TRACES)
def test_traces(traces: list[Any], whole: Any) -> None:
    """Traces are joined member by member, also where they come as texts; one alone stays as it came."""
    assert added_up([{TRACE: trace} for trace in traces]).extra[TRACE] == whole


def test_the_sum_so_far_is_no_part_of_what_follows() -> None:
    """Asked for in between, the sum is what it is at the end of so many chunks, and later chunks do not change it."""
    reader, total = ChunkReader(), Accumulator()
    sums: list[ChatCompletion] = []
    for n, (delta, extra) in enumerate(_pieces()):
        total.add(reader.read({"choices": [{"index": 0, "delta": delta}], **extra}))
        sums.append(total.completion())
        assert sums[-1].raw["choices"][0]["message"]["x"] == {"y": "ab" * (n + 1), "z": n}
    for n, whole in enumerate(sums):
        assert whole.choices[0].message.extra == {
            "x": {"y": "ab" * (n + 1), "z": n},
            "reasoning_content": "t" * (n + 1),
        }
        assert whole.guardrail is not None
        assert whole.guardrail.trace == {
            "outputs": list(range(n + 1)),
            "input": {str(i): {"a": i} for i in range(n + 1)},
        }
        assert [type(value) for value in whole.raw[TRACE]["guardrail"].values()] == [list, dict]


def _pieces() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for n in range(5):
        trace = {"guardrail": {"outputs": [n], "input": {str(n): {"a": n}}}}
        yield {"reasoning_content": "t", "x": {"y": "ab", "z": n}}, {TRACE: trace}


def test_the_sum_is_plain() -> None:
    """What is given away is of JSON's own types, so that it pickles, whatever was joined within it."""
    total, reader = Accumulator(), ChunkReader()
    for delta, extra in _pieces():
        total.add(reader.read({"choices": [{"index": 0, "delta": delta}], **extra}))
    whole = total.completion()
    assert b"bedrock_openai_http" not in pickle.dumps(whole.raw)
