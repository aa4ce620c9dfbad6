"""What is known to go wrong with aiohttp, one by one, and the names of it that nobody promises to keep.

The pitfalls by number, and where they are tested:

    1 surplus, 2 falsy connections, 22 strict parser, 36 uvloop: test_aio_surplus and here
    3, 4 stalled uploads, 5 repetitions, 6, 7 TLS after the request, 8 reused, 10, 11 cuts, 12, 13 early answers,
    20, 21 heads, 23 compression, 24 interim answers, 37 aborted uploads (each test wants silence): test_aio_phases
    14 generators, 15 one watch that holds nothing, 32 nobody closes, 33 forks: test_aio_loops
    16 alarms, 27 aiodns, 28 look-ups that hang: test_aio_aside
    9 given sessions, 17 URLs, 18 Host, 19 headers, 25 cookies and redirects, 26 age, 29 proxies, 30 TLS contexts,
    31 SOCKS, 34 a connection that is refused: here

Not tested: 35, since it is what asyncio of Python 3.10 prints, and the versions of aiohttp that the floor excludes,
since they are not installed; that they are refused is tested here. The downloading on of uvloop (36) was never seen.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_parser import HttpResponseParserPy

from aio_calls import SECRET, connector_of, failure_of, fetch, opened, transport_of
from bedrock_openai_http import AsyncClient, ConfigurationError
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.transport.aio import connections
from bedrock_openai_http.transport.aio.connections import MAX_IDLE, FittingConnection
from bedrock_openai_http.transport.aio.installed import refusal
from bedrock_openai_http.transport.aio.transport import AiohttpTransport
from peers import TLSServer, make_certificate, real_proxy
from support import REQUEST, RawServer, http

OK = http(b"ok")
#: aiohttp 3.14 warns of `proxy_auth`, which callers may still use.
DEPRECATED = pytest.mark.filterwarnings("ignore:.*(BasicAuth|proxy_auth).* deprecated:DeprecationWarning")


def run(calls: Any, session: Any = None) -> Any:
    """Return what `calls` gives, which is called with a transport."""

    async def main() -> Any:
        async with transport_of(session) as transport:
            return await calls(transport)

    return asyncio.run(main())


# What is sent.


def test_exactly_what_was_signed_is_sent() -> None:
    """The request line, the headers and the body are those that were given, with Host and length alone added (19)."""
    with RawServer(lambda number: [OK]) as server:
        run(lambda transport: fetch(transport, server.url, b'{"a": 1}'))
        host = server.url.removeprefix("http://")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert (first, body) == ("POST /openai/v1/chat/completions HTTP/1.1", b'{"a": 1}')
    assert sorted(lines) == [
        "Accept: application/json",
        f"Authorization: Bearer {SECRET}",
        "Content-Length: 8",
        "Content-Type: application/json",
        f"Host: {host}",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "LocalHost", "localhost."])
def test_the_host_is_the_one_that_was_signed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A verifier accepts the signature for every spelling of a host (18)."""
    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *args, **rest: lookup("127.0.0.1", *args, **rest))

    async def main() -> str:
        url = endpoint.url.replace("127.0.0.1", host)
        async with AsyncClient("us-west-2", base_url=url, credentials=endpoint.credentials) as client:
            return (await client.complete(REQUEST)).text

    with LocalEndpoint() as endpoint:
        assert asyncio.run(main())


@pytest.mark.parametrize("path", ["/a b", "/\xe9", "/a#f", "/%7Ea/../b c"])
def test_a_url_that_would_be_rewritten_is_refused(path: str) -> None:
    """What yarl would change, or let through to break the request line, is a ConfigurationError (17)."""

    async def calls(transport: Any) -> None:
        with pytest.raises(ConfigurationError, match="base_url"):
            await opened(transport, f"http://127.0.0.1:1{path}")

    run(calls)


