"""Foreign code that may hang, for those who cannot wait for ever.

A chain of credentials, a callable of the caller's, the system's look-up of a name: none of them can be told how long
it may take. Where there is a deadline they run in a thread of their own, which is left behind when time is up.

This module's law: no lock is held while foreign code runs, nobody waits for it past a deadline of his own, and while
something hangs, the like of it is begun ever more seldom.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from copy import copy
from typing import Any, Generic, TypeVar

from ..values.errors import APITimeoutError, BedrockOpenAIError
from ..values.forks import inherit

Found = TypeVar("Found")

#: Seconds after which what hangs is no longer waited for, and one more is begun beside it; twice as long each time,
#: and as at first when one has succeeded. A look-up that all share may take its time: a person may have to sign on.
PATIENCE_WITH_EACH, PATIENCE_WITH_SHARED = 1.0, 60.0

#: The advice of who was too late. It stands here, since nothing may be loaded when there is no more time.
SLOW = (
    "What gives the credentials takes longer than the deadline allows, or hangs: see whether "
    "'aws sts get-caller-identity' is quick, or give more time."
)


def too_late() -> APITimeoutError:
    """Return the failure of a call whose deadline passed before it was known what it authenticates with."""
    failure = APITimeoutError(
        "the deadline of the call passed while its credentials were looked up; nothing of this attempt was sent",
        phase="deadline",
    )
    failure.advice = SLOW
    return failure


def within(seconds: float, work: Callable[[], Found]) -> Found:
    """Return `work()`, or raise TimeoutError if it takes longer; it goes on in a thread that nobody waits for."""
    under_way = LookUp(work)
    under_way.start()
    if not under_way.wait(time.monotonic() + seconds):
        raise TimeoutError
    return under_way.result()


class LookUp(Generic[Found]):
    """Foreign code that runs once, in this thread or in one of its own, and what comes of it."""

    def __init__(self, work: Callable[[], Found]) -> None:
        self._work: Any = work
        #: Held until the end; a threading.Event would take longer to make than most look-ups last.
        self._running = threading.Lock()
        self._running.acquire()
        self._found: Any = None
        self._failure: BaseException | None = None
        #: When it began, on the monotonic clock.
        self.began = time.monotonic()
        #: Whether it ended for a reason that concerns only who had it run: Ctrl-C, a deadline.
        self.interrupted = False

    def run(self) -> Found:
        """Do the work in this thread, and return or raise what comes of it."""
        try:
            found: Found = self._work()
        except BedrockOpenAIError as error:
            self._end(None, copy(error))
            raise
        except BaseException:
            self.interrupted = True
            self._end(None, None)
            raise
        self._end(found, None)
        return found

    def start(self) -> None:
        """Do the work in a thread of its own, with the context variables of this one."""
        try:
            threading.Thread(target=copy_context().run, args=(self._run_aside,), daemon=True).start()
        except RuntimeError:  # at the end of the interpreter there are no more threads: better late than not at all
            self._run_aside()

    def wait(self, until: float | None) -> bool:
        """Wait for the end, up to a moment of the monotonic clock or for ever; tell whether it has come."""
        left = -1 if until is None else min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)
        has_ended = self._running.acquire(timeout=left)
        if has_ended:
            self._running.release()
        return has_ended

    def result(self) -> Found:
        """Return what was found, or raise why it was not: an exception of ours to each who asks, others once."""
        failure = self._failure
        if failure is None:
            return self._found  # type: ignore[no-any-return]
        if isinstance(failure, BedrockOpenAIError):
            failure = copy(failure)  # an exception collects the traceback of who raises it
        else:
            self._failure = None
        try:
            raise failure
        finally:
            del failure  # a frame that is part of its own exception's traceback would keep both, and a socket, alive

    def _run_aside(self) -> None:
        try:
            self._end(self._work(), None)
        except BaseException as error:  # noqa: BLE001  (it is raised in the thread that waits)
            # Without its traceback, whose frames lead to this object and to what the work had opened.
            self._end(None, error.with_traceback(None))

    def _end(self, found: Any, failure: BaseException | None) -> None:
        self._found, self._failure, self._work = found, failure, None
        if failure is not None:
            self.interrupted = isinstance(failure, APITimeoutError) or not isinstance(failure, BedrockOpenAIError)
        self._running.release()


class Each:
    """Has foreign code run for each who asks; while a run hangs that was left behind, only now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left_behind: LookUp[Any] | None = None
        self._patience = PATIENCE_WITH_EACH
        inherit(self)

    def after_fork(self) -> None:
        """Forget, in the child of a fork, what was left behind: its thread is not here."""
        self._lock = threading.Lock()
        self._left_behind = None

    def get(self, work: Callable[[], Found], deadline: float) -> Found:
        """Return `work()`, or raise APITimeoutError when the deadline passes."""
        mine = self._turn(work, deadline)
        mine.start()
        if not mine.wait(deadline):
            self._left_behind = mine
            raise too_late()
        self._replace(mine, None)
        self._patience = PATIENCE_WITH_EACH
        return mine.result()

    def _turn(self, work: Callable[[], Found], deadline: float) -> LookUp[Found]:
        """Return a look-up that may begin, once nothing hangs or there is no more patience with what does."""
        while (hanging := self._left_behind) is not None:
            if hanging.wait(min(deadline, hanging.began + self._patience)):
                self._replace(hanging, None)
                continue
            if time.monotonic() >= deadline:
                raise too_late()
            mine = LookUp(work)
            if self._replace(hanging, mine):
                self._patience *= 2
                return mine
        return LookUp(work)

    def _replace(self, hanging: LookUp[Any], by: LookUp[Any] | None) -> bool:
        """Let others wait for `by`, if it is still `hanging` that they wait for; tell whether it was."""
        with self._lock:
            if self._left_behind is not hanging:
                return False
            self._left_behind = by
            return True


