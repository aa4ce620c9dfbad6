"""LocalEndpoint over real sockets: what it lets in, what it refuses and in which words, and what it answers."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import jsonschema
import pytest

from bedrock_openai_http.credentials import Credentials
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
        ("GET", "/openai/v1/models"),
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
    assert error["message"]
    assert "x-amzn-ErrorType" not in reply.headers


def test_fields_that_the_schema_does_not_know_pass(endpoint: LocalEndpoint) -> None:
    """A client sends them on purpose, and they are recorded as they came."""
    assert ask(endpoint, some_new_field={"a": 1}).status == 200
    assert endpoint.requests[0].json()["some_new_field"] == {"a": 1}


# --- what it answers


def test_every_answer_has_one_request_id_in_two_headers(endpoint: LocalEndpoint) -> None:
    """Successes and refusals carry a fresh UUID in both of Bedrock's headers, and the record has it too."""
    ask(endpoint)
    replies = [ask(endpoint), ask(endpoint, stream=True), ask(endpoint, n=2), send(endpoint, b"", {})]
    ids = [reply.headers["x-amzn-RequestId"] for reply in replies]
    assert ids == [reply.headers["X-Request-ID"] for reply in replies]
    assert ids == [request.request_id for request in endpoint.requests[1:]]
    assert len({uuid.UUID(text) for text in ids}) == len(ids)


def test_a_plain_answer_is_written_as_bedrock_writes_it(endpoint: LocalEndpoint) -> None:
    """Sorted keys, thoughts in tags inside the content, no empty extras, and counts that add up."""
    reply = ask(endpoint)
    assert reply.body == json.dumps(reply.json, sort_keys=True, separators=(",", ":")).encode()
    assert list(reply.json) == ["choices", "created", "id", "model", "object", "service_tier", "usage"]
    choice = reply.json["choices"][0]
    assert list(choice["message"]) == ["content", "refusal", "role"]
    assert choice["finish_reason"] == "stop"
    content = choice["message"]["content"]
    assert content.startswith("<reasoning>Nobody thinks here.")
    assert "local stand-in" in content
    assert "no model" in content
    usage = reply.json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] == len(content.replace("</reasoning>", " ").split())


