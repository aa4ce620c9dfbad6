"""The members of a class: of dataclasses, TypedDicts, NamedTuples and attrs classes, inherited and generic.

This module's law: it looks at a class and makes nothing of it; the hints that it gives are whole.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .docstrings import described


class ClassMember(NamedTuple):
    """A member of a class: its hint, without the type variables of generic classes."""

    hint: Any
    has_default: bool
    description: str | None


class ClassShape(NamedTuple):
    """What a class is made of, and how an instance is made of its members by name."""

    name: str
    members: Mapping[str, ClassMember]
    make: Callable[[dict[str, Any]], Any]
    description: str | None

    @property
    def has_defaults(self) -> bool:
        """Whether there are defaults; of a TypedDict a member may be absent, and then it is."""
        return self.make is not dict


def shape_of(cls: Any, args: tuple[Any, ...]) -> ClassShape | None:
    """Return the shape of `cls[args]`, or None if it is none of the classes that have one.

    Raises TypeError for a class whose hints cannot be resolved.
    """
    found = (
        _dataclass(cls, args)
        if dataclasses.is_dataclass(cls)
        else _typed_dict(cls, args)
        if is_typed_dict(cls)
        else _named_tuple(cls, args)
        if issubclass(cls, tuple) and hasattr(cls, "_fields")
        else _attrs(cls, args)
        if "__attrs_attrs__" in dir(cls)
        else None
    )
    if found is None:
        return None
    members, make = found
    about = described(own_doc(cls))
    return ClassShape(
        cls.__name__,
        {
            name: ClassMember(hint, has_default, about.members.get(name))
            for name, (hint, has_default) in members.items()
        },
        make,
        about.text,
    )


def is_typed_dict(cls: Any) -> bool:
    """Tell whether `cls` is a TypedDict, of `typing` or of `typing_extensions`."""
    return isinstance(cls, type) and issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def own_doc(cls: type) -> str | None:
    """Return the docstring that somebody wrote for this class, and not one that was made or inherited."""
    doc = cls.__dict__.get("__doc__")
    if not isinstance(doc, str) or doc.startswith(f"{cls.__name__}(") or doc == "An enumeration.":
        return None
    return doc


_Members = tuple[Mapping[str, tuple[Any, bool]], Callable[[dict[str, Any]], Any]]


def _dataclass(cls: Any, args: tuple[Any, ...]) -> _Members:
    hints = hints_of(cls, args)
    for each in cls.__dataclass_fields__.values():
        if each._field_type.name == "_FIELD_INITVAR":
            raise TypeError(f"{cls.__name__}.{each.name}: an InitVar cannot come from JSON; make it a field")
    members = {
        each.name: (
            hints[each.name],
            each.default is not dataclasses.MISSING or each.default_factory is not dataclasses.MISSING,
        )
        for each in dataclasses.fields(cls)
        if each.init
    }
    return members, lambda given: cls(**given)


def _named_tuple(cls: Any, args: tuple[Any, ...]) -> _Members:
    hints = hints_of(cls, args)
    for name in cls._fields:
        if name not in hints:
            raise TypeError(f"{cls.__name__}.{name}: has no type hint; make the class with typing.NamedTuple")
    return {name: (hints[name], name in cls._field_defaults) for name in cls._fields}, lambda given: cls(**given)


def _attrs(cls: Any, args: tuple[Any, ...]) -> _Members:
    nothing = sys.modules["attr"].NOTHING
    used = [each for each in cls.__attrs_attrs__ if each.init]
    hints = {each.name: each.type for each in used} | hints_of(cls, args)
    for each in used:
        if hints[each.name] is None and each.type is None:
            raise TypeError(f"{cls.__name__}.{each.name}: has no type hint; give it one")
    alias = {each.name: getattr(each, "alias", None) or each.name.lstrip("_") for each in used}
    return (
        {each.name: (hints[each.name], each.default is not nothing) for each in used},
        lambda given: cls(**{alias[name]: value for name, value in given.items()}),
    )


def _typed_dict(cls: Any, args: tuple[Any, ...]) -> _Members:
    members = {}
    for name, hint in _typed_dict_hints(cls, args).items():
        hint, is_required = _qualified(hint)
        members[name] = (hint, not (name in cls.__required_keys__ if is_required is None else is_required))
    return members, dict


def _qualified(hint: Any) -> tuple[Any, bool | None]:
    """Return a hint without `Required`, `NotRequired` and `ReadOnly`, in `Annotated` too, and what they say."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        inner, is_required = _qualified(hint.__origin__)
        notes: Any = (inner, *hint.__metadata__)
        return typing.Annotated[notes], is_required
    name = getattr(origin, "_name", None)
    if name not in ("NotRequired", "ReadOnly", "Required"):
        return hint, None
    inner, is_required = _qualified(typing.get_args(hint)[0])
    return inner, is_required if name == "ReadOnly" else name == "Required"


# --- hints


def hints_of(cls: type, args: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Return the hints of `cls[args]` and its bases, with the types that generic bases were given.

    Raises TypeError for hints that cannot be resolved.
    """
    resolved = _resolved(cls)
    bindings = _bindings(cls, args)
    hints = {}
    for base in reversed(cls.__mro__):
        for name in inspect.get_annotations(base):
            if name in resolved:
                hints[name] = bound(resolved[name], bindings.get(base, {}))
    return hints


def _resolved(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    except NameError as error:
        name = getattr(error, "name", None) or "a name"
        raise TypeError(
            f"{cls.__name__}: a type hint names {name!r}, which is not there; define classes at the top of a module"
        ) from None


def _typed_dict_hints(cls: Any, args: tuple[Any, ...]) -> dict[str, Any]:
    """Return the hints of a TypedDict, whose bases Python leaves only in `__orig_bases__`."""
    own = dict(zip(getattr(cls, "__parameters__", ()), args, strict=False))
    hints: dict[str, Any] = {}
    for base in getattr(cls, "__orig_bases__", ()):
        origin = typing.get_origin(base) or base
        if is_typed_dict(origin):
            hints |= _typed_dict_hints(origin, tuple(bound(each, own) for each in typing.get_args(base)))
    return {name: hints.get(name, bound(hint, own)) for name, hint in _resolved(cls).items()}


def _bindings(cls: type, args: tuple[Any, ...]) -> dict[type, dict[Any, Any]]:
    """Return, for `cls` and each of its bases, what its type variables stand for."""
    own = dict(zip(getattr(cls, "__parameters__", ()), args, strict=False))
    found = {cls: own}
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = typing.get_origin(base) or base
        if isinstance(origin, type) and origin not in (object, typing.Generic):
            found |= _bindings(origin, tuple(bound(each, own) for each in typing.get_args(base)))
    return found


def bound(hint: Any, bindings: Mapping[Any, Any]) -> Any:
    """Return `hint` with its type variables replaced by what they stand for, as far as that is known."""
    if isinstance(hint, typing.TypeVar):
        return bindings.get(hint, hint)
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint  # a generic class without its brackets
    variables = getattr(hint, "__parameters__", ())
    return hint[tuple(bindings.get(each, each) for each in variables)] if variables else hint
