"""Signature Version 4, the algorithm: from a request as it arrived to the signature that it must carry.

Written from AWS's public description ("Create a signed AWS API request", IAM User Guide) and checked with AWS's
published test vectors, without a line of any signer, so that a mistake in signing cannot hide in the check.

This module computes; what is checked with it, `verifier` says. It leaves out the exceptions that AWS makes for S3.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

from .received import ReceivedRequest

ALGORITHM = "AWS4-HMAC-SHA256"


def signature(
    request: ReceivedRequest, signed_headers: Iterable[str], *, date: str, scope: str, secret_key: str
) -> str:
    """Return the signature of `request` as 64 hexadecimal digits.

    `date` is the moment of signing as `YYYYMMDDTHHMMSSZ`, `scope` the credential scope
    `YYYYMMDD/region/service/aws4_request`.
    """
    canonical = canonical_request(request, signed_headers).encode("latin-1")
    text = "\n".join([ALGORITHM, date, scope, hashlib.sha256(canonical).hexdigest()])
    key = b"AWS4" + secret_key.encode()
    for step in (*scope.split("/"), text):
        key = hmac.digest(key, step.encode("latin-1"), "sha256")
    return key.hex()


def canonical_request(request: ReceivedRequest, signed_headers: Iterable[str]) -> str:
    """Return the canonical request, as latin-1 text: what both sides hash."""
    names = sorted(signed_headers)
    return "\n".join(
        [
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.query),
            *(f"{name}:{_canonical_value(request.values(name))}" for name in names),
            "",
            ";".join(names),
            payload_hash(request),
        ]
    )


def payload_hash(request: ReceivedRequest) -> str:
    """Return the SHA-256 of the body as hexadecimal digits."""
    return hashlib.sha256(request.body).hexdigest()


def _canonical_path(path: str) -> str:
    """Return the path without dot segments and empty segments, each segment encoded once more."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(quote(segment, safe="-_.~", encoding="latin-1"))
    # A path that ends in a dot segment gets no last slash: not as in RFC 3986, but as AWS's signers have it.
    return "/" + "/".join(segments) + ("/" if path.endswith("/") and segments else "")


def _canonical_query(query: str) -> str:
    """Return the parameters, each name and value encoded afresh, sorted by name, then by value."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.encode("latin-1")), safe="-_.~")


def _canonical_value(values: list[str]) -> str:
    """Return the values trimmed, inner runs of spaces folded to one, joined by commas."""
    # Only what HTTP calls white space: str.split() would also fold a no-break space, which is data.
    return ",".join(re.sub(r"[ \t\r\n]+", " ", value).strip(" ") for value in values)
