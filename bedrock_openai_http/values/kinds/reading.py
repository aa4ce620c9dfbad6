"""From a type hint to a kind: what its JSON schema is, and how a value of it is made.

This module's law: a hint is a kind whole, or a TypeError at once that says what to write instead.
"""

from __future__ import annotations

import enum
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from .annotations import annotation_of
from .apart import check_union
from .bounds import can_be_written
from .classes import bound, default_of, own_doc, shape_of, unreadable, variables
from .docstrings import described
from .foreign import ForeignNode, foreign_class, kind_of_schema
from .kind import WRAPPER, Kind, Member, definition_name, within_the_stack
from .look import looks
from .nodes import JSON_TYPES, Anything, Choice, Described, Fixed, Items, Named, Node, Plain, Text
from .objects import ByName, Object
from .places import definitions_used
from .refusals import DICTS, LISTS, in_words, instead_of, is_refused, is_unpacked
from .strict import strict_form
from .texts import TEXT_KINDS
from .unions import Either


def kind_of(hint: Any) -> Kind:
    """Return the kind of a type hint, or of a JSON schema given as a mapping.

    Raises TypeError for what cannot be said as a strict schema, with what to write instead.
    """
    try:
        return kind_of_schema(hint) if isinstance(hint, Mapping) else _kind_of(hint)
    except RecursionError:
        words = f"{in_words(hint)}: is nothing but itself, or is made of ever larger kinds of itself"
        if isinstance(hint, Mapping):
            words = "schema: is nested too deeply; put parts of it into $defs"
        raise TypeError(words) from None


def _kind_of(hint: Any) -> Kind:
    reader = _Reader()
    node = reader.node(hint, in_words(hint))
    root = node.inner if isinstance(node, Named) else node
    is_object = isinstance(root, Object) or (isinstance(root, ForeignNode) and root.is_object)
    if is_object:
        return reader.kind(reader.name_of(hint), root)
    holder = Object("answer", {WRAPPER: node}, frozenset(), lambda members: members[WRAPPER])
    return reader.kind(reader.name_of(hint), holder, wrapped=True)


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
    return reader.kind(name, root)


class _Reader:
    """Reads the hints of one kind. `open` allows what has no strict schema; `is_open` tells whether there was any."""

    def __init__(self, *, open: bool = False) -> None:
        self._open, self.is_open = open, False
        self._exact = True
        self._named: list[tuple[Any, Named]] = []
        self._definitions: dict[str, Node] = {}
        self._unions: list[tuple[Either, str]] = []

    def kind(self, name: str, root: Node, *, wrapped: bool = False) -> Kind:
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
            value_of=within_the_stack(lambda value: root.read(value, (), looks())),
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
            raise TypeError(f"{where}: {in_words(hint)} is a name that is not resolved; give the class itself")
        if isinstance(hint, typing.TypeVar):
            if default_of(hint) is not None:
                return self.node(default_of(hint), where)
            raise TypeError(f"{where}: {hint.__name__} stands for no type; give one in brackets, as in Page[Item]")
        return self._class(hint, hint if origin is None else origin, args, where)

    def _class(self, hint: Any, cls: Any, args: tuple[Any, ...], where: str) -> Node:
        if args and cls in LISTS:
            return Items(self.node(args[0], f"{where}[]"), list)
        if cls is tuple and (args or hint not in (tuple, typing.Tuple)):  # noqa: UP006
            return self._tuple(args, where)
        if not isinstance(cls, type) or is_refused(cls):
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
        if self._open and cls in DICTS and (not args or args[0] is str):
            self.is_open = True
            return ByName(self.node(args[1], f"{where}.*") if args else Anything())
        if self._open and cls is list:
            self.is_open = True
            return Items(Anything(), list)
        if not isinstance(cls, type) and getattr(cls, "__hash__", None) is None:
            raise TypeError(f"{where}: must be a type, and is a value of the class {type(cls).__name__}")
        raise TypeError(f"{where}: {in_words(cls)} cannot be asked for: {instead_of(cls)}")

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
        nodes = [self.node(each, where) for each in args]
        anything = next((node for node in nodes if isinstance(node.inner, Anything)), None)
        if anything is not None:  # which takes what the others take
            return anything
        either = Either(nodes)
        self._unions.append((either, where))
        return either

    def _tuple(self, args: tuple[Any, ...], where: str) -> Node:
        if len(args) == 2 and args[1] is ...:
            return Items(self.node(args[0], f"{where}[]"), tuple)
        if args == ((),):  # tuple[()] before Python 3.11
            args = ()
        if any(map(is_unpacked, args)):
            raise TypeError(f"{where}: nobody knows what stands where in it; write tuple[A, B] or tuple[T, ...]")
        if not args:
            raise TypeError(f"{where}: an empty tuple has nothing to be asked for; leave it out")
        return Fixed([self.node(each, f"{where}[{index}]") for index, each in enumerate(args)])

    def _literal(self, values: tuple[Any, ...], where: str) -> Node:
        if not values:
            raise TypeError(f"{where}: an empty Literal has no values; give it some")
        for value in values:
            if type(value) is int and not can_be_written(value):
                raise TypeError(f"{where}: a number of more digits than Python writes is no value to be asked for")
            if type(value) not in (str, int, bool, type(None)):
                raise TypeError(f"{where}: {value!r} is no value of JSON; write its kind, such as the Enum itself")
        return Choice([(value, value) for value in values], plain=True)

    def _enum(self, cls: type[enum.Enum], where: str) -> Node:
        values = [(each.value, each) for each in cls]
        scalars = (str, int, float, bool, type(None))
        is_json = all(type(value) in scalars and value not in (inf, -inf) and value == value for value, _ in values)
        is_json = is_json and all(can_be_written(value) for value, _ in values if isinstance(value, int))
        if not values or issubclass(cls, enum.Flag) or not is_json:
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
    try:
        value = alias.__value__
    except RecursionError:
        raise  # which `kind_of` has words for
    except Exception as error:  # noqa: BLE001  (it is any expression, read only now)
        raise unreadable(alias.__name__, error) from None
    return bound(value, variables(alias, alias.__type_params__, typing.get_args(hint)))


def _name_with(name: str, args: tuple[Any, ...]) -> str:
    return "_".join([name, *(getattr(arg, "__name__", "of") for arg in args)])
