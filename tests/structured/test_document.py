"""Which texts hold one JSON document, and which do not."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http.structured.document import document_in
from bedrock_openai_http.structured.snapshot import Snapshot
from bedrock_openai_http.values.jsontext import JSONError
from chance import tries
from steps import steps

ONE = {"a": {"b": [1, 2]}}
TEXT = '{"a": {"b": [1, 2]}}'


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"\ufeff \n{TEXT}\n",
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"Here it is:\n```json\n{TEXT}\n```\nAnything else?",
        f"The set {{x}} is this [1]: {TEXT} {{and no more}}.",
        f"```json\n{TEXT}",
        f"It is a[0][1] of {{{{name}}}}, {{1, [2]}}: {TEXT}",
        f"In \\frac{{1}}{{2}} of cases (see [the page](https://a.b)) {TEXT} holds; note: [it]: {{may not}}",
    ],
)
def test_one_document_is_found_in_its_words(text: str) -> None:
    """Alone, in a fence or among words, one document is the answer; braces and brackets of prose are words."""
    assert document_in(text) == ONE


#: Words with brackets of their own, before or after a document.
WORDS = [
    "The score lies in [0, 1).",
    "It is in (0, 1] or in [0; \\infty).",
    "Your code misses a closing `}`, and here an opening one: `f() {`.",
    "The bracket '[' was missing, and \"[\" too.",
    "The function `f() { return x ? 1 : 2; }` gives",
    "CSS `a { color: red }` and a { color: red }",
    "From the template /users/{user:id} and the f-string {x:.2f}:",
    "In Python: d = {k: v for k, v in x}",
    "The set {x : x > 0} or \\{x, y\\}",
    "Go code: `if x { y := 1 }`",
    "I followed the schema {a: int}.",
    "Smile: :-] or :} as you like",
    "In colour: \x1b[1;31mred\x1b[0m",
    "| a | b |\n|---|---|\n| x | [y] |",
    "- [x] done\n- [ ] no",
    "Range: a[i..] at [2026-01-01 10:00]",
    "```js\nif (x) {\n  a[0] = '{';\n```",
    "A lone ` on one line, {x}\nand ``code with ` in it {`` on the next",
    'It says "an open [ \\" bracket" and \\[ x = 1 \\]',
]


@pytest.mark.parametrize("words", WORDS)
def test_brackets_of_prose_are_words(words: str) -> None:
    """Intervals, code, formulas and the like are words, on either side of a document, bare or in a fence."""
    for document in (TEXT, f"```json\n{TEXT}\n```", f"```\r\n{TEXT}\r\n```"):
        for text in (f"{words}\n{document}", f"{document}\n{words}", f"{words}\n\n{document}\n\n{words}"):
            assert document_in(text) == ONE, text


@pytest.mark.parametrize(
    "text",
    [
        f"\\boxed{{{TEXT}}}",
        f"\\[\n\\boxed{{\n{TEXT}\n}}\n\\]",
        f"It is $\\boxed{{{TEXT}}}$.",
        f"<answer>{TEXT}</answer>",
        f"`{TEXT}`",
        f"```json {TEXT} ```",
        f"```JSON{TEXT}``` {{",
        f"{TEXT} :-]",
        f"{TEXT} :}}",
        f"1) foo :] {TEXT}",
        f"[INST] {TEXT}",
        f"{TEXT}, unlike `}}`",
        f"`{{` and a: 2 {TEXT}",
        f"{{x}} and a: 2 {TEXT}",
        f"[1 ` x\n] {TEXT}",
        f"[/INST] {TEXT}",
        f"<|channel|>final<|message|>{TEXT}",
        f"**Answer:** {TEXT}",
        f"> {TEXT}",
        f"json\n{TEXT}",
        f"result = {TEXT}  # done",
        f"Array [1, 2, 3] and {TEXT}",
        f"text (a) {{b}} [c] {TEXT}",
        f"Time 10:30 {{note}} {TEXT}",
        f'The field "a": {TEXT}',
        f"[TOOL_CALLS]{TEXT}",
        f"const x = {TEXT};",
        f"{TEXT},",
        f"}} {TEXT}",
        f"In [0, 1 you find\n```json\n{TEXT}\n```\nand {{'x': 1}} or an open {{.",
    ],
)
def test_what_stands_at_a_document_may_be_words(text: str) -> None:
    """A frame of TeX, a fence, a mark or a smile at the document make it no part of anything."""
    assert document_in(text) == ONE


BESIDE = "brackets beside the object are left open, left over, or hold something like one"


@pytest.mark.parametrize(
    "text",
    [
        f"[{TEXT},",
        f"[{TEXT}, 2, 3] ok",
        f"{{'x': 1, \"y\": {TEXT}}}",
        f"{{result: {TEXT}, other: 7}}",
        f"{TEXT}}}",
        f"{TEXT} {{",
        f"{TEXT}]",
        f"{TEXT} [",
        f"{{{TEXT}}}",
        f"[x}} {TEXT}",
        f"}} {{ {TEXT}",
        f"{{{{{TEXT}}}}}",
        f"`[{TEXT}, 2]`",
        f"`{{result: {TEXT}`",
        f"[ // first\n{TEXT}",
        f'["a]", "b\\"", "}}", {TEXT},',
        f"[0, 1, {TEXT}",
        f"[1, \\] {TEXT}",
        f"[1, `]` {TEXT}",
        f"{{done: true}} {TEXT}",
        f"\\boxed{{{TEXT}}} ]",
        f"```\n{TEXT}\n```json\n{{ // mine\n 'a': 1}}\n```",
        f"dict(a=[1{TEXT}",
        f"array[0 is {TEXT}",
        f"ISO interval ]0,1[ gives {TEXT}",
        f"['(0, 1]', {TEXT}",
        f"[\x1b[{TEXT}",
        f'"y": {TEXT}, "z": 2}}',
        f"\\[{TEXT}, 2\\]",
        f"\\boxed{{{TEXT}",
        f"\\boxed{{{TEXT}}}}}",
        f"{{note: 10}} {TEXT}",
        f"{TEXT} and\n{{\n// mine\na: 2}}",
        f"`{{'a': 2}}`, not {TEXT}",
        f"```python\nx = {TEXT}\n}}\n```\n{{",
        f"```json\n{TEXT}\n}}\n```",
        f"```json\n{TEXT}\n``` is an example:\n```json\n{{ // mine\n a: true}}\n```",
        f"```json\n{TEXT}\n``` is an example:\n```\n{{ // mine\n 'a': 2}}\n```",
        f"```json\n[1, 2]\n```\nor\n```\n{TEXT}\n```",
        f"```py\nx = 1\n```\n{TEXT}\n```\n{{'a': 1}}\n```",
        f"```py\nx = 1\n```\n{TEXT}\n```json\n{{ // mine\n 'a': 1}}\n```",
        f'// {TEXT} is an example\n{{ // mine\n "a": 2 }}',
        f"{{'a': 2}} or {TEXT}",
        f"{TEXT} or {{[a: 2]}}",
        f"Here:\n```json\n[{TEXT}]\n```\nAll right?",
    ],
)
def test_a_document_within_or_beside_one_that_is_none_is_no_answer(text: str) -> None:
    """Of a bracket left open, or left over at it, and a brace with a value, nobody knows that it is words alone."""
    with pytest.raises(JSONError) as caught:
        document_in(text)
    assert str(caught.value) == BESIDE


INNER = st.recursive(
    st.sampled_from([1, None, True, "x", "a]", "}", "[0, 1)", "x: 1", "{y}", "\\boxed{", '"', "```json"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", "y}"]), inner, max_size=2),
    max_leaves=3,
)


@tries(60)
@given(st.lists(st.lists(INNER, max_size=2), min_size=1, max_size=3), st.booleans(), st.booleans(), st.data())
def test_a_document_in_a_larger_one_is_no_answer(
    beside: list[list[Any]], is_bare: bool, in_lines: bool, data: st.DataObject
) -> None:
    """Wherever a larger document is cut behind the one in it, and with names that are bare, it is none of the two."""
    whole: Any = "HERE"
    for values in beside:
        whole = [*values, whole, *values] if data.draw(st.booleans()) else {"name": values, "other": whole, "z": 1}
    text = json.dumps(whole, indent=1 if in_lines else None).replace('"HERE"', TEXT)
    text = re.sub('"(name|other|z)":', r"\1:", text) if is_bare else f"{text[:-1]},{text[-1]}"
    text = text[: data.draw(st.integers(text.index(TEXT) + len(TEXT), len(text)))]
    with contextlib.suppress(JSONError):
        assert document_in(text) != ONE, text


@tries(60)
@given(st.lists(st.sampled_from([*"{}[]:x ,\"'`)\\\n", "```", "```json\n", "\\boxed{", TEXT]), max_size=9))
def test_what_is_an_answer_is_what_a_snapshot_shows(pieces: list[str]) -> None:
    """Where a text has a document among words, its snapshot is that document, however it is cut."""
    text = "".join(pieces)
    whole, cut = Snapshot(), Snapshot()
    whole.feed(text)
    for character in text:
        cut.feed(character)
    assert cut.value == whole.value
    try:
        document = document_in(text)
    except JSONError:
        return
    if isinstance(document, dict):
        assert whole.value == document


@pytest.mark.parametrize("text", ["[1, 2]", '"text"', "3", "null", f"```json\n[{TEXT}]\n```", "``` \n3```\n"])
def test_a_document_that_is_no_object_is_one_alone(text: str) -> None:
    """JSON that is no object is decoded where nothing else is there, so that the schema can say what it should be."""
    document_in(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON object is in it"),
        ("I cannot say.", "no JSON object is in it"),
        (f"{TEXT}\n{TEXT}", "two documents or more, and it must be one"),
        (f"```json\n{TEXT}\n```\nor\n```json\n{TEXT}\n```", "two documents or more, and it must be one"),
        (f"Empty object {{}} then {TEXT}", "two documents or more, and it must be one"),
        (f"<think>Should be {TEXT}</think>{TEXT}", "two documents or more, and it must be one"),
        (f"```json\n{TEXT}\n``` and {{}}", "two documents or more, and it must be one"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('So: {"a": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "a number out of range"),
        ('{"a": 1,}', "at character "),  # in words that differ between versions of Python
        ('{"a": {"b": 1}, "c": ', "expecting value"),
        ('x {"a": {"b": 1}, c} y', "expecting property name enclosed in double quotes"),
        ('{"a": "' + "x" * 9, "unterminated string"),
        ('{"a": ' + "[" * 5000, "nested too deeply"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "a name occurs twice in an object"),
        ('So: {"a": 1, "a": 1}.', "a name occurs twice in an object"),
    ],
)
def test_what_is_no_one_document_is_refused(text: str, reason: str) -> None:
    """Nothing is repaired: not NaN, a comma too many, a cut document, a name twice, or two documents."""
    with pytest.raises(JSONError) as caught:
        document_in(text)
    assert str(caught.value).startswith(reason) or reason in str(caught.value)
    assert "xxx" not in str(caught.value)


def steps_to_refuse(text: str) -> int:
    """Return how many functions are called, in Python and in C, to find that `text` is no document."""
    return steps(lambda: document_in(text), events=("call", "c_call"), but=JSONError)


@pytest.mark.parametrize(
    "text",
    [
        "[0, 1) ",
        '"\\"',
        "`{ {a: 1}\n",
        "'[ {'a': ",
        f"{TEXT[:-1]}, `",
        '{"a": [{}, {}, {}]}\n',
        "x {} ",
        "[" * 9,
        f"{TEXT}[{{x}}" + "]" * 3,
        "{{x}}:[",
        '{"a',
        '{"a":[',
        "```\n",
    ],
)
def test_what_is_no_document_takes_steps_by_its_length(text: str) -> None:
    """Eight times the text takes at most nine times the steps, whatever its brackets are."""
    for count in (50, 8 * 50):
        with pytest.raises(JSONError):  # and what Python does the first time alone is done
            document_in(count * text)
    assert steps_to_refuse(8 * 50 * text) <= 9 * steps_to_refuse(50 * text)
