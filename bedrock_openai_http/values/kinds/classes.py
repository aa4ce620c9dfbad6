"""The members of a class: of dataclasses, TypedDicts, NamedTuples and attrs classes, inherited and generic.

This module's law: it looks at a class and makes nothing of it; the hints that it gives are whole.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    for each in cls.__dataclass_fields__.values():
        if each._field_type.name == "_FIELD_INITVAR":
            raise TypeError(f"{cls.__name__}.{each.name}: an InitVar cannot come from JSON; make it a field")
    used = [each for each in dataclasses.fields(cls) if each.init]
    for each in used:
        _refuse_field(cls, each.name, each.default)
    hints = hints_of(cls, args, [each.name for each in used])
    return {each.name: (hints[each.name], _has_default(each)) for each in used}, lambda given: cls(**given)


def _has_default(member: dataclasses.Field[Any]) -> bool:
    return member.default is not dataclasses.MISSING or member.default_factory is not dataclasses.MISSING


def _refuse_field(cls: Any, name: str, default: Any) -> None:
    if is_of_pydantic(default):
        raise TypeError(
            f"{cls.__name__}.{name}: a Field of pydantic's is the default itself in such a class; write "
            "Annotated[T, Field(...)], or a model or dataclass of pydantic's"
        )


def is_of_pydantic(note: Any) -> bool:
    """Tell whether something is an object of pydantic's, such as one of its Fields."""
    return type(note).__module__.partition(".")[0] == "pydantic"


def _named_tuple(cls: Any, args: tuple[Any, ...]) -> _Members:
    hints = hints_of(cls, args, cls._fields)
    for name in cls._fields:
        if name not in hints:
            raise TypeError(f"{cls.__name__}.{name}: has no type hint; make the class with typing.NamedTuple")
        _refuse_field(cls, name, cls._field_defaults.get(name))
    return {name: (hints[name], name in cls._field_defaults) for name in cls._fields}, lambda given: cls(**given)


def _attrs(cls: Any, args: tuple[Any, ...]) -> _Members:
    nothing = sys.modules["attr"].NOTHING
    used = [each for each in cls.__attrs_attrs__ if each.init]
    hints = {each.name: each.type for each in used} | hints_of(cls, args, [each.name for each in used])
    for each in used:
        if hints[each.name] is None and each.type is None:
            raise TypeError(f"{cls.__name__}.{each.name}: has no type hint; give it one")
        _refuse_field(cls, each.name, each.default)
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
        return _annotated(inner, hint.__metadata__), is_required
    name = getattr(origin, "_name", None)
    if name not in ("NotRequired", "ReadOnly", "Required"):
        return hint, None
    inner, is_required = _qualified(typing.get_args(hint)[0])
    return inner, is_required if name == "ReadOnly" else name == "Required"


# --- hints


def hints_of(cls: type, args: tuple[Any, ...], names: Iterable[str]) -> dict[str, Any]:
    """Return the hints of these members of `cls[args]` and its bases, with the types that generic bases were given.

    Raises TypeError for hints that cannot be resolved.
    """
    bindings = _bindings(cls, args)
    hints = {}
    for base in reversed(cls.__mro__):
        for name, hint in _resolved(base, names).items():
            hints[name] = bound(hint, bindings.get(base, {}))
    return hints


def _resolved(cls: type, names: Iterable[str]) -> dict[str, Any]:
    """Return the hints of these members in the very class, read by the names that are known to it."""
    own = {name: hint for name, hint in inspect.get_annotations(cls).items() if name in names}
    module = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    parameters = {each.__name__: each for each in getattr(cls, "__type_params__", ())}
    known = {**vars(cls), **module, cls.__name__: cls, **parameters}

    def read(hints: dict[str, Any]) -> dict[str, Any]:
        holder = type(cls.__name__, (), {"__annotations__": hints, "__module__": cls.__module__})
        return typing.get_type_hints(holder, localns=known, include_extras=True)

    def read_one(hint: Any) -> Any:
        return read({"hint": hint})["hint"]

    try:
        return {name: _whole(hint, read_one) for name, hint in read(own).items()}
    except RecursionError:
        raise  # which `kind_of` has words for
    except Exception as error:  # noqa: BLE001  (a hint is any expression)
        failure = unreadable(cls.__name__, error)
    raise failure


