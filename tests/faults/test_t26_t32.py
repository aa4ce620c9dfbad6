"""T26 to T32: what a caller gives, what is signed, what a fork inherits, and what a failure leaves behind."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.credentials
import pytest

import bedrock_openai_http.errors
from bedrock_openai_http import (
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    Client,
    ConfigurationError,
    Credentials,
    CredentialsError,
    Guardrail,
    IncompleteStreamError,
    NotFoundError,
    PermissionDeniedError,
    RequestValidationError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from loopback import exchange
from peers import TLSServer
from secrets_check import assert_no_secret
from support import (
    CHUNK,
    CHUNKED_STREAM,
    COMPLETION,
    KEY,
    MODEL,
    PROMPT,
    REQUEST,
    RawServer,
    client_of,
    http,
    http_chunk,
)

#: Of a call that succeeded only the logs are left.
NOTHING = Exception("nothing failed")

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
    *"//a /a//b /. /.. /a/../b /%7E /%7e /%3a /%zz /a%20b /a:b /a+b /a;b /a=b /[1] /é \\a /a\\b".split(),
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


def words_of(request: bytes, gate: threading.Event) -> Iterator[bytes | float]:
    """Yield a slow stream that repeats a word of the request's own prompt; that of "patience" waits at the gate."""
    found = re.search(rb"tell me of (\w+)", request)
    assert found
    yield CHUNKED_STREAM
    for _ in range(20):
        yield http_chunk(CHUNK.replace(b'"hi"', b'"%s "' % found[1]))
        if found[1] == b"patience":
            gate.wait(5)
        yield 0.002
    yield http_chunk(b"data: [DONE]\n\n") + http_chunk(b"")


def told(client: Client, word: str) -> set[str]:
    with client.stream(ChatCompletionRequest(MODEL, [UserMessage(f"tell me of {word}")])) as stream:
        text = stream.completion().text or ""
    assert text.count(word) == 20
    return set(text.split())


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture(params=["http", "https"])
def storyteller(
    request: pytest.FixtureRequest,
    certificate: tuple[Path, Path],
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RawServer]:
    """A server that streams, slowly, words of the request's own prompt, by http or by https."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))

    def script(number: int) -> Iterator[bytes | float]:
        return words_of(server.requests[number - 1], gate)

    with RawServer(script) if request.param == "http" else TLSServer(script, certificate) as server:
        yield server


def in_a_fork(work: Callable[[], bool]) -> Callable[[], bool]:
    """Run `work` in a fork of this process; return a function that waits for its result."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return lambda: os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
class TestT30:
    """A fork inherits open connections."""

    def test_t30_each_process_gets_its_own_words(self, storyteller: RawServer) -> None:
        """With a warm pool, parent and child stream at the same time, over connections of their own."""
        with client_of(storyteller) as client:
            assert told(client, "warming") == {"warming"}
            finished = in_a_fork(lambda: told(client, "childhood") == {"childhood"})
            assert told(client, "parents") == {"parents"}
            assert finished()
            assert told(client, "after") == {"after"}
        assert (storyteller.connections, len(storyteller.requests)) == (2, 4)

    def test_t30_a_child_that_closes_its_copies(self, storyteller: RawServer, gate: threading.Event) -> None:
        """What a child does to the client and stream that it inherited leaves the parent's stream whole."""
        with client_of(storyteller) as client:
            with client.stream(ChatCompletionRequest(MODEL, [UserMessage("tell me of patience")])) as stream:
                next(stream)

                def tidy() -> bool:
                    stream.close()
                    client.close()
                    return told(client, "childhood") == {"childhood"}

                assert in_a_fork(tidy)()
                gate.set()
                assert (stream.completion().text or "").split() == ["patience"] * 20
            assert told(client, "after") == {"after"}

    def test_t30_threads_in_the_child(self, storyteller: RawServer) -> None:
        """Threads of the child that call at once share one new pool and get their own words."""
        with client_of(storyteller) as client:
            told(client, "warming")

            def crowd() -> bool:
                heard: list[set[str]] = []
                names = [f"child{number}" for number in range(4)]

                def tell(name: str) -> None:
                    heard.append(told(client, name))

                threads = [threading.Thread(target=tell, args=(name,)) for name in names]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(10)
                return sorted(heard, key=str) == sorted(({name} for name in names), key=str)

            assert in_a_fork(crowd)()
            assert told(client, "after") == {"after"}


SET = Credentials("AKIAMINE", "SECRET-key-of-mine", "SECRET-token-of-mine")
SECRETS = (SET.secret_key, "SECRET-token-of-mine")


