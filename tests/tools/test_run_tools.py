"""`run_tools` of both clients: what is done around the decisions of the loop."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import json
import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bedrock_openai_http import (
    BadRequestError,
    ConfigurationError,
    IncompleteStreamError,
    RateLimitError,
    RequestValidationError,
    ToolError,
    ToolLoopError,
    ToolRun,
    validate_request,
)
from bedrock_openai_http.events import CallEnded, CallStarted, Event, ToolEnded, ToolStarted
from bedrock_openai_http.testing import LocalEndpoint
from both import Client
from models import REQUEST, Clock, Model, answer, call, results
from support import KEY, NO_WAITS


def client_with(model: Any, **options: Any) -> Any:
    return Client("us-west-2", api_key=KEY, transport=model, **options)


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


async def awaited(a: int) -> int:
    """Return it, later."""
    return a


def once(*calls: Any) -> Model:
    """Return a model that makes these calls, and then is done."""
    return Model(answer(*calls), answer("Done."))


def test_a_run() -> None:
    """Two turns of calls, an answer, and all of it in the run."""
    model = Model(answer(call("add", {"a": 1})), answer(call("add", {"a": 2})), answer("Done."))
    run = client_with(model).run_tools(REQUEST, [add], extra_headers={"x-mine": "1"})
    assert isinstance(run, ToolRun)
    assert run.completion is not None
    assert (run.completion.text, len(run.turns), run.usage.total_tokens) == ("Done.", 2, 39)
    assert model.told == ["3"]
    assert [len(body["messages"]) for body in model.bodies] == [1, 3, 5]
    assert all(request.headers["x-mine"] == "1" for request in model.requests)


def test_a_run_against_the_stand_in() -> None:
    """The stand-in checks each request as Bedrock does: that of the second turn has the result of the first."""

    def get_weather(city: str) -> str:
        return f"Sunny in {city}."

    with LocalEndpoint(scenario=["plain-tool-calls", None], answer="Take a hat.") as endpoint:
        with Client(endpoint.region, base_url=endpoint.url, api_key=endpoint.api_key) as client:
            run = client.run_tools(REQUEST, [get_weather])
        assert run.completion.text == "Take a hat."
        assert len(endpoint.requests) == 2
        assert endpoint.requests[1].json()["messages"][-1]["content"].startswith("Sunny in ")


def test_two_refunds_and_a_429_of_the_service() -> None:
    """The error of the service keeps its class, and has the run in which both refunds were done."""
    done: list[str] = []

    def refund(order: str) -> str:
        done.append(order)
        return "refunded"

    calls = [call("refund", {"order": "A"}), call("refund", {"order": "B"})]
    model = Model(answer(*calls), (429, {"message": "Too many tokens"}))
    with pytest.raises(RateLimitError) as caught:
        client_with(model, max_attempts=1, world=NO_WAITS).run_tools(REQUEST, [refund])
    run = caught.value.run
    assert run is not None
    assert done == ["A", "B"]
    resumed = client_with(Model(answer("Done."))).run_tools(replace(REQUEST, messages=run.messages), [refund])
    assert [message["role"] for message in resumed.messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert done == ["A", "B"]


def test_results_are_in_order_when_calls_run_at_once() -> None:
    """Two calls that wait for each other both end, and the later one's result stays in its place."""
    both_there = threading.Barrier(2, timeout=5)

    def meet(name: str) -> str:
        both_there.wait()
        time.sleep(0.02 if name == "first" else 0)
        return name

    model = once(call("meet", {"name": "first"}), call("meet", {"name": "second"}))
    client_with(model).run_tools(REQUEST, [meet], max_concurrency=2)
    assert model.told == ["first", "second"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_run_at_once_than_may(most: int) -> None:
    """`max_concurrency` bounds the calls that run at one time, and is made use of."""
    running, seen, lock, all_there = 0, 0, threading.Lock(), threading.Barrier(most)

    def work(number: int) -> int:
        nonlocal running, seen
        with lock:
            running += 1
            seen = max(seen, running)
        if number < most:
            all_there.wait(10)
        with lock:
            running -= 1
        return number

    model = once(*[call("work", {"number": number}) for number in range(5)])
    client_with(model).run_tools(REQUEST, [work], max_concurrency=most)
    assert (seen, model.told) == (most, ["0", "1", "2", "3", "4"])


def test_threads_have_the_callers_context() -> None:
    """A context variable, such as that of a trace, is there in each call that runs in a thread."""
    trace: contextvars.ContextVar[str] = contextvars.ContextVar("trace")
    model = once(call("read", {"n": 1}), call("read", {"n": 2}))

    def read(n: int) -> str:
        return trace.get("none")

    def before(call: Any, arguments: Any) -> None:
        trace.set("mine")  # in the caller's thread, or the run's task

    client_with(model).run_tools(REQUEST, [read], max_concurrency=2, before_call=before)
    assert model.told == ["mine", "mine"]


def test_a_call_that_fails_while_another_runs() -> None:
    """What has begun goes on to its end, what has not is not run, and each call has its result."""
    began = threading.Event()

    def slow(n: int) -> str:
        began.set()
        time.sleep(0.05)
        return "slow"

    def fail(n: int) -> str:
        began.wait(5)
        raise KeyError("SECRET")

    model = Model(answer(call("slow", {"n": 1}), call("fail", {"n": 2}), call("slow", {"n": 3})))
    with pytest.raises(ToolLoopError) as caught:
        client_with(model).run_tools(REQUEST, [slow, fail], max_concurrency=2)
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.run is not None
    told = [result.content for result in caught.value.run.turns[0].results]
    assert told == ["slow", "The tool failed.", "This call was not run."]


@pytest.mark.only("Client", "An AsyncClient runs plain functions in threads of their own.")
def test_one_at_a_time_runs_in_the_callers_thread() -> None:
    """So that what is bound to a thread, such as a connection of sqlite3, can be used."""
    threads: list[int] = []

    def note(n: int) -> None:
        threads.append(threading.get_ident())

    client_with(once(call("note", {"n": 1}), call("note", {"n": 2}))).run_tools(REQUEST, [note])
    assert threads == [threading.get_ident()] * 2


@pytest.mark.only("Client", "An AsyncClient has its threads from `aside`, which has tests of its own.")
def test_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls are run all the same, one after the other."""

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    model = once(call("add", {"a": 1}), call("add", {"a": 2}))
    client_with(model).run_tools(REQUEST, [add], max_concurrency=2)
    assert model.told == ["2", "3"]


# --- what the caller's callables raise


class Stop(Exception):
    """The caller's own."""


class Halt(BaseException):
    """What is no failure, as Ctrl-C and SystemExit are none, which would end an event loop as well."""


@pytest.mark.parametrize("kind", [Stop, RateLimitError, Halt])
@pytest.mark.parametrize("name", ["on_turn", "on_chunk"])
def test_what_a_callable_raises_goes_through_with_the_run(name: str, kind: type[BaseException]) -> None:
    """What `on_turn` and `on_chunk` raise is the caller's own: it comes out as it is, and has the run so far."""
    raised = kind("of another client")
    raised.run = "of another run"  # type: ignore[union-attr]

    def give_up(what: Any) -> None:
        raise raised

    with pytest.raises(type(raised)) as caught:
        client_with(once(call("add", {"a": 1}))).run_tools(REQUEST, [add], **{name: give_up})
    assert caught.value is raised
    assert len(raised.run.turns) == (1 if name == "on_turn" else 0)  # type: ignore[union-attr]
    assert raised.run.messages[0]["role"] == "user"  # type: ignore[union-attr]


@pytest.mark.parametrize("most", [1, 2])
def test_what_is_no_failure_leaves_when_the_turn_has_its_results(most: int) -> None:
    """As Ctrl-C: `on_turn` is told the results of the calls that were run, which are in `.run`; the model is not."""
    events: list[Event] = []
    told: list[ToolRun] = []

    def leave(n: int) -> None:
        while most == 2 and not [event for event in events if isinstance(event, ToolEnded)]:
            time.sleep(0.001)
        raise Halt

    calls = [call("add", {"a": 1}, "c-1"), call("leave", {"n": 1}, "c-2"), call("add", {"a": 2}, "c-3")]
    with pytest.raises(Halt) as caught:
        client_with(Model(answer(*calls)), on_event=events.append).run_tools(
            REQUEST, [leave, add], max_concurrency=most, on_turn=told.append
        )
    started = [event.call_id for event in events if isinstance(event, ToolStarted)]
    ended = [event.call_id for event in events if isinstance(event, ToolEnded)]
    assert sorted(map(str, started)) == sorted(map(str, ended))
    assert "Halt" in [event.error_type for event in events if isinstance(event, ToolEnded)]
    run = caught.value.run  # type: ignore[attr-defined]
    assert told[-1].messages == run.messages
    first, second, _ = results(run.messages)
    assert first == "2"
    assert "it is not known whether it was carried out" in second
    validate_request({"model": "m.m", "messages": run.messages})


NOT_RUN = "This call was not run."


@pytest.mark.parametrize(("most", "told"), [(1, ["paid 0", NOT_RUN]), (2, ["paid 0", "paid 1"])])
def test_a_result_in_hand_is_not_lost_to_who_is_told_of_it(most: int, told: list[str]) -> None:
    """What a call has given is noted before anything else: Ctrl-C while its end is told costs no result."""
    events: list[Event] = []
    threads: list[threading.Thread] = []
    both_run = threading.Barrier(most)

    def pay(n: int) -> str:
        threads.append(threading.current_thread())
        both_run.wait(10)
        return f"paid {n}"

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, ToolEnded) and sum(isinstance(each, ToolEnded) for each in events) == 1:
            for thread in threads:
                if thread is not threading.current_thread():
                    thread.join(10)
            raise Halt

    model = Model(answer(call("pay", {"n": 0}), call("pay", {"n": 1})))
    with pytest.raises(Halt) as caught:
        client_with(model, on_event=listen).run_tools(REQUEST, [pay], max_concurrency=most)
    assert results(caught.value.run.messages) == told  # type: ignore[attr-defined]
    assert [event.error_type for event in events if isinstance(event, ToolEnded)] == [None] * most


