"""A kind: what a JSON value is to be, as a schema to send, a schema to check by, and the way to a Python value.

This module holds plain values; `reading` makes kinds of type hints, `foreign` of schemas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from typing import Any

from ..frozen import field, frozen

#: Where in a JSON value, from its root: names of members and indices of items.
Path = tuple[str | int, ...]

#: The member that holds a value which is no object: what is asked for is always an object.
WRAPPER = "value"


class Misfit(Exception):
    """A JSON value is not of the kind. The text repeats nothing of the value."""

    def __init__(
        self, path: Path, rule: str, message: str, *, hint: str | None = None, is_for_tools: bool = False
    ) -> None:
        super().__init__(path, rule, message)
        self.path = path
        #: The JSON Schema keyword that is broken, or "value" for what cannot be converted.
        self.rule = rule
        self.message = message
        #: What the check of a class of the caller's has said, for the model alone.
        self.hint = hint
        #: Whether it was said by a ToolError, which is written for a model that calls a tool.
        self.is_for_tools = is_for_tools


def too_deep() -> Misfit:
    """Return the Misfit of a value that is nested deeper than it can be followed."""
    return Misfit((), "value", "is nested too deeply")


def within_the_stack(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `read` with a Misfit in place of a RecursionError, which would hold the value."""

    def value_of(value: Any) -> Any:
        with suppress(RecursionError):
            return read(value)
        raise too_deep()

    return value_of


@frozen
class Member:
    """A parameter of a function, or another named value of which `object_kind` makes a kind."""

    name: str
    hint: Any
    description: str | None = None
    has_default: bool = False


@frozen
class Kind:
    """What a JSON value is to be. The root is always an object: see `WRAPPER`."""

    #: A name for it, in letters, digits, `_` and `-`, at most 64 of them.
    name: str
    #: The schema to send: the strict form that `strict` describes, or the open one if the kind is not `strict`.
    schema: Mapping[str, Any] = field(repr=False)
    #: The schema to check by, which has also the bounds that the strict form can only describe.
    full: Mapping[str, Any] = field(repr=False)
    #: Makes the Python value of the root, which `full` has passed unless the kind is `exact`. Raises Misfit.
    value_of: Callable[[Any], Any] = field(repr=False)
    strict: bool = True
    #: Whether `value_of` by itself refuses all that `full` refuses: it does not see the schemas of others.
    exact: bool = False
    #: Whether the root only holds the value.
    wrapped: bool = False
    #: Makes of an answer what `full` is to check and `value_of` to take: without null for what could not be left out.
    plain_of: Callable[[Any], Any] | None = field(default=None, repr=False)


def definition_name(name: str, taken: Container[str]) -> str:
    """Return a name for a definition that is none of `taken`, of characters that no reference must escape.

    There are models' servers that do not know the escapes of RFC 6901.
    """
    own = name = re.sub("[^A-Za-z0-9_.-]", "_", name)[:60] or "_"
    number = 2
    while own in taken:
        own, number = f"{name}_{number}", number + 1
    return own
