"""`doctor`: it says what would be used and from where, finds what is broken, and shows no secret."""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import Credentials, mint_api_key
from bedrock_openai_http.aws.chain import Chain
from bedrock_openai_http.aws.waiting import within
from bedrock_openai_http.cli import main
from bedrock_openai_http.cli.doctor import command as doctor
from bedrock_openai_http.cli.doctor.connection_checks import Route, check_connection, shown_proxy, trust
from bedrock_openai_http.cli.doctor.finding import Finding, span
from bedrock_openai_http.testing import LocalEndpoint
from peers import TLSServer, make_certificate, tunnel_proxy
from shell import SOME_KEYS, Finished, Shell, keys
from support import RawServer

Here = Callable[..., Finished]

QUICK = ("--timeout", "0.3")
SHORT_LIVED = Credentials("ASIACANARYCANARY1234", "canary-secret", "canary-token")


def row(done: Finished, name: str) -> tuple[str, str]:
    """Return the mark of a row of the page, and its words with what is below it, in one line."""
    found = re.search(rf"^(.{{6}}){name} +(.*\n(?: {{19}}.*\n)*)", done.out, re.MULTILINE)
    assert found, f"no {name} in\n{done.out}{done.err}"
    return found[1].strip(), " ".join(found[2].split())


def names(done: Finished) -> list[str]:
    """Return the names of all rows."""
    return re.findall(r"^(?:ok|warn|FAIL|--) +(.{11}) ", done.out, re.MULTILINE)


def dated(number: int) -> list[bytes]:
    """Answer as a service that asks for credentials."""
    return [f"HTTP/1.1 403 Forbidden\r\nDate: {formatdate(usegmt=True)}\r\nContent-Length: 0\r\n\r\n".encode()]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


# All is well


@pytest.mark.parametrize("way", ["signature", "key"])
def test_one_screen_says_it_all(here: Here, endpoint: LocalEndpoint, way: str) -> None:
    """A good call fits on a screen of 80 by 24, each row with its mark and its name in their columns."""
    variables = keys(endpoint) if way == "signature" else {"AWS_BEARER_TOKEN_BEDROCK": endpoint.api_key}
    done = here("doctor", "--call", "--endpoint-url", endpoint.url, **variables)
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    second = "signing" if way == "signature" else "API key"
    assert [name.strip() for name in names(done)] == [
        "region", "endpoint", "host", "path", "attempts", "credentials", second,
        "proxy", "DNS", "connect", "TLS", "clock", "call",
    ]  # fmt: skip
    assert row(done, "region") == ("ok", "us-west-2 AWS_REGION")
    assert row(done, "host") == ("ok", f"{endpoint.url} --endpoint-url")
    assert row(done, "clock") == ("ok", "within 2 s of the service's")
    assert endpoint.requests[-1].request_id in row(done, "call")[1]
    assert re.search(r"^bedrock-openai-http \S+, Python \S+, \w+ \S+$", done.out, re.MULTILINE)
    assert re.search(r"^requests \S+, urllib3 \S+, botocore \S+, jsonschema \S+$", done.out, re.MULTILINE)
    assert lines[-1] == "Nothing to fix."


def test_without_call_no_credentials_are_sent(here: Here, endpoint: LocalEndpoint) -> None:
    """Only the time is asked for, and by a request that proves nothing of who asks."""
    before = len(endpoint.requests)
    done = here("doctor", "--endpoint-url", endpoint.url, **keys(endpoint))
    (asked,) = endpoint.requests[before:]
    assert done.code == 0
    assert asked.method == "GET"
    assert not asked.values("authorization")
    assert not asked.values("x-amz-security-token")
    assert row(done, "call")[0] == "--"


def test_the_call_is_small(here: Here, endpoint: LocalEndpoint) -> None:
    """--call asks the model that --model names, for a few tokens."""
    here("doctor", "--call", "--model", "m-1", "--endpoint-url", endpoint.url, **keys(endpoint))
    body = json.loads(endpoint.requests[-1].body)
    assert body["model"] == "m-1"
    assert body["max_completion_tokens"] <= 64


