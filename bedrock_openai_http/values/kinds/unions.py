"""A part of a kind that is one of several, and what is wrong with a value that is none of them.

This module's law: the one that is meant is chosen by a look at the value, before anything of it is read, so that the
time to read a value grows with its size, however deep unions stand in unions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..once import once
from .kind import Misfit, Path
from .look import Look, Looks
from .nodes import Choice, Fixed, Items, Node, Plain, Text, alternatives, article, of_other_values, type_of
from .objects import Object


class Either(Node):
    """A value of one of some kinds that can be told apart."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes

    @once
    def form(self) -> dict[str, Any]:
        return {"anyOf": [form for node in self.nodes for form in alternatives(node.form)]}

    @property
    def types(self) -> frozenset[str]:
        return frozenset[str]().union(*(node.types for node in self.nodes))

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        left = self.nodes
        for look in looks:
            found = [node for node in left if look.passes(node, value, node.could_be)]
            if len(found) == 1:
                return found[0].read(value, path, looks)
            if not found and not look.exact:
                raise (_beyond if look.at_bounds else _misfit)(left, value, path, looks)
            left = found or left
        # Each of these gives the same, but of numbers in arrays, such as [1, 2.0] as list[int] or list[float].
        return min(left, key=_order).read(value, path, looks)

    def could_be(self, value: Any, look: Look) -> bool:
        return any(look.passes(node, value, node.could_be) for node in self.nodes)


def _order(node: Node) -> str:
    """Return by what kinds are put in order, whichever stands first: to Python `X | Y` and `Y | X` are the same."""
    return json.dumps(node.form)


# --- what is wrong with a value that is none of some kinds


def _misfit(nodes: Sequence[Node], value: Any, path: Path, looks: Looks) -> Misfit:
    """Return what is wrong by the kind that comes nearest, if one does, and else what there may be."""
    nodes = list(dict.fromkeys(_flat(nodes)))
    choices = [node for node in nodes if isinstance(node, Choice)]
    near = [node for node in nodes if type_of(value) in node.types and not isinstance(node, Choice)]
    if len(near) > 1 and type(value) is dict:
        return _misfit_of_object(near, value, path, looks)
    if len(near) > 1 and type(value) is list:
        return _misfit_of_items(near, value, path, looks, looks[0])
    if len(nodes) == 1 or (len(near) == 1 and not isinstance(near[0], Plain | Text)):
        return _misfit_of((near or nodes)[0], value, path, looks)
    if len(choices) == len(nodes):
        return of_other_values(path, choices)
    return Misfit(path, "anyOf", f"must be {' or '.join(dict.fromkeys(map(_words, nodes)))}")


def _beyond(nodes: Sequence[Node], value: Any, path: Path, looks: Looks) -> Misfit:
    """Return what is wrong with a value that each of some kinds would take if it kept to its bounds."""
    nodes = sorted(nodes, key=_order)
    if isinstance(value, list) and all(isinstance(node.inner, Items | Fixed) for node in nodes):
        return _misfit_of_items(nodes, value, path, looks, looks[1])
    first = _misfit_of(nodes[0], value, path, looks)
    if isinstance(value, list | dict):  # to read these by each kind, at each level, would take twice as long a level
        return first
    words = dict.fromkeys(_misfit_of(node, value, path, looks).message for node in nodes)
    return Misfit(path, first.rule if len(words) == 1 else "anyOf", " or ".join(words))


def _flat(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the kinds of which some are, those of unions within included."""
    for node in nodes:
        inner = node.inner
        if isinstance(inner, Either):
            yield from _flat(inner.nodes)
        else:
            yield inner


def _misfit_of(node: Node, value: Any, path: Path, looks: Looks) -> Misfit:
    """Return why one kind does not take a value."""
    try:
        node.read(value, path, looks)
    except Misfit as misfit:
        return misfit.with_traceback(None)
    return Misfit(path, "anyOf", "fits none of the kinds that may stand here")


def _misfit_of_object(nodes: Sequence[Node], value: dict[str, Any], path: Path, looks: Looks) -> Misfit:
    """Return what is wrong by the one object whose tags, or else whose names, a value has."""
    left = objects = [node for node in nodes if isinstance(node, Object)]
    for name in objects[0].members if objects else ():
        tags = [each.members[name].inner for each in objects if name in each.members]
        choices = [tag for tag in tags if isinstance(tag, Choice)]
        if len(choices) == len(nodes) and name in value:
            left = [each for each in left if each.members[name].could_be(value[name], looks[0])]
            if not left:
                return of_other_values((*path, name), choices)
    if len(left) > 1:
        left = [each for each in left if each.members.keys() == value.keys()]
    if len(left) == 1:
        return _misfit_of(left[0], value, path, looks)
    known = "; ".join(f"{each.name}: {', '.join(each.members)}" for each in objects)
    return Misfit(
        path, "anyOf", f"fits none of the kinds that may stand here{f', which are {known}' if known else ''}"
    )


def _misfit_of_items(nodes: Sequence[Node], value: list[Any], path: Path, looks: Looks, look: Look) -> Misfit:
    """Return what is wrong with the first item by which an array is of none of some kinds."""
    arrays = [(node, node.inner) for node in nodes if isinstance(node.inner, Items | Fixed)]
    left = [(node, array) for node, array in arrays if not isinstance(array, Fixed) or len(array.items) == len(value)]
    if not left:
        lengths = " or ".join(str(len(array.items)) for _, array in arrays if isinstance(array, Fixed))
        return Misfit(path, "anyOf", f"must have {lengths} items")
    for index, item in enumerate(value):
        held = [array.item_at(index) for _, array in left]
        fits = [look.passes(node, item, node.could_be) for node in held]
        left = [each for each, fit in zip(left, fits, strict=True) if fit]
        if not left:
            return _misfit_of(Either(list(dict.fromkeys(held))), item, (*path, index), looks)
    return _misfit_of(left[0][0], value, path, looks)


def _words(node: Node) -> str:
    """Return in words what a value of a kind is."""
    if isinstance(node, Choice):
        return " or ".join(json.dumps(value, ensure_ascii=False) for value, _ in node.values)
    if isinstance(node, Text):
        return node.kind.must
    if isinstance(node, Plain):
        return article(node.form["type"])
    return " or ".join(map(article, sorted(node.types)))
