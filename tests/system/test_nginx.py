"""TLS and a reverse proxy as they are found in companies: nginx before the service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    ChatCompletionRequest,
    Client,
    InternalServerError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from certificates import Authority
from processes import free_port
from support import CHUNK, CHUNKED_STREAM, COMPLETION, NO_WAITS, PROMPT, REQUEST, RawServer, http, http_chunk

Start = Callable[[str], int]

TLS = "listen 127.0.0.1:PORT ssl; ssl_certificate {files[0]}; ssl_certificate_key {files[1]};"
#: What keeps a signature valid: the host that was signed for; and what keeps a stream a stream.
PASS = "location / {{ proxy_pass {url}; proxy_set_header Host $http_host; proxy_buffering off; }}"


@pytest.fixture
def port(nginx: Start, server_files: tuple[Path, Path], endpoint: LocalEndpoint) -> int:
    """Give the port of an nginx with TLS before the endpoint."""
    return nginx(TLS.format(files=server_files) + PASS.format(url=endpoint.url))


@pytest.mark.parametrize("signed", [True, False])
def test_tls_that_ends_at_nginx(
    port: int, endpoint: LocalEndpoint, authority: Authority, monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    """With the company's CA in AWS_CA_BUNDLE, signed calls and calls with a key pass, whole and streamed."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    how = {"credentials": endpoint.credentials} if signed else {"api_key": endpoint.api_key}
    with Client(endpoint.region, base_url=f"https://localhost:{port}", **how) as client:
        assert client.complete(REQUEST).text == "An answer."
        with client.stream(REQUEST) as stream:
            assert "".join(chunk.text for chunk in stream) == "An answer."
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_is_not_good(
    port: int, endpoint: LocalEndpoint, authority: Authority, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    """A certificate for another name, or of an unknown authority, ends the call before anything is sent."""
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    host = "127.0.0.1" if trusted else "localhost"
    with Client(base_url=f"https://{host}:{port}", api_key=endpoint.api_key, world=NO_WAITS) as client:
        with pytest.raises(APIConnectionError) as caught:
            client.complete(REQUEST)
    assert caught.value.phase == "connect"
    assert endpoint.requests == []


def test_a_client_certificate(
    nginx: Start, server_files: tuple[Path, Path], endpoint: LocalEndpoint, authority: Authority
) -> None:
    """Where nginx asks for the client's certificate, that of the caller's session is shown; without it, 400."""
    asks = f"ssl_client_certificate {authority.bundle}; ssl_verify_client on;"
    port = nginx(TLS.format(files=server_files) + asks + PASS.format(url=endpoint.url))
    options = {"base_url": f"https://localhost:{port}", "api_key": endpoint.api_key}
    with requests.Session() as session:
        session.verify = str(authority.bundle)
        with pytest.raises(BadRequestError):
            Client(session=session, **options).complete(REQUEST)
    assert endpoint.requests == []
    with requests.Session() as session:
        session.verify = str(authority.bundle)
        session.cert = tuple(map(str, authority.sign("client", usage="clientAuth")))
        assert Client(session=session, **options).complete(REQUEST).text == "An answer."


def test_chunks_pass_as_they_arrive(nginx: Start) -> None:
    """A chunk is delivered before the service has written the next one."""
    received = threading.Event()

    def script(number: int) -> Iterator[bytes]:
        yield CHUNKED_STREAM + http_chunk(CHUNK)
        assert received.wait(10)
        yield http_chunk(CHUNK + b"data: [DONE]\n\n") + http_chunk(b"")

    with RawServer(script) as server:
        port = nginx("listen 127.0.0.1:PORT; proxy_http_version 1.1;" + PASS.format(url=server.url))
        with Client(base_url=f"http://127.0.0.1:{port}", api_key="key", timeout=10) as client:
            with client.stream(REQUEST) as stream:
                assert next(stream).text == "hi"
                received.set()
                assert stream.completion().text == "hihi"


def test_a_body_that_is_too_large_for_nginx(nginx: Start, endpoint: LocalEndpoint) -> None:
    """The 413 of nginx itself, which comes while the body is being sent, is a final error with its status."""
    port = nginx("listen 127.0.0.1:PORT; client_max_body_size 10k;" + PASS.format(url=endpoint.url))
    large = ChatCompletionRequest("m", [UserMessage(PROMPT * 500_000)])
    with Client(base_url=f"http://127.0.0.1:{port}", api_key=endpoint.api_key) as client:
        with pytest.raises(APIStatusError) as caught:
            client.complete(large)
    assert (caught.value.status_code, caught.value.attempts) == (413, 1)
    assert PROMPT not in str(caught.value)
    assert endpoint.requests == []


def test_a_service_that_is_slower_than_nginx_waits(nginx: Start) -> None:
    """The proxy passes the POST on, gives up after `proxy_read_timeout` and says 504: the service sees one POST."""
    silence = threading.Event()

    def script(number: int) -> Iterator[bytes]:
        silence.wait(10)
        yield b""

    with RawServer(script) as server:
        port = nginx("listen 127.0.0.1:PORT; proxy_read_timeout 300ms;" + PASS.format(url=server.url))
        base_url = f"http://127.0.0.1:{port}"
        with Client(base_url=base_url, api_key="key", world=NO_WAITS) as client:
            for ask in (client.complete, client.stream):
                with pytest.raises(InternalServerError, match="Gateway Time-out") as caught:
                    ask(REQUEST)
                assert (caught.value.status_code, caught.value.attempts) == (504, 1)
                assert "not known whether the model worked" in (caught.value.advice or "")
        assert len(server.requests) == 2
        with Client(base_url=base_url, api_key="key", retry_read_timeouts=True, world=NO_WAITS) as client:
            with pytest.raises(InternalServerError) as caught:
                client.complete(REQUEST)
        silence.set()
        assert (caught.value.attempts, len(server.requests)) == (3, 5)


def test_a_service_that_breaks_off_behind_nginx(nginx: Start) -> None:
    """A service that took the POST and hung up is nginx's 502: one POST."""
    with RawServer(lambda number: [None]) as server:
        port = nginx("listen 127.0.0.1:PORT;" + PASS.format(url=server.url))
        with Client(base_url=f"http://127.0.0.1:{port}", api_key="key", world=NO_WAITS) as client:
            with pytest.raises(InternalServerError, match="Bad Gateway") as caught:
                client.complete(REQUEST)
        assert (caught.value.status_code, caught.value.attempts, len(server.requests)) == (502, 1, 1)


def test_a_failure_of_the_service_behind_nginx(nginx: Start) -> None:
    """The service's own 503 passes nginx with its request ID, and is repeated."""
    answers = [http(b"", "503 No"), http(b"", "502 No"), http(COMPLETION)]
    with RawServer(lambda number: [answers[number - 1]]) as server:
        port = nginx("listen 127.0.0.1:PORT;" + PASS.format(url=server.url))
        with Client(base_url=f"http://127.0.0.1:{port}", api_key="key", world=NO_WAITS) as client:
            assert client.complete(REQUEST).text == "hi"
        assert len(server.requests) == 3


def test_a_service_that_is_down_behind_nginx(nginx: Start) -> None:
    """The 502 of nginx itself looks the same if nobody took the POST: it is raised, and quotes what nginx says."""
    port = nginx(f"listen 127.0.0.1:PORT; location / {{ proxy_pass http://127.0.0.1:{free_port()}; }}")
    with Client(base_url=f"http://127.0.0.1:{port}", api_key="key", world=NO_WAITS) as client:
        with pytest.raises(InternalServerError, match="Bad Gateway") as caught:
            client.complete(REQUEST)
    assert (caught.value.status_code, caught.value.attempts) == (502, 1)


def test_connections_that_nginx_ends(nginx: Start, endpoint: LocalEndpoint) -> None:
    """Where nginx closes each connection after two requests, every call succeeds all the same."""
    lines = "listen 127.0.0.1:PORT; keepalive_requests 2;" + PASS.format(url=endpoint.url)
    with Client(base_url=f"http://127.0.0.1:{nginx(lines)}", api_key=endpoint.api_key) as client:
        assert [client.complete(REQUEST).text for _ in range(7)] == ["An answer."] * 7
    assert len(endpoint.requests) == 7


def test_the_prompt_is_not_repeated_to_a_redirect(nginx: Start) -> None:
    """A redirect by nginx is an error that names the other host; nothing is sent there."""
    with RawServer(lambda number: [None]) as other:
        port = nginx(f"listen 127.0.0.1:PORT; return 308 {other.url}$request_uri;")
        with Client(base_url=f"http://127.0.0.1:{port}", api_key="key") as client:
            with pytest.raises(APIStatusError, match=r"redirect to 127\.0\.0\.1"):
                client.complete(REQUEST)
        assert other.requests == []
