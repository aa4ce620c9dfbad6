"""Real servers as child processes on 127.0.0.1, each ended with its `with` statement.

This module says plainly what is missing, and how to install it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Seconds in which a server must accept connections; a Java machine on a busy computer is slow.
START_SECONDS = 60.0


def command(name: str, install: str) -> str:
    """Return the path of a command; fail the test, saying how to install it, if it is not there."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:{ROOT}/.venv/moto/bin")
    if found is None:
        pytest.fail(f"{name} is missing: {install}", pytrace=False)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(arguments: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server from when it listens on `port` until the end of the `with` statement."""
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            arguments, cwd=folder, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            end = time.monotonic() + START_SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"{arguments[0]} did not start: {log.read_text()[-2000:]}", pytrace=False)
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
