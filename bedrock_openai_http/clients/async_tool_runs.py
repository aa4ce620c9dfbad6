"""Drives a run of tools in a task: coroutine functions are awaited, and plain ones run in threads beside the loop.

This module decides nothing: `tools` says what is next. A run that is cancelled cancels its calls, and waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ..tools.loop import Complete, Confirm, Effect, RunCalls, Steps, Tell
from ..tools.results import text_of
from ..tools.schedule import Schedule
from ..transport.aio.aside import aside
from ..values.completion import ChatCompletion
from ..values.kinds.functions import is_async
from ..values.tool_run import ToolRun
from .tool_runs import ToolRuns, carry_out, refuse_words

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .async_stream import AsyncChatCompletionStream


class AsyncToolRuns(ToolRuns):
    """Runs of tools that await."""

    awaits = True
    _client: AsyncClient

    async def drive(self, steps: Steps) -> ToolRun:
        """Return what the run returns; raise what it raises."""
        try:
            effect = next(steps)
            while True:
                try:
                    came = await self._done(effect)
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

    async def _done(self, effect: Effect) -> Any:
        if type(effect) is Complete:
            return await self._completion(effect)
        if type(effect) is Confirm:
            if self._before_call is not None:
                refuse_words(await _called(self._before_call, effect.call, effect.arguments))
        elif type(effect) is RunCalls:
            await self._in_tasks(effect.schedule)
        elif type(effect) is Tell and self._on_turn is not None:
            await _called(self._on_turn, effect.run)
        return None

    async def _completion(self, effect: Complete) -> ChatCompletion:
        call = self._planned(effect)
        if self._on_chunk is None:
            return await self._client._answer(call)
        stream: AsyncChatCompletionStream = await self._client._open(call)
        async with stream:
            async for chunk in stream:
                await _called(self._on_chunk, chunk)
            return await stream.completion()

    async def _in_tasks(self, schedule: Schedule) -> None:
        running: dict[asyncio.Task[None], int] = {}
        try:
            while True:
                while (place := schedule.begin()) is not None:
                    self._started(schedule.calls[place])
                    running[asyncio.create_task(_carried_out(schedule, place))] = place
                if not running:
                    return
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in [each for each in running if each in ended]:
                    place = running[task]
                    if not task.cancelled():
                        task.result()  # it raises what is for nobody here, such as SystemExit
                    elif schedule.outcome(place) is None:
                        schedule.note(place, _cancelled())
                    del running[task]
                    self._ended(schedule.calls[place], schedule.end(place))
        except BaseException as error:
            await self._give_up(schedule, running, error)
            raise

    async def _give_up(
        self, schedule: Schedule, running: dict[asyncio.Task[None], int], error: BaseException
    ) -> None:
        """Cancel the calls that are running, and wait until they have left; some may give a result all the same."""
        for task in running:
            task.cancel()
        try:
            if running:
                await asyncio.wait(running)
        finally:
            for task, place in running.items():
                if task.done() and not task.cancelled():
                    task.exception()  # it has been seen
                self._left(schedule, place, error)


async def _carried_out(schedule: Schedule, place: int) -> None:
    """Run a call, and take note of what came of it where that is first known, which for a plain one is its thread."""
    schedule.calling(place)
    run = partial(carry_out, schedule, place, awaits=True)
    waiting = run() if is_async(schedule.calls[place].tool.function) else await aside(run)
    if waiting is None:
        return
    try:
        result = await waiting
        schedule.returned(place)
        schedule.note(place, text_of(result))
    except Exception as error:  # noqa: BLE001  (the loop knows what follows)
        schedule.note(place, error)


def _cancelled() -> Exception:
    """Return what came of a call that something else within the tool has cancelled: the run has not."""
    return RuntimeError("the tool was cancelled, and not by who runs it")


async def _called(function: Callable[..., Any], *given: Any) -> Any:
    """Return what a function of the caller's gives, which may be a coroutine function."""
    result = function(*given)
    return await result if isawaitable(result) else result