def test_more_words_in_the_prompt_are_more_tokens(endpoint: LocalEndpoint) -> None:
    """Text in any message counts, as a string or as parts; an image counts nothing."""
    parts = [
        {"type": "text", "text": "four more words here"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    few = ask(endpoint).json["usage"]["prompt_tokens"]
    more = ask(endpoint, messages=[*BODY["messages"], {"role": "user", "content": parts}])
    assert more.json["usage"]["prompt_tokens"] == few + 4


def test_a_stream_adds_up_to_the_plain_answer(endpoint: LocalEndpoint) -> None:
    """Role first, thoughts in pairs of tags, then the text, the finish reason, and the end mark."""
    plain = ask(endpoint).json["choices"][0]["message"]["content"]
    reply = ask(endpoint, stream=True)
    assert reply.headers["Content-Type"] == "text/event-stream"
    assert reply.headers["Transfer-Encoding"] == "chunked"
    validator = jsonschema.Draft202012Validator(load_schema("chunk"))
    for chunk in reply.chunks:
        validator.validate(chunk)
        assert "usage" not in chunk
        assert chunk["choices"][0]["obfuscation"]
    deltas = [chunk["choices"][0]["delta"] for chunk in reply.chunks]
    assert deltas[0] == {"content": "", "role": "assistant"}
    assert deltas[-1] == {}
    joined = "".join(delta["content"] for delta in deltas[:-1])
    assert joined.count("<reasoning>") > 1
    assert joined.replace("</reasoning><reasoning>", "") == plain
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in reply.chunks]
    assert reasons == [None] * (len(reasons) - 1) + ["stop"]
    assert len({chunk["id"] for chunk in reply.chunks}) == 1


def test_usage_ends_a_stream_that_asks_for_it(endpoint: LocalEndpoint) -> None:
    """With include_usage the last object has no choices, and the counts of the plain answer."""
    reply = ask(endpoint, stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    *chunks, last = reply.chunks
    assert last["choices"] == []
    assert last["usage"] == ask(endpoint).json["usage"]
    assert not any("obfuscation" in chunk["choices"][0] for chunk in chunks)


@pytest.mark.parametrize("field", ["max_completion_tokens", "max_tokens"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_budget_spent_on_reasoning_leaves_no_answer(endpoint: LocalEndpoint, field: str, stream: bool) -> None:
    """As recorded: the finish reason is "length", the closing tag is there, and nothing follows it."""
    reply = ask(endpoint, **{field: 3}, stream=stream)
    if stream:
        choices = [chunk["choices"][0] for chunk in reply.chunks]
        contents = [choice["delta"].get("content", "") for choice in choices]
        assert contents[1:-1] == [f"<reasoning>{word}</reasoning>" for word in ("Nobody ", "thinks ", "here. ")]
        assert choices[-1]["finish_reason"] == "length"
    else:
        choice = reply.json["choices"][0]
        assert choice["message"]["content"] == "<reasoning>Nobody thinks here. </reasoning>"
        assert choice["finish_reason"] == "length"
        assert reply.json["usage"]["completion_tokens"] == 3


def test_a_budget_may_end_in_the_middle_of_the_text() -> None:
    """A larger budget lets some of the text through; one that is just enough changes nothing."""
    with LocalEndpoint(answer="one two three") as endpoint:
        cut = ask(endpoint, max_completion_tokens=10).json["choices"][0]
        whole = ask(endpoint, max_completion_tokens=11).json["choices"][0]
    assert (cut["message"]["content"].partition("</reasoning>")[2], cut["finish_reason"]) == ("one two ", "length")
    assert whole["message"]["content"].endswith("</reasoning>one two three")
    assert whole["finish_reason"] == "stop"


TOOLS = [
    {"type": "function", "function": {"name": "first", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "second"}},
]


@pytest.mark.parametrize(
    ("choice", "name"),
    [("required", "first"), ({"type": "function", "function": {"name": "second"}}, "second")],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_that_is_demanded_is_made(endpoint: LocalEndpoint, choice: Any, name: str, stream: bool) -> None:
    """The first function, or the named one, is called with no arguments; a stream sends the call in fragments."""
    reply = ask(endpoint, tools=TOOLS, tool_choice=choice, stream=stream)
    if stream:
        deltas = [chunk["choices"][0]["delta"] for chunk in reply.chunks]
        calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
        assert {call["index"] for call in calls} == {0}
        assert calls[0]["function"]["name"] == name
        assert calls[0]["id"].startswith("chatcmpl-tool-")
        assert "".join(call["function"]["arguments"] for call in calls) == "{}"
        assert reply.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    else:
        answer = reply.json["choices"][0]
        (call,) = answer["message"]["tool_calls"]
        assert call["function"] == {"arguments": "{}", "name": name}
        assert answer["finish_reason"] == "tool_calls"


def test_a_tool_call_that_the_budget_cuts_off_is_not_made(endpoint: LocalEndpoint) -> None:
    """Where reasoning uses up the budget, there is no call, and the finish reason says why."""
    choice = ask(endpoint, tools=TOOLS, tool_choice="required", max_completion_tokens=3).json["choices"][0]
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "length"


def test_a_tool_call_that_is_not_demanded_is_not_made(endpoint: LocalEndpoint) -> None:
    """Offered tools alone, or a choice left to the model, get a text."""
    for choice in ({}, {"tool_choice": "auto"}, {"tool_choice": "none"}):
        assert ask(endpoint, tools=TOOLS, **choice).json["choices"][0]["finish_reason"] == "stop"


def test_the_answer_may_be_the_callers_own() -> None:
    """A callable gets the body and gives the text; what is not ASCII arrives as it is."""
    with LocalEndpoint(
        answer=lambda body: body["messages"][-1]["content"].upper() + " \u2014 \U0001f642"
    ) as endpoint:
        reply = ask(endpoint)
    expected = PROMPT.upper() + " \u2014 \U0001f642"
    assert reply.json["choices"][0]["message"]["content"].endswith("</reasoning>" + expected)
    assert expected.encode() in reply.body


def test_an_answer_that_fails_is_a_server_error(capfd: pytest.CaptureFixture[str]) -> None:
    """The client gets 500 in the recorded words; whoever wrote the callable gets the traceback."""

    def fail(body: object) -> str:
        raise LookupError("no such answer")

    with LocalEndpoint(answer=fail) as endpoint:
        reply = ask(endpoint)
    assert reply.status == 500
    assert (reply.json["error"]["code"], reply.json["error"]["type"]) == ("internal_server_error", "server_error")
    assert "no such answer" not in reply.body.decode()
    assert "LookupError: no such answer" in capfd.readouterr().err
