"""LocalEndpoint's check of signatures, held against AWS's vectors, two other signers and another verifier."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import awscrt.auth
import awscrt.http
import awscrt.io
import awssig
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_openai_http.credentials import Credentials
from bedrock_openai_http.testing.received import ReceivedRequest
from bedrock_openai_http.testing.sigv4 import canonical_request, signature
from bedrock_openai_http.testing.verifier import Refusal, Scope, verify

VECTORS = json.loads((Path(__file__).parent / "cases" / "sigv4" / "vectors.json").read_text(encoding="utf-8"))
ACCESS_KEY, SECRET_KEY = VECTORS["access_key"], VECTORS["secret_key"]

#: The one vector that a service like Bedrock refuses: a session token that is not under the signature.
TOKEN_OUTSIDE = "post-sts-header-after"

MISMATCH = "The request signature we calculated does not match the signature you provided."


def vectors() -> list[Any]:
    suites = [(Scope(suite["region"], suite["service"]), suite["vectors"]) for suite in VECTORS["suites"]]
    return [pytest.param(scope, vector, id=vector["name"]) for scope, found in suites for vector in found]


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


@pytest.mark.parametrize(("scope", "vector"), vectors())
def test_every_published_vector_holds(scope: Scope, vector: dict[str, Any]) -> None:
    """Each signature that AWS publishes is accepted, except the one whose session token is not signed."""
    refusal = check(received(vector, scope), scope)
    if vector["name"] == TOKEN_OUTSIDE:
        assert refusal is not None
        assert "x-amz-security-token" in refusal.message
    else:
        assert refusal is None


@pytest.mark.parametrize(("scope", "vector"), vectors())
def test_every_published_canonical_request_is_ours(scope: Scope, vector: dict[str, Any]) -> None:
    """The canonical request of each vector, hashed, is the one that AWS publishes."""
    names = tuple(vector["signed_headers"].split(";"))
    text = canonical_request(received(vector, scope), names)
    if "canonical_request_sha256" in vector:
        assert hashlib.sha256(text.encode("latin-1")).hexdigest() == vector["canonical_request_sha256"]
    else:
        assert text.startswith("POST\n/openai/v1/chat/completions\n\ncontent-type:application/json\nhost:")


# --- refusals: one change at a time to a request that is signed well

BEDROCK = Scope("us-west-2", "bedrock")
GOOD = received(VECTORS["suites"][1]["vectors"][1], BEDROCK)


def with_header(name: str, value: str | None, request: ReceivedRequest = GOOD) -> ReceivedRequest:
    """Return `request` with one header set to `value`, or without it."""
    kept = tuple(pair for pair in request.raw_headers if pair[0].lower() != name.lower())
    return replace(request, raw_headers=kept if value is None else (*kept, (name, value)))


def with_authorization(old: str, new: str) -> ReceivedRequest:
    value = GOOD.headers["authorization"]
    assert old in value
    return with_header("Authorization", value.replace(old, new))


REFUSED = {
    "body": (replace(GOOD, body=GOOD.body + b" "), "InvalidSignatureException", MISMATCH),
    "empty body": (replace(GOOD, body=b""), "InvalidSignatureException", MISMATCH),
    "method": (replace(GOOD, method="PUT"), "InvalidSignatureException", MISMATCH),
    "path": (replace(GOOD, target="/v1/chat/completions"), "InvalidSignatureException", MISMATCH),
    "query": (replace(GOOD, target=GOOD.target + "?a=b"), "InvalidSignatureException", MISMATCH),
    "content type": (with_header("Content-Type", "text/plain"), "InvalidSignatureException", MISMATCH),
    "host": (with_header("Host", "example.com"), "InvalidSignatureException", MISMATCH),
    "signed header dropped": (with_header("Content-Type", None), "InvalidSignatureException", MISMATCH),
    "header twice": (
        replace(GOOD, raw_headers=(*GOOD.raw_headers, ("Content-Type", "application/json"))),
        "InvalidSignatureException",
        MISMATCH,
    ),
    "date": (with_header("X-Amz-Date", "20260102T030406Z"), "InvalidSignatureException", MISMATCH),
    "no date": (with_header("X-Amz-Date", None), "IncompleteSignatureException", "'X-Amz-Date'"),
    "date in words": (
        with_header("X-Amz-Date", "Fri, 02 Jan 2026 03:04:05 GMT"),
        "IncompleteSignatureException",
        "YYYYMMDD",
    ),
    "date that is none": (
        with_header("X-Amz-Date", "20260102T996199Z"),
        "IncompleteSignatureException",
        "no date",
    ),
    "other day": (
        with_authorization("/20260102/", "/20260103/"),
        "InvalidSignatureException",
        "Date in Credential scope",
    ),
    "region": (
        with_authorization("us-west-2", "us-east-1"),
        "InvalidSignatureException",
        "Credential should be scoped to a valid region.",
    ),
    "service": (
        with_authorization("/bedrock/", "/bedrock-mantle/"),
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'bedrock'.",
    ),
    "terminator": (
        with_authorization("aws4_request", "aws5_request"),
        "InvalidSignatureException",
        "Credential should be scoped with a valid terminator: 'aws4_request'.",
    ),
    "access key": (
        with_authorization("AKIDEXAMPLE", "AKIDEXAMPLF"),
        "UnrecognizedClientException",
        "The security token included in the request is invalid",
    ),
    "token missing": (
        with_header("X-Amz-Security-Token", None),
        "UnrecognizedClientException",
        "The security token included in the request is invalid",
    ),
    "token changed": (
        with_header("X-Amz-Security-Token", "another"),
        "UnrecognizedClientException",
        "The security token included in the request is invalid",
    ),
    "token not signed": (
        with_authorization(";x-amz-security-token", ""),
        "InvalidSignatureException",
        "not signed: x-amz-security-token",
    ),
    "host not signed": (
        with_authorization("content-type;host;", "content-type;"),
        "InvalidSignatureException",
        "not signed: host",
    ),
    "added x-amz header": (
        with_header("X-Amz-Meta", "1"),
        "InvalidSignatureException",
        "not signed: x-amz-meta",
    ),
    "wrong hash claimed": (
        with_header(
            "X-Amz-Content-SHA256",
            "0" * 64,
            with_authorization("x-amz-date", "x-amz-content-sha256;x-amz-date"),
        ),
        "InvalidSignatureException",
        "'x-amz-content-sha256' header does not match",
    ),
    "signature cut": (with_authorization("48003db4", "48003db"), "InvalidSignatureException", MISMATCH),
    "signature in capitals": (
        with_header("Authorization", GOOD.headers["authorization"].replace("db48", "DB48")),
        "InvalidSignatureException",
        MISMATCH,
    ),
    "signature not ASCII": (
        with_authorization("48003db4", "48\xe903d"),
        "InvalidSignatureException",
        MISMATCH,
    ),
    "no authorization": (
        with_header("Authorization", None),
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
    "two authorizations": (
        replace(GOOD, raw_headers=(*GOOD.raw_headers, ("Authorization", "Basic eDp5"))),
        "IncompleteSignatureException",
        "One Authorization header",
    ),
    "other algorithm": (
        with_authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        "IncompleteSignatureException",
        "AWS4-HMAC-SHA256",
    ),
    "no signature": (
        with_authorization("Signature=", "Sig="),
        "IncompleteSignatureException",
        "'Signature'",
    ),
    "signature twice": (
        with_authorization("Signature=", "Signature=0, Signature="),
        "IncompleteSignatureException",
        "once each",
    ),
    "scope cut": (
        with_authorization("/aws4_request", ""),
        "IncompleteSignatureException",
        "5 slash-delimited elements",
    ),
}


@pytest.mark.parametrize("change", REFUSED)
def test_one_change_and_the_request_is_refused(change: str) -> None:
    """Whatever is changed after signing is found, and named in AWS's words without giving a secret away."""
    request, error_type, text = REFUSED[change]
    token = GOOD.headers["x-amz-security-token"]
    keys = {ACCESS_KEY: Credentials(ACCESS_KEY, SECRET_KEY, token)}
    refusal = verify(request, scope=BEDROCK, keys=keys, now=seconds(GOOD))
    assert refusal is not None
    assert refusal.error_type == error_type
    assert text in refusal.message
    for secret in (token, SECRET_KEY, "48003db4", "Hi"):
        assert secret not in refusal.message