@pytest.mark.parametrize("most", [1, 2])
def test_a_call_is_told_as_far_as_it_is_known(most: int) -> None:
    """Broken off before its function is called it was not run; and after that has returned it was carried out."""

    class Receipt:
        def to_dict(self) -> Any:
            raise Halt

    def pay(n: int) -> Any:
        return Receipt()

    def listen(event: Event) -> None:
        if isinstance(event, ToolStarted):
            raise Halt

    for listener, words in ((listen, NOT_RUN), (None, "This call was carried out, but was broken off before its")):
        model = Model(answer(call("pay", {"n": 0})))
        with pytest.raises(Halt) as caught:
            client_with(model, on_event=listener).run_tools(REQUEST, [pay], max_concurrency=most)
        (told,) = results(caught.value.run.messages)  # type: ignore[attr-defined]
        assert told.startswith(words)


def test_a_stop_iteration_of_a_tool_is_a_failure() -> None:
    """It ends the run as any other exception does, and not the generator that decides."""

    def stop(n: int) -> None:
        raise StopIteration

    with pytest.raises(ToolLoopError) as caught:
        client_with(once(call("stop", {"n": 1}))).run_tools(REQUEST, [stop])
    assert caught.value.reason == "tool-failed"


def test_before_call_that_returns_false_runs_nothing() -> None:
    """Who returns False means to say no: that is taken for a mistake, and no call is run."""
    ran: list[int] = []
    with pytest.raises(ToolLoopError) as caught:
        client_with(once(call("note", {"n": 1}))).run_tools(
            REQUEST, [note_in(ran)], before_call=lambda call, arguments: False
        )
    assert "it raises ToolError" in str(caught.value.__cause__)
    assert ran == []


