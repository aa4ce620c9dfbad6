"""What a function takes, read from its signature, its type hints and its docstring.

This module's law: a parameter that a model could not be told of is a TypeError that says what to do instead, and
nothing of a function is called.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, get_type_hints

from .classes import is_of_pydantic
from .docstrings import described
from .kind import Kind, Member
from .reading import object_kind

#: What the name of a tool looks like (`identifier` in schemas/request.json).
_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_NOTHING = inspect.Parameter.empty
_SEVERAL: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


class Signature(NamedTuple):
    """What a function takes, and what a model is told of it."""

    name: str
    description: str | None
    kind: Kind
    parameters: tuple[inspect.Parameter, ...]

    def members(self) -> dict[str, Any]:
        """Return the members of the `FunctionTool` that a model is told of."""
        strict = True if self.kind.strict else None
        return {
            "name": self.name,
            "description": self.description,
            "parameters": self.kind.schema,
            "strict": strict,
        }


def signature_of(
    function: Callable[..., Any], *, name: str | None = None, description: str | None = None
) -> Signature:
    """Return what `function` takes; `name` and `description` replace its own.

    Raises TypeError for what is no function, and for one that a model could not be told of.
    """
    target = _target(function)
    name = _name_of(function) if name is None else name
    if not _NAME.fullmatch(name):
        words = "a name of a tool has 1 to 64 letters, digits, _ and -: give name= to FunctionTool.from_function"
        raise TypeError(f"{name[:80]!r}: {words}, and the tool as a pair (FunctionTool, function)")
    said = described(target.__doc__)
    hints, parameters = hints_of(function), parameters_of(function)
    members = [_member(name, parameter, hints, said.members) for parameter in parameters]
    kind = object_kind(name, members, open=True)
    return Signature(name, said.text if description is None else description, kind, parameters)


def parameters_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Return the parameters that are still to be given: a `functools.partial` has given some by name.

    Raises TypeError for what has no signature.
    """
    given = function.keywords if isinstance(function, partial) else {}
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise TypeError(f"{_shown(function)}: its parameters cannot be known: write a function around it") from None
    return tuple(parameter for parameter in parameters if parameter.name not in given)


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the type hints of a function by parameter. Raises TypeError where one means nothing."""
    target = _target(function)
    names = getattr(inspect.unwrap(target), "__globals__", {})
    try:
        # Of the hints alone: Python 3.10 makes `Optional` of each whose parameter has the default None.
        hints = SimpleNamespace(__annotations__=getattr(target, "__annotations__", {}))
        return get_type_hints(hints, globalns=names, include_extras=True)
    except Exception as error:  # noqa: BLE001  (a hint is any expression)
        words = "a name that is imported under TYPE_CHECKING is not there at run time"
        raise TypeError(
            f"{_shown(function)}: its type hints cannot be read, {type(error).__name__}: {error}; {words}"
        ) from None


def is_async(function: Any) -> bool:
    """Tell whether calling `function`, or what a `functools.partial` is of, only makes what must be awaited."""
    inner = _unwrapped(function)
    made_by = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return any(made(each) for made in made_by for each in (inner, type(inner).__call__))


def given_by_place(
    parameters: tuple[inspect.Parameter, ...], values: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return how `values`, by name, are given to a function of these parameters: by position, and by name."""
    named, placed = dict(values), []
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            placed.append(named.pop(parameter.name, parameter.default))
    return placed, named


def _member(
    function: str, parameter: inspect.Parameter, hints: Mapping[str, Any], texts: Mapping[str, str]
) -> Member:
    where = f"{function}({_SEVERAL.get(parameter.kind, '')}{parameter.name})"
    if parameter.kind in _SEVERAL:
        words = "a model cannot be told what goes there: name each parameter, or give a pair (FunctionTool, function)"
        raise TypeError(f"{where}: {words}")
    if parameter.name not in hints:
        raise TypeError(f"{where}: has no type hint: write one, such as `{parameter.name}: str`")
    if is_of_pydantic(parameter.default):
        raise TypeError(f"{where}: a Field of pydantic's would be its value: write Annotated[T, Field(...)]")
    # What `Annotated` says of the parameter comes before this text: see `object_kind`.
    text = texts.get(parameter.name)
    return Member(parameter.name, hints[parameter.name], text, parameter.default is not _NOTHING)


def _unwrapped(function: Any) -> Any:
    while isinstance(function, partial):
        function = function.func
    return function


def _target(function: Any) -> Any:
    """Return the function that is run in the end: that of a `functools.partial`, or the `__call__` of an object."""
    inner = _unwrapped(function)
    if isinstance(inner, type) or not callable(inner):
        raise TypeError(f"{_shown(function)}: is no function: a tool is a function or a method")
    return inner if inspect.isroutine(inner) else type(inner).__call__


def _name_of(function: Any) -> str:
    name = getattr(_unwrapped(function), "__name__", None)
    return name if isinstance(name, str) else type(_unwrapped(function)).__name__ + "()"


def _shown(function: Any) -> str:
    return getattr(_unwrapped(function), "__name__", None) or f"a {type(function).__name__}"
