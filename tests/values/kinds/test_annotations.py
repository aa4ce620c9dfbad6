"""Descriptions and bounds, and hints that are texts: this file has `from __future__ import annotations`."""

from __future__ import annotations

import enum
import json
from dataclasses import KW_ONLY, dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, Optional, TypedDict

import annotated_types as at
import pytest
from pydantic import (
    Field,
)
from typing_extensions import TypeVar

from bedrock_openai_http import ParseError, parse_answer, schema_of
from bedrock_openai_http.values.kinds.bounds import has_twins


@dataclass
class Line:
    """A line of an invoice.

    Attributes:
        what: What was bought.
        price: Not read.
    """

    what: str
    price: Annotated[int, "In cents", at.Ge(0)]
    next: Optional[Line] = None  # noqa: UP045


class Bill(TypedDict):
    """A bill."""

    lines: list[Line]


class Stamp(NamedTuple):
    """A stamp."""

    by: Annotated[Line, "Who has stamped it."]


def test_descriptions_come_from_docstrings_and_annotations_and_bounds_stand_in_them():
    """What is written at a place goes before what a docstring says of it; a reference stays alone in its node."""
    line = schema_of(Line)
    assert line["description"] == "A line of an invoice."
    assert line["properties"]["what"]["description"] == "What was bought."
    assert line["properties"]["price"]["description"] == "In cents. Must be at least 0."
    assert schema_of(Bill)["description"] == "A bill."
    assert schema_of(Stamp)["properties"]["by"] == {
        "anyOf": [{"$ref": "#/$defs/Line"}],
        "description": "Who has stamped it.",
    }


