"""The transport over real sockets: what is sent, what is read, what every failure becomes."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from bedrock_openai_http import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    Headers,
    HTTPRequest,
)
from bedrock_openai_http.transport.adapter import Adapter
from bedrock_openai_http.transport.requests_transport import RequestsTransport
from bedrock_openai_http.values.http import TimeLimits
from raw_calls import SECRET, failure_of, fetch, request_to
from support import CHUNKED_STREAM, CLOSING_STREAM, RawServer, http, http_chunk


def test_what_arrives_is_what_was_given() -> None:
    """The method, the path, the headers and the bytes of the body arrive as they were given."""
    with RawServer(lambda number: [http(b"ok")]) as server:
        assert fetch(server.url) == b"ok"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /openai/v1/chat/completions HTTP/1.1"
    assert f"Authorization: Bearer {SECRET}" in lines
    assert f"Content-Length: {len(SECRET)}" in lines
    assert body == SECRET.encode()


def test_netrc_does_not_replace_the_signature(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials for the host in a .netrc file are not used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login corp password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer(lambda number: [http(b"ok")]) as server:
        fetch(server.url)
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[0]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(status: str) -> None:
    """A redirect is handed back as it is: nothing is sent to where it points."""
    with RawServer(lambda number: [http(b"target")]) as target:
        head = f"HTTP/1.1 {status}\r\nLocation: {target.url}/x\r\nContent-Length: 0\r\n\r\n".encode()
        with RawServer(lambda number: [head]) as server:
            transport = RequestsTransport()
            response = transport.open(request_to(server.url), TimeLimits(5, 5))
            assert response.status_code == int(status[:3])
            response.close()
            transport.close()
    assert target.requests == []


def test_cookies_are_not_sent_back() -> None:
    """A cookie that the service sets is not replayed."""
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: AWSALB=1\r\nContent-Length: 2\r\n\r\nok"
    transport = RequestsTransport()
    with RawServer(lambda number: [cookie]) as server:
        fetch(server.url, transport)
        fetch(server.url, transport)
        transport.close()
    assert b"cookie" not in server.requests[1].lower()


def test_a_connection_is_used_again() -> None:
    """Answers that are read to their end leave their connection for the next request."""
    transport = RequestsTransport()
    with RawServer(lambda number: [http(b"ok" * number)]) as server:
        assert [fetch(server.url, transport) for _ in range(3)] == [b"ok", b"okok", b"okokok"]
        transport.close()
    assert server.connections == 1


def test_a_stream_that_was_drained_leaves_its_connection() -> None:
    """After the end mark what little is left is read, and the connection serves the next request."""
    stream = [CHUNKED_STREAM, http_chunk(b"data: [DONE]\n\n"), http_chunk(b"")]
    transport = RequestsTransport()
    with RawServer(lambda number: stream) as server:
        for _ in range(3):
            response = transport.open(request_to(server.url), TimeLimits(5, 5))
            assert next(response.pieces()) == b"data: [DONE]\n\n"
            response.close(drain=True)
        transport.close()
    assert server.connections == 1


def test_a_stream_that_was_left_does_not() -> None:
    """A stream that is closed early takes its connection with it: the rest must not be the next answer."""
    stream = [CHUNKED_STREAM, http_chunk(b"one"), http_chunk(b"two"), http_chunk(b"")]
    transport = RequestsTransport()
    with RawServer(lambda number: stream) as server:
        for _ in range(2):
            response = transport.open(request_to(server.url), TimeLimits(5, 5))
            assert next(response.pieces()) == b"one"
            response.close()
        transport.close()
    assert server.connections == 2


def test_closing_late_does_not_disturb_the_next_call() -> None:
    """Closing an answer that came whole, when its connection may serve the next call by now, leaves that alone."""
    transport = RequestsTransport()
    go_on = threading.Event()

    def script(number: int) -> Any:
        if number == 2:
            assert go_on.wait(10)
        yield http(b"answer %d" % number)

    with RawServer(script) as server:
        first = transport.open(request_to(server.url), TimeLimits(5, 5))
        pieces = first.pieces()
        assert next(pieces) == b"answer 1"
        answers: list[bytes] = []
        second = threading.Thread(target=lambda: answers.append(fetch(server.url, transport)))
        second.start()
        while len(server.requests) < 2:
            time.sleep(0.001)
        first.close()
        go_on.set()
        second.join(10)
        transport.close()
    assert answers == [b"answer 2"]
    assert server.connections == 2  # a connection is given back when the end has been read, not with the last byte


@pytest.mark.parametrize("head", [CHUNKED_STREAM, CLOSING_STREAM], ids=["chunked", "until close"])
def test_pieces_come_as_they_arrive(head: bytes) -> None:
    """A piece is handed on before the server has sent the next one, whatever the framing."""
    frame = http_chunk if head is CHUNKED_STREAM else bytes
    go_on = threading.Event()

    def script(number: int) -> Any:
        yield head + frame(b"first")
        assert go_on.wait(10)
        yield frame(b"second")
        yield http_chunk(b"") if head is CHUNKED_STREAM else None

    transport = RequestsTransport()
    with RawServer(script) as server:
        response = transport.open(request_to(server.url), TimeLimits(5, 5))
        pieces = response.pieces()
        assert next(pieces) == b"first"  # the server sends no more until it is told to
        go_on.set()
        assert b"".join(pieces) == b"second"
        response.close()
        transport.close()


@pytest.mark.parametrize(
    "answer",
    [
        http(b"half", length=100),
        CHUNKED_STREAM + b"64\r\nhalf",
        CHUNKED_STREAM + http_chunk(b"half"),
        CHUNKED_STREAM + http_chunk(b"half") + b"zz\r\n",
    ],
    ids=["short Content-Length", "cut chunk", "cut between chunks", "bad chunk size"],
)
def test_a_truncated_answer(answer: bytes) -> None:
    """What had arrived of a truncated answer is handed on before the error, which has the request ID."""
    transport = RequestsTransport()
    got = b""
    with RawServer(lambda number: [answer, None]) as server:
        response = transport.open(request_to(server.url), TimeLimits(5, 5))
        with pytest.raises(APIConnectionError, match="the answer broke off") as caught:
            for piece in response.pieces():
                got += piece
        transport.close()
    assert got == b"half"
    assert (caught.value.phase, caught.value.request_id) == ("body", "r-1")


def test_connection_refused() -> None:
    """A port where nobody listens: a connection error in the system's words, with host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure_of(f"http://127.0.0.1:{port}")
    assert type(error) is APIConnectionError
    assert str(error) == f"cannot connect to 127.0.0.1:{port}: Connection refused"
    assert error.phase == "connect"