def test_what_the_changes_are_made_to_is_accepted() -> None:
    """The request that every refusal above starts from is itself let in."""
    assert check(GOOD, BEDROCK) is None


def also_signing(name: str, request: ReceivedRequest) -> ReceivedRequest:
    """Return `request` signed anew, with the header `name` among what is signed."""
    names = sorted(["content-type", "host", "x-amz-date", "x-amz-security-token", name.lower()])
    scope = "20260102/us-west-2/bedrock/aws4_request"
    made = signature(request, names, date=request.headers["x-amz-date"], scope=scope, secret_key=SECRET_KEY)
    claim = f"SignedHeaders={';'.join(names)}, Signature={made}"
    value = re.sub("SignedHeaders=.*", claim, GOOD.headers["authorization"])
    return with_header("Authorization", value, request)


@pytest.mark.parametrize("name", ["Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade"])
def test_a_header_that_ends_at_the_front_end_must_not_be_signed(name: str) -> None:
    """A good signature over a hop-by-hop header fails, as it does behind Bedrock's front end."""
    request = with_header(name, "value")
    assert check(request, BEDROCK) is None
    assert check(also_signing("Accept", with_header("Accept", "*/*")), BEDROCK) is None
    refusal = check(also_signing(name, request), BEDROCK)
    assert refusal is not None
    assert refusal.message.startswith(MISMATCH)


