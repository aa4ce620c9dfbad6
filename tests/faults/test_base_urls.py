"""The fault matrix, T29 once more: hosts and paths of base URLs, and that what is signed is what arrives."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bedrock_openai_http import APIConnectionError, ConfigurationError, resolve_endpoint
from bedrock_openai_http.cli import main
from bedrock_openai_http.testing.service.verifier import verify
from both import Client, given_session
from peers import TLSServer, make_certificate
from signed_calls import KEYS, SCOPE, SECRETS, received
from support import COMPLETION, KEY, REQUEST, RawServer, http

Check = Callable[..., Any]

#: Paths as they are given, and as they arrive.
PATHS = {
    "/a:b": "/a:b",
    "/:/:a": "/:/:a",
    "/%7Euser": "/~user",
    "/%7euser": "/~user",
    "/~user": "/~user",
    "/%41%62%2d%2E%5fc": "/Ab-._c",
    "/a%20b": "/a%20b",
    "/a%3ab": "/a%3Ab",
    "/%2f/%2F": "/%2F/%2F",
    "/%25/%2541": "/%25/%2541",
    "/%c3%a9/%FF": "/%C3%A9/%FF",
    "/%00%0d%0A": "/%00%0D%0A",
    "/%3Fa=1&b=2%23c": "/%3Fa=1&b=2%23c",
    "/a!$&'()*+,;=@b": "/a!$&'()*+,;=@b",
    "/a...b/.c/d./...": "/a...b/.c/d./...",
    "/%2525": "/%2525",
}


def answering() -> RawServer:
    return RawServer(lambda number: [http(COMPLETION)])


@pytest.mark.parametrize(("given", "sent"), PATHS.items())
@pytest.mark.parametrize("own_session", [False, True])
def test_t29_a_path_is_signed_as_it_arrives(given: str, sent: str, own_session: bool) -> None:
    """A path of RFC 3986 is normalised once; an independent verifier finds the signature right for what arrived."""
    with answering() as server, given_session() if own_session else nullcontext() as session:
        with Client("us-west-2", base_url=server.url + given, credentials=KEYS, session=session) as client:
            assert client.complete(REQUEST).text == "hi"
        with Client(base_url=server.url + given, api_key=KEY, session=session) as client:
            assert client.complete(REQUEST).text == "hi"
        signed, unsigned = map(received, server.requests)
    assert signed.target == unsigned.target == f"{sent}/openai/v1/chat/completions"
    assert verify(signed, scope=SCOPE, keys={KEYS.access_key: KEYS}, now=time.time()) is None


BAD_PATHS = [
    *"//a /a//b /. /.. /a/../b /%2e /a/%2E%2e/b /.%2e /%zz /%4 /% /a%2".split(),
    *"/[1] \\a /a\\b /a|b /a^b /a`b /<a> /{a}".split(),
    "/a b",
    '/"',
    "/é",
    "/a\u212a",
]


def test_t29_a_path_that_could_not_be_kept(fails: Check) -> None:
    """A dotted or empty segment, however it is written, half an escape, and what must be escaped are refused."""
    for path in BAD_PATHS:
        error = fails(partial(Client, base_url=f"https://h{path}", api_key=KEY), ConfigurationError)
        assert str(error).startswith("base_url: "), path


#: What a resolver, a proxy or another library would take for another host than it says, or for none.
BAD_HOSTS = """
[v1.evil.com] [vF.evil.com] [v1.::1] [::1%25eth0] [::1%eth0] [fe80::1%25lo] [1.2.3.4] [127.0.0.1] [localhost] []
[::1 ::1] ::1 [::g] [:::] [1::2::3] [::1]x x[::1] [[::1]] [::1]:x [::1]x:1
0x7f.1 127.1 127.0.1 2130706433 0x7f000001 017700000001 127.0.0.1. 127.0.0.256 1.2.3 1.2.3.4.5 a.1 a.0x1 1
h..com .h.com h.com.. . .. .h ..h -h h- a.-b a.b- h_- -_h
""".split()
BAD_HOSTS += [
    "a" * 64 + ".com",
    ".".join(["a" * 49] * 6),
    "h%2ecom",
    "h%00",
    "h,com",
    "h;com",
    "h!",
    "(h)",
    "h\\",
    "*",
]
BAD_HOSTS += ["h:0", "h:65536", "h:+80", "h:-1", "h:8_0", "h:8x", "h:\u0668", "h::80", "h:80:80", "h:" + "9" * 5000]
BAD_HOSTS += ["user@h", "@h", "h\u3002com", "\uff48", "\u212aelvin.com", "h\u200b", "xn--\xe4"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_t29_a_host_that_is_none(scheme: str) -> None:
    """What is no host by RFC 3986 and RFC 1123 is refused when the client is made, whatever could be read into it."""
    said: dict[str, str] = {}
    for host in BAD_HOSTS:
        try:
            Client("us-west-2", base_url=f"{scheme}://{host}/openai/v1", api_key=KEY, allow_insecure=True)
            said[host] = "nothing"
        except ConfigurationError as error:
            said[host] = str(error)
    assert [host for host, words in said.items() if not words.startswith("base_url: ")] == []


@pytest.mark.no_client
@pytest.mark.parametrize(
    ("host", "root"),
    [
        ("my_service", "my_service"),
        ("_http._tcp.example.com", "_http._tcp.example.com"),
        ("my_service:8080", "my_service:8080"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.Example.", "xn--bcher-kva.example."),
        ("a" * 63 + ".com", "a" * 63 + ".com"),
        (".".join(["a" * 63] * 3 + ["a" * 61]), None),
        (".".join(["a" * 63] * 3 + ["a" * 61]) + ".", None),
        ("1a.2b", "1a.2b"),
        ("1.2.3.a1", "1.2.3.a1"),
        ("0xg", "0xg"),
        ("h.", "h."),
        ("h.:8443", "h.:8443"),
        ("h.:443", "h."),
        ("h:", "h"),
        ("h:00443", "h"),
        ("1.2.3.4", "1.2.3.4"),
        ("[::1]", "[::1]"),
        ("[::FFFF:1.2.3.4]:80", "[::ffff:1.2.3.4]:80"),
        ("[2001:DB8::1]:", "[2001:db8::1]"),
    ],
)
def test_t29_a_host_that_is_good(host: str, root: str | None) -> None:
    """Names of docker compose, punycode, absolute names, long names and addresses of both kinds are hosts."""
    assert resolve_endpoint(None, base_url=f"https://{host}").root == f"https://{root or host}"


@pytest.mark.no_client
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"])
def test_t29_this_machine(host: str) -> None:
    """Plain http is let through to this machine, by each of its names."""
    assert resolve_endpoint(None, base_url=f"http://{host}:8080")


@pytest.mark.no_client
@pytest.mark.parametrize(
    "host", ["localhost.com", "localhost.x", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "0.0.0.0", "8.8.8.8"]
)
def test_t29_not_this_machine(host: str) -> None:
    """Plain http to what only looks like this machine needs `allow_insecure`."""
    with pytest.raises(ConfigurationError, match="plain http"):
        resolve_endpoint(None, base_url=f"http://{host}:8080")


@pytest.mark.parametrize(
    "region", ["us-west-\u0662", "us-west-\uff12", "us-w\u00e9st-2", "\u017ds-west-2", "us-west-2\u0662"]
)
def test_t29_a_region_of_other_digits(region: str) -> None:
    """A digit or letter of another script makes no region: it would get into a host's name, and into a key."""
    with pytest.raises(ConfigurationError, match=r"^region: must look like"):
        Client(region, api_key=KEY)


