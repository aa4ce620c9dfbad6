"""The fault matrix, T01 to T10: what surrounds a request, which connection carries it, and when it ends."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ChatCompletionRequest,
    Client,
    ConfigurationError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from peers import TLSServer
from servers import ForgetfulServer, ResettingServer
from support import (
    CHUNK,
    CHUNKED_STREAM,
    CLOSING_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    REQUEST,
    RawServer,
    client_of,
    http,
    http_chunk,
    quick,
)

Fails = Callable[..., Any]

PROXY_PASSWORD = "hunter2-of-proxy"

STREAM = CHUNKED_STREAM + http_chunk(CHUNK) + http_chunk(b"data: [DONE]\n\n") + http_chunk(b"")


def complete(client: Client, **options: Any) -> str:
    return client.complete(REQUEST, **options).text


def stream(client: Client, **options: Any) -> str:
    with client.stream(REQUEST, **options) as chunks:
        return chunks.completion().text


BOTH = pytest.mark.parametrize("ask", [complete, stream])


@pytest.fixture
def names_lead_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every host name ending with .example be this machine, as only /etc/hosts could otherwise."""
    look_up = socket.getaddrinfo

    def here(host: Any, *args: Any, **kwargs: Any) -> Any:
        return look_up("127.0.0.1" if str(host).endswith(".example") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", here)


# T01: .netrc


@pytest.mark.parametrize("entry", ["machine 127.0.0.1", "default"])
@pytest.mark.parametrize("place", ["NETRC", "home"])
@pytest.mark.parametrize("given", ["own session", "given session"])
def test_t01_netrc_changes_nothing(
    entry: str, place: str, given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .netrc entry for the host replaces neither the signature nor the API key: both are accepted."""
    netrc = tmp_path / (".netrc" if place == "home" else "passwords")
    netrc.write_text(f"{entry} login corp password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME" if place == "home" else "NETRC", str(tmp_path if place == "home" else netrc))
    assert requests.utils.get_netrc_auth("http://127.0.0.1") == ("corp", "hunter2")
    with LocalEndpoint() as endpoint, requests.Session() as session:
        for auth in ({"credentials": endpoint.credentials}, {"api_key": endpoint.api_key}):
            with Client(
                endpoint.region, base_url=endpoint.url, session=None if given == "own session" else session, **auth
            ) as client:
                assert complete(client)
                assert stream(client)
        assert [request.headers["authorization"].split()[0] for request in endpoint.requests] == (
            ["AWS4-HMAC-SHA256"] * 2 + ["Bearer"] * 2
        )


# T02: redirects


@BOTH
@pytest.mark.parametrize(
    ("status", "form"),
    [
        *((status, "http://{0}/x") for status in (301, 302, 303, 307, 308)),
        *((307, form) for form in ("//{0}/x", "http://user:hunter2@{0}/x", "/elsewhere", "", "http://[")),
    ],
)
def test_t02_redirects_are_refused(status: int, form: str, ask: Callable[..., str], fails: Fails) -> None:
    """A redirect anywhere is one typed error; nothing is sent to where it points, nor again to where it came from."""
    with RawServer(lambda number: [STREAM]) as target:
        location = form.format(target.url.removeprefix("http://"))
        head = (
            f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nx-amzn-RequestId: r-1\r\nContent-Length: 0\r\n\r\n"
        )
        with RawServer(lambda number: [head.encode()]) as server, client_of(server) as client:
            error = fails(lambda: ask(client), APIStatusError)
        assert (len(server.requests), len(target.requests)) == (1, 0)
    assert (error.status_code, error.request_id, error.attempts) == (status, "r-1", 1)
    assert "redirect" in error.message
    assert "hunter2" not in str(error)
    assert ("127.0.0.1" in error.message) == ("{0}" in form)


def test_t02_a_redirect_gives_no_signature_away(fails: Fails) -> None:
    """The session token and the signature of a signed request do not follow a redirect either."""
    with LocalEndpoint() as target:
        secret, token = target.credentials.secret_key, target.credentials.token
        head = f"HTTP/1.1 307 Moved\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with RawServer(lambda number: [head]) as server:
            with Client(target.region, base_url=server.url, credentials=target.credentials) as client:
                fails(lambda: complete(client), APIStatusError, secret, token)
        assert target.requests == []


# T03: proxies


@pytest.mark.usefixtures("names_lead_here")
class TestProxies:
    """A host that is not this machine by name, so that proxies count, and is by its address."""

    def url(self, server: RawServer) -> str:
        return server.url.replace("127.0.0.1", "bedrock.example")

    def test_t03_the_environments_proxy_is_honoured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """HTTP_PROXY carries the request, with the signature intact for the host that was meant."""
        with LocalEndpoint() as endpoint, RawServer(lambda number: [http(COMPLETION)]) as proxy:
            for name in ("HTTP_PROXY", "http_proxy"):
                monkeypatch.setenv(name, proxy.url)
            url = endpoint.url.replace("127.0.0.1", "bedrock.example")
            with Client("us-west-2", base_url=url, api_key=KEY, allow_insecure=True) as client:
                assert complete(client) == "hi"
            assert endpoint.requests == []
        assert proxy.requests[0].startswith(f"POST {url}/openai/v1/chat/completions HTTP/1.1\r\n".encode())

    @pytest.mark.parametrize("no_proxy", ["bedrock.example", ".example", "*"])
    def test_t03_no_proxy_is_honoured(self, no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A host that NO_PROXY names is asked without the proxy."""
        with RawServer(lambda number: []) as proxy, RawServer(lambda number: [http(COMPLETION)]) as server:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("no_proxy", no_proxy)
            with Client(base_url=self.url(server), api_key=KEY, allow_insecure=True) as client:
                assert complete(client) == "hi"
        assert proxy.connections == 0

    def test_t03_the_sessions_proxy_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy of the caller's session comes before the environment's."""
        with RawServer(lambda number: []) as other, RawServer(lambda number: [http(COMPLETION)]) as mine:
            monkeypatch.setenv("http_proxy", other.url)
            with requests.Session() as session:
                session.proxies = {"http": mine.url}
                with Client(
                    base_url="http://bedrock.example", api_key=KEY, allow_insecure=True, session=session
                ) as client:
                    assert complete(client) == "hi"
        assert (len(mine.requests), other.connections) == (1, 0)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_t03_a_dead_proxy_keeps_its_password(
        self, scheme: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A proxy that cannot be reached is a connection error, tried three times, without the proxy's password."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        monkeypatch.setenv(f"{scheme}_proxy", f"http://corp:{PROXY_PASSWORD}@127.0.0.1:{port}")
        with quick(Client(base_url=f"{scheme}://bedrock.example", api_key=KEY, allow_insecure=True)) as client:
            error = fails(lambda: complete(client), APIConnectionError, PROXY_PASSWORD)
        assert (error.phase, error.attempts) == ("connect", 3)

    @pytest.mark.parametrize(
        "refusal",
        [b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", b"what?\r\n\r\n", b""],
        ids=["407", "no HTTP", "end"],
    )
    def test_t03_a_proxy_that_refuses_a_tunnel(
        self, refusal: bytes, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A tunnel that is refused is a connection error; the proxy has seen its own password and nothing else."""
        with RawServer(lambda number: [refusal, None]) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//corp:{PROXY_PASSWORD}@"))
            with quick(Client(base_url="https://bedrock.example", api_key=KEY)) as client:
                error = fails(lambda: complete(client), APIConnectionError, PROXY_PASSWORD)
        assert (error.phase, error.attempts) == ("connect", 3)
        assert len(proxy.requests) == 3
        for seen in proxy.requests:
            assert seen.startswith(b"CONNECT bedrock.example:443 HTTP/1.")
            assert b"Proxy-Authorization: Basic " in seen
            assert KEY.encode() not in seen

    def test_t03_a_proxy_that_keeps_silent(self, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that does not answer CONNECT is given the time for connecting, not the time for an answer."""
        with RawServer(lambda number: [9.0]) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            with quick(Client(base_url="https://bedrock.example", api_key=KEY, connect_timeout=0.1)) as client:
                error = fails(lambda: complete(client), APITimeoutError)
        assert (error.phase, error.attempts, len(proxy.requests)) == ("connect", 3, 3)
        assert error.elapsed < 2


# T04: certificate bundles


class TestCertificates:
    """A server whose certificate is trusted only by who names it."""

    def ask(self, server: TLSServer, **settings: Any) -> str:
        with requests.Session() as session:
            for name, value in settings.items():
                setattr(session, name, value)
            with quick(client_of(server, session=session if settings else None)) as client:
                return complete(client)

    @pytest.fixture
    def server(self, certificate: tuple[Path, Path]) -> Iterator[TLSServer]:
        with TLSServer(lambda number: [http(COMPLETION)], certificate) as running:
            yield running

    @pytest.fixture
    def bundle(self, certificate: tuple[Path, Path]) -> str:
        """A CA bundle that knows the server's certificate."""
        return str(certificate[0])

    @pytest.fixture
    def other_bundle(self) -> str:
        """A CA bundle that exists, and does not know the server's certificate."""
        return str(requests.utils.DEFAULT_CA_BUNDLE_PATH)

    def test_t04_an_unknown_certificate_is_refused(self, server: TLSServer, fails: Fails) -> None:
        """Without a bundle that knows it the server is not spoken to, and the reason is named."""
        error = fails(lambda: self.ask(server), APIConnectionError)
        assert (error.phase, error.attempts, server.requests) == ("connect", 3, [])
        assert re.search("certificate", str(error), re.IGNORECASE)

    @pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_t04_the_environments_bundle_is_used(
        self, name: str, server: TLSServer, bundle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bundle that the environment names is trusted, AWS's variable included."""
        monkeypatch.setenv(name, bundle)
        assert self.ask(server) == "hi"

    def test_t04_awss_variable_comes_first(
        self, server: TLSServer, bundle: str, other_bundle: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """AWS_CA_BUNDLE comes before REQUESTS_CA_BUNDLE, whichever of the two is right."""
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_bundle)
        assert self.ask(server) == "hi"
        monkeypatch.setenv("AWS_CA_BUNDLE", other_bundle)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        fails(lambda: self.ask(server), APIConnectionError)

    @pytest.mark.parametrize("trusted", [True, False], ids=["a bundle", "no verification"])
    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_t04_an_explicit_choice_wins(
        self,
        trusted: bool,
        server: TLSServer,
        bundle: str,
        other_bundle: str,
        fails: Fails,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What the caller's session says about certificates beats every variable, in both directions."""
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, other_bundle)
        assert self.ask(server, verify=bundle if trusted else False) == "hi"
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        fails(lambda: self.ask(server, verify=other_bundle), APIConnectionError)

    def test_t04_a_bundle_without_certificates(
        self, server: TLSServer, tmp_path: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With a bundle that holds no certificate nothing is trusted, and nothing is sent."""
        bundle = tmp_path / "ca.pem"
        bundle.write_text("no certificate")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        error = fails(lambda: self.ask(server), APIConnectionError)
        assert (error.phase, server.requests) == ("connect", [])

    def test_t04_a_bundle_that_is_not_there(
        self, server: TLSServer, tmp_path: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bundle that does not exist is a wrong setting: nothing is sent, and it is not tried again."""
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        error = fails(lambda: self.ask(server), ConfigurationError)
        assert (error.attempts, server.connections) == (1, 0)
        assert "CA bundle" in str(error)


# T05, T06: many at once, and streams that nobody closes


def echo(server_delay: float) -> tuple[RawServer, list[bytes]]:
    """Return a server that answers each request with the text of its prompt."""
    seen: list[bytes] = []

    def script(number: int) -> Iterator[bytes | float]:
        prompt = re.search(rb'"content":"(number \d+)"', server.requests[number - 1])[1]  # type: ignore[index]
        seen.append(prompt)
        yield server_delay
        yield http(COMPLETION.replace(b"hi", prompt))

    server = RawServer(script)
    return server, seen


def ask_at_once(client: Client, numbers: range) -> list[str]:
    """Return the answers to as many requests, made by a thread each."""
    answers = dict.fromkeys(numbers, "")

    def ask(number: int) -> None:
        request = ChatCompletionRequest(MODEL, [UserMessage(f"number {number}")])
        answers[number] = client.complete(request).text

    threads = [threading.Thread(target=ask, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return list(answers.values())


def test_t05_waves_of_threads_share_connections(caplog: pytest.LogCaptureFixture) -> None:
    """Three waves of 30 threads need 30 connections, throw none away, and each thread gets its own answer."""
    server, _ = echo(0.15)
    with server, client_of(server) as client:
        for wave in (range(30), range(30, 60), range(60, 90)):
            assert ask_at_once(client, wave) == [f"number {number}" for number in wave]
    assert server.connections <= 30
    assert len(server.requests) == 90
    assert "pool is full" not in caplog.text


def test_t05_more_threads_than_the_pool_holds() -> None:
    """Ninety threads at once do not wait for each other, and each gets its own answer."""
    server, seen = echo(0.15)
    with server, client_of(server) as client:
        started = time.monotonic()
        assert ask_at_once(client, range(90)) == [f"number {number}" for number in range(90)]
        assert time.monotonic() - started < 5
    assert len(seen) == len(server.requests) == 90


def test_t06_unclosed_streams_block_nothing() -> None:
    """With more streams held open than the pool has places, the next calls are answered at once."""
    held = 60

    def script(number: int) -> list[bytes | float]:
        return [CHUNKED_STREAM + http_chunk(CHUNK), 30.0] if number <= held else [http(COMPLETION)]

    with RawServer(script) as server, client_of(server, timeout=5) as client:
        streams = [client.stream(REQUEST) for _ in range(held)]
        assert [next(each).text for each in streams] == ["hi"] * held
        started = time.monotonic()
        assert [complete(client) for _ in range(3)] == ["hi"] * 3
        assert time.monotonic() - started < 2
        for each in streams:
            each.close()
        assert complete(client) == "hi"


# T07, T08: connections that died in the pool


@BOTH
@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_t07_a_connection_that_dies_when_it_is_used_again(ask: Callable[..., str], reset: bool) -> None:
    """A pooled connection that is ended or broken off at its next request costs one extra POST, on a fresh one."""
    with ForgetfulServer(reset=reset, answer=http(COMPLETION) if ask is complete else STREAM) as server:
        with quick(client_of(server)) as client:
            assert [ask(client), ask(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (3, 2)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_t07_a_connection_that_died_while_idle(reset: bool) -> None:
    """A pooled connection that was ended or broken off while idle costs nothing: it is seen before it is used."""
    kind = ResettingServer if reset else RawServer
    with kind(lambda number: [http(COMPLETION), 0.01, None]) as server, client_of(server, max_attempts=1) as client:
        for _ in range(3):
            assert complete(client) == "hi"
            time.sleep(0.1)  # for the end of the connection to arrive
        assert (len(server.requests), server.connections) == (3, 3)


def test_t07_one_attempt_means_one(fails: Fails) -> None:
    """With `max_attempts=1` the request is not sent a second time, whatever became of the first."""
    with ForgetfulServer(reset=False) as server, client_of(server, max_attempts=1) as client:
        assert complete(client) == "hi"
        error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, len(server.requests)) == ("reused", 1, 2)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_t07_a_pool_of_dead_connections(reset: bool) -> None:
    """If one pooled connection turns out to be dead, so are the others: the next attempt takes a fresh one."""
    with ForgetfulServer(reset=reset) as server, quick(client_of(server)) as client:
        together = threading.Barrier(5)
        transport = client._transport
        open_ = transport.open

        def open_together(*args: Any) -> Any:
            together.wait(10)
            response = open_(*args)
            together.wait(10)
            return response

        transport.open = open_together  # type: ignore[method-assign]
        ask_at_once(client, range(5))
        transport.open = open_  # type: ignore[method-assign]
        assert server.connections == 5
        assert complete(client) == "hi"
        assert (len(server.requests), server.connections) == (7, 6)


def test_t08_a_black_hole_on_a_used_connection(fails: Fails) -> None:
    """A pooled connection that swallows the request ends with the deadline, after one POST: it may be paid for."""
    with RawServer(lambda number: [http(COMPLETION)] if number == 1 else [9.0]) as server:
        with quick(client_of(server)) as client:
            assert complete(client) == "hi"
            error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts) == ("deadline", 1)
        assert 0.15 <= error.elapsed < 2
        assert len(server.requests) == 2


def test_t08_a_black_hole_is_left_when_told_to() -> None:
    """With `retry_read_timeouts` the request is sent again, on a fresh connection."""
    with RawServer(lambda number: [9.0] if number == 2 else [http(COMPLETION)]) as server:
        with quick(client_of(server, timeout=0.2, retry_read_timeouts=True)) as client:
            assert [complete(client), complete(client)] == ["hi", "hi"]
        assert (len(server.requests), server.connections) == (3, 2)


# T09: no answer


@BOTH
def test_t09_a_server_that_never_answers(ask: Callable[..., str], fails: Fails) -> None:
    """Silence is a timeout in phase `headers` after one POST, since what was asked may be paid for."""
    with RawServer(lambda number: [9.0]) as server, quick(client_of(server, timeout=0.1)) as client:
        error = fails(lambda: ask(client), APITimeoutError)
        assert (error.phase, error.attempts, error.request_id, error.partial) == ("headers", 1, None, None)
        assert len(server.requests) == 1


@BOTH
def test_t09_a_server_that_hangs_up(ask: Callable[..., str], fails: Fails) -> None:
    """A fresh connection that ends without an answer is a connection error after one POST, for the same reason."""
    for kind in (RawServer, ResettingServer):
        with kind(lambda number: [None]) as server, quick(client_of(server)) as client:
            error = fails(lambda: ask(client), APIConnectionError)
            assert (error.phase, error.attempts, len(server.requests)) == ("headers", 1, 1)


def test_t09_a_server_that_never_shakes_hands(fails: Fails) -> None:
    """A TLS handshake that is not answered is given the time for connecting, and is tried again: nothing was sent."""
    with RawServer(lambda number: [9.0]) as server:
        url = server.url.replace("http:", "https:")
        with quick(Client(base_url=url, api_key=KEY, connect_timeout=0.1)) as client:
            error = fails(lambda: complete(client), APITimeoutError)
        assert (error.phase, error.attempts, server.connections) == ("connect", 3, 3)


@pytest.mark.parametrize("kind", [RawServer, ResettingServer], ids=["FIN", "RST"])
def test_t09_a_handshake_that_breaks_off(kind: type[RawServer], fails: Fails) -> None:
    """A TLS handshake that breaks off is tried again, for the same reason."""
    with kind(lambda number: [None]) as server:
        with quick(Client(base_url=server.url.replace("http:", "https:"), api_key=KEY)) as client:
            error = fails(lambda: complete(client), APIConnectionError)
        assert (error.phase, error.attempts, server.connections) == ("connect", 3, 3)


# T10: answers that drip


def drip(start: bytes, drop: bytes) -> Callable[[int], Iterator[bytes | float]]:
    """Return a script that sends `start` and then `drop` again and again, faster than any timeout."""

    def script(number: int) -> Iterator[bytes | float]:
        yield start
        while True:
            yield drop
            yield 0.02

    return script


JSON_HEAD = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r-1\r\nContent-Type: application/json\r\n"
ERROR_HEAD = b"HTTP/1.1 400 No\r\nx-amzn-RequestId: r-1\r\n"
LONG = b"Content-Length: 9999\r\n\r\n"
HEADERS = {
    "status line": (b"HTTP/1.1 200 O", b"K"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
BODIES = {
    "body": (JSON_HEAD + LONG, b"x"),
    "chunked body": (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", http_chunk(b"x")),
    "chunk size": (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "error body": (ERROR_HEAD + LONG, b"x"),
}
STREAMS = {
    "comments": (CHUNKED_STREAM + http_chunk(CHUNK), http_chunk(b": keep-alive\n\n")),
    "one event": (CLOSING_STREAM + CHUNK, b"x"),
    "chunk size": (CHUNKED_STREAM + http_chunk(CHUNK), b"0"),
}


@pytest.mark.parametrize("case", HEADERS.values(), ids=HEADERS)
def test_t10_dripping_headers(case: tuple[bytes, bytes], fails: Fails) -> None:
    """Headers that never end are ended by the deadline, after one POST."""
    with RawServer(drip(*case)) as server, quick(client_of(server)) as client:
        error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
        assert 0.15 <= error.elapsed < 1


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_t10_a_dripping_body(case: tuple[bytes, bytes], fails: Fails) -> None:
    """A body that never ends is ended by the deadline, with the request ID of the headers that came."""
    with RawServer(drip(*case)) as server, quick(client_of(server)) as client:
        error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
        assert error.request_id == "r-1"
        assert 0.15 <= error.elapsed < 1


@pytest.mark.parametrize("case", STREAMS.values(), ids=STREAMS)
def test_t10_a_dripping_stream(case: tuple[bytes, bytes], fails: Fails) -> None:
    """A stream that never ends is ended by the deadline, with the request ID and what had arrived."""
    with RawServer(drip(*case)) as server, quick(client_of(server)) as client:
        error = fails(lambda: stream(client, deadline=0.15), APITimeoutError)
        assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
        assert (error.request_id, error.partial.text) == ("r-1", "hi")
        assert 0.15 <= error.elapsed < 1


def test_t10_a_drip_after_the_end_mark() -> None:
    """What drips after the end mark is not waited for: the stream is complete."""
    end = CHUNKED_STREAM + http_chunk(CHUNK + b"data: [DONE]\n\n")
    with RawServer(drip(end, http_chunk(b": more\n\n"))) as server, client_of(server) as client:
        started = time.monotonic()
        assert stream(client) == "hi"
        assert time.monotonic() - started < 1


def test_t10_a_drip_through_a_given_session(fails: Fails) -> None:
    """A body that drips is ended by the deadline also with a session of the caller's, with connections of its own."""
    with requests.Session() as session, RawServer(drip(*BODIES["body"])) as server:
        with client_of(server, session=session) as client:
            error = fails(lambda: complete(client, deadline=0.15), APITimeoutError)
    assert (error.phase, error.attempts, len(server.requests)) == ("deadline", 1, 1)
    assert error.elapsed < 1


# An upload that is slow


@pytest.fixture
def slow_reader() -> Iterator[Callable[[float], RawServer]]:
    """Return a maker of servers that begin to read a request only after so many seconds."""
    running: list[RawServer] = []

    def make(seconds: float) -> RawServer:
        class SlowReader(RawServer):
            def _serve(self, connection: socket.socket) -> None:
                self._stopped.wait(seconds)
                super()._serve(connection)

        running.append(SlowReader(lambda number: [http(COMPLETION)]))
        return running[-1]

    yield make
    for server in running:
        server.__exit__()


HUGE = ChatCompletionRequest(MODEL, [UserMessage("SECRET prompt " * 600_000)])


def test_t10_a_slow_upload_is_given_the_time_of_an_answer(slow_reader: Callable[[float], RawServer]) -> None:
    """A server that takes the request more slowly than a connection may take is waited for."""
    server = slow_reader(0.4)
    with client_of(server, connect_timeout=0.1, timeout=5, max_attempts=1) as client:
        assert client.complete(HUGE).text == "hi"
    assert len(server.requests) == 1


def test_t10_an_upload_that_nobody_takes(slow_reader: Callable[[float], RawServer], fails: Fails) -> None:
    """A request that is not taken within `timeout` is a timeout in phase `send`, and is not sent again."""
    server = slow_reader(9)
    with quick(client_of(server, timeout=0.2)) as client:
        error = fails(lambda: client.complete(HUGE), APITimeoutError)
        assert (error.phase, error.attempts) == ("send", 1)
        error = fails(lambda: client.complete(HUGE, deadline=0.1), APITimeoutError)
        assert (error.phase, error.attempts) == ("deadline", 1)
    assert server.requests == []
