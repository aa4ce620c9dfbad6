"""The fault matrix, T07, T26 and T35 at their edges: interim statuses, the clock of idle connections, headers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import APIConnectionError, ConfigurationError, build_http_request
from bedrock_openai_http.testing import LocalEndpoint
from both import Client, client_of
from calls import BOTH, STREAM, complete
from support import COMPLETION, NO_WAITS, REQUEST, RawServer, http

Check = Callable[..., Any]

HEADS = {status: f"HTTP/1.1 {status} Wait\r\nX-Amzn-RequestId: no\r\n\r\n".encode() for status in range(100, 200)}


@pytest.mark.parametrize("status", [100, 102, 103, 104, 150, 199])
@BOTH
def test_t35_every_interim_status_is_passed_over(status: int, ask: Callable[[Any], str]) -> None:
    """RFC 9110, 15.2: any number of 1xx answers may come before the answer; only the last counts."""
    answer = http(COMPLETION) if ask is complete else STREAM
    with RawServer(lambda number: [HEADS[status] * 3, answer]) as server, client_of(server) as client:
        assert [ask(client) for _ in range(2)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (2, 1)


@BOTH
def test_t35_switching_protocols_is_no_interim_answer(ask: Callable[[Any], str], fails: Check) -> None:
    """After a 101, which nobody asked for, what follows is no HTTP: it is not taken for the answer."""
    answer = http(COMPLETION) if ask is complete else STREAM

    def script(number: int) -> Iterator[bytes]:
        yield HEADS[101] + answer

    with RawServer(script) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: ask(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, 1)
        fails(lambda: ask(client), APIConnectionError)
        assert server.connections == 2  # what stands on the first is nobody's


@pytest.mark.parametrize(
    ("moved", "connections"), [(0.0, 1), (10.0, 1), (30.0, 2), (-10.0, 2), (-30.0, 2), (-1e8, 2), (1e8, 2)]
)
def test_t07_the_clock_of_an_idle_connection(monkeypatch: pytest.MonkeyPatch, moved: float, connections: int) -> None:
    """A connection is used again after 20 s at most by the wall clock; one of an age below 0 is not trusted."""
    with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
        assert client.complete(REQUEST).text == "hi"
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + moved)
        assert client.complete(REQUEST).text == "hi"
        assert (len(server.requests), server.connections) == (2, connections)


RESERVED = """
authorization host content-length content-type accept accept-encoding connection keep-alive cookie
transfer-encoding te trailer upgrade expect proxy-authorization x-amz-date x-amz-security-token x-amz-content-sha256
""".split()


@pytest.mark.parametrize("name", RESERVED)
def test_t26_each_reserved_header_is_refused(name: str, unused: RawServer) -> None:
    """What belongs to the client or to the connection is refused, however it is spelled, and nothing is sent."""
    for spelled in (name, name.upper(), name.title()):
        given = {spelled: "100-continue"}
        with client_of(unused) as client:
            for call in (client.complete, client.stream):
                with pytest.raises(ConfigurationError, match=f"^extra_headers: {spelled} is set by the client$"):
                    call(REQUEST, extra_headers=given)
        with pytest.raises(ConfigurationError):
            build_http_request(REQUEST, unused.url, extra_headers=given)


@pytest.fixture
def unused() -> Iterator[RawServer]:
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        yield server
        assert server.connections == 0


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
def test_t26_the_longest_header(endpoint: str) -> None:
    """A value of 8,192 bytes and a name of 256 arrive whole, and signed; one byte more is refused."""
    service = {"runtime": "bedrock", "mantle": "bedrock-mantle"}[endpoint]
    longest = {"X-Amzn-Long": "v" * 8192, "n" * 256: "x"}
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    with LocalEndpoint(service=service) as server:
        options = {"base_url": server.url, "endpoint": endpoint, "credentials": server.credentials}
        with Client(server.region, **options) as client:
            assert client.complete(body, extra_headers=longest).text
            for longer in ({"X-Amzn-Long": "v" * 8193}, {"n" * 257: "x"}):
                with pytest.raises(ConfigurationError, match=r"^extra_headers: "):
                    client.complete(body, extra_headers=longer)
        (arrived,) = server.requests
    assert {name: arrived.headers[name] for name in longest} == longest
