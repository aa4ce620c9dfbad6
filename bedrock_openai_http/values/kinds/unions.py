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

    def read(self, value: Any, path: Path) -> Any:
        meant = [node for node in self.nodes if node.could_be(value)]
        if not meant:
            raise _misfit(self.nodes, value, path)
        # More than one are left only of texts, numbers and arrays of these, such as an int or a float for 2.0.
        meant.sort(key=lambda node: not _is_exactly(node.inner, value))
        for node in meant[:-1]:
            try:
                return node.read(value, path)
            except Misfit:  # it breaks a bound
                continue
        return meant[-1].read(value, path)

    def could_be(self, value: Any, levels: int = 1) -> bool:
        return any(node.could_be(value, levels) for node in self.nodes)


def _is_exactly(node: Node, value: Any) -> bool:
    """Tell whether a part takes a value as the very type of Python that JSON has given it."""
    if isinstance(node, Items) and type(value) is list:
        return all(_is_exactly(node.item.inner, item) for item in value)
    if isinstance(node, Choice):
        return any(type(known) is type(value) and known == value for known, _ in node.values)
    return not isinstance(node, Plain) or node.kind is type(value)


# --- what is wrong with a value that is none of some kinds


def _misfit(nodes: Sequence[Node], value: Any, path: Path) -> Misfit:
    """Return what is wrong by the kind that comes nearest, if one does, and else what there may be."""
    nodes = list(_flat(nodes))
    choices = [node for node in nodes if isinstance(node, Choice)]
    near = [node for node in nodes if type_of(value) in node.types and not isinstance(node, Choice)]
    if len(near) > 1 and type(value) is dict:
        return _misfit_of_object(near, value, path)
    if len(near) > 1 and type(value) is list:
        return _misfit_of_items(near, value, path)
    if len(nodes) == 1 or (len(near) == 1 and not isinstance(near[0], Plain | Text)):
        return _misfit_of((near or nodes)[0], value, path)
    if len(choices) == len(nodes):
        return of_other_values(path, choices)
    return Misfit(path, "anyOf", f"must be {' or '.join(dict.fromkeys(map(_words, nodes)))}")


def _flat(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the kinds of which some are, those of unions within included."""
    for node in nodes:
        inner = node.inner
        if isinstance(inner, Either):
            yield from _flat(inner.nodes)
        else:
            yield inner


def _misfit_of(node: Node, value: Any, path: Path) -> Misfit:
    """Return why one kind does not take a value."""
    try:
        node.read(value, path)
    except Misfit as misfit:
        return misfit.with_traceback(None)
    return Misfit(path, "anyOf", "fits none of the kinds that may stand here")


def _misfit_of_object(nodes: Sequence[Node], value: dict[str, Any], path: Path) -> Misfit:
    """Return what is wrong by the one object whose tags, or else whose names, a value has."""
    left = objects = [node for node in nodes if isinstance(node, Object)]
    for name in objects[0].members if objects else ():
        tags = [each.members[name].inner for each in objects if name in each.members]
        choices = [tag for tag in tags if isinstance(tag, Choice)]
        if len(choices) == len(nodes) and name in value:
            left = [each for each in left if each.members[name].could_be(value[name])]
            if not left:
                return of_other_values((*path, name), choices)
    if len(left) > 1:
        left = [each for each in left if each.members.keys() == value.keys()]
    if len(left) == 1:
        return _misfit_of(left[0], value, path)
    known = "; ".join(f"{each.name}: {', '.join(each.members)}" for each in objects)
    return Misfit(
        path, "anyOf", f"fits none of the kinds that may stand here{f', which are {known}' if known else ''}"
    )


def _misfit_of_items(nodes: Sequence[Node], value: list[Any], path: Path) -> Misfit:
    """Return what is wrong with the first item by which an array is of none of some kinds."""
    arrays = [node for node in nodes if isinstance(node, Items | Fixed)]
    left = [node for node in arrays if isinstance(node, Items) or len(node.items) == len(value)]
    if not left:
        lengths = " or ".join(str(len(node.items)) for node in arrays if isinstance(node, Fixed))
        return Misfit(path, "anyOf", f"must have {lengths} items")
    for index, item in enumerate(value):
        held = [node.item_at(index) for node in left]
        left = [node for node in left if node.item_at(index).could_be(item)]
        if not left:
            return _misfit(held, item, (*path, index))
    return _misfit_of(left[0], value, path)


def _words(node: Node) -> str:
    """Return in words what a value of a kind is."""
    if isinstance(node, Choice):
        return " or ".join(json.dumps(value, ensure_ascii=False) for value, _ in node.values)
    if isinstance(node, Text):
        return node.kind.must
    if isinstance(node, Plain):
        return article(node.form["type"])
    return " or ".join(map(article, sorted(node.types)))
