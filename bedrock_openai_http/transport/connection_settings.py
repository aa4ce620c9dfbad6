"""Which proxy and which certificates: what a session and the environment say, and what is wrong with it.

This module finds and describes; it opens no connection, and shows no proxy's password.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies

from ..values.http import is_loopback

#: Environment variables that name a CA bundle, best first. AWS's own comes before those of `requests`.
CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: The path of the bundle that `requests` trusts where nobody names one.
DEFAULT_CA_BUNDLE: str = DEFAULT_CA_BUNDLE_PATH

_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
#: All that `connection_settings` looks at. REQUEST_METHOD marks a CGI program, whose HTTP_PROXY may be a header.
_VARIABLES = (*CA_VARIABLES, *_PROXY_VARIABLES, "no_proxy", "NO_PROXY", "REQUEST_METHOD")
#: The same, as the system has them.
_NAMES = tuple(getattr(os.environ, "encodekey", str)(name) for name in _VARIABLES)
#: Whether the system has settings of its own, as macOS and Windows do, whose change no variable tells.
_SYSTEM_HAS_SETTINGS = urllib.request.getproxies is not urllib.request.getproxies_environment


class SessionSettings(Protocol):
    """What a session has to say, in the words of `requests`."""

    @property
    def trust_env(self) -> bool:
        """Whether the environment counts."""

    @property
    def verify(self) -> bool | str | None:
        """The path of a CA bundle, or whether to verify at all."""

    @property
    def proxies(self) -> MutableMapping[str, str]:
        """Proxies by scheme or host."""


class ConnectionSettings:
    """Finds what `connection_settings` gives, anew only once something that it depends on has changed.

    `requests` goes through the whole environment several times for each look-up, a third of the time of a call.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._ca_bundle = ca_bundle
        #: What was found last, after what it depends on. Threads that call two URLs share it: it is read and replaced
        #: whole.
        self._last: tuple[Any, tuple[dict[str, str], bool | str]] = (None, ({}, True))

    def find(self, session: SessionSettings, url: str) -> tuple[dict[str, str], bool | str]:
        """Return the proxies for `url`, in a dict of the caller's own, and the CA bundle or whether to verify."""
        # The number tells of a variable that is spelled oddly, such as Http_Proxy.
        environment = (*map(_reader(), _NAMES), len(os.environ))
        key = (url, session.trust_env, session.verify, *session.proxies.items(), environment)
        last, found = self._last
        if key != last or _SYSTEM_HAS_SETTINGS:
            found = connection_settings(session, url, self._ca_bundle)
            self._last = key, found
        proxies, verify = found
        return dict(proxies), verify


def _reader() -> Callable[[Any], object]:
    """Return what gives the value of one of `_NAMES`, or None.

    `os.environ` looks a variable up in a dict, but by two exceptions where it is missing, and nearly all are.
    """
    values = getattr(os.environ, "_data", None)  # a plain dict that a test has put there is one itself
    if isinstance(values, dict):
        return values.get
    return lambda name: os.environ.get(os.fsdecode(name))


def connection_settings(
    session: SessionSettings, url: str, ca_bundle: str | None = None
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


def bundle_source(session: SessionSettings) -> str:
    """Return what names the CA bundle that `connection_settings` gives."""
    if session.verify is not True:
        return "session.verify"
    names = (name for name in CA_VARIABLES if session.trust_env and os.environ.get(name))
    return next(names, "ca_bundle of the profile")


def proxy_source(proxy: str) -> str | None:
    """Return the variable that names `proxy`; None if it is named elsewhere."""
    return next((name for name in _PROXY_VARIABLES if os.environ.get(name) == proxy), None)


def is_proxy_named() -> bool:
    """Tell whether the environment names any proxy."""
    return any(os.environ.get(name) for name in _PROXY_VARIABLES)


def proxy_url(proxy: str) -> str:
    """Return the proxy with a scheme, which `requests` lets one leave out."""
    return proxy if "://" in proxy else f"http://{proxy}"


def shown_proxy(proxy: str) -> str | None:
    """Return the URL of a proxy with *** for its user name and password; None if it is no URL."""
    try:
        parts = urlsplit(proxy_url(proxy))
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    user = "***@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{user}{host}{port}" if host else None


def bundle_flaw(path: str) -> str | None:
    """Return what is wrong with a CA bundle, a file or a directory, in a few words; None if it can be read."""
    if not os.path.exists(path):
        return "is not there"
    is_folder = os.path.isdir(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cafile=None if is_folder else path, capath=path if is_folder else None
        )
    except ssl.SSLError:
        return "holds no certificates in PEM form"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None
