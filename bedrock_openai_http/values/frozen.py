"""Frozen dataclasses that cost next to nothing to define.

`dataclasses.dataclass(frozen=True)` writes and compiles half a dozen methods for each class. For the sixty classes of
this package that takes longer than a whole call. `frozen` shares the methods between all classes, but for `__init__`,
which stands written out in `frozen_inits`.

What it makes is a dataclass: `dataclasses.fields`, `replace` and `asdict` work, and so do pickling, copying and
`match`. The tests compare it with the standard's.

This module's law: of a class it looks at nothing but its annotations and what stands behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, MISSING, Field, FrozenInstanceError, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from . import frozen_inits

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
    members = _collected(cls)
    made: Any = cls
    made.__dataclass_fields__ = {each.name: each for each in members}
    made.__dataclass_params__ = _Standard.__dataclass_params__  # type: ignore[attr-defined]
    made.__match_args__ = tuple([each.name for each in members if not each.kw_only])  # type: ignore[misc]
    made.__init__ = _init(cls, members)
    return cls


@dataclass(init=False, repr=False, eq=False)
class _Standard:
    """What the standard library makes of a class."""

    member: int


#: What marks a field among the annotations of a class.
_MARK = fields(_Standard)[0]._field_type  # type: ignore[attr-defined]


def _collected(cls: type) -> list[Field[Any]]:
    """Return the fields of `cls`, those of its bases first, and leave in the class what the standard leaves there."""
    members: dict[str, Field[Any]] = {}
    for base in reversed(cls.__mro__[1:]):
        members |= getattr(base, "__dataclass_fields__", {})
    by_name = False
    for name, kind in vars(cls).get("__annotations__", {}).items():
        if kind == "KW_ONLY":
            by_name = True
        elif not kind.startswith("ClassVar["):
            members[name] = _field(cls, name, kind, by_name)
    return list(members.values())


def _field(cls: type, name: str, kind: str, by_name: bool) -> Field[Any]:
    default = getattr(cls, name, MISSING)
    if isinstance(default, Field):
        each: Any = default
        if each.default is MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, each.default)
    else:
        each = field(default=default)
    each.name, each.type, each.kw_only, each._field_type = name, kind, by_name, _MARK
    return each  # type: ignore[no-any-return]


def _init(cls: type, members: list[Field[Any]]) -> Callable[..., None]:
    """Return the `__init__` of `cls`, which has these fields."""
    positional = [each for each in members if not each.kw_only]
    by_name = [each for each in members if each.kw_only]
    names = tuple([each.name for each in (*positional, *by_name)])
    init: Any = getattr(frozen_inits, name_of(cls), None)
    if init is None or init.__code__.co_varnames != ("self", *names, "own"):
        init = _compiled(cls)
    init.__name__, init.__qualname__, init.__module__ = "__init__", f"{cls.__qualname__}.__init__", cls.__module__
    init.__defaults__ = tuple([_default(each) for each in positional if not _is_needed(each)]) or None
    init.__kwdefaults__ = {each.name: _default(each) for each in by_name if not _is_needed(each)} or None
    init.__annotations__ = {**{each.name: each.type for each in members}, "return": None}
    return init  # type: ignore[no-any-return]


def _is_needed(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _default(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else frozen_inits.Made(each.default_factory)


def name_of(cls: type) -> str:
    """Return the name that the `__init__` of `cls` has in `frozen_inits`: its room's, its module's and its own."""
    return "_".join([*cls.__module__.split(".")[1:], cls.__name__])


def _compiled(cls: type) -> Any:
    """Return the `__init__` of a class that `frozen_inits` does not know, or not as it is now."""
    namespace: dict[str, Any] = {"Made": frozen_inits.Made, "_type": type}
    exec(written_out(cls), namespace)  # noqa: S102  (names of fields, as they stand in the source of the class)
    return namespace[name_of(cls)]


def written_out(cls: Any) -> str:
    """Return the source of the `__init__` of `cls`, without its defaults."""
    members = fields(cls)
    by_name = [each.name for each in members if each.kw_only]
    parameters = ["self", *[each.name for each in members if not each.kw_only], *(["*", *by_name] if by_name else [])]
    lines = [f"def {name_of(cls)}({', '.join(parameters)}):"]
    lines.append("    own = self.__dict__")  # not by attribute, which is what being frozen refuses
    for name, is_made in [(each.name, each.default_factory is not MISSING) for each in members]:
        made = f"{name}.anew() if _type({name}) is Made else " if is_made else ""
        lines.append(f'    own["{name}"] = {made}{name}')
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    return "\n".join(lines) + "\n"


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


def _replaced(self: Any, /, **changes: Any) -> Any:
    return replace(self, **changes)


_METHODS: dict[str, Any] = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
    "__replace__": _replaced,  # which `copy.replace` asks for, from Python 3.13 on
}