def test_a_signed_header_must_arrive() -> None:
    """A header that was signed empty and then lost on the way is missed, although it had no value to lose."""
    refusal = check(also_signing("X-Amzn-Bedrock-Trace", GOOD), BEDROCK)
    assert refusal is not None
    assert refusal.message.startswith(MISMATCH)


def test_another_secret_key_is_refused() -> None:
    """A signature made with another secret for the same access key does not hold."""
    token = GOOD.headers["x-amz-security-token"]
    refusal = check(GOOD, BEDROCK, keys={ACCESS_KEY: Credentials(ACCESS_KEY, SECRET_KEY[::-1], token)})
    assert refusal is not None
    assert refusal.message.startswith(MISMATCH)


def test_an_expired_session_is_told_apart() -> None:
    """Credentials that were good once are refused as expired, not as unknown."""
    refusal = check(GOOD, BEDROCK, expired={ACCESS_KEY})
    assert refusal == Refusal("ExpiredTokenException", "The security token included in the request is expired")


@pytest.mark.parametrize(
    ("skew", "text"),
    [
        (300, None),
        (301, "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z"),
        (-300, None),
        (-301, "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z"),
    ],
)
def test_clocks_may_differ_by_five_minutes(skew: int, text: str | None) -> None:
    """Five minutes either way pass; a second more is refused, and the text says by how much."""
    refusal = check(GOOD, BEDROCK, now=seconds(GOOD) + skew)
    if text is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.message.startswith(text)
        assert refusal.error_type == "InvalidSignatureException"


def test_a_mismatch_shows_the_canonical_request() -> None:
    """The text lets a developer compare line by line, as AWS's does; the session token is masked in it."""
    refusal = check(replace(GOOD, body=b"x"), BEDROCK)
    assert refusal is not None
    assert "'POST\n/openai/v1/chat/completions\n\ncontent-type:application/json\n" in refusal.message
    assert "\nx-amz-security-token:***\n" in refusal.message


# --- other signers, and another verifier

TEMPORARY = Credentials(ACCESS_KEY, SECRET_KEY, "a/token+with=chars")


