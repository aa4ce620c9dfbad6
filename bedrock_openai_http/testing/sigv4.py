"""Signature Version 4 from the service's side: telling whether a request was signed with a key that it knows.

Written from AWS's public description ("Create a signed AWS API request", IAM User Guide) and checked with
AWS's published test vectors, without a line of any signer, so that a mistake in signing cannot hide in the
check. It reads what arrived on the wire, where a proxy or an HTTP library may have changed what was signed.

This module verifies signatures in the Authorization header; it knows neither query signatures nor the
exceptions that AWS makes for S3. It never repeats a secret: neither a key nor a signature nor a session
token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote_to_bytes

from ..credentials import Credentials
from ..wire import SECRET_HEADERS
from .received import ReceivedRequest

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"

#: How far the client's clock may be off, in either direction.
ALLOWED_SKEW = timedelta(minutes=5)

#: Headers that end at the next hop (RFC 9110, 7.6.1). Bedrock's front end is such a hop: what verifies the
#: signature behind it never sees them, and whoever signs them is refused.
HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)

_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")


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
    """The parts of an Authorization header of this algorithm."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def credential_scope(self) -> str:
        """The second line but one of the string to sign."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


def verify(
    request: ReceivedRequest,
    *,
    scope: Scope,
    keys: Mapping[str, Credentials],
    expired: Collection[str] = (),
    now: float,
) -> Refusal | None:
    """Return why the signature of `request` is refused, or None if it holds.

    `keys` maps each known access key ID to its credentials; `expired` names those whose session is over;
    `now` is the service's clock, in seconds since 1970.
    """
    parsed = parse_authorization(request)
    if isinstance(parsed, Refusal):
        return parsed
    request = _behind_front_end(request)
    refusal = (
        _check_signed_headers(request, parsed)
        or _check_scope(request, parsed, scope)
        or _check_date(request, now)
        or _check_session(request, parsed, keys, expired)
    )
    return refusal or _check_signature(request, parsed, keys[parsed.access_key].secret_key)


def parse_authorization(request: ReceivedRequest) -> Authorization | Refusal:
    """Return the parts of the request's one Authorization header, or why it cannot be read."""
    values = request.values("authorization")
    if not values:
        return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = values[0].strip().partition(" ")
    if len(values) > 1 or algorithm != ALGORITHM:
        return _incomplete(f"One Authorization header with the algorithm {ALGORITHM} is required.")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    parts = {name: value for name, _, value in pairs}
    if sorted(name for name, _, _ in pairs) != ["Credential", "Signature", "SignedHeaders"]:
        return _incomplete(
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', once each."
        )
    if parts["Credential"].count("/") != 4:
        return _incomplete("Credential must have exactly 5 slash-delimited elements.")
    if len(request.values("x-amz-date")) != 1 or not _DATE.fullmatch(_only(request, "x-amz-date")):
        return _incomplete("One 'X-Amz-Date' header in the form YYYYMMDDTHHMMSSZ is required.")
    access_key, date, region, service, terminator = parts["Credential"].split("/")
    signed_headers = tuple(parts["SignedHeaders"].split(";"))
    return Authorization(access_key, date, region, service, terminator, signed_headers, parts["Signature"])


