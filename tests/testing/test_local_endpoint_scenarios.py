"""A LocalEndpoint that plays recorded answers: which one when, and that nothing of it is changed."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bedrock_openai_http import Client, ConfigurationError, RateLimitError, ResponseFormatError
from bedrock_openai_http.testing import LocalEndpoint, scenarios
from bedrock_openai_http.testing.recorded import recorded_answer
from bedrock_openai_http.testing.service.recorded_answer import RecordedAnswer
from loopback import BODY, PATH, Reply, ask, bearer, encoded, head, port, send
from support import NO_WAITS, REQUEST

#: Headers that belong to a connection and not to an answer.
FRAMING = {"server", "date", "connection", "content-length", "transfer-encoding"}


def content(reply: Reply) -> str:
    text: str = reply.json["choices"][0]["message"]["content"]
    return text


def client_of(endpoint: LocalEndpoint, **options: Any) -> Client:
    return Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials, **options)


# --- an answer stays as it was recorded


@pytest.mark.parametrize("name", ["guardrail-input-blocked", "throttled-429", "overloaded-529", "xml-403", "stream"])
def test_an_answer_is_played_as_it_was_recorded(name: str) -> None:
    """Status, headers and body are those of the recording; beside them there is only what frames them."""
    recorded = recorded_answer(name)
    with LocalEndpoint(scenario=name) as endpoint:
        reply = ask(endpoint)
    headers = {key: value for key, value in reply.headers.items() if key.lower() not in FRAMING}
    assert (reply.status, headers, reply.body) == (recorded.status_code, dict(recorded.headers), recorded.body)


def test_a_stream_is_played_event_by_event() -> None:
    """Each event is a piece of its own on the wire."""
    recorded = recorded_answer("stream")
    assert recorded.events[-1] == b"data: [DONE]\n\n"
    with LocalEndpoint(scenario="stream") as endpoint:
        connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
        body = encoded(BODY)
        connection.request("POST", PATH, body, bearer(endpoint.api_key))
        response = connection.getresponse()
        assert [response.read1() for _ in recorded.events] == recorded.events
        assert response.read() == b""
        connection.close()


def test_the_recorded_request_id_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    """The answer, the request as remembered and the log have the request ID of the recording."""
    recorded = recorded_answer("plain").request_id
    with LocalEndpoint(scenario="plain") as endpoint, client_of(endpoint, world=NO_WAITS) as client:
        with caplog.at_level(logging.INFO, "bedrock_openai_http.testing"):
            assert client.complete(REQUEST).request_id == recorded
        assert [request.request_id for request in endpoint.requests] == [recorded]
    assert caplog.messages == [f"POST {PATH} 200 {recorded}"]


def test_an_answer_is_read_from_bytes() -> None:
    """Status, headers in any case, and body; the body may hold blank lines of any kind."""
    raw = b"HTTP/1.1 429 Too Many Requests\r\nA: b: c \r\nX-Request-ID: r-1\r\n\r\nx\r\n\r\ny\n\nz"
    answer = RecordedAnswer.from_bytes(raw)
    assert (answer.status_code, answer.headers["a"], answer.request_id) == (429, "b: c", "r-1")
    assert (answer.body, answer.events) == (b"x\r\n\r\ny\n\nz", [b"x\r\n\r\ny\n\n", b"z"])
    assert not answer.is_stream


# --- which answer when


def test_a_name_alone_is_played_always() -> None:
    """The scenario is the answer to every request."""
    with LocalEndpoint(scenario="guardrail-input-blocked") as endpoint:
        assert {ask(endpoint).body for _ in range(3)} == {recorded_answer("guardrail-input-blocked").body}


@pytest.mark.parametrize(
    ("scenario", "statuses"),
    [
        (["throttled-429", None, "unavailable-503"], [429, 200, 503, 200, 200]),
        ((), [200, 200]),
        (None, [200]),
    ],
)
def test_a_sequence_is_played_once(scenario: Sequence[str | None] | None, statuses: list[int]) -> None:
    """Each step answers one request; None, and what comes after the last, is the endpoint's own answer."""
    with LocalEndpoint(scenario=scenario, answer="own") as endpoint:
        replies = [ask(endpoint) for _ in statuses]
    assert [reply.status for reply in replies] == statuses
    assert {content(reply).rpartition(">")[2] for reply in replies if reply.status == 200} == {"own"}


