"""Kinds that somebody else has described: a JSON schema as a mapping, and classes of pydantic.

Their schemas are closed: each property is required, one that may lack may be null instead, and no other members are
allowed. Where null stands for "not there", the value that is handed on has no such member.

This module's law: pydantic is not imported; a class that has its two methods is one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from ..wire_value import plain
from .kind import WRAPPER, Kind, Misfit, Path, definition_name
from .nodes import Node
from .objects import or_null
from .strict import strict_form


def kind_of_schema(schema: Mapping[str, Any]) -> Kind:
    """Return the kind of a JSON schema; its values are plain JSON. Raises TypeError for what has no strict form."""
    root, definitions = _parted(schema, "schema")
    is_object = _is_object(root)
    form = root if is_object else _holder(root)
    full = {**_closed(form, definitions), **_defs(definitions)}
    name = re.sub("[^A-Za-z0-9_-]", "_", str(schema.get("title") or ""))[:64]

    def value_of(value: Any) -> Any:
        found = _without_nulls(value, form, definitions)
        return found if is_object else found[WRAPPER]

    return Kind(name or "answer", strict_form(full), full, value_of, wrapped=not is_object)


class ForeignNode(Node):
    """A class of another library, by its own schema."""

    def __init__(self, cls: Any, where: str) -> None:
        self._name, self._validate = cls.__name__, cls.model_validate
        self._root, self._given = _parted(cls.model_json_schema(), where)
        self.is_object = _is_object(self._root)
        self.form = _closed(self._root, self._given)
        self.definitions = {name: _closed(part, self._given) for name, part in self._given.items()}
        self.types = frozenset(["object"]) if self.is_object else frozenset(_types(self._root, self._given))

    def rename(self, names: Mapping[str, str]) -> None:
        """Refer to definitions by other names, since those of a whole kind must differ."""
        self.form = _renamed(self.form, names)
        self.definitions = {names[name]: _renamed(part, names) for name, part in self.definitions.items()}

    def read(self, value: Any, path: Path) -> Any:
        """Return the instance of the class. Raises Misfit for what its own check refuses."""
        given = _without_nulls(value, self._root, self._given)
        try:
            return self._validate(given)
        except Exception as error:  # noqa: BLE001  (of validators that a caller wrote anything can come out)
            failure = _misfit(error, path, self._name)
        # Raised outside of the handler: what was caught holds what the model said.
        raise failure


def foreign_class(cls: Any, where: str) -> ForeignNode | None:
    """Return the part for a class with the two methods of pydantic's models, or None."""
    has_both = all(callable(getattr(cls, name, None)) for name in ("model_json_schema", "model_validate"))
    return ForeignNode(cls, where) if has_both else None


def _misfit(error: Exception, path: Path, name: str) -> Misfit:
    try:
        first = error.errors()[0]  # type: ignore[attr-defined]
        place, kind, hint = tuple(first["loc"]), str(first["type"]), str(first["msg"])
    except Exception:  # noqa: BLE001  (it is no error of pydantic's)
        place, kind, hint = (), type(error).__name__, None
    return Misfit((*path, *place), "value", f"is refused by {name} itself ({kind})", hint=hint)


# --- the schema that was given


