"""LocalEndpoint's check of signatures, held against AWS's vectors and against requests that are wrong in one way."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http.aws.credentials import Credentials
from bedrock_openai_http.testing.service.received import ReceivedRequest
from bedrock_openai_http.testing.service.sigv4 import canonical_request, signature
from bedrock_openai_http.testing.service.verifier import Refusal, Scope, verify
from chance import tries
from sigv4_vectors import ACCESS_KEY, BEDROCK, GOOD, SECRET_KEY, VECTORS, check, received, seconds, with_header

#: The one vector that a service like Bedrock refuses: a session token that is not under the signature.
TOKEN_OUTSIDE = "post-sts-header-after"

MISMATCH = "The request signature we calculated does not match the signature you provided."


def vectors() -> list[Any]:
    suites = [(Scope(suite["region"], suite["service"]), suite["vectors"]) for suite in VECTORS["suites"]]
    return [pytest.param(scope, vector, id=vector["name"]) for scope, found in suites for vector in found]


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


@tries(200)
@given(
    value=st.text(st.characters(max_codepoint=255), max_size=80)
    | st.text("Credential=,/;SigdHrsu0aws4_equ ", max_size=80).map("AWS4-HMAC-SHA256 ".__add__)
)
def test_no_authorization_header_is_too_odd_to_refuse(value: str) -> None:
    """Whatever stands in the header, the answer is a refusal and never a failure of the check itself."""
    assert isinstance(check(with_header("Authorization", value), BEDROCK), Refusal)