def test_the_sources_are_those_that_decide(here: Here, tmp_path: Path) -> None:
    """Region, URL, attempts and credentials of a profile are shown as the profile's."""
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nregion = eu-north-1\nendpoint_url = http://127.0.0.1:9\nmax_attempts = 5\n"
        "aws_access_key_id = AKIAWORKWORKWORK9876\naws_secret_access_key = canary\n"
    )
    variables = {"AWS_REGION": "", "AWS_BEARER_TOKEN_BEDROCK": "canary-key", "AWS_CONFIG_FILE": str(config)}
    done = here("doctor", "--offline", "--profile", "work", **variables)
    assert done.code == 0
    assert row(done, "region") == ("ok", "eu-north-1 region of profile work")
    assert row(done, "host") == ("ok", "http://127.0.0.1:9 endpoint_url of profile work")
    assert row(done, "attempts") == ("ok", "5 max_attempts of profile work")
    assert row(done, "credentials") == ("ok", "****9876, long-term config file, profile work")
    assert row(done, "signing") == ("ok", "SigV4, bedrock, eu-north-1")
    assert row(done, "API key") == ("--", "--profile counts more than AWS_BEARER_TOKEN_BEDROCK")
    assert "canary" not in done.out + done.err


def test_the_endpoint_is_the_one_that_is_named(here: Here) -> None:
    """--endpoint, --model and AWS_USE_FIPS_ENDPOINT decide host, path and signing name."""
    mantle = here("doctor", "--offline", "--endpoint", "mantle", "--model", "openai.gpt-5.4", **SOME_KEYS)
    assert row(mantle, "host") == ("ok", "https://bedrock-mantle.us-west-2.api.aws")
    assert row(mantle, "path") == ("ok", "POST /openai/v1/chat/completions")
    assert row(mantle, "signing") == ("ok", "SigV4, bedrock-mantle, us-west-2")
    fips = here("doctor", "--offline", AWS_USE_FIPS_ENDPOINT="true", **SOME_KEYS)
    assert row(fips, "endpoint") == ("ok", "runtime, FIPS AWS_USE_FIPS_ENDPOINT")
    assert row(fips, "host") == ("ok", "https://bedrock-runtime-fips.us-west-2.amazonaws.com")


