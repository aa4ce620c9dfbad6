"""AWS Signature Version 4, by botocore, over exactly what will be sent.

Source: AWS IAM user guide, "Create a signed AWS API request". Only `host`, `content-type` and the `x-amz-*` and
`x-amzn-*` headers are signed: a proxy may rewrite the others, and some versions of botocore would sign
`Connection`, which never arrives.

This module signs a copy and leaves no trace: botocore's own entry point logs the session token at DEBUG level, so
its steps are called one by one.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest

from .credentials import freeze
from .wire import HTTPRequest

_SIGNED = frozenset(("host", "content-type"))
_SIGNED_PREFIXES = ("x-amz-", "x-amzn-")


def sign(
    request: HTTPRequest,
    credentials: Any,
    region: str,
    service: str = "bedrock",
    *,
    now: datetime | None = None,
) -> HTTPRequest:
    """Return `request` with the headers X-Amz-Date, Authorization and, for temporary credentials, the token.

    `credentials` is a `Credentials` or a botocore credentials object, read once; `now` is the moment to sign
    for, the current time if it is None. A signature is good for about five minutes around its moment.
    Raises CredentialsError if the credentials are none.
    """
    moment = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    signable = {name: value for name, value in request.headers.items() if _is_signed(name)}
    aws_request = AWSRequest(method=request.method, url=request.url, headers=signable, data=request.body)
    aws_request.context["timestamp"] = moment.strftime(SIGV4_TIMESTAMP)
    _QuietSigV4(freeze(credentials), service, region).add_auth(aws_request)
    return request.with_headers(dict(aws_request.headers.items()))


def _is_signed(name: str) -> bool:
    folded = name.lower()
    return folded in _SIGNED or folded.startswith(_SIGNED_PREFIXES)


class _QuietSigV4(SigV4Auth):  # type: ignore[misc]
    """botocore's signer, at a given moment and without its log lines."""

    def add_auth(self, request: AWSRequest) -> None:
        self._modify_request_before_signing(request)
        canonical_request = self.canonical_request(request)
        string_to_sign = self.string_to_sign(request, canonical_request)
        self._inject_signature_to_request(request, self.signature(string_to_sign, request))
