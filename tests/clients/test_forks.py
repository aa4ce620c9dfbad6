"""The child of a fork can use what it inherits, whatever other threads were at when it was born."""

from __future__ import annotations

import ast
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import DeferredRefreshableCredentials

import bedrock_openai_http
from bedrock_openai_http import ApiKeyProvider, Client, Credentials
from bedrock_openai_http.call import retry
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.values import forks, once
from forking import FORKS, in_a_child
from support import KEY, REQUEST

pytestmark = FORKS

PACKAGE = Path(bedrock_openai_http.__file__).parent
LOCKS = (type(threading.Lock()), type(threading.RLock()))


@contextmanager
def in_a_thread(work: Callable[[], object]) -> Iterator[None]:
    """Run `work` in another thread, and wait for its end at the end of the block."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join(30)
    assert not thread.is_alive()


@contextmanager
def held(*locks: Any) -> Iterator[None]:
    """Have another thread hold `locks` within the block."""
    holding, enough = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        holding.set()
        enough.wait(30)
        for lock in locks:
            lock.release()

    with in_a_thread(hold):
        assert holding.wait(30)
        try:
            yield
        finally:
            enough.set()


def locks_of(*owners: object) -> list[Any]:
    """Return every lock that is an attribute of one of `owners`."""
    return [value for owner in owners for value in vars(owner).values() if isinstance(value, LOCKS)]


def test_every_lock_of_a_client_is_renewed() -> None:
    """With each lock of a client held by another thread, a child makes its call, and so does the parent later."""
    with LocalEndpoint() as endpoint, Client("us-west-2", base_url=endpoint.url, api_key=endpoint.api_key) as client:
        client.complete(REQUEST)
        owners = [client, client._planner.session, client._source, client._planner.session.quota, client._transport]
        locks = locks_of(*owners)
        assert len(locks) >= 2
        with held(*locks):
            assert in_a_child(lambda: client.complete(REQUEST).text)()
        assert client.complete(REQUEST).text


def test_who_makes_a_lock_renews_it() -> None:
    """Each module that makes a lock says what becomes of it in the child of a fork."""
    makers = []
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        named = {node.func.attr for node in calls if isinstance(node.func, ast.Attribute)}
        if named & {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"}:
            makers.append(path.name)
            # A stream's lock is waited for a second at most, and none of another process's is read in a child.
            assert "after_fork" in source or "in_child(" in source or path.name == "stream.py", path
    assert len(makers) >= 3
    # It has one lock for all instances of a class before Python 3.12.
    assert not [
        path for path in PACKAGE.rglob("*.py") if "import cached_property" in path.read_text(encoding="utf-8")
    ]


def test_what_was_noted_is_freed() -> None:
    """An object that is to be renewed after forks is freed like any other."""
    before = len(forks._inherited)
    quotas = [retry.RetryQuota() for _ in range(10)]
    assert len(forks._inherited) == before + 10
    del quotas
    gc.collect()
    assert len(forks._inherited) <= before


def test_a_fork_that_began_before_forks_were_waited_for() -> None:
    """Where a process forks while a thread makes its first call, the fork's end alone is called, and is silent."""
    wait = forks._ForkWait()
    wait.end()
    wait.begin()
    taken: list[bool] = []
    with in_a_thread(lambda: taken.append(forks._loading.acquire(blocking=False))):
        pass
    wait.end()
    with in_a_thread(lambda: taken.append(forks._loading.acquire(blocking=False) and not forks._loading.release())):
        pass
    assert taken == [False, True]


def test_a_fork_from_within_a_thread() -> None:
    """It does not matter which thread forks, nor that the child's only thread is not the parent's main one."""
    outcomes: list[bool] = []
    with LocalEndpoint() as endpoint, Client("us-west-2", base_url=endpoint.url, api_key=endpoint.api_key) as client:
        client.complete(REQUEST)
        with held(*locks_of(client._planner.session.quota, client._transport)):
            with in_a_thread(lambda: outcomes.append(in_a_child(lambda: client.complete(REQUEST).text)())):
                pass
    assert outcomes == [True]


def test_a_child_of_a_child() -> None:
    """A grandchild, born while its parent was busy too, makes its call."""
    with LocalEndpoint() as endpoint, Client("us-west-2", base_url=endpoint.url, api_key=endpoint.api_key) as client:

        def child() -> bool:
            with held(*locks_of(client._planner.session.quota, client._transport)):
                return in_a_child(lambda: client.complete(REQUEST).text)()

        client.complete(REQUEST)
        with held(*locks_of(client._planner.session.quota, client._transport)):
            assert in_a_child(child)()


class Slow:
    """A look-up of credentials that waits, in the parent, until a test lets it go on; a child does not wait."""

    def __init__(self, keys: Credentials) -> None:
        self._keys = keys
        self._parent = os.getpid()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> Credentials:
        if os.getpid() == self._parent:
            self.reached.set()
            self.go_on.wait(30)
        return self._keys

    def refresh(self) -> dict[str, Any]:
        """Return what botocore takes for a refresh."""
        keys = self()
        until = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
        return {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "expiry_time": until,
        }


LOOK_UPS: dict[str, Callable[[Slow], dict[str, Any]]] = {
    "a credentials callable": lambda slow: {"credentials": slow},
    "a provider of API keys": lambda slow: {"api_key": ApiKeyProvider("us-west-2", credentials=slow)},
    "a provider with a refresh": lambda slow: {
        "api_key": ApiKeyProvider("us-west-2", credentials=DeferredRefreshableCredentials(slow.refresh, "test"))
    },
    # botocore's own lock is held by the thread that refreshes.
    "a refresh": lambda slow: {"credentials": DeferredRefreshableCredentials(slow.refresh, "test")},
    "a refresh behind a callable": lambda slow: {
        "credentials": partial(lambda keys: keys, DeferredRefreshableCredentials(slow.refresh, "test"))
    },
}