def test_offline_asks_nobody(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --offline no name is looked up and no connection made."""

    def no_network(*args: object, **kwargs: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    done = here("doctor", "--offline", **SOME_KEYS)
    assert done.code == 0
    assert row(done, "network") == ("--", "not checked (--offline)")


# Configuration and credentials


def test_no_region_and_no_credentials_are_both_shown(here: Here) -> None:
    """One run finds all that is missing; the exit code is that of the first, and each says what to do."""
    done = here("doctor", AWS_REGION="")
    assert done.code == 2
    assert row(done, "region") == ("FAIL", "none -> give --region, or set AWS_REGION or the profile's region")
    mark, words = row(done, "credentials")
    assert (mark, words.partition(" -> ")[0]) == ("FAIL", "none found")
    assert "AWS_BEARER_TOKEN_BEDROCK" in words
    assert done.out.splitlines()[-1] == "2 to fix."


def test_no_region_to_sign_for(here: Here, endpoint: LocalEndpoint) -> None:
    """With an endpoint URL only signatures need a region: credentials do, and an API key does not."""
    where = ("doctor", "--offline", "--endpoint-url", endpoint.url)
    signed = here(*where, AWS_REGION="", **keys(endpoint))
    assert (signed.code, row(signed, "region")[0]) == (2, "FAIL")
    bearer = here(*where, AWS_REGION="", AWS_BEARER_TOKEN_BEDROCK=endpoint.api_key)
    assert (bearer.code, row(bearer, "region")[0]) == (0, "--")


def test_no_credentials_do_not_hide_the_network(here: Here, endpoint: LocalEndpoint) -> None:
    """Without credentials the way to the service is checked all the same; the exit code is 3."""
    done = here("doctor", "--call", "--endpoint-url", endpoint.url)
    assert done.code == 3
    assert row(done, "clock")[0] == "ok"
    assert "call" not in [name.strip() for name in names(done)]


def test_contradicting_settings_are_named(here: Here) -> None:
    """What no call could use is exit code 2, with the names of the variables."""
    done = here("doctor", AWS_USE_FIPS_ENDPOINT="true", AWS_ENDPOINT_URL="https://example.com", **SOME_KEYS)
    assert (done.code, row(done, "endpoint")[0]) == (2, "FAIL")
    assert "AWS_USE_FIPS_ENDPOINT" in row(done, "endpoint")[1]
    assert "AWS_ENDPOINT_URL" in row(done, "endpoint")[1]
    assert row(done, "network") == ("--", "not checked: there is no endpoint")


def test_a_profile_that_is_not_there(here: Here) -> None:
    """A misspelled profile is a failure of the credentials, in botocore's words."""
    done = here("doctor", "--offline", "--profile", "wrok")
    assert (done.code, row(done, "credentials")[0]) == (3, "FAIL")
    assert "wrok" in row(done, "credentials")[1]


def test_a_chain_that_hangs_is_given_up(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metadata service that does not answer costs no more than --timeout."""
    woken = threading.Event()
    monkeypatch.setattr(Chain, "_ask", lambda self: woken.wait(30))
    done = here("doctor", "--offline", "--timeout", "0.05")
    woken.set()
    assert done.code == 3
    assert "gave no answer within 0.05 s" in row(done, "credentials")[1]


@pytest.mark.parametrize(
    ("made", "region", "code", "mark", "words"),
    [
        (timedelta(minutes=-5), "us-west-2", 0, "ok", "short-term, us-west-2, 54 min left"),
        (timedelta(minutes=-55), "us-west-2", 0, "warn", "short-term, us-west-2, 4 min left"),
        (timedelta(hours=-3), "us-west-2", 3, "FAIL", "short-term, us-west-2, expired 2 h 0 min ago"),
        (timedelta(), "eu-west-1", 2, "FAIL", "made for eu-west-1, not us-west-2"),
    ],
    ids=["good", "ends soon", "expired", "other region"],
)
def test_a_short_term_key_is_read(here: Here, made: timedelta, region: str, code: int, mark: str, words: str) -> None:
    """Of an API key its kind, its region and the time it has left are shown; one that cannot work is a failure."""
    moment = datetime.now(timezone.utc) + made
    key = mint_api_key(region, credentials=SHORT_LIVED, lifetime=3600 - (made == timedelta(minutes=-5)), now=moment)
    done = here("doctor", "--offline", AWS_BEARER_TOKEN_BEDROCK=key)
    assert done.code == code
    found, text = row(done, "API key")
    assert (found, text.partition(" -> ")[0]) == (mark, words)
    assert ("bedrock-openai-http key mint" in text) is (mark != "ok")


def test_a_key_of_another_kind_is_pointed_out(here: Here) -> None:
    """A key that Bedrock did not make may be meant for a gateway, so it is a warning."""
    done = here("doctor", "--offline", AWS_BEARER_TOKEN_BEDROCK="sk-canary")
    assert (done.code, row(done, "API key")[0]) == (0, "warn")
    assert "canary" not in done.out
    assert done.out.splitlines()[-1] == "Nothing to fix, 1 to look at."


# The way to the service


def test_a_trusted_certificate(here: Here, certificate: tuple[Path, Path]) -> None:
    """Over https the certificate is verified with the bundle that a call would use, and named."""
    with TLSServer(dated, certificate) as server:
        where = ("--endpoint-url", server.url.replace("127.0.0.1", "localhost"))
        done = here("doctor", *where, AWS_CA_BUNDLE=str(certificate[0]), **SOME_KEYS)
    assert done.code == 0, done.out
    assert row(done, "CA bundle")[1].endswith(" AWS_CA_BUNDLE")
    assert row(done, "DNS")[0] == "ok"
    mark, words = row(done, "TLS")
    assert mark == "ok"
    assert re.fullmatch(r"TLSv1\.\d, certificate by trustme .*, good until \d{4}-\d\d-\d\d", words)
    assert row(done, "clock")[0] == "ok"


def test_the_bundle_of_a_profile_is_used(here: Here, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """The checks trust what the profile's `ca_bundle` says, as a call would, and say that it is the profile's."""
    config = tmp_path / "config"
    config.write_text(f"[default]\nca_bundle = {certificate[0]}\n")
    with TLSServer(dated, certificate) as server:
        done = here("doctor", "--endpoint-url", server.url, AWS_CONFIG_FILE=str(config), **SOME_KEYS)
    assert done.code == 0, done.out
    assert row(done, "CA bundle")[1].endswith(" ca_bundle of profile default")
    assert row(done, "TLS")[0] == row(done, "clock")[0] == "ok"


@pytest.mark.parametrize(
    ("names", "validity", "words", "fix"),
    [
        ((), {"not_after": datetime.now(timezone.utc) - timedelta(1)}, "expired", "renew"),
        (("elsewhere.example",), {}, "127.0.0.1", "the URL must name the host"),
        (None, {}, "issuer", "AWS_CA_BUNDLE"),
    ],
    ids=["expired", "other host", "unknown authority"],
)
def test_a_certificate_that_is_refused(
    here: Here,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    names: tuple[str, ...] | None,
    validity: dict[str, Any],
    words: str,
    fix: str,
) -> None:
    """OpenSSL's reason is shown, and what to do for this reason; exit code 4."""
    bundle, chain = make_certificate(tmp_path, *(names or ()), **validity)
    trusted = certificate[0] if names is None else bundle
    with TLSServer(dated, (bundle, chain)) as server:
        done = here("doctor", "--endpoint-url", server.url, AWS_CA_BUNDLE=str(trusted), **SOME_KEYS)
    assert done.code == 4
    mark, text = row(done, "TLS")
    assert mark == "FAIL"
    assert words in text.partition(" -> ")[0]
    assert fix in text.partition(" -> ")[2]
    assert names_end(done) == "TLS"


def names_end(done: Finished) -> str:
    """Return the name of the last row."""
    return names(done)[-1].strip()


@pytest.mark.parametrize(
    ("content", "words"), [(None, "is not there"), ("text", "no certificates")], ids=["missing", "text"]
)
def test_a_bundle_that_cannot_be_used(here: Here, tmp_path: Path, content: str | None, words: str) -> None:
    """The bundle is looked at before anybody is asked; exit code 2."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    done = here("doctor", AWS_CA_BUNDLE=str(path), **SOME_KEYS)
    assert (done.code, row(done, "CA bundle")[0], names_end(done)) == (2, "FAIL", "CA bundle")
    assert words in row(done, "CA bundle")[1]


def test_nobody_listens(here: Here) -> None:
    """A closed port is a failure to connect; what comes after it is not tried."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = here("doctor", "--call", "--endpoint-url", f"https://127.0.0.1:{port}", **SOME_KEYS)
    assert (done.code, names_end(done)) == (4, "connect")
    assert row(done, "connect")[1].startswith(f"127.0.0.1:{port}: Connection refused -> ")


def test_a_host_without_an_address(here: Here) -> None:
    """A name that does not exist is a failure of DNS."""
    done = here("doctor", *QUICK, "--endpoint-url", "https://bedrock.invalid", **SOME_KEYS)
    assert (done.code, names_end(done)) == (4, "DNS")
    assert row(done, "DNS")[1].startswith("bedrock.invalid: ")


def test_no_tls_where_tls_is_asked_for(here: Here, endpoint: LocalEndpoint) -> None:
    """TLS with a port that speaks plain http is a failure of TLS."""
    done = here("doctor", *QUICK, "--endpoint-url", endpoint.url.replace("http:", "https:"), **SOME_KEYS)
    assert (done.code, names_end(done)) == (4, "TLS")
    assert re.match(r"[a-z0-9 ]+ -> What answers there speaks no TLS", row(done, "TLS")[1])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_service_is_given_up(here: Here, scheme: str) -> None:
    """A server that takes the connection and says nothing costs no more than --timeout; no call is tried."""
    with RawServer(lambda number: [30.0]) as server:
        where = server.url.replace("http:", f"{scheme}:")
        done = here("doctor", "--call", "--timeout", "0.15", "--endpoint-url", where, **SOME_KEYS)
    assert (done.code, names_end(done)) == (4, "clock" if scheme == "http" else "TLS")
    assert "within 0.15 s" in row(done, names_end(done))[1]


def test_a_dead_proxy(here: Here) -> None:
    """Through a proxy names are the proxy's matter; if it is not there, that is said, without its password."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"http://user:canary@127.0.0.1:{listener.getsockname()[1]}"
    done = here("doctor", HTTPS_PROXY=proxy, **SOME_KEYS)
    assert (done.code, names_end(done)) == (4, "connect")
    assert row(done, "proxy") == ("ok", f"{proxy.replace('user:canary', '***')} HTTPS_PROXY")
    assert row(done, "DNS") == ("--", "left to the proxy")
    assert "the proxy http://***@127.0.0.1" in row(done, "connect")[1]
    assert "canary" not in done.out


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4a"])
def test_a_socks_proxy(here: Here, scheme: str) -> None:
    """A SOCKS proxy is the transport's to connect to; where it is not there, that is said, without its password."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    done = here(
        "doctor", *QUICK, HTTPS_PROXY=f"{scheme}://user:canary@{address}", AWS_REGION="us-west-2", **SOME_KEYS
    )
    assert row(done, "proxy") == ("ok", f"{scheme}://***@{address} HTTPS_PROXY")
    assert (done.code, row(done, "clock")[0]) == (4, "FAIL")
    assert f"the proxy {scheme}://***@{address}: Connection refused" in row(done, "clock")[1]
    assert "canary" not in done.out


def test_a_proxy_that_is_no_url(here: Here) -> None:
    """A proxy that is no URL is a wrong setting, of which nothing is shown."""
    done = here("doctor", *QUICK, HTTPS_PROXY="http://user:canary", **SOME_KEYS)
    assert row(done, "proxy")[0] == "FAIL"
    assert "HTTPS_PROXY" in row(done, "proxy")[1]
    assert (done.code, "canary" in done.out) == (2, False)


def test_a_proxy_that_refuses(here: Here) -> None:
    """The proxy gets its password, and its refusal is shown."""
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with RawServer(lambda number: [answer, None]) as server:
        done = here("doctor", https_proxy=server.url.replace("//", "//user:p%40ss@"), **SOME_KEYS)
    assert (done.code, names_end(done)) == (4, "connect")
    assert "407 Proxy Authentication Required" in row(done, "connect")[1]
    assert b"CONNECT bedrock-runtime.us-west-2.amazonaws.com:443 HTTP/1." in server.requests[0]
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in server.requests[0]


def test_a_proxy_that_works(certificate: tuple[Path, Path]) -> None:
    """Through a tunnel the certificate verified is the service's."""
    with TLSServer(dated, certificate) as server, tunnel_proxy() as (proxy, heads):
        found = list(check_connection(Route.to(server.url, proxy, trust(str(certificate[0]))), 5))
    assert [(finding.name, finding.status) for finding in found] == [("DNS", "--"), ("connect", "ok"), ("TLS", "ok")]
    assert "which opened a tunnel" in found[1].text
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")


def test_a_proxy_of_another_kind_is_left_to_the_transport() -> None:
    """Only the transport can go through other proxies than plain http ones; the checks do not pretend to."""
    route = Route.to("https://x.example", "socks5://127.0.0.1:1", ssl.create_default_context())
    found = list(check_connection(route, 1))
    assert [finding.status for finding in found] == ["--", "--"]


def test_a_proxy_that_is_not_used_here(here: Here, endpoint: LocalEndpoint) -> None:
    """A proxy that the environment names, but not for this host, is told apart from none at all."""
    done = here("doctor", "--offline", "--endpoint-url", endpoint.url, http_proxy="http://127.0.0.1:9", **SOME_KEYS)
    assert row(done, "proxy") == ("ok", "none for this host")


@pytest.mark.parametrize(
    ("seconds", "variables", "code", "mark", "words"),
    [
        (1200.0, {}, 0, "warn", "behind the service's -> set this machine's clock"),
        (-1200.0, {}, 0, "warn", "ahead of the service's -> set this machine's clock"),
        (1200.0, {"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true"}, 2, "FAIL", "or unset AWS_DISABLE_CLOCK_SKEW_CORREC"),
        (1200.0, {"AWS_BEARER_TOKEN_BEDROCK": "ABSKcanary"}, 0, "ok", "behind the service's"),
        (60.0, {}, 0, "ok", "behind the service's"),
    ],
)
def test_a_clock_that_is_off(
    here: Here, seconds: float, variables: dict[str, str], code: int, mark: str, words: str
) -> None:
    """An offset that gets signatures refused is a warning, and a failure only where nothing corrects it."""
    with LocalEndpoint(clock=lambda: time.time() + seconds) as endpoint:
        done = here("doctor", "--endpoint-url", endpoint.url, **{**SOME_KEYS, **variables})
    assert (done.code, row(done, "clock")[0]) == (code, mark)
    assert words in row(done, "clock")[1]


def test_an_answer_without_a_date(here: Here) -> None:
    """What answers without a Date is probably not the service, and the clock remains unknown."""
    with RawServer(lambda number: [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]) as server:
        done = here("doctor", "--endpoint-url", server.url, **SOME_KEYS)
    assert (done.code, row(done, "clock")[0]) == (0, "warn")


def test_a_refused_call(here: Here, endpoint: LocalEndpoint) -> None:
    """A refusal is shown with its request ID and with advice; exit code 1."""
    done = here("doctor", "--call", "--endpoint-url", endpoint.url, AWS_BEARER_TOKEN_BEDROCK="ABSKcanary")
    assert (done.code, row(done, "call")[0]) == (1, "FAIL")
    error, arrow, advice = row(done, "call")[1].partition(" -> ")
    assert "403 AccessDeniedException" in error
    assert endpoint.requests[-1].request_id in error
    assert arrow
    assert "key" in advice
    assert "canary" not in done.out


def test_a_call_that_cannot_be_made(here: Here, endpoint: LocalEndpoint) -> None:
    """A model ID that is known to belong to the other endpoint is not sent; exit code 2."""
    before = len(endpoint.requests)
    model = ("--endpoint", "mantle", "--model", "openai.gpt-oss-20b-1:0")
    done = here("doctor", "--call", *model, "--endpoint-url", endpoint.url, **keys(endpoint))
    assert (done.code, row(done, "call")[0]) == (2, "FAIL")
    assert "openai.gpt-oss-20b" in row(done, "call")[1]
    assert [request.method for request in endpoint.requests[before:]] == ["GET"]


# What is shown


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["page", "json"])
def test_no_secret_is_shown(here: Here, form: tuple[str, ...]) -> None:
    """Neither key nor token, refused or not; of an access key ID the last four characters."""
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIACANARYCANARY1234",
        "AWS_SECRET_ACCESS_KEY": "canary-secret",
        "AWS_SESSION_TOKEN": "canary/token+with=chars",
    }
    key = mint_api_key("us-west-2", credentials=SHORT_LIVED)
    with LocalEndpoint() as endpoint:
        where = ("doctor", "--call", *form, "--endpoint-url", endpoint.url)
        signed = here(*where, **secrets)
        bearer = here(*where, AWS_BEARER_TOKEN_BEDROCK=key)
    assert (signed.code, bearer.code) == (1, 1)
    for done in (signed, bearer):
        assert "canary" not in (done.out + done.err).lower()
        assert key[20:40] not in done.out
    assert "****1234" in signed.out


