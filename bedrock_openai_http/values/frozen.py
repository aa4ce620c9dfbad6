"""Frozen dataclasses that cost next to nothing until they are used.

`dataclasses.dataclass(frozen=True)` writes and compiles half a dozen methods for each class. For the fifty classes of
this package that takes longer than a whole call. `frozen` shares the methods between all classes, and leaves it to a
class's first instance to have its fields collected, by the standard library, and its `__init__` compiled.

What it makes is a dataclass: `dataclasses.fields`, `replace` and `asdict` work, and so do pickling, copying and
`match`. The tests compare it with the standard's.

This module is the only one that writes code, and it writes it from nothing but the names of fields.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import KW_ONLY, MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from .forks import in_child

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**options: Any) -> Callable[[Any], Any]:
        return lambda decorator: decorator


__all__ = ["KW_ONLY", "field", "frozen"]

Class = TypeVar("Class", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Class) -> Class:
    """Make `cls`, which needs a docstring of its own, a frozen dataclass. It keeps the methods that it defines."""
    for name, method in _METHODS.items():
        if name not in vars(cls):
            setattr(cls, name, method)
    for name in _MADE_LATE:
        setattr(cls, name, _Late(cls, name))
    cls.__init__ = _first_init(cls)  # type: ignore[misc]
    return cls


#: What the standard library makes of a class's fields, and what `inspect` asks for first.
_MADE_LATE = ("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__signature__")


class _Late:
    """Stands for an attribute of a class until somebody asks for it, which makes the class complete."""

    def __init__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name
        #: What `field()` gave, once `dataclass` has begun to take it out of the class.
        self.given: dict[str, Field[Any]] | None = None

    def __get__(self, instance: object, cls: type) -> Any:
        _complete(self._owner)
        if self._name == "__signature__":  # by now that of `__init__`
            from inspect import signature

            return signature(cls)
        return vars(self._owner)[self._name]


def _first_init(cls: type) -> Callable[..., None]:
    """Return an `__init__` that completes the class, and so puts the real one into its place, and calls that."""

    def __init__(self: Any, *args: Any, **members: Any) -> None:
        _complete(cls)
        cls.__init__(self, *args, **members)  # type: ignore[misc]

    return __init__


# Held while a class is completed, one at a time; a subclass completes its bases on the way.
_lock = threading.RLock()


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


in_child(_renew_lock)


def _complete(cls: type) -> None:
    """Collect the fields of `cls` and compile its `__init__`, unless that is done.

    It may have been interrupted, by a signal or, in the child of a fork, for ever: it is then begun again.
    """
    with _lock:
        late = vars(cls).get("__signature__")
        if late is None:
            return
        if late.given is None:
            late.given = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        for name, value in late.given.items():
            setattr(cls, name, value)
        if "__match_args__" in vars(cls):  # `dataclass` replaces the others
            del cls.__match_args__  # type: ignore[attr-defined]
        dataclass(init=False, repr=False, eq=False)(cls)
        cls.__init__ = _compile_init(cls)  # type: ignore[misc]
        del cls.__signature__  # type: ignore[attr-defined]


class _Factory:
    """Stands in a signature for a default that is made anew for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _compile_init(cls: type) -> Callable[..., None]:
    """Return the `__init__` that sets the fields of `cls`."""
    members = fields(cls)
    values: dict[str, Any] = {"_FACTORY": _FACTORY}
    positional = [_parameter(each, values) for each in members if not each.kw_only]
    by_name = [_parameter(each, values) for each in members if each.kw_only]
    lines = [f"def __init__({', '.join(['self', *positional, *(['*'] if by_name else []), *by_name])}):"]
    lines.append(" own = self.__dict__")  # not by attribute, which is what being frozen refuses
    for each in members:
        default = f"factory_{each.name}() if {each.name} is _FACTORY else " if _has_factory(each) else ""
        lines.append(f" own['{each.name}'] = {default}{each.name}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join(lines), values)  # noqa: S102  (names of fields, as they stand in this package's source)
    init: Callable[..., None] = values["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {**{each.name: each.type for each in members}, "return": None}
    return init


def _parameter(each: Field[Any], values: dict[str, Any]) -> str:
    if _has_factory(each):
        values[f"factory_{each.name}"] = each.default_factory
        return f"{each.name}=_FACTORY"
    if each.default is MISSING:
        return each.name
    values[f"default_{each.name}"] = each.default
    return f"{each.name}=default_{each.name}"


def _has_factory(each: Field[Any]) -> bool:
    return each.default_factory is not MISSING


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, each.name) for each in fields(self) if each.compare)


def _eq(self: Any, other: Any) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_set(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS: dict[str, Any] = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
}
