"""What `doctor` asks the network, with the sockets of the standard library: a name, a connection, a handshake.

Which proxy and which certificates are decided by the transport, so that what is tested is what is used.

This module's law: each check ends in the time that it is given, whatever does not answer.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit

from ...aws.waiting import within
from ...call.advice.network import advise_on_network
from ...transport.connection_settings import proxy_url, shown_proxy
from ...values.http import is_ip_address
from .finding import FAIL, NO_CONNECTION, OK, SKIPPED, Finding

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Route:
    """How a connection is made: to which host and port, through which proxy, trusting which certificates."""

    host: str
    port: int
    #: The URL of the proxy, perhaps with a password; None for a direct connection.
    proxy: str | None
    #: What verifies the certificate; None for plain http.
    context: ssl.SSLContext | None

    @classmethod
    def to(cls, url: str, proxy: str | None, context: ssl.SSLContext | None) -> Route:
        """Return the route to the host of `url`."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or _PORTS[parts.scheme], proxy, context)


def trust(path: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates in the file or directory at `path`. Raises OSError."""
    if os.path.isdir(path):
        return ssl.create_default_context(capath=path)
    return ssl.create_default_context(cafile=path)


def check_connection(route: Route, seconds: float) -> Iterator[Finding]:
    """Yield how the name look-up, the connection and the TLS handshake go; nothing more after a failure."""
    found = _resolve(route, seconds)
    yield found
    if found.status == FAIL:
        return
    if route.proxy is not None and not proxy_url(route.proxy).startswith("http://"):
        yield Finding("connect", SKIPPED, "not checked: the proxy is no plain http proxy")
        return
    started = time.monotonic()
    try:
        connection = within(seconds, lambda: _connect(route, seconds))
    except (OSError, HTTPException) as error:
        yield _unconnected(route, error, seconds)
        return
    with closing(connection):
        peer = connection.sock.getpeername()
        there = f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"
        through = ", which opened a tunnel" if route.proxy is not None else ""
        yield Finding("connect", OK, f"{there}{through}, {_milliseconds(started)}")
        if route.context is None:
            yield Finding("TLS", SKIPPED, "plain http, to this machine only")
        else:
            yield _handshake(connection, route.host, route.context, seconds)


def _resolve(route: Route, seconds: float) -> Finding:
    if route.proxy is not None:
        looked_up_here = route.proxy.startswith(("socks4:", "socks5:"))
        return Finding("DNS", SKIPPED, "not checked with this proxy" if looked_up_here else "left to the proxy")
    if is_ip_address(route.host):
        return Finding("DNS", SKIPPED, "not needed for an address")
    started = time.monotonic()
    try:
        found = within(seconds, lambda: socket.getaddrinfo(route.host, route.port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        return Finding(
            "DNS",
            FAIL,
            f"{route.host}: {_words(error, seconds)}",
            fix=advise_on_network("name") or "",
            exit_code=NO_CONNECTION,
        )
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    others = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    first = ipaddress.ip_address(addresses[0].partition("%")[0])
    private = ", private" if first.is_private and not first.is_loopback else ""
    return Finding("DNS", OK, f"{addresses[0]}{others}{private}, {_milliseconds(started)}")


def _connect(route: Route, seconds: float) -> HTTPConnection:
    """Return an open connection to the host, through the proxy if there is one."""
    if route.proxy is None:
        connection = HTTPConnection(route.host, route.port, timeout=seconds)
    else:
        proxy = urlsplit(proxy_url(route.proxy))
        connection = HTTPConnection(proxy.hostname or "", proxy.port or 80, timeout=seconds)
        headers = {}
        if proxy.username:
            user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            headers["Proxy-Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
        connection.set_tunnel(route.host, route.port, headers)
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


def _unconnected(route: Route, error: Exception, seconds: float) -> Finding:
    where = f"the proxy {shown_proxy(route.proxy)}" if route.proxy is not None else f"{route.host}:{route.port}"
    fix = _fix(route, error)
    return Finding("connect", FAIL, f"{where}: {_words(error, seconds)}", fix=fix or "", exit_code=NO_CONNECTION)


def _fix(route: Route, error: Exception) -> str | None:
    if route.proxy is None:
        return (
            advise_on_network("timeout") if isinstance(error, TimeoutError) else "is the port right, and is it open?"
        )
    # http.client's words of a tunnel that was refused: "Tunnel connection failed: 407 Authenticate".
    status = str(error).partition("Tunnel connection failed: ")[2][:3]
    return advise_on_network(f"tunnel-{status}") or advise_on_network("proxy")


def _handshake(connection: HTTPConnection, host: str, context: ssl.SSLContext, seconds: float) -> Finding:
    def shake_hands() -> ssl.SSLSocket:
        # A last dot makes a name absolute, and stands in no certificate.
        return context.wrap_socket(connection.sock, server_hostname=host.removesuffix("."))

    try:
        connection.sock = secured = within(seconds, shake_hands)
    except ssl.SSLCertVerificationError as error:
        fix = advise_on_network(f"certificate-{error.verify_code}") or advise_on_network("untrusted")
        return Finding("TLS", FAIL, error.verify_message, fix=fix or "", exit_code=NO_CONNECTION)
    except OSError as error:
        fix = advise_on_network(getattr(error, "reason", None) or "") or "is something in the way that ends TLS?"
        return Finding("TLS", FAIL, _words(error, seconds), fix=fix, exit_code=NO_CONNECTION)
    certificate: Any = secured.getpeercert() or {}
    until = time.strftime("%Y-%m-%d", time.gmtime(ssl.cert_time_to_seconds(certificate["notAfter"])))
    names = {name: value for pair in certificate.get("issuer", ()) for name, value in pair}
    issuer = names.get("organizationName") or names.get("commonName") or "an unnamed authority"
    return Finding("TLS", OK, f"{secured.version()}, certificate by {issuer}, good until {until}")


def _words(error: BaseException, seconds: float) -> str:
    """Return what the system says of a failure."""
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, ssl.SSLError) and error.reason:  # as in WRONG_VERSION_NUMBER
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _milliseconds(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"
