"""The client for event loops: what it does by itself. What it has in common with `Client` one suite checks for both."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import aiohttp
import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    BedrockOpenAIError,
    Client,
    ConfigurationError,
    CredentialsError,
    HTTPRequest,
    RequestValidationError,
    events,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.transport.aio.drive import ASYNC_MACHINE
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    DONE,
    KEY,
    MODEL,
    PROMPT,
    REQUEST,
    RawServer,
    RecordedResponse,
    http,
    http_chunk,
)

Result = TypeVar("Result")

STREAM = CHUNKED_STREAM + http_chunk(CHUNK) + http_chunk(DONE) + http_chunk(b"")


def async_client_of(server: RawServer, **options: Any) -> AsyncClient:
    return AsyncClient(base_url=server.url, **{"api_key": KEY, **options})


def run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run `work()` on a loop of its own, and check that nothing is left of it."""

    async def watched() -> Result:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        result = await work()
        gc.collect()
        await asyncio.sleep(0)
        assert complaints == []
        return result

    return asyncio.run(watched())


class Ticks:
    """Counts how often the loop comes round while a block runs, once a hundredth of a second at most."""

    def __init__(self) -> None:
        self.count = 0

    async def __aenter__(self) -> Ticks:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *details: object) -> None:
        self._task.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self.count += 1


