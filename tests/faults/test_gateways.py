"""The fault matrix, T18 and T20, where something on the way answers 500 to 504 in the service's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import APIStatusError, BadRequestError, InternalServerError
from both import client_of
from support import COMPLETION, NO_WAITS, REQUEST, RawServer, http

Fails = Callable[..., Any]

NGINX = b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>nginx</body>\r\n</html>"
HAPROXY = b"<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid response.\n</body></html>"
ENVOY = b"upstream connect error or disconnect/reset before headers. reset reason: connection termination"
ENVOY_HEADERS = ("content-type: text/plain", "server: envoy", "x-request-id: 6c4f7b1e")
TIMED_OUT = b'{"message": "Endpoint request timed out"}'


def answer(status: int, body: bytes, *headers: str) -> bytes:
    """Return an answer with no other header than these and its length."""
    lines = [f"HTTP/1.1 {status} No", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


#: What something on the way answers: the service may have the whole request, and may be at work on it.
FOREIGN: dict[str, bytes] = {
    "nginx": answer(504, NGINX, "server: nginx", "content-type: text/html", "x-request-id: 6c4f7b1e"),
    "haproxy": answer(502, HAPROXY, "content-type: text/html"),
    "haproxy without a server": answer(503, b"<html><body><h1>503 Service Unavailable</h1></body></html>"),
    "AWS's load balancer": answer(504, NGINX, "server: awselb/2.0", "content-type: text/html"),
    "envoy": answer(503, ENVOY, *ENVOY_HEADERS),
    "envoy's own time limit": answer(504, b"upstream request timeout", *ENVOY_HEADERS),
    "a page of 500": answer(500, b"<!doctype html><title>Internal Server Error</title>"),
    "bare text": answer(502, b"Bad Gateway", "content-type: text/plain"),
    "no body": answer(502, b""),
    "no body, and an ID by the proxy": answer(504, b"", "x-request-id: 6c4f7b1e", "x-amz-request-id: 7"),
    "an empty ID": answer(502, b"", "x-amzn-requestid:"),
    "a hint to come again": answer(503, b"", "retry-after: 0", "x-amz-retry-after: 1"),
    "JSON of no known shape": answer(504, b'{"status": "gateway timeout", "code": 504}'),
    "a problem by RFC 9457": answer(504, b'{"type": "about:blank", "title": "Gateway Timeout", "status": 504}'),
    "Spring's gateway": answer(504, b'{"status": 504, "error": "Gateway Timeout", "path": "/", "message": "x"}'),
    "Apigee": answer(504, b'{"fault": {"faultstring": "Gateway Timeout", "detail": {"errorcode": "x"}}}'),
    "an error without words": answer(502, b'{"error": {}}'),
    "an error with empty words": answer(502, b'{"error": {"message": " ", "type": ""}, "message": ""}'),
    "a null": answer(502, b"null"),
    "a list": answer(502, b'[{"message": "no"}]'),
    "a text": answer(502, b'"Bad Gateway"'),
    "half an error": answer(502, b'{"error": {"message": "The serv'),
    "XHTML": answer(502, b'<?xml version="1.0"?><html><body>502</body></html>'),
    # SEEN RhinoSecurityLabs/IPRotate_Burp_Extension#17: all the signs of AWS, and it is not Bedrock
    "API Gateway": answer(
        504, TIMED_OUT, "x-amzn-RequestId: r", "x-amzn-ErrorType: InternalServerErrorException", "x-amz-apigw-id: a="
    ),
    # SEEN cortexlabs/cortex#1225
    "API Gateway's HTTP API": answer(503, b'{"message":"Service Unavailable"}', "apigw-requestid: RL2X="),
    "Kong": answer(504, b'{"message":"The upstream server is timing out"}', "X-Kong-Response-Latency: 60006"),
}

#: What is the service's own word, each by one sign alone.
OWN: dict[str, bytes] = {
    "an ID of AWS's": answer(502, b"", "x-amzn-requestid: r-1"),
    "an ID, with a page": answer(500, b"<html>", "X-AMZN-RequestId: r-1", "content-type: text/html"),
    "a type of AWS's": answer(503, b"", "x-amzn-errortype: ServiceUnavailableException"),
    "AWS's words": answer(500, b'{"message": "The server had an error."}'),
    "AWS's other words": answer(503, b'{"Message": "Bedrock is unable to process your request."}'),
    "AWS's type": answer(500, b'{"__type": "com.amazon.x#InternalServerException"}'),
    "AWS's XML": answer(503, b"<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>"),
    "the model's words": answer(500, b'{"error": {"message": "The server had an error.", "type": "server_error"}}'),
    "an error within an error": answer(504, b'{"error": {"message": "{\\"error\\": {\\"message\\": \\"no\\"}}"}}'),
}


@pytest.mark.parametrize("refusal", FOREIGN.values(), ids=FOREIGN)
def test_t20_what_something_on_the_way_answers(refusal: bytes, fails: Fails) -> None:
    """500 to 504 of a gateway leave open whether the service works on the request: one POST, and it is said so."""
    with RawServer(lambda number: [refusal]) as server, client_of(server, world=NO_WAITS) as client:
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), InternalServerError)  # noqa: B023
            assert (error.attempts, error.status_code) == (1, int(refusal.split()[1]))
            assert "Something on the way answered" in error.advice
            assert "not known" in error.advice
        assert len(server.requests) == 2


@pytest.mark.parametrize("refusal", FOREIGN.values(), ids=FOREIGN)
def test_t20_the_caller_may_repeat_it(refusal: bytes) -> None:
    """With `retry_read_timeouts`, the caller's word that paying twice will do, a gateway's 500 to 504 is repeated."""
    answers = [refusal, http(COMPLETION)]
    with RawServer(lambda number: [answers[number - 1]]) as server:
        with client_of(server, retry_read_timeouts=True, world=NO_WAITS) as client:
            assert client.complete(REQUEST).text == "hi"
        assert len(server.requests) == 2


@pytest.mark.parametrize("refusal", OWN.values(), ids=OWN)
def test_t18_what_the_service_itself_answers(refusal: bytes, fails: Fails) -> None:
    """500 to 504 with a header or an error of the service's own say that it failed: three POSTs, no foreign word."""
    with RawServer(lambda number: [refusal]) as server, client_of(server, world=NO_WAITS) as client:
        for ask in (client.complete, client.stream):
            error = fails(lambda: ask(REQUEST), InternalServerError)  # noqa: B023
            assert error.attempts == 3
            assert "Something on the way answered" not in (error.advice or "")
        assert len(server.requests) == 6


