"""The only place that talks to the network: one signed request out, one answer back, by `requests`.

A request goes straight to the adapter of a `requests.Session`, not through `Session.send`, so what a session would
add on the way cannot happen: `.netrc` credentials in place of the signature, redirects that carry the prompt to
another host, cookies, environment CA bundles that override an explicit choice.

This module's law: what was signed is what is sent, bytes are handed on the moment they arrive, and every failure of
the libraries below becomes one of ours that holds no request.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError

from .connections import POOL_CLASSES, SOCKET_OPTIONS, exchange, seconds_left
from .error_answers import request_id_of
from .errors import APIConnectionError, ConfigurationError
from .forks import inherit
from .network_failures import body_failure, open_failure
from .wire import Headers, HTTPRequest, OpenResponse, TimeLimits, is_loopback

#: Connections that are kept for reuse, per host.
POOL_SIZE = 100
#: Bytes that one read takes at most.
READ_SIZE = 65536
#: What is read of an answer after its end mark, in bytes and seconds, so that its connection can be used again.
DRAIN_BYTES = 65536
DRAIN_SECONDS = 0.1

#: Environment variables that name a CA bundle, best first. AWS's own comes before those of `requests`.
CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: The path of the bundle that `requests` trusts where nobody names one.
DEFAULT_CA_BUNDLE: str = DEFAULT_CA_BUNDLE_PATH


class _Adapter(HTTPAdapter):
    """An adapter with the connections of `connections`, which notice a dead peer by TCP keep-alive.

    NAT gateways drop flows that were idle for 350 s without a word to either side.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, socket_options=SOCKET_OPTIONS)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs, socket_options=SOCKET_OPTIONS)
        manager.pool_classes_by_scheme = POOL_CLASSES
        return manager

    def close(self) -> None:
        # urllib3 leaves a pool's connections open for as long as anything refers to the pool.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118  (it is no dict, and cannot be iterated over)
                manager.pools[key].close()
        super().close()


class RequestsTransport:
    """Sends requests over the pooled connections of a `requests.Session`. Thread-safe and fork-safe.

    Of a session that the caller gives, its adapters, `verify`, `cert`, `proxies` and `trust_env` count; it is not
    closed, and a deadline is then checked between reads only. Without one, connections are kept alive and pooled,
    and proxies and the CA bundle come from the environment. `ca_bundle` is the path of a bundle for where neither
    the session nor the environment names one.
    """

    def __init__(self, session: requests.Session | None = None, *, ca_bundle: str | None = None) -> None:
        self._given = session
        self._ca_bundle = ca_bundle
        self._own: requests.Session | None = None
        self._own_pid = 0
        self._left_behind: list[requests.Session] = []
        self._checked_url = ""
        self._lock = threading.Lock()
        inherit(self)

    def after_fork(self) -> None:
        """Make a new lock, in the child of a fork: another thread may have held this one."""
        self._lock = threading.Lock()

    def open(self, request: HTTPRequest, limits: TimeLimits) -> OpenResponse:
        """Send `request` and return its answer once the headers are there.

        Raises APITimeoutError or APIConnectionError if no answer comes, ConfigurationError if `requests` would
        not send the request as it is.
        """
        session = self._given or self._session()
        if request.url != self._checked_url:  # there is seldom another
            _check_url(request.url)
            self._checked_url = request.url
        prepared = _prepared(request)
        proxies, verify = connection_settings(session, request.url, self._ca_bundle)
        try:
            timeout = (seconds_left(limits.connect, limits.deadline), seconds_left(limits.read, limits.deadline))
            with exchange(limits) as under_way:
                response = session.get_adapter(request.url).send(
                    prepared, stream=True, timeout=timeout, verify=verify, cert=session.cert, proxies=proxies
                )
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            failure = open_failure(error, request.url, limits)
        else:
            if response.status_code >= 200:
                streamed = request.headers.get("accept") == "text/event-stream"
                return _Response(response, limits, under_way.sock, "idle" if streamed else "body")
            # Only with a given session: its connections take 103 for the answer, which is yet to come.
            response.raw.close()
            failure = APIConnectionError("an interim answer came in place of the answer", phase="headers")
        # Raised outside of the handler: what `requests` raises holds the request, with its key and prompt.
        try:
            raise failure
        finally:
            del failure  # a frame that is part of its own exception's traceback would keep both alive

    def settings(self, url: str) -> tuple[str | None, bool | str]:
        """Return the proxy for `url` or None, and the CA bundle or whether to verify at all, without connecting."""
        proxies, verify = connection_settings(self._given or self._session(), url, self._ca_bundle)
        return select_proxy(url, proxies), verify

    def close(self) -> None:
        """Close the pooled connections; a session that was given is the caller's to close."""
        with self._lock:
            own, self._own = self._own, None
        # After a fork the connections are the parent's, and so are their ends.
        if own is not None and self._own_pid == os.getpid():
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
                    self._own.mount(scheme, _Adapter(pool_maxsize=POOL_SIZE))
                self._own_pid = os.getpid()
            return self._own


