"""Token counts, of a whole answer or of a stream's last chunk.

This module reads them leniently: a count that is missing, null or no whole number is None, and costs no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .frozen import field, frozen
from .reading import (
    NOTHING_READ,
    JSONObject,
    Kind,
    expect,
    extra_of,
    remember,
    side_members,
    whole_number,
    wire_form,
    without_words,
)

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


@frozen
class Usage:
    """Token counts, each None if it did not come. Reasoning is part of `completion_tokens`, itemised or not."""

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    #: `cached_tokens` and others, as on the wire; empty if the service gives none.
    prompt_tokens_details: JSONObject = field(default_factory=dict)
    #: `reasoning_tokens` and others, as on the wire; empty if the service gives none.
    completion_tokens_details: JSONObject = field(default_factory=dict)
    extra: JSONObject = field(default_factory=dict)

    _DETAILS: ClassVar[Mapping[str, Kind]] = {"prompt_tokens_details": dict, "completion_tokens_details": dict}
    _KNOWN = frozenset((*COUNTS, *_DETAILS))
    _WORDS = frozenset(("extra",))
    _read = NOTHING_READ

    __repr__ = without_words

    @classmethod
    def from_dict(cls, data: Any, path: str = "$.usage") -> Usage:
        """Read the `usage` object. Raises Malformed for what is no object."""
        expect(data, dict, path, "an object")
        counts = {name: whole_number(data.get(name)) for name in COUNTS}
        details = side_members(data, cls._DETAILS)
        usage = cls(
            counts["prompt_tokens"],
            counts["completion_tokens"],
            counts["total_tokens"],
            details["prompt_tokens_details"] or {},
            details["completion_tokens_details"] or {},
            extra_of(data, cls._KNOWN, {**counts, **details}),
        )
        return remember(usage, data)

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know."""
        members = {name: getattr(self, name) for name in (*COUNTS, *self._DETAILS)}
        return wire_form(members, self.extra, self._read)


def read_usage(data: Any) -> Usage | None:
    """Return the usage that stands in an answer or a chunk; None if there is none that can be read."""
    return Usage.from_dict(data) if isinstance(data, dict) else None