async def until(holds: Callable[[], Any], seconds: float = 5) -> None:
    """Wait until `holds()`, and fail if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)


# Both ways to ask


@pytest.mark.parametrize("way", ["signed", "key"])
def test_a_call_and_a_stream(way: str) -> None:
    """A completion, and a stream entered or awaited, come from an endpoint that verifies who asks."""
    with LocalEndpoint() as endpoint:
        auth = {"credentials": endpoint.credentials} if way == "signed" else {"api_key": endpoint.api_key}

        async def work() -> None:
            async with AsyncClient(endpoint.region, base_url=endpoint.url, **auth) as client:
                completion = await client.complete(REQUEST)
                async with client.stream(REQUEST) as stream:
                    texts = [chunk.text async for chunk in stream]
                    whole = await stream.completion()
                again = await (await client.stream(REQUEST)).completion()
            assert completion.text == "".join(texts) == whole.text == again.text
            assert completion.request_id != whole.request_id == stream.request_id
            assert (whole.attempts, completion.attempts) == (1, 1)
            assert whole.elapsed is not None

        run(work)


def test_the_openai_shaped_door() -> None:
    """`await client.chat.completions.create` gives a completion, or a stream; what it refuses is not sent."""
    with RawServer(lambda number: [http(COMPLETION) if number == 1 else STREAM]) as server:

        async def work() -> None:
            async with async_client_of(server) as client:
                create = client.chat.completions.create
                messages = [{"role": "user", "content": PROMPT}]
                completion = await create(model=MODEL, messages=messages)
                assert (completion.text, completion._request_id) == ("hi", "r-1")
                async with await create(model=MODEL, messages=messages, stream=True) as stream:
                    assert [chunk.text async for chunk in stream] == ["hi"]
                with pytest.raises(RequestValidationError):
                    await create(model=MODEL, messages=messages, tempreature=1)
                with pytest.raises(RequestValidationError):
                    await create(model=MODEL)

        run(work)
        assert len(server.requests) == 2


def test_a_stream_that_is_never_asked_for_warns() -> None:
    """What `stream` returns sends nothing until it is awaited or entered; a RuntimeWarning says if it never was."""
    with RawServer(lambda number: [STREAM]) as server:

        async def work() -> None:
            async with async_client_of(server) as client:
                with pytest.warns(RuntimeWarning, match="never awaited or entered"):
                    client.stream(REQUEST)
                pending = client.stream(REQUEST)
                await pending
                with pytest.raises(RuntimeError, match="awaited or entered before"):
                    await pending

        run(work)
        assert len(server.requests) == 1


def test_a_stream_has_one_reader() -> None:
    """A second task that reads the same stream gets an error, and the first goes on."""
    with RawServer(lambda number: [CHUNKED_STREAM, 0.2, STREAM[len(CHUNKED_STREAM) :]]) as server:

        async def work() -> None:
            async with async_client_of(server) as client, client.stream(REQUEST) as stream:
                first = asyncio.create_task(stream.completion())
                await asyncio.sleep(0.05)
                with pytest.raises(BedrockOpenAIError, match="being read at this moment"):
                    await stream.__anext__()
                assert (await first).text == "hi"

        run(work)


# Cancellation


class Cancelled:
    """A server that notes how many of its connections have ended, and a client whose calls are cancelled there."""

    def __init__(self, *answer: bytes | float) -> None:
        self.ended = threading.Semaphore(0)
        self.told: list[events.Event] = []
        self._answer = answer

    def __enter__(self) -> Cancelled:
        outer = self

        class Noting(RawServer):
            def _serve(self, connection: Any) -> None:
                super()._serve(connection)
                outer.ended.release()

        # The first request is another call's, answered late. Who has answered waits for the next request, or the end.
        self.server = Noting(lambda number: [0.3, http(COMPLETION)] if number == 1 else self._answer)
        self.server.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self.server.__exit__()

    def check(self, ask: Callable[[AsyncClient], Awaitable[Any]], *, closes: bool = True, **options: Any) -> None:
        """Cancel `ask` while it waits: its connection ends, if it waits for an answer; the other call gets its own."""

        async def work() -> None:
            async with async_client_of(self.server, **options) as client:
                other = asyncio.create_task(client.complete(REQUEST))
                await until(lambda: self.server.requests)
                cancelled = asyncio.ensure_future(ask(client.with_options(on_event=self.told.append)))
                await asyncio.sleep(0.1)
                cancelled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cancelled
                if closes:
                    await until(lambda: self.ended.acquire(blocking=False), 1)
                assert (await other).text == "hi"

        run(work)
        ends = [event.error_type for event in self.told if isinstance(event, events.CallEnded)]
        assert ends == ["cancelled"]


async def complete(client: AsyncClient) -> Any:
    return await client.complete(REQUEST)


async def stream(client: AsyncClient) -> Any:
    async with client.stream(REQUEST) as chunks:
        return [chunk async for chunk in chunks]


@pytest.mark.parametrize("ask", [complete, stream])
def test_cancelled_before_the_headers(ask: Any) -> None:
    """A call that is cancelled while the service thinks closes its connection, and no other."""
    with Cancelled() as case:
        case.check(ask)


def test_cancelled_in_the_body() -> None:
    """So does one whose answer is being read."""
    with Cancelled(http(COMPLETION, length=len(COMPLETION) + 9)) as case:
        case.check(complete)


def test_cancelled_between_chunks() -> None:
    """So does a stream that waits for its next chunk."""
    with Cancelled(CHUNKED_STREAM, http_chunk(CHUNK)) as case:
        case.check(stream)


@pytest.mark.parametrize("ask", [complete, stream])
def test_cancelled_between_attempts(ask: Any) -> None:
    """A call that waits for its next attempt ends at once, and sends no more."""

    async def forever(seconds: float) -> None:
        await asyncio.sleep(60)

    with Cancelled(http(b"{}", "429 Slow Down")) as case:
        case.check(ask, closes=False, world=replace(ASYNC_MACHINE, sleep=forever))
        assert len(case.server.requests) == 2


@pytest.mark.parametrize("is_coroutine", [True, False])
def test_cancelled_while_credentials_are_looked_up(is_coroutine: bool) -> None:
    """A call whose credentials hang ends at once, has sent nothing, and does not keep the loop from ending."""
    entered, left = threading.Event(), threading.Event()

    async def slowly() -> str:
        try:
            entered.set()
            await asyncio.sleep(60)
        finally:
            left.set()
        return KEY

    def hanging() -> str:
        entered.set()
        left.wait(5)
        return KEY

    with RawServer(lambda number: []) as server:

        async def work() -> None:
            async with async_client_of(server, api_key=slowly if is_coroutine else hanging) as client:
                call = asyncio.create_task(client.complete(REQUEST))
                await until(entered.is_set)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                if is_coroutine:
                    await until(left.is_set)

        started = time.monotonic()
        run(work)
        assert time.monotonic() - started < 3
        left.set()
        assert server.requests == []


def test_the_callers_own_time_limit() -> None:
    """A limit by `asyncio.wait_for` is a cancellation, which passes as what the caller has made it."""
    with RawServer(lambda number: [9.0]) as server:

        async def work() -> None:
            async with async_client_of(server) as client:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.complete(REQUEST), 0.1)

        run(work)


# Who asks


def test_what_blocks_runs_beside_the_loop() -> None:
    """While a callable sleeps that gives the credentials, the loop goes on."""

    def slow() -> str:
        time.sleep(0.2)
        return KEY

    with RawServer(lambda number: [http(COMPLETION)]) as server:

        async def work() -> int:
            async with async_client_of(server, api_key=slow) as client, Ticks() as ticks:
                await client.complete(REQUEST)
                return ticks.count

        assert run(work) >= 5


@pytest.mark.parametrize("what", ["api_key", "credentials"])
def test_coroutine_functions(what: str) -> None:
    """A key or credentials may come from a coroutine function, which runs on the call's loop for each attempt."""
    asked: list[int] = []
    with LocalEndpoint() as endpoint:

        async def found() -> Any:
            await asyncio.sleep(0)
            asked.append(threading.get_ident())
            return getattr(endpoint, what)

        async def work() -> None:
            async with AsyncClient(endpoint.region, base_url=endpoint.url, **{what: found}) as client:
                await client.complete(REQUEST)
                await client.complete(REQUEST)

        run(work)
    assert asked == [threading.get_ident()] * 2


