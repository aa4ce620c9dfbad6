"""Connections of aiohttp's through a SOCKS proxy, by python-socks, which is loaded when there is one.

As with `socks_connections`, socks5h and socks4a leave the look-up of the host's name to the proxy, socks5 and socks4
do not.

This module is a part of `aio.transport`: a connector for proxies whose URL begins with socks.
"""

from __future__ import annotations

import socket
from typing import Any

from python_socks import ProxyConnectionError, ProxyError
from python_socks.async_.asyncio import Proxy

from ..exchange import Refusal, current_exchange
from .connections import Connector

#: The schemes by those of python-socks, and whether the proxy looks the name up.
_SCHEMES = {
    "socks5h": ("socks5", True),
    "socks5": ("socks5", False),
    "socks4a": ("socks4", True),
    "socks4": ("socks4", False),
}
#: Codes of a SOCKS5 proxy that another attempt would get again (RFC 1928, 6), as in `socks_connections`; of a SOCKS4
#: proxy those that are no plain failure.
_PERMANENT = (2, 7, 8, 0x5C, 0x5D)


class SocksConnector(Connector):
    """A pool of connections through one proxy. Raises ValueError for a URL that names none."""

    def __init__(self, proxy: str) -> None:
        super().__init__()
        scheme, _, rest = proxy.partition("://")
        kind, rdns = _SCHEMES[scheme.lower()]
        self._proxy = Proxy.from_url(f"{kind}://{rest}", rdns=rdns)

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        sock = await self._dialled(req.url.raw_host, req.port)
        context = self._get_ssl_context(req)
        name = {"server_hostname": req.url.raw_host.rstrip(".")} if context else {}
        try:
            return (await self._loop.create_connection(self._factory, sock=sock, ssl=context, **name))[1]
        except BaseException:
            sock.close()
            raise

    async def _dialled(self, host: str, port: int) -> socket.socket:
        mine = current_exchange()
        try:
            sock: socket.socket = await self._proxy.connect(dest_host=host, dest_port=port)
        except ProxyConnectionError as error:
            failure: Exception = error.__cause__ if isinstance(error.__cause__, OSError) else ConnectionError()
        except ProxyError as error:
            mine.step, mine.refusal = "tunnel", _refusal(error)
            failure = ConnectionError()
        else:
            mine.step = "TLS"
            return sock
        try:
            raise failure
        finally:
            del failure  # a frame that is part of its own exception's traceback would keep both alive


def _refusal(error: ProxyError) -> Refusal | None:
    """Return what the proxy said, in words of python-socks, which are fixed for each reply; None if it just ended."""
    words = str(error).lower()
    if error.error_code:
        return Refusal(words.partition(": ")[2] or words, permanent=error.error_code in _PERMANENT)
    if "authentication" in words:
        return Refusal("the user name and the password were not accepted, or there are none")
    # A connection that is closed is "closed unexpectedly".
    return Refusal("it does not speak this version of SOCKS") if words.startswith("unexpected") else None