def test_json_is_one_document(here: Here, endpoint: LocalEndpoint) -> None:
    """--json prints the same findings for programs, in ASCII, with the exit code."""
    done = here("doctor", "--json", "--endpoint-url", endpoint.url)
    document = json.loads(done.out)
    assert done.out.isascii()
    assert document["exit_code"] == done.code == 3
    assert {"Python", "requests", "urllib3", "botocore", "jsonschema"} < set(document["versions"])
    found = {finding["name"]: finding for finding in document["findings"]}
    assert found["region"] == {
        "name": "region", "status": "ok", "text": "us-west-2", "source": "AWS_REGION", "fix": None,
    }  # fmt: skip
    assert found["credentials"]["status"] == "fail"
    assert found["TLS"]["status"] == "skipped"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "coloured"), [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_marks_are_coloured_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    """Colour needs a terminal and a user who has not declined; control characters of others never pass."""
    for name, value in {"AWS_REGION": "", "NO_COLOR": "", "AWS_ENDPOINT_URL": "http://\x1b[2J", **variables}.items():
        monkeypatch.setenv(name, value)
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["doctor", "--offline"]) == 2
    assert ("\x1b[31mFAIL  \x1b[0m" in terminal.getvalue()) is coloured
    assert "\x1b[2J" not in terminal.getvalue()


