"""A load balancer before the service: haproxy, with what such a thing does to headers, and its own timeouts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bedrock_openai_http import APIConnectionError, Client, IncompleteStreamError, InternalServerError
from bedrock_openai_http.testing import LocalEndpoint
from certificates import Authority
from processes import free_port
from support import CHUNK, CHUNKED_STREAM, NO_WAITS, REQUEST, RawServer, http_chunk

Start = Callable[[str], int]

#: A listener without TLS, whose only server is at ADDRESS.
LINES = """
listen service
    bind 127.0.0.1:PORT
    timeout server 30s
    server one ADDRESS
"""


def address(url: str) -> str:
    return url.removeprefix("http://")


def test_what_a_load_balancer_does_to_headers(
    haproxy: Start,
    server_files: tuple[Path, Path],
    endpoint: LocalEndpoint,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Signatures stay valid behind TLS, new and changed headers, since they cover no header that proxies touch."""
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(path.read_bytes() for path in server_files))
    port = haproxy(f"""
listen service
    bind 127.0.0.1:PORT ssl crt {both} alpn h2,http/1.1
    timeout server 30s
    option forwardfor
    http-request set-header Via "1.1 haproxy"
    http-request set-header User-Agent somebody-else
    http-request set-header Accept-Encoding "identity, gzip"
    http-request del-header Accept
    server one {address(endpoint.url)}
""")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    base_url = f"https://localhost:{port}"
    with Client(endpoint.region, base_url=base_url, credentials=endpoint.credentials) as client:
        assert client.complete(REQUEST).text == "An answer."
        with client.stream(REQUEST) as stream:
            assert stream.completion().text == "An answer."
    arrived = endpoint.requests[0].headers
    assert (arrived["via"], arrived["user-agent"]) == ("1.1 haproxy", "somebody-else")


def test_one_of_two_servers_is_down(haproxy: Start, endpoint: LocalEndpoint) -> None:
    """Where haproxy's own 503 comes from every other call, each call succeeds if the caller has it repeated."""
    lines = (
        LINES.replace("ADDRESS", address(endpoint.url)) + f"    server two 127.0.0.1:{free_port()}\n    retries 0\n"
    )
    options = {"base_url": f"http://127.0.0.1:{haproxy(lines)}", "api_key": endpoint.api_key}
    with Client(**options, retry_read_timeouts=True, world=NO_WAITS) as client:
        assert [client.complete(REQUEST).text for _ in range(6)] == ["An answer."] * 6
    assert len(endpoint.requests) == 6
    with Client(**options, world=NO_WAITS) as client, pytest.raises(InternalServerError, match="503") as caught:
        for _ in range(2):
            client.complete(REQUEST)
    assert caught.value.attempts == 1


def test_the_load_balancer_loses_patience(haproxy: Start) -> None:
    """A service that says nothing ends as haproxy's 504, which is not repeated: the service has the POST."""
    silence = threading.Event()

    def script(number: int) -> Iterator[None]:
        silence.wait(10)
        yield None

    with RawServer(script) as server:
        lines = LINES.replace("ADDRESS", address(server.url)).replace("30s", "300ms")
        with Client(base_url=f"http://127.0.0.1:{haproxy(lines)}", api_key="key", world=NO_WAITS) as client:
            with pytest.raises(InternalServerError, match="504") as caught:
                client.complete(REQUEST)
        silence.set()
        assert (caught.value.attempts, len(server.requests)) == (1, 1)


def test_the_load_balancer_cuts_a_stream(haproxy: Start) -> None:
    """A stream that haproxy cuts, because the service fell silent, ends with an error that has what had arrived."""
    silence = threading.Event()

    def script(number: int) -> Iterator[bytes]:
        yield CHUNKED_STREAM + http_chunk(CHUNK)
        silence.wait(10)

    with RawServer(script) as server:
        lines = LINES.replace("ADDRESS", address(server.url)).replace("30s", "300ms")
        with Client(base_url=f"http://127.0.0.1:{haproxy(lines)}", api_key="key", timeout=10) as client:
            with (
                pytest.raises((APIConnectionError, IncompleteStreamError)) as caught,
                client.stream(REQUEST) as stream,
            ):
                list(stream)
        silence.set()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "hi"
    assert (caught.value.attempts, len(server.requests)) == (1, 1)


def test_a_pooled_connection_that_the_load_balancer_has_dropped(haproxy: Start, endpoint: LocalEndpoint) -> None:
    """A connection that haproxy closed while it was idle is replaced without a word."""
    lines = LINES.replace("ADDRESS", address(endpoint.url)) + "    timeout http-keep-alive 50ms\n"
    idle = threading.Event()
    with Client(base_url=f"http://127.0.0.1:{haproxy(lines)}", api_key=endpoint.api_key) as client:
        for _ in range(3):
            assert client.complete(REQUEST).text == "An answer."
            idle.wait(0.1)
    assert len(endpoint.requests) == 3
