"""What is complete of a JSON object while it arrives."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http.structured.snapshot import Snapshot
from bedrock_openai_http.values.jsontext import JSONError, decode
from chance import tries

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def is_part(part: Any, whole: Any) -> bool:
    """Tell whether all of `part` is in `whole`, at its place; scalars are whole."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_part(member, whole[name]) for name, member in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) <= len(whole) and all(map(is_part, part, whole))
    return type(part) is type(whole) and part == whole


@tries(60)
@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]), st.integers(1, 7))
def test_a_snapshot_is_a_part_of_the_whole(value: dict[str, Any], ascii: bool, indent: int | None, size: int) -> None:
    """However the text is cut, each snapshot is in the whole, none loses what one before had, and the last is it."""
    text = json.dumps(value, ensure_ascii=ascii, indent=indent)
    snapshot, before = Snapshot(), None
    for start in range(0, len(text), size):
        snapshot.feed(text[start : start + size])
        now = snapshot.value
        assert now is None or is_part(now, value)
        assert before is None or is_part(before, now)
        before = now
    assert before == value


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", None),
        ("Here it is: ", None),
        ('A set {x} is this: {"a": 1, "b": "tw', {"a": 1}),
        ('```json\n{"a": [{"b": 1}, {"c": tr', {"a": [{"b": 1}]}),
        ('{"a": 12', None),
        ('{"a": 12 ', {"a": 12}),
        ('{"a": "x\\', None),
        ('{"a": "x\\""', {"a": 'x"'}),
        ('{"a": [], "b": {', {"a": []}),
        ('{"a": 1} and {"a": 2}', {"a": 1}),
        ('{"a": 1, "b": ?, "c": 3}', {"a": 1}),
        ('{"a": NaN, "b": 1}', None),
        ('{\xa0"a": 1}', None),
        ('{"a": 1, "b": [2], "a": 3, "c": 4}', {"a": 1, "b": [2]}),
        ('{"a": {"b": 1, "b": {"c": 2}}}', {"a": {"b": 1}}),
        ('{"a":,"b":2}', None),
        ('{"a" "b" "c","d":1}', None),
        ('{"a":1 2,"b":3}', {"a": 1}),
        ('{"a":[1},"b":2}', {"a": [1]}),
        ('{"a":1"b":2}', {"a": 1}),
        ('{"a":1,,"b":2}', {"a": 1}),
        ('{"a":[1,],"b":2}', {"a": [1]}),
        ('{"a":1,}', {"a": 1}),
        ('{"a":1],"b":2}', {"a": 1}),
        ('{"a":1:2,"b":3}', {"a": 1}),
        ('{"a":[1:2],"b":3}', {"a": [1]}),
        ('{"a"::1,"b":3}', None),
        ('{"a","b":3}', None),
        ('{,"a":3}', None),
        ('{"a":[,1],"b":3}', None),
        ('{1:2,"a":3}', None),
        ('{"a":{"b"},"c":1}', None),
        ('[{"a": 1}]', None),
        ('{x: {"a": 1}}', None),
        ('} {"a": 1}', {"a": 1}),
        ('In [0, 1): {"a": 1}', {"a": 1}),
        ('```js\nf(`{`) {\n```\n{"a": 1}', {"a": 1}),
        ('`{\n` {"a": 1}', None),
        ("'{ ' {\"a\": 1}", None),
        ('{note: 10} {"a": 1}', None),
        ('\\[\\boxed{{"a": 1}', {"a": 1}),
        ('[1, 2\n```json\n{"a": 1}', {"a": 1}),
        ('```json\n[{"a": 1}]\n```', None),
    ],
)
def test_only_what_is_finished_is_shown(text: str, complete: Any) -> None:
    """A number, a text or a name whose end has not come is not there yet; what is no answer ends the snapshot."""
    snapshot = Snapshot()
    for character in text:
        snapshot.feed(character)
    assert snapshot.value == complete


