"""What becomes of a call that fails on an event loop, and what of an answer is kept (pitfalls 3 to 13, 20 to 24)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aio_calls import LONG, connector_of, failure_of, fetch, opened, transport_of
from bedrock_openai_http import APIConnectionError
from bedrock_openai_http.transport.aio import connections, exchange
from bedrock_openai_http.transport.aio.failures import _malformed
from bedrock_openai_http.transport.failures import AT_ONCE
from bedrock_openai_http.values.http import TimeLimits
from peers import TLSServer
from support import CHUNKED_STREAM, CLOSING_STREAM, RawServer, http, http_chunk

OK = http(b"ok")


def run(calls: Callable[[Any], Any]) -> Any:
    """Return what `calls` gives, which is called with a transport."""

    async def main() -> Any:
        async with transport_of() as transport:
            return await calls(transport)

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["plain", "TLS"])
def test_a_stalled_upload_ends_in_time(kind: str, trusted: tuple[Path, Path]) -> None:
    """A request that is not taken is "send" when its time is over, no whole second later (3, 4), and is let go."""
    ended = threading.Event()

    class Deaf(RawServer):
        def _serve(self, connection: socket.socket) -> None:
            if kind == "TLS":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(trusted[1])
                connection = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
            time.sleep(0.3)
            try:
                while connection.recv(1 << 20):
                    pass
            except OSError:
                pass
            ended.set()
            connection.close()

    async def calls(transport: Any) -> None:
        began = time.monotonic()
        failure = await failure_of(transport, server.url, LONG, read=0.1)
        assert (failure.phase, time.monotonic() - began < 0.9) == ("send", True)
        assert await asyncio.get_running_loop().run_in_executor(None, lambda: ended.wait(5))

    with Deaf(lambda number: []) as server:
        server._url = server.url  # type: ignore[attr-defined]
        if kind == "TLS":
            type(server).url = property(lambda self: self._url.replace("http:", "https:"))  # type: ignore[assignment]
        run(calls)


def test_bytes_that_wait_in_this_process_are_not_sent() -> None:
    """A request of which a part was never handed to the system is "send", also once its connection is closed."""

    async def main() -> None:
        class Transport:
            def get_write_buffer_size(self) -> int:
                return 1

            def abort(self) -> None: ...

        mine = exchange.AsyncExchange(TimeLimits(1, 1), asyncio.get_running_loop())
        connection = connections.FittingConnection(mine.loop)
        connection.transport = Transport()  # type: ignore[assignment]
        mine.connected(connection)
        mine.all_of(b"short")
        connection.close()
        assert connection.transport is None
        mine.settle_phase()
        assert mine.phase == "send"

    asyncio.run(main())


def test_an_answer_that_does_not_come() -> None:
    """A request that was taken and not answered is "headers", and is sent once (5)."""

    async def calls(transport: Any) -> None:
        for body in (b"{}", b"x" * 200_000):
            failure = await failure_of(transport, server.url, body, read=0.1)
            assert failure.phase == "headers"

    with RawServer(lambda number: [0.3]) as server:
        run(calls)
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("steps", "phase"),
    [
        ([None], "reused"),
        ([AT_ONCE + 0.1, None], "headers"),
        ([b"H", None], "headers"),
    ],
    ids=["at once", "held", "a byte came"],
)
def test_reused_is_what_was_dead(steps: list[Any], phase: str) -> None:
    """Only a connection that was used before, ends at once and gives no byte is "reused" (8)."""

    async def calls(transport: Any) -> None:
        assert (await failure_of(transport, fresh.url)).phase == "headers"
        assert await fetch(transport, used.url) == b"ok"
        assert (await failure_of(transport, used.url)).phase == phase
        assert len(used.requests) == 2

    with RawServer(lambda number: steps) as fresh, RawServer(lambda number: [OK] if number == 1 else steps) as used:
        run(calls)


def test_a_connection_that_ended_while_idle_is_not_used() -> None:
    """The end of an idle connection that the loop has not seen yet lies in the kernel, which is asked."""

    async def calls(transport: Any) -> None:
        for _ in range(3):
            assert await fetch(transport, server.url) == b"ok"
            time.sleep(0.02)  # the loop does not run

    with RawServer(lambda number: [OK, None]) as server:
        run(calls)
        assert server.connections == 3


@pytest.mark.parametrize("kind", ["plain", "TLS"])
def test_an_early_answer_is_read(kind: str, trusted: tuple[Path, Path]) -> None:
    """A 413 to 20 MB that comes while these are sent is kept (12), and its connection is not used again (13)."""

    class Early(TLSServer if kind == "TLS" else RawServer):  # type: ignore[misc]
        def _serve(self, connection: socket.socket) -> None:
            if kind == "TLS":
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                connection.recv(1000)
                connection.sendall(http(b"too long", "413 Content Too Large"))
                self._stopped.wait(5)

    async def calls(transport: Any) -> None:
        for _ in range(2):
            answer = await opened(transport, server.url, LONG)
            assert (answer.status_code, [piece async for piece in answer]) == (413, [b"too long"])
            await answer.aclose()
        assert not connector_of(transport)._acquired
        assert not connector_of(transport)._conns

    with Early(*[lambda number: [], *([trusted] if kind == "TLS" else [])]) as server:
        run(calls)
        assert server.connections == 2


def test_an_early_answer_is_read_from_a_connection_that_is_gone() -> None:
    """Also where the server closes at once, so that the system breaks the connection off under the upload (12)."""

    class Early(RawServer):
        def _serve(self, connection: socket.socket) -> None:
            with connection:
                connection.recv(1000)
                connection.sendall(http(b"too long", "413 Content Too Large"))

    async def calls(transport: Any) -> None:
        for _ in range(5):
            answer = await opened(transport, server.url, LONG)
            assert (answer.status_code, [piece async for piece in answer]) == (413, [b"too long"])
            await answer.aclose()

    with Early(lambda number: []) as server:
        run(calls)


def test_a_long_answer_to_half_a_request_takes_its_connection_along() -> None:
    """While an answer goes on whose request has ended early, its connection takes no other request (13)."""

    class Early(RawServer):
        def _serve(self, connection: socket.socket) -> None:
            connection.recv(1000)
            connection.sendall(CHUNKED_STREAM + http_chunk(b"no"))
            self._stopped.wait(0.05)
            connection.sendall(http_chunk(b"!") + http_chunk(b""))
            self._stopped.wait(5)

    async def calls(transport: Any) -> None:
        for _ in range(2):
            assert await fetch(transport, server.url, LONG) == b"no!"

    with Early(lambda number: []) as server:
        run(calls)
        assert server.connections == 2


def test_an_interim_answer_does_not_end_an_upload() -> None:
    """After 100 or 103 the rest of the request is sent, and its answer comes (24); 101 is no answer."""

    class Patient(RawServer):
        def _serve(self, connection: socket.socket) -> None:
            left = 8_000_000
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n")
            connection.settimeout(5)
            time.sleep(0.02)
            while left > 0:
                left -= len(connection.recv(1 << 20))
            connection.sendall(OK)

    async def calls(transport: Any) -> None:
        assert await fetch(transport, server.url, LONG[:8_000_000], read=2) == b"ok"
        failure = await failure_of(transport, switching.url)
        assert (failure.phase, failure.request_id, "interim" in str(failure)) == ("headers", "r-1", True)

    head = b"HTTP/1.1 101 Switching Protocols\r\nx-amzn-RequestId: r-1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    with Patient(lambda number: []) as server, RawServer(lambda number: [head]) as switching:
        run(calls)


def test_interim_answers_without_end_are_bounded() -> None:
    """Interim answers for ever end with the time for an answer (24)."""

    async def calls(transport: Any) -> None:
        assert (await failure_of(transport, server.url, read=0.1)).phase == "headers"

    with RawServer(lambda number: [b"HTTP/1.1 102 Processing\r\n\r\n", 0.01] * 50) as server:
        run(calls)


#: Heads that aiohttp refuses, each after the status line.
BAD_HEADS = {
    "no colon": b"nonsense\r\n",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n",
    "too many": b"".join(b"X-%d: 1\r\n" % number for number in range(200)),
    "a field too long": b"X: " + b"x" * 70_000 + b"\r\n",
    "NUL": b"X: a\0b\r\n",
    "no such coding": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
}


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["", "after an interim answer"])
def test_a_refused_head_keeps_its_request_id(before: bytes) -> None:
    """Of a head that no parser takes the status and the request ID are kept (21), in one attempt, as "headers"."""
    first = before + b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r-1\r\n"
    heads = list(BAD_HEADS.values())

    async def calls(transport: Any) -> list[Any]:
        return [await failure_of(transport, server.url) for _ in heads]

    with RawServer(lambda number: [first + heads[number - 1] + b"\r\nok", None]) as server:
        failures = run(calls)
    found = {
        name: (each.phase, each.request_id, each.response and each.response.status_code)
        for name, each in zip(BAD_HEADS, failures, strict=True)
    }
    assert found == dict.fromkeys(BAD_HEADS, ("headers", "r-1", 200))


@pytest.mark.parametrize(
    ("head", "status", "headers"),
    [
        (b"", 0, {}),
        (b"\r\n\r\n", 0, {}),
        (b"SSH-2.0\r\n", 0, {}),
        (b"HTTP/1.1 500 No\r\nA: 1\r\nB\r\n\r\nC: 3", 500, {"A": "1"}),
        (b"\r\nHTTP/1.1 100 C\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\x85\xa0\r\n", 200, {"A": "1"}),
    ],
)
def test_what_is_left_of_a_head(head: bytes, status: int, headers: dict[str, str]) -> None:
    """Whatever came, there is a status or 0, and what looks like a header of the last head."""
    found = _malformed(head)
    assert (found.status, dict(found.headers.items())) == (status, headers)


def test_long_fields_and_odd_bytes_are_taken() -> None:
    """A field of 60 KB passes, over aiohttp's own 8 KB, and a value is read as latin-1 (20)."""

    async def calls(transport: Any) -> None:
        answer = await opened(transport, server.url)
        assert (len(answer.headers["x-long"]), answer.headers["x-odd"]) == (60_000, "\xe9\xff")
        await answer.aclose()

    with RawServer(
        lambda number: [OK[:17] + b"X-Long: " + b"x" * 60_000 + b"\r\nX-Odd: \xe9\xff\r\n" + OK[17:]]
    ) as server:
        run(calls)


