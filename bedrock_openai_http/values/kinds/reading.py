"""From a type hint to a kind: what its JSON schema is, and how a value of it is made.

This module's law: a hint is a kind whole, or a TypeError at once that says what to write instead.
"""

from __future__ import annotations

import collections.abc
import enum
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .annotations import annotation_of
from .apart import check_union
from .classes import bound, own_doc, shape_of
from .docstrings import described
from .foreign import ForeignNode, foreign_class, kind_of_schema
from .kind import WRAPPER, Kind, Member, definition_name, within_the_stack
from .nodes import JSON_TYPES, Anything, Choice, Described, Fixed, Items, Named, Node, Plain, Text
from .objects import ByName, Object
from .places import definitions_used
from .strict import strict_form
from .texts import TEXT_KINDS
from .unions import Either

_LISTS = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_NO_SETS = "a set has no JSON; write list[T]"
#: What cannot be said, and what can be said in its place.
_INSTEAD: Mapping[Any, str] = {
    Any: "it may be anything; name the kinds that it may be",
    object: "it may be anything; name the kinds that it may be",
    typing.NoReturn: "it has no values",
    **dict.fromkeys(_LISTS, "it does not say of what; write list[T]"),
    tuple: "it does not say of what; write tuple[T, ...] or list[T]",
    set: _NO_SETS,
    frozenset: _NO_SETS,
    collections.abc.Set: _NO_SETS,
    collections.abc.MutableSet: _NO_SETS,
    bytes: "JSON has texts only; write str, for example with base64 in it",
    complex: "JSON has no such number; write a dataclass with both parts",
}
_MAPPING_INSTEAD = (
    "its members have no names; write a dataclass or a TypedDict, or a list of such with a name in each"
)
_CALLABLE_INSTEAD = "a function cannot come from JSON; write the data that it would be made from"


def kind_of(hint: Any) -> Kind:
    """Return the kind of a type hint, or of a JSON schema given as a mapping.

    Raises TypeError for what cannot be said as a strict schema, with what to write instead.
    """
    if isinstance(hint, Mapping):
        return kind_of_schema(hint)
    try:
        return _kind_of(hint)
    except RecursionError:
        raise TypeError(f"{_words(hint)}: is nothing but itself, or is made of ever larger kinds of itself") from None


def _kind_of(hint: Any) -> Kind:
    reader = _Reader()
    node = reader.node(hint, _words(hint))
    root = node.inner if isinstance(node, Named) else node
    is_object = isinstance(root, Object) or (isinstance(root, ForeignNode) and root.is_object)
    if is_object:
        return reader.kind(reader.name_of(hint), root, node.form, root.read)
    holder = Object("answer", {WRAPPER: node}, frozenset(), lambda members: members[WRAPPER])
    return reader.kind(reader.name_of(hint), holder, holder.form, holder.read, wrapped=True)


def object_kind(name: str, members: Sequence[Member], description: str | None = None, *, open: bool = False) -> Kind:
    """Return the kind of an object with these members, such as the arguments of a function: read as a dict.

    Of a member with a default null stands for it. With `open`, hints that have no strict schema, such as `Any`, make
    a kind that is not `strict`, in which members with a default may be absent. Raises TypeError as `kind_of`.
    """
    reader = _Reader(open=open)
    nodes = {
        each.name: _described(reader.node(each.hint, f"{name}({each.name})"), each.description) for each in members
    }
    optional = frozenset(each.name for each in members if each.has_default)
    root = Object(name, nodes, optional, dict, description=description, open=reader.is_open)
    return reader.kind(name, root, root.form, root.read)


