"""A run of tools, from a request to the answer that calls no tool.

A run is a generator. It yields what is to be done and is sent what came of it, so that whoever drives it chooses how
to wait: a thread, an event loop, or a test with a list of answers.

This module's law: each call of a turn gets one result, in order, whatever happened, Ctrl-C and cancellation too; and
what leaves has the run so far.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from ..structured.given import Request
from ..values.completion import ChatCompletion
from ..values.errors import ToolLoopError
from ..values.messages import AssistantMessage, CustomToolCall, ToolCall, ToolMessage
from ..values.tool_run import ToolError, ToolRun, Turn
from ..values.usage import NO_USAGE
from . import told
from .asking import Asking, history_of, kept_messages
from .limits import Limits, is_cut, is_filtered
from .schedule import Outcome, Schedule, is_failure
from .toolbox import Prepared, Toolbox, called


class Complete(NamedTuple):
    """Ask for the completion. Answered with a ChatCompletion."""

    request: Request
    #: Seconds that it may take; None for no limit.
    seconds: float | None


class Confirm(NamedTuple):
    """Ask `before_call`. Answered with nothing of use; thrown: what it raises."""

    call: ToolCall | CustomToolCall
    arguments: Any


class RunCalls(NamedTuple):
    """Run the calls of the schedule, which takes note of what comes of them. Thrown: what no tool may hold up."""

    schedule: Schedule


class Tell(NamedTuple):
    """Tell `on_turn` of the run so far."""

    run: ToolRun


Effect: TypeAlias = Complete | Confirm | RunCalls | Tell
Steps: TypeAlias = Generator[Effect, Any, ToolRun]


class Progress:
    """What has come of a run so far."""

    def __init__(self, request: Request) -> None:
        #: The messages of the request; none of a request that cannot be read.
        self.transcript: list[Any] = kept_messages(request)
        #: What has been said since.
        self.added: list[AssistantMessage | ToolMessage] = []
        self.turns: list[Turn] = []
        self.completion: ChatCompletion | None = None
        self._usage = NO_USAGE

    def answered(self, completion: ChatCompletion) -> None:
        """Take note of a completion."""
        self.completion = completion
        self._usage = self._usage.plus(completion.usage)

    def run(self) -> ToolRun:
        """Return the run so far."""
        return ToolRun(self.completion, tuple(self.turns), self._usage, (*self.transcript, *self.added))


def tool_loop(request: Request, asking: Callable[[], tuple[Toolbox, Limits, Asking]]) -> Steps:
    """Return the run for `request`. `asking` makes what it needs, and raises what is wrong with what was given.

    Raises BedrockOpenAIError with the run so far, and TypeError for what is no tool.
    """
    progress = Progress(request)
    try:
        toolbox, limits, asks = asking()
        return (yield from _turns(progress, toolbox, limits, asks))
    except GeneratorExit:
        raise
    except BaseException as error:
        with suppress(AttributeError):  # of a class with slots that is not ours
            error.run = progress.run()  # type: ignore[attr-defined]
        raise


def _turns(progress: Progress, toolbox: Toolbox, limits: Limits, asking: Asking) -> Steps:
    progress.transcript = asking.transcript
    while True:
        completion = yield from _completion(progress, limits, asking)
        if completion.choices:
            progress.added.append(history_of(completion.choices[0].message))
        if not completion.tool_calls:
            run = progress.run()
            yield Tell(run)
            return run
        failure = yield from _turn(completion, progress, toolbox, limits)
        yield Tell(progress.run())
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # its traceback leads back to this frame
        limits.deadline.left()
        if len(progress.turns) == limits.max_turns:
            raise limits.too_many_turns(completion)


def _completion(progress: Progress, limits: Limits, asking: Asking) -> Generator[Effect, Any, ChatCompletion]:
    completion: ChatCompletion = yield Complete(asking.request(progress.added), limits.deadline.left())
    progress.answered(completion)
    if is_cut(completion):
        raise limits.cut(completion)
    if is_filtered(completion):
        raise limits.filtered(completion)
    return completion


def _turn(
    completion: ChatCompletion, progress: Progress, toolbox: Toolbox, limits: Limits
) -> Generator[Effect, Any, BaseException | None]:
    """Run the calls of a completion, and put their results into `progress`; return what ends the run, if anything."""
    calls = completion.tool_calls
    outcomes = _Outcomes([toolbox.prepared(call) for call in calls])
    failure: BaseException | None
    try:
        refusal = None if any(map(is_failure, outcomes.found)) else (yield from _confirmed_and_run(outcomes, limits))
        if refusal is None:
            failure = _failure(completion, outcomes.found, limits)
        else:
            failure = limits.tool_failed(f"before_call failed with {type(refusal).__name__}", refusal, completion)
    except GeneratorExit:
        raise
    except BaseException as error:  # noqa: BLE001  (such as Ctrl-C; it leaves when the turn has its results)
        failure = error
    results = [ToolMessage(_said(outcome), call.id) for call, outcome in zip(calls, outcomes.found, strict=True)]
    progress.added.extend(results)
    progress.turns.append(Turn(completion, tuple(results)))
    return failure


class _Outcomes:
    """What comes of the calls of a turn, in their order: at first what is wrong with those that cannot be run."""

    def __init__(self, prepared: Sequence[Prepared | Exception]) -> None:
        self.found: list[Outcome] = [None if isinstance(each, Prepared) else each for each in prepared]
        #: Those that can be run, by their places.
        self.ready = {place: each for place, each in enumerate(prepared) if isinstance(each, Prepared)}


def _confirmed_and_run(outcomes: _Outcomes, limits: Limits) -> Generator[Effect, Any, Exception | None]:
    """Ask for each call, and then run those that may be; return what else than a ToolError was raised instead."""
    for place, each in list(outcomes.ready.items()):
        try:
            yield Confirm(each.call, each.shown())
        except ToolError as refused:
            outcomes.found[place] = refused
            del outcomes.ready[place]
        except Exception as error:  # noqa: BLE001  (it is the caller's)
            return error
    yield from _run(outcomes, limits)
    return None


def _run(outcomes: _Outcomes, limits: Limits) -> Generator[Effect, Any, None]:
    """Run what is ready, and take note of what came of it, also where it was broken off."""
    schedule = Schedule(tuple(outcomes.ready.values()), limits.deadline, limits.max_concurrency)
    try:
        yield RunCalls(schedule)
    finally:
        for place, outcome in zip(outcomes.ready, schedule.taken(), strict=True):
            outcomes.found[place] = outcome


def _failure(completion: ChatCompletion, outcomes: Sequence[Outcome], limits: Limits) -> ToolLoopError | None:
    """Return what ends the run after this turn, if anything does."""
    calls = list(zip(completion.tool_calls, outcomes, strict=True))
    for call, outcome in calls:
        if isinstance(outcome, Exception) and is_failure(outcome):
            words = f"the tool {called(call)[0]!r} failed with {type(outcome).__name__}"
            return limits.tool_failed(words, outcome, completion)
    failing = [called(call) for call, outcome in calls if isinstance(outcome, Exception)]
    return limits.repeated(completion) if limits.is_repeated(failing) else None


def _said(outcome: Outcome) -> str:
    """Return what the model is told of what came of a call."""
    if outcome is None:
        return told.NOT_RUN
    if isinstance(outcome, str):
        return outcome
    return told.by_tool(outcome) if isinstance(outcome, ToolError) else told.FAILED
