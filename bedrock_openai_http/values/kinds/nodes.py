"""The parts of a kind: each says its JSON schema, and reads a JSON value as a Python one.

This module's law: a part reads what its schema takes and nothing else, and repeats nothing of it. What it says of
itself is asked for when the whole kind is there, since parts may hold each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..once import once
from .bounds import broken
from .kind import Misfit, Path
from .look import Look, Looks
from .texts import TextKind

#: The JSON type of Python's own values.
JSON_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
#: The same, where integers are numbers.
_TYPES = {**JSON_TYPES, int: "number"}
#: All of these.
ANY_TYPE = frozenset(_TYPES.values())
_ARTICLES = {
    "integer": "an integer",
    "array": "an array",
    "object": "an object",
    "null": "null",
    "boolean": "true or false",
}
#: The schema of null.
NULL = {"type": "null"}


class Node:
    """A part of a kind."""

    #: Its JSON schema, which may refer to definitions of the root.
    form: Any
    #: The JSON types that it takes; integers count as "number".
    types: Any

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        """Return the Python value of a JSON value, at which `looks` are the looks. Raises Misfit."""
        raise NotImplementedError

    def could_be(self, value: Any, look: Look) -> bool:
        """Tell by a look at a JSON value whether `read` may take it; where this says no, it does not.

        The look goes into arrays, and as deep into objects as it says.
        """
        return type_of(value) in self.types

    @property
    def inner(self) -> Node:
        """The part itself, where this one only names or describes it."""
        return self


class Plain(Node):
    """One of `str`, `bool`, `int`, `float` and `None`."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.form = {"type": JSON_TYPES[kind]}
        self.types = frozenset([_TYPES[kind]])

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        if type(value) is self.kind:
            return value
        # JSON has one kind of numbers: 1.0 is an integer to it, and 1 is a number.
        if self.kind is int and type(value) is float and value.is_integer():
            return int(value)
        if self.kind is float and type(value) is int:
            try:
                return float(value)
            except OverflowError:
                raise Misfit(path, "value", "is a number out of range") from None
        raise of_another_type(path, self.form["type"])

    def could_be(self, value: Any, look: Look) -> bool:
        if look.exact:
            return type(value) is self.kind
        is_fraction = type(value) is float and not value.is_integer()
        return type_of(value) in self.types and not (is_fraction and self.kind is int)


class Text(Node):
    """A value that JSON has no type for, as a text."""

    types = frozenset(["string"])

    def __init__(self, kind: TextKind) -> None:
        self.kind = kind
        self.form = {"type": "string", **({"format": kind.format} if kind.format else {}), "description": kind.words}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        if type(value) is not str:
            raise of_another_type(path, "string")
        found = self.kind.read(value)
        if found is None:
            raise Misfit(path, "format", f"must be {self.kind.must}")
        return found

    def could_be(self, value: Any, look: Look) -> bool:
        return type(value) is str and self.kind.read(value) is not None


class Choice(Node):
    """One of some values: of a `Literal`, or the members of an `Enum` by their values."""

    def __init__(self, values: Sequence[tuple[Any, Any]], *, plain: bool) -> None:
        #: Each JSON value with the Python value that it stands for.
        self.values = values
        #: Whether they are the same.
        self.plain = plain
        names = [JSON_TYPES[type(value)] for value, _ in values]
        self.types = frozenset(type_of(value) for value, _ in values)
        groups = [
            NULL if name == "null" else {"type": name, "enum": [value for value, _ in values if _is(value, name)]}
            for name in dict.fromkeys(names)
        ]
        self.form = groups[0] if len(groups) == 1 else {"anyOf": groups}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        for known, meant in self.values:
            if known == value and isinstance(known, bool) is isinstance(value, bool):
                return meant
        raise of_other_values(path, [self], "enum" if type_of(value) in self.types else "type")

    def could_be(self, value: Any, look: Look) -> bool:
        if look.exact:
            return any(known == value and type(known) is type(value) for known, _ in self.values)
        return any(known == value and isinstance(known, bool) is isinstance(value, bool) for known, _ in self.values)


class Items(Node):
    """A list, or a tuple of any length."""

    types = frozenset(["array"])

    def __init__(self, item: Node, make: Callable[[list[Any]], Any]) -> None:
        self.item, self.make = item, make

    @once
    def form(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.form}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        if type(value) is not list:
            raise of_another_type(path, "array")
        return self.make([self.item.read(item, (*path, index), looks) for index, item in enumerate(value)])

    def could_be(self, value: Any, look: Look) -> bool:
        return type(value) is list and (not look.levels or all(self.item.could_be(item, look) for item in value))

    def item_at(self, index: int) -> Node:
        """Return the part that reads the item at `index`."""
        return self.item


