"""Addresses of hosts, looked up as the system does it.

This module is a part of `aio.transport`. Its law: nobody waits for a look-up longer than for the call that needs it,
not even the end of the event loop.
"""

from __future__ import annotations

import socket
from socket import AF_UNSPEC, AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult

from .aside import aside


class Resolver(AbstractResolver):
    """Looks names up as the system does, in threads that nobody waits for: not aiodns, which aiohttp might choose."""

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises OSError."""
        found = await aside(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family))
        addresses: list[ResolveResult] = []
        for kind, _, protocol, _, address in found:
            ip = str(address[0])
            if kind == socket.AF_INET6 and len(address) > 3 and address[3]:  # a link's own address names the link
                ip = f"{ip.partition('%')[0]}%{address[3]}"
            addresses.append(
                ResolveResult(
                    hostname=host,
                    host=ip,
                    port=int(address[1]),
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return addresses

    async def close(self) -> None:
        """Do nothing."""