def note_in(ran: list[int]) -> Callable[..., Any]:
    def note(n: int) -> None:
        ran.append(n)

    return note


def test_before_call_is_asked_in_the_callers_thread() -> None:
    """It may ask a person: all calls of a turn, before the first runs, also where they would run at once."""
    order: list[str] = []

    def note(n: int) -> None:
        order.append("ran")

    def before(call: Any, arguments: dict[str, Any]) -> None:
        order.append(f"asked {arguments['n']}")
        if arguments["n"] == 2:
            raise ToolError("No.")

    model = once(*[call("note", {"n": number}) for number in (1, 2, 3)])
    client_with(model).run_tools(REQUEST, [note], before_call=before, max_concurrency=3)
    assert order == ["asked 1", "asked 2", "asked 3", "ran", "ran"]
    assert model.told == ["null", "No.", "null"]


# --- streams, time, and what is refused


def test_each_turn_is_streamed_for_on_chunk() -> None:
    """Chunks are handed over as they come, and add up to what the turns say."""
    chunks: list[Any] = []
    model = once(call("add", {"a": 1}))
    run = client_with(model).run_tools(REQUEST, [add], on_chunk=chunks.append)
    assert all(body["stream"] and body["stream_options"] == {"include_usage": True} for body in model.bodies)
    assert "".join(chunk.text for chunk in chunks) == run.completion.text == "Done."
    assert (model.told, run.usage.total_tokens) == (["2"], 26)