class _Reader:
    """Reads the hints of one kind. `open` allows what has no strict schema; `is_open` tells whether there was any."""

    def __init__(self, *, open: bool = False) -> None:
        self._open, self.is_open = open, False
        self._exact = True
        self._named: list[tuple[Any, Named]] = []
        self._definitions: dict[str, Node] = {}
        self._unions: list[tuple[Either, str]] = []

    def kind(
        self, name: str, root: Node, form: Mapping[str, Any], read: Callable[..., Any], *, wrapped: bool = False
    ) -> Kind:
        """Return the kind with this root, when all of it has been read."""
        for union, where in self._unions:
            check_union(union, where)
        used = definitions_used(root.form, {each: node.form for each, node in self._definitions.items()})
        full = {**root.form, **({"$defs": used} if used else {})}
        schema = full if self.is_open else strict_form(full)
        return Kind(
            name=name,
            schema=schema,
            full=full,
            value_of=within_the_stack(lambda value: read(value, ())),
            strict=not self.is_open,
            exact=self._exact,
            wrapped=wrapped,
        )

    def name_of(self, hint: Any) -> str:
        """Return a name of the root, by the rule of `response_format` (64 letters, digits, `_`, `-`)."""
        origin = typing.get_origin(hint) or hint
        name = getattr(origin, "__name__", None) if isinstance(origin, type) else None
        words = re.sub("[^A-Za-z0-9_-]", "", name if name and _says_more(origin) else "")
        return words[:64] or "answer"

    def node(self, hint: Any, where: str) -> Node:
        """Return the part of a kind that `hint` is; `where` is its place, for errors."""
        if hint is None or hint is type(None):
            return Plain(type(None))
        if isinstance(hint, Mapping):
            raise TypeError(f"{where}: a JSON schema stands alone: it cannot be a part of another kind")
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._annotated(args[0], args[1:], where)
        if origin in (typing.Union, types.UnionType):
            return self._union(args, where)
        if origin is typing.Literal:
            return self._literal(args, where)
        alias = _alias(hint)
        if alias is not None:
            return self._once(hint, alias.__name__, lambda: self.node(_alias_value(hint, alias), where))
        if getattr(hint, "__supertype__", None) is not None:  # a NewType
            return self.node(hint.__supertype__, where)
        if isinstance(hint, str | typing.ForwardRef):
            raise TypeError(f"{where}: {_words(hint)} is a name that is not resolved; give the class itself")
        if isinstance(hint, typing.TypeVar):
            raise TypeError(f"{where}: {hint.__name__} stands for no type; give one in brackets, as in Page[Item]")
        return self._class(hint, hint if origin is None else origin, args, where)

    def _class(self, hint: Any, cls: Any, args: tuple[Any, ...], where: str) -> Node:
        if args and cls in _LISTS:
            return Items(self.node(args[0], f"{where}[]"), list)
        if cls is tuple and (args or hint not in (tuple, typing.Tuple)):  # noqa: UP006
            return self._tuple(args, where)
        if not isinstance(cls, type) or cls in _INSTEAD or cls in _DICTS:
            return self._open_node(cls, args, where)
        if cls in TEXT_KINDS:
            return Text(TEXT_KINDS[cls])
        if cls in JSON_TYPES:
            return Plain(cls)
        if issubclass(cls, enum.Enum):
            return self._enum(cls, where)
        foreign = foreign_class(hint, where)
        if foreign is not None:
            return self._once((cls, args), cls.__name__, lambda: self._with_definitions(foreign))
        shape = shape_of(cls, args)
        if shape is None:
            return self._open_node(cls, args, where)
        return self._once((cls, args), _name_with(shape.name, args), lambda: self._object(shape, where))

    def _open_node(self, cls: Any, args: tuple[Any, ...], where: str) -> Node:
        """Return what an open kind may hold. Raises TypeError for what no JSON is, and in a strict kind."""
        if self._open and (cls is Any or cls is object):
            self.is_open = True
            return Anything()
        if self._open and cls in _DICTS and (not args or args[0] is str):
            self.is_open = True
            return ByName(self.node(args[1], f"{where}.*") if args else Anything())
        if self._open and cls is list:
            self.is_open = True
            return Items(Anything(), list)
        if not isinstance(cls, type) and getattr(cls, "__hash__", None) is None:
            raise TypeError(f"{where}: must be a type, and is a value of the class {type(cls).__name__}")
        instead = _INSTEAD.get(cls)
        if instead is None and cls in _DICTS:
            instead = _MAPPING_INSTEAD
        if instead is None and cls in (collections.abc.Callable, types.FunctionType):
            instead = _CALLABLE_INSTEAD
        words = instead or "it is no kind that JSON can hold; write a dataclass, or another type that schema_of names"
        raise TypeError(f"{where}: {_words(cls)} cannot be asked for: {words}")

    def _object(self, shape: Any, where: str) -> Object:
        nodes = {
            name: _described(self.node(member.hint, f"{shape.name}.{name}"), member.description)
            for name, member in shape.members.items()
        }
        optional = frozenset(
            name
            for name, member in shape.members.items()
            # What can have one value alone, such as the tag of a kind in a union, is always said.
            if member.has_default and not (shape.has_defaults and _is_constant(nodes[name]))
        )
        return Object(shape.name, nodes, optional, shape.make, description=shape.description)

    def _annotated(self, hint: Any, notes: tuple[Any, ...], where: str) -> Node:
        node = self.node(hint, where)
        description, bounds = annotation_of(notes, node, where)
        return Described(node, description, bounds) if description or bounds else node

    def _union(self, args: tuple[Any, ...], where: str) -> Node:
        either = Either([self.node(each, where) for each in args])
        self._unions.append((either, where))
        return either

    def _tuple(self, args: tuple[Any, ...], where: str) -> Node:
        if len(args) == 2 and args[1] is ...:
            return Items(self.node(args[0], f"{where}[]"), tuple)
        if args == ((),):  # tuple[()] before Python 3.11
            args = ()
        if not args:
            raise TypeError(f"{where}: an empty tuple has nothing to be asked for; leave it out")
        return Fixed([self.node(each, f"{where}[{index}]") for index, each in enumerate(args)])

    def _literal(self, values: tuple[Any, ...], where: str) -> Node:
        for value in values:
            if type(value) not in (str, int, bool, type(None)):
                raise TypeError(f"{where}: {value!r} is no value of JSON; write its kind, such as the Enum itself")
        return Choice([(value, value) for value in values], plain=True)

    def _enum(self, cls: type[enum.Enum], where: str) -> Node:
        values = [(each.value, each) for each in cls]
        scalars = (str, int, float, bool, type(None))
        if not values or issubclass(cls, enum.Flag) or any(type(value) not in scalars for value, _ in values):
            raise TypeError(f"{where}: {cls.__name__} must have members, with texts or numbers as their values")
        return _described(Choice(values, plain=False), described(own_doc(cls)).text)

    def _once(self, key: Any, name: str, make: Callable[[], Node]) -> Named:
        """Return the part that has a definition of its own, which may hold itself."""
        for known, named in self._named:
            if known == key:
                return named
        own = self._place(name)
        named = Named(own)
        self._named.append((key, named))
        named.target = self._definitions[own] = make()
        return named

    def _place(self, name: str) -> str:
        """Return the name of a new definition, whose place is kept until it is read."""
        own = definition_name(name, self._definitions)
        self._definitions[own] = Plain(type(None))
        return own

    def _with_definitions(self, foreign: ForeignNode) -> ForeignNode:
        """Return the part for a class of another library, its own definitions being of the root now."""
        self._exact = False  # its class takes what its schema does not, such as a text for a number
        foreign.rename({name: self._place(name) for name in foreign.definitions})
        for name, form in foreign.definitions.items():
            self._definitions[name] = _Formed(form)
        return foreign