def test_a_coroutine_function_that_raises() -> None:
    """What a coroutine function raises is a CredentialsError that repeats nothing of it."""

    async def failing() -> str:
        raise ValueError("SECRET")

    async def work() -> CredentialsError:
        async with AsyncClient(base_url="http://127.0.0.1:1", api_key=failing) as client:
            with pytest.raises(CredentialsError) as caught:
                await client.complete(REQUEST)
        return caught.value

    assert "SECRET" not in f"{run(work)!r}"


def test_a_coroutine_function_that_hangs() -> None:
    """A deadline ends the wait for it, and the coroutine is cancelled."""
    left: list[bool] = []

    async def hanging() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            left.append(True)
        return KEY

    async def work() -> APITimeoutError:
        async with AsyncClient(base_url="http://127.0.0.1:1", api_key=hanging) as client:
            with pytest.raises(APITimeoutError) as caught:
                await client.complete(REQUEST, deadline=0.1)
            await until(lambda: left)
        return caught.value

    assert run(work).phase == "deadline"


def test_a_refresh_that_is_a_coroutine_function() -> None:
    """An expired key is asked for again after `refresh`, which may be a coroutine function as well."""

    class Provider:
        def __init__(self) -> None:
            self.refreshed = 0

        async def __call__(self) -> str:
            return f"{KEY}-{self.refreshed}"

        async def refresh(self) -> None:
            self.refreshed += 1

    provider = Provider()
    expired = http(b'{"__type": "ExpiredTokenException", "message": "The security token has expired"}', "403 No")
    with RawServer(lambda number: [expired if number == 1 else http(COMPLETION)]) as server:

        async def work() -> int | None:
            async with async_client_of(server, api_key=provider) as client:
                return (await client.complete(REQUEST)).attempts

        assert run(work) == 2
    assert [request.count(f"{KEY}-{n}".encode()) for n, request in enumerate(server.requests)] == [1, 1]


def test_the_blocking_client_takes_no_coroutine_function() -> None:
    """Client refuses one at once, and says who takes it."""

    async def key() -> str:
        return KEY

    for options in ({"api_key": key}, {"credentials": key}):
        with pytest.raises(ConfigurationError, match="is a coroutine function, which AsyncClient takes"):
            Client(**options)
    with pytest.raises(TypeError, match="on_event"):
        AsyncClient(on_event=key)  # type: ignore[arg-type]


