"""The processes of the benchmark: the server, the programs that are run from start to end, and the workers.

Every process has an end: a time limit of its own, or the end of the `with` statement that it was started in. Nothing
of the caller's AWS configuration reaches them. This module measures what can be seen of a process from outside.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import canned

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
#: Seconds after which a program or an answer of a worker is given up.
LIMIT = 60.0


class GaveUpError(Exception):
    """A process failed or took too long; the text says which."""


def environment() -> dict[str, str]:
    """Return the environment of a measured process: made-up keys, and nothing of the caller's configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, **canned.CREDENTIALS, "HOME": tempfile.gettempdir(), "AWS_EC2_METADATA_DISABLED": "true"}


@dataclass(frozen=True)
class Run:
    """What one run of a program took."""

    #: Seconds from the start of the process to its first line of output.
    wall: float
    #: Seconds of user and system time of the whole process.
    cpu: float
    output: str
    errors: str


def run(program: str, *arguments: str, options: tuple[str, ...] = (), limit: float = LIMIT) -> Run:
    """Run one of the programs and return what it took. Raises GaveUpError."""
    command = [sys.executable, *options, str(PROGRAMS / f"{program}.py"), *arguments]
    return run_command(command, limit=limit)


def peak(program: str, *arguments: str) -> float:
    """Return the most that was resident while one of the programs ran, in bytes. Raises GaveUpError."""
    command = [sys.executable, str(HERE / "peak.py"), str(PROGRAMS / f"{program}.py"), *arguments]
    return float(run_command(command, limit=LIMIT).output.splitlines()[-1])


def run_command(command: list[str], *, limit: float, more: dict[str, str] | None = None) -> Run:
    """Run a command and return what it took. Raises GaveUpError if it fails or is not over after `limit` seconds."""
    with tempfile.TemporaryFile("w+") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env={**environment(), **(more or {})}, text=True
        )
        killer = threading.Timer(limit, process.kill)
        killer.start()
        assert process.stdout is not None
        try:
            output = process.stdout.readline()
            wall = time.monotonic() - started
            output += process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            killer.cancel()
            process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read()
    if process.returncode:
        raise GaveUpError(f"{_program(command)} ended with {process.returncode}: {text[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, output, text)


class Worker:
    """A process that keeps one client and does what it is asked: see `worker`."""

    def __init__(self, *arguments: str, more: dict[str, str] | None = None) -> None:
        self._name = " ".join(arguments[:1])
        command = [sys.executable, str(HERE / "worker.py"), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**environment(), **(more or {})}, text=True
        )

    def ask(self, do: str, limit: float = LIMIT, **arguments: Any) -> Any:
        """Return the worker's answer. Raises GaveUpError if none comes in `limit` seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        killer = threading.Timer(limit, self._process.kill)
        killer.start()
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        finally:
            killer.cancel()
        if not line:
            raise GaveUpError(f"the worker {self._name} gave no answer to {do!r} in {limit:g} s, or failed")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        _end(self._process)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def workers(names: list[str], url: str, more: dict[str, str] | None = None) -> Iterator[dict[str, Worker]]:
    """Give a worker for each of the named contenders, with `more` in its environment."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(Worker(name, url, more=more)) for name in names}


@contextlib.contextmanager
def server(authority: Path | None = None) -> Iterator[str]:
    """Give the URL of a running server, by the name that only the measured processes find.

    With `authority` it speaks TLS, and that file is written: the certificate of the authority that signed its own.
    """
    command = [sys.executable, str(HERE / "server.py"), *([] if authority is None else [str(authority)])]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        scheme = "http" if authority is None else "https"
        yield f"{scheme}://{canned.HOST}:{int(process.stdout.readline())}"
    finally:
        assert process.stdin is not None
        process.stdin.close()
        _end(process)


def connections(url: str) -> int:
    """Return how many connections the server has taken so far, without the one that asks."""
    asked = url.replace(canned.HOST, "127.0.0.1") + "/connections"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10) as answer:
        return int(answer.read()) - 1


def _program(command: list[str]) -> str:
    return next(Path(word).name for word in command if word.endswith(".py"))


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