class Fixed(Node):
    """A tuple of a fixed length."""

    types = frozenset(["array"])

    def __init__(self, items: Sequence[Node]) -> None:
        self.items = items

    @once
    def form(self) -> dict[str, Any]:
        forms, count = [item.form for item in self.items], len(self.items)
        return {"type": "array", "prefixItems": forms, "items": False, "minItems": count, "maxItems": count}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        if type(value) is not list:
            raise of_another_type(path, "array")
        if len(value) != len(self.items):
            raise Misfit(path, "minItems", f"must have {len(self.items)} items")
        return tuple(
            node.read(item, (*path, index), looks)
            for index, (node, item) in enumerate(zip(self.items, value, strict=True))
        )

    def could_be(self, value: Any, look: Look) -> bool:
        if type(value) is not list or len(value) != len(self.items):
            return False
        return not look.levels or all(map(lambda node, item: node.could_be(item, look), self.items, value))

    def item_at(self, index: int) -> Node:
        """Return the part that reads the item at `index`."""
        return self.items[index]


class Named(Node):
    """A part that has a definition of its own, so that it can hold parts like itself."""

    target: Node | None = None

    def __init__(self, name: str) -> None:
        self.form = {"$ref": f"#/$defs/{name}"}

    @property
    def types(self) -> frozenset[str]:
        return frozenset() if self.target is None else self.target.types

    @property
    def inner(self) -> Node:
        return self if self.target is None else self.target.inner

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        assert self.target is not None  # noqa: S101  (the whole kind has been read)
        return self.target.read(value, path, looks)

    def could_be(self, value: Any, look: Look) -> bool:
        return self.target is not None and self.target.could_be(value, look)


class Described(Node):
    """A part with a description, and with bounds."""

    def __init__(self, node: Node, description: str | None, bounds: Mapping[str, Any]) -> None:
        self._node, self.description, self._bounds = node, description, bounds

    @once
    def form(self) -> dict[str, Any]:
        form = self._node.form
        own = form.get("description")
        words = sentences([text for text in (self.description, own if own != self.description else None) if text])
        # A reference stands alone in its node.
        whole = {"anyOf": [form]} if "$ref" in form else form
        return {**whole, **self._bounds, **({"description": words} if words else {})}

    @property
    def types(self) -> frozenset[str]:
        types: frozenset[str] = self._node.types
        return types

    @property
    def inner(self) -> Node:
        return self._node.inner

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        found = self._node.read(value, path, looks)
        breaks = self._broken(value)
        if breaks is not None:
            raise Misfit(path, *breaks)
        return found

    def could_be(self, value: Any, look: Look) -> bool:
        return self._node.could_be(value, look) and not (look.at_bounds and self._broken(value))

    def _broken(self, value: Any) -> tuple[str, str] | None:
        return broken(self._bounds, value, type_of(value)) if self._bounds else None


class Anything(Node):
    """Any JSON value: in open kinds only."""

    types = ANY_TYPE

    def __init__(self) -> None:
        self.form = {}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        return value


def of_another_type(path: Path, name: str) -> Misfit:
    """Return the Misfit of a value that should be of the JSON type `name`."""
    return Misfit(path, "type", f"must be {article(name)}")


def article(name: str) -> str:
    """Return the name of a JSON type as words say it."""
    return _ARTICLES.get(name, f"a {name}")


def of_other_values(path: Path, choices: Sequence[Choice], rule: str = "enum") -> Misfit:
    """Return the Misfit of a value that should be one of those of some choices."""
    shown = ", ".join(json.dumps(known, ensure_ascii=False) for choice in choices for known, _ in choice.values)
    return Misfit(path, rule, f"must be one of {shown}")


def type_of(value: Any) -> str:
    """Return the JSON type of a value; that of an integer is "number"."""
    return _TYPES[type(value)]


def types_named(kind: str | Sequence[str]) -> set[str]:
    """Return the JSON types that the `type` of a schema names; "integer" counts as "number"."""
    return {"number" if each == "integer" else each for each in ([kind] if isinstance(kind, str) else kind)}


def sentences(texts: Sequence[str]) -> str:
    """Return some texts as one, with a full stop after each that has no end of its own."""
    *before, last = texts or [""]
    return " ".join(
        [*(text if text.rstrip()[-1:] in (*".!?:;", "") else f"{text.rstrip()}." for text in before), last]
    )


def _is(value: Any, name: str) -> bool:
    return JSON_TYPES[type(value)] == name


def alternatives(form: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a form that is nothing but alternatives, or the form itself."""
    return form["anyOf"] if set(form) == {"anyOf"} else [form]
