"""CPU time of one request over TLS, on a connection that is kept alive: what every byte costs that is encrypted.

The authority that signed the server's certificate is made for this run. This module names it by the variable that
each client reads.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from sampling import rounds, summary

from processes import server, workers

NAMES = ["floor", "this client", "boto3", "OpenAI SDK"]
#: Of the floor, of this client and of boto3, of the OpenAI SDK.
VARIABLES = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE")


def measure(_: str, *, quick: bool) -> dict[str, Any]:
    """Return the CPU seconds of one request to a server of its own."""
    count, size, seconds = (4, 40, 8) if quick else (21, 100, 40)
    with tempfile.TemporaryDirectory() as folder:
        authority = Path(folder) / "authority.pem"
        with server(authority) as url, workers(NAMES, url, dict.fromkeys(VARIABLES, str(authority))) as running:
            turns = {name: partial(it.ask, "requests", count=size) for name, it in running.items()}
            samples = rounds(count, turns, seconds)
    return {"rounds": len(samples["floor"]), "cpu": summary(samples)}
