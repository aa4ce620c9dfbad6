"""Short-term API keys from the service's side: whether a key was made with credentials that are known, for here.

A key is a presigned request in base64; what it must look like stands in the package aws-bedrock-token-generator.

This module verifies, with code of its own, and answers in the words that Bedrock uses for keys.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import unquote

from ...aws.credentials import Credentials
from .received import ReceivedRequest
from .sigv4 import ALGORITHM, signature
from .verifier import ALLOWED_SKEW, TERMINATOR, Refusal

PREFIX = "bedrock-api-key-"
HOST = "bedrock.amazonaws.com"
#: The service in a key's scope, whichever endpoint the key is for.
SERVICE = "bedrock"
#: Seconds that a key may live at most.
LONGEST_LIFETIME = 43200

#: The parameters that every key has, and the one that only keys made with temporary credentials have.
_PARAMETERS = frozenset(
    """
    Action Version X-Amz-Algorithm X-Amz-Credential X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders X-Amz-Signature
    """.split()
)
_OPTIONAL = "X-Amz-Security-Token"
_UNSIGNED = frozenset(("X-Amz-Signature", "Version"))

_EXPIRED = "Bearer Token has expired"
_INVALID = "Authentication failed: Please make sure your API Key is valid."


def verify_key(
    key: str, *, region: str, keys: Mapping[str, Credentials], expired: Collection[str] = (), now: float
) -> Refusal | None:
    """Return why the short-term `key` is refused, or None if it holds.

    `keys` maps each known access key ID to its credentials; `expired` names those whose session is over, and with
    it every key that they made; `now` is the service's clock, in seconds since 1970.
    """
    query = _query(key)
    found = {name: unquote(value) for name, value in query}
    if found.keys() - {_OPTIONAL} != _PARAMETERS or len(found) != len(query):
        return _denied(_INVALID)
    access_key = found["X-Amz-Credential"].partition("/")[0]
    known, begins, lifetime = keys.get(access_key), _moment(found["X-Amz-Date"]), _lifetime(found["X-Amz-Expires"])
    if known is None or begins is None or lifetime is None or begins - ALLOWED_SKEW.total_seconds() > now:
        return _denied(_INVALID)
    if not _is_made_with(known, region, query, found):
        return _denied(_INVALID)
    if access_key in expired or now >= begins + lifetime:
        return _denied(_EXPIRED)
    return None


def _is_made_with(known: Credentials, region: str, query: list[tuple[str, str]], found: Mapping[str, str]) -> bool:
    """Tell whether the parameters are the right ones, signed with the credentials `known` for the region."""
    scope = f"{found['X-Amz-Date'][:8]}/{region}/{SERVICE}/{TERMINATOR}"
    demanded = {
        "Action": "CallWithBearerToken",
        "Version": "1",
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{known.access_key}/{scope}",
        "X-Amz-SignedHeaders": "host",
        _OPTIONAL: known.token,
    }
    if any(found.get(name) != value for name, value in demanded.items()):
        return False
    signed = "&".join(f"{name}={value}" for name, value in query if name not in _UNSIGNED)
    request = ReceivedRequest("POST", f"/?{signed}", (("Host", HOST),))
    expected = signature(request, ["host"], date=found["X-Amz-Date"], scope=scope, secret_key=known.secret_key)
    return hmac.compare_digest(found["X-Amz-Signature"].encode(), expected.encode())


def _query(key: str) -> list[tuple[str, str]]:
    """Return the parameters of the presigned request that is in `key`, their values still encoded."""
    encoded = key.removeprefix(PREFIX)
    try:
        text = b64decode(encoded, validate=True).decode("ascii")
    except ValueError:
        return []
    if b64encode(text.encode()).decode() != encoded:  # Python passes over padding that is too long
        return []
    start, _, query = text.partition("?")
    pairs = (part.partition("=") for part in query.split("&"))
    return [(name, value) for name, _, value in pairs] if start == f"{HOST}/" else []


def _moment(date: str) -> float | None:
    """Return `YYYYMMDDTHHMMSSZ` in seconds since 1970; None for any other text."""
    if not re.fullmatch("[0-9]{8}T[0-9]{6}Z", date):
        return None
    try:
        return datetime.strptime(date + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    except ValueError:
        return None


def _lifetime(seconds: str) -> int | None:
    """Return the lifetime in seconds if a key may live so long."""
    return int(seconds) if re.fullmatch("[0-9]{1,5}", seconds) and 0 < int(seconds) <= LONGEST_LIFETIME else None


def _denied(message: str) -> Refusal:
    return Refusal("AccessDeniedException", message)
