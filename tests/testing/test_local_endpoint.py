"""LocalEndpoint over real sockets: what it lets in, and what it refuses and in which words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import jsonschema
import pytest

from bedrock_openai_http.aws.credentials import Credentials
from bedrock_openai_http.schemas import load_schema
from bedrock_openai_http.testing import LocalEndpoint
from loopback import BODY, CORAL, PATH, PROMPT, ask, bearer, encoded, send, signed


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


# --- who is let in


def test_a_signed_request_is_answered(endpoint: LocalEndpoint) -> None:
    """What botocore signs with the endpoint's credentials gets a completion in the promised shape."""
    reply = ask(endpoint)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    jsonschema.Draft202012Validator(load_schema("completion")).validate(reply.json)
    assert reply.json["model"] == BODY["model"]


def test_a_request_with_the_api_key_is_answered(endpoint: LocalEndpoint) -> None:
    """The API key works in place of a signature."""
    assert send(endpoint, encoded(BODY), bearer(endpoint.api_key)).status == 200


def test_every_endpoint_has_secrets_of_its_own() -> None:
    """No credentials and no key are shared between two endpoints, and they look like AWS's."""
    one, other = LocalEndpoint(), LocalEndpoint()
    assert one.api_key != other.api_key
    assert one.credentials.access_key != other.credentials.access_key
    assert one.credentials.secret_key != other.credentials.secret_key
    assert one.credentials.token != other.credentials.token
    assert one.credentials.access_key.startswith("AKIALOCAL")
    assert len(one.credentials.access_key) == 20
    assert one.api_key.startswith("bedrock-api-key-")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("bedrock-api-key-wrong", "Authentication failed: Please make sure your API Key is valid."),
        ("ABSKwrong", "Authentication failed: Please make sure your API Key is valid."),
        ("sk-of-another-service", "Invalid API Key format: Must start with pre-defined prefix"),
        ("", "Invalid API Key format: Must start with pre-defined prefix"),
    ],
)
def test_a_wrong_api_key_is_refused(endpoint: LocalEndpoint, key: str, message: str) -> None:
    """A key is refused with the recorded status, header and text."""
    reply = send(endpoint, encoded(BODY), bearer(key))
    assert reply.status == 403
    assert reply.json == {"Message": message}
    assert reply.headers["x-amzn-ErrorType"] == f"AccessDeniedException:{CORAL}#AccessDeniedException"


def altered(endpoint: LocalEndpoint, change: str) -> tuple[bytes, dict[str, str]]:
    """Return a request that is wrong in one way."""
    body, good = encoded(BODY), endpoint.credentials
    other = {
        "secret key": Credentials(good.access_key, "another", good.token),
        "access key": Credentials("AKIALOCALANOTHERKEY0", good.secret_key, good.token),
        "token": Credentials(good.access_key, good.secret_key, "another"),
        "no token": Credentials(good.access_key, good.secret_key),
    }
    headers = signed(
        endpoint,
        body,
        credentials=other.get(change),
        region="eu-west-1" if change == "region" else None,
        service="bedrock-mantle" if change == "service" else "bedrock",
    )
    if change == "body":
        body = body.replace(b"brief", b"long.")
    elif change == "header":
        headers["Content-Type"] = "text/plain"
    elif change == "no authorization":
        del headers["Authorization"]
    elif change == "algorithm":
        headers["Authorization"] = headers["Authorization"].replace("AWS4-HMAC-SHA256", "AWS5")
    return body, headers


