"""A server on loopback that answers as a model would which gives bad answers.

Each case has a path of its own, so that a library that goes on in the background disturbs no later case. This module
keeps what it was asked, and knows nothing of what is bad.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .forms import Answer, events, on_the_wire

#: Gives the answer to the `number`-th request of a case, counted from 1.
Script = Callable[[int], Answer]


class Play:
    """One case on the server: its base URL, and the bodies that were sent to it."""

    def __init__(self, url: str, script: Script) -> None:
        self.url = url
        #: Each has the whole transcript in `messages`, also where the request had only what is new of it.
        self.bodies: list[dict[str, Any]] = []
        self._script = script
        self._lock = threading.Lock()
        #: The transcript up to each answer, by its ID: Anthropic's API keeps it for requests that go on from there.
        self._threads: dict[str, list[Any]] = {}

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        before = self._threads.get((body.get("thread") or {}).get("previous_message_id"), [])
        body = {**body, "messages": [*before, *body["messages"]]}
        with self._lock:
            self.bodies.append(body)
            number = len(self.bodies)
        status, answer = on_the_wire(self._script(number), path, body, number)
        if "content" in answer:
            said = {"role": "assistant", "content": answer["content"]}
            self._threads[answer["id"]] = [*body["messages"], said]
        return status, answer


class AnswerServer:
    """Listens on 127.0.0.1 until its `with` block ends."""

    def __init__(self) -> None:
        self._plays: dict[str, Play] = {}
        plays = self._plays

        class Handler(_Handler):
            def play(self) -> Play:
                return plays[self.path.split("/")[1]]

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def play(self, script: Script) -> Play:
        """Begin a case."""
        key = f"case-{len(self._plays)}"
        self._plays[key] = Play(f"http://127.0.0.1:{self._http.server_port}/{key}", script)
        return self._plays[key]

    def __enter__(self) -> AnswerServer:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without this, each answer waits for the client's delayed ACK.
    disable_nagle_algorithm = True

    def play(self) -> Play:
        raise NotImplementedError

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = self.play().answer(self.path.partition("?")[0], body)
        streamed = body.get("stream") and status == 200
        data = events(answer) if streamed else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