def canonical_request(request: ReceivedRequest, signed_headers: tuple[str, ...]) -> str:
    """Return the canonical request, as latin-1 text: what both sides hash."""
    lines = [f"{name}:{_canonical_value(request.values(name))}" for name in sorted(signed_headers)]
    return "\n".join(
        [
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.query),
            *lines,
            "",
            ";".join(sorted(signed_headers)),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def string_to_sign(request: ReceivedRequest, authorization: Authorization) -> str:
    """Return the text that the signature is made of."""
    canonical = canonical_request(request, authorization.signed_headers)
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    return "\n".join([ALGORITHM, _only(request, "x-amz-date"), authorization.credential_scope, digest])


def signature(secret_key: str, authorization: Authorization, text: str) -> str:
    """Return the signature of the string to sign `text`: a key derived for the scope, then one more HMAC."""
    key = b"AWS4" + secret_key.encode()
    for step in authorization.credential_scope.split("/"):
        key = _hmac(key, step)
    return _hmac(key, text).hex()


def _check_signed_headers(request: ReceivedRequest, authorization: Authorization) -> Refusal | None:
    """The host and everything that AWS reads must be under the signature."""
    present = {name.lower() for name, _ in request.raw_headers}
    required = {"host"} | {name for name in present if name.startswith("x-amz-")}
    missing = sorted(required - set(authorization.signed_headers))
    if missing:
        return _invalid(
            f"There were headers present in the request which were not signed: {', '.join(missing)}"
        )
    return None


def _check_scope(request: ReceivedRequest, authorization: Authorization, scope: Scope) -> Refusal | None:
    if authorization.region != scope.region:
        return _invalid("Credential should be scoped to a valid region.")
    if authorization.service != scope.service:
        return _invalid(f"Credential should be scoped to correct service: '{scope.service}'.")
    if authorization.terminator != TERMINATOR:
        return _invalid(f"Credential should be scoped with a valid terminator: '{TERMINATOR}'.")
    if authorization.date != _only(request, "x-amz-date")[:8]:
        return _invalid("Date in Credential scope does not match YYYYMMDD of the date from HTTP.")
    return None


def _check_date(request: ReceivedRequest, now: float) -> Refusal | None:
    try:
        signed = datetime.strptime(_only(request, "x-amz-date") + "+0000", "%Y%m%dT%H%M%SZ%z")
    except ValueError:
        return _incomplete("'X-Amz-Date' is no date.")
    here = datetime.fromtimestamp(int(now), tz=timezone.utc)
    earliest, latest = here - ALLOWED_SKEW, here + ALLOWED_SKEW
    if signed < earliest:
        return _invalid(
            f"Signature expired: {_iso(signed)} is now earlier than {_iso(earliest)} ({_iso(here)} - 5 min.)"
        )
    if signed > latest:
        return _invalid(
            f"Signature not yet current: {_iso(signed)} is still later than {_iso(latest)} "
            f"({_iso(here)} + 5 min.)"
        )
    return None


def _check_session(
    request: ReceivedRequest,
    authorization: Authorization,
    keys: Mapping[str, Credentials],
    expired: Collection[str],
) -> Refusal | None:
    """The access key must be known, and the session token must be the one that belongs to it."""
    known = keys.get(authorization.access_key)
    given = request.values("x-amz-security-token")
    expected = [known.token] if known is not None and known.token is not None else []
    if known is None or not _same(given, expected):
        return Refusal("UnrecognizedClientException", "The security token included in the request is invalid")
    if authorization.access_key in expired:
        return Refusal("ExpiredTokenException", "The security token included in the request is expired")
    return None


def _check_signature(
    request: ReceivedRequest, authorization: Authorization, secret_key: str
) -> Refusal | None:
    claimed = request.values("x-amz-content-sha256")
    if claimed and claimed != [hashlib.sha256(request.body).hexdigest()]:
        return _invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
    names = authorization.signed_headers
    expected = signature(secret_key, authorization, string_to_sign(request, authorization))
    all_arrived = all(request.values(name) for name in names)
    if all_arrived and _same([authorization.signature], [expected]):
        return None
    return _invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method.\n\nThe Canonical String for this request should have been\n"
        f"'{canonical_request(_masked(request), names)}'\n"
    )


def _canonical_path(path: str) -> str:
    """Return the path without dot segments and empty segments, each segment encoded once more."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(quote(segment, safe="-_.~", encoding="latin-1"))
    ends_open = path.rsplit("/", 1)[-1] in ("", ".", "..")
    return "/" + "/".join(segments) + ("/" if ends_open and segments else "")


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


def _behind_front_end(request: ReceivedRequest) -> ReceivedRequest:
    kept = (pair for pair in request.raw_headers if pair[0].lower() not in HOP_BY_HOP)
    return replace(request, raw_headers=tuple(kept))


def _masked(request: ReceivedRequest) -> ReceivedRequest:
    pairs = (
        (name, "***" if name.lower() in SECRET_HEADERS else value) for name, value in request.raw_headers
    )
    return replace(request, raw_headers=tuple(pairs))


def _only(request: ReceivedRequest, name: str) -> str:
    return request.values(name)[0].strip()


def _same(given: list[str], expected: list[str]) -> bool:
    """Compare without telling by the time it takes how much of a secret was right."""
    return hmac.compare_digest("\n".join(given).encode(), "\n".join(expected).encode())


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("latin-1"), hashlib.sha256).digest()


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _incomplete(message: str) -> Refusal:
    return Refusal("IncompleteSignatureException", message)


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidSignatureException", message)
