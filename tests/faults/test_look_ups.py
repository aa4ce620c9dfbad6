"""Credentials whose look-up hangs: a call with a deadline ends on time, and others are not held up."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import botocore.credentials
import pytest

from bedrock_openai_http import (
    ApiKeyProvider,
    APITimeoutError,
    BedrockOpenAIError,
    Credentials,
    CredentialsError,
    PermissionDeniedError,
)
from bedrock_openai_http.aws import waiting
from bedrock_openai_http.aws.chain import Refreshing
from both import KINDS, Client
from calls import complete, stream
from signed_calls import KEYS, SECRETS
from support import COMPLETION, KEY, REQUEST, RawServer, http

Check = Callable[..., Any]

#: Seconds that calls are given here, and that they may take: the machine is shared.
DEADLINE, AT_MOST = 0.15, 3.0


class Gate:
    """What a look-up hangs at, until the test is over; it counts those that came."""

    def __init__(self) -> None:
        self.came = 0
        self._open = threading.Event()

    def hang(self, *ignored: object) -> Any:
        self.came += 1
        self._open.wait(30)
        return None

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate, before = Gate(), threading.active_count()
    yield gate
    gate.open()
    wait_for(lambda: threading.active_count() <= before, 5)


@pytest.fixture
def service() -> Iterator[RawServer]:
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        yield server


def wait_for(happened: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)


def metadata(keys: Credentials = KEYS, minutes: float = 60) -> dict[str, Any]:
    until = (datetime.now(timezone.utc) + timedelta(minutes=minutes)).isoformat()
    return {"access_key": keys.access_key, "secret_key": keys.secret_key, "token": keys.token, "expiry_time": until}


def refreshable(refresh: Callable[[], Any], minutes: float) -> Any:
    """Return credentials of botocore's that end in so many minutes; it refreshes them 15 minutes before."""
    return botocore.credentials.RefreshableCredentials.create_from_metadata(
        metadata(minutes=minutes), refresh, "test"
    )


def deferred(refresh: Callable[[], Any]) -> Any:
    """Return credentials of botocore's as those of an assumed role: nothing is asked for before they are read."""
    return botocore.credentials.DeferredRefreshableCredentials(refresh, "test")


class Lazy:
    """Credentials of somebody's own, whose properties look them up."""

    secret_key, token = KEYS.secret_key, KEYS.token

    def __init__(self, hang: Callable[[], Any]) -> None:
        self._hang = hang

    @property
    def access_key(self) -> str:
        self._hang()
        return KEYS.access_key


HANGING: dict[str, Callable[[Gate], dict[str, Any]]] = {
    "an api_key callable": lambda gate: {"api_key": gate.hang},
    "a credentials callable": lambda gate: {"credentials": gate.hang},
    "a callable of lazy credentials": lambda gate: {"credentials": lambda: deferred(gate.hang)},
    "a refresh": lambda gate: {"credentials": refreshable(gate.hang, 5)},
    "an assumed role": lambda gate: {"credentials": deferred(gate.hang)},
    "properties": lambda gate: {"credentials": Lazy(gate.hang)},
    "a provider of API keys": lambda gate: {"api_key": ApiKeyProvider("us-west-2", credentials=gate.hang)},
    "a provider with a refresh": lambda gate: {
        "api_key": ApiKeyProvider("us-west-2", credentials=deferred(gate.hang))
    },
}


@pytest.mark.parametrize("kind", HANGING)
def test_a_call_ends_at_its_deadline(kind: str, gate: Gate, service: RawServer, fails: Check) -> None:
    """Whatever hangs, the call ends on time, says what was going on, and has sent nothing; the next one likewise."""
    with Client("us-west-2", base_url=service.url, **HANGING[kind](gate)) as client:
        for ask in (complete, stream):
            started = time.monotonic()
            error = fails(lambda ask=ask: ask(client, deadline=DEADLINE), APITimeoutError, *SECRETS)
            assert DEADLINE * 0.9 <= time.monotonic() - started < AT_MOST
            assert (error.phase, error.attempts, error.request_id) == ("deadline", 0, None)
            assert "credentials were looked up" in str(error)
            assert "sent" in str(error)
    assert service.connections == 0


