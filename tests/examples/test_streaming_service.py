"""The documented web service: real sockets in front of it and behind it, and uvicorn between them.

This module runs the service in a thread, as its own command would, with the settings of the environment.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from bedrock_openai_http.testing import LocalEndpoint
from pages import PAGES, ROOT, blocks
from support import CHUNK, CHUNKED_STREAM, DONE, KEY, RawServer, chunk, http_chunk
from upstream import GIVE_UP, Upstream, flowing, silent_after_one

EXAMPLE = ROOT / "examples" / "streaming_service.py"
QUESTION = b'{"question": "Why?"}'


@contextlib.contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, url: str, key: str = KEY, *, more: str = "") -> Iterator[int]:
    """Run the service with `url` in Bedrock's place; give its port. `more` is code that makes another app, `api`."""
    for name, value in {
        "AWS_REGION": "us-west-2",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_BEARER_TOKEN_BEDROCK": key,
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    namespace: dict[str, Any] = {"__name__": "streaming_service"}
    exec(compile(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE, "exec"), namespace)
    exec(more, namespace)
    config = uvicorn.Config(
        namespace["api" if more else "app"], http="h11", ws="none", loop="asyncio", log_config=None
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


@contextlib.contextmanager
def asking(port: int, body: bytes = QUESTION) -> Iterator[http.client.HTTPResponse]:
    """Ask as a browser does; give the answer once its headers are there, and leave at the end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", "/chat", body, {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            yield response


def events(response: http.client.HTTPResponse) -> list[tuple[str, Any]]:
    """Read an answer to its end; return the name and the data of each event."""
    parts = response.read().decode().split("\n\n")
    assert parts.pop() == ""
    found = []
    for part in parts:
        name, data = part.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_an_answer_is_streamed_as_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text comes in events, then how it ended, with the request ID in it and in the head; the page is there."""
    endpoint = LocalEndpoint(answer="Air scatters it.\n")
    with endpoint, serving(monkeypatch, endpoint.url, endpoint.api_key) as port:
        with asking(port) as response:
            assert response.status == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            *texts, done = events(response)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            page = connection.getresponse().read().decode()
        (sent,) = endpoint.requests
    assert {name for name, _ in texts} == {"text"}
    assert "".join(text for _, text in texts) == "Air scatters it.\n"
    assert done == ("done", {"finish_reason": "stop", "request_id": sent.request_id})
    assert response.headers["x-request-id"] == sent.request_id
    assert sent.json()["messages"] == [{"role": "user", "content": "Why?"}]
    assert r'.split("\n\n")' in page


#: The body, the recorded answer of Bedrock's if it is asked, the status and the error that the browser is told of.
FAILURES = [
    (QUESTION, "throttled-429", 429, "RateLimitError"),
    (QUESTION, "model-denied-403", 502, "PermissionDeniedError"),
    (QUESTION, "mantle-wrong-api-400", 400, "BadRequestError"),
    (b'{"question": 7}', None, 400, "RequestValidationError"),
    (b"Why?", None, 400, "a JSON object with a question is needed"),
    (b"{}", None, 400, "a JSON object with a question is needed"),
    (b"[]", None, 400, "a JSON object with a question is needed"),
]


def test_what_fails_before_the_first_byte_has_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is a status with the error's name and the request ID, and no word of Bedrock's own."""
    endpoint = LocalEndpoint(scenario=[scenario for _, scenario, _, _ in FAILURES if scenario])
    with endpoint, serving(monkeypatch, endpoint.url, endpoint.api_key) as port:
        for body, scenario, status, error in FAILURES:
            with asking(port, body) as response:
                said = json.load(response)
            assert (response.status, said.pop("error")) == (status, error)
            if scenario is not None:
                assert said == {"request_id": endpoint.requests[-1].request_id}
    assert len(endpoint.requests) == 3


def test_what_fails_in_mid_stream_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that breaks ends in an event that says so: the browser never takes a part for the whole."""
    broken = RawServer(lambda number: [CHUNKED_STREAM, http_chunk(CHUNK), None])
    with broken, serving(monkeypatch, broken.url) as port, asking(port) as response:
        assert response.status == 200
        assert events(response) == [
            ("text", "hi"),
            ("error", {"error": "APIConnectionError", "request_id": "r-1"}),
        ]


def flooding(number: int) -> Iterator[bytes]:
    yield CHUNKED_STREAM
    while True:
        yield http_chunk(chunk("hi" * 30_000))


@pytest.mark.parametrize("script", [flowing, silent_after_one, flooding])
def test_when_the_browser_leaves_the_stream_ends(monkeypatch: pytest.MonkeyPatch, script: Any) -> None:
    """A browser that leaves in the middle ends Bedrock's stream: as chunks flow, as the model thinks, and where the
    browser has not even read what has come.
    """
    with Upstream(script) as upstream, serving(monkeypatch, upstream.url) as port:
        with asking(port) as response:
            assert response.readline() == b"event: text\n"
            assert not upstream.ended.is_set()
        assert upstream.ended.wait(GIVE_UP)


def test_it_is_the_same_with_fastapi(monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/async.md shows for FastAPI streams as the file does, and ends Bedrock's stream in the same way."""
    (fastapi,) = [block.text for block in blocks(PAGES["docs/async.md"], "python") if "import FastAPI" in block.text]
    with Upstream(silent_after_one) as upstream, serving(monkeypatch, upstream.url, more=fastapi) as port:
        with asking(port) as response:
            assert (response.status, response.headers["x-request-id"]) == (200, "r-1")
            assert response.readline() == b"event: text\n"
        assert upstream.ended.wait(GIVE_UP)


def test_when_the_browser_leaves_before_the_first_byte_the_call_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who leaves while Bedrock has not begun to answer leaves no call behind."""
    with Upstream(lambda number: [30.0]) as upstream, serving(monkeypatch, upstream.url) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", "/chat", QUESTION)
            while not upstream.requests:
                time.sleep(0.005)
        assert upstream.ended.wait(GIVE_UP)


def test_a_stream_that_was_read_leaves_its_connection_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """One client serves the app: the second question goes over the connection of the first."""
    whole = RawServer(lambda number: [CHUNKED_STREAM, http_chunk(CHUNK), http_chunk(DONE), http_chunk(b"")])
    with whole, serving(monkeypatch, whole.url) as port:
        for _ in range(2):
            with asking(port) as response:
                assert events(response)[-1][0] == "done"
        assert (len(whole.requests), whole.connections) == (2, 1)


def test_the_page_shows_the_service_that_is_tested() -> None:
    """What docs/async.md shows is the example file, to the letter, but for its HTML."""
    code, _, _ = EXAMPLE.read_text(encoding="utf-8").partition("\nPAGE = ")
    assert code in [block.text for block in blocks(PAGES["docs/async.md"], "python")]