def test_no_cookies_redirects_passwords_or_repetitions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cookie is not sent back, a redirect not followed, ~/.netrc not read (25), and a POST not repeated (5)."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login corp password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    head = b"HTTP/1.1 307 Temporary\r\nSet-Cookie: a=1\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"

    async def calls(transport: Any) -> None:
        for _ in range(2):
            answer = await opened(transport, server.url)
            assert answer.status_code == 307
            await answer.aclose(drain=True)
        assert (await failure_of(transport, server.url)).phase == "reused"
        assert connector_of(transport).limit == 0

    with RawServer(lambda number: [head] if number < 3 else [None]) as server:
        run(calls)
    assert len(server.requests) == 3
    assert b"cookie" not in b"".join(server.requests).lower()
    assert all(f"Bearer {SECRET}".encode() in request for request in server.requests)


# Connections that are kept.


@pytest.mark.parametrize(("seconds", "count"), [(MAX_IDLE - 1, 1), (MAX_IDLE + 1, 2), (-1, 2)])
def test_the_age_of_a_connection_is_wall_clock_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float, count: int
) -> None:
    """Of a connection that was idle too long, or since the future, nobody knows what became of it (26)."""

    async def calls(transport: Any) -> None:
        await fetch(transport, server.url)
        clock = SimpleNamespace(time=lambda: time.time() + seconds, monotonic=time.monotonic)
        monkeypatch.setattr(connections, "time", clock)
        await fetch(transport, server.url)

    with RawServer(lambda number: [OK]) as server:
        run(calls)
        assert server.connections == count


def test_tls_contexts_are_kept(trusted: tuple[Path, Path]) -> None:
    """Two calls over TLS use one connection: a context is made once for what it trusts (30)."""

    async def calls(transport: Any) -> None:
        for _ in range(3):
            await fetch(transport, server.url)
        assert len(transport._contexts) == 1

    with TLSServer(lambda number: [OK], trusted) as server:
        run(calls)
        assert server.connections == 1