def test_a_stream_that_breaks_off_has_the_run() -> None:
    """An error in the middle of a later turn's stream has both what had arrived and what was done before."""

    class Breaking(Model):
        def open(self, *args: Any) -> Any:
            opened = super().open(*args)
            if len(self.bodies) == 2:
                opened._body = opened._body.partition(b"data: [DONE]")[0]
            return opened

    model = Breaking(answer(call("add", {"a": 1})), answer("Done."))
    with pytest.raises(IncompleteStreamError) as caught:
        client_with(model).run_tools(REQUEST, [add], on_chunk=lambda chunk: None)
    assert caught.value.partial is not None
    assert caught.value.run is not None
    assert len(caught.value.run.turns) == 1


def test_the_deadline_is_for_all_and_the_clients_for_each() -> None:
    """Each completion has what is left of the run's deadline, at most the client's own."""
    clock = Clock()

    def work(n: int) -> None:
        clock.now += 25

    model = once(call("work", {"n": 1}))
    world = replace(NO_WAITS, clock=clock)
    client_with(model, world=world, deadline=20).run_tools(REQUEST, [work], deadline=30)
    assert [limits.deadline for limits in model.limits] == [120, 130]
    model = once(call("work", {"n": 1}))
    client_with(model, world=world, deadline=20).run_tools(REQUEST, [work])
    assert [limits.deadline for limits in model.limits] == [145, 170]


@pytest.mark.only("Client", "An AsyncClient takes coroutine functions.")
@pytest.mark.parametrize("name", ["before_call", "on_turn", "on_chunk"])
def test_coroutine_functions_are_refused(name: str) -> None:
    """An `async def` would never be awaited: it is a TypeError before anything is sent."""
    model = Model()
    with pytest.raises(TypeError, match=f"{name}: is a coroutine function, which AsyncClient takes"):
        client_with(model).run_tools(REQUEST, [add], **{name: awaited})
    with pytest.raises(TypeError, match="awaited is a coroutine function, which AsyncClient takes"):
        client_with(model).run_tools(REQUEST, [awaited])
    assert model.bodies == []


@pytest.mark.parametrize("name", ["before_call", "on_turn", "on_chunk"])
def test_what_is_no_callable_is_refused(name: str) -> None:
    """Anything else than a callable is a TypeError that names the argument."""
    with pytest.raises(TypeError, match=f"{name}: must be a function, not str"):
        client_with(Model()).run_tools(REQUEST, [add], **{name: "print"})


def test_what_is_refused_has_a_run() -> None:
    """Each error of ours has the run so far, also one of an option or a header."""
    for options, kind in (
        ({"max_turns": 0}, ConfigurationError),
        ({"extra_headers": {"authorization": "mine"}}, ConfigurationError),
    ):
        with pytest.raises(kind) as caught:
            client_with(Model()).run_tools(REQUEST, [add], **options)
        assert caught.value.run is not None
        assert caught.value.run.messages == [{"role": "user", "content": "SECRET prompt"}]
    with pytest.raises(RequestValidationError):
        client_with(Model(), unknown_fields="refuse").run_tools({**REQUEST.to_body(), "later": 1}, [add])
    client_with(Model(answer("a")), unknown_fields="send").run_tools({**REQUEST.to_body(), "later": 1}, [add])


