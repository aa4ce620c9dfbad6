"""The connections of one event loop, and their end, which comes with the loop's.

This module is a part of `aio.transport`. Its law: what is left open here is closed without a word.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import aiohttp

from ...values.errors import ConfigurationError
from .connections import Connector

#: Headers that aiohttp would add.
_OURS_TO_SET = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class Pool:
    """The connections of one event loop, closed with it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession) -> None:
        self.loop = loop
        self.session = session
        #: `asyncio.run` ends every asynchronous generator before its loop.
        self.keeper = _closed_at_the_end(session)

    def abandon(self) -> None:
        """Close what nobody has closed, without a word, from any thread."""
        try:
            self.loop.call_soon_threadsafe(self._close_at_once)
        except RuntimeError:  # the loop is closed
            self.leave()

    def leave(self) -> None:
        """Close nothing, and let nobody complain: it is of a loop that is closed, or of another process."""
        self.session.detach()
        # There is nothing left for it to wait for. It may be at its end already, as the loop is.
        with suppress(StopIteration, RuntimeError):
            self.keeper.aclose().send(None)

    def _close_at_once(self) -> None:
        if isinstance(self.session.connector, Connector):
            self.session.connector.abandon()
        self.leave()


async def _closed_at_the_end(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def _quiet_session() -> type[aiohttp.ClientSession]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # aiohttp's, against what follows

        class QuietSession(aiohttp.ClientSession):
            def __del__(self, *_: Any) -> None:
                """Say nothing: `Pool` sees to what nobody has closed, at times a moment later."""

    return QuietSession


_Session = _quiet_session()


def new_session(
    given: aiohttp.ClientSession | None, loop: asyncio.AbstractEventLoop, socks: str | None
) -> aiohttp.ClientSession:
    """Return a session on the connector of a `given` one, or on one of ours, perhaps through a SOCKS proxy.

    Raises ConfigurationError for a session that cannot be used, ValueError where python-socks is missing.
    """
    # Cookies and the passwords of ~/.netrc are of a session, connections of its connector.
    options: dict[str, Any] = {
        "cookie_jar": aiohttp.DummyCookieJar(),
        "trust_env": False,
        "skip_auto_headers": _OURS_TO_SET,
    }
    if given is not None:
        if given.closed:
            raise ConfigurationError("session: is closed")
        if given._loop is not loop:
            raise ConfigurationError("session: belongs to another event loop than that of the call")
        return _Session(
            connector=given.connector,
            connector_owner=False,
            trace_configs=given.trace_configs,
            **options,
        )
    if socks is None:
        return _Session(connector=Connector(), **options)
    try:
        from .socks import SocksConnector
    except ImportError:  # python-socks is not there
        raise ValueError("no way through a SOCKS proxy") from None
    return _Session(connector=SocksConnector(socks), **options)
