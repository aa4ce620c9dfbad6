"""What a caller may give by mistake, or by another library: values of odd types, and objects that raise when used.

Each is made anew, since some can be used only once. This module checks nothing.
"""

from __future__ import annotations

import enum
import io
from collections import ChainMap, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NoReturn

#: Stands in what foreign code says, as a prompt or a key would; no error of ours may repeat it or lead to it.
CANARY = "c4n4ry"


class ForeignError(Exception):
    """What somebody else's code raises."""


def fail(*args: Any, **options: Any) -> NoReturn:
    raise ForeignError(CANARY)


#: Every method that looking at, comparing, converting or walking a value may call.
METHODS = """
__bool__ __len__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __contains__ __iter__ __getitem__
__float__ __int__ __index__ __str__ __repr__ __format__ __add__ __radd__ __mul__ __mod__ __call__ __bytes__
__fspath__ __round__ __neg__ keys items values get copy pop strip lower upper startswith endswith removeprefix
removesuffix split rsplit partition rpartition encode decode replace join casefold isascii isdigit
isidentifier splitlines title to_dict utctimetuple astimezone strftime timestamp refresh
""".split()


def hostile(base: type = object, *args: Any, only: str | None = None) -> Any:
    """Return an instance of a subclass of `base` each of whose methods raises, or the one named `only`."""
    names = METHODS if only is None else [only]
    names = [name for name in names if base is object or only is not None or hasattr(base, name)]
    return type("Hostile", (base,), dict.fromkeys(names, fail))(*args)


class Unreadable:
    """Raises for every attribute that is asked for."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise ForeignError(CANARY)


class Classless:
    """Raises when its class is asked for, as `isinstance` does."""

    @property
    def __class__(self) -> NoReturn:  # type: ignore[override]
        raise ForeignError(CANARY)


class OddMapping(Mapping[Any, Any]):
    """A mapping one of whose methods raises."""

    def __init__(self, bad: str, **members: Any) -> None:
        self._bad, self._members = bad, members or {"a": 1}

    def __getitem__(self, key: Any) -> Any:
        return fail() if self._bad == "getitem" else self._members[key]

    def __iter__(self) -> Iterator[Any]:
        return fail() if self._bad == "iter" else iter(self._members)

    def __len__(self) -> int:
        return fail() if self._bad == "len" else len(self._members)

    def items(self) -> Any:
        return {"raises": fail, "none": lambda: None, "text": lambda: "ab", "threes": lambda: [(1, 2, 3)]}.get(
            self._bad, super().items
        )()


class ToDict:
    """Has a wire form that is odd, or raises."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def to_dict(self) -> Any:
        return self._given() if callable(self._given) else self._given


class Endless:
    """Has a wire form that has one, and so on."""

    def to_dict(self) -> Any:
        return Endless()


class Word(str, enum.Enum):
    RUNTIME = "runtime"


class Number(enum.IntEnum):
    THREE = 3


class NumpyLike:
    """A number of another library: neither int nor float."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __index__(self) -> int:
        return int(self._value)


class Growing(dict[str, Any]):
    """Changes while it is walked, as by another thread."""

    def items(self) -> Any:
        for key in list(self):
            yield key, self[key]
            raise RuntimeError("dictionary changed size during iteration")


def recursive() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def recursive_dict() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["a"] = value
    return value


def deep(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


ODD: dict[str, Callable[[], Any]] = {
    **{
        repr(value): (lambda value=value: value)
        for value in (
            *(True, False, 0, 1, -1, 3, 7.5, 1e7, 1e10, 1e308, -0.0, float("nan"), float("inf"), float("-inf")),
            *(2**31, 2**63, 2.5j, Decimal("2.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e400"), Fraction(5, 2)),
            *("", " ", "x", "7", "nan", "us-west-2", "a\nb", "\x00", "\ud800", "é", "%s", "{}", "\u0663"),
            *(b"", b"x", (), (1,), ("x", "y"), ...),
            # Without a time zone, as people have them.
            *(datetime(2026, 1, 1), datetime.min, datetime.max, date(2026, 1, 1), timedelta(seconds=5)),  # noqa: DTZ001, DTZ901
            *(int, str, dict, Path("/x"), NotImplemented, Word.RUNTIME, Number.THREE),
        )
    },
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "a long text": lambda: "x" * 100_000,
    "bytearray": lambda: bytearray(b"x"),
    "memoryview": lambda: memoryview(b"5"),
    "[]": list,
    "['x']": lambda: ["x"],
    "[['x', 'y']]": lambda: [["x", "y"]],
    "{}": dict,
    "{'a': 1}": lambda: {"a": 1},
    "{1: 2}": lambda: {1: 2},
    "{(): None}": lambda: {(): None},
    "set": lambda: {"x"},
    "object": object,
    "lambda": lambda: lambda: None,
    "callable that raises": lambda: fail,
    "generator": lambda: (item for item in [{"role": "user", "content": "x"}]),
    "iterator": lambda: iter([1]),
    "range": lambda: range(3),
    "file": io.BytesIO,
    "exception": lambda: ForeignError(CANARY),
    "BaseException class": lambda: SystemExit,
    "SimpleNamespace": lambda: SimpleNamespace(access_key=1, secret_key=2, token=3),
    "numpy-like 5": lambda: NumpyLike(5),
    "numpy-like nan": lambda: NumpyLike(float("nan")),
    "UserDict": lambda: UserDict({"a": 1}),
    "UserList": lambda: UserList(["x"]),
    "UserString": lambda: UserString("us-west-2"),
    "OrderedDict": lambda: OrderedDict(a=1),
    "defaultdict": lambda: defaultdict(list, a=1),
    "ChainMap": lambda: ChainMap({"a": 1}, {"b": 2}),
    "MappingProxyType": lambda: MappingProxyType({"a": 1}),
    "deque": lambda: deque(["x"]),
    "recursive list": recursive,
    "recursive dict": recursive_dict,
    "deep list": lambda: deep(5000),
    "unreadable": Unreadable,
    "classless": Classless,
    "hostile object": hostile,
    "hostile str": lambda: hostile(str, "us-west-2"),
    "hostile int": lambda: hostile(int, 5),
    "hostile float": lambda: hostile(float, 5.5),
    "hostile bytes": lambda: hostile(bytes, b"x"),
    "hostile list": lambda: hostile(list, ["x"]),
    "hostile tuple": lambda: hostile(tuple, ["x"]),
    "hostile dict": lambda: hostile(dict, {"a": 1}),
    **{
        f"mapping: {bad}": (lambda bad=bad: OddMapping(bad))
        for bad in "getitem iter len raises none text threes".split()
    },
    **{
        f"no {name}": (lambda name=name: hostile(only=name)) for name in ("__bool__", "__eq__", "__hash__", "__len__")
    },
    "to_dict that raises": lambda: ToDict(fail),
    "to_dict that gives None": lambda: ToDict(lambda: None),
    "to_dict that gives a set": lambda: ToDict(lambda: {"x"}),
    "to_dict that gives a mapping": lambda: ToDict(lambda: MappingProxyType({"a": 1})),
    "to_dict that is no method": lambda: ToDict({"a": 1}),
    "to_dict without end": Endless,
    "a dict that changes": lambda: Growing(a=1, b=2),
}
