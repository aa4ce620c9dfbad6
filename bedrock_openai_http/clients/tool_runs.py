"""Drives a run of tools in the thread of its caller, with others for calls that run at once.

`ToolRuns` is what this and `async_tool_runs` have in common.

This module decides nothing: `tools` says what is next. What a callable of the caller's raises goes through as it is,
but for `before_call`, of which the loop is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from ..call.deadline import Deadline
from ..call.reports import Report
from ..tools.asking import Asking, Request
from ..tools.limits import Limits
from ..tools.loop import Complete, Confirm, Effect, RunCalls, Steps, Tell, tool_loop
from ..tools.results import text_of
from ..tools.schedule import Outcome, Schedule
from ..tools.toolbox import Prepared, Toolbox, called
from ..values.completion import ChatCompletion
from ..values.errors import BedrockOpenAIError
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


class BlockingToolRuns(ToolRuns):
    """Runs of tools that wait."""

    _client: Client

    def drive(self, steps: Steps) -> ToolRun:
        """Return what the run returns; raise what it raises."""
        came = None
        try:
            while True:
                try:
                    effect = steps.send(came)
                except StopIteration as end:
                    run: ToolRun = end.value
                    return run
                came = self._done(effect)
        finally:
            # Either may hold a failure, whose traceback holds this frame.
            effect = came = None  # type: ignore[assignment]
            steps.close()

    def _done(self, effect: Effect) -> Any:
        if type(effect) is Complete:
            return self._completion(effect)
        if type(effect) is Confirm:
            return self._confirmed(effect)
        if type(effect) is RunCalls:
            run = self._in_turn if effect.most == 1 else self._in_threads
            return run(Schedule(effect.calls, effect.deadline, effect.most))
        if type(effect) is Tell:
            return self._on_turn and self._on_turn(effect.run)
        raise TypeError(f"no such effect: {type(effect).__name__}")

    def _completion(self, effect: Complete) -> ChatCompletion | BedrockOpenAIError:
        try:
            call = self._planned(effect)
            if self._on_chunk is None:
                return self._client._answer(call)
            stream: ChatCompletionStream = self._client._open(call)
        except BedrockOpenAIError as error:
            return error
        with stream:
            while True:
                try:
                    chunk = next(stream, None)
                    if chunk is None:
                        return stream.completion()
                except BedrockOpenAIError as error:
                    return error
                self._on_chunk(chunk)  # not within the `try`: what it raises is the caller's own

    def _confirmed(self, effect: Confirm) -> Exception | None:
        if self._before_call is None:
            return None
        try:
            return refusal(self._before_call(effect.call, effect.arguments))
        except Exception as error:  # noqa: BLE001  (the loop knows what follows)
            return error

    def _in_turn(self, schedule: Schedule) -> list[Outcome]:
        outcome: Outcome = None
        try:
            while (place := schedule.begin()) is not None:
                call = schedule.calls[place]
                self._started(call)
                try:
                    outcome = _outcome(call)
                except BaseException as error:
                    self._ended(call, error)
                    raise
                self._ended(call, outcome)
                schedule.end(place, outcome)
            return schedule.outcomes
        finally:
            del schedule, outcome  # as in `drive`: what a tool has raised leads back to this frame

    def _in_threads(self, schedule: Schedule) -> list[Outcome]:
        over: SimpleQueue[tuple[int, str | BaseException]] = SimpleQueue()
        running: set[int] = set()
        try:
            while True:
                while (place := schedule.begin()) is not None:
                    self._started(schedule.calls[place])
                    running.add(place)
                    _start(_noting(schedule.calls[place], place, over))
                if not running:
                    return schedule.outcomes
                place, outcome = over.get()
                running.discard(place)
                self._ended(schedule.calls[place], outcome)
                schedule.end(place, raised(outcome))
        except BaseException as error:
            for place in running:  # they go on by themselves, and nobody is told any more
                self._ended(schedule.calls[place], error)
            raise


def refusal(said: Any) -> Exception | None:
    """Return what is wrong with what `before_call` has returned: who returns False means to say no."""
    return TypeError("before_call returned False; to say no, it raises ToolError") if said is False else None


def raised(outcome: str | BaseException) -> str | Exception:
    """Return what came of a call; raise what is for nobody here, such as Ctrl-C."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
        raise outcome
    return outcome


def _outcome(call: Prepared) -> str | Exception:
    try:
        return text_of(call.run())
    except Exception as error:  # noqa: BLE001  (the loop knows what follows)
        return error


def _noting(call: Prepared, place: int, over: SimpleQueue[tuple[int, str | BaseException]]) -> Callable[[], None]:
    def run() -> None:
        try:
            over.put((place, _outcome(call)))
        except BaseException as error:  # noqa: BLE001  (it is raised in the thread that waits)
            over.put((place, error))

    return run


def _start(work: Callable[[], None]) -> None:
    """Have `work` done in a thread of its own, with the context variables of this one."""
    context = copy_context()
    try:
        threading.Thread(target=context.run, args=(work,), daemon=True).start()
    except RuntimeError:  # no more threads can be had: better late than not at all
        context.run(work)
