"""AWS Signature Version 4, by botocore, over exactly what will be sent.

Source: AWS IAM user guide, "Create a signed AWS API request". Only `host`, `content-type` and the `x-amz-*` and
`x-amzn-*` headers are signed: a proxy may rewrite the others, and some versions of botocore would sign
`Connection`, which never arrives.

This module signs a copy and leaves no trace: botocore's own entry point logs the session token at DEBUG level, so
its steps are called one by one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.http import HTTPRequest
from .credentials import Credentials, freeze

#: What may stand between the slashes of a credential scope.
_WORD = "[A-Za-z0-9_-]{1,64}"
_SIGNED = frozenset(("host", "content-type"))
_SIGNED_PREFIXES = ("x-amz-", "x-amzn-")
#: The signed headers that botocore sets or looks for, as it spells them.
_SPELLED = {name.lower(): name for name in ("X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")}


class Signer:
    """Signs the requests of one client. Thread-safe and fork-safe.

    It keeps the signing key of the last request's secret key, day, region and service, which all requests of a day
    have in common, until `clear` or another takes its place.
    """

    def __init__(self) -> None:
        #: The key after what it was made of. Threads share the pair: it is read and replaced whole.
        self._last: tuple[object, bytes] = (None, b"")

    def sign(
        self,
        request: HTTPRequest,
        credentials: Any,
        region: str,
        service: str = "bedrock",
        *,
        now: datetime | None = None,
    ) -> HTTPRequest:
        """Return what the function `sign` returns. Raises what it raises."""
        try:
            keys = freeze(credentials)
        finally:
            del credentials  # no local may show them where this fails
        if not arguments.is_a(request, HTTPRequest):
            raise ConfigurationError(f"request: must be an HTTPRequest, not {type(request).__name__}")
        region = arguments.text("region", region, "look like 'us-west-2'", _WORD)
        service = arguments.text("service", service, "be a service's name, such as 'bedrock'", _WORD)
        moment = datetime.now(timezone.utc) if now is None else arguments.moment("now", now)
        return self.signed(request, keys, region, service, moment)

    def signed(
        self, request: HTTPRequest, keys: Credentials, region: str, service: str, moment: datetime
    ) -> HTTPRequest:
        """Return what `sign` returns, of what is known to be right. Raises ConfigurationError."""
        signer = _QuietSigV4(keys, service, region, self._key)
        try:
            return _signed(request, signer, moment.strftime(SIGV4_TIMESTAMP))
        except Exception as error:  # noqa: BLE001  (by botocore, of a request that was not built here)
            failure = ConfigurationError(f"request: cannot be signed: {type(error).__name__}")
        # Raised outside of the handler, so that what holds the request and the key is not carried along.
        raise failure

    def clear(self) -> None:
        """Forget the key."""
        self._last = (None, b"")

    def _key(self, secret_key: str, *scope: str) -> bytes:
        made_of = (secret_key, *scope)
        last, key = self._last
        if made_of != last:
            key = f"AWS4{secret_key}".encode()
            for part in (*scope, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._last = made_of, key
        return key


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
    for, the current time if it is None. A signature is good for about five minutes around its moment. If the host
    ends in a dot, a header Host without it is set: that is what clients send.
    Raises CredentialsError if the credentials are none, ConfigurationError for what cannot be signed.
    """
    try:
        return Signer().sign(request, credentials, region, service, now=now)
    finally:
        del credentials


def _signed(request: HTTPRequest, signer: Any, timestamp: str) -> HTTPRequest:
    signable = {
        _SPELLED.get(name.lower(), name): value for name, value in request.headers.items() if _is_signed(name)
    }
    host = urlsplit(request.url).netloc
    if (".:" in host or host.endswith(".")) and "host" not in request.headers:
        # http.client and urllib3 leave out the last dot of a name, with which botocore would sign it.
        signable["Host"] = host.replace(".:", ":").removesuffix(".")
    light = _Signable(request, signable, timestamp)
    signer.add_auth(light)
    return request.with_headers(light.headers)


def presign(
    method: str, url: str, credentials: Credentials, region: str, service: str, *, lifetime: int, now: datetime
) -> str:
    """Return `url` with a signature in its query: whoever has it can make this request, for `lifetime` seconds.

    `now` is the moment to sign for. What is signed has no body and no header but the host.
    """
    aws_request = AWSRequest(method=method, url=url)
    aws_request.context["timestamp"] = now.astimezone(timezone.utc).strftime(SIGV4_TIMESTAMP)
    _QuietSigV4Query(credentials, service, region, expires=lifetime).add_auth(aws_request)
    presigned: str = aws_request.url
    return presigned


def explain(signed: HTTPRequest) -> tuple[str, str]:
    """Return the canonical request and the string to sign of what `sign` has returned.

    They hold no secret: the session token shows as ***, though the string to sign is that of the real one.
    """
    _, region, service, _ = signed.headers["authorization"].partition(",")[0].rsplit("/", 3)
    signable = {name: value for name, value in signed.headers.items() if _is_signed(name)}
    aws_request = AWSRequest(method=signed.method, url=signed.url, headers=signable, data=signed.body)
    aws_request.context["timestamp"] = signed.headers["x-amz-date"]
    signer = SigV4Auth(None, service, region)
    canonical = signer.canonical_request(aws_request)
    string_to_sign = signer.string_to_sign(aws_request, canonical)
    token = signed.headers.get("x-amz-security-token", "")
    return canonical.replace(f"x-amz-security-token:{token}\n", "x-amz-security-token:***\n"), string_to_sign


def _is_signed(name: str) -> bool:
    folded = name.lower()
    return folded in _SIGNED or folded.startswith(_SIGNED_PREFIXES)


class _Signable:
    """Of a request what botocore's signer looks at. Its own `AWSRequest` keeps headers as an e-mail does."""

    params = None

    def __init__(self, request: HTTPRequest, headers: dict[str, str], timestamp: str) -> None:
        self.method, self.url, self.body = request.method, request.url, request.body
        self.headers = headers
        self.context = {"timestamp": timestamp}


class _Quiet:
    """botocore's signer, at a given moment and without its log lines."""

    def add_auth(self: Any, request: Any) -> None:
        self._modify_request_before_signing(request)
        canonical_request = self.canonical_request(request)
        string_to_sign = self.string_to_sign(request, canonical_request)
        self._inject_signature_to_request(request, self.signature(string_to_sign, request))


class _QuietSigV4(_Quiet, SigV4Auth):  # type: ignore[misc]
    """A quiet signer that puts the signature into headers. `key` gives the key for a secret, a day and a scope."""

    def __init__(self, keys: Credentials, service: str, region: str, key: Callable[..., bytes]) -> None:
        super().__init__(keys, service, region)
        self._key = key
        self._to_sign: Any = None

    def headers_to_sign(self, request: Any) -> Any:
        # Asked for twice, and it parses the URL several times.
        if self._to_sign is None:
            self._to_sign = super().headers_to_sign(request)
        return self._to_sign

    def signature(self, string_to_sign: str, request: Any) -> str:
        day = request.context["timestamp"][:8]
        key = self._key(self.credentials.secret_key, day, self._region_name, self._service_name)
        return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


class _QuietSigV4Query(_Quiet, SigV4QueryAuth):  # type: ignore[misc]
    """A quiet signer that puts the signature into the URL's query."""
