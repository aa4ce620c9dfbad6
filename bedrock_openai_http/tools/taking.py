"""How the words of a call become what a function is called with.

This module's law: a function gets what its schema and its hints let pass, or nothing; nothing is mended.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..values import jsontext
from ..values.forks import loading
from ..values.kinds.foreign import parted
from ..values.kinds.functions import Signature, given_by_place, hints_of, parameters_of
from ..values.kinds.kind import Kind, Member, Misfit
from ..values.kinds.reading import object_kind
from ..values.tool_run import ToolError
from . import told

_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Taken(NamedTuple):
    """What a function is called with."""

    #: By the names of the parameters; of a custom tool the text.
    arguments: Any
    placed: list[Any]
    named: dict[str, Any]


#: Raises ToolError for words that the tool does not take.
Taking = Callable[[str], Taken]


def by_signature(signature: Signature) -> Taking:
    """Return how the words become the arguments of a function whose schema was made of its own signature."""
    kind, names = signature.kind, [parameter.name for parameter in signature.parameters]
    optional = [each.name for each in signature.parameters if each.default is not inspect.Parameter.empty]
    # The schema of an open kind does not say that null stands for the default: it is for a model to leave it out.
    unless_null = [] if kind.strict else _refusing_null(kind, optional)

    def take(text: str) -> Taken:
        given = _object(text, names)
        absent = dict.fromkeys(name for name in optional if name not in given)
        if not kind.strict:
            given = {name: value for name, value in given.items() if not (name in unless_null and value is None)}
            absent = {}
        values = _converted(kind, {**absent, **given}, names)
        values = {name: value for name, value in values.items() if name in given}
        return Taken(values, *given_by_place(signature.parameters, values))

    return take


def by_schema(name: str, schema: Mapping[str, Any] | None, function: Callable[..., Any]) -> Taking:
    """Return how the words become the arguments of a function with a schema of the caller's.

    They are converted by those of its hints that can be said in a schema. Raises TypeError as `parameters_of` does,
    and for what is no schema, or refers to something else than its own definitions.
    """
    with loading():
        from ..validation.instances import checked_schema, misfits

    checked_schema(schema or {})
    parted(schema or {}, name)  # for its references, which a call of the model's must not find missing
    parameters = parameters_of(function)
    kinds = _kinds(name, parameters, _hints(function))
    told_of = (schema or {}).get("properties")
    names = list(told_of) if isinstance(told_of, Mapping) else list(kinds)

    def take(text: str) -> Taken:
        given = _object(text, names)
        _refuse(misfits(schema or {}, given), names)
        values: dict[str, Any] = {}
        for key, value in given.items():
            values |= _converted(kinds[key], {key: value}, names) if key in kinds else {key: value}
        _refuse(_unfit(parameters, values), names)
        return Taken(values, *given_by_place(parameters, values))

    return take


def by_text(text: str) -> Taken:
    """Return what the function of a custom tool is called with: the text."""
    return Taken(text, [text], {})


def _object(text: str, names: list[str]) -> dict[str, Any]:
    """Return the JSON object that `text` is; "" stands for one without members.

    Of a name that occurs twice neither value is what the model meant: nothing is done by guesswork.
    """
    try:
        value = jsontext.decode(text.encode("utf-8", "surrogatepass"), names_once=True) if text.strip() else {}
    except jsontext.JSONError as error:
        raise ToolError(told.not_an_object(str(error), text, names)) from None
    if not isinstance(value, dict):
        raise ToolError(told.not_an_object("this is another kind of value", text, names))
    return value


def _converted(kind: Kind, given: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if not kind.exact:
        _refuse(_flaws(kind.full, given), names)
    try:
        values: dict[str, Any] = kind.value_of(given)
    except Misfit as flaw:
        # What the schema refuses is told in its words, all of it; a class may refuse more.
        _refuse(list(_flaws(kind.full, given)) or [flaw], names)
        raise
    return values


def _flaws(schema: Mapping[str, Any], given: dict[str, Any]) -> Iterator[Misfit]:
    """Yield what jsonschema, which is loaded then, finds wrong."""
    with loading():
        from ..validation.instances import misfits

    return misfits(schema, given, formats=True)


def _refusing_null(kind: Kind, names: Iterable[str]) -> list[str]:
    """Return which of these members may not be null."""
    loose = {**kind.full, "required": []}
    return [name for name in names if any(_flaws(loose, {name: None}))]


def _refuse(flaws: Iterable[Misfit], names: list[str]) -> None:
    found = list(flaws)
    if found:
        raise ToolError(told.wrong(found, names)) from None


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return hints_of(function)
    except TypeError:  # the schema says enough
        return {}


def _kinds(name: str, parameters: Iterable[inspect.Parameter], hints: Mapping[str, Any]) -> dict[str, Kind]:
    """Return how each parameter is converted whose hint can be said in a schema."""
    kinds = {}
    for parameter in parameters:
        if parameter.name in hints and parameter.kind in (*_BY_NAME, inspect.Parameter.POSITIONAL_ONLY):
            has_default = parameter.default is not inspect.Parameter.empty
            member = Member(parameter.name, hints[parameter.name], None, has_default)
            try:
                kinds[parameter.name] = object_kind(name, [member], open=True)
            except TypeError:  # it gets the plain JSON
                continue
    return kinds


def _unfit(parameters: tuple[inspect.Parameter, ...], values: Mapping[str, Any]) -> Iterable[Misfit]:
    """Yield what the function itself could not be called with, though the schema lets it pass."""
    by_name = {each.name: each for each in parameters if each.kind in (*_BY_NAME, inspect.Parameter.POSITIONAL_ONLY)}
    if all(each.kind is not inspect.Parameter.VAR_KEYWORD for each in parameters):
        yield from (
            Misfit((), "additionalProperties", "has a member that is no parameter")
            for name in values
            if name not in by_name
        )
    for name, parameter in by_name.items():
        if name not in values and parameter.default is inspect.Parameter.empty:
            yield Misfit((), "required", f"{name} is missing")
