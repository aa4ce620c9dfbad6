"""LocalEndpoint over real sockets: what it lets in, what it refuses and in which words, and how it answers."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import jsonschema
import pytest

from bedrock_openai_http.credentials import Credentials
from bedrock_openai_http.errors import ConfigurationError
from bedrock_openai_http.schemas import load_schema
from bedrock_openai_http.testing import LocalEndpoint, ReceivedRequest
from bedrock_openai_http.testing.server import Connection, LoopbackServer

PATH = "/openai/v1/chat/completions"
PROMPT = "a prompt that is nobody's business"
BODY: dict[str, Any] = {
    "model": "openai.gpt-oss-20b-1:0",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}],
}
CORAL = "http://internal.amazon.com/coral/com.amazon.coral.service/"


@dataclass
class Reply:
    """A whole answer, read from the socket."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[str]:
        """The payload of each event of a stream."""
        lines = self.body.decode().split("\n\n")
        assert lines.pop() == ""
        assert all(line.startswith("data: ") and "\n" not in line for line in lines)
        return [line.removeprefix("data: ") for line in lines]

    @property
    def chunks(self) -> list[Any]:
        """The JSON objects of a stream."""
        *chunks, done = self.events
        assert done == "[DONE]"
        return [json.loads(chunk) for chunk in chunks]


def port(endpoint: LocalEndpoint) -> int:
    return int(endpoint.url.rpartition(":")[2])


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def signed(
    endpoint: LocalEndpoint,
    body: bytes,
    *,
    method: str = "POST",
    path: str = PATH,
    credentials: Credentials | None = None,
    service: str = "bedrock",
    region: str | None = None,
    **headers: str,
) -> dict[str, str]:
    """Return the headers of a request that botocore has signed."""
    given = credentials or endpoint.credentials
    keys = botocore.credentials.Credentials(given.access_key, given.secret_key, given.token)
    given_headers = {"Content-Type": "application/json", **headers}
    request = botocore.awsrequest.AWSRequest(method, endpoint.url + path, headers=given_headers, data=body)
    botocore.auth.SigV4Auth(keys, service, region or endpoint.region).add_auth(request)
    return dict(request.headers)


def send(
    endpoint: LocalEndpoint, body: bytes, headers: dict[str, str], *, method: str = "POST", path: str = PATH
) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    try:
        return send_on(connection, body, headers, method=method, path=path)
    finally:
        connection.close()


def send_on(
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    path: str = PATH,
) -> Reply:
    connection.request(method, path, body, headers)
    with connection.getresponse() as response:
        return Reply(response.status, response.headers, response.read())


def ask(endpoint: LocalEndpoint, body: Any = BODY, **changes: Any) -> Reply:
    """Send `body` with the given fields changed, signed as it should be."""
    data = encoded({**body, **changes} if changes else body)
    return send(endpoint, data, signed(endpoint, data))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


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
        Connection="keep-alive",
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


