"""Connections through a SOCKS proxy, by PySocks, which is loaded when there is one.

PySocks gives each read of the proxy's words the time for all of them; here they share the time to connect. Of the
schemes, socks5h and socks4a leave the look-up of the host's name to the proxy, socks5 and socks4 do not.

This module is a part of `requests_transport`: classes for urllib3's pool, for proxies whose URL begins with socks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import socks
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.contrib.socks import SOCKSConnection

from .connections import Connection, Pool, dial, real
from .exchange import Exchange, Refusal, current_exchange

#: Replies of a SOCKS5 proxy (RFC 1928, 6) that another attempt would get again: a rule forbids the connection, or the
#: proxy does not know the command or the kind of address.
_PERMANENT = ("0x02", "0x07", "0x08")


class _Socket(socks.socksocket):  # type: ignore[misc]
    """Waits for each of the proxy's words no longer than there is time to connect."""

    exchange: Exchange | None = None

    def recv_into(self, *args: Any) -> int:
        if self.exchange is not None:
            self.settimeout(self.exchange.connecting_left())
        count: int = super().recv_into(*args)
        return count


class _SocksConnection(Connection, SOCKSConnection):  # type: ignore[misc]
    """Mixed into urllib3's connections."""

    def _new_conn(self) -> Any:
        host, port = self._socks_options["proxy_host"], self._socks_options["proxy_port"]
        mine = current_exchange()
        try:
            sock = dial(mine, host or "", int(port or 1080), partial(self._dialled, mine))
        except socks.ProxyError as error:
            cause = _cause(error)
            mine.step = "TCP" if isinstance(error, socks.ProxyConnectionError) else "tunnel"
        else:
            mine.step = "TLS"
            return sock
        mine.refusal = _refusal(cause) if isinstance(cause, socks.ProxyError) else None
        try:
            raise ConnectionError if isinstance(cause, socks.ProxyError) else cause
        finally:
            del cause  # a frame that is part of its own exception's traceback would keep both alive

    def _dialled(
        self, mine: Exchange, family: int, kind: int, protocol: int, address: Any, seconds: float
    ) -> _Socket:
        options = self._socks_options
        sock = _Socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(seconds)
            sock.set_proxy(
                options["socks_version"],
                address[0],
                address[1],
                options["rdns"],
                options["username"],
                options["password"],
            )
            sock.exchange = mine
            mine.step = "tunnel"
            sock.connect((self._dns_host.strip("[]"), self.port))
            sock.exchange = None
        except BaseException:
            sock.close()
            raise
        return sock


def _cause(error: Any) -> Exception:
    """Return what PySocks has wrapped in its own exceptions: the system's error, or what the proxy said."""
    while isinstance(error, socks.ProxyError) and error.socket_err is not None:
        error = error.socket_err
    found: Exception = error
    return found


def _refusal(error: Exception) -> Refusal | None:
    """Return what the proxy said, in words of PySocks, which are fixed for each reply; None if it just ended."""
    if isinstance(error, socks.SOCKS5AuthError):
        return Refusal("the user name and the password were not accepted, or there are none")
    words = str(getattr(error, "msg", ""))
    if isinstance(error, (socks.SOCKS5Error, socks.SOCKS4Error)):
        code, _, text = words.partition(": ")
        is_permanent = code in _PERMANENT if isinstance(error, socks.SOCKS5Error) else code != "0x5b"
        return Refusal(text.lower(), permanent=is_permanent)
    return None if "closed" in words else Refusal("it does not speak this version of SOCKS")


class _HTTPConnection(_SocksConnection, real(HTTPConnection)):  # type: ignore[misc]
    pass


class _HTTPSConnection(_SocksConnection, real(HTTPSConnection)):  # type: ignore[misc]
    pass


class _HTTPPool(Pool, HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(Pool, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


#: For `PoolManager.pool_classes_by_scheme`.
POOL_CLASSES = {"http": _HTTPPool, "https": _HTTPSPool}
