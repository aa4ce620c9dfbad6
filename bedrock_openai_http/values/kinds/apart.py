"""Whether the kinds of a union can be told apart by their JSON alone.

This module's law: where it says yes, every JSON value is of one of the kinds at most, or gives the same Python value
by any of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .foreign import ForeignNode
from .look import looks
from .nodes import Choice, Fixed, Items, Node, Plain, Text
from .objects import ByName, Object
from .places import listed
from .unions import Either


def check_union(union: Either, where: str) -> None:
    """Raise TypeError for a union, at the place `where`, whose kinds cannot be told apart."""
    nodes = union.nodes
    for index, one in enumerate(nodes):
        for other in nodes[index + 1 :]:
            try:
                apart = can_be_told_apart(one, other)
            except RecursionError:
                apart = False
            if not apart:
                has_members = _are_objects(_item(one), _item(other))
                mend = "give each a member of its own, such as kind: Literal['a'], or " if has_members else ""
                words = "two kinds of the union have the same JSON, so that nobody can tell which is meant"
                raise TypeError(f"{where}: {words}; {mend}leave one out")


def can_be_told_apart(one: Node, other: Node) -> bool:
    """Tell whether no JSON value is read as two different Python values by two kinds of one union."""
    one, other = one.inner, other.inner
    if one is other or not one.types & other.types:
        return True
    for this, that in ((one, other), (other, one)):
        if isinstance(this, Either):
            return all(can_be_told_apart(node, that) for node in this.nodes)
    for this, that in ((one, other), (other, one)):
        if isinstance(this, Choice):
            return (this.plain and _is_plain(that)) or not _takes_one(that, this)
    if isinstance(one, Object) and isinstance(other, Object):
        return _objects(one, other)
    if _are_objects(one, other):
        return _foreign(one, other)
    if isinstance(one, Plain) and isinstance(other, Plain):
        return True  # of two numbers 1 is an int and 1.0 a float
    if isinstance(one, Text) and isinstance(other, Text):
        return one.kind is not other.kind
    if isinstance(one, Items) and isinstance(other, Items):
        return one.make is other.make and can_be_told_apart(one.item, other.item)
    if isinstance(one, ByName) and isinstance(other, ByName):
        return can_be_told_apart(one.member, other.member)
    if isinstance(one, Fixed) and isinstance(other, Fixed):
        return len(one.items) != len(other.items) or any(map(_disjoint, one.items, other.items))
    return False


def _item(node: Node) -> Node:
    """Return the kind of the items of a list, and any other kind as it is."""
    return node.inner.item if isinstance(node.inner, Items) else node


def _are_objects(*nodes: Node) -> bool:
    """Tell whether kinds are objects of which each can be given a member."""
    inner = [node.inner for node in nodes]
    return all(isinstance(node, Object) or (isinstance(node, ForeignNode) and node.is_object) for node in inner)


def _is_plain(node: Node) -> bool:
    """Tell whether JSON and Python values are the same, so that it does not matter which kind reads one."""
    return node.plain if isinstance(node, Choice) else isinstance(node, Plain)


def _takes_one(node: Node, choice: Choice) -> bool:
    """Tell whether `node` takes any of the values of `choice`."""
    return any(node.could_be(value, looks()[0]) for value, _ in choice.values)


def _objects(one: Object, other: Object) -> bool:
    """Tell whether two objects differ in the names of their members, or in a member that never has the same value."""
    if one.members.keys() != other.members.keys():
        return True
    return any(
        _disjoint(one.members[name], other.members[name])
        for name in one.members
        if not (_takes_null(one, name) and _takes_null(other, name))
    )


def _takes_null(node: Object, name: str) -> bool:
    """Tell whether a member may be null, as its value or for its default."""
    return node.null_is_default(name) or "null" in node.members[name].types


def _disjoint(one: Node, other: Node) -> bool:
    """Tell by values and types alone whether two kinds have no JSON in common: by what `could_be` sees."""
    one, other = one.inner, other.inner
    for this, that in ((one, other), (other, one)):
        if isinstance(this, Either):
            return all(_disjoint(node, that) for node in this.nodes)
    for this, that in ((one, other), (other, one)):
        if isinstance(this, Choice):
            return not _takes_one(that, this)
    return not one.types & other.types


def _foreign(one: Node, other: Node) -> bool:
    """Tell the same of objects of which one at least is a class of another library, by their schemas."""
    first, second = one.form["properties"], other.form["properties"]
    if first.keys() != second.keys():
        return True
    values = ((_values(first[name]), _values(second[name])) for name in first)
    return any(ours is not None and theirs is not None and not ours & theirs for ours, theirs in values)


def _values(form: Any) -> set[str] | None:
    """Return the values that a schema lists, as JSON; None if it takes others."""
    if not isinstance(form, Mapping):
        return None
    values = listed(form)
    if values is not None:
        return {json.dumps(value) for value in values}
    if form.get("type") == "null":
        return {"null"}
    parts = [_values(part) for part in form.get("anyOf") or ()]
    return set().union(*(part for part in parts if part)) if parts and None not in parts else None
