"""What callers give for options, as plain values of Python's own.

A caller may give anything: a number of another library, a subclass of `str` with methods of its own, an object that
raises when it is looked at. What is usable becomes an exact `str`, `int`, `float` or `bool` here, once, so that no
step after this meets a surprise.

This module's law: whatever is given, the outcome is a plain value or one ConfigurationError that names the option,
says what it must be, repeats nothing of it, and does not carry along what somebody else's code has raised.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, TypeGuard, TypeVar

from .errors import ConfigurationError

Value = TypeVar("Value")

#: Seconds that a time limit may be at most, 24 days. Sockets and poll() count milliseconds in 31 bits.
LONGEST_SECONDS = 2_147_483
#: The greatest number of attempts, far beyond any use, which still fits into a header.
MOST_ATTEMPTS = 999_999_999


def text(name: str, value: Any, must: str = "be a str", pattern: str = r"(?s).*") -> str:
    """Return `value` as a str that matches the whole `pattern`; `must` says in words what that asks for."""
    given = plain_text(value)
    if given is None or not re.fullmatch(pattern, given):
        raise ConfigurationError(f"{name}: must {must}")
    return given


def seconds(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a number of seconds as a float: above 0, or from 0 on with `zero`, up to `LONGEST_SECONDS`.

    Every number will do that Python can make a float of, such as a Decimal, a Fraction or one of numpy's.
    """
    number = _read(_as_float, value)
    if number is None or not 0 <= number < math.inf or not (number or zero):
        raise ConfigurationError(f"{name}: must be a number of seconds{', 0 or more' if zero else ' above 0'}")
    if number > LONGEST_SECONDS:
        raise ConfigurationError(f"{name}: must be {LONGEST_SECONDS} seconds (24 days) at most")
    return number


def integer(name: str, value: Any, least: int, most: int, unit: str = "") -> int:
    """Return an integer of `least` to `most` as an int; `unit` is the word for what it counts."""
    number = _read(_as_int, value)
    if number is None or not least <= number <= most:
        raise ConfigurationError(f"{name}: must be an integer of {least} to {most} {unit}".rstrip())
    return number


def moment(name: str, value: Any) -> datetime:
    """Return a moment in UTC. One without a time zone counts as local time."""
    given = _read(_as_moment, value)
    if given is None:
        raise ConfigurationError(f"{name}: must be a datetime")
    return given


def flag(name: str, value: Any, must: str = "True or False") -> bool:
    """Return True or False. Another value is refused: the word "false" would count as true."""
    if value is not True and value is not False:
        raise ConfigurationError(f"{name}: must be {must}")
    return value is True


def pairs(name: str, value: Any, must: str) -> list[tuple[Any, Any]]:
    """Return the members of a mapping as pairs of name and value, read once."""
    found = _read(_as_pairs, value)
    if found is None:
        raise ConfigurationError(f"{name}: must {must}")
    return found


def plain_text(value: Any) -> str | None:
    """Return the characters of a str as a plain str, and None for anything else."""
    return value if type(value) is str else _read(_as_text, value)


def is_a(value: Any, kind: type[Value]) -> TypeGuard[Value]:
    """Tell whether `value` is of the class `kind`. Unlike `isinstance` it never raises."""
    return type(value) is kind or _read(lambda given: isinstance(given, kind), value) is True


def has_methods(value: Any, *names: str) -> bool:
    """Tell whether `value` has a method of each of these names."""
    return bool(_read(lambda given: all(callable(getattr(given, name, None)) for name in names), value))


def is_coroutine_function(value: Any) -> bool:
    """Tell whether `value` is made by `async def`. The module `inspect` would be loaded for this alone."""
    return _read(lambda given: bool(given.__code__.co_flags & _COROUTINE), value) is True


#: The flag of such code (docs.python.org, "inspect", CO_COROUTINE).
_COROUTINE = 0x80


def _read(reading: Callable[[Any], Value], value: Any) -> Value | None:
    """Return `reading(value)`; None if somebody else's code raised in it."""
    try:
        return reading(value)
    except Exception:  # noqa: BLE001  (of a class that a caller wrote anything can come out)
        return None


def _as_text(value: Any) -> str | None:
    return str.__str__(value) if isinstance(value, str) else None


def _as_pairs(value: Any) -> list[tuple[Any, Any]] | None:
    return [(key, item) for key, item in value.items()] if isinstance(value, (dict, Mapping)) else None


def _as_float(value: Any) -> float | None:
    # float() would read a text, and the bytes of a buffer, as well.
    return None if isinstance(value, bool) or not hasattr(value, "__float__") else float(value)


def _as_moment(value: Any) -> datetime | None:
    return value.astimezone(timezone.utc) if isinstance(value, datetime) else None


def _as_int(value: Any) -> int | None:
    return None if isinstance(value, bool) else operator.index(value)
