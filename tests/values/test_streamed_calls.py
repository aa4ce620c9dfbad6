"""Tool calls in every form in which servers stream them: what the fragments add up to."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_openai_http import ChatCompletion, CustomToolCall
from bedrock_openai_http.values.accumulator import Accumulator
from bedrock_openai_http.values.chunk import ChunkReader

#: A fragment: its members; `name`, `arguments`, as those of its `function`.
Fragment = dict[str, Any]


def fragment(**members: Any) -> Fragment:
    function = {name: members.pop(name) for name in ("name", "arguments") if name in members}
    return {**members, **({"function": function} if function else {})}


f = fragment

ONE = [("a", "get_weather", '{"city":"Graz"}')]
TWO = [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]

# The form; the fragments of each chunk; the calls, as ID, name and arguments.
FORMS: dict[str, tuple[list[list[Fragment]], list[tuple[str, str, str]]]] = {
    "OpenAI's": (
        [
            [f(index=0, id="a", type="function", name="get_weather", arguments="")],
            [f(index=0, arguments='{"city"')],
            [f(index=0, arguments=':"Graz"}')],
        ],
        ONE,
    ),
    "parallel, by index": (
        [
            [f(index=0, id="a", name="f", arguments=""), f(index=1, id="b", name="g", arguments="")],
            [f(index=1, arguments='{"y"'), f(index=0, arguments='{"x"')],
            [f(index=0, arguments=":1}"), f(index=1, arguments=":2}")],
        ],
        TWO,
    ),
    "several of one index in a chunk": (
        [[f(index=0, id="a", name="get_weather"), f(index=0, arguments='{"city"'), f(index=0, arguments=':"Graz"}')]],
        ONE,
    ),
    "indexes in another order": (
        [[f(index=5, id="b", name="g", arguments='{"y":2}')], [f(index=2, id="a", name="f", arguments='{"x":1}')]],
        TWO,
    ),
    "an index of 0.0": ([[f(index=0.0, id="a", name="get_weather")], [f(index=0, arguments='{"city":"Graz"}')]], ONE),
    "no index": ([[f(id="a", name="get_weather")], [f(arguments='{"city"')], [f(arguments=':"Graz"}')]], ONE),
    "no index, one after the other": (
        [
            [f(id="a", name="f", arguments="")],
            [f(arguments='{"x":1}')],
            [f(id="b", name="g", arguments='{"y"')],
            [f(arguments=":2}")],
        ],
        TWO,
    ),
    "no index, parallel in one chunk": (
        [[f(id="a", name="f", arguments='{"x":1}'), f(id="b", name="g", arguments='{"y":2}')]],
        TWO,
    ),
    "no index, each a chunk": (
        [[f(id="a", name="f", arguments='{"x":1}')], [f(id="b", name="g", arguments='{"y":2}')]],
        TWO,
    ),
    "no index, in turns by ID": (
        [
            [f(id="a", name="f"), f(id="b", name="g")],
            [f(id="a", arguments='{"x":')],
            [f(id="b", arguments='{"y":')],
            [f(id="a", arguments="1}")],
            [f(id="b", arguments="2}")],
        ],
        TWO,
    ),
    "all of index 0, new IDs": (
        [[f(index=0, id="a", name="f", arguments='{"x":1}')], [f(index=0, id="b", name="g", arguments='{"y":2}')]],
        TWO,
    ),
    "all of index 0, new IDs, in pieces": (
        [
            [f(index=0, id="a", name="f", arguments="")],
            [f(index=0, arguments='{"x":1}')],
            [f(index=0, id="b", name="g", arguments="")],
            [f(index=0, arguments='{"y":2}')],
        ],
        TWO,
    ),
    "all of index 0, in turns by ID": (
        [
            [f(index=0, id="a", name="f"), f(index=0, id="b", name="g")],
            [f(index=0, id="a", arguments='{"x":1}'), f(index=0, id="b", arguments='{"y":2}')],
        ],
        TWO,
    ),
    "all of index 0, no IDs, whole": (
        [[f(index=0, name="f", arguments='{"x":1}')], [f(index=0, name="g", arguments='{"y":2}')]],
        [("call_0", "f", '{"x":1}'), ("call_1", "g", '{"y":2}')],
    ),
    "index null": (
        [[f(index=None, id="a", name="get_weather")], [f(index=None, arguments='{"city":"Graz"}')]],
        ONE,
    ),
    "index null, parallel": (
        [
            [
                f(index=None, id="a", name="f", arguments='{"x":1}'),
                f(index=None, id="b", name="g", arguments='{"y":2}'),
            ]
        ],
        TWO,
    ),
    "index as text": ([[f(index="0", id="a", name="get_weather")], [f(index="0", arguments='{"city":"Graz"}')]], ONE),
    "index true": ([[f(index=True, id="a", name="get_weather")], [f(index=True, arguments='{"city":"Graz"}')]], ONE),
    "an index that is left out later": (
        [[f(index=0, id="a", name="get_weather")], [f(arguments='{"city"')], [f(id="a", arguments=':"Graz"}')]],
        ONE,
    ),
    "name in pieces": (
        [[f(index=0, id="a", name="get_")], [f(index=0, name="weather")], [f(index=0, arguments='{"city":"Graz"}')]],
        ONE,
    ),
    "name in pieces, no index": ([[f(id="a", name="get_")], [f(name="weather", arguments='{"city":"Graz"}')]], ONE),
    "name and ID in each": (
        [
            [f(index=0, id="a", name="get_weather", arguments='{"city"')],
            [f(index=0, id="a", name="get_weather", arguments=':"Graz"}')],
        ],
        ONE,
    ),
    "name and ID in each, no index": (
        [
            [f(id="a", name="get_weather", arguments='{"city"')],
            [f(id="a", name="get_weather", arguments=':"Graz"}')],
        ],
        ONE,
    ),
    "name in each, neither index nor ID": (
        [[f(name="f", arguments='{"x"')], [f(name="f", arguments=":1}")]],
        [("call_0", "f", '{"x":1}')],
    ),
    "an ID from the second on": (
        [[f(index=0, name="f", arguments='{"x":1}')], [f(index=0, id="b", name="g", arguments='{"y":2}')]],
        [("call_0", "f", '{"x":1}'), ("b", "g", '{"y":2}')],
    ),
    "a whole call, then fragments of another without an ID": (
        [[f(id="a", name="f", arguments='{"x":1}')], [f(name="g", arguments='{"y"')], [f(arguments=":2}")]],
        [("a", "f", '{"x":1}'), ("call_1", "g", '{"y":2}')],
    ),
    "an ID and a name after a name alone": (
        [[f(name="f")], [f(id="b", name="g", arguments="{}")]],
        [("call_0", "f", ""), ("b", "g", "{}")],
    ),
    "neither index nor ID, in one chunk": (
        [[f(name="f", arguments='{"x":1}'), f(name="f", arguments='{"x":1}'), f(name="g", arguments='{"y":2}')]],
        [("call_0", "f", '{"x":1}'), ("call_1", "f", '{"x":1}'), ("call_2", "g", '{"y":2}')],
    ),
    "neither index nor ID, each a chunk": (
        [[f(name="f", arguments='{"x":1}')], [f(name="f", arguments='{"x":2}')], [f(name="g", arguments="{}")]],
        [("call_0", "f", '{"x":1}'), ("call_1", "f", '{"x":2}'), ("call_2", "g", "{}")],
    ),
    "ID later": ([[f(index=0, name="get_weather")], [f(index=0, id="a", arguments='{"city":"Graz"}')]], ONE),
    "ID later, no index": ([[f(name="get_weather")], [f(id="a", arguments='{"city":"Graz"}')]], ONE),
    "empty IDs and names later": (
        [
            [f(index=0, id="a", type="function", name="get_weather", arguments="")],
            [f(index=0, id="", type="", name="", arguments='{"city":"Graz"}')],
            [f(index=0, id=None, type=None, name=None, arguments=None)],
            [{"index": 0, "function": None}],
        ],
        ONE,
    ),
    "empty IDs from the beginning": (
        [[f(index=0, id="", name="get_weather")], [f(index=0, id="a", arguments='{"city":"Graz"}')]],
        ONE,
    ),
    "all at the end once more": (
        [
            [f(index=0, id="a", name="get_weather", arguments="")],
            [f(index=0, arguments='{"city"')],
            [f(index=0, arguments=':"Graz"}')],
            [f(index=0, id="a", name="get_weather", arguments='{"city":"Graz"}')],
        ],
        ONE,
    ),
    "digits that repeat": (
        [[f(index=0, id="a", name="f", arguments=text)] for text in ('{"x":', "1", "1", "}")],
        [("a", "f", '{"x":11}')],
    ),
    "arguments as an object": (
        [[f(index=0, id="a", name="get_weather", arguments={"city": "Gräz"})]],
        [("a", "get_weather", '{"city": "Gräz"}')],
    ),
    "one ID of two calls": (
        [[f(index=0, id="a", name="f", arguments='{"x":1}'), f(index=1, id="a", name="g", arguments='{"y":2}')]],
        [("a", "f", '{"x":1}'), ("call_1", "g", '{"y":2}')],
    ),
    "an ID that is a number": ([[f(index=0, id=7, name="f", arguments="{}")]], [("call_0", "f", "{}")]),
    "nothing but an index": ([[{"index": 0}]], [("call_0", "", "")]),
}  # fmt: skip


def added_up(chunks: list[list[Fragment]]) -> ChatCompletion:
    reader, total = ChunkReader(), Accumulator()
    for calls in chunks:
        total.add(reader.read({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}))
    return total.completion()


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_streamed_calls(form: str) -> None:
    """Each form gives the calls that the model made, and so does a plain answer with the body they add up to."""
    chunks, calls = FORMS[form]
    whole = added_up(chunks)
    assert [(call.id, call.function.name, call.function.arguments) for call in whole.tool_calls] == calls
    assert ChatCompletion.from_dict(whole.raw).tool_calls == whole.tool_calls


def test_the_index_is_what_the_wire_has() -> None:
    """A fragment's index is an integer or None; one of another kind is kept as it came."""
    reader = ChunkReader()
    found = []
    for index in (3, 3.0, None, "3", True, 1.5):
        chunk = reader.read({"choices": [{"delta": {"tool_calls": [{"index": index}]}}]})
        (call,) = chunk.choices[0].delta.tool_calls
        found.append((call.index, call.extra.get("index")))
    assert found == [(3, None), (3, None), (None, None), (None, "3"), (None, True), (None, 1.5)]