@pytest.mark.parametrize("deadline", [None, 20.0])
@pytest.mark.parametrize("kind", LOOK_UPS)
def test_a_look_up_under_way(kind: str, deadline: float | None) -> None:
    """A child that is born while a thread looks up, mints or refreshes does so itself; both have their answer."""
    with LocalEndpoint() as endpoint:
        slow, answers = Slow(endpoint.credentials), []
        with Client("us-west-2", base_url=endpoint.url, deadline=deadline, **LOOK_UPS[kind](slow)) as client:
            with in_a_thread(lambda: answers.append(client.complete(REQUEST).text)):
                assert slow.reached.wait(30)
                finished = in_a_child(lambda: client.complete(REQUEST).text)
                slow.go_on.set()
                assert finished()
    assert len(answers) == 1


@pytest.mark.parametrize("deadline", [None, 20.0])
def test_a_credential_process_under_way(
    deadline: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that is born while a thread waits for a credential_process runs it anew, by a session of its own."""
    with LocalEndpoint() as endpoint:
        keys, go_on = endpoint.credentials, tmp_path / "go-on"
        document = (
            f'{{"Version": 1, "AccessKeyId": "{keys.access_key}", "SecretAccessKey": "{keys.secret_key}", '
            f'"SessionToken": "{keys.token}"}}'
        )
        (tmp_path / "keys").write_text(document)
        # The first run waits; the second is the child's.
        (tmp_path / "process.sh").write_text(
            f"mkdir {tmp_path}/first 2>/dev/null && touch {tmp_path}/reached && "
            f"for _ in $(seq 500); do [ -e {go_on} ] && break; sleep 0.02; done; cat {tmp_path}/keys\n"
        )
        (tmp_path / "config").write_text(f"[default]\ncredential_process = sh {tmp_path}/process.sh\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        with Client("us-west-2", base_url=endpoint.url, deadline=deadline) as client:
            with in_a_thread(lambda: client.complete(REQUEST)):
                while not (tmp_path / "reached").exists():
                    time.sleep(0.01)
                finished = in_a_child(lambda: client.complete(REQUEST).text)
                assert finished()
                go_on.touch()
            assert client.complete(REQUEST).text
        assert len(endpoint.requests) == 3


def test_many_forks_of_a_busy_process() -> None:
    """A process whose threads make calls all the time forks again and again, and each child has its answer.

    A longer run, with more kinds of credentials: `python benchmarks/forks.py`.
    """
    stop, failures = threading.Event(), []
    with LocalEndpoint() as endpoint:
        keys = endpoint.credentials
        provider = ApiKeyProvider("us-west-2", credentials=lambda: keys, lifetime=1)
        shared = [
            Client("us-west-2", base_url=endpoint.url, deadline=20.0, **options)
            for options in ({"credentials": lambda: keys}, {"api_key": provider})
        ]

        def busy() -> None:
            while not stop.is_set():
                for client in shared:
                    client.complete(REQUEST)

        with in_a_thread(busy), in_a_thread(busy):
            for number in range(30):
                if not in_a_child(lambda number=number: shared[number % 2].complete(REQUEST).text)():
                    failures.append(number)
            stop.set()
        for client in shared:
            client.close()
    assert failures == []


COLD = """
import logging, os, signal, sys, threading, time, warnings
from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, Client, UserMessage

warnings.simplefilter("ignore")

def first_call():
    # Nothing listens on port 9: what counts is that the way to there ends.
    client = Client("us-west-2", base_url="http://127.0.0.1:9", api_key="bedrock-api-key-x", max_attempts=1)
    try:
        client.complete(ChatCompletionRequest("m", [UserMessage("x")]))
    except BedrockOpenAIError:
        pass

def ended_well(work):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            os._exit(work())
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]

def cold(delay):
    thread = threading.Thread(target=first_call)
    thread.start()
    time.sleep(delay)
    return ended_well(lambda: first_call() or 0) != 0

print([ended_well(lambda: cold(delay)) for delay in map(float, sys.argv[1:])])
"""


def test_a_fork_while_libraries_are_loaded() -> None:
    """A child that is born while another thread makes the first call, and loads what it needs, can load it too."""
    delays = ["0.01", "0.03", "0.06", "0.1", "0.15"]
    run = subprocess.run(
        [sys.executable, "-c", COLD, *delays], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout.strip() == str([0] * len(delays)), run.stderr


def test_a_child_that_leaves_a_local_endpoint() -> None:
    """A child that leaves the `with` block of its parent's endpoint neither hangs nor ends it for the parent."""
    with LocalEndpoint() as endpoint, Client(base_url=endpoint.url, api_key=endpoint.api_key) as client:
        client.complete(REQUEST)
        assert in_a_child(lambda: endpoint.stop() is None)()
        assert client.complete(REQUEST).text
        assert [request.method for request in endpoint.requests] == ["POST"] * 2


def test_attributes_that_are_computed_once() -> None:
    """Threads that ask at the same time get one value, and none waits for another; the class gives the attribute."""
    both = threading.Barrier(2, timeout=30)

    class Asked:
        @once.once
        def value(self) -> object:
            """What it is."""
            both.wait()  # passes only if two compute at the same time
            return object()

    asked, found = Asked(), []
    with in_a_thread(lambda: found.append(asked.value)):
        found.append(asked.value)
    assert len(set(found)) == 1
    assert asked.value is found[0]
    assert Asked.value.__doc__ == "What it is."
    client = Client(api_key=KEY)
    assert client.chat is client.chat
