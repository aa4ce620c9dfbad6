"""The only place that talks to the network: one signed request out, one answer back, by `requests`.

A request goes straight to the adapter of a `requests.Session`, not through `Session.send`, so what a session would
add on the way cannot happen: `.netrc` credentials in place of the signature, redirects that carry the prompt to
another host, cookies, environment CA bundles that override an explicit choice.

This module's law: what was signed is what is sent, bytes are handed on the moment they arrive, and every failure of
the libraries below becomes one of ours that holds no request.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from .error_answers import request_id_of
from .errors import APIConnectionError, APITimeoutError, BedrockOpenAIError, ConfigurationError
from .wire import Headers, HTTPRequest, OpenResponse, TimeLimits, is_loopback

#: Connections that are kept for reuse, per host.
POOL_SIZE = 50
#: Bytes that one read takes at most.
READ_SIZE = 65536
#: What is read of an answer after its end mark, in bytes and seconds, so that its connection can be used again.
DRAIN_BYTES = 65536
DRAIN_SECONDS = 0.1

#: Environment variables that name a CA bundle, best first. AWS's own comes before those of `requests`.
CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class _KeepAliveAdapter(HTTPAdapter):
    """An adapter whose sockets notice a dead peer: NAT gateways drop idle flows after 350 s without a word."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        return super().init_poolmanager(*args, **kwargs, socket_options=_socket_options())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, socket_options=_socket_options())


def _socket_options() -> list[tuple[int, int, int]]:
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    # Not every system has each of them; macOS names the first TCP_KEEPALIVE.
    seconds_and_count = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 5}
    for name, value in seconds_and_count.items():
        if hasattr(socket, name) and not (name == "TCP_KEEPALIVE" and hasattr(socket, "TCP_KEEPIDLE")):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


