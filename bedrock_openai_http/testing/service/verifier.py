"""Signatures from the service's side: whether a request was signed, here and now, with a key that is known.

It reads what arrived on the wire, where a proxy or an HTTP library may have changed what was signed.

This module verifies signatures in the Authorization header, not in a query. Its refusals are worded as AWS's, and
never repeat a secret: neither a key nor a signature nor a session token.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ...aws.credentials import Credentials
from ...values.http import SECRET_HEADERS
from .received import ReceivedRequest
from .sigv4 import ALGORITHM, canonical_request, payload_hash, signature

TERMINATOR = "aws4_request"

#: How far the client's clock may be off, in either direction.
ALLOWED_SKEW = timedelta(minutes=5)

#: Headers that end at the next hop (RFC 9110, 7.6.1). Bedrock's front end is such a hop: what verifies the
#: signature behind it never sees them, and whoever signs them is refused.
HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)

_DATE = re.compile("[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in: the type and the text of the error that AWS answers with."""

    error_type: str
    message: str


@dataclass(frozen=True)
class Scope:
    """What a signature must be meant for."""

    region: str
    service: str


@dataclass(frozen=True)
class Authorization:
    """What a request says about its own signature."""

    access_key: str
    #: The credential scope in its four parts: day, region, service, terminator.
    scope: tuple[str, ...]
    signed_headers: tuple[str, ...]
    signature: str
    #: The moment of signing, from the header X-Amz-Date.
    date: str


def verify(
    request: ReceivedRequest,
    *,
    scope: Scope,
    keys: Mapping[str, Credentials],
    expired: Collection[str] = (),
    now: float,
) -> Refusal | None:
    """Return why the signature of `request` is refused, or None if it holds.

    `keys` maps each known access key ID to its credentials; `expired` names those whose session is over; `now` is
    the service's clock, in seconds since 1970.
    """
    claim = parse_authorization(request)
    if isinstance(claim, Refusal):
        return claim
    request = _behind_front_end(request)
    return (
        _check_signed_headers(request, claim)
        or _check_scope(claim, scope)
        or _check_date(claim, now)
        or _check_session(request, claim, keys, expired)
        or _check_signature(request, claim, keys[claim.access_key].secret_key)
    )


def parse_authorization(request: ReceivedRequest) -> Authorization | Refusal:
    """Return what the request's Authorization and X-Amz-Date headers say, or why they cannot be read."""
    values, dates = request.values("authorization"), request.values("x-amz-date")
    if not values:
        return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = values[0].strip().partition(" ")
    if len(values) > 1 or algorithm != ALGORITHM:
        return _incomplete(f"One Authorization header with the algorithm {ALGORITHM} is required.")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    if sorted(name for name, _, _ in pairs) != ["Credential", "Signature", "SignedHeaders"]:
        return _incomplete("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', once each.")
    parts = {name: value for name, _, value in pairs}
    access_key, *scope = parts["Credential"].split("/")
    if len(scope) != 4:
        return _incomplete("Credential must have exactly 5 slash-delimited elements.")
    if len(dates) != 1 or not _DATE.fullmatch(dates[0].strip()):
        return _incomplete("One 'X-Amz-Date' header in the form YYYYMMDDTHHMMSSZ is required.")
    names = tuple(parts["SignedHeaders"].split(";"))
    return Authorization(access_key, tuple(scope), names, parts["Signature"], dates[0].strip())


def _check_signed_headers(request: ReceivedRequest, claim: Authorization) -> Refusal | None:
    """The host and everything that AWS reads must be under the signature."""
    present = {name.lower() for name, _ in request.raw_headers}
    required = {"host"} | {name for name in present if name.startswith("x-amz-")}
    missing = sorted(required.difference(claim.signed_headers))
    if missing:
        return _invalid(f"There were headers present in the request which were not signed: {', '.join(missing)}")
    return None


def _check_scope(claim: Authorization, scope: Scope) -> Refusal | None:
    day, region, service, terminator = claim.scope
    if region != scope.region:
        return _invalid("Credential should be scoped to a valid region.")
    if service != scope.service:
        return _invalid(f"Credential should be scoped to correct service: '{scope.service}'.")
    if terminator != TERMINATOR:
        return _invalid(f"Credential should be scoped with a valid terminator: '{TERMINATOR}'.")
    if day != claim.date[:8]:
        return _invalid("Date in Credential scope does not match YYYYMMDD of the date from HTTP.")
    return None


def _check_date(claim: Authorization, now: float) -> Refusal | None:
    try:
        signed = datetime.strptime(claim.date + "+0000", "%Y%m%dT%H%M%SZ%z")
    except ValueError:
        return _incomplete("'X-Amz-Date' is no date.")
    here = datetime.fromtimestamp(int(now), tz=timezone.utc)
    earliest, latest = here - ALLOWED_SKEW, here + ALLOWED_SKEW
    if signed < earliest:
        text = f"expired: {claim.date} is now earlier than {_iso(earliest)} ({_iso(here)} - 5 min.)"
    elif signed > latest:
        text = f"not yet current: {claim.date} is still later than {_iso(latest)} ({_iso(here)} + 5 min.)"
    else:
        return None
    return _invalid(f"Signature {text}")


def _check_session(
    request: ReceivedRequest, claim: Authorization, keys: Mapping[str, Credentials], expired: Collection[str]
) -> Refusal | None:
    """The access key must be known, and the session token must be the one that belongs to it."""
    known = keys.get(claim.access_key)
    given = request.values("x-amz-security-token")
    if known is None or not _same(given, [known.token] if known.token is not None else []):
        return Refusal("UnrecognizedClientException", "The security token included in the request is invalid")
    if claim.access_key in expired:
        return Refusal("ExpiredTokenException", "The security token included in the request is expired")
    return None


def _check_signature(request: ReceivedRequest, claim: Authorization, secret_key: str) -> Refusal | None:
    hashes = request.values("x-amz-content-sha256")
    if hashes and hashes != [payload_hash(request)]:
        return _invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
    names, scope = claim.signed_headers, "/".join(claim.scope)
    expected = signature(request, names, date=claim.date, scope=scope, secret_key=secret_key)
    if all(request.values(name) for name in names) and _same([claim.signature], [expected]):
        return None
    return _invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method.\n\nThe Canonical String for this request should have been\n"
        f"'{canonical_request(_masked(request), names)}'\n"
    )


def _behind_front_end(request: ReceivedRequest) -> ReceivedRequest:
    kept = (pair for pair in request.raw_headers if pair[0].lower() not in HOP_BY_HOP)
    return replace(request, raw_headers=tuple(kept))


def _masked(request: ReceivedRequest) -> ReceivedRequest:
    pairs = ((name, "***" if name.lower() in SECRET_HEADERS else value) for name, value in request.raw_headers)
    return replace(request, raw_headers=tuple(pairs))


def _same(given: list[str], expected: list[str]) -> bool:
    """Compare without telling by the time it takes how much of a secret was right."""
    return hmac.compare_digest("\n".join(given).encode(), "\n".join(expected).encode())


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _incomplete(message: str) -> Refusal:
    return Refusal("IncompleteSignatureException", message)


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidSignatureException", message)