def _parted(schema: Mapping[str, Any], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the root and the definitions of a schema, in new dicts; all references are `#/$defs/NAME`."""
    whole = plain(schema)
    places: dict[tuple[str, ...], Any] = {
        (folder, name): part for folder in _FOLDERS for name, part in (whole.pop(folder, None) or {}).items()
    }
    pointers = {ref: _pointer(ref) for ref in _references([whole, *places.values()])}
    if () in pointers.values():
        places[()] = whole
    own: dict[tuple[str, ...], str] = {}
    for place in places:
        own[place] = definition_name(place[-1] if place else "Root", own.values())
    for ref, pointer in pointers.items():
        if pointer not in own:
            raise TypeError(f"{where}: refers to {ref!r}, which is none of its own definitions in $defs")
    names = {ref: f"#/$defs/{own[pointer]}" for ref, pointer in pointers.items()}
    root = _with_references(whole, names)
    definitions = {own[place]: _with_references(part, names) for place, part in places.items()}
    seen = set()
    while set(root) <= {"$ref", "title", "description"} and "$ref" in root and root["$ref"] not in seen:
        seen.add(root["$ref"])
        root = definitions[root["$ref"].removeprefix("#/$defs/")]
    return root, definitions


_FOLDERS = ("$defs", "definitions")


def _pointer(ref: str) -> tuple[str, ...] | None:
    """Return the steps of a reference into its own document (RFC 6901, section 6); None of one that leads elsewhere."""
    if ref == "#":
        return ()
    if not ref.startswith("#/"):
        return None
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in unquote(ref[2:]).split("/"))


def _parts(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield each keyword that holds a schema with what it holds; those of `properties` stand under their names."""
    if isinstance(schema, Mapping):
        for name in ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"):
            if isinstance(schema.get(name), Mapping):
                yield name, schema[name]
        for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
            if isinstance(schema.get(name), list):
                yield from ((name, each) for each in schema[name])
        for name in ("properties", "patternProperties", "dependentSchemas"):
            if isinstance(schema.get(name), Mapping):
                yield from ((name, each) for each in schema[name].values())


def _references(schemas: list[Any]) -> Iterator[str]:
    waiting = list(schemas)
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
            yield part["$ref"]
        waiting += (inner for _, inner in _parts(part))


def _mapped(schema: Any, change: Callable[[Any], Any]) -> Any:
    """Return a schema with `change` made to each schema that it directly holds."""
    if not isinstance(schema, Mapping):
        return schema
    new = dict(schema)
    for name, _ in _parts(schema):
        held = schema[name]
        if isinstance(held, list):
            new[name] = [change(each) for each in held]
        elif name in ("properties", "patternProperties", "dependentSchemas"):
            new[name] = {key: change(each) for key, each in held.items()}
        else:
            new[name] = change(held)
    return new


def _with_references(schema: Any, names: Mapping[str, str]) -> Any:
    new = _mapped(schema, lambda part: _with_references(part, names))
    if isinstance(new, dict) and new.get("$ref") in names:
        new["$ref"] = names[new["$ref"]]
    return new


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    return _with_references(schema, {f"#/$defs/{old}": f"#/$defs/{new}" for old, new in names.items()})


def _closed(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema whose properties are all required, or null where they could be left out, and no others."""
    new = _mapped(schema, lambda part: _closed(part, definitions))
    if not isinstance(new, dict) or not (_is_object(new) or "properties" in new):
        return new
    if "properties" in new:
        required = new.get("required") or ()
        new["properties"] = {
            name: part if name in required or "null" in _types(part, definitions) else or_null(part)
            for name, part in new["properties"].items()
        }
        new["required"] = list(new["properties"])
        new.setdefault("additionalProperties", False)
    return new


def _holder(root: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {WRAPPER: root}, "required": [WRAPPER], "additionalProperties": False}


def _defs(definitions: Mapping[str, Any]) -> dict[str, Any]:
    return {"$defs": {name: _closed(part, definitions) for name, part in definitions.items()}} if definitions else {}


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object"


def _types(schema: Any, definitions: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the JSON types that a schema may take, as far as it says; all of them where it says nothing."""
    if not isinstance(schema, Mapping):
        return set(_ALL)
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = ref.removeprefix("#/$defs/")
        return set() if name in seen else _types(definitions[name], definitions, seen | {name})
    kind = schema.get("type")
    if kind is not None:
        return {"number" if each == "integer" else each for each in ([kind] if isinstance(kind, str) else kind)}
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return set().union(*(_types(each, definitions, seen) for each in schema[name]))
    if "enum" in schema or "const" in schema:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        return {"null" if value is None else "other" for value in values}
    if len(schema.get("allOf") or ()) == 1:
        return _types(schema["allOf"][0], definitions, seen)
    return {"object"} if "properties" in schema else {"array"} if "items" in schema else set(_ALL)


_ALL = ("string", "number", "boolean", "null", "array", "object")


# --- the value


def _without_nulls(value: Any, schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a JSON value without the members that are null because they could not be left out."""
    schema = _target(value, schema, definitions)
    if isinstance(value, list):
        first, rest = schema.get("prefixItems") or (), schema.get("items")
        places = [first[index] if index < len(first) else rest for index in range(len(value))]
        return [_without_nulls(item, place, definitions) for item, place in zip(value, places, strict=True)]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    lacking = [
        name
        for name, part in properties.items()
        if value.get(name, ...) is None and name not in required and "null" not in _types(part, definitions)
    ]
    return {
        name: _without_nulls(member, properties.get(name), definitions)
        for name, member in value.items()
        if name not in lacking
    }


def _target(value: Any, schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what describes `value`, behind references; of alternatives the first that has its members."""
    if not isinstance(schema, Mapping):
        return {}
    if isinstance(schema.get("$ref"), str):
        return _target(value, definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    for name in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(name) or ():
            target = _target(value, part, definitions)
            if isinstance(value, dict) and value.keys() <= target.get("properties", {}).keys():
                return target
            if isinstance(value, list) and ("items" in target or "prefixItems" in target):
                return target
    return schema
