"""How deep a document or a value may be nested, whatever is left of the stack."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_openai_http.values import jsontext
from bedrock_openai_http.values import wire_value as values


def test_a_document_as_deep_as_is_allowed() -> None:
    """A document with as many levels as allowed is read."""
    depth = jsontext.MAX_DEPTH
    value = jsontext.decode(b"[" * depth + b"]" * depth)
    for _ in range(depth - 1):
        (value,) = value
    assert value == []


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"]}":', b"}]")])
def test_one_level_more(opening: bytes, closing: bytes) -> None:
    """A document with more levels is refused, whether it ends well or not, and brackets in texts close nothing."""
    depth = jsontext.MAX_DEPTH + 1
    for end in (b"1" + closing * depth, b""):
        with pytest.raises(jsontext.JSONError, match="nested too deeply"):
            jsontext.decode(opening * depth + end)


@pytest.mark.parametrize(
    "document",
    [
        b"[" + b"[[]]," * 500 + b"[]]",
        b'["' + b"[" * 500 + b'"]',
        b'["\\"' + b"{" * 500 + b'"]',
        b'["\\\\", "' + b"[" * 500 + b'"]',
    ],
)
def test_what_is_not_deep(document: bytes) -> None:
    """Many brackets beside each other, or within a text, are no depth."""
    assert jsontext.decode(document)


def test_the_stack_is_not_used_up() -> None:
    """A value without end is walked as deep as a request may be, and the rest is left as the object that it is."""
    rest: Any = object()
    deep = rest
    for _ in range(values.MAX_DEPTH):
        deep = (deep,)
    copy = values.plain(deep)
    for _ in range(values.MAX_DEPTH):
        assert isinstance(copy, list)
        (copy,) = copy
    assert copy is rest
    looped: list[Any] = []
    looped.append(looped)
    copy = values.plain(looped)
    for _ in range(values.MAX_DEPTH):
        assert copy is not looped
        (copy,) = copy
    assert copy is looped
