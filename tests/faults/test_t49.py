"""The fault matrix, T49: proxies that refuse, fail, drip or are named wrongly, and SOCKS proxies."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from bedrock_openai_http import APIConnectionError, APIStatusError, APITimeoutError, ConfigurationError
from both import Client, given_session
from calls import BOTH, STREAM, complete, stream
from peers import TLSServer, make_certificate, pump, real_proxy
from servers import ResettingServer
from support import CHUNK, CHUNKED_STREAM, COMPLETION, KEY, NO_WAITS, REQUEST, RawServer, http, http_chunk

Fails = Callable[..., Any]
Files = tuple[Path, Path]

HOST = "bedrock.example"
PASSWORD = "proxy-SECRET"
LONG_PASSWORD = "a-long-proxy-SECRET"


#: The event loops of older Pythons cannot lead TLS through TLS.
HAS_TLS_IN_TLS = sys.version_info >= (3, 11)
BY_THREADS = pytest.mark.only("Client", "asyncio leads TLS through TLS from Python 3.11 on.")
SECURE = True if HAS_TLS_IN_TLS else pytest.param(True, marks=BY_THREADS)


def in_tls(test: Any) -> Any:
    """Mark a test of a proxy that is spoken to in TLS."""
    return test if HAS_TLS_IN_TLS else BY_THREADS(test)


def calling(scheme: str = "https", **options: Any) -> Client:
    """Return a client of a host that is not this machine's, whose port is the scheme's own."""
    return Client(base_url=f"{scheme}://{HOST}", api_key=KEY, allow_insecure=True, **options, world=NO_WAITS)


def refuser(status: str) -> RawServer:
    return RawServer(lambda number: [f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode(), None])


# Proxies that open tunnels


@BOTH
@pytest.mark.parametrize(
    ("status", "attempts", "words"),
    [
        ("407 No", 1, "407 Proxy Authentication Required"),
        ("403 Nope", 1, "403 Forbidden"),
        ("405 \x1b[31m", 1, "405 Method Not Allowed"),
        ("502 Down", 3, "502 Bad Gateway"),
        ("503 Full", 3, "503 Service Unavailable"),
        ("429 Slow", 3, "429 Too Many Requests"),
        ("777 What", 3, "777"),
    ],
    ids=lambda value: str(value)[:3],
)
def test_t49_a_refused_tunnel(
    ask: Any, status: str, attempts: int, words: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that refuses a tunnel is named, with its status, and asked again only where that may change."""
    with refuser(status) as proxy:
        shown = proxy.url.replace("//", "//***@")
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//corp:{PASSWORD}@"))
        with calling() as client:
            error = fails(lambda: ask(client), APIConnectionError, PASSWORD)
    assert (error.phase, error.attempts, len(proxy.requests)) == ("connect", attempts, attempts)
    assert error.message == f"the proxy {shown} did not connect to {HOST}: {words}"
    assert error.response.status_code == int(status[:3])
    assert error.request_id is None