def test_a_connection_that_is_refused_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails after aiohttp has handed a connection out, it is not lost (34)."""

    def fail(connection: Any) -> bool:
        raise OSError(9, "")

    async def calls(transport: Any) -> None:
        await fetch(transport, server.url)
        with monkeypatch.context() as patch:
            patch.setattr(FittingConnection, "is_fit", fail)
            assert (await failure_of(transport, server.url)).phase == "connect"
        assert not connector_of(transport)._acquired
        await fetch(transport, server.url)

    with RawServer(lambda number: [OK]) as server:
        run(calls)


# Sessions that are given (9).


def test_a_given_session_lends_its_connector_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its connections are used, its headers, cookies and passwords not; it stays open; nothing is repeated."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login corp password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    async def main() -> None:
        options: Any = {"headers": {"X-Default": "1"}, "cookies": {"a": "b"}, "trust_env": True}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), **options) as session:
            async with transport_of(session) as transport:
                assert await fetch(transport, server.url) == b"ok"
                assert await fetch(transport, server.url) == b"ok"
                assert connector_of(transport) is session.connector
                # A dead connection looks like any other: whether the request was taken is not known.
                assert (await failure_of(transport, server.url)).phase in ("send", "headers")
                assert (await failure_of(transport, "http://127.0.0.1:1")).phase == "connect"
            assert not session.closed
            assert await (await session.post(server.url)).read() == b"ok"

    with RawServer(lambda number: [None] if number == 3 else [OK]) as server:
        asyncio.run(main())
    assert server.connections == 2
    sent = b"".join(server.requests[:3]).lower()
    assert b"x-default" not in sent
    assert b"cookie" not in sent
    assert sent.count(b"bearer secret") == 3


def test_a_session_that_cannot_be_used_is_named() -> None:
    """A session that is closed, or of another loop, is a ConfigurationError that says so."""

    async def made() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def use(session: Any, words: str) -> None:
        async with transport_of(session) as transport:
            with pytest.raises(ConfigurationError, match=words):
                await opened(transport, "http://127.0.0.1:1")

    async def closed() -> None:
        session = await made()
        await session.close()
        await use(session, "is closed")

    asyncio.run(closed())
    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(made())
    asyncio.run(use(session, "another event loop"))
    loop.run_until_complete(session.close())
    loop.close()


@DEPRECATED
def test_a_given_sessions_proxy_gets_its_password() -> None:
    """The `proxy` of a given session is used, with its `proxy_auth`."""

    async def main() -> None:
        auth = aiohttp.BasicAuth("user", "p@ss")
        async with aiohttp.ClientSession(proxy=proxy.url, proxy_auth=auth) as session:
            async with transport_of(session) as transport:
                assert await fetch(transport, "http://host.example") == b"ok"

    with RawServer(lambda number: [OK]) as proxy:
        asyncio.run(main())
    assert aiohttp.BasicAuth("user", "p@ss").encode().encode() in proxy.requests[0]
    assert proxy.requests[0].startswith(b"POST http://host.example/openai/")


# Proxies (29).

HOST = "https://bedrock.example"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([b"HTTP/1.1 407 P\r\nContent-Length: 0\r\n\r\n"], "407 Proxy Authentication Required"),
        ([b"HTTP/1.1 403 F\r\nContent-Length: 0\r\n\r\n"], "403 Forbidden"),
        ([b"HTTP/1.1 502 B\r\nContent-Length: 0\r\n\r\n"], "502 Bad Gateway"),
        ([None], "opened no tunnel"),
        ([b"SSH-2.0\r\n\r\n"], "opened no tunnel to bedrock.example: it is not HTTP"),
        ([b"HTTP/1.1 200 OK\r\nX: ", *[b"x", 0.02] * 100], "no connection"),
    ],
    ids=["407", "403", "502", "end", "SSH", "drips"],
)
def test_a_proxy_that_opens_no_tunnel(monkeypatch: pytest.MonkeyPatch, answer: list[Any], words: str) -> None:
    """Whatever a proxy says to CONNECT is "connect", in time, without its password or anything of the request."""

    async def calls(transport: Any) -> None:
        failure = await failure_of(transport, HOST, connect=0.5 if len(answer) > 1 else 5)
        assert (failure.phase, words in str(failure)) == ("connect", True), failure
        assert "hunter2" not in f"{failure} {failure.advice} {vars(failure)}"

    with RawServer(lambda number: answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:hunter2@"))
        run(calls)
    assert b"Proxy-Authorization: Basic dXNlcjpodW50ZXIy" in proxy.requests[0]  # user:hunter2
    assert SECRET.encode() not in proxy.requests[0]


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses the connection is "connect", and is named."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    failure = run(lambda transport: failure_of(transport, HOST))
    assert failure.phase == "connect"
    assert str(failure).startswith("cannot connect to the proxy http://127.0.0.1:1: Connection refused.")


@pytest.mark.parametrize("kind", ["http", "https", "socks5h"])
def test_a_real_proxy_leads_to_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """Through HTTP, HTTP within TLS, and SOCKS (31) TLS reaches the service, on a connection that is kept."""
    files = make_certificate(tmp_path, "bedrock.example", "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))

    async def calls(transport: Any) -> None:
        url = f"{HOST}:{server.url.rpartition(':')[2]}"
        if kind == "https" and sys.version_info < (3, 11):
            with pytest.raises(ConfigurationError, match=r"HTTPS_PROXY: .* before Python 3\.11"):
                await opened(transport, url)
            return
        for _ in range(3):
            assert await fetch(transport, url) == b"ok"
        assert server.connections == 1

    with TLSServer(lambda number: [OK], files) as server:
        with real_proxy("", files if kind == "https" else None) as address:
            monkeypatch.setenv("HTTPS_PROXY", f"{kind}://{address}")
            run(calls)


# Versions, and names that aiohttp does not document: if one of these fails after an upgrade, read `connections` anew.


@pytest.mark.parametrize("version", ["3.13.5", "3.13.6", "3.14.1", "3.14.5", "3.15.0b1", "3.99"])
def test_versions_that_can_be_used(version: str) -> None:
    """What setup.cfg allows is allowed."""
    assert refusal(version) is None


@pytest.mark.parametrize("version", ["3.9.5", "3.13.4", "3.14.0", "4.0.0a1", "4.1", ""])
def test_versions_that_cannot_be_used(version: str) -> None:
    """Any other is a ConfigurationError with advice."""
    failure = refusal(version)
    assert failure is not None
    assert "pip install 'bedrock-openai-http[async]'" in (failure.advice or "")


def test_an_old_aiohttp_is_refused_before_it_is_used(tmp_path: Path) -> None:
    """Whoever has another aiohttp, which may lack any name, gets that error from the first call."""
    (tmp_path / "aiohttp.py").write_text(
        "__version__ = '3.9.5'\nclass ClientTimeout:\n def __init__(self, **k): ...\n"
    )
    code = (
        "import asyncio\nfrom bedrock_openai_http import AsyncClient, ConfigurationError\n"
        "try:\n asyncio.run(AsyncClient('us-west-2', api_key='k').complete({'model': 'm', 'messages': "
        "[{'role': 'user', 'content': 'x'}]}))\nexcept ConfigurationError as error:\n print(error)"
    )
    path = f"{tmp_path}:{Path.cwd()}"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True)
    assert "cannot use aiohttp 3.9.5: it needs 3.13.5 or newer" in done.stdout, done.stderr


def test_name_response_handler() -> None:
    """`ResponseHandler` can be a base, is false while nothing waits in it (2), and has what ours asks it for."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        plain, ours = ResponseHandler(loop), FittingConnection(loop)
        assert (bool(plain), bool(ours), len(ours)) == (False, True, 0)
        assert (ours.should_close, ours.exception(), ours.transport, ours.writing_paused) == (
            False,
            None,
            None,
            False,
        )
        ours.force_close()
        assert ours.should_close
        ours.pause_writing()
        ours.resume_writing()
        ours.abort()

    asyncio.run(main())


