"""How much work it is to tell which of some alternatives is meant, counted in calls of Python functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, Union

import pytest
from pydantic import BaseModel, Field, RootModel

from bedrock_openai_http.structured.answers import fitting
from bedrock_openai_http.values.kinds.kind import Misfit
from bedrock_openai_http.values.kinds.look import looks
from bedrock_openai_http.values.kinds.nodes import Choice, Described, Fixed, Items, Named, Node, Plain
from bedrock_openai_http.values.kinds.reading import kind_of
from bedrock_openai_http.values.kinds.unions import Either
from steps import steps

Read = Callable[[Any], Any]


def by_node(node: Node) -> Read:
    return lambda value: node.read(value, (), looks())


def by_kind(hint: Any) -> Read:
    kind = kind_of(hint)
    return lambda value: fitting({"value": value} if kind.wrapped else value, kind)


def recursive(alternatives: Callable[[Node], list[Node]]) -> Read:
    """What `type T = ...` makes, which Python has from 3.12 on."""
    named = Named("T")
    named.target = Either(alternatives(named))
    return by_node(named)


def recursive_schema(*alternatives: Any, rule: str = "anyOf") -> Read:
    return by_kind({"$defs": {"T": {rule: list(alternatives)}}, "$ref": "#/$defs/T"})


T = {"$ref": "#/$defs/T"}
AT_LEAST_0 = Described(Plain(int), None, {"minimum": 0})
OPERATORS = [Choice([(each, each)], plain=True) for each in "+*"]
INFIX = [{"type": "array", "prefixItems": [T, {"const": each}, T], "items": False, "minItems": 3} for each in "+*"]
ARRAYS = [{"type": "array", "items": T, **bound} for bound in ({}, {"minItems": 1}, {"maxItems": 3})]
OBJECTS = [
    {
        "type": "object",
        "properties": {"a": {"type": "array", "items": T}, name: {"type": "string"}},
        "required": ["a"],
    }
    for name in "xy"
]


class Tree(RootModel[Union[int, list["Tree"]]]):  # noqa: UP007
    pass


class PlanA(BaseModel):
    id: str = Field(pattern="^A")
    note: str = ""
    more: list[Plan]


class PlanB(BaseModel):
    id: str = Field(pattern="^B")
    note: Optional[str]  # noqa: UP045
    more: list[Plan]


class Plan(RootModel[Union[PlanA, PlanB]]):  # noqa: UP007
    pass


PlanA.model_rebuild()
PlanB.model_rebuild()

#: How a value is read, and one level around another.
KINDS: dict[str, tuple[Read, Callable[[Any], Any]]] = {
    "infix": (
        recursive(lambda t: [Plain(int), *(Fixed([t, operator, t]) for operator in OPERATORS)]),
        lambda inner: [inner, "*", 1],
    ),
    "infix, the deep one last": (
        recursive(lambda t: [Plain(int), *(Fixed([t, operator, t]) for operator in OPERATORS)]),
        lambda inner: [1, "*", inner],
    ),
    "arrays": (recursive(lambda t: [AT_LEAST_0, Items(t, list), Items(t, list)]), lambda inner: [[1, 1], inner]),
    "arrays with bounds": (
        recursive(
            lambda t: [AT_LEAST_0, *(Described(Items(t, list), None, {"maxItems": count}) for count in (4, 5))]
        ),
        lambda inner: [[1, 1], inner],
    ),
    "infix by a schema": (recursive_schema({"type": "integer"}, *INFIX), lambda inner: [inner, "*", 1]),
    "arrays by a schema": (
        recursive_schema({"type": "integer", "minimum": 0}, *ARRAYS),
        lambda inner: [[1, 1], inner],
    ),
    "arrays by a schema with oneOf": (
        recursive_schema({"type": "integer", "minimum": 0}, *ARRAYS[1:], rule="oneOf"),
        lambda inner: [inner, 1, 1, 1],
    ),
    "objects by a schema": (
        recursive_schema({"type": "integer", "minimum": 0}, *OBJECTS),
        lambda inner: {"a": [inner], "y": None},
    ),
    "models of arrays": (by_kind(Tree), lambda inner: [[1, 1], inner]),
    "models of objects": (by_kind(Plan), lambda inner: {"id": "B1", "note": None, "more": [inner]}),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_work_grows_with_the_depth_and_does_not_double_at_each_level(name: str):
    """For right values, and for wrong ones whose fault lies at the bottom: a type, a bound, a fraction, an item."""
    read, around = KINDS[name]

    def work(depth: int, leaf: Any) -> int:
        value = leaf
        for _ in range(depth):
            value = around(value)
        return steps(lambda: read(value), but=Misfit)

    work(1, 1)  # what is loaded when it is first needed is no work on the value
    for leaf in (1, -1, [1.5, "x"], {"id": "B1", "note": None, "more": []}):
        assert work(8, leaf) < 2.2 * work(4, leaf)


@pytest.mark.parametrize("name", ["arrays", "arrays by a schema", "models of arrays"])
def test_what_lies_deep_is_not_walked_again_at_each_level(name: str):
    """Of many items the depth costs no more for each of them."""
    read, _ = KINDS[name]

    def work_of_depth(count: int, leaf: Any) -> int:
        flat: list[Any] = [*[1] * count, leaf]
        deep: Any = flat
        for _ in range(6):
            deep = [deep]
        return steps(lambda: read(deep), but=Misfit) - steps(lambda: read(flat), but=Misfit)

    steps(lambda: read(1), but=Misfit)
    for leaf in (1, "x"):
        assert work_of_depth(24, leaf) < 1.5 * work_of_depth(4, leaf)
