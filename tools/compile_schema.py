"""Writes `bedrock_openai_http/validation/generated.py`: the schema of requests, as functions that say yes or no.

    python tools/compile_schema.py        # what `make generate` does

Each definition of the schema becomes a function, and so does each inner schema that needs more than one test.
A keyword that is not known here raises ValueError, so that no rule of the schema can be left out.

This module knows the schema's keywords, and nothing of what the schema is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schemas" / "request.json"
TARGET = ROOT / "bedrock_openai_http" / "validation" / "generated.py"

HEAD = '''\
"""Whether a body follows schemas/request.json: yes or no. Generated from that file by `make generate`; do not edit.

A no may be a doubt: dicts and lists of other classes are left to jsonschema, and so is what is wrong and where.

This module never says yes where jsonschema says no.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import re
from typing import Any
'''

TAIL = '''

def is_request(body: Any) -> bool:
    """Return whether `body`, which must be JSON, surely follows the schema."""
    return _request(body)
'''

#: How a value is told to be of a type: as jsonschema does it, but that containers must be plain ones.
TYPES = {
    "array": "type({0}) is list",
    "boolean": "isinstance({0}, bool)",
    "integer": "isinstance({0}, int) and not isinstance({0}, bool)",
    "null": "{0} is None",
    "number": "isinstance({0}, (int, float)) and not isinstance({0}, bool)",
    "object": "type({0}) is dict",
    "string": "isinstance({0}, str)",
}
#: What a keyword asks of a value of its type. What is asked of a number is asked of an integer too.
LIMITS = {
    "minimum": ("number", "value >= {0}"),
    "maximum": ("number", "value <= {0}"),
    "minLength": ("string", "len(value) >= {0}"),
    "maxLength": ("string", "len(value) <= {0}"),
    "minItems": ("array", "len(value) >= {0}"),
    "maxItems": ("array", "len(value) <= {0}"),
    "maxProperties": ("object", "len(value) <= {0}"),
    "pattern": ("string", "re.search({0}, value) is not None"),
}
#: What asks nothing of a value, or is read together with another keyword.
SILENT = frozenset("$schema $id $comment $defs title description deprecated type then else".split())

LINE_LENGTH = 118

Schema = Mapping[str, Any]


def python(value: Any) -> str:
    """Return a text, a number, None or a list of such as Python source."""
    if isinstance(value, list):
        return f"({', '.join(map(python, value))})"
    return "None" if value is None else json.dumps(value)


def types_of(schema: Schema) -> list[str]:
    """Return the names of the types that `schema` allows; none means any."""
    names = schema.get("type", [])
    return [names] if isinstance(names, str) else list(names)


def all_of(tests: list[str]) -> str:
    """Return the source of "each of `tests`"."""
    if len(tests) < 2:
        return tests[0] if tests else "True"
    return " and ".join(f"({test})" if " or " in test else test for test in tests)


class Compiler:
    """Gathers the functions of one schema, each after those that it calls."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._names: set[str] = set()
        self._defined: dict[str, str] = {}
        self.lines: list[str] = []

    def function(self, name: str, schema: Schema) -> str:
        """Add the function that stands for `schema`; return its name, which is `name` or near it."""
        while name in self._names:
            name += "_"
        self._names.add(name)
        by_type, tests = self._asked(name, schema, schema.get("required", ()))
        types = types_of(schema)
        if len(types) > 1 and not tests and "if" not in schema:
            *others, last = types
            lines = [line for kind in others for line in branch(kind, by_type[kind])]
            lines += returned(typed([last], by_type))
        elif "if" in schema:
            tests = typed(types, by_type) + tests
            lines = [f"    if not ({all_of(tests)}):", "        return False", *self._choice(name, schema, schema)]
        else:
            lines = returned(typed(types, by_type) + tests)
        self.lines += ["", "", f"def {name}(value: Any) -> bool:", *lines]
        return name

    def _definition(self, reference: str) -> str:
        name = reference.removeprefix("#/$defs/")
        if name not in self._defined:
            self._defined[name] = self.function(f"_{name}", self._definitions[name])
        return self._defined[name]

    def _choice(self, name: str, schema: Schema, outer: Schema) -> list[str]:
        """Return the lines of `if`, `then` and `else` for a value that has the type and the members of `outer`."""
        lines = [
            f"    if {self._within(name, schema['if'], outer)}:",
            f"        return {self._within(name, schema['then'], outer)}",
        ]
        if schema["else"].keys() == {"if", "then", "else"}:
            return lines + self._choice(name, schema["else"], outer)
        return [*lines, f"    return {self._within(name, schema['else'], outer)}"]

    def _within(self, name: str, schema: Schema, outer: Schema) -> str:
        if types_of(outer) == ["object"] and schema.keys() == {"properties"}:
            return all_of(self._asked(name, schema, outer.get("required", ()))[0]["object"])
        return self._test(name, schema, "value")

    def _asked(self, name: str, schema: Schema, required: Collection[str]) -> tuple[dict[str, list[str]], list[str]]:
        """Return what `schema` asks of a value by its type, and what it asks of any value."""
        by_type: dict[str, list[str]] = {kind: [] for kind in TYPES}
        by_type["integer"] = by_type["number"]
        tests = []
        for keyword, wanted in schema.items():
            if keyword in LIMITS:
                kind, test = LIMITS[keyword]
                by_type[kind].append(test.format(python(wanted)))
            elif keyword == "required":
                by_type["object"] += [f"{python(member)} in value" for member in wanted]
            elif keyword == "items":
                by_type["array"].append(f"all(map({self._called(f'{name}_item', wanted)}, value))")
            elif keyword == "propertyNames":
                by_type["object"].append(f"all(map({self._called(f'{name}_name', wanted)}, value))")
            elif keyword == "additionalProperties":
                by_type["object"].append(self._others(name, wanted, schema.get("properties")))
            elif keyword == "properties":
                by_type["object"] += [self._member(name, key, wanted[key], key in required) for key in wanted]
            elif keyword in ("$ref", "const", "enum"):
                tests.append(self._test(name, {keyword: wanted}, "value"))
            elif keyword != "if" and keyword not in SILENT:
                raise ValueError(f"{name}: the keyword {keyword} is not known")
        return by_type, tests

    def _others(self, name: str, wanted: Any, known: Schema | None) -> str:
        if wanted is False and known:
            self.lines += ["", "", *constant(f"{name.upper()}_NAMES", list(known))]
            return f"value.keys() <= {name.upper()}_NAMES"
        if wanted is False or known:
            raise ValueError(f"{name}: additionalProperties is known as false beside properties, or alone")
        return f"all(map({self._called(f'{name}_member', wanted)}, value.values()))"

    def _member(self, name: str, key: str, schema: Schema, required: bool) -> str:
        inner = f"{name}_{re.sub('[^a-zA-Z0-9]', '_', key)}"
        test = self._test(inner, schema, f"value[{python(key)}]")
        return test if required else f"{python(key)} not in value or {test}"

    def _test(self, name: str, schema: Schema, place: str) -> str:
        """Return the source of "what stands at `place` follows `schema`", with a new function unless it is short."""
        keywords, types = schema.keys() - SILENT, types_of(schema)
        words = [schema["const"]] if "const" in schema else schema.get("enum", [])
        if not all(word is None or isinstance(word, str) for word in words):
            raise ValueError(f"{name}: enum and const are known for texts and null")
        if keywords == {"const"} and not types:
            return f"{place} == {python(schema['const'])}"
        if keywords == {"enum"} and not types and (place == "value" or len(words) < 6):
            return f"{place} in {python(words)}"
        if not keywords and len(types) == 1 and " and " not in TYPES[types[0]]:
            return TYPES[types[0]].format(place)
        return f"{self._called(name, schema)}({place})"

    def _called(self, name: str, schema: Schema) -> str:
        """Return the name of the function for `schema`: its definition's, or a new one."""
        if schema.keys() - SILENT == {"$ref"} and not types_of(schema):
            return self._definition(schema["$ref"])
        return self.function(name, schema)


def typed(types: list[str], by_type: Mapping[str, list[str]]) -> list[str]:
    """Return what must hold of a value of `types`, or of any type."""
    if len(types) == 1:
        return [TYPES[types[0]].format("value"), *by_type[types[0]]]
    if types and not any(by_type[kind] for kind in types):
        return [" or ".join(TYPES[kind].format("value") for kind in types)]
    if types:
        raise ValueError("limits of one of several types are not known beside a reference, an enum or a choice")
    asked = {kind: tests for kind, tests in by_type.items() if tests and kind != "integer"}
    return [f"not {TYPES[kind].format('value')} or {all_of(tests)}" for kind, tests in asked.items()]


def branch(kind: str, tests: list[str]) -> list[str]:
    """Return the lines that end a function for a value of one of several types."""
    return [f"    if {TYPES[kind].format('value')}:", *returned(tests, " " * 8)]


def returned(tests: list[str], indent: str = " " * 4) -> list[str]:
    """Return the line or lines that return whether all of `tests` hold."""
    line = f"{indent}return {all_of(tests)}"
    if len(line) <= LINE_LENGTH:
        return [line]
    first, *others = [f"({test})" if " or " in test else test for test in tests]
    lines = ["return (", f"    {first}"]
    for test in others:
        if len(f"{indent}    and {test}") <= LINE_LENGTH:
            lines.append(f"    and {test}")
        else:
            absent, present = test[1:-1].split(" or ")
            lines += ["    and (", f"        {absent}", f"        or {present}", "    )"]
    return [indent + line for line in [*lines, ")"]]


def constant(name: str, names: list[str]) -> list[str]:
    """Return the line or lines that define a set of names."""
    line = f"{name} = frozenset({{{', '.join(map(python, names))}}})"
    if len(line) <= LINE_LENGTH:
        return [line]
    return [f"{name} = frozenset(", "    {", *(f"        {python(each)}," for each in names), "    }", ")"]


def compiled(schema: Schema) -> str:
    """Return the source of the module that checks `schema`."""
    compiler = Compiler(schema["$defs"])
    compiler.function("_request", schema)
    return HEAD + "\n".join([*compiler.lines[1:], TAIL])


if __name__ == "__main__":
    TARGET.write_text(compiled(json.loads(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")