# One client for each tenant


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_with_options(kind: Any) -> None:
    """A client by `with_options` uses the connections of the other and nothing else of it, and closes none."""
    seen: list[list[Any]] = [[], []]
    with RawServer(lambda number: [http(COMPLETION)] if number < 3 else [http(b"{}", "403 No")]) as server:

        async def work() -> None:
            client = kind(base_url=server.url, api_key=KEY, max_attempts=1, on_event=seen[0].append)
            tenant = client.with_options(api_key="other-key", timeout=7, deadline=8, on_event=seen[1].append)
            again = tenant.with_options(deadline=None, max_attempts=2)
            limits = tenant._planner.options
            assert (limits.limits.read, limits.limits.connect, limits.deadline) == (7, 5, 8)
            assert (again._planner.options.deadline, again._planner.options.limits.read) == (None, 7)
            for each in (client, tenant):
                await _maybe(each.complete(REQUEST))
                await _maybe(each.aclose() if kind is AsyncClient and each is tenant else None)
                if kind is Client and each is tenant:
                    each.close()
            with pytest.raises(BedrockOpenAIError):
                await _maybe(again.complete(REQUEST))
            await _maybe(client.aclose() if kind is AsyncClient else client.close())
            assert tenant._planner.session is not client._planner.session
            assert tenant._planner.session.quota is not client._planner.session.quota

        run(work)
        assert server.connections == 1
        keys = [b"other-key" in request for request in server.requests]
        assert keys == [False, True, True]
    assert [sum(isinstance(event, events.CallEnded) for event in told) for told in seen] == [1, 2]


async def _maybe(given: Any) -> Any:
    return await given if asyncio.iscoroutine(given) else given


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_with_options_refuses_what_the_constructor_refuses(kind: Any) -> None:
    """Wrong options are the same errors, and what is not given stays."""
    client = kind("us-west-2", api_key=KEY, unknown_fields="send")
    with pytest.raises(ConfigurationError, match="timeout"):
        client.with_options(timeout=-1)
    with pytest.raises(ConfigurationError, match="choose one way"):
        client.with_options(api_key=KEY, credentials=object())
    with pytest.raises(TypeError):
        client.with_options(region="us-east-1")
    assert client.with_options()._planner.options == client._planner.options


# Given sessions and transports


def test_a_given_session_is_used_and_not_closed() -> None:
    """Requests go over the connections of a given session, without its cookies and headers, and it stays open."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:

        async def work() -> None:
            connector = aiohttp.TCPConnector(limit=1)
            async with aiohttp.ClientSession(
                connector=connector, headers={"X-Mine": "1", "Authorization": "no"}, cookies={"a": "b"}
            ) as session:
                for _ in range(2):
                    async with async_client_of(server, session=session) as client:
                        assert (await client.complete(REQUEST)).text == "hi"
                async with session.get(server.url) as answer:
                    assert answer.status == 200

        run(work)
        assert server.connections == 1
        for request in server.requests[:2]:
            assert b"X-Mine" not in request
            assert b"Cookie" not in request
            assert f"Authorization: Bearer {KEY}".encode() in request


def test_sessions_that_cannot_be_used() -> None:
    """A session of another kind, one that is closed, and one beside a transport are configuration errors."""

    async def work() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigurationError, match="choose one"):
                AsyncClient(session=session, transport=Transport())
        with pytest.raises(ConfigurationError, match=r"must be an aiohttp\.ClientSession, not object"):
            AsyncClient(session=object())  # type: ignore[arg-type]
        async with AsyncClient(base_url="http://127.0.0.1:1", api_key=KEY, session=session) as client:
            with pytest.raises(ConfigurationError, match="session: is closed"):
                await client.complete(REQUEST)

    run(work)


class Transport:
    """A transport of the caller's, whose answer is a completion or what a test says."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer or RecordedResponse(COMPLETION)
        self.sent: list[HTTPRequest] = []
        self.closed = False

    async def aopen(self, request: HTTPRequest, limits: Any) -> Any:
        self.sent.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def aclose(self) -> None:
        self.closed = True