@pytest.mark.no_client
def test_t29_aws_with_a_last_dot() -> None:
    """AWS's host as an absolute name is AWS's host: its region is known, and checked."""
    url = "https://bedrock-runtime.us-west-2.amazonaws.com.:8443/openai/v1"
    found = resolve_endpoint(None, base_url=url)
    assert (found.root, found.region) == ("https://bedrock-runtime.us-west-2.amazonaws.com.:8443", "us-west-2")
    with pytest.raises(ConfigurationError, match="is a host in us-west-2, and the region is eu-west-1"):
        resolve_endpoint("eu-west-1", base_url=url)
    with pytest.raises(ConfigurationError, match="is a host of runtime"):
        resolve_endpoint("us-west-2", base_url=url, endpoint="mantle")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let "localhost." be resolved, as with a DNS server, and give the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        asked.append(host if isinstance(host, str) else host.decode())
        return real("127.0.0.1" if asked[-1] == "localhost." else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("own_session", [False, True])
def test_t29_an_absolute_name_over_tls(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_session: bool
) -> None:
    """The name is asked for with its last dot, and so without search domains; certificate and signature fit."""
    files = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))
    session = given_session(verify=str(files[0])) if own_session else nullcontext()
    with TLSServer(lambda number: [http(COMPLETION)], files) as server, session as given:
        port = urlsplit(server.url).port
        url = f"https://localhost.:{port}"
        with Client("us-west-2", base_url=url, credentials=KEYS, session=given) as client:
            assert client.complete(REQUEST).text == "hi"
        with Client("us-west-2", base_url=url, api_key=KEY, session=given) as client:
            assert client.complete(REQUEST).text == "hi"
        signed, unsigned = map(received, server.requests)
    assert signed.values("host") == unsigned.values("host") == [f"localhost:{port}"]
    assert verify(signed, scope=SCOPE, keys={KEYS.access_key: KEYS}, now=time.time()) is None
    assert set(names) == {"localhost."}


@pytest.mark.no_client
def test_t29_doctor_and_an_absolute_name(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command `doctor` checks such a host's certificate as a call does."""
    files = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
    with TLSServer(lambda number: [http(COMPLETION)], files) as server:
        main(["doctor", "--endpoint-url", server.url.replace("127.0.0.1", "localhost."), "--call"])
    shown = capsys.readouterr().out
    assert "FAIL  TLS" not in shown
    assert "ok    TLS" in shown
    assert set(names) == {"localhost."}


def test_t29_an_absolute_name_and_another_ones_certificate(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: Check
) -> None:
    """The last dot does not switch off the check of the certificate's name."""
    files = make_certificate(tmp_path, "other.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))
    with TLSServer(lambda number: [http(COMPLETION)], files) as server:
        url = f"https://localhost.:{urlsplit(server.url).port}"
        with Client("us-west-2", base_url=url, credentials=KEYS, max_attempts=1) as client:
            assert fails(lambda: client.complete(REQUEST), APIConnectionError, *SECRETS).phase == "connect"
        assert not any(b"POST" in request for request in server.requests)
