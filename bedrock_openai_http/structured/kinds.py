"""The kind of what a caller asks for, made once for each type and for each text of a schema.

This module only remembers: `values.kinds` says what a kind is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..values.errors import RequestValidationError
from ..values.forks import loading
from ..values.jsontext import encode
from ..values.kinds.kind import Kind
from ..values.kinds.reading import kind_of
from ..values.kinds.refusals import refuse_wrapper
from ..values.request import ChatCompletionRequest
from ..values.wire_value import plain

_TOO_DEEP = "the JSON schema is nested too deeply; put parts of it into $defs"


def asked_kind(hint: Any) -> Kind:
    """Return the kind of a type hint, or of a JSON schema as a mapping. Raises TypeError for what can be none."""
    if isinstance(hint, ChatCompletionRequest) or (isinstance(hint, Mapping) and "messages" in hint):
        raise TypeError("this is a request, and should be the kind: the request comes first, and then the kind")
    if isinstance(hint, Mapping):
        refuse_wrapper(hint)
        return _of_schema(_text_of(hint))
    try:
        return _remembered(hint)
    except TypeError:
        return kind_of(hint)  # it cannot be hashed, such as `Annotated` with a mapping; or it raises the same again


def _text_of(schema: Mapping[str, Any]) -> str:
    """Return a schema as JSON. Raises TypeError for what is none, such as one with an infinite number."""
    try:
        return encode(plain(schema)).decode()
    except RecursionError:
        failure = TypeError(_TOO_DEEP)
    except (TypeError, ValueError, RequestValidationError) as error:
        words = "it holds itself; refer to what is nested by $ref" if _holds_itself(schema) else type(error).__name__
        failure = TypeError(f"the JSON schema is no JSON ({words})")
    raise failure


def _holds_itself(value: Any, around: frozenset[int] = frozenset()) -> bool:
    if not isinstance(value, Mapping | list | tuple):
        return False
    held = value.values() if isinstance(value, Mapping) else value
    return id(value) in around or any(_holds_itself(each, around | {id(value)}) for each in held)


@lru_cache(maxsize=128)
def _of_schema(text: str) -> Kind:
    with loading():
        from ..validation.instances import checked_schema

    try:
        schema = json.loads(text)
        checked_schema(schema)
        return kind_of(schema)
    except RecursionError:
        failure = TypeError(_TOO_DEEP)
    raise failure


@lru_cache(maxsize=128)
def _remembered(hint: Any) -> Kind:
    return kind_of(hint)
