"""A run of tools, from a request to the answer that calls no tool.

A run is a generator. It yields what is to be done and is sent what came of it, so that whoever drives it chooses how
to wait: a thread, an event loop, or a test with a list of answers.

This module's law: each call of a turn gets one result, in order, whatever happened; and each error of ours that
leaves has the run so far. What a completion or a tool raised is sent as a value: what is thrown is of nobody here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, TypeAlias

from ..call.deadline import Deadline
from ..values.completion import ChatCompletion
from ..values.errors import BedrockOpenAIError, ToolLoopError
from ..values.messages import AssistantMessage, CustomToolCall, ToolCall, ToolMessage
from ..values.tool_run import ToolError, ToolRun, Turn
from ..values.usage import NO_USAGE
from ..values.wire_value import plain
from . import told
from .asking import Asking, Request, field_of, history_of
from .limits import Limits, is_cut
from .schedule import Outcome, is_failure
from .toolbox import Prepared, Toolbox, called


class Complete(NamedTuple):
    """Ask for the completion. Back comes a ChatCompletion, or the BedrockOpenAIError that came of it."""

    request: Request
    #: Seconds that it may take; None for no limit.
    seconds: float | None


class Confirm(NamedTuple):
    """Ask `before_call`. Back comes what it raised, an Exception, or None."""

    call: ToolCall | CustomToolCall
    arguments: Any


class RunCalls(NamedTuple):
    """Run the calls by a `Schedule`, `most` at once. Back come its outcomes."""

    calls: tuple[Prepared, ...]
    deadline: Deadline
    most: int


class Tell(NamedTuple):
    """Tell `on_turn` of the run so far."""

    run: ToolRun


Effect: TypeAlias = Complete | Confirm | RunCalls | Tell
Steps: TypeAlias = Generator[Effect, Any, ToolRun]


class Progress:
    """What has come of a run so far."""

    def __init__(self, request: Request) -> None:
        #: The messages of the request in wire form; none of a request that cannot be read.
        self.transcript: list[Any] = []
        #: What has been said since.
        self.added: list[AssistantMessage | ToolMessage] = []
        self.turns: list[Turn] = []
        self.completion: ChatCompletion | None = None
        self._usage = NO_USAGE
        messages = field_of(request, "messages")
        if isinstance(messages, (list, tuple)):
            self.transcript = plain(messages)

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
    except BedrockOpenAIError as error:
        error.run = progress.run()
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
    came = yield Complete(asking.request(progress.added), limits.deadline.left())
    if isinstance(came, BedrockOpenAIError):
        try:
            raise came
        finally:
            del came  # as above
    completion: ChatCompletion = came
    progress.answered(completion)
    if is_cut(completion):
        raise limits.cut(completion)
    return completion


def _turn(
    completion: ChatCompletion, progress: Progress, toolbox: Toolbox, limits: Limits
) -> Generator[Effect, Any, ToolLoopError | None]:
    """Run the calls of a completion, and put their results into `progress`; return what ends the run, if anything."""
    calls = completion.tool_calls
    outcomes, failure = yield from _outcomes([toolbox.prepared(call) for call in calls], limits)
    results = [ToolMessage(_said(outcome), call.id) for call, outcome in zip(calls, outcomes, strict=True)]
    progress.added.extend(results)
    progress.turns.append(Turn(completion, tuple(results)))
    for call, outcome in zip(calls, outcomes, strict=True):
        if failure is None and isinstance(outcome, Exception) and is_failure(outcome):
            failure = f"the tool {called(call)[0]!r} failed with {type(outcome).__name__}", outcome
    if failure is not None:
        return limits.tool_failed(*failure, completion)
    failing = [called(call) for call, outcome in zip(calls, outcomes, strict=True) if isinstance(outcome, Exception)]
    return limits.repeated(completion) if limits.is_repeated(failing) else None


def _outcomes(
    prepared: Sequence[Prepared | Exception], limits: Limits
) -> Generator[Effect, Any, tuple[list[Outcome], tuple[str, Exception] | None]]:
    """Return what came of each call, and what `before_call` failed with: then none was run."""
    outcomes: list[Outcome] = [None if isinstance(each, Prepared) else each for each in prepared]
    if any(map(is_failure, outcomes)):
        return outcomes, None
    ready: dict[int, Prepared] = {}
    for place, each in enumerate(prepared):
        if isinstance(each, Prepared):
            came = yield Confirm(each.call, each.shown())
            if came is None:
                ready[place] = each
            elif isinstance(came, ToolError):
                outcomes[place] = came
            else:
                return outcomes, (f"before_call failed with {type(came).__name__}", came)
    came = yield RunCalls(tuple(ready.values()), limits.deadline, limits.max_concurrency)
    for place, outcome in zip(ready, came, strict=True):
        outcomes[place] = outcome
    return outcomes, None


def _said(outcome: Outcome) -> str:
    """Return what the model is told of what came of a call."""
    if outcome is None:
        return told.NOT_RUN
    if isinstance(outcome, str):
        return outcome
    return told.by_tool(outcome) if isinstance(outcome, ToolError) else told.FAILED
