"""Members of a JSON object that the schema does not know, joined to those that it does.

A mapping joins the mapping of the same name, at any depth; any other member that both sides have is given twice.

This module joins and parts JSON objects and judges nothing: what is given twice is found here and refused by
`validation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Extended(dict[str, Any]):
    """The wire form of a value that has an `extra`: what is sent.

    The check of good requests takes plain dicts only, so that it never passes this by.
    """

    #: The wire form without the extra, which is joined to it.
    own: dict[str, Any]
    #: The extra as it was given, in plain JSON values; anything else than a dict is a mistake.
    extra: Any
    #: What is judged in place of it: mostly `own`.
    judged: dict[str, Any]


def extended(own: dict[str, Any], extra: Any, judged: dict[str, Any] | None = None) -> Extended:
    """Return `own` with `extra` joined to it; `judged` is what the schema is asked about, `own` where None."""
    whole = Extended(joined(own, extra) if isinstance(extra, dict) else own)
    whole.own, whole.extra, whole.judged = own, extra, own if judged is None else judged
    return whole


def joined(own: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return `own` with the members of `extra`, which come first where both have one that is no mapping."""
    whole = dict(own)
    for name, member in extra.items():
        there = own.get(name)
        both = isinstance(there, Mapping) and isinstance(member, Mapping)
        whole[name] = joined(there, member) if both else member  # type: ignore[arg-type]
    return whole


def given_twice(own: Mapping[str, Any], extra: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the place of each member that both have and that cannot be joined."""
    for name, member in extra.items():
        if name in own:
            if isinstance(own[name], Mapping) and isinstance(member, Mapping):
                yield from ((name, *place) for place in given_twice(own[name], member))
            else:
                yield (name,)


def beyond(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be joined to `part` to give `whole`, if anything does."""
    more = {}
    for name, member in whole.items():
        if name not in part:
            more[name] = member
        elif member != part[name] and isinstance(member, Mapping) and isinstance(part[name], Mapping):
            more[name] = beyond(member, part[name])
    return more


def without_extra(value: Any) -> Any:
    """Return plain JSON values without the extras in them: what the schema is asked about."""
    if isinstance(value, Extended):
        value = value.judged
    if isinstance(value, dict):
        return {name: without_extra(member) for name, member in value.items()}
    return [without_extra(item) for item in value] if isinstance(value, list) else value
