"""Waiting beside a loop, and alarms that move (pitfalls 16, 27 and 28)."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
import warnings
from typing import Any

import pytest

from aio_calls import failure_of, fetch, transport_of
from bedrock_openai_http.transport.aio.alarm import Alarm
from bedrock_openai_http.transport.aio.aside import Awaiting, aside
from bedrock_openai_http.transport.aio.resolver import Resolver
from support import RawServer, http


async def key() -> str:
    await asyncio.sleep(0)
    return "key"


def test_work_is_done_in_another_thread() -> None:
    """What `aside` is given runs in a thread that is not the loop's, and what it gives or raises comes back."""

    def fail() -> None:
        raise KeyError("x")

    async def main() -> None:
        assert await aside(threading.get_ident) != threading.get_ident()
        with pytest.raises(KeyError):
            await aside(fail)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await aside(lambda: next(iter(())))

    asyncio.run(main())


def test_coroutine_functions_are_awaited_on_the_loop() -> None:
    """A coroutine function runs on the loop of the call, while its caller's thread waits."""

    async def where() -> Any:
        return asyncio.get_running_loop(), threading.get_ident()

    async def main() -> None:
        assert await aside(Awaiting(where)) == (asyncio.get_running_loop(), threading.get_ident())
        assert await aside(Awaiting(lambda: "plain")) == "plain"

    asyncio.run(main())


def test_cancelling_cancels_what_the_loop_does_for_it() -> None:
    """Who gives up waiting has the coroutine cancelled that the thread waits for."""
    ends: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def main() -> None:
        task = asyncio.ensure_future(aside(Awaiting(hang)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert ends == ["cancelled"]


def test_what_hangs_keeps_no_program_from_ending() -> None:
    """A look-up that never ends is left behind: `asyncio.run` does not wait for its thread (28)."""
    enough = threading.Event()

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aside(lambda: enough.wait(20)), 0.02)

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 2
    enough.set()  # its loop is closed by now, which is nobody's trouble


def test_without_a_thread_it_is_done_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be had the work is done on the loop; what would have to wait for the loop fails."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        assert await aside(lambda: "found") == "found"
        with pytest.raises(RuntimeError, match="no thread"):
            await asyncio.wait_for(aside(Awaiting(key)), 5)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    asyncio.run(main())


def test_a_coroutine_that_nobody_waits_for_is_not_begun() -> None:
    """A thread that is late, after its task or its loop has ended, gets an error, and Python has nothing to say."""
    go_on, ended = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def late() -> None:
        go_on.wait(10)
        try:
            Awaiting(key)()
        except RuntimeError as error:
            failures.append(error)
        finally:
            ended.set()

    async def main() -> None:
        task = asyncio.ensure_future(aside(late))
        await asyncio.sleep(0.01)
        task.cancel()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        go_on.set()
        assert ended.wait(10)
    assert [type(error) for error in failures] == [RuntimeError]


def test_names_are_looked_up_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver asks getaddrinfo, in a thread, whether aiodns is installed or not (27); links keep their scope."""
    asked: list[Any] = []

    def lookup(host: str, port: int, **options: Any) -> list[Any]:
        asked.append((host, port, threading.get_ident()))
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", port, 0, 2)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    found = asyncio.run(Resolver().resolve("host.example", 443))
    assert [(each["host"], each["port"], each["hostname"]) for each in found] == [
        ("fe80::1%2", 443, "host.example"),
        ("127.0.0.1", 443, "host.example"),
    ]
    assert [call[:2] for call in asked] == [("host.example", 443)]
    assert asked[0][2] != threading.get_ident()


def test_a_look_up_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up for ever is "connect" when the time to connect is over, and holds nothing up (28)."""
    enough, lookup = threading.Event(), socket.getaddrinfo

    def hang(host: Any, *args: Any, **options: Any) -> Any:
        return enough.wait(20) if host == "host.example" else lookup(host, *args, **options)

    async def main() -> None:
        async with transport_of() as transport:
            failure = await failure_of(transport, "http://host.example:1", connect=0.05)
            assert (failure.phase, str(failure)[:13]) == ("connect", "no connection")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 2
    enough.set()


def test_an_alarm_wakes_its_task() -> None:
    """Within its block an alarm raises TimeoutError at its moment, and leaves no cancellation behind."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            with Alarm(loop, loop.time() + 0.01):
                await asyncio.sleep(5)
        await asyncio.sleep(0)  # not cancelled
        with Alarm(loop, loop.time() + 5):
            await asyncio.sleep(0)

    asyncio.run(main())


def test_another_task_moves_an_alarm() -> None:
    """Moved by another task, an alarm wakes its own task, at the new moment; the other is left alone (16)."""

    async def move(alarm: Alarm, moment: float) -> str:
        alarm.move(moment)
        await asyncio.sleep(0.05)
        return "left alone"

    async def main() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimeoutError):
            with Alarm(loop, began + 5) as alarm:
                other = asyncio.ensure_future(move(alarm, began + 0.02))
                await asyncio.sleep(5)
        took = loop.time() - began
        assert await other == "left alone"
        return took

    assert 0.015 < asyncio.run(main()) < 1


@pytest.mark.parametrize("first", ["other", "alarm"])
def test_who_is_cancelled_by_others_stays_cancelled(first: str) -> None:
    """An alarm at the moment of somebody's cancellation does not hide it.

    Before Python 3.11 nobody can tell a cancellation that comes after the alarm's, at the same moment.
    """
    if first == "alarm" and sys.version_info < (3, 11):
        return

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        with Alarm(loop, loop.time() + 5) as alarm:
            alarms.append(alarm)
            await asyncio.sleep(5)

    alarms: list[Alarm] = []

    async def main() -> None:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        steps = [task.cancel, alarms[0]._ring]
        for step in steps if first == "other" else reversed(steps):
            step()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_call_that_is_cancelled_at_its_alarm_is_cancelled() -> None:
    """Through all of aiohttp too: a call whose task is cancelled as its time is over ends as cancelled."""

    async def main() -> None:
        async with transport_of() as transport:
            task = asyncio.ensure_future(fetch(transport, server.url, read=0.05))
            loop = asyncio.get_running_loop()
            while not server.requests:
                await asyncio.sleep(0.001)
            (call,) = [each for each in loop._scheduled if "Alarm._ring" in repr(each) and not each.cancelled()]  # type: ignore[attr-defined]
            task.cancel()
            call._callback()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await fetch(transport, server.url) == b"ok"

    with RawServer(lambda number: [0.2] if number == 1 else [http(b"ok")]) as server:
        asyncio.run(main())