class TestT31:
    """Secrets stay where they are."""

    def test_t31_logs_of_calls_that_succeed(self, caplog: pytest.LogCaptureFixture) -> None:
        """No logger says a key, a token, a signature or the prompt, with credentials or an API key."""
        with LocalEndpoint() as endpoint:
            keys = endpoint.credentials
            for options in ({"credentials": keys}, {"api_key": endpoint.api_key}):
                with Client("us-west-2", base_url=endpoint.url, **options) as client:
                    client.complete(REQUEST)
                    with client.stream(REQUEST) as stream:
                        stream.completion()
                    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": PROMPT}])
            sent = [request.headers["authorization"] for request in endpoint.requests]
            signatures = [text.rpartition("Signature=")[2] for text in sent if "Signature=" in text]
            assert len(signatures) == 3
            assert_no_secret(
                NOTHING, caplog, keys.secret_key, keys.token or "", endpoint.api_key, PROMPT, *signatures
            )
        assert len(caplog.records) > 6

    @pytest.mark.parametrize("options", [{"credentials": SET}, {"api_key": KEY}, {"api_key": lambda: KEY}])
    def test_t31_objects(self, options: dict[str, Any]) -> None:
        """Client, door, credentials and requests: no repr shows a secret, and no pickle or copy holds one."""
        with RawServer(lambda number: [CHUNKED_STREAM, http_chunk(CHUNK)]) as server:
            with Client("us-west-2", base_url=server.url, **options) as client:
                with pytest.raises(IncompleteStreamError), client.stream(REQUEST) as stream:
                    values = [client, client.chat, client._source, client._caller, stream, stream.response, SET]
                    values += [REQUEST, *REQUEST.messages, client._transport]
                    for value in values:
                        assert_absent(repr(value), KEY, PROMPT, *SECRETS)
                        for take in (pickle.dumps, copy.copy, copy.deepcopy):
                            assert_absent(taken(take, value), KEY, *SECRETS)
                    stream.close()
                    stream.completion()

    def test_t31_credentials_of_botocore(self, caplog: pytest.LogCaptureFixture, fails: Check) -> None:
        """Credentials of botocore, whose frozen form shows everything in its repr, are never shown or kept."""
        theirs = botocore.credentials.Credentials(SET.access_key, SET.secret_key, SET.token)
        with RawServer(lambda number: [http(b'{"message": "no"}', "403 No")]) as server:
            for given in (theirs, theirs.get_frozen_credentials(), lambda: theirs):
                with Client("us-west-2", base_url=server.url, credentials=given) as client:
                    error = fails(lambda: client.complete(REQUEST), PermissionDeniedError, *SECRETS)
                    assert error.request_id == "r-1"
                    assert_absent(repr(client) + repr(vars(client)), *SECRETS)
        assert_no_secret(NOTHING, caplog, *SECRETS)

    def test_t31_a_provider_that_tells_its_secret(self, fails: Check) -> None:
        """What a provider's failure says may hold its keys: its words are not repeated, only its kind."""

        def leaky() -> Any:
            raise RuntimeError(f"cannot decrypt {SET.secret_key}")

        with RawServer(lambda number: [http(COMPLETION)]) as server:
            for options in ({"credentials": leaky}, {"api_key": leaky}):
                with Client("us-west-2", base_url=server.url, **options) as client:
                    error = fails(lambda: client.complete(REQUEST), CredentialsError, SET.secret_key)
                assert "RuntimeError" in str(error)
        assert server.connections == 0


def taken(take: Callable[[Any], Any], value: Any) -> str:
    """Return what pickling or copying `value` gives away; nothing if it refuses."""
    try:
        result = take(value)
    except (TypeError, pickle.PicklingError, AttributeError) as error:
        return str(error)
    return result.decode("latin-1") if isinstance(result, bytes) else repr(result)


def assert_absent(text: str, *secrets: str) -> None:
    assert not [secret for secret in secrets if secret in text]


ERROR_CLASSES = [
    value
    for value in vars(bedrock_openai_http.errors).values()
    if isinstance(value, type) and issubclass(value, BedrockOpenAIError)
]


@pytest.mark.parametrize("take", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
class TestT32:
    """Exceptions cross process borders."""

    @pytest.mark.parametrize("kind", ERROR_CLASSES)
    def test_t32_every_class(self, take: Callable[[Any], Any], kind: type[BedrockOpenAIError]) -> None:
        """Every exception keeps its class, text and every attribute."""
        error = kind("no", request_id="r-1") if "request_id" in str(kind.__init__.__annotations__) else kind("no")
        error.request_id, error.attempts, error.elapsed = "r-1", 2, 0.5
        for name in ("status_code", "code", "type", "param", "phase", "json_path", "rule"):
            if hasattr(error, name):
                setattr(error, name, 7 if name == "status_code" else name)
        taken = take(error)
        assert type(taken) is kind
        assert (str(taken), repr(taken), vars(taken)) == (str(error), repr(error), vars(error))

    def test_t32_a_status_error_of_a_call(self, take: Callable[[Any], Any]) -> None:
        """A refusal keeps status, type, request ID and the answer with its headers and bytes."""
        refused = http(b'{"message": "slow down"}', "429 No")
        with RawServer(lambda number: [refused]) as server, client_of(server, max_attempts=1) as client:
            with pytest.raises(APIStatusError) as caught:
                client.complete(REQUEST)
        error = take(caught.value)
        assert (error.status_code, error.request_id, error.attempts) == (429, "r-1", 1)
        assert error.response == caught.value.response
        assert error.response.headers["X-AMZN-RequestId"] == "r-1"
        assert str(error) == str(caught.value)

    def test_t32_a_stream_that_broke(self, take: Callable[[Any], Any]) -> None:
        """A stream's failure keeps what had arrived."""
        with RawServer(lambda number: [CHUNKED_STREAM, http_chunk(CHUNK), 5.0]) as server:
            with client_of(server, timeout=0.1) as client, client.stream(REQUEST) as stream:
                with pytest.raises(APITimeoutError) as caught:
                    stream.completion()
        error = take(caught.value)
        assert (error.phase, error.request_id, error.partial.text) == ("idle", "r-1", "hi")
        assert error.partial == caught.value.partial