@pytest.mark.parametrize("status", [501, 505, 520, 524, 599])
@pytest.mark.parametrize("permitted", [False, True])
def test_t20_other_statuses_of_a_gateway(status: int, permitted: bool, fails: Fails) -> None:
    """A gateway's other statuses are not repeated, whatever the caller permits, just as the service's are not."""
    refusal = answer(status, NGINX, "content-type: text/html")
    with RawServer(lambda number: [refusal]) as server:
        with client_of(server, retry_read_timeouts=permitted, world=NO_WAITS) as client:
            assert fails(lambda: client.complete(REQUEST), InternalServerError).attempts == 1


def test_t20_a_page_with_the_words_of_mantles_failure(fails: Fails) -> None:
    """A 400 is repeated for mantle's words "internal server error", but not where they stand in somebody's page."""
    for body in (b"<html>Internal Server Error</html>", b"internal failure"):
        with RawServer(lambda number: [answer(400, body)]) as server, client_of(server, world=NO_WAITS) as client:  # noqa: B023
            assert fails(lambda: client.complete(REQUEST), BadRequestError).attempts == 1


def test_t20_the_gateway_gives_up_on_the_second_attempt() -> None:
    """A service that said it failed, and then a gateway that gave up: no third POST."""
    answers = [OWN["the model's words"], FOREIGN["nginx"]]

    def script(number: int) -> Iterator[bytes]:
        yield answers[number - 1]

    with RawServer(script) as server, client_of(server, world=NO_WAITS) as client:
        with pytest.raises(APIStatusError) as caught:
            client.complete(REQUEST)
        assert (caught.value.status_code, caught.value.attempts, len(server.requests)) == (504, 2, 2)
