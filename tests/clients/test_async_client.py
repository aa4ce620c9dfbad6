"""What the client for event loops does by itself; what it has in common with `Client` one suite checks for both."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from bedrock_openai_http import (
    APIConnectionError,
    AsyncClient,
    AuthenticationError,
    BedrockOpenAIError,
    ConfigurationError,
    HTTPRequest,
    RequestValidationError,
)
from bedrock_openai_http.testing import LocalEndpoint
from loops import async_client_of, run
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

STREAM = CHUNKED_STREAM + http_chunk(CHUNK) + http_chunk(DONE) + http_chunk(b"")


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


NOBODY_ELSE = """
import sys
import bedrock_openai_http as b
b.Client("us-west-2", api_key="x")
assert not {"asyncio", "aiohttp"} & set(sys.modules), "plain"
client = b.AsyncClient("us-west-2", credentials=lambda: None)
assert "aiohttp" not in sys.modules

import asyncio

async def entered():
    async with b.AsyncClient("us-west-2", api_key="x"):
        assert "aiohttp" in sys.modules and "botocore" not in sys.modules, "a key"
    async with client:
        assert "botocore.auth" in sys.modules, "signed"

asyncio.run(entered())
"""


def test_nobody_else_pays_for_it() -> None:
    """A plain call loads neither asyncio nor aiohttp; AsyncClient loads what it needs when entered or called."""
    subprocess.run([sys.executable, "-c", NOBODY_ELSE], check=True, timeout=60)


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


def test_a_given_transports_generator_is_closed() -> None:
    """A body that is an asynchronous generator is closed with the stream, at once, and before its response."""
    told: list[str] = []

    class Generating(AsyncRecorded):
        async def pieces(self) -> AsyncIterator[bytes]:  # type: ignore[override]
            try:
                yield CHUNK
                yield CHUNK
            finally:
                told.append("generator")

        async def aclose(self, *, drain: bool = False) -> None:
            told.append("response")

    async def work() -> None:
        client = AsyncClient("us-west-2", api_key=KEY, transport=Transport(Generating()))
        async with client.stream(REQUEST) as stream:
            await stream.__anext__()
        assert told == ["generator", "response"]

    run(work)


def test_to_wait_for_a_place_is_not_to_connect() -> None:
    """With a given connector that has a limit, a call that waits long for a place gets its answer."""
    with RawServer(lambda number: [0.3, http(COMPLETION)]) as server:

        async def work() -> None:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
                client = async_client_of(server, session=session, connect_timeout=0.1, max_attempts=1, timeout=5)
                answers = await asyncio.gather(client.complete(REQUEST), client.complete(REQUEST))
            assert [answer.text for answer in answers] == ["hi", "hi"]

        run(work)