def test_how_many_items_a_tuple_has_is_told_in_words():
    """Since the strict form has no keyword for what stands at which place."""
    schema = schema_of(tuple[int, Line])["properties"]["value"]
    assert schema["description"] == "Must be a list of exactly 2 items: integer, Line."
    assert schema["items"] == {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/Line"}]}


def test_hints_that_are_texts_are_resolved():
    answer = {"lines": [{"what": "tea", "price": 1, "next": {"what": "cup", "price": 2, "next": None}}]}
    assert parse_answer(json.dumps(answer), Bill) == {"lines": [Line("tea", 1, Line("cup", 2))]}


@dataclass
class Tree:
    name: str
    _: KW_ONLY
    trees: list["Tree"] | None  # noqa: UP037
    more: Annotated[Optional[list["Tree"]], "More."] = None  # noqa: UP037, UP045
    count: ClassVar[int] = 0


def test_a_name_within_brackets_is_resolved_and_what_is_no_member_is_not_read():
    """Python 3.10 leaves `list["Tree"]` as it is, and takes `KW_ONLY` for no type."""
    leaf: dict[str, Any] = {"name": "b", "trees": None, "more": None}
    found = parse_answer(json.dumps({"name": "a", "trees": [leaf], "more": [leaf]}), Tree)
    assert found == Tree("a", trees=[Tree("b", trees=None)], more=[Tree("b", trees=None)])


@dataclass
class Nesting:
    @dataclass
    class Part:
        x: int

    part: Part


def test_the_names_of_a_class_itself_are_known_to_its_hints():
    """Such as a class that is written within it."""
    assert parse_answer('{"part": {"x": 1}}', Nesting) == Nesting(Nesting.Part(1))


Item = TypeVar("Item", default=int)


@dataclass
class Page(Generic[Item]):
    items: list[Item]


def test_a_type_variable_has_the_type_that_is_its_default():
    """PEP 696: where none is given in brackets."""
    assert schema_of(Page) == schema_of(Page[int])
    assert schema_of(Page[str]) != schema_of(Page)


#: A kind with bounds, what it takes, what it does not, the rule, and the words for the model.
BOUNDS: list[tuple[Any, Any, Any, str, str]] = [
    (Annotated[int, {"minimum": 1}], 1, 0, "minimum", "at least 1"),
    (Annotated[int, at.Gt(1)], 2, 1, "exclusiveMinimum", "more than 1"),
    (Annotated[int, at.Le(1)], 1, 2, "maximum", "at most 1"),
    (Annotated[float, at.Interval(gt=0, lt=1.5)], 1.25, 1.5, "exclusiveMaximum", "more than 0, less than 1.5"),
    (Annotated[int, at.MultipleOf(3)], 6, 7, "multipleOf", "a multiple of 3"),
    (Annotated[str, at.MinLen(2)], "ab", "a", "minLength", "at least 2 characters long"),
    (Annotated[str, {"maxLength": 2}], "ab", "abc", "maxLength", "at most 2 characters long"),
    (Annotated[str, {"pattern": "^a"}], "ab", "b", "pattern", 'the regular expression "^a"'),
    (Annotated[list[int], at.Len(1, 2)], [1], [], "minItems", "at least 1 items, a list of at most 2 items"),
    (Annotated[tuple[int, ...], at.MaxLen(0)], [], [1], "maxItems", "a list of at most 0 items"),
    (Annotated[list[int], {"uniqueItems": True}], [1], [1, 1], "uniqueItems", "without an item that occurs twice"),
    (Annotated[int | None, {"minimum": 1}], None, 0, "minimum", "at least 1"),
    (Optional[Annotated[int, at.Ge(1)]], None, 0, "minimum", "at least 1"),  # noqa: UP045
    (Annotated[int, Field(ge=1, description="D")], 1, 0, "minimum", "D. Must be at least 1"),
    (Annotated[str, Field(min_length=1, pattern="b")], "b", "a", "pattern", "matches"),
]


@pytest.mark.parametrize(("hint", "good", "bad", "rule", "words"), BOUNDS)
def test_a_bound_is_told_in_words_and_checked_here(hint: Any, good: Any, bad: Any, rule: str, words: str):
    schema = schema_of(hint)
    assert words in json.dumps(schema).replace('\\"', '"')
    assert rule not in schema["properties"]["value"]
    parse_answer(json.dumps({"value": good}), hint)
    with pytest.raises(ParseError) as caught:
        parse_answer(json.dumps({"value": bad}), hint)
    assert (caught.value.rule, caught.value.json_path) == (rule, "$.value")


def test_a_multiple_is_told_by_the_decimals_that_json_writes():
    """0.29 is no multiple of 0.01 to binary fractions; and no number is too large."""
    price = Annotated[float, {"multipleOf": 0.01}]
    for text in ("0.29", "0.57", "1.15", "19.99", "1e300"):
        assert parse_answer(f'{{"value": {text}}}', price) == float(text)
    for text in ("0.295", "1e-3"):
        with pytest.raises(ParseError, match=r"multiple of 0\.01"):
            parse_answer(f'{{"value": {text}}}', price)
    assert parse_answer(f'{{"value": 1{"0" * 400}}}', Annotated[int, {"multipleOf": 0.5}]) == 10**400


@pytest.mark.parametrize("twins", ["[1, 1.0]", '[{"a": 1, "b": 2}, {"b": 2, "a": 1}]', "[[true], [true]]"])
def test_items_are_twins_by_their_json(twins: str):
    """1.0 is 1, the order of names is none; 1 is not true."""
    assert has_twins(json.loads(twins))
    assert not has_twins([1, True, "1", [1], [True], {"a": 1}, {"a": True}, {}, None])


def test_the_length_of_a_union_is_that_of_each_kind_that_has_one():
    """Of texts and of lists: neither bound is lost."""
    either = Annotated[str | list[str] | None, at.Len(1, 2)]
    for good in ("a", ["a"], None):
        assert parse_answer(json.dumps({"value": good}), either) == good
    for bad, rule in [("", "minLength"), ([], "minItems"), ("abc", "maxLength"), (["a", "b", "c"], "maxItems")]:
        with pytest.raises(ParseError) as caught:
            parse_answer(json.dumps({"value": bad}), either)
        assert caught.value.rule == rule


def test_a_number_that_python_does_not_write_is_no_bound():
    """And no value: what is sent is text."""
    large = 10**5000
    for hint in (Annotated[int, {"minimum": large}], Annotated[int, at.Le(large)], Literal[large]):
        with pytest.raises(TypeError, match=r"of (no )?more digits than Python writes"):
            schema_of(hint)
    with pytest.raises(TypeError, match="must have members, with texts or numbers"):
        schema_of(enum.Enum("Large", {"A": large}))


def test_notes_that_are_somebody_elses_change_nothing():
    """A note may be anything, and many are."""
    assert schema_of(list[Annotated[int, object(), 5]]) == schema_of(list[int])


def test_descriptions_that_meet_are_sentences():
    """A full stop is put where one has none, before the next begins."""
    price = Annotated[Decimal, "in euros"]
    assert schema_of(price)["properties"]["value"]["description"].startswith("in euros. A decimal number")
    both = Annotated[int, "How many", at.Ge(1), at.doc("Of all kinds!"), {"maximum": 9}]
    words = schema_of(both)["properties"]["value"]["description"]
    assert words == "How many. Of all kinds! Must be at least 1, at most 9."
