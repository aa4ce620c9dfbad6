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
        extra = extra_of(data, cls._KNOWN)
        prompt, completion, total = [whole_number(data, name, extra) for name in COUNTS]
        details = side_members(data, cls._DETAILS, extra)
        prompt_details, completion_details = details["prompt_tokens_details"], details["completion_tokens_details"]
        return remember(cls(prompt, completion, total, prompt_details or {}, completion_details or {}, extra), data)

    def plus(self, other: Usage | None) -> Usage:
        """Return the sum of both; a count that one of them lacks is the other's. Details are summed by name."""
        if other is None:
            return self
        prompt, completion, total = [_sum(getattr(self, name), getattr(other, name)) for name in COUNTS]
        details = [_sums(getattr(self, name), getattr(other, name)) for name in self._DETAILS]
        return Usage(prompt, completion, total, *details)

    def to_dict(self) -> JSONObject:
        """Return the wire form, with the members that this version does not know."""
        members = {name: getattr(self, name) for name in (*COUNTS, *self._DETAILS)}
        return wire_form(members, self.extra, self._read)


#: No tokens that are known of: what sums begin with.
NO_USAGE = Usage(None, None, None)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other


def _sums(one: JSONObject, other: JSONObject) -> JSONObject:
    names = [name for name in {**one, **other} if type(one.get(name, 0)) is type(other.get(name, 0)) is int]
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}


def read_usage(data: JSONObject, extra: JSONObject) -> Usage | None:
    """Return the usage of an answer or a chunk, None if it has none; put one that is no object into `extra`."""
    usage = data.get("usage")
    if isinstance(usage, dict):
        return Usage.from_dict(usage)
    if usage is not None:
        extra["usage"] = usage
    return None