def test_a_compressed_answer_is_refused() -> None:
    """Nothing is unpacked that nobody asked for (23), and the failure has the request ID."""

    async def calls(transport: Any) -> None:
        failure = await failure_of(transport, server.url)
        assert (failure.phase, failure.request_id, "compressed" in str(failure)) == ("body", "r-1", True)

    with RawServer(lambda number: [OK[:17] + b"Content-Encoding: gzip\r\n" + OK[17:]]) as server:
        run(calls)


@pytest.mark.parametrize(
    ("steps", "fails"),
    [
        ([http(b"abc", length=9), None], True),
        ([CHUNKED_STREAM + http_chunk(b"abc"), None], True),
        ([CHUNKED_STREAM + b"9\r\nabc", None], True),
        ([CLOSING_STREAM + b"abc", None], False),
    ],
    ids=["length", "chunks", "within a chunk", "until the end"],
)
@pytest.mark.parametrize("kind", ["plain", "TLS"])
def test_what_came_before_a_cut_is_handed_on(
    kind: str, steps: list[Any], fails: bool, trusted: tuple[Path, Path]
) -> None:
    """Bytes that lie there when the cut is seen are given first (10); an end without a length is no cut (11)."""

    async def calls(transport: Any) -> None:
        answer = await opened(transport, server.url)
        await asyncio.sleep(0.04)  # the data and the cut have come
        pieces = []
        failure: APIConnectionError | None = None
        try:
            async for piece in answer:
                pieces.append(piece)
        except APIConnectionError as error:
            failure = error
        assert b"".join(pieces) == b"abc"
        assert (failure is not None) is fails
        if failure is not None:
            assert (failure.phase, failure.request_id) == ("body", "r-1")

    with TLSServer(lambda number: steps, trusted) if kind == "TLS" else RawServer(lambda number: steps) as server:
        run(calls)