def test_unknown_host() -> None:
    """A host that cannot be resolved is a connection error in phase `connect`."""
    error = failure_of("http://no-such-host.invalid")
    assert isinstance(error, APIConnectionError)
    assert error.phase == "connect"
    assert str(error).startswith("cannot connect to no-such-host.invalid: ")


def test_no_tls_where_tls_is_expected() -> None:
    """A server that speaks no TLS is a connection error in phase `connect`."""
    with RawServer(lambda number: [http(b"ok")]) as server:
        error = failure_of(server.url.replace("http:", "https:"))
    assert isinstance(error, APIConnectionError)
    assert error.phase == "connect"


def test_a_connection_that_is_closed_unanswered() -> None:
    """A request that the server drops without an answer has an unknown outcome: phase `headers`."""
    with RawServer(lambda number: [None]) as server:
        error = failure_of(server.url)
    assert type(error) is APIConnectionError
    assert error.phase == "headers"
    assert len(server.requests) == 1


def test_an_answer_that_is_no_http() -> None:
    """Bytes that are no HTTP answer are a connection error."""
    with RawServer(lambda number: [b"hello\r\n\r\n", None]) as server:
        error = failure_of(server.url)
    assert isinstance(error, APIConnectionError)
    assert error.phase == "headers"


def test_no_answer_in_time() -> None:
    """Silence after the request is a timeout in phase `headers`."""
    with RawServer(lambda number: [9.0]) as server:
        error = failure_of(server.url, read=0.1)
    assert type(error) is APITimeoutError
    assert error.phase == "headers"
    assert str(error).endswith("within 0.1 s")
    assert len(server.requests) == 1


@pytest.mark.parametrize(("accept", "phase"), [("application/json", "body"), ("text/event-stream", "idle")])
def test_silence_in_the_body(accept: str, phase: str) -> None:
    """Silence within the body is a timeout, called `idle` in a stream, with the request ID."""
    transport = RequestsTransport()
    with RawServer(lambda number: [CHUNKED_STREAM + http_chunk(b"x"), 9.0]) as server:
        response = transport.open(request_to(server.url, accept), TimeLimits(5, 0.1))
        with pytest.raises(APITimeoutError) as caught:
            list(response.pieces())
        transport.close()
    assert (caught.value.phase, caught.value.request_id) == (phase, "r-1")


def test_the_deadline_ends_a_dripping_body() -> None:
    """A body that keeps dripping is ended by the deadline, which no single wait would have reached."""

    def drip(number: int) -> Any:
        yield CHUNKED_STREAM
        while True:
            yield http_chunk(b"x")
            yield 0.02

    with RawServer(drip) as server:
        started = time.monotonic()
        error = failure_of(server.url, deadline=started + 0.3)
    assert type(error) is APITimeoutError
    assert error.phase == "deadline"
    assert 0.25 < time.monotonic() - started < 3