#: What may end the token that a text breaks off in, and then the member whose name it was.
_TOKENS = ["", '"', "0", '"z"', 'z"', 'nz"', *(f'{"u0000"[index:]}z"' for index in range(5)), "e0"]
_TOKENS += [word[index:] for word in ("true", "false", "null") for index in range(1, len(word))]
_ENDS = [token + rest for rest in ("", ":0", '"z":0') for token in _TOKENS]


def completed(text: str) -> Any:
    """Return the value of a whole document that begins with `text`, or None where there is none."""
    closing = ""
    in_text = is_escaped = False
    for character in text:
        if in_text:
            in_text, is_escaped = is_escaped or character != '"', character == "\\" and not is_escaped
        elif character in "{[":
            closing = {"{": "}", "[": "]"}[character] + closing
        elif character in "}]":
            closing = closing[1:]
        else:
            in_text = character == '"'
    for end in _ENDS:
        try:
            return decode(f"{text}{end}{closing}".encode("utf-8", "surrogatepass"), names_once=True)
        except JSONError:
            continue
    return None


SMALL = st.recursive(
    st.sampled_from([True, None, 12, -1.5e3, 'x"\\\n', ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
DAMAGE = st.sampled_from([*'{}[],:"\\0-.ex \n', "", "1", '"b"', '"c":', ",{", "null", "NaN", "//"])


@tries(25)
@given(
    st.dictionaries(st.sampled_from("abc"), SMALL, min_size=1, max_size=3),
    DAMAGE,
    st.integers(1, 60),
    st.integers(0, 2),
)
def test_a_snapshot_of_a_damaged_document_ends_at_the_damage(
    value: dict[str, Any], damage: str, place: int, lost: int
) -> None:
    """All that is shown is in a document that begins as the text does; after the first character of none it stays."""
    text = json.dumps(value)
    text = text[:place] + damage + text[place + lost :]
    beginnings = list(accumulate(text))
    documents = list(map(completed, beginnings))
    sound = documents.index(None) if None in documents else len(documents)
    snapshot, shown = Snapshot(), []
    for character in text:
        snapshot.feed(character)
        shown.append(snapshot.value)
    assert all(now is None or is_part(now, whole) for now, whole in zip(shown[:sound], documents, strict=False))
    # The character that cannot stand there may end a number, which is shown then.
    assert all(now == shown[sound] for now in shown[sound:])
    if sound < len(text):
        assert shown[sound] is None or is_part(shown[sound], documents[sound - 1])


def test_a_snapshot_is_the_callers_own() -> None:
    """What a caller does to one snapshot does not show in the next."""
    snapshot = Snapshot()
    snapshot.feed('{"a": [1, ')
    (snapshot.value or {})["a"].append(9)
    snapshot.feed("2]}")
    assert snapshot.value == {"a": [1, 2]}


DIGITS = "0123456789" * 100_000


@pytest.mark.parametrize(("before", "after", "value"), [('"', '"', DIGITS), ("0.", " ", float(f"0.{DIGITS}"))])
def test_a_long_token_is_read_once(before: str, after: str, value: Any) -> None:
    """A text or a number of a million characters in pieces of ten takes no time that grows with its square."""
    snapshot = Snapshot()
    snapshot.feed(f'{{"a": {before}')
    for _ in range(100_000):
        snapshot.feed("0123456789")
    snapshot.feed(f"{after}}}")
    assert snapshot.value == {"a": value}


@pytest.mark.parametrize(
    ("before", "after"),
    [("{", '"a": 2}'), ('{"a":', "2}"), ('{"b": [{', '"c": 2}], "a": 2}'), ('{"a": 2, "b": "x"', "}")],
)
def test_space_without_end_is_left_behind(before: str, after: str) -> None:
    """White space costs no time that grows with its square: some models write it until their limit."""
    snapshot = Snapshot()
    snapshot.feed(before)
    for _ in range(50_000):
        snapshot.feed(" \t\r\n")
    snapshot.feed(after)
    assert (snapshot.value or {})["a"] == 2
