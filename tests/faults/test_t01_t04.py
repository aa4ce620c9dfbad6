"""The fault matrix, T01 to T04: what surrounds a request: .netrc, redirects, proxies and certificate bundles."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
)
from bedrock_openai_http.testing import LocalEndpoint
from both import Client, client_of, given_session
from calls import BOTH, STREAM, complete, stream
from peers import TLSServer
from support import (
    COMPLETION,
    KEY,
    NO_WAITS,
    RawServer,
    http,
)

Fails = Callable[..., Any]

PROXY_PASSWORD = "hunter2-of-proxy"


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
    with LocalEndpoint() as endpoint, given_session() as session:
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
            with given_session(proxy=mine.url) as session:
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
        with Client(
            base_url=f"{scheme}://bedrock.example", api_key=KEY, allow_insecure=True, world=NO_WAITS
        ) as client:
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
        """A tunnel that is refused is a connection error; the proxy has seen its own password and nothing else.

        What the proxy would say again is not asked for again.
        """
        with RawServer(lambda number: [refusal, None]) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//corp:{PROXY_PASSWORD}@"))
            with Client(base_url="https://bedrock.example", api_key=KEY, world=NO_WAITS) as client:
                error = fails(lambda: complete(client), APIConnectionError, PROXY_PASSWORD)
        attempts = 1 if b"407" in refusal else 3
        assert (error.phase, error.attempts) == ("connect", attempts)
        assert len(proxy.requests) == attempts
        for seen in proxy.requests:
            assert seen.startswith(b"CONNECT bedrock.example:443 HTTP/1.")
            assert b"Proxy-Authorization: Basic " in seen
            assert KEY.encode() not in seen

    def test_t03_a_proxy_that_keeps_silent(self, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that does not answer CONNECT is given the time for connecting, not the time for an answer."""
        with RawServer(lambda number: [9.0]) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            with Client(
                base_url="https://bedrock.example", api_key=KEY, connect_timeout=0.1, world=NO_WAITS
            ) as client:
                error = fails(lambda: complete(client), APITimeoutError)
        assert (error.phase, error.attempts, len(proxy.requests)) == ("connect", 3, 3)
        assert error.elapsed < 2


# T04: certificate bundles


class TestCertificates:
    """A server whose certificate is trusted only by who names it."""

    def ask(self, server: TLSServer, **settings: Any) -> str:
        with given_session(**settings) as session:
            with client_of(server, session=session if settings else None, world=NO_WAITS) as client:
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
        """Without a bundle that knows it the server is not spoken to, once, and the reason is named."""
        error = fails(lambda: self.ask(server), APIConnectionError)
        assert (error.phase, error.attempts, server.requests) == ("connect", 1, [])
        assert re.search("certificate", str(error), re.IGNORECASE)

    @pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_t04_the_environments_bundle_is_used(
        self, name: str, server: TLSServer, bundle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bundle that the environment names is trusted, AWS's variable included."""
        monkeypatch.setenv(name, bundle)
        assert self.ask(server) == "hi"

    def test_t04_the_profiles_bundle_is_used(
        self, server: TLSServer, bundle: str, other_bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bundle that the profile names is trusted, unless the environment names another."""
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {bundle}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        assert self.ask(server) == "hi"
        monkeypatch.setenv("CURL_CA_BUNDLE", other_bundle)
        with pytest.raises(ConfigurationError, match=f"CURL_CA_BUNDLE: the CA bundle {other_bundle} does not know"):
            self.ask(server)

    def test_t04_awss_variable_comes_first(
        self, server: TLSServer, bundle: str, other_bundle: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """AWS_CA_BUNDLE comes before REQUESTS_CA_BUNDLE, whichever of the two is right."""
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_bundle)
        assert self.ask(server) == "hi"
        monkeypatch.setenv("AWS_CA_BUNDLE", other_bundle)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        error = fails(lambda: self.ask(server), ConfigurationError)
        assert "AWS_CA_BUNDLE" in str(error)
        assert other_bundle in str(error)

    @pytest.mark.parametrize("trusted", [True, False], ids=["a bundle", "no verification"])
    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_t04_an_explicit_choice_wins(
        self,
        trusted: bool,
        client_kind: str,
        server: TLSServer,
        bundle: str,
        other_bundle: str,
        fails: Fails,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What the caller's session says about certificates beats every variable, in both directions.

        A connector of aiohttp's does not say which bundle it trusts: then it is the certificate that is not trusted.
        """
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, other_bundle)
        assert self.ask(server, verify=bundle if trusted else False) == "hi"
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        refused = ConfigurationError if client_kind == "Client" else APIConnectionError
        error = fails(lambda: self.ask(server, verify=other_bundle), refused)
        assert ("session.verify" if client_kind == "Client" else "certificate not trusted") in str(error)

    def test_t04_a_bundle_without_certificates(
        self, server: TLSServer, tmp_path: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With a bundle that holds no certificate nothing is trusted, and nothing is sent: a wrong setting."""
        bundle = tmp_path / "ca.pem"
        bundle.write_text("no certificate")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        error = fails(lambda: self.ask(server), ConfigurationError)
        assert (error.attempts, server.requests) == (1, [])
        assert f"AWS_CA_BUNDLE: the CA bundle {bundle} holds no certificates" in str(error)

    def test_t04_a_bundle_that_is_not_there(
        self, server: TLSServer, tmp_path: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bundle that does not exist is a wrong setting: nothing is sent, and it is not tried again."""
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        error = fails(lambda: self.ask(server), ConfigurationError)
        assert (error.attempts, server.connections) == (1, 0)
        assert f"AWS_CA_BUNDLE: the CA bundle {tmp_path / 'ca.pem'} is not there" in str(error)