@pytest.mark.parametrize(
    ("change", "status", "error_type", "text"),
    [
        ("body", 403, "InvalidSignatureException", "The request signature we calculated does not match"),
        ("header", 403, "InvalidSignatureException", "The request signature we calculated does not match"),
        ("secret key", 403, "InvalidSignatureException", "The request signature we calculated does not match"),
        ("access key", 403, "UnrecognizedClientException", "The security token included in the request is invalid"),
        ("token", 403, "UnrecognizedClientException", "The security token included in the request is invalid"),
        ("no token", 403, "UnrecognizedClientException", "The security token included in the request is invalid"),
        ("region", 403, "InvalidSignatureException", "Credential should be scoped to a valid region."),
        ("service", 403, "InvalidSignatureException", "Credential should be scoped to correct service: 'bedrock'."),
        ("no authorization", 403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        ("algorithm", 400, "IncompleteSignatureException", "One Authorization header"),
    ],
)
def test_a_request_that_is_not_signed_right_is_refused(
    endpoint: LocalEndpoint, change: str, status: int, error_type: str, text: str
) -> None:
    """One thing wrong, and the answer is AWS's refusal, with a request ID and without a secret."""
    body, headers = altered(endpoint, change)
    reply = send(endpoint, body, headers)
    assert reply.status == status
    assert reply.headers["x-amzn-ErrorType"] == f"{error_type}:{CORAL}"
    assert reply.json["message"].startswith(text)
    assert reply.headers["x-amzn-RequestId"] == endpoint.requests[0].request_id
    for secret in (endpoint.credentials.secret_key, endpoint.credentials.token, PROMPT):
        assert str(secret) not in reply.body.decode()


def test_what_the_refused_requests_start_from_is_let_in(endpoint: LocalEndpoint) -> None:
    """The same request without a change is answered."""
    assert send(endpoint, *altered(endpoint, "nothing")).status == 200


@pytest.mark.parametrize(("skew", "text"), [(1200, "Signature expired: "), (-1200, "Signature not yet current: ")])
def test_a_clock_that_is_off_is_refused_and_shown(skew: float, text: str) -> None:
    """Twenty minutes of skew are refused, and the Date header tells the client what time it is here."""
    with LocalEndpoint(clock=lambda: time.time() + skew) as endpoint:
        reply = ask(endpoint)
    assert (reply.status, reply.json["message"].startswith(text)) == (403, True)
    shown = parsedate_to_datetime(reply.headers["Date"]).timestamp()
    assert abs(shown - time.time() - skew) < 60


def test_rotated_credentials_are_told_from_unknown_ones(endpoint: LocalEndpoint) -> None:
    """After `rotate` the old credentials and key have expired, and the new ones work."""
    body, key = encoded(BODY), endpoint.api_key
    headers = signed(endpoint, body)
    endpoint.rotate()
    reply = send(endpoint, body, headers)
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (403, f"ExpiredTokenException:{CORAL}")
    assert send(endpoint, body, bearer(key)).json == {"Message": "Bearer Token has expired"}
    assert ask(endpoint).status == 200
    assert send(endpoint, body, bearer(endpoint.api_key)).status == 200


def test_region_and_service_are_the_callers_choice() -> None:
    """An endpoint for another region or service lets in what is signed for that, and nothing else."""
    with LocalEndpoint(region="eu-central-1", service="bedrock-mantle") as endpoint:
        body = encoded(BODY)
        assert send(endpoint, body, signed(endpoint, body, service="bedrock-mantle")).status == 200
        assert send(endpoint, body, signed(endpoint, body)).status == 403


# --- what is asked of it


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("POST", "//openai/v1/chat/completions"),
        ("GET", PATH),
        ("DELETE", PATH),
        ("GET", "/openai/v1/model"),
        ("POST", "/openai/v1/models"),
        ("POST", "/openai/v1/embeddings"),
        ("POST", "/openai/v1/responses-of-mine"),
        ("POST", "/openai/v1/responses/openai/v1/chat/completions"),
        ("POST", "/anthropic/v1/messages/openai/v1/chat/completions"),
        ("GET", "/model/m/converse"),
        ("POST", "/model/m"),
        ("POST", "/model//converse/more"),
        ("GET", "/anthropic/v1/messages"),
        ("GET", "/"),
    ],
)
def test_an_unknown_path_or_method_gets_bedrocks_odd_success(endpoint: LocalEndpoint, method: str, path: str) -> None:
    """As recorded: status 200 and a body that names an unknown operation."""
    reply = send(endpoint, b"", bearer(endpoint.api_key), method=method, path=path)
    assert reply.status == 200
    assert reply.json == {
        "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
        "Version": "1.0",
    }


