"""What a Bedrock API key says about itself, read without asking anyone.

A short-term key is a presigned request in base64, so its region, its times and who made it can be read; a key of
another region or one that has expired is otherwise refused in words that do not say so. A long-term key begins with
ABSK and is not read any further.

Sources: Amazon Bedrock user guide, "Amazon Bedrock API keys"; the AWS package aws-bedrock-token-generator for the
text of a short-term key; public research on access key IDs for the account, which AWS does not document: Tal Be'ery,
"A short note on AWS KEY ID", and WithSecure, "A bitwise analysis of AWS access key identifiers".

This module's law: any text can be read without an error, and what it returns holds nothing that opens a door.
"""

from __future__ import annotations

import re
from base64 import b32decode, b64decode
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl

from ..values.arguments import plain_text
from ..values.errors import ConfigurationError
from ..values.frozen import frozen
from .credentials import SHORT_TERM_PREFIX

LONG_TERM_PREFIX = "ABSK"

#: What every short-term key is a presigned request to: one host for all regions.
API_KEY_HOST = "bedrock.amazonaws.com"

#: Characters of a key beyond which nothing is read. A session token, the long part, has some thousands at most.
_LONGEST = 65536

# Only what matches is reported: anything else could be a piece of a secret, or could drive a terminal.
_CREDENTIAL = r"([A-Za-z0-9_]{1,128})/[0-9]{8}/([a-z0-9-]{1,32})/bedrock/aws4_request"
_DATE = r"[0-9]{8}T[0-9]{6}Z"
_SECONDS = r"[0-9]{1,9}"
# Base32, of which the first bit is the generation: IDs of the old one, as AKIAIOSFODNN7EXAMPLE, hold no account.
_ID_WITH_ACCOUNT = r"A[KS]IA[Q-Z2-7][A-Z2-7]{15}"


@frozen
class ApiKeyInfo:
    """What a Bedrock API key says about itself; None where it does not say. Nothing in it is secret.

    Nothing of it is checked either: whether the key is good only the service can tell.
    """

    #: "short-term", "long-term", or "unknown" for a text that does not begin as a Bedrock API key does.
    kind: str
    #: The one region that the key is good for.
    region: str | None = None
    #: When it was made and when it ends, in UTC; it ends earlier if the credentials that made it do.
    minted_at: datetime | None = None
    expires_at: datetime | None = None
    #: The access key ID of the credentials that made it.
    access_key_id: str | None = None
    #: The 12 digits of their account; None if the access key ID has not the form that holds them.
    account_id: str | None = None
    #: Whether they were temporary credentials.
    has_session_token: bool | None = None


def inspect_api_key(key: str) -> ApiKeyInfo:
    """Return what `key` says about itself; white space around it is ignored.

    Raises ConfigurationError if it is not a str, and nothing else: of a text that is no key the kind is "unknown".
    """
    text = plain_text(key)
    if text is None:
        kind = type(key).__name__
        del key  # no local may show it
        raise ConfigurationError(f"key: a Bedrock API key is a str, not {kind}")
    key = text.strip()
    del text
    if key.startswith(LONG_TERM_PREFIX):
        return ApiKeyInfo("long-term")
    if not key.startswith(SHORT_TERM_PREFIX):
        return ApiKeyInfo("unknown")
    found = _parameters(key.removeprefix(SHORT_TERM_PREFIX))
    credential = re.fullmatch(_CREDENTIAL, found.get("X-Amz-Credential", ""))
    if credential is None:
        return ApiKeyInfo("short-term")
    minted_at = _moment(found.get("X-Amz-Date", ""))
    return ApiKeyInfo(
        kind="short-term",
        region=credential[2],
        minted_at=minted_at,
        expires_at=_later(minted_at, found.get("X-Amz-Expires", "")),
        access_key_id=credential[1],
        account_id=_account(credential[1]),
        has_session_token="X-Amz-Security-Token" in found,
    )


def _parameters(encoded: str) -> dict[str, str]:
    """Return the query of the presigned request; empty if it is none."""
    if len(encoded) > _LONGEST:
        return {}
    try:
        host, _, query = b64decode(encoded, validate=True).decode("ascii").partition("/?")
        return dict(parse_qsl(query, max_num_fields=32)) if host == API_KEY_HOST else {}
    except ValueError:
        return {}


def _moment(text: str) -> datetime | None:
    if not re.fullmatch(_DATE, text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _later(moment: datetime | None, seconds: str) -> datetime | None:
    if moment is None or not re.fullmatch(_SECONDS, seconds):
        return None
    try:
        return moment + timedelta(seconds=int(seconds))
    except OverflowError:
        return None


def _account(access_key_id: str) -> str | None:
    """Return the account that an access key ID names: 40 bits, after the first bit of what follows AKIA or ASIA."""
    if not re.fullmatch(_ID_WITH_ACCOUNT, access_key_id):
        return None
    number = int.from_bytes(b32decode(access_key_id[4:])[:6], "big") >> 7 & (1 << 40) - 1
    return f"{number:012d}" if number < 10**12 else None
