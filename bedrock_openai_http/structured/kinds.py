"""The kind of what a caller asks for, made once for each type.

This module only remembers: `values.kinds` says what a kind is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..values.forks import loading
from ..values.kinds.kind import Kind
from ..values.kinds.reading import kind_of
from ..values.kinds.refusals import refuse_wrapper


def asked_kind(hint: Any) -> Kind:
    """Return the kind of a type hint, or of a JSON schema as a mapping. Raises TypeError for what can be none."""
    if isinstance(hint, Mapping):
        refuse_wrapper(hint)
        with loading():
            from ..validation.instances import checked_schema

        checked_schema(hint)
        return kind_of(hint)
    try:
        return _remembered(hint)
    except TypeError:
        return kind_of(hint)  # it cannot be hashed, such as `Annotated` with a mapping; or it raises the same again


@lru_cache(maxsize=128)
def _remembered(hint: Any) -> Kind:
    return kind_of(hint)
