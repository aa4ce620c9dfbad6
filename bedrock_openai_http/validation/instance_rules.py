"""The rules of JSON Schema by which answers are checked, where jsonschema's own would be slow or wrong for them.

This module's law: each part of a value is held against each alternative once, so that the time is linear in the value
however alternatives nest; and numbers are what their JSON says, not what binary fractions make of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from ..values.kinds.bounds import has_twins, is_multiple
from ..values.kinds.texts import FORMATS


def validator_of(schema: Mapping[str, Any], *, formats: bool = False) -> Validator:
    """Return what checks one value by `schema`; with `formats` also by these, which JSON Schema only notes."""
    # By a `$schema` jsonschema would go on with rules of its own from the first reference to the root.
    own = {name: member for name, member in schema.items() if name != "$schema"}
    validator: Validator = _VALIDATOR(own, registry=Registry(), format_checker=_Checked(formats))
    return validator


def anew(validator: Any) -> Any:
    """Return a validator of the same schema for another value."""
    return validator.evolve(format_checker=_Checked(validator.format_checker.by_format))


class UnionError(ValidationError):
    """A value fits none of some alternatives, or several of which it must fit one."""

    #: What stands at the place of the alternatives, to hold the value against them again.
    holder: Any

    def branches(self) -> Iterator[tuple[Any, list[ValidationError]]]:
        """Yield each alternative with what breaks it, whose paths begin at the value."""
        alternatives: Any = self.validator_value
        for branch in alternatives:
            yield branch, list(self.holder.descend(self.instance, branch))


class _Checked(FormatChecker):
    """Which alternatives which parts of the value fit, and how to check: it is what jsonschema hands on."""

    def __init__(self, by_format: bool) -> None:
        super().__init__(formats=())
        self.by_format = by_format
        #: By the identities of both, which stand in the schema and in the value for as long as the check goes on.
        self.known: dict[tuple[int, int], bool] = {}


def _fits(validator: Any, branch: Any, instance: Any) -> bool:
    known = validator.format_checker.known
    place = (id(branch), id(instance))
    if place not in known:
        known[place] = next(validator.descend(instance, branch), None) is None
    found: bool = known[place]
    return found


def _union_error(validator: Any) -> UnionError:
    error = UnionError("")  # jsonschema's own words repeat the value
    error.holder = validator
    return error


def _any_of(validator: Any, branches: Sequence[Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    if not any(_fits(validator, branch, instance) for branch in branches):
        yield _union_error(validator)


def _one_of(validator: Any, branches: Sequence[Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    if sum(_fits(validator, branch, instance) for branch in branches) != 1:
        yield _union_error(validator)


def _multiple_of(validator: Any, unit: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and not is_multiple(instance, unit):
        yield ValidationError(f"no multiple of {unit}")


def _unique_items(validator: Any, unique: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if unique and validator.is_type(instance, "array") and has_twins(instance):
        yield ValidationError("an item twice")


def _format(validator: Any, name: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    is_checked = validator.format_checker.by_format and name in FORMATS and validator.is_type(instance, "string")
    if is_checked and FORMATS[name].read(instance) is None:
        yield ValidationError(f"not in the format {name}")


_VALIDATOR: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "anyOf": _any_of,
        "oneOf": _one_of,
        "multipleOf": _multiple_of,
        "uniqueItems": _unique_items,
        "format": _format,
    },
)
