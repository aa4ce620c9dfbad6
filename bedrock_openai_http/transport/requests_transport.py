"""Where a call meets the network: one signed request out, one answer back, by `requests`.

A request goes straight to the adapter of a `requests.Session`, not through `Session.send`, so what a session would
add on the way cannot happen: `.netrc` credentials in place of the signature, redirects that carry the prompt to
another host, cookies, environment CA bundles that override an explicit choice.

This module's law: what was signed is what is sent, bytes are handed on the moment they arrive, and every failure of
the libraries below becomes one of ours that holds no request.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import select_proxy

from ..call.error_answers import request_id_of
from ..values.errors import APIConnectionError, BedrockOpenAIError, ConfigurationError
from ..values.forks import inherit
from ..values.http import Headers, HTTPRequest, HTTPResponse, OpenResponse, TimeLimits
from .adapter import Adapter
from .connection_settings import ConnectionSettings, bundle_source
from .exchange import Exchange, carried, seconds_left
from .failures import Way, open_failure
from .open_answer import OpenAnswer

#: Connections that are kept for reuse, per host.
POOL_SIZE = 100


class RequestsTransport:
    """Sends requests over the pooled connections of a `requests.Session`. Thread-safe and fork-safe.

    Of a session that the caller gives, its adapters, `verify`, `cert`, `proxies` and `trust_env` count; it is not
    closed, and a deadline is then checked between reads only. Without one, connections are kept alive and pooled,
    and proxies and the CA bundle come from the environment. `ca_bundle` is the path of a bundle for where neither
    the session nor the environment names one.
    """

    def __init__(self, session: requests.Session | None = None, *, ca_bundle: str | None = None) -> None:
        self._given = session
        self._settings = ConnectionSettings(ca_bundle)
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
        proxies, verify = self._settings.find(session, request.url)
        with carried(Exchange(limits)) as mine:
            try:
                timeout = (seconds_left(limits.connect, limits.deadline), seconds_left(limits.read, limits.deadline))
                adapter = session.get_adapter(request.url)
                response = adapter.send(
                    _prepared(request, isinstance(adapter, Adapter)),
                    stream=True,
                    timeout=timeout,
                    verify=verify,
                    cert=session.cert,
                    proxies=proxies,
                )
                if response.status_code >= 200:
                    return OpenAnswer(response, limits, mine, request.headers.get("accept") == "text/event-stream")
                # Only with a given session: its connections take 103 for the answer, which is yet to come.
                response.raw.close()
                failure: BedrockOpenAIError = APIConnectionError(
                    "an interim answer came in place of the answer", phase="headers"
                )
                failure.response = HTTPResponse(response.status_code, Headers(response.raw.headers.items()))
                failure.request_id = request_id_of(failure.response.headers)
            except Exception as error:  # noqa: BLE001  (a given session's adapter may raise anything)
                proxy = select_proxy(request.url, proxies)
                way = Way(request.url, proxy, verify, bundle_source(session), session.cert)
                failure = open_failure(error, way, mine)
        # Raised outside of the handler: what `requests` raises holds the request, with its key and prompt.
        try:
            raise failure
        finally:
            del failure  # a frame that is part of its own exception's traceback would keep both alive

    def settings(self, url: str) -> tuple[str | None, bool | str]:
        """Return the proxy for `url` or None, and the CA bundle or whether to verify at all, without connecting."""
        proxies, verify = self._settings.find(self._given or self._session(), url)
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
                    self._own.mount(scheme, Adapter(pool_maxsize=POOL_SIZE))
                self._own_pid = os.getpid()
            return self._own


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


def _prepared(request: HTTPRequest, own: bool) -> requests.PreparedRequest:
    """Return the request as an adapter takes it, our `own` or a given session's, whose URL has been checked.

    `requests` would look at all of it again, which takes longer than to parse the answer.
    """
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
    headers: Any = request.with_headers({"Content-Length": str(len(request.body))}).headers
    # Another adapter may change them. Case does not count in either.
    prepared.headers = headers if own else CaseInsensitiveDict(headers.items())
    prepared.hooks = {"response": []}
    return prepared
