"""A request as a caller gives it, a value of ours or a body of the wire format: its fields, read and replaced.

This module judges nothing; `tools` uses it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from ..values.request import ChatCompletionRequest

Request: TypeAlias = ChatCompletionRequest | Mapping[str, Any]
#: A request stays what it is.
RequestT = TypeVar("RequestT", bound=Request)


def field_of(request: Request, name: str) -> Any:
    """Return a field of the request, or what its `extra_body` has in its place; None where it has none."""
    if isinstance(request, Mapping):
        return request.get(name)
    found, extra = getattr(request, name, None), getattr(request, "extra_body", None)
    return extra.get(name) if found is None and isinstance(extra, Mapping) else found


def changed(request: RequestT, changes: Mapping[str, Any]) -> RequestT:
    """Return `request` with some of its fields replaced."""
    if isinstance(request, Mapping):
        return {**request, **changes}  # type: ignore[return-value]
    return replace(request, **changes)