class _Response:
    """An `OpenResponse` over an answer of `requests`."""

    def __init__(self, response: requests.Response, limits: TimeLimits, sock: Any, phase: str) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.raw.headers.items())
        self._raw: Any = response.raw
        self._read1 = _reader(response.raw)
        # With a session of the caller's the socket is known only while the connection is to be used again.
        self._sock = sock or getattr(response.raw.connection, "sock", None)
        self._limits = limits
        self._phase = phase
        self._finished = False
        self._closed = False
        self._pid = os.getpid()

    def pieces(self) -> Iterator[bytes]:
        try:
            while piece := self._read():
                yield piece
        except Exception:
            self.close()
            raise
        self._finished = True

    def _read(self) -> bytes:
        try:
            # Our connections keep to the deadline themselves; with a given session it is checked here only.
            seconds_left(self._limits.read, self._limits.deadline)
            return self._read1(READ_SIZE)
        except APIConnectionError as error:
            failure = error
        except (HTTPError, HTTPException, OSError, ValueError, AttributeError) as error:
            if isinstance(error, AttributeError) and not self._closed:
                raise  # a defect; http.client only trips over a response that is closed under it
            failure = body_failure(error, self._phase, self._limits)
        if self._closed:
            failure = APIConnectionError("the answer was closed while it was read", phase="body")
        failure.request_id = request_id_of(self.headers)
        try:
            raise failure
        finally:
            del failure  # as above

    def close(self, *, drain: bool = False) -> None:
        if drain and not self._finished:
            self._drain()
        self._closed = True
        if self._finished:
            # Only what was read to its end goes back to the pool; otherwise the rest would be the next answer.
            self._raw.release_conn()
        elif self._sock is not None and self._raw.connection is not None and self._pid == os.getpid():
            # Wakes a thread that waits in a read: closing alone would wait for it. Without a connection of its own
            # the answer has come whole, and the socket may be another call's by now; after a fork the other
            # process may still read from it.
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(AttributeError):  # a thread that reads may have closed it at this moment
            self._raw.close()

    def _drain(self) -> None:
        if self._sock is None or self._raw.connection is None:  # not to be used again anyway
            return
        end = time.monotonic() + DRAIN_SECONDS
        left = DRAIN_BYTES
        try:
            while left > 0 and time.monotonic() < end:
                self._sock.settimeout(DRAIN_SECONDS)
                piece = self._read1(left)
                if not piece:
                    self._finished = True
                    return
                left -= len(piece)
        except (HTTPError, HTTPException, OSError, ValueError):
            return


def _reader(raw: Any) -> Callable[[int], bytes]:
    """Return a function that reads what is there, at most so many bytes; b"" at the end of the body."""
    is_plain = raw.headers.get("content-encoding", "identity").lower() == "identity"
    if hasattr(raw, "read1") and not (is_plain and isinstance(raw._fp, HTTPResponse)):
        return lambda size: raw.read1(size, decode_content=True) or b""
    # urllib3's read1 takes longer for a chunk of a stream than the chunk takes to be parsed, and urllib3 before 2.2
    # has none. That of http.client decodes chunks, but no compression, and it takes the end of the connection for
    # the end of the body.
    read, left = raw._fp.read1, raw.length_remaining

    def read1(size: int) -> bytes:
        nonlocal left
        if not is_plain:
            raise APIConnectionError("the answer is compressed, although that was not asked for", phase="body")
        piece: bytes = read(size)
        if left is not None:
            left -= len(piece)
            if left > 0 and not piece:
                raise IncompleteRead(piece, left)
        return piece

    return read1


def _check_url(url: str) -> None:
    """Raise ConfigurationError if `requests` would not send to `url` as it is."""
    try:
        prepared = requests.Request("POST", url).prepare()
    except (requests.RequestException, ValueError) as error:
        failure = ConfigurationError(f"requests cannot send this request: {type(error).__name__}")
    else:
        if prepared.url == url:
            return
        failure = ConfigurationError("base_url: would be rewritten on the way and break the signature")
    raise failure


def _prepared(request: HTTPRequest) -> requests.PreparedRequest:
    """Return the request as an adapter takes it, whose URL has been checked.

    `requests` would look at all of it again, which takes longer than to parse the answer.
    """
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
    prepared.headers = CaseInsensitiveDict(request.headers.items())
    prepared.headers["Content-Length"] = str(len(request.body))
    prepared.hooks = {"response": []}
    return prepared


def connection_settings(
    session: requests.Session, url: str, ca_bundle: str | None = None
) -> tuple[dict[str, str], bool | str]:
    """Return the proxies for `url`, and the CA bundle or whether to verify at all.

    What the session says counts most, then the environment, then `ca_bundle`.
    """
    # A proxy of the environment would carry plain http for this machine, with its key, to another.
    use_environment = session.trust_env and not is_loopback(urlsplit(url).hostname or "")
    proxies = dict(get_environ_proxies(url, no_proxy=None)) if use_environment else {}
    proxies.update(session.proxies)
    verify = session.verify
    if verify is True and session.trust_env:
        verify = next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), ca_bundle or True)
    return proxies, verify if verify is not None else True
