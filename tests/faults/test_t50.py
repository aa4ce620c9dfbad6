"""The fault matrix, T50: certificates that are not trusted, and servers that want to see one.

Each failure says what is probably wrong, and what is surely so the next time is not tried again.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests

from bedrock_openai_http import APIConnectionError, ConfigurationError
from both import Client, client_of
from calls import BOTH, complete
from peers import TLSServer, make_certificate
from support import COMPLETION, NO_WAITS, RawServer, http

Fails = Callable[..., Any]
Files = tuple[Path, Path]

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


#: What a session trusts, and what it shows.
OF_REQUESTS = pytest.mark.only("Client", "A given ClientSession's connector has read its certificates by then.")
OWN_OR_GIVEN = [False, pytest.param(True, marks=OF_REQUESTS)]


def serving(files: Files) -> TLSServer:
    return TLSServer(lambda number: [http(COMPLETION)], files)


@BOTH
def test_t50_an_authority_that_nobody_knows(ask: Any, certificate: Files, fails: Fails) -> None:
    """Without a bundle of one's own: which bundle was used, and the variable that names another; once."""
    with serving(certificate) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: ask(client), APIConnectionError)
    assert (error.phase, error.attempts, server.requests) == ("connect", 1, [])
    assert "certificate not trusted" in error.message
    assert "The CA bundle of requests" in error.advice
    assert "AWS_CA_BUNDLE" in error.advice


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_t50_a_bundle_without_the_authority(
    variable: str, kind: str, certificate: Files, tmp_path: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle that was named and does not know who signed is a wrong setting: path and variable are named."""
    bundle = certifi.where() if kind == "file" else str(tmp_path)
    monkeypatch.setenv(variable, bundle)
    with serving(certificate) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), ConfigurationError)
    assert (error.attempts, server.requests) == (1, [])
    assert error.message.startswith(f"{variable}: the CA bundle {bundle} does not know who signed")
    assert "AWS_CA_BUNDLE" in error.advice


def test_t50_the_bundle_of_a_profile(
    certificate: Files, tmp_path: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle of the profile is named as that."""
    (tmp_path / "config").write_text(f"[default]\nca_bundle = {tmp_path}/none.pem\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with serving(certificate) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), ConfigurationError)
    assert error.message == f"ca_bundle of the profile: the CA bundle {tmp_path}/none.pem is not there"


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"", "holds no certificates in PEM form"),
        (b"rubbish", "holds no certificates in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificates in PEM form"),
        (b"\x30\x82\x01\x00", "holds no certificates in PEM form"),
    ],
    ids=["empty", "rubbish", "broken", "DER"],
)
@pytest.mark.parametrize("given", OWN_OR_GIVEN, ids=["own session", "given session"])
def test_t50_a_bundle_that_is_rubbish(
    content: bytes,
    flaw: str,
    given: bool,
    certificate: Files,
    tmp_path: Path,
    fails: Fails,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bundle without certificates is a wrong setting, with a given session as well: nothing is sent."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    session = requests.Session() if given else None
    with serving(certificate) as server, client_of(server, session=session, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), ConfigurationError)
    assert (error.attempts, server.requests) == (1, [])
    assert error.message == f"AWS_CA_BUNDLE: the CA bundle {bundle} {flaw}"
    assert "PEM" in error.advice


@pytest.mark.parametrize(
    ("names", "dates", "words"),
    [
        (("other.example",), {}, "another host"),
        (("127.0.0.1",), {"not_before": NOW - 9 * DAY, "not_after": NOW - DAY}, "has expired"),
        (("127.0.0.1",), {"not_before": NOW + DAY, "not_after": NOW + 9 * DAY}, "not valid yet"),
    ],
    ids=["another host's", "expired", "not yet valid"],
)
def test_t50_a_certificate_that_is_not_good(
    names: tuple[str, ...],
    dates: dict[str, datetime],
    words: str,
    tmp_path: Path,
    fails: Fails,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A certificate of another host or of another time is the server's fault, and said so; it is tried once."""
    files = make_certificate(tmp_path, *names, **dates)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))
    with serving(files) as server, client_of(server, world=NO_WAITS) as client:
        error = fails(lambda: complete(client), APIConnectionError)
    assert (error.phase, error.attempts, server.requests) == ("connect", 1, [])
    assert words in error.advice


class Wanting(TLSServer):
    """Says what it misses, and stays: a reset could overtake what it says."""

    def _serve(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
            self._open.append(secured)
            with contextlib.suppress(OSError):
                secured.do_handshake()
            self._stopped.wait(5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_t50_a_server_that_wants_a_certificate(version: ssl.TLSVersion, trusted: Files, fails: Fails) -> None:
    """A server that wants to see a certificate is told of as that, whenever TLS lets it say so; it is tried once."""
    with Wanting(lambda number: [], trusted) as server, client_of(server, world=NO_WAITS) as client:
        server._context.verify_mode = ssl.CERT_REQUIRED
        server._context.load_verify_locations(trusted[0])
        server._context.maximum_version = version
        error = fails(lambda: complete(client), APIConnectionError)
    # With TLS 1.3 it says so only when the client thinks that it is connected, and has sent the request.
    assert error.phase in (("connect",) if version is ssl.TLSVersion.TLSv1_2 else ("send", "headers"))
    assert error.attempts == 1
    assert server.requests == []
    assert "certificate of yours" in error.advice


def test_t50_a_port_without_tls(fails: Fails) -> None:
    """A server that speaks no TLS fails the handshake for good: tried once, and the likely cause is named."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        url = server.url.replace("http:", "https:")
        with Client(base_url=url, api_key="bedrock-api-key-SECRET", world=NO_WAITS) as client:
            error = fails(lambda: complete(client), APIConnectionError)
    assert (error.phase, error.attempts) == ("connect", 1)
    assert "speaks no TLS" in error.advice


@OF_REQUESTS
def test_t50_a_client_certificate_that_is_not_there(tmp_path: Path, trusted: Files, fails: Fails) -> None:
    """A session whose `cert` names no file is a wrong setting."""
    with requests.Session() as session, serving(trusted) as server:
        session.cert = str(tmp_path / "mine.pem")
        error = fails(lambda: complete(client_of(server, session=session, world=NO_WAITS)), ConfigurationError)
    assert str(tmp_path / "mine.pem") in error.message
