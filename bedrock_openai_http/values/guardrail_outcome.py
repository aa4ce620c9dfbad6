"""What an answer tells of a guardrail: whether it intervened, and what it found.

Sources: Amazon Bedrock user guide, response fields of InvokeModel, for the two members; a recorded answer whose input
was blocked, for the ID prefix. The finish reasons are a guess: no recording of one exists.

This module's law: a sign of an intervention that was seen once counts for the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import jsontext
from .frozen import frozen
from .reading import without_words

ACTION = "amazon-bedrock-guardrailAction"
TRACE = "amazon-bedrock-trace"
INTERVENED = "INTERVENED"

#: What the ID begins with of an answer that a guardrail gave in place of the model.
ID_PREFIX = "bedrock-guardrails-"

#: Reasons to end by which a guardrail may show. A model's own filter says `content_filter` too.
FINISH_REASONS = frozenset(("content_filter", "content_filtered", "guardrail_intervened"))

#: How deep traces are joined: documents may be nested deeper than Python code can go.
_MERGE_DEPTH = 16


@frozen
class GuardrailOutcome:
    """What a guardrail did with the request or the answer."""

    #: Also true for an answer that only ended as `content_filter`, which may be the model's own filter.
    intervened: bool
    #: `amazon-bedrock-trace.guardrail` as on the wire, or None if no trace came. It quotes what it found.
    trace: dict[str, Any] | None = None

    _WORDS = frozenset(("trace",))

    __repr__ = without_words


def guardrail_outcome(
    completion_id: str, extra: Mapping[str, Any], finish_reasons: Iterable[str | None] = ()
) -> GuardrailOutcome | None:
    """Return what a guardrail did, by any sign of one in an answer or a chunk; None if there is no sign."""
    action, trace = extra.get(ACTION), extra.get(TRACE)
    ended_by_it = completion_id.startswith(ID_PREFIX) or not FINISH_REASONS.isdisjoint(finish_reasons)
    if action is None and trace is None and not ended_by_it:
        return None
    found = _object((_object(trace) or {}).get("guardrail"))
    return GuardrailOutcome(ended_by_it or action == INTERVENED, found)


class GuardrailSigns:
    """The signs of a guardrail in the chunks of one stream, joined."""

    def __init__(self) -> None:
        #: What stays as it came, whatever later chunks say.
        self._lasting: dict[str, Any] = {}
        self._trace: _Trace | None = None

    def add(self, members: Mapping[str, Any]) -> None:
        """Take in what stands beside the choices of the next chunk."""
        if members.get(ACTION) == INTERVENED:
            self._lasting[ACTION] = INTERVENED
        completion_id = members.get("id")
        if isinstance(completion_id, str) and completion_id.startswith(ID_PREFIX):
            self._lasting.setdefault("id", completion_id)
        if TRACE in members:
            if self._trace is None:
                self._trace = _Trace(members[TRACE])
            else:
                self._trace.add(members[TRACE])

    def members(self) -> dict[str, Any]:
        """Return the members of the whole answer by which a guardrail shows in it."""
        return dict(self._lasting) if self._trace is None else {**self._lasting, TRACE: self._trace.whole()}


class _Trace:
    """A trace that arrives in pieces. One that comes alone is kept as it came, also as a JSON text."""

    def __init__(self, first: Any) -> None:
        self._value = first
        self._alone = True

    def add(self, trace: Any) -> None:
        if self._alone:
            self._value = _object(self._value) or self._value
            self._alone = False
        self._value = _joined(self._value, _object(trace) or trace)

    def whole(self) -> Any:
        return _plain(self._value)


class _JoinedObject(dict[str, Any]):
    """An object that was made here, and so may be changed: what a chunk has brought is the chunk's."""


class _JoinedArray(list[Any]):
    """An array that was made here, likewise."""


def _joined(known: Any, new: Any, depth: int = 0) -> Any:
    """Return both values in one: objects member by member, arrays one after the other; else the last one given."""
    if new is None or new == known:
        return known
    if isinstance(known, dict) and isinstance(new, dict) and depth < _MERGE_DEPTH:
        members = known if isinstance(known, _JoinedObject) else _JoinedObject(known)
        for key, value in new.items():
            members[key] = _joined(members.get(key), value, depth + 1)
        return members
    if isinstance(known, list) and isinstance(new, list):
        items = known if isinstance(known, _JoinedArray) else _JoinedArray(known)
        items.extend(new)
        return items
    return new


def _plain(value: Any) -> Any:
    """Return a copy of what was joined, which the next chunk does not change."""
    if isinstance(value, _JoinedObject):
        return {key: _plain(member) for key, member in value.items()}
    return list(value) if isinstance(value, _JoinedArray) else value


def _object(value: Any) -> dict[str, Any] | None:
    """Return `value` if it is an object, also one that stands as a JSON text."""
    if isinstance(value, str):
        try:
            value = jsontext.decode(value.encode("utf-8", "surrogatepass"))
        except jsontext.JSONError:
            return None
    return value if isinstance(value, dict) else None
