"""When a failed attempt is made again, and after how long.

Sources: AWS SDKs and tools reference guide, "Retry behavior" (standard mode of 2026): attempts, formula, quota and
`x-amz-retry-after`; RFC 9110, 10.2.3 for `Retry-After`; Amazon Bedrock user guide, "Troubleshooting API error codes",
for 529 and ModelStreamErrorException; AWS's sample-per-model-bedrock for failures of mantle under status 400.

This module's law: an attempt whose outcome is unknown may already be paid for, so it is made again only when the
service surely did not answer it, by its own word or since it took nothing, or when the caller has said so.
"""

from __future__ import annotations

import math
import re
import threading

from ..values.errors import APIConnectionError, APIStatusError, APITimeoutError, BedrockOpenAIError
from ..values.forks import inherit
from ..values.http import Headers
from ..values.http_dates import seconds_of
from .error_shapes import is_own_word
from .world import World

TRANSIENT, THROTTLING = "transient", "throttling"
#: Seconds that the first retry waits at most.
BASE_DELAY = {TRANSIENT: 0.05, THROTTLING: 1.0}
#: Seconds that any retry waits at most, unless the service asks for more.
MAX_DELAY = 20.0
#: Tokens that a retry takes from the quota, and what the quota holds.
COST = {TRANSIENT: 14, THROTTLING: 5}
QUOTA = 500
#: Seconds: `x-amz-retry-after` may lengthen a wait by so much, `Retry-After` is honoured up to so much.
MAX_AWS_EXTENSION = 5.0
MAX_RETRY_AFTER = 60.0

_TRANSIENT_STATUS = frozenset((500, 502, 503, 504))
_TRANSIENT_TYPES = frozenset(
    ("requesttimeout", "requesttimeoutexception", "modelnotreadyexception", "modelstreamerrorexception")
)
#: Words of a failure inside the service that mantle reports with status 400.
_INTERNAL = ("internal server error", "internal failure")
#: Words of a quota that no wait of ours outlasts.
_DAILY = "tokens per day"
#: Characters of a message that are searched for words.
_SEARCHED = 1000
_THROTTLING_STATUS = frozenset((429, 529))
_THROTTLING_TYPES = frozenset(
    (
        "throttling",
        "throttlingexception",
        "throttledexception",
        "requestthrottled",
        "requestthrottledexception",
        "toomanyrequestsexception",
        "provisionedthroughputexceededexception",
        "transactioninprogressexception",
        "requestlimitexceeded",
        "bandwidthlimitexceeded",
        "limitexceededexception",
        "slowdown",
        "priorrequestnotcomplete",
        "ec2throttledexception",
    )
)


class RetryQuota:
    """A bucket of tokens shared by a client's threads, so that a failing service is not flooded with retries."""

    def __init__(self, tokens: int = QUOTA) -> None:
        self._capacity = tokens
        self._tokens = tokens
        self._lock = threading.Lock()
        inherit(self)

    def after_fork(self) -> None:
        """Make a new lock, in the child of a fork: another thread may have held this one."""
        self._lock = threading.Lock()

    def take(self, cost: int) -> bool:
        """Take `cost` tokens; False, with nothing taken, if there are fewer."""
        with self._lock:
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def give(self, tokens: int) -> None:
        """Put tokens back, up to the capacity."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + tokens)


class RetryPolicy:
    """Says whether a failed attempt is made again, and after how long. Shared by a client's threads."""

    def __init__(self, *, retry_read_timeouts: bool = False) -> None:
        self._retry_read_timeouts = retry_read_timeouts

    def reason(self, failure: BedrockOpenAIError) -> str | None:
        """Return why an attempt that failed so is made again, TRANSIENT or THROTTLING; None if it is not."""
        if isinstance(failure, APIStatusError):
            return _status_reason(failure, self._retry_read_timeouts)
        if not isinstance(failure, APIConnectionError) or failure.phase == "deadline" or failure.permanent:
            return None
        if failure.phase in ("connect", "reused"):  # nothing was taken by the service
            return TRANSIENT
        unanswered = failure.phase in ("send", "headers") or isinstance(failure, APITimeoutError)
        return TRANSIENT if unanswered and self._retry_read_timeouts else None

    def delay(self, reason: str, retries: int, failure: BedrockOpenAIError, world: World) -> float:
        """Return the seconds to wait before the next attempt, after `retries` earlier ones."""
        wait = world.uniform() * min(BASE_DELAY[reason] * 2.0**retries, MAX_DELAY)
        response = failure.response if isinstance(failure, APIStatusError) else None
        if response is None:
            return wait
        aws = _number(response.headers.get("x-amz-retry-after"))
        if aws is not None:
            return max(wait, min(aws / 1000, wait + MAX_AWS_EXTENSION))
        return max(wait, min(_retry_after(response.headers, world), MAX_RETRY_AFTER))


def _status_reason(failure: APIStatusError, unknown_too: bool) -> str | None:
    """Return the reason for an error answer; `unknown_too` tells whether unknown outcomes are repeated."""
    response = failure.response
    if response is None or response.status_code < 300:
        return None  # an error inside an answer that had begun
    names = {name.lower() for name in (failure.type, failure.code) if name}
    if names & _TRANSIENT_TYPES:
        return TRANSIENT
    text = failure.message[:_SEARCHED].lower()
    if names & _THROTTLING_TYPES or failure.status_code in _THROTTLING_STATUS:
        return None if _DAILY in text else THROTTLING
    if failure.status_code in _TRANSIENT_STATUS:
        return TRANSIENT if unknown_too or is_own_word(response) else None
    internal = failure.status_code == 400 and any(words in text for words in _INTERNAL)
    return TRANSIENT if internal and is_own_word(response) else None


def _retry_after(headers: Headers, world: World) -> float:
    """Return the seconds that `retry-after-ms` or `Retry-After` (seconds or a date) asks for; 0 if neither does."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    moment = seconds_of(text)
    return 0.0 if moment is None else max(0.0, moment - world.wall())


def _number(text: str | None) -> float | None:
    """Return a finite number that is not negative, or None. A header that came more than once has to agree."""
    values = {each.strip() for each in (text or "").split(",")}
    only = values.pop() if len(values) == 1 else ""
    # float() alone would take "1_000" and other digits too.
    value = float(only) if re.fullmatch(r"[0-9]+(\.[0-9]*)?", only) else math.inf
    return value if math.isfinite(value) else None
