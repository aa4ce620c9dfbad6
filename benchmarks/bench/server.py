"""A server of canned bytes on 127.0.0.1, in a process of its own: it answers with as little work as it can.

One thread, raw sockets, HTTP/1.1 with keep-alive. The path chooses the answer: one that ends with `/converse` gets
Converse's shape, one that begins with `/stream-N` a stream of N chunks, with `/paced-N` one that sends a chunk every
few milliseconds, `/connections` the number of connections so far, any other a completion. A call of another host than
`canned.HOST` is refused: its figures would be too kind.

`python server.py [CA]` prints the port and runs until its standard input ends. With CA it speaks TLS, and writes the
authority that is to be trusted to that file.
"""

from __future__ import annotations

import contextlib
import re
import resource
import selectors
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

import canned

#: Bytes that are kept ready for a client that reads more slowly than this writes.
AHEAD = 1 << 20
#: Seconds for a TLS handshake, which nothing else waits for but another client of this benchmark.
HANDSHAKE = 5.0
#: Seconds between two chunks of a paced stream.
PACE = 0.002
#: Open files: each of some clients has hundreds of connections.
FILES = 8192
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HOST = re.compile(rb"\r\nhost: *%b(:\d+)?(\r\n|$)" % re.escape(canned.HOST.encode()), re.IGNORECASE)


def answer(body: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nx-amzn-RequestId: 0c4c6a08-bench\r\nContent-Length: %d\r\n\r\n"
    return head % (kind, len(body)) + body


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


COMPLETION = answer(canned.completion())
CONVERSE = answer(canned.converse_answer())
MISDIRECTED = b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n"
EVENTS = [chunked([event]) for event in canned.block()]
BLOCK = b"".join(EVENTS)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-amzn-RequestId: 0c4c6a08-bench\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
) + chunked([canned.START])
STREAM_END = chunked(list(canned.END)) + b"0\r\n\r\n"


class Connection:
    """One connection: what has come of its next request, and what is still to be sent."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        self.waiting = b""
        #: Blocks of a stream that are still to come.
        self.blocks = 0
        #: Chunks of a paced stream that are still to come.
        self.paced = 0

    def read(self) -> bool:
        """Take what has come; tell whether there may be more."""
        try:
            data = self.sock.recv(1 << 18)
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                data += self.sock.recv(1 << 18)
        except ssl.SSLWantReadError:  # what came was for TLS itself
            return True
        self.received += data
        return bool(data)

    def take(self) -> bytes | None:
        """Return the head of a request that is whole, and forget it; None if it is not whole yet."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        found = _LENGTH.search(self.received, 0, end)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(self.received) < whole:
            return None
        head, self.received = self.received[:end], self.received[whole:]
        return head

    def fill(self) -> None:
        """Get more of the stream ready."""
        while self.blocks and len(self.waiting) < AHEAD:
            self.blocks -= 1
            self.waiting += BLOCK if self.blocks else BLOCK + STREAM_END

    def write(self) -> bool:
        """Send what can be sent; tell whether all has been."""
        self.fill()
        while self.waiting:
            try:
                self.waiting = self.waiting[self.sock.send(self.waiting) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                return False
            self.fill()
        return True


class Server:
    """Serves from one thread for as long as the process lives, over TLS if there is a `context`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.connections = 0
        self.paced: list[Connection] = []

    def serve(self) -> None:
        due = 0.0
        while True:
            for key, events in self.selector.select(max(0.0, due - time.monotonic()) if self.paced else None):
                if key.data is None:
                    with contextlib.suppress(OSError):  # whoever came has given up
                        self._accept()
                    continue
                try:
                    self._go_on(key.data, events)
                except OSError:
                    self._drop(key.data)
            if self.paced and time.monotonic() >= due:
                due = time.monotonic() + PACE
                self._step()

    def _step(self) -> None:
        """Send the next chunk of each paced stream; these are short, and fit into what the system keeps."""
        for connection in self.paced:
            connection.paced -= 1
            with contextlib.suppress(OSError):  # whose end is seen where it is read
                connection.sock.send(EVENTS[connection.paced] if connection.paced else STREAM_END)
        self.paced = [it for it in self.paced if it.paced]

    def _accept(self) -> None:
        sock, _ = self.listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        if self.context is not None:
            sock.settimeout(HANDSHAKE)
            sock = self.context.wrap_socket(sock, server_side=True)
        sock.setblocking(False)
        self.selector.register(sock, selectors.EVENT_READ, Connection(sock))

    def _go_on(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_READ:
            if not connection.read():
                self._drop(connection)
                return
            while (head := connection.take()) is not None:
                self._answer(connection, head)
        wanted = selectors.EVENT_READ
        if not connection.write():
            wanted |= selectors.EVENT_WRITE
        if self.selector.get_key(connection.sock).events != wanted:
            self.selector.modify(connection.sock, wanted, connection)

    def _answer(self, connection: Connection, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path == b"/connections":
            connection.waiting += answer(b"%d" % self.connections)
        elif not _HOST.search(head):
            connection.waiting += MISDIRECTED
        elif path.startswith(b"/stream-"):
            connection.waiting += STREAM_HEAD
            connection.blocks = int(path[8:].partition(b"/")[0]) // canned.BLOCK
        elif path.startswith(b"/paced-"):
            connection.waiting += STREAM_HEAD
            connection.paced = int(path[7:].partition(b"/")[0]) + 1
            self.paced.append(connection)
        elif path.endswith(b"/converse"):
            connection.waiting += CONVERSE
        else:
            connection.waiting += COMPLETION

    def _drop(self, connection: Connection) -> None:
        with contextlib.suppress(KeyError):
            self.selector.unregister(connection.sock)
        connection.sock.close()


def certified(authority_file: Path) -> ssl.SSLContext:
    """Return the server's side of TLS, with a certificate for `canned.HOST` of an authority made for it."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(canned.HOST).configure_cert(context)
    authority.cert_pem.write_to_path(str(authority_file))
    return context


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if most == resource.RLIM_INFINITY else min(FILES, most), most))
    server = Server(certified(Path(sys.argv[1])) if len(sys.argv) > 1 else None)
    print(server.listener.getsockname()[1], flush=True)
    threading.Thread(target=server.serve, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
