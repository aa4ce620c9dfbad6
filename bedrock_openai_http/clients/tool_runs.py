"""Drives a run of tools in the thread of its caller, with others for calls that run at once.

`ToolRuns` is what this and `async_tool_runs` have in common.

This module decides nothing: `tools` says what is next, and is told of all that is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from inspect import isawaitable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from ..call.deadline import Deadline
from ..call.reports import Report
from ..structured.given import Request
from ..tools.asking import Asking
from ..tools.limits import Limits
from ..tools.loop import Complete, Confirm, Effect, RunCalls, Steps, Tell, tool_loop
from ..tools.results import text_of
from ..tools.schedule import Outcome, Schedule
from ..tools.toolbox import Prepared, Toolbox, called
from ..values.completion import ChatCompletion
from ..values.kinds.functions import is_async
from ..values.tool_run import ToolRun

if TYPE_CHECKING:
    from .client import Client
    from .stream import ChatCompletionStream


class ToolRuns:
    """What a run does beside what the loop decides, for one client. Raises TypeError for what is no callable."""

    #: Whether coroutine functions can be called.
    awaits = False

    def __init__(
        self,
        client: Any,
        *,
        before_call: Callable[[Any, Any], Any] | None,
        on_turn: Callable[[ToolRun], Any] | None,
        on_chunk: Callable[[Any], Any] | None,
        extra_headers: Mapping[str, str] | None,
    ) -> None:
        for name, given in (("before_call", before_call), ("on_turn", on_turn), ("on_chunk", on_chunk)):
            if given is not None and not callable(given):
                raise TypeError(f"{name}: must be a function, not {type(given).__name__}")
            if not self.awaits and is_async(given):
                raise TypeError(f"{name}: is a coroutine function, which AsyncClient takes")
        self._client, self._headers = client, extra_headers
        self._before_call, self._on_turn, self._on_chunk = before_call, on_turn, on_chunk
        #: Tells of the call whose completion was the last, where somebody wants to know.
        self._report: Report | None = None

    def steps(
        self, request: Request, tools: Sequence[Any], *, max_turns: int, max_concurrency: int, deadline: float | None
    ) -> Steps:
        """Return the run for `request`, of which nothing is done yet."""
        planner, streamed = self._client._planner, self._on_chunk is not None

        def asking() -> tuple[Toolbox, Limits, Asking]:
            over_all = Deadline(deadline, planner.world.clock, planner.options.deadline)
            limits = Limits(over_all, max_turns=max_turns, max_concurrency=max_concurrency)
            toolbox = Toolbox(tools, awaits=self.awaits)
            unknown_fields, endpoint = planner.options.unknown_fields, self._client._options.endpoint
            asks = Asking(
                request, toolbox.definitions, endpoint=endpoint, unknown_fields=unknown_fields, streamed=streamed
            )
            return toolbox, limits, asks

        return tool_loop(request, asking)

    def _planned(self, effect: Complete) -> Any:
        """Return the call that asks for a completion. Raises what cannot be asked for."""
        plan, streamed = self._client._planner.call, self._on_chunk is not None
        call = plan(
            effect.request, stream=streamed, deadline=effect.seconds, extra_headers=self._headers, timeout=None
        )
        self._report = call.report
        return call

    def _started(self, call: Prepared) -> None:
        if self._report is not None:
            self._report.tool_started(called(call.call)[0], call.call.id)

    def _ended(self, call: Prepared, outcome: Outcome | BaseException) -> None:
        if self._report is not None:
            error = outcome if isinstance(outcome, BaseException) else None
            self._report.tool_ended(called(call.call)[0], call.call.id, error)

    def _left(self, schedule: Schedule, place: int, error: BaseException) -> None:
        """Tell of a call that nobody waits for any more, because of `error`: of one that had ended, how."""
        outcome = schedule.outcome(place)
        self._ended(schedule.calls[place], error if outcome is None else outcome)


class BlockingToolRuns(ToolRuns):
    """Runs of tools that wait."""

    _client: Client

    def drive(self, steps: Steps) -> ToolRun:
        """Return what the run returns; raise what it raises."""
        try:
            effect = next(steps)
            while True:
                try:
                    came = self._done(effect)
                except BaseException as error:  # noqa: BLE001  (it is thrown back in, and comes out again if it must)
                    effect = steps.throw(error)
                else:
                    effect = steps.send(came)
        except StopIteration as end:
            run: ToolRun = end.value
            return run
        finally:
            # Either may hold a failure, whose traceback holds this frame.
            effect = came = None  # type: ignore[assignment]
            steps.close()

    def _done(self, effect: Effect) -> Any:
        if type(effect) is Complete:
            return self._completion(effect)
        if type(effect) is Confirm:
            if self._before_call is not None:
                refuse_words(self._before_call(effect.call, effect.arguments))
        elif type(effect) is RunCalls:
            (self._in_turn if effect.schedule.most == 1 else self._in_threads)(effect.schedule)
        elif type(effect) is Tell and self._on_turn is not None:
            refuse_coroutine("on_turn", self._on_turn(effect.run))
        return None

    def _completion(self, effect: Complete) -> ChatCompletion:
        call = self._planned(effect)
        if self._on_chunk is None:
            return self._client._answer(call)
        stream: ChatCompletionStream = self._client._open(call)
        with stream:
            for chunk in stream:
                refuse_coroutine("on_chunk", self._on_chunk(chunk))
            return stream.completion()

    def _in_turn(self, schedule: Schedule) -> None:
        try:
            while (place := schedule.begin()) is not None:
                call = schedule.calls[place]
                self._started(call)
                schedule.calling(place)
                try:
                    carry_out(schedule, place)
                except BaseException as error:
                    self._left(schedule, place, error)
                    raise
                self._ended(call, schedule.end(place))
        finally:
            del schedule  # as in `drive`: what a tool has raised leads back to this frame

    def _in_threads(self, schedule: Schedule) -> None:
        over: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()
        running: set[int] = set()
        try:
            while True:
                while (place := schedule.begin()) is not None:
                    self._started(schedule.calls[place])
                    schedule.calling(place)
                    running.add(place)
                    _start(_carrying_out(schedule, place, over))
                if not running:
                    return
                place, failure = over.get()
                if failure is not None:
                    raise failure
                running.discard(place)
                self._ended(schedule.calls[place], schedule.end(place))
        except BaseException as error:
            for place in running:  # they go on by themselves, and nobody is told any more
                self._left(schedule, place, error)
            raise
        finally:
            failure = None


def refuse_words(said: Any) -> None:
    """Raise TypeError for what `before_call` may have meant as a no: that is said by raising ToolError."""
    refuse_coroutine("before_call", said)
    if said is not None and said is not True:
        kind = type(said).__name__
        raise TypeError(
            f"before_call returned {'False' if said is False else f'a {kind}'}; to say no, it raises ToolError"
        )


def refuse_coroutine(name: str, said: Any) -> None:
    """Raise TypeError if a plain function has given a coroutine, which nobody would await."""
    if isawaitable(said):
        close = getattr(said, "close", None)
        if close is not None:
            close()  # or Python warns that it was never awaited
        raise TypeError(f"{name}: gave a coroutine, which AsyncClient awaits")


def carry_out(schedule: Schedule, place: int, *, awaits: bool = False) -> Any:
    """Run a call, and take note at once of what came of it; return what its function gives to be awaited, or None.

    Raises what is for nobody here, such as Ctrl-C.
    """
    try:
        result = schedule.calls[place].run()
        if awaits and isawaitable(result):
            return result
        schedule.returned(place)
        schedule.note(place, text_of(result))
    except Exception as error:  # noqa: BLE001  (the loop knows what follows)
        schedule.note(place, error)
    return None


def _carrying_out(
    schedule: Schedule, place: int, over: SimpleQueue[tuple[int, BaseException | None]]
) -> Callable[[], None]:
    def run() -> None:
        try:
            carry_out(schedule, place)
        except BaseException as error:  # noqa: BLE001  (it is raised in the thread that waits)
            over.put((place, error))
        else:
            over.put((place, None))

    return run


def _start(work: Callable[[], None]) -> None:
    """Have `work` done in a thread of its own, with the context variables of this one."""
    context = copy_context()
    try:
        threading.Thread(target=context.run, args=(work,), daemon=True).start()
    except RuntimeError:  # no more threads can be had: better late than not at all
        context.run(work)