CONVERSE = "/model/openai.gpt-oss-20b-1%3A0/converse"
ARN = "/model/arn:aws:bedrock:us-west-2:1:inference-profile/us.x/invoke"
OF_AWS = [
    ("POST", CONVERSE),
    ("POST", f"{CONVERSE}-stream"),
    ("POST", ARN),
    ("POST", f"{ARN}-with-response-stream"),
    ("POST", "/model/m/count-tokens"),
    ("POST", "/guardrail/g/version/DRAFT/apply"),
    ("GET", "/async-invoke"),
]
OF_OPENAI = [
    ("GET", "/openai/v1/models", "not_found"),
    ("GET", "/openai/v1/models/openai.gpt-oss-20b-1:0", "not_found"),
    ("POST", "/openai/v1/responses", "model_not_found"),
    ("GET", "/openai/v1/responses/resp_1", "model_not_found"),
    ("POST", "/openai/v1/batches", "not_found"),
]


def test_a_path_of_another_api_of_bedrocks_is_refused_in_its_shape(endpoint: LocalEndpoint) -> None:
    """What Bedrock serves and the endpoint does not is 404 in the words and the shape of that API."""
    headers = bearer(endpoint.api_key)
    for method, path in OF_AWS:
        reply = send(endpoint, b"{}", headers, method=method, path=path)
        assert (reply.status, list(reply.json)) == (404, ["message"]), path
        assert reply.headers["x-amzn-ErrorType"] == f"ResourceNotFoundException:{CORAL}"
    for method, path, code in OF_OPENAI:
        reply = send(endpoint, b"{}", headers, method=method, path=path)
        assert (reply.status, reply.json["error"]["code"]) == (404, code), path
        assert reply.json["error"]["type"] == "not_found_error"
        assert "x-amzn-ErrorType" not in reply.headers
    reply = send(endpoint, b"{}", headers, path="/anthropic/v1/messages?beta=true")
    assert (reply.status, reply.json["type"], reply.json["error"]["type"]) == (404, "error", "not_found_error")
    assert all(send(endpoint, b"{}", {}, method=method, path=path).status == 403 for method, path in OF_AWS)


def test_an_unknown_path_without_a_key_is_refused_first(endpoint: LocalEndpoint) -> None:
    """Nothing is told to those who are not let in."""
    assert send(endpoint, b"", {}, method="GET", path="/").status == 403


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({**BODY, "temperature": 3}, "temperature"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({**BODY, "n": 2}, "n"),
        ({**BODY, "max_completion_tokens": 0}, "max_completion_tokens"),
        ({**BODY, "max_tokens": -1}, "max_tokens"),
        ([BODY], None),
        (b"{", None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b'{"model": NaN}', None),
    ],
)
def test_an_invalid_body_is_refused_in_openais_shape(endpoint: LocalEndpoint, body: Any, param: str | None) -> None:
    """A body that breaks the schema, or is no JSON at all, gets 400 and the name of the field."""
    reply = ask(endpoint, body)
    assert reply.status == 400
    error = reply.json["error"]
    assert (error["code"], error["type"]) == ("validation_error", "invalid_request_error")
    assert error["param"] == param
    assert error["message"].startswith(f"{param}: " if param else "")
    assert len(error["message"]) > len(param or "") + 3
    assert "x-amzn-ErrorType" not in reply.headers


def test_fields_that_the_schema_does_not_know_pass(endpoint: LocalEndpoint) -> None:
    """A client sends them on purpose, and they are recorded as they came."""
    assert ask(endpoint, some_new_field={"a": 1}).status == 200
    assert endpoint.requests[0].json()["some_new_field"] == {"a": 1}