@pytest.mark.parametrize(("status", "advice"), [("407", "user name and a password"), ("403", "NO_PROXY")])
def test_t49_advice_on_a_refused_tunnel(
    status: str, advice: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to do about a proxy's refusal is said over https as it is over http."""
    with refuser(f"{status} No") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with calling() as client:
            assert advice in fails(lambda: complete(client), APIConnectionError).advice


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_t49_a_proxy_that_is_not_there(scheme: str, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be reached is blamed itself, without its password, and not the service."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv(f"{scheme}_proxy", f"http://corp:{PASSWORD}@127.0.0.1:{port}")
    with calling(scheme) as client:
        error = fails(lambda: complete(client), APIConnectionError, PASSWORD)
    assert error.message == f"cannot connect to the proxy http://***@127.0.0.1:{port}: Connection refused"
    assert "HTTPS_PROXY" in error.advice


def test_t49_a_proxy_without_a_name(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy whose name nobody knows is blamed itself."""
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    with calling() as client:
        error = fails(lambda: complete(client), APIConnectionError)
    assert error.message.startswith("cannot connect to the proxy http://proxy.invalid:3128: ")
    assert "proxy's name" in error.advice


@in_tls
def test_t49_a_proxy_that_speaks_no_tls(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy named with https:// that speaks plain http is a failure to connect to it, which is not repeated."""
    with RawServer(lambda number: [b"HTTP/1.1 400 Bad\r\n\r\n", None]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http:", "https:"))
        with calling() as client:
            error = fails(lambda: complete(client), APIConnectionError)
    assert (error.phase, error.attempts) == ("connect", 1)
    assert error.message.startswith("cannot connect to the proxy https://127.0.0.1:")
    assert "begins with http://" in error.advice


UNUSABLE = {
    "no host": "http://",
    "unknown scheme": "ftp://proxy.example:1",
    "port": f"http://corp:{PASSWORD}@proxy.example:port",
    "only a password": f"http://corp:{PASSWORD}",
    "brackets": "http://[proxy",
    "blank": f"http://corp:{PASSWORD}@pro xy:1",
    "long label": f"http://{'a' * 70}.example:1",
}


@pytest.mark.parametrize("proxy", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_t49_a_proxy_that_is_none(proxy: str, scheme: str, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy whose URL cannot be used is a wrong setting: the variable is named, the password is not."""
    monkeypatch.setenv(f"{scheme}_proxy", proxy)
    with calling(scheme) as client:
        error = fails(lambda: complete(client), ConfigurationError, PASSWORD)
    assert error.attempts == 1
    assert f"{scheme}_proxy" in error.message


DRIPS = {
    "status line": b"HTTP/1.1 200 Connection established",
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100,
}


@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize("limits", [{"connect_timeout": 0.5}, {"deadline": 0.5}], ids=["connect_timeout", "deadline"])
def test_t49_a_proxy_that_drips(
    answer: bytes, limits: dict[str, float], fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that gives its answer to CONNECT in drips has the time to connect for all of it."""

    def script(number: int) -> Iterator[bytes | float]:
        for byte in answer:
            yield bytes([byte])
            yield 0.05

    with RawServer(script) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with calling(max_attempts=1, **limits) as client:
            error = fails(lambda: complete(client), APITimeoutError)
    assert error.phase == ("deadline" if "deadline" in limits else "connect")
    assert 0.4 < error.elapsed < 1.4


def test_t49_silence_after_the_tunnel_was_opened(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS handshake that goes nowhere, behind a proxy that took its time, shares the time to connect with it."""
    with RawServer(lambda number: [0.3, b"HTTP/1.1 200 OK\r\n\r\n", 9.0]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with calling(max_attempts=1, connect_timeout=0.6) as client:
            error = fails(lambda: complete(client), APITimeoutError)
    assert error.phase == "connect"
    assert error.elapsed < 1.4
    assert "through the proxy" in error.message


@pytest.fixture
def named_here(certificate: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The files of a certificate for HOST, which leads to this machine; it is trusted, and so is this machine's."""
    files = make_certificate(tmp_path, HOST)
    bundle = tmp_path / "both.pem"
    bundle.write_bytes(files[0].read_bytes() + certificate[0].read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    return files


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let HOST lead to this machine; note each name that is looked up in this process, which no proxy here does."""
    seen: list[str] = []

    def local(real: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            seen.append(name)
            return real("127.0.0.1" if name == HOST else host, *args, **kwargs)

        return resolve

    monkeypatch.setattr(socket, "getaddrinfo", local(socket.getaddrinfo))
    monkeypatch.setattr(socket, "gethostbyname", local(socket.gethostbyname))
    return seen


@pytest.mark.parametrize("secure", [False, SECURE], ids=["http proxy", "https proxy"])
def test_t49_surplus_bytes_in_a_tunnel(
    secure: bool, certificate: Files, named_here: Files, resolved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a proxy, be it with TLS within TLS, answers are read, and what follows an answer is nobody's."""

    def script(number: int) -> Iterator[bytes]:
        yield http(COMPLETION.replace(b"hi", b"re %d" % number)) + http(COMPLETION.replace(b"hi", b"POISON"))

    with TLSServer(script, named_here) as server, real_proxy(files=certificate if secure else None) as address:
        monkeypatch.setenv("https_proxy", f"http{'s' if secure else ''}://{address}")
        url = server.url.replace("127.0.0.1", HOST)
        with Client(base_url=url, api_key=KEY, timeout=5) as client:
            assert [complete(client) for _ in range(3)] == ["re 1", "re 2", "re 3"]


@pytest.mark.parametrize("secure", [False, SECURE], ids=["http proxy", "https proxy"])
def test_t49_a_tunnel_is_used_again(
    secure: bool, certificate: Files, named_here: Files, resolved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tunnel carries one call after another, be it with TLS within TLS."""
    with TLSServer(lambda number: [http(COMPLETION)], named_here) as server:
        with real_proxy(files=certificate if secure else None) as address:
            monkeypatch.setenv("https_proxy", f"http{'s' if secure else ''}://{address}")
            with Client(base_url=server.url.replace("127.0.0.1", HOST), api_key=KEY, timeout=5) as client:
                assert [complete(client), complete(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (2, 1)


@pytest.fixture
def through_tls(
    certificate: Files, named_here: Files, resolved: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[TLSServer, Client]]]:
    """Give a function that returns a server and a client of it, between which TLS is within TLS."""
    with contextlib.ExitStack() as stack:

        def make(script: Callable[[int], Any], **options: Any) -> tuple[TLSServer, Client]:
            server = stack.enter_context(TLSServer(script, named_here))
            address = stack.enter_context(real_proxy(files=certificate))
            monkeypatch.setenv("https_proxy", f"https://{address}")
            url = server.url.replace("127.0.0.1", HOST)
            return server, stack.enter_context(Client(base_url=url, api_key=KEY, **options, world=NO_WAITS))

        yield make


@in_tls
def test_t49_leaving_early_what_comes_by_tls_within_tls(
    through_tls: Callable[..., tuple[TLSServer, Client]], fails: Fails
) -> None:
    """A stream through an https proxy may be left, and fails as any other does: typed, and with its request ID."""
    script = [CHUNKED_STREAM + http_chunk(CHUNK), 3.0]
    _, client = through_tls(lambda number: script, timeout=0.3)
    with client.stream(REQUEST) as chunks:
        assert next(chunks).text == "hi"
    error = fails(lambda: list(client.stream(REQUEST)), APITimeoutError)
    assert (error.phase, error.request_id, error.partial.text) == ("idle", "r-1", "hi")
    error = fails(lambda: complete(client), APITimeoutError)
    assert (error.phase, error.request_id) == ("body", "r-1")


@in_tls
@pytest.mark.parametrize("head", [True, False], ids=["head", "body"])
def test_t49_drips_by_tls_within_tls(
    head: bool, through_tls: Callable[..., tuple[TLSServer, Client]], fails: Fails
) -> None:
    """The deadline ends an answer that drips through an https proxy, a byte a record."""
    answer = http(COMPLETION)
    start = 0 if head else answer.index(b"\r\n\r\n") + 4

    def script(number: int) -> Iterator[bytes | float]:
        yield answer[:start]
        for byte in answer[start:]:
            yield bytes([byte])
            yield 0.1

    _, client = through_tls(script, timeout=5)
    error = fails(lambda: complete(client, deadline=0.6), APITimeoutError)
    assert error.phase == "deadline"
    assert error.elapsed < 1.8


@pytest.mark.only("AsyncClient", "Client leads TLS through TLS with every Python.")
def test_t49_an_https_proxy_and_an_old_python(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.11 a proxy with https:// is a wrong setting, of which it is said what to do instead."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 14))
    monkeypatch.setenv("https_proxy", f"https://corp:{PASSWORD}@127.0.0.1:1")
    with calling() as client:
        error = fails(lambda: complete(client), ConfigurationError, PASSWORD)
    assert error.message.startswith("https_proxy: ")
    assert "Python 3.11" in error.message
    assert "http://" in error.advice


class DrippingHandshake(RawServer):
    """An https proxy that opens tunnels, behind which a TLS handshake comes byte by byte, without end."""

    def __init__(self, files: Files) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files[1])
        super().__init__(lambda number: [])

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            secured.recv(4096)  # the beginning of the handshake
            secured.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16,384 bytes
            for _ in range(200):
                secured.sendall(b"\x02")
                self._stopped.wait(0.05)


@pytest.mark.parametrize("limits", [{"connect_timeout": 0.6}, {"deadline": 0.6}], ids=["connect_timeout", "deadline"])
@in_tls
def test_t49_a_handshake_that_drips_by_tls_within_tls(
    limits: dict[str, float], certificate: Files, trusted: Files, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A TLS handshake that drips through an https proxy has the time to connect for all of it."""
    with DrippingHandshake(certificate) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http:", "https:"))
        with calling(max_attempts=1, **limits) as client:
            error = fails(lambda: complete(client), APITimeoutError)
    assert error.phase == ("deadline" if "deadline" in limits else "connect")
    assert error.elapsed < 1.6


@BOTH
@pytest.mark.parametrize("ending", ["reset", "end"])
def test_t49_a_given_sessions_proxy_that_takes_the_request(ask: Any, ending: str, fails: Fails) -> None:
    """A proxy that has taken the whole request and hangs up leaves the outcome unknown, with a given session too."""
    kind = ResettingServer if ending == "reset" else RawServer
    with kind(lambda number: [None]) as proxy, given_session(proxy=proxy.url) as session:
        error = fails(lambda: ask(calling("http", session=session)), APIConnectionError)
    assert (error.phase, error.attempts, len(proxy.requests)) == ("headers", 1, 1)


# SOCKS proxies


class Socks4aServer(RawServer):
    """A SOCKS4a proxy: pproxy knows SOCKS4 without names."""

    def __init__(self) -> None:
        super().__init__(lambda number: [])

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = connection.recv(300)
            assert request[:2] == b"\x04\x01"
            assert request[4:7] == b"\0\0\0" != request[7:8]
            assert request[8:].split(b"\0")[1].decode() == HOST
            with socket.create_connection(("127.0.0.1", int.from_bytes(request[2:4], "big"))) as server:
                connection.sendall(b"\0\x5a" + b"\0" * 6)
                back = threading.Thread(target=pump, args=(server, connection), daemon=True)
                back.start()
                pump(connection, server)
                back.join(10)


@contextlib.contextmanager
def socks_proxy(scheme: str) -> Iterator[str]:
    if scheme == "socks4a":
        with Socks4aServer() as server:
            yield server.url.removeprefix("http://")
    else:
        with real_proxy() as address:
            yield address


@pytest.mark.parametrize("ask", [complete, stream])
@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_t49_socks(
    ask: Any,
    scheme: str,
    tls: bool,
    named_here: Files,
    resolved: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every kind of SOCKS proxy is used, its connection is used again, and it looks up the name where it should."""
    answer = http(COMPLETION) if ask is complete else STREAM
    with TLSServer(lambda n: [answer], named_here) if tls else RawServer(lambda n: [answer]) as server:
        with socks_proxy(scheme) as address:
            monkeypatch.setenv("all_proxy", f"{scheme}://{address}")
            port = server.url.rpartition(":")[2]
            url = f"http{'s' if tls else ''}://{HOST}:{port}"
            with Client(base_url=url, api_key=KEY, allow_insecure=True, timeout=5) as client:
                assert [ask(client), ask(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (2, 1)
    assert (HOST in resolved) is (scheme in ("socks4", "socks5"))


def test_t49_a_socks_proxy_with_a_password(resolved: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy gets the user name and the password of its URL."""
    with RawServer(lambda number: [http(COMPLETION)]) as server, real_proxy(f"corp:{PASSWORD}") as address:
        monkeypatch.setenv("http_proxy", f"socks5h://corp:{PASSWORD}@{address}")
        url = server.url.replace("127.0.0.1", HOST)
        with Client(base_url=url, api_key=KEY, allow_insecure=True, timeout=5) as client:
            assert complete(client) == "hi"


#: What a SOCKS5 proxy says to a request, with the words of RFC 1928, and how often it is asked.
REPLIES = {
    b"\x05\x01\x00\x01": ("general socks server failure", 3),
    b"\x05\x02\x00\x01": ("connection not allowed by ruleset", 1),
    b"\x05\x04\x00\x01": ("host unreachable", 3),
    b"\x05\x05\x00\x01": ("connection refused", 3),
    b"\x05\x08\x00\x01": ("address type not supported", 1),
    b"HTTP/1.1": ("it does not speak this version of SOCKS", 1),
    b"": ("the connection was closed", 3),
}


class SocksRefuser(RawServer):
    """A SOCKS5 proxy that says the same to everybody: a welcome, and its reply."""

    def __init__(self, reply: bytes, drip: float = 0.0, welcome: bytes = b"\x05\0") -> None:
        self._reply, self._drip, self._welcome = reply, drip, welcome
        super().__init__(lambda number: [])

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(100)
            connection.sendall(self._welcome)
            self.requests.append(connection.recv(300))
            for byte in self._reply:
                connection.sendall(bytes([byte]))
                self._stopped.wait(self._drip)


@pytest.mark.parametrize("reply", REPLIES, ids=[words[:12] for words, _ in REPLIES.values()])
def test_t49_a_socks_proxy_that_refuses(reply: bytes, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a SOCKS proxy says is told in the standard's words, and asked again only where that may change."""
    words, attempts = REPLIES[reply]
    with SocksRefuser(reply) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http:", "socks5h:"))
        with calling() as client:
            error = fails(lambda: complete(client), APIConnectionError)
    assert (error.phase, error.attempts, len(proxy.requests)) == ("connect", attempts, attempts)
    assert words in error.message
    assert "the proxy socks5h://127.0.0.1:" in error.message


@pytest.mark.parametrize(
    ("welcome", "reply"), [(b"\x05\xff", b""), (b"\x05\x02", b"\x01\x01")], ids=["nobody is let in", "wrong password"]
)
@pytest.mark.parametrize("user", [f"corp:{PASSWORD}@", ""], ids=["a password", "none"])
def test_t49_a_socks_proxy_that_lets_nobody_in(
    welcome: bytes, reply: bytes, user: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SOCKS proxy that wants another password, or any, is told of once, and the password is not."""
    with SocksRefuser(reply, welcome=welcome) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http://", f"socks5h://{user}"))
        with calling() as client:
            error = fails(lambda: complete(client), APIConnectionError, PASSWORD)
        shown = proxy.url.replace("http://", "socks5h://***@" if user else "socks5h://")
    assert (error.phase, error.attempts) == ("connect", 1)
    assert error.message.startswith(f"the proxy {shown} did not connect to {HOST}: the user name and the password")


@pytest.mark.parametrize("limits", [{"connect_timeout": 0.5}, {"deadline": 0.5}], ids=["connect_timeout", "deadline"])
def test_t49_a_socks_proxy_that_drips(
    limits: dict[str, float], fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SOCKS proxy that answers in drips has the time to connect for all of it."""
    with SocksRefuser(b"\x05\x00\x00\x03" + bytes([200]) + b"x" * 200, drip=0.1) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http:", "socks5h:"))
        with calling(max_attempts=1, **limits) as client:
            error = fails(lambda: complete(client), APITimeoutError)
    assert error.phase == ("deadline" if "deadline" in limits else "connect")
    assert 0.4 < error.elapsed < 1.4


@pytest.mark.only("AsyncClient", "Client speaks SOCKS by PySocks.")
def test_t49_socks_without_python_socks(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without python-socks a SOCKS proxy is a wrong setting, which says what to install."""
    for name in list(sys.modules):
        if name.startswith(("python_socks.", "bedrock_openai_http.transport.aio.socks")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "python_socks", None)
    monkeypatch.setenv("https_proxy", f"socks5h://corp:{PASSWORD}@127.0.0.1:1")
    with calling() as client:
        error = fails(lambda: complete(client), ConfigurationError, PASSWORD)
    assert error.message == (
        "https_proxy: the proxy socks5h://***@127.0.0.1:1 is a SOCKS proxy, which needs python-socks"
    )
    assert "pip install python-socks" in error.advice


@pytest.mark.only("Client", "AsyncClient speaks SOCKS by python-socks.")
def test_t49_socks_without_pysocks(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PySocks a SOCKS proxy is a wrong setting, which says what to install."""
    for name in list(sys.modules):
        if name == "socks" or name.endswith(("contrib.socks", "socks_connections")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "socks", None)
    from requests import adapters

    def missing(*args: Any, **kwargs: Any) -> Any:  # what requests has in its place then
        raise adapters.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(adapters, "SOCKSProxyManager", missing)
    monkeypatch.setenv("https_proxy", f"socks5h://corp:{PASSWORD}@127.0.0.1:1")
    with calling() as client:
        error = fails(lambda: complete(client), ConfigurationError, PASSWORD)
    assert error.message == "https_proxy: the proxy socks5h://***@127.0.0.1:1 is a SOCKS proxy, which needs PySocks"
    assert "pip install PySocks" in error.advice


def test_t49_a_password_that_the_proxy_refuses(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has given a user name and a password already is not told to give them."""
    with refuser("407 No") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//corp:{PASSWORD}@"))
        with calling() as client:
            error = fails(lambda: complete(client), APIConnectionError, PASSWORD)
    assert "does not accept the user name or the password" in error.advice


@pytest.mark.only("Client", "What stands in for requests does not stand in for aiohttp.")
@responses.activate
def test_t49_a_stand_in_that_knows_nothing_of_the_request() -> None:
    """What a library raises that stands in for HTTP is no failure of the network: it is not repeated."""
    with calling() as client, pytest.raises(APIConnectionError) as caught:
        complete(client)
    assert (caught.value.phase, caught.value.attempts) == ("connect", 1)
    assert "ConnectionError" in caught.value.message


@pytest.mark.parametrize("where", ["environment", "session"])
def test_t49_a_proxy_that_repeats_its_password(where: str, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy sees its password with a request over plain http, and may repeat it: no text of the failure does."""
    basic = base64.b64encode(f"corp:{LONG_PASSWORD}".encode()).decode()

    def script(number: int) -> Iterator[bytes]:
        head = proxy.requests[-1].partition(b"\r\n\r\n")[0].replace(b"\r\n", b" ")
        yield http(b'{"message": "refused: ' + head + b" " + LONG_PASSWORD.encode() + b'"}', "407 No")

    with RawServer(script) as proxy:
        url = proxy.url.replace("//", f"//corp:{LONG_PASSWORD}@")
        monkeypatch.setenv("http_proxy", url)
        session = given_session(proxy=url) if where == "session" else contextlib.nullcontext()
        with session as mine, calling("http", session=mine) as client:
            error = fails(lambda: complete(client), APIStatusError, LONG_PASSWORD, basic)
    assert basic.encode() in proxy.requests[0]
    assert error.message.count("***") >= 3
