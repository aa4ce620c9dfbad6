"""What became of a case, seen from outside: what was returned or raised, what was run, and what the model was told.

This module knows nothing of the libraries; it looks at objects, and at the requests that arrived.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Iterator, Sequence
from typing import Any

#: How many objects are looked into for a text.
OBJECTS = 20_000


def plain(value: Any) -> Any:
    """Return a value of any library as plain Python."""
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def difference(expected: Any, found: Any, path: str = "$") -> str | None:
    """Return where and how `found` first differs from `expected`, or None."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in [*expected, *(name for name in found if name not in expected)]:
            if name not in found:
                return f"`{path}.{name}` missing"
            if name not in expected:
                return f"`{path}.{name}` added"
            if inner := difference(expected[name], found[name], f"{path}.{name}"):
                return inner
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return next((inner for at, (a, b) in pairs if (inner := difference(a, b, f"{path}[{at}]"))), None)
    if type(expected) is type(found) and expected == found:
        return None
    shown = "NaN" if isinstance(found, float) and math.isnan(found) else repr(found)
    return f"`{path}` as `{shown}`"


def error_name(error: BaseException, own: str) -> str:
    """Return the name of an error's class, with its package if that is not the library's own."""
    kind = type(error)
    package = kind.__module__.partition(".")[0].lstrip("_")
    return kind.__name__ if package in (own, "builtins") else f"{package}.{kind.__name__}"


def quotes(error: BaseException, words: Sequence[str]) -> bool:
    """Whether the text of an error has any of `words`, which only the model has said."""
    text = f"{error}\n{error!r}"
    return any(word in text for word in words)


def reachable(root: Any, *wanted: str) -> str | None:
    """Return where all of `wanted` are found: "attributes", "bytes" of a request or an answer, or None."""
    texts, raw = [], []
    for value in _walk(root):
        if isinstance(value, str):
            texts.append(value)
        else:
            raw.append(bytes(value).decode("utf-8", "replace"))
    if all(any(part in text for text in texts) for part in wanted):
        return "attributes"
    return "bytes" if all(any(part in text for text in [*texts, *raw]) for part in wanted) else None


def _walk(root: Any) -> Iterator[str | bytes | bytearray]:
    """Yield each text that can be reached from `root` by attributes, items, causes and generators' variables."""
    seen: set[int] = set()
    kept = [root]  # keeps alive what is made on the way, so that no ID is given twice
    for value in kept:
        if id(value) in seen or len(seen) > OBJECTS:
            continue
        seen.add(id(value))
        if isinstance(value, (str, bytes, bytearray)):
            yield value
        else:
            kept += _parts(value)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, (type, int, float, types.ModuleType, types.FunctionType)):
        return []
    parts = list(getattr(value, "__dict__", {}).values())
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names = [slots] if isinstance(slots, str) else list(slots)
        parts += [getattr(value, name, None) for name in names if name not in ("__dict__", "__weakref__")]
    if isinstance(value, BaseException):
        parts += [*value.args, value.__cause__, value.__context__]
        if hasattr(value, "errors") and type(value).__name__ == "ValidationError":
            parts.append(value.errors(include_url=False))  # pydantic's keeps the input behind this method
    return [part for part in parts if part is not None]