def test_name_parser() -> None:
    """`ResponseHandler._parser` is None at first, and then says whether an answer has begun."""

    async def main() -> None:
        connection = FittingConnection(asyncio.get_running_loop())
        assert connection._parser is None
        assert not connection._has_begun_another()
        connection.set_response_params(read_until_eof=True)
        assert connection._parser is not None
        assert not connection._has_begun_another()
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-")
        assert connection._has_begun_another()

    asyncio.run(main())


def test_names_tail_and_lines() -> None:
    """Aiohttp's parser in Python keeps what has begun in `_tail` and `_lines`."""

    async def main() -> None:
        connection = FittingConnection(asyncio.get_running_loop())
        for begun in (b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n"):
            parser = HttpResponseParserPy(connection, connection._loop, 65536)
            assert not parser._tail
            assert not parser._lines
            parser.feed_data(begun)
            assert parser._tail or parser._lines

    asyncio.run(main())


def test_names_of_the_connector() -> None:
    """`TCPConnector._factory` makes the connections, which `_acquired` holds while they are in use."""

    async def calls(transport: Any) -> None:
        answer = await opened(transport, server.url)
        (connection,) = connector_of(transport)._acquired
        assert type(connection) is FittingConnection
        assert connector_of(transport)._factory.__name__ == "_new_connection"
        await answer.aclose()
        assert not connector_of(transport)._acquired

    with RawServer(lambda number: [http(b"ok", length=5)]) as server:
        run(calls)


def test_names_for_socks() -> None:
    """`TCPConnector._create_connection` and `_get_ssl_context` are there, and `TCPConnector` calls the first."""
    import inspect

    assert list(inspect.signature(aiohttp.TCPConnector._create_connection).parameters) == [
        "self",
        "req",
        "traces",
        "timeout",
    ]
    assert list(inspect.signature(aiohttp.TCPConnector._get_ssl_context).parameters) == ["self", "req"]


@DEPRECATED
def test_names_of_a_session() -> None:
    """`ClientSession._loop`, `_default_proxy` and `_default_proxy_auth` are what a session was made with."""

    async def main() -> None:
        auth = aiohttp.BasicAuth("u", "p")
        async with aiohttp.ClientSession(proxy="http://p.example", proxy_auth=auth) as session:
            assert session._loop is asyncio.get_running_loop()
            assert (str(session._default_proxy), session._default_proxy_auth) == ("http://p.example", auth)

    asyncio.run(main())


def test_no_setting_turns_verification_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no session of `requests` here that could say verify=False, and the environment cannot."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    assert AiohttpTransport().settings(HOST)[1] is True
