"""What a server sends beyond an answer answers no other call (pitfalls 1, 2 and 22 of aiohttp).

The number of a pitfall is its line in the list at the top of `test_aio_pitfalls`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aio_calls import fetch, transport_of
from bedrock_openai_http import APIConnectionError
from peers import TLSServer
from support import RawServer, http

GOOD = http(b"good")
POISON = http(b"POISON")
HEAD, BODY = GOOD[:-4], GOOD[-4:]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n"
END = b"0\r\n\r\n"
GAP = 0.01

#: What follows the first request on a connection, by what it is.
WAYS: dict[str, list[bytes | float | None]] = {
    "answer and another in one piece": [GOOD + POISON],
    "rest of the body and another": [HEAD, GAP, BODY + POISON],
    "another at once": [GOOD, POISON],
    "another while idle": [GOOD, GAP, POISON],
    "half a head in one piece": [GOOD + POISON[:30]],
    "half a head while idle": [GOOD, GAP, POISON[:30]],
    "one byte in one piece": [GOOD + b"H"],
    "one byte while idle": [GOOD, GAP, b"H"],
    "rest of the body and one byte": [HEAD, GAP, BODY + b"H"],
    "head of another, without its body": [HEAD, GAP, BODY + POISON[:-6]],
    "an interim answer": [GOOD, GAP, b"HTTP/1.1 100 Continue\r\n\r\n"],
    "empty lines": [GOOD, GAP, b"\r\n\r\n"],
    "empty lines and another": [HEAD, GAP, BODY + b"\r\n\r\n" + POISON],
    "a body too long": [HEAD, GAP, BODY + b"and more"],
    "nonsense while idle": [GOOD, GAP, b"\0\1\2"],
    "chunks and another": [CHUNKED + END + POISON],
    "last chunk and another": [CHUNKED, GAP, END + POISON],
    "last chunk and half a head": [CHUNKED, GAP, END + POISON[:30]],
    "another after chunks, while idle": [CHUNKED + END, GAP, POISON],
    "a trailer and another": [CHUNKED, GAP, b"0\r\nX-T: 1\r\n\r\n" + POISON],
    "no content, and another": [b"HTTP/1.1 204 No Content\r\n\r\n" + POISON],
    "a body where there is none": [b"HTTP/1.1 204 No Content\r\n\r\n", GAP, b"POISON"],
    "an end of the connection": [GOOD, None],
}

#: What is no HTTP. Read in one piece with the answer, it makes aiohttp's parsers refuse both: the call then fails.
NONSENSE = {
    "one byte in one piece",
    "rest of the body and one byte",
    "empty lines",
    "empty lines and another",
    "a body too long",
    "nonsense while idle",
    "a body where there is none",
}


class Surplus(RawServer):
    """Sends `first` for the first request of all, and good answers after it."""

    def __init__(self, first: list[bytes | float | None], *rest: Any) -> None:
        self.sent = threading.Event()
        super().__init__(lambda number: self._first(first) if number == 1 else [http(b"answer %d" % number)], *rest)

    def _serve(self, connection: socket.socket) -> None:
        # Otherwise the system keeps what follows until the answer is acknowledged, for 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super()._serve(connection)

    def _first(self, steps: list[bytes | float | None]) -> Iterator[bytes | float | None]:
        try:
            yield from steps
        finally:
            self.sent.set()


class TLSSurplus(Surplus, TLSServer):
    """The same over TLS, where what is sent in one piece is one record."""


async def asked_thrice(server: Surplus, gap: float) -> list[bytes]:
    async with transport_of() as transport:
        try:
            first = await fetch(transport, server.url)
        except APIConnectionError:
            first = b"failed"
        while not server.sent.is_set():  # what comes while a request is under way is its answer: nobody could tell
            await asyncio.sleep(0.001)
        if gap:
            await asyncio.sleep(gap)
        else:
            time.sleep(GAP)  # the system may take that long to deliver it, and the loop does not look
        return [first, *[await fetch(transport, server.url) for _ in range(2)]]


def is_its_own(name: str, text: bytes) -> bool:
    return text in (b"good", b"") or (text == b"failed" and name in NONSENSE)


def is_left(name: str, server: RawServer) -> bool:
    """Tell whether the connection with the surplus was left for one other; nobody need see empty lines."""
    return server.connections == 2 or (server.connections == 1 and name.startswith("empty lines"))


def wrong(servers: Iterable[tuple[str, Surplus]]) -> list[Any]:
    """Return what went wrong, of calls to each server that are made at once."""

    async def all_asked() -> list[Any]:
        known = list(servers)
        # While the surplus lies in the kernel, and after the loop has seen it.
        calls = [asked_thrice(server, GAP * 3 * (number % 2)) for number, (_, server) in enumerate(known)]
        found = await asyncio.gather(*calls)
        return [
            (name, texts)
            for (name, server), texts in zip(known, found, strict=True)
            if not is_its_own(name, texts[0]) or texts[1:] != [b"answer 2", b"answer 3"] or not is_left(name, server)
        ]

    return asyncio.run(all_asked())


def battery(files: tuple[Path, Path] | None) -> list[Any]:
    """Return what went wrong in all ways, each twice, once with a pause before the next call."""
    servers: list[tuple[str, Surplus]] = []
    try:
        for name, steps in WAYS.items():
            for _ in range(2):
                servers.append((name, Surplus(steps) if files is None else TLSSurplus(steps, files)))
        return wrong(servers)
    finally:
        for _, server in servers:
            server.__exit__()


def test_a_surplus_answers_no_other_call() -> None:
    """Whatever a server sends beyond an answer, and whenever: the next calls get their own, on another connection."""
    assert battery(None) == []


def test_a_surplus_answers_no_other_call_over_tls(trusted: tuple[Path, Path]) -> None:
    """So it is over TLS, where the surplus may lie in the record that holds the end of the answer."""
    assert battery(trusted) == []


def test_bare_aiohttp_hands_it_on() -> None:
    """Aiohttp's own pool gives a surplus to the next call, which is why there is one of ours (pitfall 1)."""
    import aiohttp

    async def main() -> bytes:
        with Surplus(WAYS["rest of the body and another"]) as server:
            async with aiohttp.ClientSession() as session:
                for _ in range(2):
                    async with session.post(server.url, data=b"{}") as answer:
                        text = await answer.read()
        return text

    assert asyncio.run(main()) == b"POISON"


#: Says what went wrong, with the loop and the parser that the environment chooses.
PROGRAM = """
import os, test_aio_surplus
if os.environ.get("LOOP"):
    import uvloop
    uvloop.install()
print(test_aio_surplus.battery(None))
"""


@pytest.mark.parametrize(
    ("flags", "variables"),
    [
        (["-X", "dev"], {"PYTHONASYNCIODEBUG": "1"}),
        ([], {"AIOHTTP_NO_EXTENSIONS": "1", "LOOP": "uvloop"}),
    ],
    ids=["strict parser", "parser in Python, uvloop"],
)
def test_other_parsers_and_loops_hold_to_it(flags: list[str], variables: dict[str, str]) -> None:
    """The strict parser of debug mode (pitfall 22), the one in Python, and uvloop (36) hand nothing on either."""
    environment = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    command = [sys.executable, *flags, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if "Executing <" not in line]
    assert (done.stdout.strip(), complaints) == ("[]", [])