class AsyncRecorded(RecordedResponse):
    """Its body comes by an asynchronous generator, as a library would give it."""

    async def pieces(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        for piece in self._pieces:
            await asyncio.sleep(0)
            yield piece

    async def aclose(self, *, drain: bool = False) -> None:
        self.closed.append(drain)


@pytest.mark.parametrize("answer", [RecordedResponse(CHUNK, DONE), AsyncRecorded(CHUNK, DONE)])
def test_a_given_transport(answer: Any) -> None:
    """A given transport sends, and is not closed; what it gives may be plain or asynchronous."""

    async def work() -> Transport:
        transport = Transport(answer)
        async with AsyncClient("us-west-2", api_key=KEY, transport=transport) as client:
            async with client.stream(REQUEST) as stream:
                assert [chunk.text async for chunk in stream] == ["hi"]
        return transport

    transport = run(work)
    assert (len(transport.sent), transport.closed, answer.closed) == (1, False, [True])


def test_a_given_transport_that_fails() -> None:
    """What a given transport raises is one error of ours that names its class, and is not repeated."""

    async def work() -> None:
        transport = Transport(KeyError(f"{KEY} {PROMPT}"))
        client = AsyncClient("us-west-2", api_key=KEY, transport=transport)
        with pytest.raises(APIConnectionError, match="the given transport failed: KeyError") as caught:
            await client.complete(REQUEST)
        assert (caught.value.phase, caught.value.attempts, caught.value.__context__) == ("headers", 1, None)
        with pytest.raises(ConfigurationError, match="aopen and aclose"):
            AsyncClient(transport=object())  # type: ignore[arg-type]

    run(work)


# What it is made of


def test_without_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiohttp the constructor says what to install; with a transport of the caller's nobody needs it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "aiohttp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("bedrock_openai_http.clients.async_client.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="needs aiohttp") as caught:
        AsyncClient()
    assert "bedrock-openai-http[async]" in (caught.value.advice or "")
    assert AsyncClient(transport=Transport())


def test_it_cannot_be_copied() -> None:
    """Neither pickle nor copy take a client, and its repr shows no key."""
    client = AsyncClient("us-west-2", api_key=KEY)
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="AsyncClient cannot be pickled or copied"):
            way(client)
    assert repr(client) == "AsyncClient(region='us-west-2', endpoint='runtime')"


def test_nobody_else_pays_for_it() -> None:
    """A plain call loads neither asyncio nor aiohttp, and AsyncClient loads aiohttp with its first call only."""
    program = (
        "import sys, bedrock_openai_http as b; b.Client('us-west-2', api_key='x');"
        "assert not {'asyncio', 'aiohttp'} & set(sys.modules), 'plain';"
        "b.AsyncClient('us-west-2', api_key='x'); assert 'aiohttp' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_several_loops_and_none_left_open(recwarn: pytest.WarningsRecorder) -> None:
    """One client serves loop after loop, closed or not, without a word, and keeps connections within each."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        clients = [async_client_of(server)]

        async def two() -> None:
            assert [(await clients[0].complete(REQUEST)).text for _ in range(2)] == ["hi", "hi"]

        for _ in range(3):
            asyncio.run(two())
        assert server.connections == 3
        clients.clear()
        gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_a_refusal_is_the_same_error() -> None:
    """An error answer is what it is for `Client`, with the request ID, and with nothing left open."""
    with RawServer(lambda number: [http(b'{"message": "no"}', "401 No")]) as server:

        async def work() -> AuthenticationError:
            async with async_client_of(server) as client:
                with pytest.raises(AuthenticationError) as caught:
                    await client.complete(REQUEST)
                return caught.value

        error = run(work)
    assert (error.request_id, error.attempts, error.status_code) == ("r-1", 1, 401)


def test_calls_at_once_get_their_own_answers() -> None:
    """A hundred tasks at once get each the answer to its own request."""

    def script(number: int) -> Iterator[bytes]:
        prompt = server.requests[number - 1].rpartition(b'"number ')[2].partition(b'"')[0]
        yield http(COMPLETION.replace(b"hi", prompt))

    with RawServer(script) as server:

        async def work() -> list[str]:
            async with async_client_of(server) as client:
                bodies = [
                    {"model": MODEL, "messages": [{"role": "user", "content": f"number {n}"}]} for n in range(100)
                ]
                return [each.text for each in await asyncio.gather(*map(client.complete, bodies))]

        assert run(work) == [str(number) for number in range(100)]
