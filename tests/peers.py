"""Peers that several tests talk to: TLS with a throw-away certificate, and proxies that open tunnels.

This module checks nothing; each peer listens on 127.0.0.1 and ends with its `with` statement.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import trustme

from support import RawServer


def make_certificate(
    folder: Path, *names: str, not_before: datetime | None = None, not_after: datetime | None = None
) -> tuple[Path, Path]:
    """Return the files of a new authority's certificate, which nobody trusts, and of a server's with its key.

    The server's is for this machine, unless `names` says for which hosts, and good at any time.
    """
    authority = trustme.CA()
    server = authority.issue_cert(*(names or ("localhost", "127.0.0.1")), not_before=not_before, not_after=not_after)
    bundle, chain = folder / "bundle.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(bundle))
    server.private_key_and_cert_chain_pem.write_to_path(str(chain))
    return bundle, chain


class TLSServer(RawServer):
    """A `RawServer` that speaks TLS."""

    def __init__(self, script: Callable[[int], Iterable[bytes | float | None]], files: tuple[Path, Path]) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files[1])
        super().__init__(script)

    @property
    def url(self) -> str:
        return super().url.replace("http://", "https://")

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            secured = self._context.wrap_socket(connection, server_side=True)
            self._open.append(secured)
            super()._serve(secured)


@contextlib.contextmanager
def tunnel_proxy() -> Iterator[tuple[str, list[bytes]]]:
    """Give the URL of a proxy that opens one tunnel (CONNECT), and the list of request heads that it has got."""
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=_tunnel, args=(listener, heads), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
        thread.join(10)


def _tunnel(listener: socket.socket, heads: list[bytes]) -> None:
    client, _ = listener.accept()
    with client:
        heads.append(client.recv(65536))
        target = re.match(rb"CONNECT \S+:(\d+) ", heads[0])
        assert target
        with socket.create_connection(("127.0.0.1", int(target[1]))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            pump(client, server)
            back.join(10)


def pump(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes, until one side ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


#: Runs pproxy until its standard input ends. A host of `.example` leads to this machine.
_PROXY = """
import asyncio, socket, sys, threading, pproxy
resolve = socket.getaddrinfo
def resolved(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else str(host)
    return resolve("127.0.0.1" if name.endswith(".example") else host, *args, **kwargs)
socket.getaddrinfo = resolved
server = pproxy.Server(sys.argv[1])
if len(sys.argv) > 2:
    server.sslserver.load_cert_chain(sys.argv[2])
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
settings = {"rserver": [pproxy.Connection("direct://")], "authtime": -1}  # nobody is remembered
loop.run_until_complete(server.start_server(settings))
threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(loop.stop)), daemon=True).start()
print("ready", flush=True)
loop.run_forever()
"""


@contextlib.contextmanager
def real_proxy(user: str = "", files: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Give the address of a proxy by pproxy, which speaks HTTP, SOCKS4 and 5, to any number of clients.

    It lets in only `user`, as "name:password", if given. With the `files` of a certificate it speaks HTTP within TLS.
    It is a process of its own, since it leaves open what its clients leave.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    kinds = "http+socks4+socks5" if files is None else "http+ssl"
    command = [sys.executable, "-c", _PROXY, f"{kinds}://{address}{'#' if user else ''}{user}"]
    command += [] if files is None else [str(files[1])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield address
        finally:
            process.stdin.close()
            process.kill()
