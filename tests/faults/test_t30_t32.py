"""T30 to T32: what a fork inherits, what logs and objects tell, and failures that are pickled and copied."""

from __future__ import annotations

import copy
import os
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.credentials
import pytest

import bedrock_openai_http.values.errors
from bedrock_openai_http import (
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    Credentials,
    CredentialsError,
    IncompleteStreamError,
    PermissionDeniedError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from both import Client, client_of
from peers import TLSServer
from secrets_check import assert_no_secret
from support import CHUNK, CHUNKED_STREAM, COMPLETION, KEY, MODEL, PROMPT, REQUEST, RawServer, http, http_chunk

#: Of a call that succeeded only the logs are left.
NOTHING = Exception("nothing failed")

Check = Callable[..., Any]


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
                    values = [
                        client,
                        client.chat,
                        client._source,
                        client._planner.session,
                        stream,
                        stream.response,
                        SET,
                    ]
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
    for value in vars(bedrock_openai_http.values.errors).values()
    if isinstance(value, type) and issubclass(value, BedrockOpenAIError)
]


@pytest.mark.parametrize("take", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
class TestT32:
    """Exceptions cross process borders."""

    @pytest.mark.parametrize("kind", ERROR_CLASSES)
    @pytest.mark.no_client
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
