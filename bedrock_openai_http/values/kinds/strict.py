"""The strict form of a JSON schema: what OpenAI and Bedrock both take with `"strict": true`.

An object at the root, every property required, no other members; a reference alone in its node; no default, and none
of the keywords that some models refuse: what those ask for is said in the description, and checked when the answer
is there.

The form is the common part of what AWS's cards of GPT-6 Astra (2026-10) and OpenAI's guide to structured outputs
allow, and of what Claude refuses on Bedrock.

This module's law: it walks by the place of a schema, so that a property *named* "minimum" is no keyword; and it only
loosens a schema, so that what fits the schema fits its strict form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: What stays as it is.
_KEPT = ("type", "enum", "const", "description")
#: The formats that OpenAI's guide names (2026); another is said in words.
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"),
)
_DROPPED = frozenset(
    (
        "title",
        "default",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
        "$schema",
        "$id",
        "$comment",
        "$anchor",
    )
)
#: What is said in the description; `{}` is the value of the keyword.
_WORDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters long",
    "maxLength": "at most {} characters long",
    "pattern": "text that matches the regular expression {}",
    "minItems": "a list of at least {} items",
    "maxItems": "a list of at most {} items",
    "format": "in the format {}",
}
#: Schemas that no description could replace: the names of members would be the model's own.
_OPEN = ("patternProperties", "propertyNames", "unevaluatedProperties", "dependentSchemas", "$dynamicRef")
#: Conditions that are given to the model as they are.
_CONDITIONS = ("not", "if", "then", "else", "contains", "minContains", "maxContains", "dependentRequired")
_COUNTS = ("minProperties", "maxProperties")


def strict_form(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the strict form of a schema whose root is an object and whose properties are all required.

    Raises TypeError for what has none, naming its place in the schema.
    """
    definitions = schema.get("$defs") or {}
    own = {name: member for name, member in schema.items() if name != "$defs"}
    form = _form(own, "schema")
    if definitions:
        form["$defs"] = {name: _form(part, f"schema.$defs.{name}") for name, part in definitions.items()}
    return form


def _form(schema: Any, where: str) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        raise TypeError(f"{where}: must be a schema that says what the value is")
    schema = _flattened(schema)
    _refuse_open(schema, where)
    _refuse_pattern(schema, where)
    form = {name: schema[name] for name in _KEPT if name in schema}
    if schema.get("enum") == []:
        raise TypeError(f"{where}: enum lists no value; give it some")
    if schema.get("format") in _FORMATS:
        form["format"] = schema["format"]
    if "properties" in schema or _is(schema, "object"):
        form.setdefault("type", "object")
        form |= _object(schema, where)
    if "items" in schema or "prefixItems" in schema or _is(schema, "array"):
        form.setdefault("type", "array")
        form["items"] = _items(schema, where)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            form["anyOf"] = [_form(each, f"{where}.{name}[{i}]") for i, each in enumerate(schema[name])]
    words = [*_words(schema), *_conditions(schema)]
    if "$ref" in schema:
        form = _reference(schema, form)
    if not form.keys() - {"description"}:
        raise TypeError(f"{where}: does not say what the value is; name the kinds that it may be, in anyOf")
    if words:
        must = f"Must be {', '.join(words)}."
        own = str(form.get("description") or "").rstrip()
        form["description"] = f"{own}{'' if own[-1] in '.!?:;' else '.'} {must}" if own else must
        if "$ref" in form:
            form = {"anyOf": [{"$ref": form.pop("$ref")}], **form}
    return form


def _flattened(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with the one element of its `allOf` in its own place."""
    parts = schema.get("allOf")
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], Mapping):
        return schema
    inner = _flattened(parts[0])
    rest = {name: member for name, member in schema.items() if name != "allOf"}
    return {**inner, **rest} if not inner.keys() & rest.keys() - {"description", "title", "default"} else schema


def _refuse_open(schema: Mapping[str, Any], where: str) -> None:
    for name in _OPEN:
        if name in schema:
            raise TypeError(f"{where}: {name} has no strict form; list the properties by their names")
    extra = schema.get("additionalProperties", False)
    if extra is not False:
        raise TypeError(
            f"{where}: members of any name have no strict form (additionalProperties must be false); list the "
            "properties by their names, or ask for an array of objects with a name in each"
        )


def _refuse_pattern(schema: Mapping[str, Any], where: str) -> None:
    if "pattern" in schema and not is_pattern(schema["pattern"]):
        raise TypeError(
            f"{where}: pattern is no regular expression that Python reads, so that nothing can be checked by it"
        )


def is_pattern(text: str) -> bool:
    """Tell whether Python's `re` reads a pattern, by which answers are checked."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is(schema: Mapping[str, Any], name: str) -> bool:
    kind = schema.get("type")
    return kind == name or (isinstance(kind, list) and name in kind)


def _object(schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    properties = schema.get("properties", {})
    if not properties and schema.get("additionalProperties") is not False:
        raise TypeError(f"{where}: an object without properties may hold anything; list its properties")
    return {
        "properties": {name: _form(part, f"{where}.{name}") for name, part in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def _items(schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the schema of an array's items. By position they can be told apart only in words."""
    first, rest = schema.get("prefixItems", []), schema.get("items")
    forms = [_form(part, f"{where}[{index}]") for index, part in enumerate(first)]
    if rest not in (None, False):
        forms.append(_form(rest, f"{where}[]"))
    elif not first:
        raise TypeError(f"{where}: does not say what is in the array; give its items")
    different = [form for index, form in enumerate(forms) if form not in forms[:index]]
    return different[0] if len(different) == 1 else {"anyOf": different}


def _reference(schema: Mapping[str, Any], form: dict[str, Any]) -> dict[str, Any]:
    """Return a reference alone in its node; what stands beside it goes around it."""
    alone = {"$ref": schema["$ref"]}
    return {"anyOf": [alone], "description": form["description"]} if "description" in form else alone


def _words(schema: Mapping[str, Any]) -> list[str]:
    found = []
    first = schema.get("prefixItems")
    if first and schema.get("minItems") == schema.get("maxItems") == len(first):
        found.append(f"a list of exactly {len(first)} items: {', '.join(map(_kind_in_words, first))}")
    for name, words in _WORDS.items():
        told = first and name in ("minItems", "maxItems")
        if name in schema and not told and not (name == "format" and schema[name] in _FORMATS):
            found.append(words.format(json.dumps(schema[name], ensure_ascii=False)))
    if schema.get("uniqueItems") is True:
        found.append("a list without an item that occurs twice")
    return found


def _kind_in_words(schema: Mapping[str, Any]) -> str:
    return str(
        schema.get("description") or schema.get("type") or schema.get("$ref", "").rpartition("/")[2] or "value"
    )


def _conditions(schema: Mapping[str, Any]) -> list[str]:
    names = [name for name in (*_CONDITIONS, *_COUNTS, "allOf") if name in schema]
    if "allOf" in names and len(schema["allOf"]) == 1 and "allOf" not in _flattened(schema):
        names.remove("allOf")
    rest = {name: schema[name] for name in names}
    return [f"what fits the JSON schema {json.dumps(rest, ensure_ascii=False)}"] if rest else []
