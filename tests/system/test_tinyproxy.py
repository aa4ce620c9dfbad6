"""The way out of a company: tinyproxy, which opens tunnels for those who know the password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from bedrock_openai_http import APIConnectionError, Client
from bedrock_openai_http.testing import LocalEndpoint
from certificates import Authority
from processes import command, free_port, running
from support import NO_WAITS, REQUEST

Start = Callable[[str], int]

PASSWORD = "SECRET-password"
CONFIGURATION = """
Listen 127.0.0.1
Port {port}
Timeout 60
MaxClients 20
Allow 127.0.0.1
BasicAuth somebody {password}
"""
NGINX = "listen 127.0.0.1:PORT ssl; ssl_certificate {}; ssl_certificate_key {}; location / {{ proxy_pass {}; "
NGINX += "proxy_set_header Host $http_host; proxy_buffering off; }}"


@pytest.fixture
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Give a function that returns the proxy's URL with a password."""
    program = command("tinyproxy", "apt-get install tinyproxy-bin")
    folder, port = tmp_path_factory.mktemp("tinyproxy"), free_port()
    (folder / "tinyproxy.conf").write_text(CONFIGURATION.format(port=port, password=PASSWORD))
    with running([program, "-d", "-c", "tinyproxy.conf"], port, folder):
        yield lambda password=PASSWORD: f"http://somebody:{password}@127.0.0.1:{port}"


@pytest.fixture
def port(nginx: Start, server_files: tuple[Path, Path], endpoint: LocalEndpoint) -> int:
    """Give the port of an nginx with TLS before the endpoint: only to TLS a tunnel is opened."""
    return nginx(NGINX.format(*server_files, endpoint.url))


def test_calls_through_a_tunnel(
    proxy: Callable[..., str], port: int, endpoint: LocalEndpoint, authority: Authority
) -> None:
    """Signed calls pass through the tunnel, whole and streamed, and TLS is with the service, not with the proxy."""
    with requests.Session() as session:
        session.proxies, session.verify = {"https": proxy()}, str(authority.bundle)
        base_url = f"https://localhost:{port}"
        client = Client(endpoint.region, base_url=base_url, credentials=endpoint.credentials, session=session)
        assert client.complete(REQUEST).text == "An answer."
        with client.stream(REQUEST) as stream:
            assert stream.completion().text == "An answer."
    assert all("proxy-authorization" not in request.headers for request in endpoint.requests)


def test_a_password_that_the_proxy_refuses(
    proxy: Callable[..., str], port: int, endpoint: LocalEndpoint, authority: Authority
) -> None:
    """A refused tunnel is a failure to connect, whose text does not hold the password."""
    with requests.Session() as session:
        session.proxies, session.verify = {"https": proxy(f"wrong-{PASSWORD}")}, str(authority.bundle)
        client = Client(
            base_url=f"https://localhost:{port}", api_key=endpoint.api_key, session=session, world=NO_WAITS
        )
        with pytest.raises(APIConnectionError) as caught:
            client.complete(REQUEST)
    assert caught.value.phase == "connect"
    assert PASSWORD not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert endpoint.requests == []
