"""A Lambda function on this machine: AWS's runtime client in a process of its own, and the Runtime API that it asks.

The API is that of "Using the Lambda runtime API" in the AWS Lambda developer guide, on 127.0.0.1. This module stands
for what AWS runs outside of the process; what is in it is AWS's and the bundle's.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from bedrock_openai_http.testing import LocalEndpoint

#: Seconds after which a function is given up that neither answers nor ends; a busy machine is slow.
GIVE_UP = 30.0

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "lambda" / "bin" / "python"


@dataclass(frozen=True)
class Invocation:
    """What came of one event."""

    #: "response", "error" or "init/error": where the runtime client sent it.
    kind: str
    body: Any
    #: From when the event was handed out to when this arrived.
    seconds: float


@dataclass
class RuntimeAPI:
    """Hands out events and takes what comes of them; a context manager."""

    events: queue.Queue[tuple[str, bytes, float]] = field(default_factory=queue.Queue)
    results: queue.Queue[tuple[str, bytes, float]] = field(default_factory=queue.Queue)
    #: When each request for the next event arrived: the first one ends the initialisation.
    asked: queue.Queue[float] = field(default_factory=queue.Queue)
    #: How often a function that was started for a snapshot has asked to be restored.
    restored: int = 0

    def __enter__(self) -> RuntimeAPI:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer goes out in one piece: in two it would wait for an acknowledgement

            def do_GET(self) -> None:
                if self.path.endswith("/runtime/restore/next"):
                    api.restored += 1
                    self.answer(200, b"{}")
                    return
                assert self.path == "/2018-06-01/runtime/invocation/next", self.path
                api.asked.put(time.monotonic())
                identity, event, seconds = api.events.get()
                deadline = int((time.time() + seconds) * 1000)
                self.answer(200, event, {
                    "Lambda-Runtime-Aws-Request-Id": identity,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-west-2:123456789012:function:f",
                    "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                })  # fmt: skip

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                arrived = time.monotonic()
                kind = re.sub(r"^/2018-06-01/runtime/(invocation/[^/]+/)?", "", self.path)
                self.answer(202, b'{"status":"OK"}')
                api.results.put((kind, body, arrived))

            def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *details: object) -> None:
                """Say nothing."""

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):  # a function may end while it waits for an event
                    super().handle()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self.events.put(("", b"", 0.0))  # wakes the one that waits
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"


class Function:
    """A function that is made of a folder, as Lambda makes it of a bundle; a context manager around its process.

    `runtime` is a folder with what the managed runtime brings, None for nothing; `handler` the setting of that name.
    """

    def __init__(
        self,
        task: Path,
        environment: dict[str, str],
        *,
        runtime: Path | None = None,
        handler: str = "handler.handler",
    ) -> None:
        path = os.pathsep.join(str(folder) for folder in (task, runtime) if folder is not None)
        self._task = task
        self._api = RuntimeAPI()
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",  # the folder of a function cannot be written to
            "_HANDLER": handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3",
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment,
        }

    def __enter__(self) -> Function:
        self._api.__enter__()
        self._log = (self._task.parent / f"{uuid.uuid4()}.log").open("w+b")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [PYTHON, "-m", "awslambdaric", self._environment["_HANDLER"]],
            cwd=self._task,
            env={**self._environment, "AWS_LAMBDA_RUNTIME_API": self._api.address},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *details: object) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()
        self._api.__exit__(*details)

    def initialise(self) -> float:
        """Wait until the function asks for its first event; return the seconds since the start of its process."""
        return self._wait(self._api.asked) - self.started

    def invoke(self, event: object, *, seconds: float = 30.0) -> Invocation:
        """Hand out one event, with `seconds` until the function's time is up, and wait for what comes of it."""
        sent = time.monotonic()
        self._api.events.put((str(uuid.uuid4()), json.dumps(event).encode(), seconds))
        return self.result(sent)

    def result(self, sent: float) -> Invocation:
        """Wait for what the function sends next."""
        kind, body, arrived = self._wait(self._api.results)
        return Invocation(kind, json.loads(body), arrived - sent)

    @property
    def restored(self) -> int:
        """How often the function has asked to be restored from a snapshot."""
        return self._api.restored

    @property
    def log(self) -> str:
        """What the function has logged so far."""
        return Path(self._log.name).read_text()

    @property
    def peak_memory(self) -> int:
        """The most memory that the process has had, in bytes (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def _wait(self, of: queue.Queue[Any]) -> Any:
        """Return the next value of a queue; fail with the log if the function ends or is silent for too long."""
        end = time.monotonic() + GIVE_UP
        while time.monotonic() < end:
            try:
                return of.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
        raise AssertionError(f"no answer from the function (ended: {self.process.poll()}); its log: {self.log}")


def settings(endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the variables that have a function call `endpoint`, without credentials."""
    return {
        "AWS_REGION": endpoint.region,
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": endpoint.url,
    }


def keys(endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the variables in which Lambda gives a function the credentials of its role."""
    return {
        "AWS_ACCESS_KEY_ID": endpoint.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoint.credentials.secret_key,
        "AWS_SESSION_TOKEN": endpoint.credentials.token or "",
    }
