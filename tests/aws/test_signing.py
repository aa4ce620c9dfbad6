"""Signatures, judged by published vectors and by verifiers that are not botocore."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import awssig
import botocore.credentials
import pytest
from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig, aws_sign_request
from awscrt.http import HttpHeaders
from awscrt.http import HttpRequest as CrtRequest

from bedrock_openai_http import (
    ChatCompletionRequest,
    Client,
    Credentials,
    Guardrail,
    Headers,
    HTTPRequest,
    UserMessage,
    sign,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.service.received import ReceivedRequest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
# The example credentials of AWS's documentation.
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TOKEN = "FQoGZXIvYXdzEXAMPLE/token+with=chars"
REQUEST = HTTPRequest(
    "POST",
    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions",
    Headers({"Content-Type": "application/json", "User-Agent": "x", "Connection": "keep-alive"}),
    b'{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hi"}]}',
)


def test_vectors_for_this_path() -> None:
    """The signature of a known request is the known one, with and without a session token."""
    signed = sign(REQUEST, KEYS, "us-west-2", now=NOW)
    assert signed.headers["x-amz-date"] == "20260102T030405Z"
    assert signed.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-west-2/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=afd3669121fe4cbb93a9b1595297c1e7257cb9b8ce6057dbf6431f265b47ded7"
    )
    signed = sign(REQUEST, replace(KEYS, token=TOKEN), "us-west-2", now=NOW)
    assert signed.headers["x-amz-security-token"] == TOKEN
    assert signed.headers["authorization"].endswith(
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
        "Signature=48003db48392922f7b4dcf6d301567e90f1cbeedefbfee8382837f73524bc848"
    )


def test_the_request_itself_is_left_alone() -> None:
    """Signing gives a new request with the same URL, body and other headers; signing again replaces."""
    signed = sign(REQUEST, replace(KEYS, token=TOKEN), "us-west-2", now=NOW)
    assert "authorization" not in REQUEST.headers
    assert (signed.url, signed.body, signed.headers["user-agent"]) == (REQUEST.url, REQUEST.body, "x")
    again = sign(signed, replace(KEYS, token="other"), "us-west-2", now=NOW)
    assert again == sign(REQUEST, replace(KEYS, token="other"), "us-west-2", now=NOW)


def test_only_what_arrives_unchanged_is_signed() -> None:
    """Of all headers, content-type, host and Amazon's own are signed: what a proxy may change is not."""
    headers = {**REQUEST.headers, "X-Amzn-Bedrock-Trace": "ENABLED", "Accept": "*/*", "amz-sdk-request": "attempt=1"}
    signed = sign(replace(REQUEST, headers=Headers(headers)), KEYS, "us-west-2", now=NOW)
    assert "SignedHeaders=content-type;host;x-amz-date;x-amzn-bedrock-trace," in signed.headers["authorization"]


def test_botocore_credentials_are_read_once() -> None:
    """A credentials object of botocore is frozen before it is used, so that two sets cannot mix."""

    class Counting(botocore.credentials.Credentials):  # type: ignore[misc]
        frozen = 0

        def get_frozen_credentials(self) -> Any:
            self.frozen += 1
            return super().get_frozen_credentials()

    credentials = Counting(KEYS.access_key, KEYS.secret_key, TOKEN)
    assert sign(REQUEST, credentials, "us-west-2", now=NOW) == sign(
        REQUEST, replace(KEYS, token=TOKEN), "us-west-2", now=NOW
    )
    assert credentials.frozen == 1


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG level no logger, botocore's included, gets the token, the signature or the body."""
    with caplog.at_level(logging.DEBUG):
        signed = sign(REQUEST, replace(KEYS, token=TOKEN), "us-west-2", now=NOW)
    signature = signed.headers["authorization"].rpartition("=")[2]
    for secret in (TOKEN, KEYS.secret_key, signature, '"Hi"'):
        assert secret not in caplog.text
        assert secret not in repr(signed)