def test_silence_and_drips_end_in_time() -> None:
    """A body that falls silent ends after its time; one that drips ends at the deadline, also while nobody reads."""

    async def calls(transport: Any) -> None:
        assert (await failure_of(transport, silent.url, read=0.05)).phase == "body"
        deadline = time.monotonic() + 0.1
        assert (await failure_of(transport, drip.url, read=5, deadline=deadline)).phase == "deadline"
        answer = await opened(transport, drip.url, read=5, deadline=time.monotonic() + 0.05)
        await asyncio.sleep(0.1)
        with pytest.raises(APIConnectionError) as caught:
            await answer.__anext__()
        assert caught.value.phase == "deadline"

    with RawServer(lambda number: [CHUNKED_STREAM, 0.3]) as silent:
        with RawServer(lambda number: [CHUNKED_STREAM, *[http_chunk(b"x"), 0.01] * 30]) as drip:
            run(calls)


def test_a_long_upload_lets_others_go_on() -> None:
    """While 4 MB are sent other tasks run, and nothing warns of their length (12)."""

    async def calls(transport: Any) -> int:
        turns = 0
        call = asyncio.ensure_future(fetch(transport, server.url, LONG[:4_000_000]))
        while not call.done():
            turns += 1
            await asyncio.sleep(0)
        assert await call == b"ok"
        return turns

    with RawServer(lambda number: [OK]) as server:
        assert run(calls) > 4_000_000 / exchange.PIECE
        assert server.requests[0].endswith(LONG[:4_000_000])


