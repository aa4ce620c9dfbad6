"""T26 to T29: what a caller gives, what is signed, and what a proxy or a base URL makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import botocore.credentials
import pytest

from bedrock_openai_http import (
    ChatCompletionRequest,
    ConfigurationError,
    Credentials,
    CredentialsError,
    Guardrail,
    NotFoundError,
    PermissionDeniedError,
    RequestValidationError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from both import Client, client_of
from loopback import exchange
from support import COMPLETION, KEY, MODEL, PROMPT, REQUEST, RawServer, http

#: What no error may repeat. It stands in the source only here, since tracebacks show source lines.
MARK = "mark" + "5b1c"
BAD_VALUES = {
    "CR": f"{MARK}\rx",
    "LF": f"{MARK}\n",
    "CRLF": f"{MARK}\r\nX-Evil: 1",
    "folded": f"{MARK}\r\n X-Evil: 1",
    "NUL": f"{MARK}\x00",
    "control": f"{MARK}\x1b[2J",
    "DEL": f"{MARK}\x7f",
    "tab": f"{MARK}\tx",
    "NBSP": f"{MARK}\xa0x",
    "NEL": f"{MARK}\x85x",
    "latin": f"{MARK}é",
    "Chinese": f"{MARK}漢",
    "half a pair": f"{MARK}\ud800",
    "spaces": f"{MARK}  x",
    "space at the end": f"{MARK} ",
    "100 KB": MARK * 13_000,
    "int": 7,
    "bytes": MARK.encode(),
    "None": None,
    "list": [MARK],
}
Check = Callable[..., Any]


@pytest.fixture
def unused() -> Iterator[RawServer]:
    """A server that must not even be connected to."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        yield server
        assert (server.connections, server.requests) == (0, [])


class TestT26:
    """Values that could not arrive as they were signed."""

    @pytest.mark.parametrize("header", ["X-Corp", "X-Amzn-Bedrock-GuardrailIdentifier"])
    def test_t26_header_values(self, unused: RawServer, fails: Check, header: str) -> None:
        """An extra header that cannot be sent is refused before anything is, by its name and not its value."""
        with client_of(unused) as client:
            for value in BAD_VALUES.values():
                headers: Any = {header: value}
                error = fails(partial(client.complete, REQUEST, extra_headers=headers), ConfigurationError, MARK)
                assert header in str(error)
                assert len(str(error)) < 300

    def test_t26_header_names(self, unused: RawServer, fails: Check) -> None:
        """An extra header whose name is none is refused without repeating the name, and so is what is no mapping."""
        names = [value for value in BAD_VALUES.values() if not isinstance(value, list)]
        with client_of(unused) as client:
            for headers in ([("X-Corp", MARK)], f"X-Corp: {MARK}", *({name: "x"} for name in names)):
                error = fails(partial(client.stream, REQUEST, extra_headers=headers), ConfigurationError, MARK)
                assert len(str(error)) < 300

    @pytest.mark.parametrize("field", ["identifier", "version", "trace", "tag_suffix", "stream_processing_mode"])
    def test_t26_guardrails(self, unused: RawServer, fails: Check, field: str) -> None:
        """A guardrail setting that cannot be sent is refused, whether the request or the client has it."""
        for value in BAD_VALUES.values():
            if value is None and field not in ("identifier", "version"):
                continue
            guardrail = Guardrail(**{"identifier": "abc", "version": "1", field: value})
            request = ChatCompletionRequest(MODEL, [UserMessage(PROMPT)], guardrail=guardrail)
            with client_of(unused) as client:
                error = fails(partial(client.complete, request), ConfigurationError, MARK)
            assert field in str(error)
            with client_of(unused, guardrail=guardrail) as client:
                fails(partial(client.complete, REQUEST), ConfigurationError, MARK)

    @pytest.mark.parametrize("name", BAD_VALUES)
    def test_t26_models(self, fails: Check, name: str) -> None:
        """A model ID travels in the body only: text arrives as it is, anything else is refused before sending."""
        model: Any = BAD_VALUES[name]
        request = ChatCompletionRequest(model, [UserMessage(PROMPT)])
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            if isinstance(model, str) and name != "half a pair":
                client.complete(request)
                head, _, body = server.requests[0].partition(b"\r\n\r\n")
                assert MARK.encode() not in head
                assert json.loads(body)["model"] == model
            else:
                error = fails(lambda: client.complete(request), RequestValidationError, MARK)
                assert error.json_path == "$.model"
                assert server.connections == 0


