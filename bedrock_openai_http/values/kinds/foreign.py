"""Kinds that somebody else has described: a JSON schema as a mapping, and models and dataclasses of pydantic.

Their schemas are closed: each property is required, one that may lack may be null instead, and no other members are
allowed. Where null stands for "not there", the value that is handed on has no such member.

This module's law: pydantic is not imported; a class that has its two methods is one of its kind, and for its
dataclasses, which have none, it is there already.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_origin
from urllib.parse import unquote

from ..wire_value import plain
from .absent import could_fit, may_lack, types_of, without_nulls
from .choosing import check_choices
from .kind import WRAPPER, Kind, Misfit, Path, definition_name, within_the_stack
from .look import Look, Looks
from .merged import Merger
from .nodes import Node
from .objects import or_null
from .places import CONDITIONS, definitions_used, leads_to_itself, mapped, mapped_at, parts, references, referred
from .strict import strict_form


def kind_of_schema(schema: Mapping[str, Any]) -> Kind:
    """Return the kind of a JSON schema; its values are plain JSON. Raises TypeError for what has no strict form.

    An answer is checked by the schema as it was given, since the strict form is only how it is asked for.
    """
    root, definitions = _merged(schema, "schema")
    is_object = _is_object(root)
    form = root if is_object else _holder(root)
    closed = _whole(
        _closed(form, definitions, "schema"),
        {name: _closed(part, definitions, f"schema.$defs.{name}") for name, part in definitions.items()},
    )
    name = re.sub("[^A-Za-z0-9_-]", "_", str(schema.get("title") or ""))[:64]
    return Kind(
        name or "answer",
        strict_form(closed),
        _whole(form, definitions),
        (lambda value: value) if is_object else (lambda value: value[WRAPPER]),
        wrapped=not is_object,
        plain_of=within_the_stack(lambda value: without_nulls(value, form, definitions)),
    )


def _whole(form: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {**form, **({"$defs": definitions} if definitions else {})}


class ForeignNode(Node):
    """A class of another library, by its own schema."""

    def __init__(self, cls: Any, where: str) -> None:
        self._name = (get_origin(cls) or cls).__name__
        schema, self._made = _own(cls, where, self._name)
        self._root, self._given = _merged(schema, where)
        check_choices(self._root, self._given, where)
        self.is_object = _is_object(self._root)
        self.form = _closed(self._root, self._given, where)
        self.definitions = {name: _closed(part, self._given, where) for name, part in self._given.items()}
        self.types = frozenset(["object"]) if self.is_object else frozenset(types_of(self._root, self._given))

    def could_be(self, value: Any, look: Look) -> bool:
        """Tell by the schema what `Node.could_be` does."""
        return could_fit(value, self.form, self.definitions, look)

    def rename(self, names: Mapping[str, str]) -> None:
        """Refer to definitions by other names, since those of a whole kind must differ."""
        self.form = _renamed(self.form, names)
        self.definitions = {names[name]: _renamed(part, names) for name, part in self.definitions.items()}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        """Return the instance of the class. Raises Misfit for what its own check refuses."""
        given = without_nulls(value, self._root, self._given)
        try:
            return self._made(given)
        except Exception as error:  # noqa: BLE001  (of validators that a caller wrote anything can come out)
            failure = _misfit(error, given, path, self._name)
        # Raised outside of the handler: what was caught holds what the model said.
        raise failure


def foreign_class(cls: Any, where: str) -> ForeignNode | None:
    """Return the part for a class with the two methods of pydantic's models, or for a dataclass of its; or None."""
    has_both = all(callable(getattr(cls, name, None)) for name in ("model_json_schema", "model_validate"))
    return ForeignNode(cls, where) if has_both or _is_dataclass(cls) else None


def _is_dataclass(cls: Any) -> bool:
    # What inherits from one need not be one.
    return "__is_pydantic_dataclass__" in vars(get_origin(cls) or cls)


def _own(cls: Any, where: str, name: str) -> tuple[Mapping[str, Any], Callable[[Any], Any]]:
    """Return the schema of a class, and what makes an instance of a JSON value."""
    try:
        if _is_dataclass(cls):
            adapter = sys.modules["pydantic"].TypeAdapter(cls)
            return adapter.json_schema(), lambda value: adapter.validate_json(json.dumps(value))
        # A strict model takes a date from JSON, and not from a text.
        by_json = getattr(cls, "model_validate_json", None)
        made = (lambda value: by_json(json.dumps(value))) if by_json else cls.model_validate
        return cls.model_json_schema(), made
    except Exception as error:  # noqa: BLE001  (pydantic's errors have no class in common)
        words = (str(error).splitlines() or [""])[0]
        failure = TypeError(f"{where}: {name} has no JSON schema, {type(error).__name__}: {words}")
    raise failure


def _misfit(error: Exception, value: Any, path: Path, name: str) -> Misfit:
    try:
        first = error.errors()[0]  # type: ignore[attr-defined]
        place, kind, hint = tuple(first["loc"]), str(first["type"]), str(first["msg"])
    except Exception:  # noqa: BLE001  (it is no error of pydantic's)
        place, kind, hint = (), type(error).__name__, None
    return Misfit((*path, *_place_in(value, place)), "value", f"is refused by {name} itself ({kind})", hint=hint)


