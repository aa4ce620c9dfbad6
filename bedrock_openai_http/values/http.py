"""HTTP as plain values: what is sent and what came back, before anything is read into it.

This module does no I/O; every step takes and returns these values, so an
embedder can put an HTTP library of its own between them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, ItemsView, Iterable, Iterator, Mapping
from typing import Protocol

from .frozen import field, frozen

#: Headers whose values never appear in a repr.
SECRET_HEADERS = frozenset({"authorization", "x-amz-security-token", "proxy-authorization", "cookie"})


class Headers(Mapping[str, str]):
    """A read-only, case-insensitive mapping of header names to values.

    A name that occurs more than once has its values joined by ", " (RFC 9110, 5.3). Iteration gives the names
    as they were spelled first.
    """

    __slots__ = ("_items",)

    _items: dict[str, tuple[str, str]]

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        if type(items) is Headers:  # it never changes, so it can be shared
            self._items = items._items
            return
        pairs = items.items() if isinstance(items, (dict, Mapping)) else items
        merged: dict[str, tuple[str, str]] = {}
        repeated: dict[str, list[str]] = {}
        for name, value in pairs:
            key = name.lower()
            if key not in merged:
                merged[key] = (name, value)
            elif key in repeated:
                repeated[key].append(value)
            else:
                repeated[key] = [merged[key][1], value]
        for key, values in repeated.items():
            merged[key] = (merged[key][0], ", ".join(map(str, values)))
        self._items = merged

    def _with(self, given: Mapping[str, str]) -> Headers:
        """Return the same headers with those of `given`, each in place of one of the same name."""
        added = {name.lower(): (name, value) for name, value in given.items()}
        if len(added) != len(given):  # a name in two spellings
            added = Headers(given)._items
        made = Headers.__new__(Headers)
        made._items = {key: item for key, item in self._items.items() if key not in added}
        made._items.update(added)
        return made

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> ItemsView[str, str]:
        """Return the pairs of names and values, as `Mapping` does, without a look-up for each."""
        return _Items(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._folded() == Headers(other)._folded()

    def __hash__(self) -> int:
        return hash(frozenset(self._folded().items()))

    def __repr__(self) -> str:
        shown = {name: "***" if name.lower() in SECRET_HEADERS else value for name, value in self.items()}
        return f"Headers({shown!r})"

    def _folded(self) -> dict[str, str]:
        return {key: value for key, (_, value) in self._items.items()}


class _Items(ItemsView[str, str]):
    _mapping: Headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._mapping._items.values())


@frozen
class HTTPRequest:
    """One HTTP request, ready to be signed or sent: an absolute URL and the exact bytes of the body.

    The repr shows neither credentials nor the body, which holds the prompt.
    """

    method: str
    url: str
    headers: Headers
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.headers, Headers):
            object.__setattr__(self, "headers", Headers(self.headers))

    def with_headers(self, headers: Mapping[str, str]) -> HTTPRequest:
        """Return the same request with `headers` set, each in place of one of the same name."""
        return HTTPRequest(self.method, self.url, self.headers._with(headers), self.body)


@frozen
class HTTPResponse:
    """One whole HTTP response: the status, the headers, and the body's bytes with any transfer coding undone."""

    status_code: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.headers, Headers):
            object.__setattr__(self, "headers", Headers(self.headers))

    @property
    def text(self) -> str:
        """The body as UTF-8, whatever charset its headers name; bytes that are no UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", errors="replace")


@frozen
class TimeLimits:
    """How long a request may take, in seconds: to connect, and for each wait on the other side.

    `deadline` is the moment on `time.monotonic()`'s clock at which everything must be over, or None.
    """

    connect: float
    read: float
    deadline: float | None = None


class Head(Protocol):
    """What has come of a response first."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Headers:
        """The response headers."""


class OpenResponse(Head, Protocol):
    """A response whose headers have arrived and whose body is read piece by piece."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives, never waiting for more than is there.

        Raises APITimeoutError or APIConnectionError if the body does not arrive whole.
        """

    def close(self, *, drain: bool = False) -> None:
        """Let the connection go: back to the pool if the body was read to its end, closed otherwise.

        With `drain`, read first what little is left of the body (at most 64 KB, for at most 0.1 seconds).
        """


class Transport(Protocol):
    """What sends requests. Give an object with these two methods as `Client(transport=...)`."""

    def open(self, request: HTTPRequest, limits: TimeLimits) -> OpenResponse:
        """Send `request` as it is, without following redirects, and return once the headers are there.

        Raises APITimeoutError or APIConnectionError if no answer comes. Of one that a caller gives, what else it
        raises becomes an APIConnectionError with the phase "headers".
        """

    def close(self) -> None:
        """Close every pooled connection."""


class AsyncOpenResponse(Head, Protocol):
    """What `OpenResponse` is, on an event loop."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Return an iterator over the body as it arrives. Raises APITimeoutError or APIConnectionError."""

    async def aclose(self, *, drain: bool = False) -> None:
        """Let the connection go, as `OpenResponse.close` does; without `drain` it waits for nothing."""


class AsyncTransport(Protocol):
    """What sends requests on an event loop. Give an object with these two methods as `AsyncClient(transport=...)`."""

    async def aopen(self, request: HTTPRequest, limits: TimeLimits) -> AsyncOpenResponse:
        """Do what `Transport.open` does. If it is cancelled the connection must be closed."""

    async def aclose(self) -> None:
        """Close every pooled connection of this event loop."""


def is_ip_address(host: str) -> bool:
    """Tell whether `host` is an IPv4 or IPv6 address, the latter without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine by its name or address: what is sent there never leaves it."""
    if host.removesuffix(".") == "localhost":  # a last dot makes a name absolute
        return True
    if not is_ip_address(host):
        return False
    address = ipaddress.ip_address(host)
    # Not every Python looks into ::ffff:127.0.0.1.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
