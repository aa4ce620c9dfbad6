"""The keys that fault tests sign with, and what came of them, for the verifier.

This module checks nothing.
"""

from __future__ import annotations

from bedrock_openai_http import Credentials
from bedrock_openai_http.testing import ReceivedRequest
from bedrock_openai_http.testing.service.verifier import Scope

SCOPE = Scope("us-west-2", "bedrock")
KEYS = Credentials("AKIAMINE", "SECRET-key-of-mine", "SECRET-token-of-mine")
SECRETS = ("SECRET-key-of-mine", "SECRET-token-of-mine")


def received(raw: bytes) -> ReceivedRequest:
    """Return a request as it came over the wire, for the verifier."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = tuple((name, value.strip(" ")) for name, _, value in (line.partition(":") for line in lines))
    method, target, _ = first.split(" ")
    return ReceivedRequest(method, target, pairs, body)