def test_tls_that_fails_after_the_request_is_no_failed_connection(trusted: tuple[Path, Path]) -> None:
    """A broken record after the POST is "headers", sent once (6): what became of the request is not known."""

    class Broken(TLSServer):
        def _serve(self, connection: socket.socket) -> None:
            secured = self._context.wrap_socket(connection, server_side=True)
            self.requests.append(secured.recv(65536))
            raw = socket.socket(fileno=secured.detach())
            raw.sendall(b"\x17\x03\x03\x00\x20" + b"\0" * 32)
            raw.close()

    async def calls(transport: Any) -> None:
        assert (await failure_of(transport, server.url)).phase == "headers"

    with Broken(lambda number: [], trusted) as server:
        run(calls)
        assert len(server.requests) == 1


def test_a_missing_client_certificate_is_no_failed_connection(trusted: tuple[Path, Path]) -> None:
    """TLS 1.3 refuses a client without certificate only after the request, which is "headers" then (7)."""

    class Strict(TLSServer):
        def _serve(self, connection: socket.socket) -> None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(trusted[0])
            try:
                self._context.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()

    async def calls(transport: Any) -> None:
        failure = await failure_of(transport, server.url)
        assert failure.phase in ("headers", "send")

    with Strict(lambda number: [], trusted) as server:
        run(calls)


def test_a_connection_that_is_closed_at_once() -> None:
    """A server that ends each connection as it is made gives a failure of ours, whenever that is seen."""

    class Closing(RawServer):
        def _serve(self, connection: socket.socket) -> None:
            connection.close()

    async def calls(transport: Any) -> None:
        phases = {(await failure_of(transport, server.url)).phase for _ in range(20)}
        assert phases <= {"connect", "send", "headers"}

    with Closing(lambda number: []) as server:
        run(calls)
