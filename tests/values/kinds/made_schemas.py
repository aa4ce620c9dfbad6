"""JSON schemas that hypothesis makes, as people write them, with what fits them and what is asked for in its place.

This module knows nothing of the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from made_parts import MARK, Case

NAMES = (
    "minimum properties required items enum type anyOf title default pattern format const $ref $defs "
    "additionalProperties allOf not description prefixItems n m"
).split() + ["", "a b", "é", "a/b", "%"]
DEFINITIONS = ["a/b", "a~b", "a_b", "Box[int]", "Größe", "100%", "Thing", "Root", "x.y-z", "$ref", "properties"]


@dataclass
class MadeSchema:
    schema: dict[str, Any]
    cases: st.SearchStrategy[Case]
    types: frozenset[str]

    def __repr__(self) -> str:
        return repr(self.schema)


def _plain(schema: dict[str, Any], values: st.SearchStrategy[Any], kind: str) -> MadeSchema:
    return MadeSchema(schema, values.map(lambda value: Case(value, value, value)), frozenset([kind]))


_texts = st.text(max_size=5)
SCALARS = [
    _plain({"type": "string"}, _texts, "string"),
    _plain({"type": "string", "title": "T", "default": "d", "examples": ["e"]}, _texts, "string"),
    _plain({"type": "string", "minLength": 1, "maxLength": 3}, st.text(min_size=1, max_size=3), "string"),
    _plain({"type": "string", "pattern": "^a+$", "description": "As."}, st.just("aa"), "string"),
    _plain({"type": "string", "format": "date"}, st.just("2026-11-29"), "string"),
    _plain({"type": "string", "format": "iri"}, st.just("a:b"), "string"),
    _plain({"type": "integer", "minimum": 1, "exclusiveMaximum": 10}, st.integers(1, 9), "number"),
    _plain({"type": "number", "multipleOf": 2}, st.integers().map(lambda n: 2 * n), "number"),
    _plain({"type": "boolean"}, st.booleans(), "boolean"),
    _plain({"type": "null"}, st.none(), "null"),
    _plain({"enum": ["a", "b"]}, st.sampled_from(["a", "b"]), "string"),
    _plain({"type": "string", "enum": ["a"], "default": "a"}, st.just("a"), "string"),
    _plain({"const": MARK}, st.just(MARK), "string"),
    MadeSchema(
        {"type": ["string", "null"]},
        (st.none() | _texts).map(lambda value: Case(value, value, value)),
        frozenset(["string", "null"]),
    ),
    MadeSchema(
        {"enum": [1, None, "a", True]},
        st.sampled_from([1, None, "a", True]).map(lambda value: Case(value, value, value)),
        frozenset(["number", "null", "string", "boolean"]),
    ),
]


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[MadeSchema]) -> MadeSchema:
    names = draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
    parts = {name: draw(inner) for name in names}
    required = [name for name in names if draw(st.booleans())]
    schema: dict[str, Any] = {"type": "object", "properties": {name: part.schema for name, part in parts.items()}}
    if draw(st.booleans()) or not names:
        schema["additionalProperties"] = False
    if required or draw(st.booleans()):
        schema["required"] = required
    if draw(st.booleans()):
        schema |= {"title": "T", "description": "An object.", "default": {}}

    def case(cases: dict[str, Case | None]) -> Case:
        asked = {name: None if each is None else each.asked for name, each in cases.items()}
        usual = {name: each.usual for name, each in cases.items() if each is not None}
        return Case(usual, asked, usual)

    return MadeSchema(
        schema,
        st.fixed_dictionaries(
            {
                name: part.cases if name in required or "null" in part.types else st.none() | part.cases
                for name, part in parts.items()
            }
        ).map(case),
        frozenset(["object"]),
    )


def _case_of_items(cases: Any) -> Case:
    return Case([c.usual for c in cases], [c.asked for c in cases], [c.usual for c in cases])


@st.composite
def _arrays(draw: st.DrawFn, inner: st.SearchStrategy[MadeSchema]) -> MadeSchema:
    item = draw(inner)
    bounds = draw(st.sampled_from([{}, {"minItems": 0}, {"maxItems": 3}, {"title": "T"}]))
    cases = st.lists(item.cases, max_size=3).map(_case_of_items)
    return MadeSchema({"type": "array", "items": item.schema, **bounds}, cases, frozenset(["array"]))


@st.composite
def _tuples(draw: st.DrawFn, inner: st.SearchStrategy[MadeSchema]) -> MadeSchema:
    parts = draw(st.lists(inner, min_size=1, max_size=3))
    count = len(parts)
    schema = {"type": "array", "prefixItems": [part.schema for part in parts], "items": False}
    cases = st.tuples(*(part.cases for part in parts)).map(_case_of_items)
    return MadeSchema({**schema, "minItems": count, "maxItems": count}, cases, frozenset(["array"]))


@st.composite
def _alternatives(draw: st.DrawFn, inner: st.SearchStrategy[MadeSchema]) -> MadeSchema:
    parts: list[MadeSchema] = []
    for part in draw(st.lists(inner, min_size=1, max_size=4)):
        if not any(part.types & other.types for other in parts):
            parts.append(part)
    types = frozenset[str]().union(*(part.types for part in parts))
    name = draw(st.sampled_from(["anyOf", "oneOf"] if len(parts) > 1 else ["anyOf", "oneOf", "allOf"]))
    notes = draw(st.sampled_from([{}, {"description": "One."}, {"default": None, "title": "T"}]))
    return MadeSchema(
        {name: [part.schema for part in parts], **notes}, st.one_of([part.cases for part in parts]), types
    )


@st.composite
def _referred(draw: st.DrawFn, definitions: dict[str, MadeSchema]) -> MadeSchema:
    name = draw(st.sampled_from(sorted(definitions)))
    escaped = name.replace("~", "~0").replace("/", "~1").replace("%", "%25")
    notes = draw(st.sampled_from([{}, {"description": "Another."}, {"default": None, "title": "T"}]))
    part = definitions[name]
    return MadeSchema({"$ref": f"#/$defs/{escaped}", **notes}, part.cases, part.types)


@st.composite
def made_schemas(draw: st.DrawFn) -> MadeSchema:
    """A schema with definitions."""
    parts: st.SearchStrategy[MadeSchema] = st.sampled_from(SCALARS)
    definitions: dict[str, MadeSchema] = {}
    for name in draw(st.lists(st.sampled_from(DEFINITIONS), max_size=3, unique=True)):
        inner = parts | _referred(dict(definitions)) if definitions else parts
        definitions[name] = draw(_grown(inner))
    root = draw(_grown(parts | _referred(definitions) if definitions else parts))
    schema = {**root.schema, "$defs": {name: part.schema for name, part in definitions.items()}}
    return MadeSchema(schema if definitions else root.schema, root.cases, root.types)


def _grown(leaves: st.SearchStrategy[MadeSchema]) -> st.SearchStrategy[MadeSchema]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(_objects(inner), _arrays(inner), _tuples(inner), _alternatives(inner)),
        max_leaves=6,
    )
