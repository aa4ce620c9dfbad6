"""Every header of an attempt stands in one table, and is on the wire for the reason that is given there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletionRequest, Credentials, Guardrail, UserMessage
from bedrock_openai_http.call import headers
from both import Client
from support import CHUNK, COMPLETION, DONE, KEY, MODEL, RawServer, http

REQUEST = ChatCompletionRequest(MODEL, [UserMessage("hi")])
GUARDED = ChatCompletionRequest(MODEL, [UserMessage("hi")], guardrail=Guardrail("g1", "1", trace="ENABLED"))
SIGNED = {"credentials": Credentials("AKID", "secret", "token")}
#: What the connection adds to frame the request.
FRAME = {"host", "content-length"}
ALWAYS = {
    "content-type": "application/json",
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": headers.USER_AGENT,
    "amz-sdk-invocation-id": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "amz-sdk-request": "attempt=1; max=3",
}
KEYED = {"authorization": f"Bearer {KEY}"}
SIGNATURE = {
    "authorization": "AWS4-HMAC-SHA256 .*",
    "x-amz-date": r"\d{8}T\d{6}Z",
    "x-amz-security-token": "token",
}
GUARDRAIL = {
    "x-amzn-bedrock-guardrailidentifier": "g1",
    "x-amzn-bedrock-guardrailversion": "1",
    "x-amzn-bedrock-trace": "ENABLED",
}


def sent(stream: bool, request: ChatCompletionRequest, extra: dict[str, str], **options: Any) -> dict[str, str]:
    """Return the headers of a call as they come to the server, names in lower case."""
    answer = http(CHUNK + DONE, kind="text/event-stream") if stream else http(COMPLETION)
    with (
        RawServer(lambda number: [answer]) as server,
        Client("us-west-2", base_url=server.url, **options) as client,
    ):
        if stream:
            with client.stream(request, extra_headers=extra) as chunks:
                chunks.completion()
        else:
            client.complete(request, extra_headers=extra)
    lines = server.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize(
    ("stream", "request_", "extra", "options", "expected"),
    [
        (False, REQUEST, {}, {"api_key": KEY}, ALWAYS | KEYED),
        (True, REQUEST, {}, {"api_key": KEY}, ALWAYS | KEYED | {"accept": "text/event-stream"}),
        (False, REQUEST, {}, SIGNED, ALWAYS | SIGNATURE),
        (False, GUARDED, {}, {"api_key": KEY}, ALWAYS | KEYED | GUARDRAIL),
        (False, REQUEST, {"X-Mine": "1"}, SIGNED, ALWAYS | SIGNATURE | {"x-mine": "1"}),
        (
            False,
            replace(REQUEST, model="openai.gpt-oss-20b"),
            {},
            {"api_key": KEY, "endpoint": "mantle", "project": "proj_1"},
            ALWAYS | KEYED | {"openai-project": "proj_1"},
        ),
    ],
    ids=["key", "stream", "signed", "guardrail", "extra", "project"],
)
def test_nothing_is_sent_but_what_the_table_has(
    stream: bool, request_: ChatCompletionRequest, extra: dict[str, str], options: Any, expected: dict[str, str]
) -> None:
    """On the wire are the headers of this call, each with its value, those that frame it, and no other."""
    found = sent(stream, request_, extra, **options)
    assert found.keys() - FRAME == expected.keys()
    for name, pattern in expected.items():
        assert found[name] == pattern or re.fullmatch(pattern, found[name]), name
    table = (headers.__doc__ or "").lower()
    for name in expected.keys() - {each.lower() for each in extra}:
        assert name in table or name.startswith("x-amzn-bedrock-guardrail")


@pytest.mark.no_client
def test_each_header_of_the_table_has_its_reason() -> None:
    """The table names no header without saying why it is sent."""
    rows = [line for line in (headers.__doc__ or "").splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    assert all(len(row.split("|")[2].strip()) > 10 for row in rows)
