"""What decides how the transport connects: a session of the caller's, or the environment's proxies and CA bundles."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from bedrock_openai_http import (
    APIConnectionError,
)
from bedrock_openai_http.transport.connection_settings import ConnectionSettings, connection_settings
from bedrock_openai_http.transport.requests_transport import RequestsTransport
from bedrock_openai_http.values.http import TimeLimits
from raw_calls import SECRET, failure_of, fetch, request_to
from support import RawServer, http

VARIABLES = (
    *("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "REQUEST_METHOD"),
    *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"),
)


class Spy(HTTPAdapter):
    """An adapter that notes what it was asked for and fails."""

    def send(self, request: Any, **options: Any) -> Any:
        self.request, self.options = request, options
        raise requests.ConnectionError("spy")


class TestSession:
    """A session that the caller gives."""

    def test_its_adapters_and_settings_are_used(self) -> None:
        """The session's adapter sends, with the session's proxies, `verify` and `cert`."""
        session = requests.Session()
        spy = Spy()
        session.mount("https://bedrock", spy)
        session.verify, session.cert = "/my/ca.pem", "/my/cert.pem"
        session.proxies = {"https": "http://proxy:1"}
        session.headers["X-Session"] = "unsigned"
        session.auth = ("user", "password")
        with pytest.raises(APIConnectionError):
            RequestsTransport(session).open(request_to("https://bedrock.example"), TimeLimits(1, 2))
        assert spy.options == {
            "stream": True,
            "timeout": (1, 2),
            "verify": "/my/ca.pem",
            "cert": "/my/cert.pem",
            "proxies": {"https": "http://proxy:1"},
        }
        assert spy.request.headers["Authorization"] == f"Bearer {SECRET}"
        assert "X-Session" not in spy.request.headers

    def test_it_is_not_closed(self) -> None:
        """Closing the client leaves the session open: it is the caller's."""
        session = requests.Session()
        closed: list[bool] = []
        session.close = lambda: closed.append(True)  # type: ignore[method-assign]
        RequestsTransport(session).close()
        assert closed == []


class TestEnvironment:
    """Proxies and CA bundles: what the session says comes before what the environment says."""

    URL = "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions"

    def test_ca_bundles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """AWS_CA_BUNDLE, then REQUESTS_CA_BUNDLE, then CURL_CA_BUNDLE; an explicit choice beats all."""
        session = requests.Session()
        assert connection_settings(session, self.URL)[1] is True
        for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
            monkeypatch.setenv(name, f"/{name}")
            assert connection_settings(session, self.URL)[1] == f"/{name}"
        session.verify = "/mine"
        assert connection_settings(session, self.URL)[1] == "/mine"
        session.verify = False
        assert connection_settings(session, self.URL)[1] is False

    def test_proxies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Environment proxies are used except for hosts of NO_PROXY; the session's own come first."""
        session = requests.Session()
        monkeypatch.setenv("HTTPS_PROXY", "http://corporate:3128")
        assert connection_settings(session, self.URL)[0]["https"] == "http://corporate:3128"
        monkeypatch.setenv("NO_PROXY", ".amazonaws.com")
        assert connection_settings(session, self.URL)[0] == {}
        session.proxies = {"https": "http://mine:1"}
        assert connection_settings(session, self.URL)[0] == {"https": "http://mine:1"}
        session.proxies, session.trust_env = {}, False
        monkeypatch.delenv("NO_PROXY")
        assert connection_settings(session, self.URL)[0] == {}

    def test_what_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever changes of what they depend on, the settings that are kept are those that would be found anew."""
        session = requests.Session()
        kept = {url: ConnectionSettings("/bundle") for url in (self.URL, "http://127.0.0.1:8080/v1")}
        put, drop = monkeypatch.setenv, monkeypatch.delenv
        changes: list[Callable[[], object]] = [
            *(partial(put, name, f"http://{name}:1") for name in VARIABLES),
            *(partial(put, name, f"http://{name}:2") for name in VARIABLES),
            *(partial(drop, name) for name in VARIABLES),
            partial(put, "Http_Proxy", "http://odd:1"),
            lambda: (drop("Http_Proxy"), put("HTTP_PROXY", "http://proxy:1")),
            partial(put, "UNRELATED", "1"),
            lambda: (drop("UNRELATED"), put("REQUEST_METHOD", "GET")),
            lambda: (put("UNRELATED", "1"), drop("REQUEST_METHOD")),
            *(partial(put, name, value) for name in ("NO_PROXY", "no_proxy") for value in ("x", ".amazonaws.com")),
            partial(session.proxies.update, https="http://mine:1"),
            *(partial(setattr, session, "verify", value) for value in (False, "/mine", True)),
            partial(setattr, session, "trust_env", False),
        ]
        for change in (lambda: None, *changes):
            change()
            for url, settings in kept.items():
                found = settings.find(session, url)
                assert found == connection_settings(session, url, "/bundle"), change
                found[0]["https"] = "spoiled"
            assert settings.find(session, self.URL) == connection_settings(session, self.URL, "/bundle")
            settings.find(session, url)

    def test_nothing_is_looked_up_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While nothing changes, the environment is gone through once; where the system has settings, each time."""
        calls: list[str] = []
        module = "bedrock_openai_http.transport.connection_settings"
        monkeypatch.setattr(f"{module}.get_environ_proxies", lambda url, no_proxy: calls.append(url) or {})
        for has_settings, count in ((False, 1), (True, 3)):
            monkeypatch.setattr(f"{module}._SYSTEM_HAS_SETTINGS", has_settings)
            kept, session = ConnectionSettings(), requests.Session()
            calls.clear()
            for _ in range(3):
                kept.find(session, self.URL)
            assert calls == [self.URL] * count

    def test_a_proxy_sees_the_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy of the environment is used over real sockets."""
        with RawServer(lambda number: [http(b"from the proxy")]) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("http_proxy", proxy.url)
            assert fetch("http://bedrock.example") == b"from the proxy"
        assert proxy.requests[0].startswith(b"POST http://bedrock.example/openai/v1/chat/completions HTTP/1.1")

    def test_no_proxy_for_this_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What goes to this machine goes there straight, so that plain http with a key never leaves it."""
        with (
            RawServer(lambda number: [http(b"proxy")]) as proxy,
            RawServer(lambda number: [http(b"direct")]) as server,
        ):
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            assert fetch(server.url) == fetch(server.url.replace("127.0.0.1", "localhost")) == b"direct"
        assert proxy.requests == []

    def test_a_dead_proxy_with_a_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that does not answer is a connection error that does not show its password."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://user:hunter2@127.0.0.1:{port}")
        error = failure_of("https://bedrock.example")
        assert isinstance(error, APIConnectionError)
        assert error.phase == "connect"
        assert "hunter2" not in str(error)
