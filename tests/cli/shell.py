"""How the tests run the command line: as a user does, as a process of its own. This module checks nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock_openai_http.testing import LocalEndpoint

COMMAND = (sys.executable, "-m", "bedrock_openai_http")
SECONDS = 30  # Long enough for a slow machine; no test waits for it unless something hangs.


@dataclass(frozen=True)
class Finished:
    """What a process left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """Runs the command line in an empty home with only the given environment."""

    home: Path

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return a whole environment: the least that Python and botocore need, and `variables`."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        fixed = {"HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUTF8": "1"}
        return {**kept, **fixed, "AWS_REGION": "us-west-2", **variables}

    def run(self, *args: str, stdin: bytes = b"", **variables: str) -> Finished:
        """Run the command line to its end."""
        done = subprocess.run(
            [*COMMAND, *args],
            input=stdin,
            capture_output=True,
            env=self.environment(variables),
            cwd=self.home,
            timeout=SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: str, stdout: int = subprocess.PIPE, **variables: str) -> subprocess.Popen[bytes]:
        """Start the command line and leave it running."""
        return subprocess.Popen(
            [*COMMAND, *args],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=self.environment(variables),
            cwd=self.home,
        )


def keys(endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the environment variables with which `endpoint` lets a client in."""
    found = endpoint.credentials
    return {
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.secret_key,
        "AWS_SESSION_TOKEN": found.token or "",
    }


SOME_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIexampleKEY"}
REQUEST_ID = "6c4f7b1e-2b57-4d0e-9b0a-0f6f5a4c2d11"
DONE = b"data: [DONE]\n\n"


def event(delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
    """Return one chunk of a stream, as the service sends it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


class StreamServer:
    """Answers one POST on loopback with a stream: parts are bytes to send, or an event to wait for first.

    When all is sent it waits until the client closes the connection, if `hold`, or closes it itself.
    """

    def __init__(self, *parts: bytes | threading.Event, hold: bool = False) -> None:
        self._parts = parts
        self._hold = hold
        self.client_closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> StreamServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(SECONDS)
        with connection, connection.makefile("rb") as incoming:
            length = 0
            while (line := incoming.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            incoming.read(length)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
                b"x-amzn-RequestId: " + REQUEST_ID.encode() + b"\r\n\r\n"
            )
            try:
                self._send_parts(connection)
                if self._hold and connection.recv(1) == b"":
                    self.client_closed.set()
            except ConnectionError:
                self.client_closed.set()

    def _send_parts(self, connection: socket.socket) -> None:
        for part in self._parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                part.wait(SECONDS)


# The answer