@pytest.mark.parametrize("kind", HANGING)
def test_calls_do_not_pile_up(kind: str, gate: Gate, service: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a look-up hangs, and there is patience with it, calls begin no other, and leave no thread behind."""
    monkeypatch.setattr(waiting, "PATIENCE_WITH_EACH", 60.0)
    with Client("us-west-2", base_url=service.url, deadline=0.02, **HANGING[kind](gate)) as client:
        before = threading.active_count()
        for _ in range(10):
            with pytest.raises(APITimeoutError):
                client.complete(REQUEST)
    wait_for(lambda: threading.active_count() - before == 1, 5)  # an AsyncClient's waited in threads of their own
    assert gate.came == 1
    assert threading.active_count() - before == 1


@pytest.mark.parametrize("kind", HANGING)
def test_who_has_a_deadline_does_not_wait_for_who_has_none(
    kind: str, gate: Gate, service: RawServer, fails: Check
) -> None:
    """A call without a deadline hangs in its own thread; one with a deadline, on the same client, ends on time."""
    with Client("us-west-2", base_url=service.url, **HANGING[kind](gate)) as client:

        def patient() -> None:
            with suppress(BedrockOpenAIError):
                client.complete(REQUEST)

        thread = threading.Thread(target=patient)
        thread.start()
        wait_for(lambda: gate.came > 0, 10)
        started = time.monotonic()
        fails(lambda: client.complete(REQUEST, deadline=DEADLINE), APITimeoutError)
        assert time.monotonic() - started < AT_MOST
        gate.open()
        thread.join(10)


@pytest.mark.parametrize("option", ["api_key", "credentials"])
def test_a_refresh_after_an_expired_token(option: str, gate: Gate, fails: Check) -> None:
    """A callable's `refresh` that hangs, after the service has said that a token is over, ends with the deadline."""

    class Source:
        refresh = gate.hang

        def __call__(self) -> Any:
            return KEY if option == "api_key" else KEYS

    expired = http(b'{"__type": "ExpiredTokenException", "message": "expired"}', "403 Forbidden")
    with RawServer(lambda number: [expired]) as server:
        with Client("us-west-2", base_url=server.url, **{option: Source()}) as client:
            error = fails(lambda: client.complete(REQUEST, deadline=DEADLINE), APITimeoutError, *SECRETS)
    assert (error.phase, error.attempts, error.request_id) == ("deadline", 1, "r-1")
    assert len(server.requests) == 1


class Process:
    """A profile whose credential_process takes so many seconds, notes that it was run, and gives AKIA1, AKIA2, ..."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self._runs = folder / "runs"
        script = folder / "process.sh"
        document = (
            '{"Version": 1, "AccessKeyId": "AKIA%d", '
            f'"SecretAccessKey": "{KEYS.secret_key}", "SessionToken": "{KEYS.token}"}}'
        )
        number = f"$(wc -l < {self._runs})"
        script.write_text(f"echo run >> {self._runs}\nsleep {seconds}\nprintf '{document}' {number}\n")
        (folder / "config").write_text(f"[default]\ncredential_process = sh {script}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))

    @property
    def runs(self) -> int:
        return self._runs.read_text().count("run") if self._runs.exists() else 0


def test_a_credential_process_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: RawServer, fails: Check
) -> None:
    """One process is started for all calls while it hangs; each ends on time. When it ends, the calls succeed."""
    process = Process(tmp_path, monkeypatch, 0.8)
    with Client("us-west-2", base_url=service.url) as client:
        for _ in range(2):
            started = time.monotonic()
            fails(lambda: client.complete(REQUEST, deadline=DEADLINE), APITimeoutError, *SECRETS)
            assert time.monotonic() - started < AT_MOST
        assert client.complete(REQUEST, deadline=20.0).text == "hi"
        assert client.complete(REQUEST).text == "hi"
    assert process.runs == 1


def test_calls_at_once_share_one_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: RawServer) -> None:
    """Eight threads, half of them with a deadline: one process is run, and its credentials are everybody's."""
    process, answers = Process(tmp_path, monkeypatch, 0.3), []
    with Client("us-west-2", base_url=service.url) as client:
        threads = [
            threading.Thread(target=lambda deadline=deadline: answers.append(complete(client, deadline=deadline)))
            for deadline in [None, 20.0] * 4
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert answers == ["hi"] * 8
    assert process.runs == 1


def test_a_failure_is_everybodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: RawServer) -> None:
    """Calls that wait for one look-up each raise an exception of their own if it fails, and the next looks anew."""
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = sh -c 'echo >> {tmp_path}/runs; sleep 0.3; exit 7'\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    errors: list[CredentialsError] = []
    with Client("us-west-2", base_url=service.url, deadline=20.0) as client:

        def call() -> None:
            with pytest.raises(CredentialsError, match="CredentialRetrievalError") as caught:
                client.complete(REQUEST)
            errors.append(caught.value)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert (tmp_path / "runs").read_text().count("\n") == 1
        call()
    assert len({id(error) for error in errors}) == 5
    assert [error.__context__ for error in errors] == [None] * 5
    assert (tmp_path / "runs").read_text().count("\n") == 2


def test_a_silent_metadata_service(monkeypatch: pytest.MonkeyPatch, service: RawServer, fails: Check) -> None:
    """Botocore waits for the metadata service longer than a call has time: the call ends at its deadline."""
    with RawServer(lambda number: [60.0]) as black_hole:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", black_hole.url)
        with Client("us-west-2", base_url=service.url) as client:
            started = time.monotonic()
            fails(lambda: client.complete(REQUEST, deadline=DEADLINE), APITimeoutError)
            assert time.monotonic() - started < 1.0


class TestGoodEnough:
    """What is still good is used while a refresh in advance hangs."""

    def test_credentials(self, gate: Gate, service: RawServer) -> None:
        """Credentials that are good for 12 more minutes: who refreshes goes on at half time, others at once."""
        answers = [metadata(minutes=12)]

        def refresh() -> Any:
            return answers.pop() if answers else gate.hang()

        with Client("us-west-2", base_url=service.url, credentials=deferred(refresh)) as client:
            client.complete(REQUEST, deadline=20.0)
            for _ in range(4):
                started = time.monotonic()
                assert client.complete(REQUEST, deadline=1.0).text == "hi"
                assert time.monotonic() - started < 1.0
        assert gate.came == 1
        assert all(KEYS.access_key.encode() in request for request in service.requests)

    def test_a_key(self, gate: Gate, service: RawServer) -> None:
        """A good API key is used while the credentials for the next one cannot be had."""
        answers: list[Any] = [KEYS]

        def source() -> Any:
            return answers.pop() if answers else gate.hang()

        with Client(
            "us-west-2", base_url=service.url, api_key=ApiKeyProvider("us-west-2", credentials=source)
        ) as client:
            for _ in range(6):
                started = time.monotonic()
                assert client.complete(REQUEST, deadline=1.0).text == "hi"
                assert time.monotonic() - started < 1.0
        assert len({request.partition(b"Bearer ")[2].partition(b"\r\n")[0] for request in service.requests}) == 1
        assert gate.came == 1


def test_what_hangs_is_not_waited_for_for_ever(
    gate: Gate, service: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while another look-up is begun beside the one that hangs, and if it succeeds all is well again."""
    monkeypatch.setattr(waiting, "PATIENCE_WITH_SHARED", 0.2)
    monkeypatch.setattr(waiting, "PATIENCE_WITH_EACH", 0.2)
    for option in ("api_key", "credentials"):
        came: list[int] = []

        def source(option: str = option, came: list[int] = came) -> Any:
            came.append(1)
            return gate.hang() if len(came) == 1 else KEY if option == "api_key" else KEYS

        options = {"api_key": source} if option == "api_key" else {"credentials": LazyObject(source)}
        with Client("us-west-2", base_url=service.url, **options) as client:
            with pytest.raises(APITimeoutError):
                client.complete(REQUEST, deadline=0.1)
            assert client.complete(REQUEST, deadline=20.0).text == "hi"
        assert len(came) == 2


@pytest.mark.no_client
def test_credentials_whose_refresh_hangs_are_found_anew(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another look-up beside one that hangs does not wait for the lock of botocore's object: it finds another one."""
    monkeypatch.setattr(waiting, "PATIENCE_WITH_SHARED", 0.2)
    answers: list[Any] = [metadata(minutes=5)]  # which botocore refreshes at once
    objects = iter([deferred(lambda: answers.pop() if answers else gate.hang()), deferred(lambda: metadata())])
    chain = Refreshing(lambda: next(objects))
    assert chain.get(time.monotonic() + 20) == KEYS
    with pytest.raises(APITimeoutError):
        chain.get(time.monotonic() + 0.1)
    assert chain.get(time.monotonic() + 20) == KEYS
    assert gate.came == 1


class LazyObject:
    """Credentials with botocore's method, of another class than botocore's."""

    def __init__(self, source: Callable[[], Any]) -> None:
        self._source = source

    def get_frozen_credentials(self) -> Any:
        return self._source()


def test_a_callable_works_again_when_it_has_stopped_hanging(gate: Gate, service: RawServer) -> None:
    """Once what was left behind has ended, a callable is asked for each attempt as before."""
    came: list[int] = []

    def source() -> str:
        came.append(1)
        if len(came) == 1:
            gate.hang()
        return KEY

    with Client("us-west-2", base_url=service.url, api_key=source, deadline=DEADLINE) as client:
        with pytest.raises(APITimeoutError):
            client.complete(REQUEST)
        gate.open()
        for _ in range(3):
            client.complete(REQUEST, deadline=20.0)
    assert len(came) == 4


QUICK: dict[str, Callable[[], dict[str, Any]]] = {
    "an API key": lambda: {"api_key": KEY},
    "our credentials": lambda: {"credentials": KEYS},
    "botocore's": lambda: {"credentials": botocore.credentials.Credentials("A", "S", "T")},
    "botocore's, frozen": lambda: {"credentials": botocore.credentials.ReadOnlyCredentials("A", "S", "T")},
    "botocore's, fresh": lambda: {"credentials": refreshable(lambda: None, 60)},
    "a provider of API keys": lambda: {"api_key": ApiKeyProvider("us-west-2", credentials=KEYS)},
    "the environment": dict,
}


@pytest.mark.parametrize("kind", QUICK)
def test_what_calls_nobody_needs_no_thread(kind: str, service: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and credentials that are at hand are used in the caller's thread, with a deadline too."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    with Client("us-west-2", base_url=service.url, deadline=20.0, **QUICK[kind]()) as client:
        monkeypatch.setattr(waiting.LookUp, "start", None)
        assert client.complete(REQUEST).text == "hi"


def test_the_chain_needs_a_thread_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: RawServer) -> None:
    """Credentials that the chain has found, and that need no refresh, are used in the caller's thread."""
    process = Process(tmp_path, monkeypatch, 0)
    with Client("us-west-2", base_url=service.url, deadline=20.0) as client:
        client.complete(REQUEST)
        monkeypatch.setattr(waiting.LookUp, "start", None)
        client.complete(REQUEST)
    assert process.runs == 1


VARIABLE: ContextVar[str] = ContextVar("variable", default="unset")


@pytest.mark.parametrize("deadline", [None, 20.0])
def test_a_callable_sees_the_callers_context(deadline: float | None, service: RawServer) -> None:
    """Context variables of the caller, such as the tenant of a request, are there in the thread of a look-up."""
    seen: list[str] = []

    def source() -> str:
        seen.append(VARIABLE.get())
        return KEY

    token = VARIABLE.set("mine")
    try:
        with Client("us-west-2", base_url=service.url, api_key=source) as client:
            client.complete(REQUEST, deadline=deadline)
    finally:
        VARIABLE.reset(token)
    assert seen == ["mine"]


@pytest.mark.parametrize("deadline", [None, 20.0])
def test_a_failure_keeps_nothing_alive(deadline: float | None, service: RawServer) -> None:
    """What a callable that fails had opened is freed when its exception is, without the collector."""

    class Opened:
        """A socket, or the like."""

    opened: list[weakref.ref[Opened]] = []

    def source() -> str:
        mine = Opened()
        opened.append(weakref.ref(mine))
        raise OSError("no")

    gc.disable()
    try:
        with Client("us-west-2", base_url=service.url, api_key=source) as client:
            with suppress(CredentialsError):
                client.complete(REQUEST, deadline=deadline)
        wait_for(lambda: opened[0]() is None, 2)
        assert opened[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [OSError, KeyError, KeyboardInterrupt, CredentialsError])
@pytest.mark.no_client
def test_a_failure_of_work_that_was_done_aside(kind: type[BaseException]) -> None:
    """`within` raises what the work raised, whatever that is, and keeps nothing of it alive."""

    class Opened:
        """A socket, or the like."""

    opened: list[weakref.ref[Opened]] = []

    def work() -> None:
        mine = Opened()
        opened.append(weakref.ref(mine))
        raise kind("no")

    gc.disable()
    try:
        with suppress(kind):
            waiting.within(20.0, work)
        wait_for(lambda: opened[0]() is None, 2)
        assert opened[0]() is None
        with pytest.raises(kind):
            waiting.within(20.0, work)
    finally:
        gc.enable()


def test_ctrl_c_goes_through(gate: Gate, service: RawServer) -> None:
    """A signal while a call waits for its credentials is raised there and then; the next call works as before."""
    import signal

    with Client("us-west-2", base_url=service.url, api_key=gate.hang) as client:
        started = time.monotonic()
        timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            client.complete(REQUEST, deadline=20.0)
        assert time.monotonic() - started < AT_MOST
        timer.join()


PROGRAM = """
import asyncio, sys, time
from bedrock_openai_http import APITimeoutError, AsyncClient, ChatCompletionRequest, Client, UserMessage
request, options = ChatCompletionRequest("m", [UserMessage("x")]), {"api_key": lambda: time.sleep(60)}
try:
    if sys.argv[1] == "Client":
        Client("us-west-2", base_url="http://127.0.0.1:9", **options).complete(request, deadline=0.1)
    else:
        client = AsyncClient("us-west-2", base_url="http://127.0.0.1:9", **options)
        asyncio.run(client.complete(request, deadline=0.1))
except APITimeoutError:
    print("on time")
"""


@pytest.mark.no_client
@pytest.mark.parametrize("kind", KINDS)
def test_a_program_can_end_while_something_hangs(kind: str) -> None:
    """A look-up that was left behind does not keep the interpreter, or an event loop, from ending."""
    started = time.monotonic()
    command = [sys.executable, "-c", PROGRAM, kind]
    run = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert (run.stdout, run.stderr) == ("on time\n", "")
    assert time.monotonic() - started < 20


def test_an_expired_token_is_renewed_once_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of calls whose token is refused at the same time one has the chain, or the provider of keys, look anew."""
    process = Process(tmp_path, monkeypatch, 0)
    expired = PermissionDeniedError("Bearer Token has expired", status_code=403)
    clock = iter(range(1_800_000_000, 1_900_000_000)).__next__
    for options in ({}, {"api_key": ApiKeyProvider("us-west-2", credentials=KEYS, clock=clock)}):
        source = Client("us-west-2", **options)._source
        used = source.get()
        fresh = [source.renew(expired, used) for _ in range(4)]
        assert fresh == [fresh[0]] * 4
        assert fresh[0] not in (used, None)
    assert process.runs == 2


@pytest.mark.parametrize(
    "expiry",
    [datetime(2099, 1, 1), datetime.max, datetime.min, datetime.max.replace(tzinfo=timezone.utc)],  # noqa: DTZ001, DTZ901
)
@pytest.mark.parametrize("deadline", [None, 20.0])
def test_credentials_with_an_absurd_end(expiry: datetime, deadline: float | None, service: RawServer) -> None:
    """Credentials whose end botocore cannot compare with now are refused typed; what never ends is good."""
    keys = botocore.credentials.RefreshableCredentials("AKIA", "SECRET", None, expiry, lambda: metadata(), "test")
    with Client("us-west-2", base_url=service.url, credentials=keys) as client:
        if expiry.tzinfo is None:
            with pytest.raises(CredentialsError, match="TypeError"):
                client.complete(REQUEST, deadline=deadline)
        else:
            assert client.complete(REQUEST, deadline=deadline).text == "hi"