# What AWS publishes: a request, and the signature that it must get.
SUITE = json.loads((Path(__file__).parents[1] / "data" / "sigv4" / "vectors.json").read_text(encoding="utf-8"))
OURS = ("host", "content-type", "x-amz-date", "x-amz-security-token")
NOT_OURS = (
    "post-sts-header-after",  # for services that want the token unsigned; Bedrock is none
    "get-vanilla-utf8-query",  # botocore takes a query as encoded already; this client's URLs have none
)
# The others sign headers that this client leaves unsigned; the verifier of `testing` is judged by all of them.
VECTORS = [
    pytest.param(suite, vector, id=f"{suite['service']}-{vector['name']}")
    for suite in SUITE["suites"]
    for vector in suite["vectors"]
    if set(vector["signed_headers"].split(";")) <= set(OURS) and vector["name"] not in NOT_OURS
]


@pytest.mark.parametrize(("suite", "vector"), VECTORS)
def test_published_vectors(suite: dict[str, Any], vector: dict[str, Any]) -> None:
    """Every published vector that signs only what this client signs gets its published signature."""
    given = {name.lower(): value for name, value in vector["headers"]}
    moment = datetime.strptime(given.pop("x-amz-date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    request = HTTPRequest(
        vector["method"],
        f"https://{given.pop('host')}{vector['target'].encode('latin-1').decode()}",
        Headers({name: value for name, value in given.items() if name == "content-type"}),
        vector["body"].encode("latin-1"),
    )
    credentials = Credentials(SUITE["access_key"], SUITE["secret_key"], given.get("x-amz-security-token"))
    signed = sign(request, credentials, suite["region"], suite["service"], now=moment)
    assert signed.headers["authorization"].endswith(
        f"SignedHeaders={vector['signed_headers']}, Signature={vector['signature']}"
    )


def test_enough_published_vectors_apply() -> None:
    """The selection above is not empty by mistake."""
    assert len(VECTORS) >= 15


@pytest.fixture(scope="module")
def received() -> Iterator[Callable[..., ReceivedRequest]]:
    """Return a function that sends a request by the client and returns it as it came off the wire."""
    with LocalEndpoint() as endpoint:
        token = endpoint.credentials.token

        def send(**fields: Any) -> ReceivedRequest:
            with Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as client:
                client.complete(ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Grüße 🦙")], **fields))
            return endpoint.requests[-1]

        send.credentials = endpoint.credentials  # type: ignore[attr-defined]
        assert token
        yield send


def verified_by_awssig(request: ReceivedRequest, credentials: Credentials, region: str = "us-west-2") -> bool:
    """Verify as a service does, with the PyPI package awssig."""
    headers: dict[str, list[str]] = {}
    for name, value in request.raw_headers:
        headers.setdefault(name.lower(), []).append(value)

    def secret_of(aws_access_key_id: str, aws_session_token: str | None = None) -> str | None:
        known = (aws_access_key_id, aws_session_token) == (credentials.access_key, credentials.token)
        return credentials.secret_key if known else None

    verifier = awssig.AWSSigV4Verifier(
        request_method=request.method,
        uri_path=request.path,
        query_string=request.query,
        headers=headers,
        body=request.body,
        region=region,
        service="bedrock",
        key_mapping=secret_of,
        timestamp_mismatch=300,
    )
    try:
        return bool(verifier.verify())
    except awssig.InvalidSignatureError:
        return False


def verified_by_awscrt(request: ReceivedRequest, credentials: Credentials, region: str = "us-west-2") -> bool:
    """Sign what arrived with AWS's own C library and compare the signatures."""
    authorization = request.headers["authorization"]
    signed_names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    own = ("x-amz-date", "x-amz-security-token")  # the library adds these two itself
    pairs = [(name, request.headers[name]) for name in signed_names if name not in own]
    moment = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    if abs(moment - datetime.now(timezone.utc)) > timedelta(minutes=5):
        return False
    if request.headers.get("x-amz-security-token") != credentials.token:
        return False
    again = CrtRequest(request.method, request.target, HttpHeaders(pairs), io.BytesIO(request.body))
    provider = AwsCredentialsProvider.new_static(credentials.access_key, credentials.secret_key, credentials.token)
    config = AwsSigningConfig(credentials_provider=provider, region=region, service="bedrock", date=moment)
    expected = dict(aws_sign_request(again, config).result(10).headers)["Authorization"]
    return expected.replace(" ", "") == authorization.replace(" ", "")


VERIFIERS = [verified_by_awssig, verified_by_awscrt]


def changed(request: ReceivedRequest, name: str, change: Callable[[str], str]) -> ReceivedRequest:
    """Return the request with one header's value changed."""
    headers = tuple(
        (given, change(value) if given.lower() == name else value) for given, value in request.raw_headers
    )
    assert headers != request.raw_headers
    return replace(request, raw_headers=headers)


@pytest.mark.parametrize("verified", VERIFIERS)
def test_other_verifiers_accept_what_the_client_sends(verified: Any, received: Any) -> None:
    """A request of the client, as it came off the wire, is accepted by verifiers that are not botocore."""
    assert verified(received(), received.credentials)
    assert verified(received(guardrail=Guardrail("gr1abc", "DRAFT", trace=True)), received.credentials)


@pytest.mark.parametrize("verified", VERIFIERS)
def test_a_proxy_may_change_what_is_not_signed(verified: Any, received: Any) -> None:
    """Rewriting headers that proxies rewrite leaves the signature valid."""
    request = received()
    for name in ("user-agent", "accept-encoding", "accept"):
        request = changed(request, name, lambda value: "rewritten")
    assert verified(request, received.credentials)


@pytest.mark.parametrize("verified", VERIFIERS)
@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda r: replace(r, body=r.body.replace(b"20b", b"21b")), id="body"),
        pytest.param(lambda r: replace(r, target=r.target + "/x"), id="path"),
        pytest.param(lambda r: replace(r, target=r.target + "?x=1"), id="query"),
        pytest.param(lambda r: changed(r, "content-type", lambda v: "text/plain"), id="header"),
        pytest.param(lambda r: changed(r, "x-amzn-bedrock-guardrailversion", lambda v: "7"), id="guardrail header"),
        pytest.param(lambda r: changed(r, "host", lambda v: "evil.example"), id="host"),
        pytest.param(
            lambda r: changed(r, "x-amz-date", lambda v: v[:-2] + ("1Z" if v[-2] != "1" else "2Z")), id="date"
        ),
        pytest.param(
            lambda r: changed(r, "x-amz-security-token", lambda v: v[:-1] + ("_" if v[-1] != "_" else "-")),
            id="token",
        ),
        pytest.param(
            lambda r: changed(r, "authorization", lambda v: v.replace("us-west-2", "us-east-1")), id="region"
        ),
        pytest.param(lambda r: changed(r, "authorization", lambda v: v.replace("/bedrock/", "/s3/")), id="service"),
        pytest.param(
            lambda r: changed(r, "authorization", lambda v: v[:-1] + ("0" if v[-1] != "0" else "1")), id="signature"
        ),
    ],
)
def test_other_verifiers_refuse_a_changed_request(verified: Any, tamper: Any, received: Any) -> None:
    """Once signed, a request with a changed body, target, header, date, token or scope is refused."""
    request = received(guardrail=Guardrail("gr1abc", "1"))
    assert verified(request, received.credentials)
    assert not verified(tamper(request), received.credentials)


@pytest.mark.parametrize("verified", VERIFIERS)
def test_other_verifiers_refuse_other_keys(verified: Any, received: Any) -> None:
    """The request is bound to the secret key and to the region."""
    request = received()
    assert not verified(request, replace(received.credentials, secret_key="another"))
    assert not verified(request, received.credentials, region="us-east-1")
