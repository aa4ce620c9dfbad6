"""What the network and the libraries below do wrong, as failures of ours.

This module is a part of both transports. Its laws: what was under way when a call failed is told by the facts of
its `Exchange`; and of a foreign exception only the system's words are taken, since the exception itself may hold the
request, with its key and its prompt.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    DecodeError,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util.ssl_match_hostname import CertificateError

from ..call.error_answers import request_id_of
from ..values.errors import APIConnectionError, APITimeoutError, BedrockOpenAIError, ConfigurationError
from ..values.frozen import frozen
from ..values.http import Head, HTTPResponse, TimeLimits
from .connection_settings import bundle_flaw, proxy_source, shown_proxy
from .exchange import Exchange, MalformedHead

#: Seconds within which a connection of the pool that is dead fails: the answer of a host that knows nothing of it,
#: from anywhere on earth, is here by then. What fails later may have been worked on.
AT_ONCE = 0.5

#: What `requests` raises for settings before it connects.
_UNUSABLE = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader)


@frozen
class Way:
    """Where a request was to go, and by which settings."""

    url: str
    #: The URL of the proxy, perhaps with a password, which is shown nowhere; None for a direct connection.
    proxy: str | None = None
    #: The path of the CA bundle, or whether to verify at all; and what says so.
    verify: bool | str = True
    verify_source: str = ""
    #: The path of a client's certificate, or those of it and of its key.
    cert: Any = None
    #: The library by which SOCKS is spoken.
    socks_by: str = "PySocks"

    @property
    def host(self) -> str:
        """Host and port, as the URL has them."""
        return urlsplit(self.url).netloc


def open_failure(error: Exception, way: Way, mine: Exchange) -> BedrockOpenAIError:
    """Return the failure of ours for what the adapter raised before there was an answer."""
    causes = list(_links(error))
    phase = mine.phase or _phase_seen(causes)
    unusable = _unusable_files(causes, way) if mine.phase in (None, "connect") else None
    if unusable is None and phase == "connect":
        unusable = _unusable_address(causes, way, mine)
    if unusable is not None:
        return unusable
    if any(isinstance(cause, (TimeoutError, requests.Timeout)) for cause in causes):
        return _timeout(phase, way, mine.limits)
    if phase == "connect":
        return _unconnected(causes, way, mine)
    if mine.reused and not mine.received and mine.seconds_since_sending() <= AT_ONCE and _is_end(causes):
        return APIConnectionError(f"the connection to {way.host} from the pool was dead", phase="reused")
    failure = APIConnectionError(f"{way.host} did not answer: {_words(causes)}", phase=phase)
    for cause in causes:
        if isinstance(cause, MalformedHead):
            failure.request_id = request_id_of(cause.headers)
            failure.response = HTTPResponse(cause.status, cause.headers)
    failure.advice = _advice_on_tls(causes, way)
    return failure


def body_failure(error: Exception, phase: str, limits: TimeLimits) -> APIConnectionError:
    """Return the failure of ours for what a read of the body raised."""
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        if limits.deadline is not None and time.monotonic() >= limits.deadline:
            return _deadline_passed()
        return APITimeoutError(f"nothing more of the answer came within {limits.read:g} s", phase=phase)
    return APIConnectionError(f"the answer broke off: {_words(list(_links(error)))}", phase="body")


def of_answer(failure: APIConnectionError, answer: Head) -> APIConnectionError:
    """Return `failure` with the status, the headers and the request ID of the answer that broke off."""
    failure.request_id = request_id_of(answer.headers)
    failure.response = HTTPResponse(answer.status_code, answer.headers)
    return failure


def _deadline_passed() -> APITimeoutError:
    return APITimeoutError("the deadline of the call has passed", phase="deadline")


def _phase_seen(causes: list[BaseException]) -> str:
    """Return the phase where no connection of ours notes it: "connect" only for what surely comes of connecting.

    A ProxyError does not: urllib3 raises it as well for what a proxy does with the whole request.
    """
    sure = (ConnectTimeoutError, requests.ConnectTimeout, NewConnectionError, ssl.SSLCertVerificationError)
    unconnected = any(isinstance(cause, (*sure, *_UNUSABLE)) for cause in causes)
    # The words of http.client for what a proxy says to CONNECT.
    refused = any(str(cause).startswith("Tunnel connection failed: ") for cause in causes if type(cause) is OSError)
    return "connect" if unconnected or refused or type(causes[0]) is OSError else "headers"


def _timeout(phase: str, way: Way, limits: TimeLimits) -> APITimeoutError:
    if limits.deadline is not None and time.monotonic() >= limits.deadline:
        return _deadline_passed()
    if phase == "connect":
        through = f" through the proxy {shown_proxy(way.proxy)}" if way.proxy else ""
        failure = APITimeoutError(f"no connection to {way.host}{through} within {limits.connect:g} s", phase=phase)
        failure.advice = _advice("proxy-timeout" if way.proxy else "timeout", way)
        return failure
    if phase == "send":
        return APITimeoutError(f"{way.host} did not take the request within {limits.read:g} s", phase=phase)
    return APITimeoutError(f"no answer from {way.host} within {limits.read:g} s", phase=phase)


def _unusable_files(causes: list[BaseException], way: Way) -> ConfigurationError | None:
    """Return the failure if a file of certificates is what keeps a connection from being made; None if it is not."""
    if not way.url.startswith("https:") or not any(_is_about_files(cause) for cause in causes):
        return None
    path = way.verify if isinstance(way.verify, str) else None
    flaw = bundle_flaw(path) if path else None
    if flaw is not None:
        return _unusable(f"{way.verify_source}: the CA bundle {path} {flaw}", "bundle", way)
    for file in (way.cert,) if isinstance(way.cert, str) else way.cert or ():
        if not os.path.exists(file):
            return ConfigurationError(f"cert: the client certificate or its key is not there: {file}")
    if path and any(isinstance(cause, ssl.SSLCertVerificationError) and _is_unknown_ca(cause) for cause in causes):
        text = f"{way.verify_source}: the CA bundle {path} does not know who signed the certificate of {way.host}"
        return _unusable(text, "untrusted-bundle", way)
    return None


def _unusable_address(causes: list[BaseException], way: Way, mine: Exchange) -> ConfigurationError | None:
    """Return the failure if a URL is what keeps a connection from being made; None if it is not."""
    if any(isinstance(cause, UnicodeError) for cause in causes):  # by IDNA, which has rules for labels
        return _unusable_proxy(way) if way.proxy else ConfigurationError(f"{way.host} is no host name")
    # With a given session it is not known how far it came.
    kinds = (*_UNUSABLE, LocationValueError) if mine.phase is None else (*_UNUSABLE, HTTPException, ValueError)
    is_about_urls = any(isinstance(cause, kinds) for cause in causes)
    return _unusable_proxy(way) if is_about_urls and mine.step is None else None


def _unusable_proxy(way: Way) -> ConfigurationError:
    """Return the failure for what `requests` and urllib3 refuse before they connect: of a checked URL, its proxy."""
    if way.proxy is None:
        return ConfigurationError("base_url: nothing can be sent to this URL")
    source = proxy_source(way.proxy) or "proxies"
    shown = shown_proxy(way.proxy)
    scheme = (shown or "").partition(":")[0].lower()
    if scheme.startswith("socks"):
        return _unusable(f"{source}: the proxy {shown} is a SOCKS proxy, which needs {way.socks_by}", "socks", way)
    if scheme in ("http", "https") and shown:
        return _unusable(f"{source}: the proxy {shown} cannot be used", "proxy", way)
    what = f"of the scheme {scheme}" if shown else "that is no URL"
    return _unusable(f"{source}: names a proxy {what}", "proxy", way)


def _unusable(text: str, cause: str, way: Way) -> ConfigurationError:
    failure = ConfigurationError(text)
    failure.advice = _advice(cause, way)
    return failure


def _unconnected(causes: list[BaseException], way: Way, mine: Exchange) -> APIConnectionError:
    proxy = f"the proxy {shown_proxy(way.proxy)}" if way.proxy else ""
    if mine.refusal is not None:
        failure = APIConnectionError(f"{proxy} did not connect to {way.host}: {mine.refusal.words}", phase="connect")
        failure.permanent = mine.refusal.permanent
        failure.response = HTTPResponse(mine.refusal.status) if mine.refusal.status else None
        failure.advice = _advice_on_refusal(mine.refusal.status, way)
        return failure
    if not proxy:
        text = f"cannot connect to {way.host}"
    elif mine.step == "TLS":
        text = f"cannot connect to {way.host} through {proxy}"
    else:
        text = f"{proxy} opened no tunnel to {way.host}" if mine.step == "tunnel" else f"cannot connect to {proxy}"
    failure = APIConnectionError(f"{text}: {_words(causes)}", phase="connect")
    # A handshake that fails for what was said in it fails again, and one that was broken off may not. Where none was
    # begun, a library that stands in for HTTP in a test has raised.
    is_about_tls = any(isinstance(cause, (ssl.SSLError, CertificateError)) for cause in causes)
    was_closed = any(isinstance(cause, ClosedPoolError) for cause in causes)  # by another thread: the next is open
    was_begun = mine.step is not None or mine.phase is None or was_closed
    failure.permanent = not was_begun or (is_about_tls and not _is_end(causes))
    failure.advice = _advice_on_connecting(causes, way, mine)
    return failure


def _advice_on_refusal(status: int | None, way: Way) -> str | None:
    with_password = status == 407 and "@" in (way.proxy or "")
    return _advice("tunnel-407-password" if with_password else f"tunnel-{status}", way) or _advice("tunnel", way)


def _advice_on_connecting(causes: list[BaseException], way: Way, mine: Exchange) -> str | None:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return _advice("proxy-name" if way.proxy and mine.step == "TCP" else "name", way)
    if way.proxy and mine.step not in (None, "TLS"):
        return _advice("proxy-TLS" if mine.step == "proxy TLS" else "proxy", way)
    return _advice_on_tls(causes, way)


def _advice_on_tls(causes: list[BaseException], way: Way) -> str | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _advice(f"certificate-{cause.verify_code}", way) or _advice("untrusted", way)
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return _advice(cause.reason, way)
        if isinstance(cause, CertificateError):
            return _advice("certificate-62", way)
    return None


def _advice(cause: str, way: Way) -> str | None:
    from ..call.advice.network import advise_on_network

    bundle = way.verify if isinstance(way.verify, str) else "The CA bundle of requests"
    proxy = shown_proxy(way.proxy) if way.proxy else None
    return advise_on_network(cause, bundle=bundle, proxy=proxy, socks_by=way.socks_by)


def _is_about_files(cause: BaseException) -> bool:
    """Tell whether an exception may come of a file that cannot be read as what it should be."""
    return type(cause) is OSError or isinstance(cause, (ssl.SSLError, FileNotFoundError, PermissionError))


def _is_unknown_ca(error: ssl.SSLCertVerificationError) -> bool:
    # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT (2) and ..._LOCALLY (20), DEPTH_ZERO_SELF_SIGNED_CERT (18),
    # SELF_SIGNED_CERT_IN_CHAIN (19), UNABLE_TO_VERIFY_LEAF_SIGNATURE (21), by OpenSSL's x509_vfy.h.
    return error.verify_code in (2, 18, 19, 20, 21)


def _is_end(causes: list[BaseException]) -> bool:
    """Tell whether the other side ended the connection, politely or not, without saying anything."""
    ends = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    return any(isinstance(cause, ends) for cause in causes)


def _links(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and the exceptions that led to it, each once, the root last."""
    seen: set[int] = set()
    link: Any = error
    while isinstance(link, BaseException) and id(link) not in seen:
        seen.add(id(link))
        yield link
        inner = [arg for arg in link.args if isinstance(arg, BaseException)]
        link = getattr(link, "reason", None) or link.__cause__ or link.__context__ or (inner[0] if inner else None)


def _words(causes: list[BaseException]) -> str:
    """Return what went wrong, in the system's words or ours: they hold no URL, no header and no body."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError) and cause.reason:  # as in WRONG_VERSION_NUMBER
            return f"TLS: {cause.reason.replace('_', ' ').lower()}"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    for kinds, words in _WORDS:
        if any(isinstance(cause, kinds) for cause in causes):
            return words
    return f"unexpected {type(causes[-1]).__name__}"


#: The first that fits says what went wrong.
_WORDS: tuple[tuple[Any, str], ...] = (
    (CertificateError, "certificate not trusted: it is for another host"),
    (MalformedHead, "a line of its head is no header"),
    (IncompleteRead, "it is shorter than it says"),
    (DecodeError, "it cannot be unpacked"),
    (ConnectionError, "the connection was closed"),
    ((HTTPException, ValueError), "it is not HTTP"),
)
