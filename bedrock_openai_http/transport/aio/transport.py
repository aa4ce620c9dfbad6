"""Where a call meets the network on an event loop: one signed request out, one answer back, by `aiohttp`.

aiohttp's own timers, cookies, redirects, decoders, proxies and automatic headers are not in use: each would break a
promise of ours. It repeats requests by itself, but never a POST, and nothing else is sent here.

This module's law is that of `requests_transport`: what was signed is what is sent, bytes are handed on the moment
they arrive, and every failure of the libraries below becomes one of ours that holds no request.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from requests.utils import select_proxy
from urllib3.util.ssl_ import create_urllib3_context
from yarl import URL

from ...call.error_answers import request_id_of
from ...values.errors import APIConnectionError, BedrockOpenAIError, ConfigurationError
from ...values.forks import inherit
from ...values.http import AsyncOpenResponse, Headers, HTTPRequest, HTTPResponse, TimeLimits
from ..connection_settings import (
    DEFAULT_CA_BUNDLE,
    ConnectionSettings,
    bundle_source,
    proxy_source,
    proxy_url,
    shown_proxy,
)
from ..exchange import carried, seconds_left
from ..failures import Way, open_failure
from . import installed as installed  # first: it refuses an aiohttp on which the others might stumble
from .alarm import Alarm
from .answer import AiohttpAnswer
from .connections import Connector
from .exchange import HEAD_LIMIT, AsyncExchange
from .failures import note
from .pools import Pool, new_session

_NO_TIMERS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


class AiohttpTransport:
    """Sends requests over pooled connections, one pool for each event loop. Thread-safe and fork-safe.

    Of a session that the caller gives, its connector counts, with its certificates and limits, its `proxy` and its
    `trust_env`; it is not closed. Its connections cannot tell whether they are dead or poisoned, so that nothing is
    repeated for that. Without one, proxies and the CA bundle come from the environment. `ca_bundle` is the path of a
    bundle for where the environment names none.
    """

    def __init__(self, session: aiohttp.ClientSession | None = None, *, ca_bundle: str | None = None) -> None:
        self._given = session
        self._environment = _Environment() if session is None else _SettingsOf(session)
        self._settings = ConnectionSettings(ca_bundle)
        #: By the number of the loop and the SOCKS proxy, if there is one.
        self._pools: dict[tuple[int, str | None], Pool] = {}
        self._left_behind: list[Any] = []
        #: By what they trust. A pool keeps connections by their context, so a new one each time would use none again.
        self._contexts: dict[bool | str, ssl.SSLContext] = {}
        #: The last URL and what aiohttp takes for it; there is seldom another.
        self._last_target: tuple[str, URL | None] = ("", None)
        self._lock = threading.Lock()
        inherit(self)

    def after_fork(self) -> None:
        """Forget, in the child of a fork, the connections: two processes on one read each other's answers.

        They are kept referenced, not closed, which would end the parent's TLS and change its epoll.
        """
        self._lock = threading.Lock()
        self._left_behind.append(self._pools)
        for pool in self._pools.values():
            pool.leave()
        self._pools = {}

    async def aopen(self, request: HTTPRequest, limits: TimeLimits) -> AsyncOpenResponse:
        """Send `request`, a POST, and return its answer once the headers are there.

        Raises APITimeoutError or APIConnectionError if no answer comes, ConfigurationError if aiohttp would not send
        the request as it is. If this is cancelled the connection is closed.
        """
        with carried(AsyncExchange(limits, asyncio.get_running_loop())) as mine:
            try:
                return await self._answer(request, mine)
            except asyncio.CancelledError as error:
                # aiohttp's frames hold the request, with its key and prompt.
                raise error.with_traceback(None) from None
            except BedrockOpenAIError:
                raise
            except Exception as error:  # noqa: BLE001  (of a given session anything may come)
                failure = self._failure(error, request.url, mine)
            finally:
                mine.alarm = None  # a writer that is still at it may hold the exchange
        # Raised outside of the handler: what aiohttp raises holds the request.
        try:
            raise failure
        finally:
            del failure  # a frame that is part of its own exception's traceback would keep both alive

    async def _answer(self, request: HTTPRequest, mine: AsyncExchange) -> AiohttpAnswer:
        """Return the open answer to `request`. Raises what aiohttp raises, and errors of ours."""
        limits, ours = mine.limits, self._given is None
        seconds_left(limits.connect, limits.deadline)  # with none left nothing is sent
        target = self._target(request.url)
        mine.phase = "connect" if ours else None  # which a given session's connections will not say
        proxies, verify = self._settings.find(self._environment, request.url)
        session, proxy = await self._session(mine.loop, select_proxy(request.url, proxies) if proxies else None)
        # Before the time to connect begins: to read a bundle may take as long as to connect.
        trust = self._context(verify) if ours and _speaks_tls(request.url, proxy) else True
        with Alarm(mine.loop, mine.moment_in(limits.connect if ours else limits.connect + limits.read)) as mine.alarm:
            raw = await session.request(
                "POST",  # which aiohttp never repeats
                target,
                headers=_headers(request),
                data=mine.all_of(request.body),
                timeout=_NO_TIMERS if ours else _time_to_connect(limits.connect),
                allow_redirects=False,
                auto_decompress=False,
                proxy=proxy,
                ssl=trust,
                max_line_size=HEAD_LIMIT,
                max_field_size=HEAD_LIMIT,
            )
        if raw.status < 200:
            raise _interim(raw)
        return AiohttpAnswer(raw, mine, streamed=request.headers.get("accept") == "text/event-stream")

    def _failure(self, error: Exception, url: str, mine: AsyncExchange) -> BedrockOpenAIError:
        """Return the failure of ours for what was raised before there was an answer."""
        proxy, verify = self.settings(url)
        way = Way(url, proxy, verify, bundle_source(self._environment), socks_by="python-socks")
        failure = open_failure(note(error, mine, way, ours=self._given is None), way, mine)
        if isinstance(failure, APIConnectionError) and failure.phase == "reused":
            for connector in self._connectors(mine.loop):
                connector.doubt()
        return failure

    def settings(self, url: str) -> tuple[str | None, bool | str]:
        """Return the proxy for `url` or None, and the CA bundle or whether to verify at all, without connecting."""
        proxies, verify = self._settings.find(self._environment, url)
        return select_proxy(url, proxies), verify

    async def aclose(self) -> None:
        """Close the idle connections of this event loop; what is under way goes on, and its connection ends with it.

        A session that was given is the caller's to close.
        """
        for connector in self._connectors(asyncio.get_running_loop()):
            await connector.close_idle()

    def _connectors(self, loop: asyncio.AbstractEventLoop) -> list[Connector]:
        """Return those of `loop` that are ours."""
        with self._lock:
            found = [pool.session.connector for pool in self._pools.values() if pool.loop is loop]
        return [connector for connector in found if isinstance(connector, Connector)]

    def __reduce__(self) -> Any:
        raise TypeError("AiohttpTransport cannot be pickled or copied: its connections belong to event loops")

    def __del__(self) -> None:
        for pool in list(vars(self).get("_pools", {}).values()):
            pool.abandon()

    def _target(self, url: str) -> URL:
        last, target = self._last_target
        if target is None or url != last:
            target = URL(url, encoded=True)  # which rewrites nothing, and checks nothing
            if str(target) != url or not url.isascii() or " " in url or "#" in url:
                raise ConfigurationError("base_url: would be rewritten on the way and break the signature")
            self._last_target = url, target
        return target

    def _context(self, verify: bool | str) -> ssl.SSLContext:
        context = self._contexts.get(verify)
        if context is None:
            context = self._contexts.setdefault(verify, _tls_context(verify))
        return context

    async def _session(self, loop: asyncio.AbstractEventLoop, proxy: str | None) -> tuple[Any, str | None]:
        """Return the session to use, and the proxy that it is to be told of."""
        if proxy is None:
            return await self._pool(loop, None), None
        proxy = proxy_url(proxy)
        host = urlsplit(proxy).hostname  # for aiohttp a proxy without a host is one, and so is a host with a blank
        if not host or " " in host:
            raise ValueError("no proxy")
        scheme = proxy.partition(":")[0].lower()
        if scheme.startswith("socks") and self._given is None:
            return await self._pool(loop, proxy), None
        if scheme not in ("http", "https"):
            raise ValueError("no proxy for HTTP")
        if scheme == "https" and not _leads_tls_through_tls(loop):
            raise _too_old_for(proxy)
        return await self._pool(loop, None), proxy

    async def _pool(self, loop: asyncio.AbstractEventLoop, socks: str | None) -> aiohttp.ClientSession:
        with self._lock:
            known = self._pools.get((id(loop), socks))
            if known is not None and known.loop is loop and not known.session.closed:
                return known.session
            for key, pool in list(self._pools.items()):
                if pool.loop.is_closed():
                    pool.abandon()
                    del self._pools[key]
            pool = self._pools[id(loop), socks] = Pool(loop, new_session(self._given, loop, socks))
        await pool.keeper.__anext__()
        return pool.session


class _Environment:
    """The settings of who gives no session."""

    trust_env = True
    verify: bool | str | None = True

    def __init__(self) -> None:
        self.proxies: dict[str, str] = {}


class _SettingsOf:
    """The settings of a given session of aiohttp's, whose connector has its own certificates."""

    #: No bundle that the environment names is in use.
    verify: bool | str | None = None

    def __init__(self, session: Any) -> None:
        self.trust_env: bool = session.trust_env
        # By scheme, since a proxy of the environment for a scheme would come before one for all.
        own = session._default_proxy is not None
        self.proxies = dict.fromkeys(("http", "https"), _proxy_of(session)) if own else {}


