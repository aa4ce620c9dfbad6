"""Credentials, and a moment at which the API key that is minted of them is known. This module tests nothing."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import datetime, timezone

from bedrock_openai_http import Credentials

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
TOKEN = "FQoGZXIvYXdzEXAMPLE/token+with=chars"
# The example credentials of AWS's documentation.
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = replace(KEYS, token=TOKEN)


def text_of(key: str) -> str:
    """Return the presigned request that is in a key."""
    return b64decode(key.removeprefix("bedrock-api-key-"), validate=True).decode("ascii")
