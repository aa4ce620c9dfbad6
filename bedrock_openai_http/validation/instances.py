"""What is wrong with a JSON value by a schema of the caller's, in words of ours.

Such values are answers, and the arguments of calls. jsonschema finds it, and is loaded then.

This module's law: of the value it repeats nothing; a name that the schema does not know is told by its place alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry

from ..values.kinds.kind import Misfit, too_deep
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


def misfits(schema: Mapping[str, Any], value: Any) -> Iterator[Misfit]:
    """Yield what in `value` breaks `schema`; of alternatives what breaks the one that comes nearest."""
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        for error in validator.iter_errors(value):
            yield from _misfits(_nearest(error))
        return
    except RecursionError:  # it descends by several calls a level
        pass
    yield too_deep()


def _nearest(error: ValidationError) -> ValidationError:
    """Return the error that says most: within alternatives the one whose value got furthest, if one did."""
    while error.context:
        by_branch: dict[Any, list[ValidationError]] = {}
        for each in error.context:
            by_branch.setdefault(each.schema_path[0], []).append(each)
        # A branch of another type says nothing but that; what comes nearest is right in its type.
        right = [errors for errors in by_branch.values() if not any(_is_of_another_type(each) for each in errors)]
        if len(right) != 1:
            return error
        error = right[0][0]
    return error


def _is_of_another_type(error: ValidationError) -> bool:
    return len(error.path) == 0 and error.validator == "type"


def _misfits(error: ValidationError) -> Iterator[Misfit]:
    path, rule = tuple(error.absolute_path), str(error.validator)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if rule == "required":
        names = [name for name in (wanted if isinstance(wanted, list) else ()) if name not in instance]
        yield from (Misfit((*path, name), rule, "is required") for name in names)
        return
    if rule == "additionalProperties":
        known = ", ".join((error.schema.get("properties") or {}) if isinstance(error.schema, Mapping) else ())
        yield Misfit(path, rule, f"has a member that the schema does not know; it has {known or 'none'}")
        return
    if rule == "anyOf" and all(isinstance(each, Mapping) and isinstance(each.get("type"), str) for each in wanted):
        yield Misfit(path, rule, MESSAGES["type"](list(dict.fromkeys(each["type"] for each in wanted))))
        return
    words: Callable[[Any], str] | None = MESSAGES.get(rule) or _MESSAGES.get(rule)
    yield Misfit(path, rule, words(wanted) if words else f"breaks the schema's rule {rule!r}")


#: Rules of schemas that the API's own schema does not use.
_MESSAGES: Mapping[str, Callable[[Any], str]] = {
    "anyOf": lambda wanted: "fits none of the kinds that may stand here",
    "oneOf": lambda wanted: "must fit exactly one of the kinds that may stand here",
    "exclusiveMinimum": lambda wanted: f"must be more than {wanted}",
    "exclusiveMaximum": lambda wanted: f"must be less than {wanted}",
    "multipleOf": lambda wanted: f"must be a multiple of {wanted}",
    "uniqueItems": lambda wanted: "must not have an item twice",
    "items": lambda wanted: "has more items than there may be",
    "minProperties": lambda wanted: f"must have at least {wanted} member(s)",
}
