"""The strict form's rules, read by the place of each schema: OpenAI's guide to structured outputs, and AWS's cards.

This module knows nothing of the package, and says of each schema all that breaks a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES = {"string", "number", "integer", "boolean", "null", "array", "object"}
#: The only keywords, but `$defs` at the root.
ALLOWED = set("$ref type enum const anyOf items properties required additionalProperties format description".split())


def strict_faults(schema: dict[str, Any]) -> list[str]:
    """Return what is wrong with a schema that is to be sent as a strict one."""
    faults = [] if schema.get("type") == "object" and "anyOf" not in schema else ["the root is no object"]
    definitions = schema.get("$defs", {})
    faults += [
        f"$defs: the name {name!r} must be escaped" for name in definitions if re.search("[^A-Za-z0-9_.-]", name)
    ]
    used: set[str] = set()
    own = {name: member for name, member in schema.items() if name != "$defs"}
    faults += _faults(own, "root", definitions, used)
    for name, part in definitions.items():
        faults += _faults(part, f"$defs.{name}", definitions, used)
    return faults + [f"$defs: {name!r} is used nowhere" for name in definitions.keys() - used]


def _faults(schema: Any, where: str, definitions: dict[str, Any], used: set[str]) -> Iterator[str]:
    if not isinstance(schema, dict) or not schema.keys() - {"description"}:
        yield f"{where}: is no schema that says anything"
        return
    yield from (f"{where}: has {name}" for name in schema.keys() - ALLOWED)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        used.add(name)
        if len(schema) > 1 or name not in definitions or name == schema["$ref"]:
            yield f"{where}: {schema['$ref']!r} does not stand alone, or leads nowhere"
    kinds = schema.get("type", [])
    if not set([kinds] if isinstance(kinds, str) else kinds) <= TYPES:
        yield f"{where}: has the type {kinds!r}"
    if "object" in kinds or "properties" in schema:
        properties = schema.get("properties")
        if properties is None or schema.get("additionalProperties") is not False:
            yield f"{where}: is an open object"
        elif schema.get("required") != list(properties):
            yield f"{where}: does not require each property, in order"
    if "array" in kinds and "items" not in schema:
        yield f"{where}: does not say what is in the array"
    for name, part in schema.get("properties", {}).items():
        yield from _faults(part, f"{where}.{name}", definitions, used)
    for index, part in enumerate(schema.get("anyOf", [])):
        yield from _faults(part, f"{where}[{index}]", definitions, used)
    if "items" in schema:
        yield from _faults(schema["items"], f"{where}[]", definitions, used)