def test_retries_can_be_tested() -> None:
    """A client that is throttled once makes a second attempt, and gets the endpoint's own answer."""
    with (
        LocalEndpoint(scenario=["throttled-429"], answer="own") as endpoint,
        client_of(endpoint, world=NO_WAITS) as client,
    ):
        assert client.complete(REQUEST).text == "own"
        assert len(endpoint.requests) == 2
    with LocalEndpoint(scenario="throttled-429") as endpoint, client_of(endpoint, world=NO_WAITS) as client:
        with pytest.raises(RateLimitError):
            client.complete(REQUEST)
        assert len(endpoint.requests) == 3


def test_threads_share_a_sequence() -> None:
    """However many ask at once, each step is played once."""
    with LocalEndpoint(scenario=["throttled-429"] * 20) as endpoint, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ask(endpoint).status, range(40)))
    assert sorted(replies) == [200] * 20 + [429] * 20


def test_a_model_behind_it_answers_after_the_sequence() -> None:
    """With an upstream server the endpoint's own answers are that server's."""
    with LocalEndpoint(answer="from behind") as model:
        options = {"upstream": model.url + "/openai/v1", "upstream_key": model.api_key}
        with LocalEndpoint(scenario=["plain"], **options) as endpoint:
            first, second = ask(endpoint), ask(endpoint)
    assert first.body == recorded_answer("plain").body
    assert content(second).endswith("from behind")


# --- what comes before it


def test_who_is_not_let_in_sees_no_scenario() -> None:
    """A refused key and an unknown path are answered as ever, and take no step of the sequence."""
    with LocalEndpoint(scenario=["throttled-429"]) as endpoint:
        assert send(endpoint, encoded(BODY), bearer("wrong")).status == 403
        key = bearer(endpoint.api_key)
        assert "Output" in send(endpoint, encoded(BODY), key, path="/v1/chat/completions").json
        assert send(endpoint, encoded(BODY), key).status == 429


def test_only_a_refusal_is_played_to_an_invalid_request() -> None:
    """An answer that is no refusal is for valid requests; a refusal is for all."""
    with LocalEndpoint(scenario=["plain", "throttled-429"]) as endpoint:
        replies = [ask(endpoint, temperature=9) for _ in range(3)]
    assert [reply.status for reply in replies] == [400, 429, 400]


def test_a_recorded_answer_is_played_to_whoever_asks() -> None:
    """It stays what it is, also for a request of the other kind, and the client takes neither for the other."""
    with LocalEndpoint(scenario=["stream", "plain"]) as endpoint, client_of(endpoint, world=NO_WAITS) as client:
        with pytest.raises(ResponseFormatError, match="not JSON"):
            client.complete(REQUEST)
        with pytest.raises(ResponseFormatError, match="no event stream"):
            client.stream(REQUEST).completion()


def test_a_client_of_an_older_http_gets_the_stream_too() -> None:
    """Without chunks the end of the connection ends the stream."""
    body = encoded(BODY)
    with LocalEndpoint(scenario="stream") as endpoint:
        connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
        connection.connect()
        connection.sock.sendall(head(endpoint, f"Content-Length: {len(body)}", version="1.0") + body)
        answer = b"".join(iter(lambda: connection.sock.recv(65536), b""))
        connection.close()
    assert answer.endswith(b"\r\n\r\n" + recorded_answer("stream").body)


# --- names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("guardrail-blocked", "did you mean 'guardrail-input-blocked' or"),
        ("throttled", "'throttled-429'"),
        ("", "testing.scenarios() lists them"),
        ("x" * 5000, "testing.scenarios() lists them"),
        (["plain", "strem"], "no scenario is named 'strem'; did you mean 'stream'"),
    ],
)
def test_an_unknown_name_is_refused_with_its_neighbours(name: Any, text: str) -> None:
    """The endpoint does not begin with a scenario that does not exist, and says which name was meant."""
    with pytest.raises(ConfigurationError) as raised:
        LocalEndpoint(scenario=name)
    assert text in str(raised.value)
    assert len(str(raised.value)) < 300


def test_the_names_are_listed() -> None:
    """Every scenario has a description, and nobody changes the list for others."""
    listed = scenarios()
    assert "An API key of another service" in listed["not-a-bedrock-key-403"]
    assert all(listed.values())
    with pytest.raises(TypeError):
        listed["own"] = "x"  # type: ignore[index]
