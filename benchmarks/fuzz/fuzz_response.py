"""Fuzzes the parser of answers with one of a few statuses and one of a few sets of headers."""

from __future__ import annotations

from harness import laws, run, split

from bedrock_openai_http import HTTPResponse

STATUS = (200, 200, 200, 200, 201, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503, 599)
HEADERS = (
    {},
    {"x-amzn-RequestId": "r-1", "content-type": "application/json"},
    {"x-amzn-ErrorType": "ThrottlingException:http://internal/", "content-type": "text/html"},
    {"x-amzn-ErrorType": "UnknownOperationException", "location": "http://["},
)


def check(data: bytes) -> None:
    body, how = split(data)
    status, headers = STATUS[how[0] % len(STATUS)], HEADERS[how[1] % len(HEADERS)]
    laws.check_response(HTTPResponse(status, headers, body))


if __name__ == "__main__":
    run(check)
