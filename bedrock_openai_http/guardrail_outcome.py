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
    #: `amazon-bedrock-trace.guardrail` as on the wire, or None if no trace came.
    trace: dict[str, Any] | None = None


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


def joined_signs(known: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `known` and of the next chunk, `new`, by which a guardrail shows in both, joined."""
    signs: dict[str, Any] = {}
    if known.get(ACTION) == INTERVENED:
        signs[ACTION] = INTERVENED
    if (known.get("id") or "").startswith(ID_PREFIX):
        signs["id"] = known["id"]
    if TRACE in known and TRACE in new:
        signs[TRACE] = _joined(_object(known[TRACE]) or known[TRACE], _object(new[TRACE]) or new[TRACE])
    return signs


def _joined(known: Any, new: Any, depth: int = 0) -> Any:
    """Return both values in one: objects member by member, arrays one after the other; else the last one given."""
    if new is None or new == known:
        return known
    if isinstance(known, dict) and isinstance(new, dict) and depth < _MERGE_DEPTH:
        return {**known, **{key: _joined(known.get(key), value, depth + 1) for key, value in new.items()}}
    if isinstance(known, list) and isinstance(new, list):
        return known + new
    return new


def _object(value: Any) -> dict[str, Any] | None:
    """Return `value` if it is an object, also one that stands as a JSON text."""
    if isinstance(value, str):
        try:
            value = jsontext.decode(value.encode("utf-8", "surrogatepass"))
        except jsontext.JSONError:
            return None
    return value if isinstance(value, dict) else None
