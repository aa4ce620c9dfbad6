"""`AsyncClient.run_tools`: coroutine functions are awaited, plain ones run beside the loop, cancelling ends them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import pytest

from bedrock_openai_http import AsyncClient, ToolError, ToolLoopError, ToolRun
from bedrock_openai_http.events import Event, ToolEnded, ToolStarted
from models import REQUEST, Model, answer, call, results
from support import KEY

Result = TypeVar("Result")


class AsyncModel(Model):
    """The same for an event loop."""

    async def aopen(self, *args: Any) -> Any:
        return self.open(*args)

    async def aclose(self) -> None: ...


def once(*calls: Any) -> AsyncModel:
    return AsyncModel(answer(*calls), answer("Done."))


def client_with(model: AsyncModel, **options: Any) -> AsyncClient:
    return AsyncClient("us-west-2", api_key=KEY, transport=model, **options)  # type: ignore[arg-type]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(work, 10))


def threads_of(*functions: Any) -> Any:
    """Return the results of a run of these tools, each called once."""
    model = once(*[call(f"tool_{index}", {}) for index in range(len(functions))])
    named = [partial(each) for each in functions]
    for index, each in enumerate(named):
        each.func.__name__ = f"tool_{index}"
    run(client_with(model).run_tools(REQUEST, named))
    return model.told


def test_coroutine_functions_are_awaited_and_others_run_in_threads() -> None:
    """A coroutine function runs on the loop, a plain one beside it, and what a plain one returns may be awaited."""

    async def awaited() -> str:
        return str(threading.get_ident() == here)

    def plain() -> str:
        return str(threading.get_ident() == here)

    def gives_an_awaitable() -> Any:
        return awaited_in_the_end()

    async def awaited_in_the_end() -> str:
        return str(threading.get_ident() == here)

    here = threading.get_ident()
    assert threads_of(awaited, plain, gives_an_awaitable) == ["True", "False", "True"]


@pytest.mark.parametrize("most", [1, 2])
def test_coroutines_run_at_once_in_order(most: int) -> None:
    """As many as may run at one time do so, and their results stand in the order of the calls."""
    running = seen = 0

    async def work(number: int) -> int:
        nonlocal running, seen
        running += 1
        seen = max(seen, running)
        await asyncio.sleep(0.002 * (3 - number))
        running -= 1
        return number

    model = once(*[call("work", {"number": number}) for number in range(3)])
    run(client_with(model).run_tools(REQUEST, [work], max_concurrency=most))
    assert (seen, model.told) == (most, ["0", "1", "2"])


def test_callables_may_be_coroutine_functions() -> None:
    """`before_call`, `on_turn` and `on_chunk` are awaited, and what they raise means what it means elsewhere."""
    seen: list[Any] = []

    async def before(call: Any, arguments: Any) -> None:
        await asyncio.sleep(0)
        if arguments["a"] == 1:
            raise ToolError("No.")

    async def on_turn(run: ToolRun) -> None:
        await asyncio.sleep(0)
        seen.append(len(run.turns))

    async def on_chunk(chunk: Any) -> None:
        await asyncio.sleep(0)
        seen.append(chunk.text)

    async def double(a: int) -> int:
        return 2 * a

    model = once(call("double", {"a": 1}), call("double", {"a": 2}))
    work = client_with(model).run_tools(
        REQUEST, [double], before_call=before, on_turn=on_turn, on_chunk=on_chunk, max_concurrency=2
    )
    run(work)
    assert model.told == ["No.", "4"]
    assert [each for each in seen if each != ""] == [1, "Don", "e.", 1]


def test_cancelling_a_run_cancels_its_calls() -> None:
    """Both calls that run are cancelled and have left before the run does; each is told to have ended so."""
    events: list[Event] = []
    left: list[int] = []

    async def work(number: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.001)  # it tidies up
            left.append(number)

    async def cancelled() -> None:
        before = asyncio.all_tasks()
        model = once(*[call("work", {"number": number}) for number in range(3)])
        client = client_with(model, on_event=events.append)
        task = asyncio.create_task(client.run_tools(REQUEST, [work], max_concurrency=2))
        while sum(isinstance(event, ToolStarted) for event in events) < 2:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(left) == [0, 1]
        assert asyncio.all_tasks() == before

    run(cancelled())
    assert [event.error_type for event in events if isinstance(event, ToolEnded)] == ["cancelled", "cancelled"]


def test_cancelling_does_not_wait_for_a_thread() -> None:
    """A plain function cannot be broken off: its thread goes on, and nobody waits for it."""
    go_on = threading.Event()

    def work() -> None:
        go_on.wait(10)

    async def cancelled() -> None:
        task = asyncio.create_task(client_with(once(call("work"))).run_tools(REQUEST, [work]))
        await asyncio.sleep(0.05)
        task.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 5

    try:
        run(cancelled())
    finally:
        go_on.set()


def test_a_call_that_fails_while_another_runs() -> None:
    """The other goes on to its end, and its result is kept; the one behind is not run."""

    async def slow() -> str:
        await asyncio.sleep(0.01)
        return "slow"

    async def fail() -> None:
        raise KeyError("SECRET")

    model = AsyncModel(answer(call("slow"), call("fail"), call("slow")))
    with pytest.raises(ToolLoopError) as caught:
        run(client_with(model).run_tools(REQUEST, [slow, fail], max_concurrency=2))
    assert caught.value.run is not None
    told = [result.content for result in caught.value.run.turns[0].results]
    assert told == ["slow", "The tool failed.", "This call was not run."]


def test_a_tool_that_is_cancelled_from_elsewhere() -> None:
    """Whoever cancels what a tool waits for has not cancelled the run: it is a failure of the tool, with the run."""

    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ToolLoopError) as caught:
        run(client_with(once(call("work"))).run_tools(REQUEST, [work]))
    assert caught.value.reason == "tool-failed"
    assert caught.value.run is not None


def test_a_run_that_is_cancelled_has_told_its_results() -> None:
    """`on_turn` is told what the calls of the turn have given, of the one broken off too."""
    told: list[ToolRun] = []

    async def quick() -> str:
        return "done"

    async def work() -> None:
        begun = asyncio.Event()

        async def slow() -> None:
            begun.set()
            await asyncio.sleep(60)

        model = once(call("quick"), call("slow"))
        task = asyncio.create_task(client_with(model).run_tools(REQUEST, [quick, slow], on_turn=told.append))
        await begun.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        run(work())
    first, second = results(told[-1].messages)
    assert first == "done"
    assert "broken off" in second


def left_by(tools: Any, *calls: Any) -> list[str]:
    """Return the results of a run that one of its tools ends by `cancel_run`."""
    told: list[ToolRun] = []
    work = client_with(AsyncModel(answer(*calls))).run_tools(REQUEST, tools, max_concurrency=2, on_turn=told.append)
    with pytest.raises(asyncio.CancelledError):  # which Python 3.10 makes anew where a task is awaited
        run(named(work))
    return results(told[-1].messages)


async def named(work: Coroutine[Any, Any, Result]) -> Result:
    return await asyncio.create_task(work, name="run")


def cancel_run() -> None:
    next(task for task in asyncio.all_tasks() if task.get_name() == "run").cancel()


def test_what_a_call_gives_after_the_cancellation_is_its_result() -> None:
    """A tool may end its work before it leaves, or may itself have cancelled the run: what it gives is known."""

    async def pay(n: int) -> str:
        if n == 1:
            cancel_run()
            return "paid 1"
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # the bank has it: the booking is finished
        return "paid 0"

    assert left_by([pay], call("pay", {"n": 0}), call("pay", {"n": 1})) == ["paid 0", "paid 1"]


def paid_in_a_thread() -> tuple[Callable[[], str], Callable[[], None]]:
    """Return a plain tool, and a function that waits until the thread it ran in has ended."""
    begun = threading.Event()
    threads: list[threading.Thread] = []

    def pay() -> str:
        threads.append(threading.current_thread())
        begun.set()
        return "paid"

    def wait() -> None:
        begun.wait(10)
        threads[0].join(10)

    return pay, wait


def test_what_a_thread_has_given_is_a_result_whatever_the_loop_has_seen() -> None:
    """A plain function has ended, its task has not heard of it yet, and the run is cancelled: the result is known."""
    pay, wait_for_its_thread = paid_in_a_thread()

    async def leave() -> None:
        wait_for_its_thread()
        cancel_run()
        await asyncio.sleep(60)

    paid, left = left_by([pay, leave], call("pay"), call("leave"))
    assert paid == "paid"
    assert "not known whether" in left


def test_what_a_thread_has_given_is_a_result_though_its_task_was_cancelled() -> None:
    """Another tool cancels the task of a plain function that has ended: nothing failed, and the run goes on."""
    pay, wait_for_its_thread = paid_in_a_thread()

    async def played() -> list[str]:
        before = asyncio.all_tasks()

        async def meddle() -> str:
            wait_for_its_thread()
            current = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() - before if task is not current]
            return str([task.cancel() for task in others])

        model = once(call("pay"), call("meddle"))
        await client_with(model).run_tools(REQUEST, [pay, meddle], max_concurrency=2)
        return model.told

    assert run(played()) == ["paid", "[True]"]


def test_a_call_whose_task_never_began_was_not_run() -> None:
    """Where a run breaks off between two calls that begin at once, it is known that neither function was called."""

    class Halt(BaseException): ...

    ran: list[int] = []
    started: list[Event] = []

    async def pay(n: int) -> None:
        ran.append(n)

    def listen(event: Event) -> None:
        started.extend([event] if isinstance(event, ToolStarted) else [])
        if len(started) == 2:
            raise Halt

    model = AsyncModel(answer(call("pay", {"n": 0}), call("pay", {"n": 1})))
    with pytest.raises(Halt) as caught:
        run(client_with(model, on_event=listen).run_tools(REQUEST, [pay], max_concurrency=2))
    assert results(caught.value.run.messages) == ["This call was not run."] * 2  # type: ignore[attr-defined]
    assert ran == []


def test_the_loop_is_free_while_plain_functions_run() -> None:
    """A function can wait for what another task does meanwhile."""
    begun, done = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        return "free" if done.wait(10) else "not free"

    async def both() -> ToolRun:
        task = asyncio.create_task(client_with(once(call("work"))).run_tools(REQUEST, [work]))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        done.set()
        return await task

    assert results(run(both()).messages[:-1]) == ["free"]