def _proxy_of(session: Any) -> str:
    """Return the URL of a given session's proxy, with the password that it has for it."""
    url, password = URL(session._default_proxy), session._default_proxy_auth
    return str(url if password is None else url.with_user(password.login).with_password(password.password))


def _headers(request: HTTPRequest) -> dict[str, str]:
    headers = dict(request.headers.items())
    if "host" not in request.headers:  # as it was signed; aiohttp's own would be in small letters, and lose ":443"
        headers["Host"] = urlsplit(request.url).netloc.replace(".:", ":").removesuffix(".")
    headers["Content-Length"] = str(len(request.body))  # without it a body in pieces would be sent chunked
    return headers


def _speaks_tls(url: str, proxy: str | None) -> bool:
    return url.startswith("https:") or (proxy or "").lower().startswith("https:")


def _leads_tls_through_tls(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether a proxy may be spoken to in TLS: asyncio's own loops learnt that in Python 3.11."""
    return sys.version_info >= (3, 11) or type(loop).__module__.startswith("uvloop")


def _too_old_for(proxy: str) -> ConfigurationError:
    source = proxy_source(proxy) or "proxies"
    failure = ConfigurationError(f"{source}: asyncio cannot use the proxy {shown_proxy(proxy)} before Python 3.11")
    failure.advice = "Use Python 3.11 or newer, uvloop, or a proxy of http://, through which TLS goes as well."
    return failure


def _time_to_connect(seconds: float) -> aiohttp.ClientTimeout:
    # Not `connect`, which counts the wait for a place in the pool too.
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds, ceil_threshold=float("inf"))


def _tls_context(verify: bool | str) -> ssl.SSLContext:
    """Return a context with the settings of urllib3's, so that both clients trust alike. Raises OSError."""
    context = create_urllib3_context()
    context.set_alpn_protocols(["http/1.1"])
    path = verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE  # no setting turns verification off
    context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
    context.check_hostname, context.verify_mode = True, ssl.CERT_REQUIRED
    return context


def _interim(raw: aiohttp.ClientResponse) -> APIConnectionError:
    """Return the failure for an answer of 101, which nobody asked for."""
    raw.close()
    failure = APIConnectionError("an interim answer came in place of the answer", phase="headers")
    failure.response = HTTPResponse(raw.status, Headers([(str(name), value) for name, value in raw.headers.items()]))
    failure.request_id = request_id_of(failure.response.headers)
    return failure