def signed_by_botocore(method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    keys = botocore.credentials.Credentials(TEMPORARY.access_key, TEMPORARY.secret_key, TEMPORARY.token)
    url = f"http://{headers['Host']}{target}"
    request = botocore.awsrequest.AWSRequest(method, url, headers=headers, data=body)
    botocore.auth.SigV4Auth(keys, BEDROCK.service, BEDROCK.region).add_auth(request)
    return dict(request.headers)


def signed_by_awscrt(method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    request = awscrt.http.HttpRequest(
        method,
        target,
        awscrt.http.HttpHeaders(list(headers.items())),
        awscrt.io.InputStream(io.BytesIO(body)),
    )
    provider = awscrt.auth.AwsCredentialsProvider.new_static(
        TEMPORARY.access_key, TEMPORARY.secret_key, TEMPORARY.token
    )
    config = awscrt.auth.AwsSigningConfig(
        credentials_provider=provider, region=BEDROCK.region, service=BEDROCK.service
    )
    return dict(awscrt.auth.aws_sign_request(request, config).result(timeout=10).headers)


def accepted_by_awssig(request: ReceivedRequest) -> bool:
    verifier = awssig.AWSSigV4Verifier(
        request_method=request.method,
        uri_path=request.path,
        query_string=request.query,
        headers={name.lower(): [value] for name, value in request.headers.items()},
        body=request.body,
        region=BEDROCK.region,
        service=BEDROCK.service,
        key_mapping=lambda *_: SECRET_KEY,
        timestamp_mismatch=300,
    )
    try:
        verifier.verify()
    except awssig.InvalidSignatureError:
        return False
    return True


def ours(request: ReceivedRequest) -> Refusal | None:
    return verify(request, scope=BEDROCK, keys={ACCESS_KEY: TEMPORARY}, now=time.time())


encoded = st.text("abcXYZ019-_.~ :+%$&=/\u00e9\u6f22", max_size=6).map(lambda text: quote(text, safe="-_.~"))
parameters = st.tuples(encoded, encoded).map("=".join)
paths = st.lists(encoded | st.just(".."), max_size=5).map(lambda segments: "/" + "/".join(segments))
targets = st.builds(
    lambda path, query: f"{path}?{'&'.join(query)}" if query else path,
    paths,
    st.lists(parameters, max_size=3),
)
header_values = st.text('abc,;=" \t~', min_size=1, max_size=12)


@pytest.mark.parametrize("sign", [signed_by_botocore, signed_by_awscrt])
@settings(max_examples=60, deadline=None)
@given(target=targets, value=header_values, body=st.binary(max_size=20))
def test_what_other_signers_sign_is_accepted(
    sign: Callable[..., dict[str, str]], target: str, value: str, body: bytes
) -> None:
    """Paths, queries, header values and bodies of every kind, signed by AWS's own libraries, are let in."""
    headers = {"Host": "127.0.0.1:8080", "Content-Type": "application/json", "X-Amzn-Bedrock-Trace": value}
    signed = sign("POST", target, headers, body)
    request = ReceivedRequest("POST", target, tuple(signed.items()), body)
    assert ours(request) is None
    changed = replace(request, body=body + b"!")
    assert ours(changed) is not None


def test_another_verifier_agrees() -> None:
    """An independent verifier accepts what we accept, and refuses the same changes."""
    headers = {"Host": "127.0.0.1:8080", "Content-Type": "application/json"}
    body = b'{"model":"m"}'
    signed = signed_by_botocore("POST", "/openai/v1/chat/completions", headers, body)
    good = ReceivedRequest("POST", "/openai/v1/chat/completions", tuple(signed.items()), body)
    bad = [
        replace(good, body=b"{}"),
        replace(good, method="PUT"),
        replace(good, target="/v1/chat/completions"),
        replace(good, target=good.target + "?a"),
        with_header("Host", "example.com", good),
        with_header("X-Amz-Date", "20260102T030405Z", good),
        with_header("Authorization", good.headers["authorization"].replace("us-west-2", "us-east-1"), good),
    ]
    assert ours(good) is None
    assert accepted_by_awssig(good)
    assert [ours(request) is None for request in bad] == [accepted_by_awssig(request) for request in bad]
    assert not any(ours(request) is None for request in bad)


@settings(max_examples=200, deadline=None)
@given(
    value=st.text(st.characters(max_codepoint=255), max_size=80)
    | st.text("Credential=,/;SigdHrsu0aws4_equ ", max_size=80).map("AWS4-HMAC-SHA256 ".__add__)
)
def test_no_authorization_header_is_too_odd_to_refuse(value: str) -> None:
    """Whatever stands in the header, the answer is a refusal and never a failure of the check itself."""
    assert isinstance(check(with_header("Authorization", value), BEDROCK), Refusal)