def test_a_terminal_without_unicode(shell: Shell, certificate: tuple[Path, Path]) -> None:
    """Where the locale is ASCII, a path with other characters is shown with escapes."""
    bundle = shell.home / "zertifikät.pem"
    bundle.write_bytes(certificate[0].read_bytes())
    ascii_only = {"PYTHONIOENCODING": "ascii", "AWS_CA_BUNDLE": str(bundle)}
    done = shell.run("doctor", "--offline", **SOME_KEYS, **ascii_only)
    assert done.code == 0
    assert "zertifik\\xe4t.pem" in done.out


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7500, "2 h 5 min"), (200000, "2 days")],
)
def test_spans_of_time_are_short(seconds: float, words: str) -> None:
    """A length of time is told in its greatest units."""
    assert span(seconds) == words


def test_long_words_and_long_sources_keep_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """What does not fit beside the text goes below it, and what has no space in it is left whole."""
    from bedrock_openai_http.cli.terminal import plain_output

    doctor._show(Finding("host", "ok", "h" * 70, "s" * 30, "f " * 40), plain_output())
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["ok    host         " + "h" * 70, " " * 19 + "s" * 30]
    assert lines[2].startswith(" " * 19 + "-> f f")
    assert lines[3].startswith(" " * 22 + "f f")


def test_a_proxy_is_shown_without_its_user() -> None:
    """Whatever stands before the last @ is hidden, and a scheme that was left out is added."""
    assert shown_proxy("http://u:p@ss@proxy:3128") == "http://***@proxy:3128"
    assert shown_proxy("proxy:3128") == "http://proxy:3128"


def test_what_takes_too_long_is_left_behind() -> None:
    """`within` waits for a result, for an error, or for the time it has."""
    stop = threading.Event()
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    with pytest.raises(TimeoutError):
        within(0.01, lambda: stop.wait(30))
    stop.set()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [(("--timeout", "0"), "--timeout"), (("--timeout", "x"), "--timeout"), (("--call", "--offline"), "--offline")],
)
def test_wrong_usage_ends_with_2(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], complaint: str
) -> None:
    """A command line that makes no sense is refused."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *options])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Let no test end while a thread of `within` holds a socket."""
    yield
    for thread in threading.enumerate():
        if thread.daemon and thread.name.endswith("(run)"):
            thread.join(5)