class RequestsTransport:
    """Sends requests over the pooled connections of a `requests.Session`. Thread-safe and fork-safe.

    Of a session that the caller gives, its adapters, `verify`, `cert`, `proxies` and `trust_env` count; it is
    not closed. Without one, connections are kept alive and pooled, and proxies and the CA bundle come from the
    environment.
    """

    def __init__(self, session: requests.Session | None = None) -> None:
        self._given = session
        self._own: requests.Session | None = None
        self._own_pid = 0
        self._left_behind: list[requests.Session] = []
        self._lock = threading.Lock()

    def open(self, request: HTTPRequest, limits: TimeLimits) -> OpenResponse:
        """Send `request` and return its answer once the headers are there.

        Raises APITimeoutError or APIConnectionError if no answer comes, ConfigurationError if `requests` would
        not send the request as it is.
        """
        session = self._given or self._session()
        prepared = requests.Request(
            request.method, request.url, dict(request.headers.items()), data=request.body
        ).prepare()
        if prepared.url != request.url:
            raise ConfigurationError("base_url: would be rewritten on the way and break the signature")
        proxies, verify = _environment(session, request.url)
        timeout = (_within(limits.connect, limits.deadline), _within(limits.read, limits.deadline))
        try:
            response = session.get_adapter(request.url).send(
                prepared, stream=True, timeout=timeout, verify=verify, cert=session.cert, proxies=proxies
            )
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            failure = _open_failure(error, request.url, limits)
        else:
            streamed = request.headers.get("accept") == "text/event-stream"
            return _Response(response, limits, "idle" if streamed else "body")
        # Raised outside of the handler: what `requests` raises holds the request, with its key and prompt.
        raise failure

    def close(self) -> None:
        """Close the pooled connections; a session that was given is the caller's to close."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def _session(self) -> requests.Session:
        with self._lock:
            if self._own is not None and self._own_pid != os.getpid():
                # Two processes on one connection read each other's answers. The inherited pool is kept
                # referenced, not closed: closing would end the parent's TLS sessions.
                self._left_behind.append(self._own)
                self._own = None
            if self._own is None:
                self._own = requests.Session()
                for scheme in ("https://", "http://"):
                    self._own.mount(scheme, _KeepAliveAdapter(pool_maxsize=POOL_SIZE))
                self._own_pid = os.getpid()
            return self._own


class _Response:
    """An `OpenResponse` over an answer of `requests`."""

    def __init__(self, response: requests.Response, limits: TimeLimits, phase: str) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.raw.headers.items())
        self._raw: Any = response.raw
        self._read1 = _reader(response.raw)
        self._limits = limits
        self._phase = phase
        self._finished = False

    def pieces(self) -> Iterator[bytes]:
        try:
            while piece := self._read():
                yield piece
        except Exception:
            self.close()
            raise
        self._finished = True

    def _read(self) -> bytes:
        self._wait_until_deadline()
        try:
            return self._read1(READ_SIZE)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            failure = _body_failure(error, self._phase, self._limits)
        failure.request_id = request_id_of(self.headers)
        raise failure

    def close(self, *, drain: bool = False) -> None:
        if drain and not self._finished:
            self._drain()
        # `release_conn` gives back only what was read to its end; otherwise the rest would be the next answer.
        if self._finished:
            self._raw.release_conn()
        self._raw.close()

    def _wait_until_deadline(self) -> None:
        """Let the next read wait until the deadline at most."""
        if self._limits.deadline is None:
            return
        remaining = _within(self._limits.read, self._limits.deadline)
        sock = getattr(self._raw.connection, "sock", None)
        if sock is not None:
            sock.settimeout(remaining)

    def _drain(self) -> None:
        sock = getattr(self._raw.connection, "sock", None)
        if sock is None:  # the server closes the connection anyway
            return
        end = time.monotonic() + DRAIN_SECONDS
        left = DRAIN_BYTES
        try:
            while left > 0 and time.monotonic() < end:
                sock.settimeout(DRAIN_SECONDS)
                piece = self._read1(left)
                if not piece:
                    self._finished = True
                    return
                left -= len(piece)
        except (HTTPError, HTTPException, OSError, ValueError):
            return


def _reader(raw: Any) -> Callable[[int], bytes]:
    """Return a function that reads what is there, at most so many bytes; b"" at the end of the body."""
    if hasattr(raw, "read1"):
        return lambda size: raw.read1(size, decode_content=True) or b""
    # urllib3 before 2.2 has no read1. That of http.client decodes chunks, but no compression, and it takes the
    # end of the connection for the end of the body.
    left = raw.length_remaining

    def read1(size: int) -> bytes:
        nonlocal left
        if raw.headers.get("content-encoding", "identity").lower() != "identity":
            raise APIConnectionError("the answer is compressed, although that was not asked for", phase="body")
        piece: bytes = raw._fp.read1(size)
        if left is not None:
            left -= len(piece)
            if left > 0 and not piece:
                raise IncompleteRead(piece, left)
        return piece

    return read1


def _environment(session: requests.Session, url: str) -> tuple[dict[str, str], bool | str]:
    """Return the proxies and the CA bundle for `url`: what the session says, else what the environment says."""
    # A proxy of the environment would carry plain http for this machine, with its key, to another.
    use_environment = session.trust_env and not is_loopback(urlsplit(url).hostname or "")
    proxies = dict(get_environ_proxies(url, no_proxy=None)) if use_environment else {}
    proxies.update(session.proxies)
    verify = session.verify
    if verify is True and session.trust_env:
        verify = next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), True)
    return proxies, verify if verify is not None else True


def _within(seconds: float, deadline: float | None) -> float:
    """Return the shorter of `seconds` and the time to the deadline. Raises APITimeoutError if it has passed."""
    if deadline is None:
        return seconds
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise _deadline_failure()
    return min(seconds, remaining)


def _deadline_failure() -> APITimeoutError:
    return APITimeoutError("the deadline of the call has passed", phase="deadline")


def _open_failure(error: Exception, url: str, limits: TimeLimits) -> BedrockOpenAIError:
    """Return the failure of ours for what the adapter raised before there was an answer."""
    host = urlsplit(url).netloc
    if isinstance(error, (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError)):
        return ConfigurationError(f"requests cannot send this request: {type(error).__name__}")
    if isinstance(error, (requests.Timeout, TimeoutError)):
        if limits.deadline is not None and time.monotonic() >= limits.deadline:
            return _deadline_failure()
        if isinstance(error, requests.ConnectTimeout):
            return APITimeoutError(f"no connection to {host} within {limits.connect:g} s", phase="connect")
        return APITimeoutError(f"no answer from {host} within {limits.read:g} s", phase="headers")
    cause = error.args[0] if error.args else None
    # urllib3 gives a reason only where it gave up connecting; what breaks later comes as it is.
    phase = "connect" if getattr(cause, "reason", None) is not None else "headers"
    doing = f"cannot connect to {host}" if phase == "connect" else f"{host} did not answer"
    return APIConnectionError(f"{doing}: {_cause_text(error)}", phase=phase)


def _body_failure(error: Exception, phase: str, limits: TimeLimits) -> APIConnectionError:
    """Return the failure of ours for what a read of the body raised."""
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        if limits.deadline is not None and time.monotonic() >= limits.deadline:
            return _deadline_failure()
        return APITimeoutError(f"nothing more of the answer came within {limits.read:g} s", phase=phase)
    return APIConnectionError(f"the answer broke off: {_cause_text(error)}", phase="body")


def _cause_text(error: BaseException) -> str:
    """Return the system's words for the failure at the root: they hold no URL, no header and no body."""
    text = type(error).__name__
    seen: set[int] = set()
    link: Any = error
    while isinstance(link, BaseException) and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, OSError) and link.strerror:
            text = link.strerror
        elif not isinstance(link, (requests.RequestException, HTTPError)):
            text = type(link).__name__
        inner = link.args[0] if link.args else None
        link = getattr(link, "reason", None) or link.__cause__ or link.__context__ or inner
    return text