class Shared(Generic[Found]):
    """Foreign code whose result many threads need: one of them has it run, and the others wait for that.

    `look_up` is called with the moment until which there is time for it, or None. It runs in a thread of its own
    where there is a deadline, or, without `aside`, always in the thread that needs it first. `start_anew` is called
    when what was under way is given up: after a while, and in the child of a fork.
    """

    def __init__(
        self,
        look_up: Callable[[float | None], Found],
        *,
        aside: bool = True,
        start_anew: Callable[[], None] = lambda: None,
    ) -> None:
        self._look_up = look_up
        self._aside = aside
        self._start_anew = start_anew
        self._lock = threading.Lock()
        self._under_way: LookUp[Found] | None = None
        self._patience = PATIENCE_WITH_SHARED
        #: What was found last; None if nothing was, or if it was forgotten.
        self.present: Found | None = None
        inherit(self)

    def after_fork(self) -> None:
        """Give up, in the child of a fork, what was under way: its thread is not here."""
        self._lock = threading.Lock()
        if self._under_way is not None:
            self._under_way = None
            self._start_anew()

    @property
    def is_under_way(self) -> bool:
        """Whether some thread is looking."""
        return self._under_way is not None

    def forget(self) -> None:
        """Have the next who asks start anew, whatever is under way or was found."""
        with self._lock:
            self._under_way = self.present = None

    def get(self, deadline: float | None, *, instead: Found | None = None) -> Found:
        """Return what is found now. Raises APITimeoutError when the deadline passes, and what the look-up raises.

        `instead` is what will do: who finds another thread looking gets it at once, and who looks itself when half
        of the time to the deadline is over.
        """
        until = deadline if deadline is None or instead is None else (time.monotonic() + deadline) / 2
        while True:
            mine, leads = self._join(until)
            if instead is not None and not leads:
                return instead
            if leads and (until is None or not self._aside):
                return mine.run()
            if leads:
                mine.start()
            patient_until = mine.began + self._patience
            if mine.wait(patient_until if until is None else min(until, patient_until)):
                if leads or not mine.interrupted:
                    return mine.result()
            elif until is not None and time.monotonic() >= until:
                if instead is not None:
                    return instead
                raise too_late()

    def _join(self, until: float | None) -> tuple[LookUp[Found], bool]:
        """Return what is under way and False, or a look-up that is to be begun and True."""
        with self._lock:
            if self._under_way is not None:
                if time.monotonic() < self._under_way.began + self._patience:
                    return self._under_way, False
                self._patience *= 2
                self._start_anew()
            mine = self._under_way = LookUp(lambda: self._found_by(mine, until))
            return mine, True

    def _found_by(self, mine: LookUp[Found], until: float | None) -> Found:
        found: Found | None = None
        try:
            found = self._look_up(until)
            return found
        finally:
            with self._lock:
                if self._under_way is mine:
                    self._under_way = None
                    if found is not None:
                        self.present, self._patience = found, PATIENCE_WITH_SHARED