def test_head_is_answered_without_a_body(endpoint: LocalEndpoint) -> None:
    """The connection stays usable after a HEAD request."""
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    head = send_on(connection, b"", bearer(endpoint.api_key), method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert send_on(connection, encoded(BODY), bearer(endpoint.api_key)).status == 200
    connection.close()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({**BODY, "temperature": 3}, "temperature"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({**BODY, "n": 2}, "n"),
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


def test_a_tool_call_that_is_not_demanded_is_not_made(endpoint: LocalEndpoint) -> None:
    """Offered tools alone, or a choice left to the model, get a text."""
    for choice in ({}, {"tool_choice": "auto"}, {"tool_choice": "none"}):
        assert ask(endpoint, tools=TOOLS, **choice).json["choices"][0]["finish_reason"] == "stop"


def test_the_answer_may_be_the_callers_own() -> None:
    """A callable gets the body and gives the text; what is not ASCII arrives as it is."""
    with LocalEndpoint(answer=lambda body: body["messages"][-1]["content"].upper() + " \u2014 \U0001f642") as endpoint:
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


# --- HTTP


def test_two_requests_share_a_connection(endpoint: LocalEndpoint) -> None:
    """A connection is kept open after a plain answer, a stream and a refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    connection.connect()
    local_port = connection.sock.getsockname()[1]
    for body, key in ((BODY, endpoint.api_key), ({**BODY, "stream": True}, endpoint.api_key), (BODY, "no")):
        send_on(connection, encoded(body), bearer(key))
        assert connection.sock.getsockname()[1] == local_port
    connection.close()


def exchange(endpoint: LocalEndpoint, data: bytes) -> bytes:
    """Send bytes, and return all that comes back until the endpoint closes the connection."""
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(data)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def head(endpoint: LocalEndpoint, *lines: str, version: str = "1.1") -> bytes:
    key = f"Authorization: Bearer {endpoint.api_key}"
    return "\r\n".join([f"POST {PATH} HTTP/{version}", "Host: localhost", key, *lines, "", ""]).encode()


def test_an_old_client_gets_a_stream_without_chunks(endpoint: LocalEndpoint) -> None:
    """HTTP/1.0 knows no chunked coding: the body ends with the connection."""
    body = encoded({**BODY, "stream": True})
    answer = exchange(endpoint, head(endpoint, f"Content-Length: {len(body)}", version="1.0") + body)
    top, _, rest = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in top
    assert rest.startswith(b"data: {")
    assert rest.endswith(b"data: [DONE]\n\n")


def test_a_client_that_expects_an_invitation_gets_one(endpoint: LocalEndpoint) -> None:
    """100 Continue comes before the body is sent."""
    body = encoded(BODY)
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(
            head(endpoint, f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close")
        )
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 25000001", "Expect: 100-continue"], 413),
        (["Transfer-Encoding: chunked"], 411),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], 411),
        (["Content-Length: 5", "Content-Length: 6"], 400),
        (["Content-Length: +5"], 400),
        (["Content-Length: -1"], 400),
        (["Content-Length: " + "9" * 5000], 400),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_unread(endpoint: LocalEndpoint, lines: list[str], status: int) -> None:
    """The refusal comes at once, with a request ID, and the connection is closed."""
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(head(endpoint, *lines))
        client.shutdown(socket.SHUT_WR)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"x-amzn-RequestId: " in answer
    assert b"ValidationException" in answer


def test_a_client_that_sends_too_much_can_read_why(endpoint: LocalEndpoint) -> None:
    """Someone who sends the whole oversized body first still gets the refusal, and not a reset."""
    reply = send(endpoint, b" " * 25_000_001, bearer(endpoint.api_key))
    assert reply.status == 413
    assert "25000000 bytes" in reply.json["message"]


def test_the_largest_body_is_taken(endpoint: LocalEndpoint) -> None:
    """25,000,000 bytes are read and judged by what they say."""
    body = encoded(BODY)
    assert send(endpoint, body + b" " * (25_000_000 - len(body)), bearer(endpoint.api_key)).status == 200


def test_a_client_that_goes_away_is_no_news(endpoint: LocalEndpoint, capfd: pytest.CaptureFixture[str]) -> None:
    """A connection that ends in mid-request or without a word leaves no traceback, and others are served."""
    for data in (b"", b"POST ", head(endpoint, "Content-Length: 100") + b"{"):
        with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
            client.sendall(data)
    assert ask(endpoint).status == 200
    endpoint.stop()
    assert capfd.readouterr().err == ""


def test_many_clients_each_get_their_own_answer() -> None:
    """Answers are never mixed up between connections."""
    with (
        LocalEndpoint(answer=lambda body: body["messages"][0]["content"]) as endpoint,
        ThreadPoolExecutor(16) as pool,
    ):
        texts = [f"text {number}" for number in range(64)]
        replies = pool.map(lambda text: ask(endpoint, messages=[{"role": "user", "content": text}]), texts)
        contents = [reply.json["choices"][0]["message"]["content"] for reply in replies]
    assert [content.partition("</reasoning>")[2] for content in contents] == texts
    assert len(endpoint.requests) == 64


# --- its life, and what it keeps to itself


def test_it_is_reached_on_this_machine_only(endpoint: LocalEndpoint) -> None:
    """It listens on 127.0.0.1, not on every address."""
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", port(endpoint)), timeout=2)


def test_stopping_ends_open_connections_and_threads() -> None:
    """`stop` returns at once although a client holds its connection, and no thread is left."""
    before = threading.active_count()
    endpoint = LocalEndpoint().start()
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    assert send_on(connection, encoded(BODY), bearer(endpoint.api_key)).status == 200
    begun = time.monotonic()
    endpoint.stop()
    assert time.monotonic() - begun < 2
    assert threading.active_count() == before
    assert connection.sock.recv(1) == b""
    connection.close()


def test_it_can_be_stopped_twice_and_started_again() -> None:
    """Its secrets and its records outlive a pause; its URL is known only while it runs."""
    endpoint = LocalEndpoint()
    with pytest.raises(RuntimeError, match="not running"):
        _ = endpoint.url
    for _ in range(2):
        assert endpoint.start() is endpoint.start()
        assert ask(endpoint).status == 200
        endpoint.stop()
        endpoint.stop()
    assert len(endpoint.requests) == 2
    assert repr(endpoint) == "<LocalEndpoint stopped>"


def test_a_port_can_be_chosen_once(endpoint: LocalEndpoint) -> None:
    """A port that is taken is an error, and not shared."""
    with pytest.raises(OSError):
        LocalEndpoint(port=port(endpoint)).start()


def test_requests_are_recorded_as_they_came(endpoint: LocalEndpoint) -> None:
    """Method, target, headers in order and as spelled, and the body, of refused requests too."""
    headers = {"Authorization": "Bearer no", "X-oDd": " two  spaces ", "Accept": "a/b"}
    send(endpoint, b"body", headers, path=PATH + "?q=%7E")
    (request,) = endpoint.requests
    assert (request.method, request.target, request.path, request.query) == ("POST", PATH + "?q=%7E", PATH, "q=%7E")
    assert ("X-oDd", "two  spaces ") in request.raw_headers
    assert request.headers["x-odd"] == "two  spaces "
    assert request.body == b"body"
    with pytest.raises(ValueError, match=r"."):
        request.json()


def test_only_so_many_requests_are_remembered() -> None:
    """A limit keeps the last requests, for an endpoint that runs for long."""
    with LocalEndpoint(remember=2) as endpoint:
        for number in range(3):
            ask(endpoint, user=str(number))
        assert [request.json()["user"] for request in endpoint.requests] == ["1", "2"]


def test_the_log_names_each_request_and_tells_no_secret(
    endpoint: LocalEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each answer: method, path, status and request ID; no query, and nothing that forges a line."""
    caplog.set_level("DEBUG", logger="bedrock_openai_http")
    ask(endpoint)
    send(endpoint, b"", bearer(endpoint.api_key), path="/x\x1b[31m?token=secret")
    ids = [request.request_id for request in endpoint.requests]
    assert [record.getMessage() for record in caplog.records] == [f"POST {PATH} 200 {ids[0]}", f"POST /x%1B%5B31m 200 {ids[1]}"]  # fmt: skip


def test_no_repr_tells_a_secret(endpoint: LocalEndpoint) -> None:
    """Neither the endpoint nor what it recorded or holds shows a key, a token or a prompt."""
    ask(endpoint)
    send(endpoint, b"", bearer(endpoint.api_key), path="/?token=in-the-query")
    endpoint.rotate()
    shown = repr([endpoint, endpoint.requests, vars(endpoint), endpoint.credentials])
    for secret in (endpoint.credentials.secret_key, endpoint.credentials.token, endpoint.api_key, PROMPT):
        assert str(secret) not in shown
    assert "in-the-query" not in shown
    assert "Bearer" not in shown
    assert isinstance(endpoint.requests[0], ReceivedRequest)


def test_it_shares_no_code_with_what_it_checks() -> None:
    """Importing it loads neither botocore nor requests."""
    program = "import sys, bedrock_openai_http.testing as t; print(sorted({'botocore', 'requests'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


# --- a model behind it


def test_what_another_server_answers_is_passed_on() -> None:
    """With an upstream, the answers are its own, whole or streamed, under this endpoint's request IDs."""
    with (
        LocalEndpoint(answer="from upstream") as model,
        LocalEndpoint(upstream=model.url + "/openai/v1/", upstream_key=model.api_key) as endpoint,
    ):
        plain, stream = ask(endpoint), ask(endpoint, stream=True)
    assert plain.json["choices"][0]["message"]["content"].endswith("</reasoning>from upstream")
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in stream.chunks).endswith("from upstream")
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert plain.headers["x-amzn-RequestId"] == endpoint.requests[0].request_id != model.requests[0].request_id


def test_the_upstream_server_learns_only_what_it_needs() -> None:
    """The model is replaced, Amazon's own fields are left out, and nothing tells who asked."""
    with (
        LocalEndpoint() as model,
        LocalEndpoint(
            upstream=model.url + "/openai/v1", upstream_key=model.api_key, upstream_model="tiny"
        ) as endpoint,
    ):
        ask(endpoint, **{"amazon-bedrock-guardrailConfig": {"tagSuffix": "abc"}}, seed=7)
    (request,) = model.requests
    assert request.json() == {**BODY, "model": "tiny", "seed": 7}
    assert request.headers["authorization"] == f"Bearer {model.api_key}"
    assert not [name for name in request.headers if name.lower().startswith("x-amz")]


def test_an_error_of_the_upstream_server_is_passed_on() -> None:
    """Its status and its body arrive as they are."""
    with LocalEndpoint() as model, LocalEndpoint(upstream=model.url, upstream_key="sk-no") as endpoint:
        reply = ask(endpoint)
    assert reply.status == 403
    assert reply.json == {"Message": "Invalid API Key format: Must start with pre-defined prefix"}


def test_nothing_refused_reaches_the_upstream_server() -> None:
    """Requests are authenticated and validated before they are passed on."""
    with LocalEndpoint() as model, LocalEndpoint(upstream=model.url + "/openai/v1") as endpoint:
        assert send(endpoint, encoded(BODY), bearer("no")).status == 403
        assert ask(endpoint, temperature=3).status == 400
        assert send(endpoint, b"", bearer(endpoint.api_key), path="/v1").status == 200
    assert model.requests == []


def test_an_upstream_server_that_is_not_there_is_a_503() -> None:
    """The refusal is AWS's for a service that is unavailable, and names the failure, not the place."""
    with LocalEndpoint() as gone:
        url = gone.url
    with LocalEndpoint(upstream=url) as endpoint:
        reply = ask(endpoint)
    assert reply.status == 503
    assert reply.headers["x-amzn-ErrorType"] == f"ServiceUnavailableException:{CORAL}"
    assert reply.json["message"] == "The upstream server cannot be reached: ConnectionRefusedError"


@pytest.mark.parametrize("url", ["", "127.0.0.1:9000", "ftp://a/", "http://", "http://u:p@a/", "http://a/?b", "http://a/#c"])
def test_an_upstream_url_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    """The mistake shows when the endpoint is made, and a password in the URL is not repeated."""
    with pytest.raises(ConfigurationError, match=r"^upstream: ") as caught:
        LocalEndpoint(upstream=url)
    assert "u:p" not in str(caught.value)


def test_a_stream_is_passed_on_as_it_arrives() -> None:
    """The first event reaches the client before the upstream server has made the second."""
    first_was_read = threading.Event()

    def respond(connection: Connection) -> None:
        connection.read_body(10_000)
        connection.start_stream(200, {"Content-Type": "text/event-stream"})
        connection.send_piece(b'data: {"first":1}\n\n')
        assert first_was_read.wait(10)
        connection.send_piece(b"data: [DONE]\n\n")
        connection.send_piece(b"")

    with upstream(respond) as url, LocalEndpoint(upstream=url) as endpoint:
        connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
        connection.request("POST", PATH, encoded({**BODY, "stream": True}), bearer(endpoint.api_key))
        with connection.getresponse() as response:
            assert response.read1() == b'data: {"first":1}\n\n'
            first_was_read.set()
            assert response.read() == b"data: [DONE]\n\n"
        connection.close()


def test_a_stream_that_breaks_upstream_is_broken_for_the_client(capfd: pytest.CaptureFixture[str]) -> None:
    """A stream that ends in the middle of a chunk is never made to look complete."""

    def respond(connection: Connection) -> None:
        connection.read_body(10_000)
        connection.start_stream(200, {"Content-Type": "text/event-stream"})
        connection.send_piece(b'data: {"first":1}\n\n')
        connection.wfile.write(b"ff\r\ndata: cut")
        connection.close_connection = True

    with upstream(respond) as url, LocalEndpoint(upstream=url) as endpoint:
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(endpoint, stream=True)
        assert b'{"first":1}' in caught.value.partial
    assert capfd.readouterr().err == ""


def test_a_whole_answer_that_is_cut_upstream_is_a_503() -> None:
    """An answer shorter than announced is not passed on as if it were whole."""

    def respond(connection: Connection) -> None:
        connection.read_body(10_000)
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}")
        connection.close_connection = True

    with upstream(respond) as url, LocalEndpoint(upstream=url) as endpoint:
        reply = ask(endpoint)
    assert (reply.status, reply.json["message"]) == (503, "The upstream server cannot be reached: IncompleteRead")


class upstream:  # noqa: N801
    """A server of the test's own, as a context manager that gives its URL."""

    def __init__(self, respond: Any) -> None:
        self._server = LoopbackServer(0, respond)

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.close()