#: What else people paste. A colon and a slash are parts of keys.
BAD_KEYS = {**BAD_VALUES, "space": f"{MARK} x", "quotes": f'"{MARK}"', "scheme": f"Bearer {MARK}", "blank": " "}
BAD_KEYS = {name: value for name, value in BAD_KEYS.items() if name not in ("LF", "100 KB", "None")}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_t27_api_keys(unused: RawServer, fails: Check, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A key that is none is refused before sending, given, called for or from the environment; it is nowhere."""
    key = BAD_KEYS[name]
    if isinstance(key, str):
        fails(lambda: client_of(unused, api_key=key), CredentialsError, MARK)
    with client_of(unused, api_key=lambda: key) as client:
        fails(lambda: client.complete(REQUEST), CredentialsError, MARK)
    # The environment holds neither NUL nor half a pair; a blank key there is none at all.
    if isinstance(key, str) and name not in ("NUL", "half a pair"):
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
        with client_of(unused, api_key=None) as client:
            fails(lambda: client.complete(REQUEST), CredentialsError, MARK)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_t27_one_line_break_is_stripped(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """A key from a file, with its line break, is sent without it."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY + end)
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        for options in ({"api_key": KEY + end}, {"api_key": lambda: KEY + end}, {"api_key": None}):
            with client_of(server, **options) as client:
                client.complete(REQUEST)
    heads = [request.partition(b"\r\n\r\n")[0] for request in server.requests]
    assert len(heads) == 3
    assert all(re.search(rb"(?i)\r\nauthorization: Bearer %s\r\n" % KEY.encode(), head) for head in heads)


BAD_CREDENTIALS = [f"{MARK}{end}" for end in ("\nX-Evil: 1", "\n", "\r", " x", "\x00", "é", "漢")]


@pytest.mark.parametrize("field", ["access_key", "secret_key", "token"])
@pytest.mark.parametrize("kind", [Credentials, botocore.credentials.Credentials])
def test_t27_credentials(unused: RawServer, fails: Check, kind: Any, field: str) -> None:
    """Credentials with a character that none has are refused before sending, as what they are."""
    for value in BAD_CREDENTIALS:
        values = {"access_key": "AKIA", "secret_key": f"{MARK}-key", "token": f"{MARK}-token", field: value}
        with Client("us-west-2", base_url=unused.url, credentials=kind(**values)) as client:
            error = fails(partial(client.complete, REQUEST), CredentialsError, MARK)
        assert field in str(error)


def set_header(raw: bytes, name: str, value: str | None) -> bytes:
    """Return a request with one header changed, added or (None) taken away."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(name.lower().encode() + b":")]
    if value is not None:
        lines.append(f"{name}: {value}".encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept-Encoding", "gzip, br"),
        ("Accept-Encoding", None),
        ("Accept", None),
        ("Accept", "*/*"),
        ("User-Agent", "proxy/1.0"),
        ("User-Agent", None),
        ("Via", "1.1 proxy"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_t28_a_proxy_that_changes_headers(name: str, value: str | None, streamed: bool) -> None:
    """What proxies rewrite, drop and add is not signed, so the signature still holds behind them."""
    with LocalEndpoint() as endpoint:

        def forward(number: int) -> Iterator[bytes | None]:
            changed = set_header(set_header(proxy.requests[number - 1], name, value), "Connection", "close")
            yield exchange(endpoint, changed)
            yield None

        with RawServer(forward) as proxy:
            with Client("us-west-2", base_url=proxy.url, credentials=endpoint.credentials) as client:
                if streamed:
                    with client.stream(REQUEST) as stream:
                        assert stream.completion().text
                else:
                    assert client.complete(REQUEST, extra_headers={"X-Corp": "a b"}).text
        assert len(endpoint.requests) == len(proxy.requests) == 1
        assert endpoint.requests[0].headers.get(name) == value


def test_t28_a_proxy_that_changes_the_body_is_noticed(fails: Check) -> None:
    """The counterpart: what a proxy changes in the body breaks the signature."""
    with LocalEndpoint() as endpoint:

        def forward(number: int) -> Iterator[bytes | None]:
            changed = proxy.requests[number - 1].replace(b"Be brief.", b"Be wordy.")
            yield exchange(endpoint, set_header(changed, "Connection", "close"))
            yield None

        keys = endpoint.credentials
        with RawServer(forward) as proxy:
            with Client("us-west-2", base_url=proxy.url, credentials=keys) as client:
                error = fails(lambda: client.complete(REQUEST), PermissionDeniedError, keys.secret_key, keys.token)
        assert (error.type, len(endpoint.requests)) == ("InvalidSignatureException", 1)
        assert error.request_id == endpoint.requests[0].request_id


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("http://127.0.0.1:{port}", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:{port}/", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:{port}///", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:{port}/openai/v1", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:{port}/openai/v1/", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:{port}/openai/v1/chat/completions", "/openai/v1/chat/completions"),
        ("HTTP://LocalHost:{port}", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:0{port}", "/openai/v1/chat/completions"),
        ("http://127.0.0.1:{port}/v1", "/v1/chat/completions"),
        ("http://127.0.0.1:{port}/a~b/C.d-e_f", "/a~b/C.d-e_f/openai/v1/chat/completions"),
    ],
)
def test_t29_base_urls_that_can_be_signed(form: str, path: str) -> None:
    """Whatever form of URL is taken: what is signed is what arrives, and the path is the one that is meant."""
    with LocalEndpoint() as endpoint:
        url = form.format(port=urlsplit(endpoint.url).port)
        with Client("us-west-2", base_url=url, credentials=endpoint.credentials) as client:
            if path == "/openai/v1/chat/completions":
                assert client.complete(REQUEST).text
            else:  # let in by the signature, but there is nothing at that path
                with pytest.raises(NotFoundError) as caught:
                    client.complete(REQUEST)
                assert caught.value.type == "UnknownOperationException"
        assert [request.target for request in endpoint.requests] == [path]


BAD_PATHS = [
    *"//a /a//b /. /.. /a/../b /%zz /[1] /é \\a /a\\b".split(),
    "/a b",
]
BAD_ENDS = ["?a=1", "?a=%7e", "?", "#", "/#a", " ", "\n", "/\x00", "/\t"]


def test_t29_base_urls_that_cannot(unused: RawServer, fails: Check) -> None:
    """A path that signer and wire could read in two ways, a query and a fragment are refused at construction."""
    for rest in (*BAD_PATHS, *BAD_ENDS):
        fails(partial(Client, base_url=unused.url + rest, api_key=KEY), ConfigurationError)


BAD_URLS: list[Any] = [
    f"http://{MARK}@127.0.0.1",
    f"http://user:{MARK}@127.0.0.1",
    f"https://:{MARK}@example.com",
    f"https://example.com:{MARK}",
    "https://example.com:99999",
    f"https://{MARK}[::1]",
    "https://",
    "https:///openai/v1",
    f"https://-{MARK}-",
    f"https://exämple-{MARK}.com",
    f"https://[::1%25{MARK}]",
    f"https://[::1]{MARK}",
    f"ftp://{MARK}",
    f"file:///{MARK}",
    f"{MARK}.com",
    "",
    b"https://example.com",
    7,
]


def test_t29_urls_with_secrets_or_without_a_host(fails: Check) -> None:
    """User names, passwords and hosts that are none are refused at construction, and are not repeated."""
    for url in BAD_URLS:
        fails(partial(Client, "us-west-2", base_url=url, api_key=KEY), ConfigurationError, MARK)
