"""LocalEndpoint's check of signatures, held against two other signers and another verifier."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import awscrt.auth
import awscrt.http
import awscrt.io
import awssig
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http.aws.credentials import Credentials
from bedrock_openai_http.testing.service.received import ReceivedRequest
from bedrock_openai_http.testing.service.verifier import Refusal, verify
from chance import tries
from sigv4_vectors import ACCESS_KEY, BEDROCK, SECRET_KEY, with_header

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
@tries(60)
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