def _whole(hint: Any, read: Callable[[Any], Any]) -> Any:
    """Return a hint with what is a text in its brackets: Python 3.10 leaves `list["Node"]` as it is."""
    if isinstance(hint, str | typing.ForwardRef):
        return read(hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (None, typing.Literal, typing.Annotated):
        return hint if origin is not typing.Annotated else _annotated(_whole(args[0], read), args[1:])
    whole = tuple(_whole(each, read) if isinstance(each, str) or typing.get_args(each) else each for each in args)
    if whole == args:
        return hint
    if origin in (typing.Union, types.UnionType):
        return typing.Union[whole]  # noqa: UP007
    return hint.copy_with(whole) if hasattr(hint, "copy_with") else origin[whole]


def _annotated(hint: Any, notes: tuple[Any, ...]) -> Any:
    whole: Any = (hint, *notes)
    return typing.Annotated[whole]


def unreadable(name: str, error: Exception) -> TypeError:
    """Return the error of a type hint, in the class or alias of that name, that is no type or names none."""
    if isinstance(error, NameError):
        missing = getattr(error, "name", None) or "a name"
        return TypeError(
            f"{name}: a type hint names {missing!r}, which is not there; define classes at the top of a module"
        )
    return TypeError(f"{name}: a type hint cannot be read, {type(error).__name__}: {error}; write a type")


def _typed_dict_hints(cls: Any, args: tuple[Any, ...]) -> dict[str, Any]:
    """Return the hints of a TypedDict, whose bases Python leaves only in `__orig_bases__`."""
    own = variables(cls, getattr(cls, "__parameters__", ()), args)
    hints: dict[str, Any] = {}
    for base in getattr(cls, "__orig_bases__", ()):
        origin = typing.get_origin(base) or base
        if is_typed_dict(origin):
            hints |= _typed_dict_hints(origin, tuple(bound(each, own) for each in typing.get_args(base)))
    added = _resolved(cls, cls.__annotations__.keys() - hints.keys())
    return {name: hints[name] if name in hints else bound(added[name], own) for name in cls.__annotations__}


def _bindings(cls: type, args: tuple[Any, ...]) -> dict[type, dict[Any, Any]]:
    """Return, for `cls` and each of its bases, what its type variables stand for."""
    own = variables(cls, getattr(cls, "__parameters__", ()), args)
    found = {cls: own}
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = typing.get_origin(base) or base
        if isinstance(origin, type) and origin not in (object, typing.Generic):
            found |= _bindings(origin, tuple(bound(each, own) for each in typing.get_args(base)))
    return found


def variables(generic: Any, parameters: Sequence[Any], args: Sequence[Any]) -> dict[Any, Any]:
    """Return what the type variables of a class or alias stand for. Raises TypeError for those of many types."""
    for each in parameters:
        if type(each).__name__ != "TypeVar":
            words = f"{each.__name__} stands for any number of types; write a class with these types"
            raise TypeError(f"{generic.__name__}: {words}")
    return dict(zip(parameters, args, strict=False))


def default_of(variable: Any) -> Any:
    """Return the type that a type variable stands for where none is given (Python 3.13), or None."""
    has_default = getattr(variable, "has_default", None)
    return variable.__default__ if callable(has_default) and has_default() else None


def bound(hint: Any, bindings: Mapping[Any, Any]) -> Any:
    """Return `hint` with its type variables replaced by what they stand for, as far as that is known."""
    if isinstance(hint, typing.TypeVar):
        return bindings.get(hint, hint)
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint  # a generic class without its brackets
    variables = getattr(hint, "__parameters__", ())
    return hint[tuple(bindings.get(each, each) for each in variables)] if variables else hint
