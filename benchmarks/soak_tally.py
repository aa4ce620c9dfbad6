"""What a soak counts: for each request what the client says, beside what the server says that it did.

This module's law: an expectation follows from what the server did and what the caller did, never from what came.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from soak_server import Served

#: Outcomes that a POST may have and be followed by another: nothing was generated.
RETRYABLE = frozenset(("throttled", "unavailable", "expired", "stale-closed"))

#: What a call must come to when its last POST had that fault; everything else is answered.
EXPECTED = {
    "throttled": {"RateLimitError"},
    "unavailable": {"InternalServerError"},
    "expired": {"PermissionDeniedError"},
    "bad-request": {"BadRequestError"},
    "reset-unanswered": {"APIConnectionError"},
    "stale-closed": {"APIConnectionError"},
    "black-hole": {"APITimeoutError"},
    "cut-clean": {"APIConnectionError", "IncompleteStreamError"},
    "cut-short": {"APIConnectionError"},
    "cut-reset": {"APIConnectionError"},
    "held": {"APIConnectionError"},
    "gateway": {"InternalServerError"},
    "tls-broken": {"APIConnectionError"},
}
#: What a call may come to besides, by what its caller does to it.
ALSO = {
    "": set(),
    "closed": {"answered", "APIConnectionError", "IncompleteStreamError"},
    "cancelled": {"cancelled"},
    "left": {"left"},
    "abandoned": {"left"},
    "deadline": {"APITimeoutError"},
    "client closed": {"APIConnectionError", "IncompleteStreamError", "APITimeoutError", "cancelled", "left"},
}
MUST_BE_ZERO = (
    *("wrong_matches", "lost_texts", "duplicate_posts", "unexpected_outcomes", "untyped_exceptions"),
    *("hanging_calls", "hanging_children", "complaints", "leaked_tasks", "leaked_connections", "leaked_files"),
)


@dataclass(frozen=True)
class Way:
    """How a call is made, and what its caller does to it meanwhile: one of `ALSO`."""

    streamed: bool
    interruption: str = ""
    #: When: after so many seconds, or so many chunks.
    after: float = 0.0


@dataclass(frozen=True)
class Seen:
    """How a call ended, and the text that was delivered; "lost" if its chunks are not what it adds up to."""

    outcome: str
    text: str


class Tally:
    """The counts of a run, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.interruptions: Counter[str] = Counter()
        self.unexpected: Counter[str] = Counter()

    def count(self, name: str, number: int = 1) -> None:
        with self._lock:
            self.counts[name] += number

    def complain(self, what: str) -> None:
        """Count what an event loop, a logger or a warning says where nothing should be said."""
        with self._lock:
            self.counts["complaints"] += 1
            self.unexpected[what[:300]] += 1

    def compare(self, marker: str, way: Way, seen: Seen, served: list[Served]) -> None:
        """Count a call and all that is wrong with it."""
        last = served[-1] if served else Served("nothing", False)
        outcome, text = seen.outcome, seen.text
        expected = EXPECTED.get(last.fault, {"answered"}) | ALSO[way.interruption]
        interrupted = bool(way.interruption) and outcome != "answered"
        with self._lock:
            self.outcomes[outcome] += 1
            self.faults.update(post.fault for post in served)
            self.interruptions.update([way.interruption] if way.interruption else [])
            self.counts["requests"] += 1
            self.counts["answers_matched"] += outcome == "answered" and text == last.text
            self.counts["wrong_matches"] += outcome == "answered" and not text.startswith(marker)
            is_lost = not last.text.startswith(text) if interrupted else _is_lost(outcome, text, last)
            self.counts["lost_texts"] += is_lost
            repeated = [post for post in served[:-1] if not _may_be_repeated(post)]
            self.counts["duplicate_posts"] += len(repeated)
            self.unexpected.update(f"repeated after {post.fault} {way.interruption}".strip() for post in repeated)
            self.counts["unexpected_outcomes"] += outcome not in expected
            if outcome not in expected or is_lost:
                self.unexpected[f"{outcome} after {last.fault} {way.interruption}{' lost' * is_lost}".strip()] += 1
            self.counts["untyped_exceptions"] += outcome.startswith("untyped")


def _is_lost(outcome: str, text: str, last: Served) -> bool:
    """Tell whether the client has other text than the server had sent."""
    if last.fault == "cut-reset":  # a reset may overtake the last of it
        return not last.text.startswith(text)
    return text != last.text if outcome == "answered" or last.fault.startswith("cut") else bool(text)


def _may_be_repeated(post: Served) -> bool:
    return post.fault in RETRYABLE or (post.fault == "reset-unanswered" and post.reused)
