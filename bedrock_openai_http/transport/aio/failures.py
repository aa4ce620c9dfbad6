"""What aiohttp raises, as what the system or HTTP has against it, for `failures` to name.

aiohttp wraps what went wrong in exceptions of its own, whose texts hold URLs and which hold the request. Below each
there is one of the system's or of `ssl`, or a fact that HTTP has a word for.

This module's law: what comes out of it leads to no request.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from http.client import HTTPException, IncompleteRead
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentLengthError, HttpProcessingError, TransferEncodingError

from ...values.http import Headers
from ..exchange import MalformedHead, refused_tunnel
from ..failures import Way
from .exchange import AsyncExchange

#: What surely comes of connecting, of a session whose connections note nothing.
_UNCONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)
_STATUS_LINE = re.compile(rb"HTTP/\d\.\d (\d{3})")
#: Interim answers, and empty lines, before an answer.
_BEFORE = re.compile(rb"\A(?:\s|HTTP/\d\.\d 1\d\d .*?\r\n\r\n)*", re.DOTALL)


def plain(error: BaseException) -> Exception:
    """Return an exception of the system's, of `ssl` or of `http.client` for what aiohttp has raised."""
    root = _root(error)
    if isinstance(root, (asyncio.TimeoutError, TimeoutError)) and getattr(root, "errno", None) is None:
        return TimeoutError()
    if isinstance(root, (ContentLengthError, TransferEncodingError)):
        return IncompleteRead(b"")
    if isinstance(root, aiohttp.ClientOSError):  # the system's number, without a text of aiohttp's
        return OSError(root.errno, os.strerror(root.errno)) if root.errno else ConnectionResetError()
    if isinstance(root, aiohttp.ClientConnectionError):
        return ConnectionResetError()
    if isinstance(root, (aiohttp.ClientError, HttpProcessingError, RuntimeError)):
        return HTTPException()
    if isinstance(root, OSError) and root.errno and not isinstance(root, (ssl.SSLError, socket.gaierror)):
        return OSError(root.errno, os.strerror(root.errno))  # asyncio's words hold addresses
    return root


def _root(error: BaseException) -> Exception:
    """Return what lies below the exceptions of aiohttp's."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        below = getattr(link, "os_error", None) or getattr(link, "certificate_error", None) or link.__cause__
        link = below or (None if link.__suppress_context__ else link.__context__)
    kinds = [each for each in seen if isinstance(each, Exception)]
    return kinds[-1]


def note(error: Exception, mine: AsyncExchange, way: Way, *, ours: bool) -> Exception:
    """Note in `mine` what `error` tells of how far it came, and return the plain exception for it.

    `ours` tells whether the connections are ours, and have noted what they know.
    """
    if not ours and isinstance(error, _UNCONNECTED):
        mine.phase = "connect"
    mine.settle_phase()
    if mine.phase == "connect" or not ours:
        if mine.step in (None, "TCP"):
            mine.step = _step(error, way)
        if isinstance(error, aiohttp.ClientHttpProxyError):
            mine.refusal = refused_tunnel(error.status)
    if isinstance(error, aiohttp.ClientResponseError) and mine.head and mine.phase != "connect":
        return _malformed(mine.head)
    return plain(error)


def _step(error: Exception, way: Way) -> str | None:
    """Return which step of connecting it is that failed; None if it had not begun."""
    if isinstance(error, (aiohttp.InvalidURL, ValueError, UnicodeError)) and not isinstance(error, OSError):
        return None
    proxy = urlsplit(way.proxy) if way.proxy else None
    if isinstance(error, aiohttp.ClientSSLError):
        is_proxys = proxy is not None and (error.host, error.port) == (proxy.hostname, proxy.port)
        return "proxy TLS" if is_proxys else "TLS"
    if proxy is None or isinstance(error, aiohttp.ClientConnectorError):
        return "TCP"
    return "tunnel"


def _malformed(head: bytes) -> MalformedHead:
    """Return the exception for a head that aiohttp has refused, with all in it that looks like headers."""
    first, *lines = _BEFORE.sub(b"", head, count=1).partition(b"\r\n\r\n")[0].splitlines() or [b""]
    found = _STATUS_LINE.match(first)
    pairs = [line.decode("latin-1").partition(":") for line in lines]
    return MalformedHead(
        int(found[1]) if found else 0, Headers([(name, value.strip()) for name, colon, value in pairs if colon])
    )