def test_calls_of_custom_tools() -> None:
    """They are put together in the same way, and one that has an empty function beside is custom by its type."""
    first = {
        "id": "a",
        "type": "custom",
        "custom": {"name": "sh", "input": "l"},
        "function": {"name": "", "arguments": ""},
    }
    for index in ({}, {"index": 0}, {"index": "0"}):
        whole = added_up([[{**index, **first}], [{**index, "custom": {"input": "s"}}], [{**index, "custom": None}]])
        (call,) = whole.tool_calls
        assert isinstance(call, CustomToolCall)
        assert (call.id, call.custom.name, call.custom.input) == ("a", "sh", "ls")


FUNCTION = {"name": "f", "arguments": "{}"}
CUSTOM = {"name": "g", "input": "x"}


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"type": "function", "function": FUNCTION, "custom": CUSTOM}, "function"),
        ({"type": "custom", "function": FUNCTION, "custom": CUSTOM}, "custom"),
        ({"type": "function", "function": FUNCTION, "custom": {}}, "function"),
        ({"type": "function", "function": FUNCTION, "custom": None}, "function"),
        ({"type": "custom", "function": None, "custom": CUSTOM}, "custom"),
        ({"type": "custom", "function": {}, "custom": CUSTOM}, "custom"),
        ({"function": FUNCTION, "custom": {}}, "function"),
        ({"type": "", "function": {}, "custom": CUSTOM}, "custom"),
        ({"type": None, "function": FUNCTION}, "function"),
        ({"type": "custom", "function": FUNCTION}, "function"),
        ({"type": "function", "custom": CUSTOM}, "custom"),
        ({"type": "newer", "custom": CUSTOM}, "custom"),
    ],
)
def test_the_kind_of_a_call(members: dict[str, Any], kind: str) -> None:
    """A call is of the kind that its type names, or else of the one that it has, whole and streamed."""
    call = {"id": "a", **members}
    plain = ChatCompletion.from_dict({"choices": [{"message": {"tool_calls": [call]}}]})
    for completion in (plain, added_up([[{"index": 0, **call}]])):
        (found,) = completion.tool_calls
        assert found.type == kind
        assert getattr(found, kind).name == ("f" if kind == "function" else "g")