class _Formed(Node):
    """A definition that only others read by."""

    def __init__(self, form: dict[str, Any]) -> None:
        self.form = form


def _says_more(cls: type) -> bool:
    """Tell whether the name of a class says more than that of its JSON type."""
    return cls not in JSON_TYPES and cls not in TEXT_KINDS and cls.__module__ not in ("builtins", "types")


def _is_constant(node: Node) -> bool:
    return isinstance(node.inner, Choice) and len(node.inner.values) == 1


def _described(node: Node, description: str | None) -> Node:
    """Return `node` with a description, unless it has one that was written at its place."""
    has_one = isinstance(node, Described) and node.description is not None
    return node if description is None or has_one else Described(node, description, {})


def _alias(hint: Any) -> Any:
    """Return the alias of the `type` statement (Python 3.12) that a hint is, with or without its arguments."""
    for each in (hint, typing.get_origin(hint)):
        if type(each).__name__ == "TypeAliasType":
            return each
    return None


def _alias_value(hint: Any, alias: Any) -> Any:
    return bound(alias.__value__, dict(zip(alias.__type_params__, typing.get_args(hint), strict=False)))


def _name_with(name: str, args: tuple[Any, ...]) -> str:
    return "_".join([name, *(getattr(arg, "__name__", "of") for arg in args)])


def _words(hint: Any) -> str:
    """Return a hint as a person writes it."""
    if isinstance(hint, str):
        return repr(hint)
    if isinstance(hint, typing.ForwardRef):
        return repr(hint.__forward_arg__)
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__qualname__
    return re.sub(r"\b(typing|collections\.abc|builtins|__main__)\.", "", repr(hint))
