"""What became of a call, seen from outside: its outcome, what it cost, and where secrets turned up.

This module knows nothing of the cases; it looks at what was returned or raised, and at what was logged.
"""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

from clients import SECRETS, Player

#: How deep attributes of an exception are looked into, and how many objects.
DEPTH, OBJECTS = 8, 4000


class Log(logging.Handler):
    """Keeps all that any library logs, down to DEBUG."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def __enter__(self) -> Log:
        root = logging.getLogger()
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *details: object) -> None:
        logging.getLogger().removeHandler(self)


def of_error(error: BaseException, player: type[Player]) -> dict[str, Any]:
    """Return what an exception is and tells: its class, whether it is the client's own, request ID, pickling."""
    return {
        "outcome": "error",
        "error": _name(error, player),
        "typed": isinstance(error, player.errors),
        "request_id": player.request_id(error),
        "pickle": _pickled(error),
    }


def _name(error: BaseException, player: type[Player]) -> str:
    """Return the class's name, with its module if it comes from somebody else: libraries use the same names."""
    kind = type(error)
    foreign = not isinstance(error, player.errors) and kind.__module__ != "builtins"
    return f"{kind.__module__}.{kind.__name__}" if foreign else kind.__name__


def _pickled(error: BaseException) -> str:
    try:
        again = pickle.loads(pickle.dumps(error))
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is what the user would get
        return type(failure).__name__
    same = type(again) is type(error) and str(again) == str(error)
    return "kept" if same else "changed"


def secrets_in(error: BaseException | None, log: Log) -> list[str]:
    """Return where which secret is found: in the exception's text, its attributes, its pickle, or the log."""
    places = {"log": "\n".join(log.lines)}
    if error is not None:
        # The lines of source in a traceback are the benchmark's, not the client's: text and causes are enough.
        places["text"] = "".join(traceback.format_exception_only(error)) + repr(error)
        places["attributes"] = "\n".join(_walk(error))
        places["pickle"] = _pickle_text(error)
    return [
        f"{name} in {place}" for place, text in places.items() for name, secret in SECRETS.items() if secret in text
    ]


def _pickle_text(error: BaseException) -> str:
    try:
        return pickle.dumps(error).decode("latin-1")
    except Exception:  # noqa: BLE001 - what cannot be pickled holds nothing
        return ""


def _walk(root: Any) -> Iterator[str]:
    """Yield each text that can be reached from `root` by attributes, items and causes."""
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(root, 0)]
    while waiting and len(seen) < OBJECTS:
        value, depth = waiting.pop(0)
        if id(value) in seen or depth > DEPTH:
            continue
        seen.add(id(value))
        if isinstance(value, str):
            yield value
        elif isinstance(value, (bytes, bytearray)):
            yield value.decode("latin-1")
        else:
            waiting += [(part, depth + 1) for part in _parts(value)]


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, (type, int, float)) or callable(value):
        return []
    parts = list(getattr(value, "__dict__", {}).values())
    if isinstance(value, BaseException):
        parts += [*value.args, value.__cause__, value.__context__]
    return [part for part in parts if part is not None]