# --- events


def test_events_name_tools_and_hold_no_content() -> None:
    """Each call of a tool is told with the ID of the call that it was answered in, its name, and what it raised."""
    events: list[Event] = []

    def refuse(why: str) -> None:
        raise ToolError(why)

    calls = [call("add", {"a": 7654321}), call("refuse", {"why": "SECRET"}), call("nope"), call("add", {"a": "x"})]
    client_with(once(*calls), on_event=events.append).run_tools(REQUEST, [add, refuse])
    kinds = [type(event) for event in events if isinstance(event, (CallStarted, CallEnded, ToolStarted, ToolEnded))]
    assert kinds == [CallStarted, CallEnded, ToolStarted, ToolEnded, ToolStarted, ToolEnded, CallStarted, CallEnded]
    tools = [event for event in events if isinstance(event, (ToolStarted, ToolEnded))]
    assert [(event.tool, event.call_id, event.error_type) for event in tools] == [
        ("add", "call_0", None),
        ("add", "call_0", None),
        ("refuse", "call_1", None),
        ("refuse", "call_1", "ToolError"),
    ]
    assert {event.invocation_id for event in tools} == {events[0].invocation_id}
    assert tools[0].elapsed > 0
    assert "SECRET" not in repr(events)
    assert "7654321" not in repr(tools)


def test_an_odd_id_of_a_call_is_left_out() -> None:
    """The ID of a call is the model's word: one that is no ID is no part of an event."""
    events: list[Event] = []
    body = answer(call("add", {"a": 1}))
    body["choices"][0]["message"]["tool_calls"][0]["id"] = "SECRET words"
    model = Model(body, answer("Done."))
    client_with(model, on_event=events.append).run_tools(REQUEST, [add])
    assert [event.call_id for event in events if isinstance(event, (ToolStarted, ToolEnded))] == [None, None]
    assert model.bodies[1]["messages"][-1]["tool_call_id"] == "SECRET words"


def test_who_listens_cannot_break_a_run() -> None:
    """What a listener raises is logged and changes nothing."""

    def listen(event: Event) -> None:
        raise ValueError("SECRET")

    run = client_with(once(call("add", {"a": 1})), on_event=listen).run_tools(REQUEST, [add])
    assert run.completion.text == "Done."


def test_the_log_has_a_line_for_each_call(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG the logger says which tool ran and how it ended, without arguments or results."""
    with caplog.at_level(logging.DEBUG, "bedrock_openai_http"):
        client_with(once(call("add", {"a": 7654321}))).run_tools(REQUEST, [add])
    lines = [record.getMessage() for record in caplog.records if "tool " in record.getMessage()]
    assert [line.partition(": tool ")[2] for line in lines] == ["add, call_0: started", "add, call_0: returned"]
    assert "765432" not in json.dumps(lines)


@pytest.mark.only("Client", "What an event loop keeps of a task that has failed is not ours.")
@pytest.mark.parametrize(
    "answers",
    [
        [answer(call("add", {"a": 1})), answer("Done.")],
        [answer(call("fail", {"a": 1}), call("add", {"a": 2}))],
        [answer(call("add", {"a": 1})), (400, {"message": "no"})],
        [answer("", finish="length")],
    ],
)
@pytest.mark.parametrize("most", [1, 2])
def test_a_run_that_is_over_keeps_nothing_alive(answers: list[Any], most: int) -> None:
    """Who drops the client and the error frees the prompt and the connections at once, without the collector."""

    def fail(a: int) -> None:
        raise KeyError(a)

    def run() -> weakref.ref[Model]:
        model = Model(*answers)
        with contextlib.suppress(ToolLoopError, BadRequestError):
            client_with(model).run_tools(REQUEST, [add, fail], max_concurrency=most)
        return weakref.ref(model)

    gc.disable()
    try:
        assert run()() is None
    finally:
        gc.enable()
