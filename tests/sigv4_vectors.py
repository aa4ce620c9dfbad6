"""AWS's vectors of signatures, a well signed request to Bedrock among them, and the check that they are put to.

This module checks nothing by itself.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bedrock_openai_http.aws.credentials import Credentials
from bedrock_openai_http.testing.service.received import ReceivedRequest
from bedrock_openai_http.testing.service.verifier import Refusal, Scope, verify

VECTORS = json.loads((Path(__file__).parent / "data" / "sigv4" / "vectors.json").read_text(encoding="utf-8"))
ACCESS_KEY, SECRET_KEY = VECTORS["access_key"], VECTORS["secret_key"]


def received(vector: dict[str, Any], scope: Scope) -> ReceivedRequest:
    headers = [(name, value) for name, value in vector["headers"]]
    date = next(value for name, value in headers if name == "X-Amz-Date")[:8]
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{date}/{scope.region}/{scope.service}/aws4_request, "
        f"SignedHeaders={vector['signed_headers']}, Signature={vector['signature']}"
    )
    body = vector["body"].encode("latin-1")
    return ReceivedRequest(vector["method"], vector["target"], (*headers, ("Authorization", authorization)), body)


def seconds(request: ReceivedRequest) -> float:
    return datetime.strptime(request.headers["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()


def check(request: ReceivedRequest, scope: Scope, **changes: Any) -> Refusal | None:
    token = request.headers.get("x-amz-security-token")
    settings = {"keys": {ACCESS_KEY: Credentials(ACCESS_KEY, SECRET_KEY, token)}, "now": seconds(request)}
    return verify(request, scope=scope, **{**settings, **changes})


BEDROCK = Scope("us-west-2", "bedrock")
GOOD = received(VECTORS["suites"][1]["vectors"][1], BEDROCK)


def with_header(name: str, value: str | None, request: ReceivedRequest = GOOD) -> ReceivedRequest:
    """Return `request` with one header set to `value`, or without it."""
    kept = tuple(pair for pair in request.raw_headers if pair[0].lower() != name.lower())
    return replace(request, raw_headers=kept if value is None else (*kept, (name, value)))