def _place_in(value: Any, steps: tuple[str | int, ...]) -> Path:
    """Return those of some steps that lead into a value: pydantic's others name kinds of a union, and checks."""
    place = []
    for step in steps:
        is_there = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
        if is_there:
            value = value[step]
            place.append(step)
    return tuple(place)


# --- the schema that was given


def parted(schema: Mapping[str, Any], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the root and the definitions of a schema, in new dicts; all references are `#/$defs/NAME`."""
    whole = plain(schema)
    places: dict[tuple[str, ...], Any] = {
        (folder, name): part for folder in _FOLDERS for name, part in (whole.pop(folder, None) or {}).items()
    }
    pointers = {ref: _pointer(ref) for ref in references([whole, *places.values()])}
    if () in pointers.values():
        places[()] = whole
    own: dict[tuple[str, ...], str] = {}
    for place in places:
        own[place] = definition_name(place[-1] if place else "Root", own.values())
    names = {}
    for ref, pointer in pointers.items():
        if pointer is None or pointer not in own:
            raise TypeError(f"{where}: refers to {ref!r}, which is none of its own definitions in $defs")
        names[ref] = f"#/$defs/{own[pointer]}"
    root = _typed(_with_references(whole, names))
    definitions = {own[place]: _typed(_with_references(part, names)) for place, part in places.items()}
    for name in definitions:
        if leads_to_itself(name, definitions):
            raise TypeError(f"{where}.$defs.{name}: is nothing but itself; put an object or an array between")
    while set(root) <= {"$ref", "title", "description"} and "$ref" in root:
        root = referred(root, definitions)
    return root, definitions


def _merged(schema: Mapping[str, Any], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the same with each object described in one place, and the definitions that the root uses then."""
    root, definitions = parted(schema, where)
    merger = Merger(definitions)
    used = definitions_used(root, definitions)
    whole = {name: merger.merged(part, f"{where}.$defs.{name}") for name, part in used.items()}
    root = merger.root(root, where)
    return root, definitions_used(root, whole)


_FOLDERS = ("$defs", "definitions")
_COUNTS = ("minProperties", "maxProperties")


def _pointer(ref: str) -> tuple[str, ...] | None:
    """Return the steps of a reference into its own document (RFC 6901, section 6), or None."""
    if ref == "#":
        return ()
    if not ref.startswith("#/"):
        return None
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in unquote(ref[2:]).split("/"))


def _with_references(schema: Any, names: Mapping[str, str]) -> Any:
    new = mapped(schema, lambda part: _with_references(part, names))
    if isinstance(new, dict) and new.get("$ref") in names:
        new["$ref"] = names[new["$ref"]]
    if isinstance(new, dict):
        # These would be the base of the references within.
        new.pop("$id", None)
        new.pop("$schema", None)
    return new


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    return _with_references(schema, {f"#/$defs/{old}": f"#/$defs/{new}" for old, new in names.items()})


def _typed(schema: Any) -> Any:
    """Return a schema in which what has properties or items is an object or an array, as it is meant."""
    new = mapped(schema, _typed, but=CONDITIONS)
    if isinstance(new, dict) and "properties" in new:
        new.setdefault("type", "object")
    elif isinstance(new, dict) and ("items" in new or "prefixItems" in new):
        new.setdefault("type", "array")
    return new


def _closed(schema: Any, definitions: Mapping[str, Any], where: str) -> Any:
    """Return a schema whose properties are all required, or null where they could be left out, and no others.

    Raises TypeError for conditions that could not hold then.
    """
    new = mapped_at(schema, where, lambda part, place: _closed(part, definitions, place), but=CONDITIONS)
    if not isinstance(new, dict):
        return new
    if "properties" in new:
        required = new.get("required") or ()
        _refuse_conditions(new, required, where)
        new["properties"] = {
            name: or_null(part) if may_lack(name, part, required, definitions) else part
            for name, part in new["properties"].items()
        }
        new["required"] = list(new["properties"])
        new.setdefault("additionalProperties", False)
    return new


def _refuse_conditions(schema: Mapping[str, Any], required: Sequence[str], where: str) -> None:
    """Raise TypeError for an object about which a condition says what no closed object can fulfil."""
    for name in ("anyOf", "oneOf"):
        if name in schema:
            raise TypeError(
                f"{where}: {name} beside properties has no strict form; let each alternative list all of them"
            )
    several = len(schema.get("allOf") or ()) > 1
    conditions = [name for name in (*CONDITIONS, *_COUNTS, "dependentRequired") if name in schema]
    conditions += ["allOf"] if several else []
    if conditions and set(required) < schema["properties"].keys():
        raise TypeError(
            f"{where}: {conditions[0]} cannot be checked where a property may be left out; require each of them, and "
            "allow null for it"
        )
    held = [part for name, part in parts(schema) if name in (*CONDITIONS, "allOf") and isinstance(part, Mapping)]
    named = {*required}.union(*({*(part.get("required") or ()), *(part.get("properties") or ())} for part in held))
    if not named <= schema["properties"].keys():
        raise TypeError(f"{where}: names members that are none of its properties; list all in one object")


def _holder(root: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {WRAPPER: root}, "required": [WRAPPER], "additionalProperties": False}


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" or ("type" not in schema and "properties" in schema)
