"""The adapter of `requests` that makes our own connections, and looks up each thing once.

A client calls one URL by one way. To find the pool and the request's target for it `requests` parses a dozen URLs,
and for each answer it makes a cookie jar, for which nobody asks.

This module is a part of `requests_transport`. Its law: what is remembered is what the same look-up would give again.
"""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from .connections import POOL_CLASSES, SOCKET_OPTIONS
from .exchange import current_exchange


class Adapter(HTTPAdapter):
    """An adapter with the connections of `connections`, which notice a dead peer by TCP keep-alive.

    NAT gateways drop flows that were idle for 350 s without a word to either side.
    """

    #: The pool and the target of the last request, each after what it depends on. A pair is read and replaced whole,
    #: since threads with different requests share it.
    _last_pool: tuple[Any, Any] = (None, None)
    _last_target: tuple[Any, str] = (None, "")

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs, socket_options=SOCKET_OPTIONS)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of connections through `proxy`."""
        is_known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs, socket_options=SOCKET_OPTIONS)
        if not is_known:
            manager.pool_classes_by_scheme = _pool_classes(proxy)
        return manager

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request and return its answer, whose body is still to be read."""
        current_exchange().phase = "connect"
        return super().send(*args, **kwargs)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool for a request, the last one again unless that is closed."""
        key = (request.url, verify, cert, *(proxies or {}).items())
        last, pool = self._last_pool
        if key != last or pool.pool is None:  # urllib3's mark of a closed pool
            pool = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            self._last_pool = key, pool
        return pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """Return a request's target, which is a whole URL for some proxies."""
        key = (request.url, *(proxies or {}).items())
        last, target = self._last_target
        if key != last:
            target = super().request_url(request, proxies)
            self._last_target = key, target
        return target

    def add_headers(self, request: Any, **kwargs: Any) -> None:
        """Give urllib3, which goes through them several times, the headers as a plain dict."""
        request.headers = dict(request.headers.items())

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Return the answer without its cookies and its charset."""
        response = requests.Response()
        response.status_code, response.reason, response.raw = resp.status, resp.reason, resp
        response.request, response.url = req, req.url
        return response

    def close(self) -> None:
        """Close the connections."""
        self._last_pool = (None, None)
        # urllib3 leaves a pool's connections open for as long as anything refers to the pool.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118  (it is no dict, and cannot be iterated over)
                manager.pools[key].close()
        super().close()


def _pool_classes(proxy: str) -> dict[str, Any]:
    if not proxy.lower().startswith("socks"):
        return POOL_CLASSES
    from .socks_connections import POOL_CLASSES as socks_pool_classes  # loads PySocks

    return socks_pool_classes