def test_a_deadline_that_has_passed() -> None:
    """With no time left nothing is sent."""
    with RawServer(lambda number: [http(b"ok")]) as server:
        error = failure_of(server.url, deadline=time.monotonic() - 1)
    assert isinstance(error, APITimeoutError)
    assert error.phase == "deadline"
    assert server.requests == []


def test_a_url_that_requests_would_rewrite() -> None:
    """A URL that would change on the way would break its signature, and is refused."""
    with pytest.raises(ConfigurationError, match="would be rewritten"):
        RequestsTransport().open(HTTPRequest("POST", "http://127.0.0.1:1/a b", Headers(), b""), TimeLimits(1, 1))


def test_keep_alive_is_set_on_the_socket() -> None:
    """Connections notice a dead peer: keep-alive after 60 s, every 30 s, 5 times."""
    transport = RequestsTransport()
    with RawServer(lambda number: [CHUNKED_STREAM + http_chunk(b"x"), 5.0]) as server:
        response = transport.open(request_to(server.url), TimeLimits(5, 5))
        sock = response._raw.connection.sock  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        wanted = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 5}
        known = {name: value for name, value in wanted.items() if hasattr(socket, name)}
        assert known
        for name, value in known.items():
            assert sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == value
        response.close()
        transport.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_gets_connections_of_its_own() -> None:
    """After a fork with a warm pool, parent and child each get their own answers over connections of their own."""
    transport = RequestsTransport()
    with RawServer(lambda number: [http(b"%d" % number)]) as server:
        assert fetch(server.url, transport) == b"1"
        child = os.fork()
        if child == 0:
            os._exit(0 if fetch(server.url, transport) == b"2" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert fetch(server.url, transport) == b"3"
        transport.close()
    assert server.connections == 2


def test_a_closed_transport_opens_again() -> None:
    """After close() the next request opens new connections."""
    transport = RequestsTransport()
    with RawServer(lambda number: [http(b"ok")]) as server:
        fetch(server.url, transport)
        transport.close()
        fetch(server.url, transport)
        transport.close()
    assert server.connections == 2


def test_hosts_and_proxies_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found for one URL or by one proxy is not used for another."""
    one, two, proxy = (RawServer(lambda number, name=name: [http(name)]) for name in (b"one", b"two", b"proxy"))
    transport = RequestsTransport()
    with one, two, proxy:
        for server, name in ((one, b"one"), (two, b"two"), (one, b"one"), (one, b"one")):
            assert fetch(server.url, transport) == name
        monkeypatch.setattr("bedrock_openai_http.transport.connection_settings.is_loopback", lambda host: False)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert fetch(one.url, transport) == b"proxy"
        monkeypatch.delenv("http_proxy")
        assert fetch(one.url, transport) == b"one"
        transport.close()
    assert [request.split(b" ")[1][:7] for request in proxy.requests] == [b"http://"]


def test_what_an_adapter_remembers() -> None:
    """The pool of the last request is found again, but not for other settings, and not once it is closed."""
    adapter = Adapter()

    def pool(url: str, verify: bool | str = True, cert: str | None = None, **proxies: str) -> Any:
        prepared = requests.Request("POST", url).prepare()
        return adapter.get_connection_with_tls_context(prepared, verify, proxies=proxies, cert=cert)

    first = "https://one.example/a"
    ways: list[Callable[[], Any]] = [
        lambda: pool("https://two.example/a"),
        lambda: pool(first, verify=False),
        lambda: pool(first, cert="/cert.pem"),
        lambda: pool(first, https="http://proxy.example:1"),
    ]
    found = [each for way in ways for each in (pool(first), way(), way())]
    assert all(one is two for one, two in zip(found[1::3], found[2::3], strict=True))
    assert len(set(map(id, found))) == 1 + len(ways)
    found[-1].close()
    adapter.poolmanager.clear()
    adapter.proxy_manager.clear()
    assert ways[-1]() is not found[-1]
    adapter.close()


def test_the_target_an_adapter_remembers() -> None:
    """A request has the target of its own URL, which is the whole URL for a proxy of plain http."""
    adapter, proxies = Adapter(), {"http": "http://proxy.example:1"}
    for url in ("http://one.example/a", "http://one.example/b"):
        prepared = requests.Request("POST", url).prepare()
        for given, target in (({}, prepared.path_url), (proxies, url), ({}, prepared.path_url)):
            assert adapter.request_url(prepared, given) == target
    adapter.close()
