"""Faults by somebody else's hand: WireMock, which breaks connections in ways of its own."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from bedrock_openai_http import APIConnectionError, APITimeoutError, BedrockOpenAIError, Client
from processes import ROOT, command, free_port, running
from support import COMPLETION, NO_WAITS, PROMPT, REQUEST

INSTALL = "npm install --prefix .venv/wiremock wiremock@3.13.2"
PATH = "/openai/v1/chat/completions"
ANSWER = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": COMPLETION.decode()}
STREAM = {**ANSWER, "headers": {"Content-Type": "text/event-stream", "x-amzn-RequestId": "r-1"}}


class WireMock:
    """Its admin API, as far as these tests use it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def answer(self, response: dict[str, Any], **stub: Any) -> None:
        """Answer every call so, from now on; or in the state of a scenario that `stub` names."""
        self._admin("POST", "mappings", {"request": {"method": "POST", "url": PATH}, "response": response, **stub})

    def requests(self) -> int:
        """Return how many calls have arrived."""
        count: int = self._admin("POST", "requests/count", {"method": "POST", "url": PATH})["count"]
        return count

    def reset(self) -> None:
        self._admin("POST", "reset", {})

    def _admin(self, method: str, path: str, body: Any) -> Any:
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__admin/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    java = command("java", "apt-get install openjdk-17-jre-headless")
    jars = sorted((ROOT / ".venv" / "wiremock").glob("node_modules/wiremock/build/wiremock-standalone-*.jar"))
    if not jars:
        pytest.fail(f"WireMock is missing: {INSTALL}", pytrace=False)
    port = free_port()
    options = ["--bind-address", "127.0.0.1", "--port", str(port), "--disable-banner"]
    with running([java, "-jar", str(jars[-1]), *options], port, tmp_path_factory.mktemp("wiremock")):
        yield WireMock(f"http://127.0.0.1:{port}")


@pytest.fixture
def wiremock(server: WireMock) -> WireMock:
    server.reset()
    return server


def failure_of(wiremock: WireMock, *, stream: bool, **options: Any) -> BedrockOpenAIError:
    with Client(base_url=wiremock.url, api_key="key", **{"timeout": 10, **options}, world=NO_WAITS) as client:
        with pytest.raises(BedrockOpenAIError) as caught:
            if stream:
                with client.stream(REQUEST) as answer:
                    list(answer)
            else:
                client.complete(REQUEST)
    assert PROMPT not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "fault",
    ["EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER"],
)
def test_connections_that_break(wiremock: WireMock, fault: str, stream: bool) -> None:
    """Whatever becomes of the connection, it is one error of ours after one request: the outcome is unknown."""
    wiremock.answer({**STREAM, "fault": fault} if stream else {**ANSWER, "fault": fault})
    error = failure_of(wiremock, stream=stream)
    assert type(error) is APIConnectionError
    assert error.phase in ("headers", "body")
    assert (error.attempts, wiremock.requests()) == (1, 1)


def test_an_answer_that_is_late(wiremock: WireMock) -> None:
    """An answer that does not come in time is a timeout, after one request."""
    wiremock.answer({**ANSWER, "fixedDelayMilliseconds": 5000})
    error = failure_of(wiremock, stream=False, timeout=0.3)
    assert isinstance(error, APITimeoutError)
    assert (error.phase, error.attempts, wiremock.requests()) == ("headers", 1, 1)


def test_an_answer_that_dribbles(wiremock: WireMock) -> None:
    """An answer in small pieces is read to its end; the deadline of the call is over all of them."""
    wiremock.answer({**ANSWER, "chunkedDribbleDelay": {"numberOfChunks": 5, "totalDuration": 800}})
    with Client(base_url=wiremock.url, api_key="key", timeout=10) as client:
        assert client.complete(REQUEST).text == "hi"
    error = failure_of(wiremock, stream=False, deadline=0.4)
    assert isinstance(error, APITimeoutError)
    assert (error.phase, error.attempts) == ("deadline", 1)


def test_a_service_that_comes_back(wiremock: WireMock) -> None:
    """After a 503 and a throttled answer the third attempt succeeds."""
    states = [("Started", 503, "b"), ("b", 429, "c"), ("c", 200, "c")]
    for state, status, following in states:
        scenario = {"scenarioName": "outage", "requiredScenarioState": state, "newScenarioState": following}
        own = {**ANSWER["headers"], "x-amzn-RequestId": "r-1"}  # what shows that it is the service's own word
        wiremock.answer({**ANSWER, "headers": own, "status": status}, **scenario)
    with Client(base_url=wiremock.url, api_key="key", timeout=10, world=NO_WAITS) as client:
        assert client.complete(REQUEST).text == "hi"
    assert wiremock.requests() == 3
