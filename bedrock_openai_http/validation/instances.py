"""What is wrong with a JSON value by a schema of the caller's, in words of ours.

Such values are answers, and the arguments of calls. jsonschema finds it, and is loaded then.

This module's law: of the value it repeats nothing; a name that the schema does not know is told by its place alone.
Whatever jsonschema raises is a Misfit: an answer was paid for, and stays in the caller's hands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from ..values.kinds.kind import Misfit, Path, too_deep
from ..values.kinds.texts import FORMATS
from .instance_rules import UnionError, validator_of
from .nearest import FITS_NONE, nearest
from .schema import MESSAGES


def checked_schema(schema: Mapping[str, Any]) -> None:
    """Raise TypeError for what is no JSON schema (2020-12), naming the place and the rule."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path)
        failure = TypeError(f"the JSON schema is none: {place or 'its root'} breaks {str(error.validator)!r}")
    else:
        return
    raise failure


def misfits(schema: Mapping[str, Any], value: Any, *, formats: bool = False) -> Iterator[Misfit]:
    """Yield what in `value` breaks `schema`, each once; of alternatives what breaks the one that comes nearest.

    With `formats` those of `texts` are checked, as what makes a date of the text is to find one.
    Raises Misfit where nothing can be checked, which is no fault of the value: whatever jsonschema raised.
    """
    if _is_deep(value):  # jsonschema descends by several calls a level, to the end of the stack
        yield too_deep()
        return
    told = set()
    try:
        for error in validator_of(schema, formats=formats).iter_errors(value):
            for misfit in _misfits(error, ()):
                if (said := (misfit.path, misfit.message)) not in told:
                    told.add(said)
                    yield misfit
        return
    except Exception as error:  # noqa: BLE001  (of a reference that leads nowhere, or of a schema that is itself)
        failure = _unchecked(error)
    except BaseException as error:
        # What jsonschema keeps its references in is written in Rust, and ends so at the end of the stack.
        if type(error).__name__ != "PanicException":
            raise
        failure = _unchecked(error)
    raise failure


def _unchecked(error: BaseException) -> Misfit:
    return Misfit((), "value", f"cannot be checked, which is a fault of its schema ({type(error).__name__})")


def _is_deep(value: Any) -> bool:
    """Tell whether a value has fifty levels or more."""
    level = [value]
    for _ in range(50):
        held = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [inner for each in held for inner in each]
    return bool(level)


def _misfits(error: ValidationError, within: Path) -> Iterator[Misfit]:
    """Yield what an error says of a value at the place `within`."""
    path = (*within, *error.path)
    rule = str(error.validator)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if isinstance(error, UnionError):
        found = nearest(error)
        if isinstance(found, Misfit):
            yield Misfit((*path, *found.path), found.rule, found.message)
            return
        for each in found:
            yield from _misfits(each, path)
    elif rule == "required":
        yield from (Misfit((*path, name), rule, "is required") for name in wanted if name not in instance)
    elif rule == "additionalProperties":
        known = ", ".join((error.schema.get("properties") or {}) if isinstance(error.schema, Mapping) else ())
        yield Misfit(path, rule, f"has a member that the schema does not know; it has {known or 'none'}")
    else:
        words: Callable[[Any], str] | None = MESSAGES.get(rule) or _MESSAGES.get(rule)
        yield Misfit(path, rule, words(wanted) if words else f"breaks the schema's rule {rule!r}")


#: Rules of schemas that the API's own schema does not use.
_MESSAGES: Mapping[str, Callable[[Any], str]] = {
    "anyOf": lambda wanted: FITS_NONE,
    "exclusiveMinimum": lambda wanted: f"must be more than {wanted}",
    "exclusiveMaximum": lambda wanted: f"must be less than {wanted}",
    "multipleOf": lambda wanted: f"must be a multiple of {wanted}",
    "format": lambda wanted: f"must be {FORMATS[wanted].must}",
    "uniqueItems": lambda wanted: "must not have an item twice",
    "items": lambda wanted: "has more items than there may be",
    "minProperties": lambda wanted: f"must have at least {wanted} member(s)",
}
