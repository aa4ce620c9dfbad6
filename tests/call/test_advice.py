"""The line of advice of a refusal: what it says, and what it never says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    HTTPResponse,
    ResponseFormatError,
    iter_chunks,
    parse_completion,
)
from bedrock_openai_http.call.advice.advise import CAUSES, CallFacts, _seen, advise
from refusals import LONGEST, REFUSALS, SECRET, answer, is_a_line, openai
from support import COMPLETION, DONE, chunk

FACTS = CallFacts(
    endpoint="runtime",
    host="bedrock-runtime.us-west-2.amazonaws.com",
    region="us-west-2",
    model="openai.gpt-oss-20b-1:0",
    authentication="API key",
    key_region="us-west-2",
    key_expires_at=datetime(2026, 1, 2, 15, 4, 5, tzinfo=timezone.utc),
    credentials_from="AWS_BEARER_TOKEN_BEDROCK",
    stream=True,
    max_completion_tokens=4000,
)


def failure_of(response: HTTPResponse) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        parse_completion(response)
    return caught.value


@pytest.mark.parametrize(("response", "kind", "type_", "message", "words"), REFUSALS.values(), ids=REFUSALS)
def test_causes(
    response: HTTPResponse, kind: type[APIStatusError], type_: str | None, message: str, words: list[str]
) -> None:
    """Each known cause is read with its class, type and words, and has one line of advice, which ends the text."""
    error = failure_of(response)
    assert type(error) is kind
    assert error.type == type_
    assert message in error.message
    assert error.request_id == "r-1"
    assert error.advice is not None
    for word in words:
        assert word in error.advice
    assert str(error).endswith(f"(request ID r-1) {error.advice}") or str(error).endswith(f" ID r-1). {error.advice}")
    assert len(str(error).splitlines()) == 1
    assert is_a_line(error.advice)


def test_every_row_is_tried() -> None:
    """Each row of the tables is the first to fit for one of the answers above."""
    seen = [_seen(failure_of(response)) for response, *_ in REFUSALS.values()]
    spoken = {id(next(cause for cause in CAUSES if cause.fits(each))) for each in seen}
    assert [cause.advice for cause in CAUSES if id(cause) not in spoken] == []


@pytest.mark.parametrize(
    "response",
    [
        answer(500, openai("The server had an error.", "internal_server_error", "server_error")),
        answer(500, b""),
        answer(400, {"message": "x"}, "ValidationException"),
        answer(403, {"Message": "x"}, "AccessDeniedException"),
        answer(401, b"no"),
        answer(404, openai("x")),
        # Without words it may be the path, the model or the project.
        answer(404, b""),
        answer(404, b"{}"),
        answer(404, {"error": {}}),
        answer(409, {"message": "x"}),
        answer(504, b'{"message": "Endpoint request timed out"}'),
        # The words of one cause under the status of another.
        answer(500, {"message": "Bearer Token has expired"}),
        answer(500, {"message": "Too many tokens"}),
        answer(500, {"message": "unknown field"}),
        answer(200, {"error": {"message": "x"}}),
        answer(200, {"error": {"message": "x", "type": "server_error", "code": 500}}),
    ],
)
def test_no_advice_is_better_than_a_guess(response: HTTPResponse) -> None:
    """Where the cause is not known there is no advice, and the text ends as ever."""
    error = failure_of(response)
    assert error.advice is None
    assert str(error).endswith("(request ID r-1)")


@pytest.mark.parametrize(("response", "kind", "type_", "message", "words"), REFUSALS.values(), ids=REFUSALS)
def test_advice_repeats_nothing_of_the_service(
    response: HTTPResponse, kind: type[APIStatusError], type_: str | None, message: str, words: list[str]
) -> None:
    """A secret or a prompt in the service's words, type, code or parameter never gets into the advice."""
    error = failure_of(response)
    for text in (f"{error.message} {SECRET} '{SECRET}'", f"{SECRET} {error.message}"):
        spoilt = kind(text, status_code=error.status_code, code=error.code, type=error.type, param=SECRET)
        assert SECRET not in (advise(spoilt) or "")
        assert SECRET not in (advise(spoilt, FACTS) or "")


@pytest.mark.parametrize("response", [row[0] for row in REFUSALS.values()], ids=REFUSALS)
def test_facts_never_spoil_the_advice(response: HTTPResponse) -> None:
    """With facts, also with odd and endless ones, there is advice as well, and it is one short line."""
    error = failure_of(response)
    odd = "x{y}\n" * 99
    many = CallFacts(*[odd] * 6, None, odd, False, 10**9)
    # Three facts at the most are shown, of 100 characters each.
    for facts, longest in ((FACTS, LONGEST), (replace(FACTS, endpoint="mantle"), LONGEST), (many, LONGEST + 300)):
        advice = advise(error, facts)
        assert advice is not None
        assert len(advice) <= longest
        assert advice.isprintable()


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("key expired", {}, ["(found in: AWS_BEARER_TOKEN_BEDROCK) has expired at 2026-01-02 15:04 UTC"]),
        ("key refused", {}, ["right Region", "incomplete or deleted"]),
        ("key refused", {"key_region": "us-east-1"}, ["made for us-east-1, but the call went to us-west-2"]),
        ("key refused", {"key_region": None}, ["AWS_BEARER_TOKEN_BEDROCK", "another Region"]),
        ("session expired", {}, ["API key (found in: AWS_BEARER_TOKEN_BEDROCK)", "make a new key"]),
        ("session expired", {"authentication": "SigV4"}, ["sign in again"]),
        ("no model access", {}, ["no access to openai.gpt-oss-20b-1:0 in us-west-2"]),
        ("no call allowed", {}, ["bedrock:InvokeModelWithResponseStream on openai.gpt-oss-20b-1:0"]),
        ("no call allowed", {"stream": False}, ["Allow bedrock:InvokeModel on openai.gpt-oss-20b-1:0"]),
        ("signed for another Region", {}, ["bedrock-runtime.us-west-2.amazonaws.com"]),
        ("signed for another endpoint", {}, ["runtime endpoint, which bedrock-", 'give endpoint="mantle"']),
        ("signed for another endpoint", {"endpoint": "mantle"}, ['give endpoint="runtime"']),
        ("wrong path", {"endpoint": "mantle"}, ["On the mantle endpoint the path depends on the model"]),
        ("unknown model", {"model": "us.anthropic.claude-opus-4"}, ["Claude has no Chat Completions API"]),
        ("unknown model", {}, ["openai.gpt-oss-20b-1:0 is not in us-west-2"]),
        ("mantle's unknown model", {"endpoint": "mantle", "model": "x.y"}, ["Mantle does not have x.y in us-west-2"]),
        ("mantle's path", {"endpoint": "mantle", "model": "openai.gpt-daybreak-x"}, ["Daybreak has no Chat"]),
        ("ID of the other endpoint", {"model": "openai.gpt-oss-20b"}, ["write 'openai.gpt-oss-20b-1:0'."]),
        ("a bare ID", {"model": "openai.gpt-6-sol"}, ["write 'us.openai.gpt-6-sol' or"]),
        ("tokens", {}, ["all of max_completion_tokens (4000)"]),
        ("tokens", {"max_completion_tokens": None}, ["set max_completion_tokens"]),
        ("no capacity", {}, ["no free capacity for openai.gpt-oss-20b-1:0 in us-west-2"]),
        ("no capacity", {"model": "us.xai.grok-4.6"}, ["Grok", "presence_penalty and frequency_penalty"]),
    ],
)
def test_facts_make_it_precise(name: str, changes: dict[str, Any], words: list[str]) -> None:
    """What is known of the call makes the advice say more."""
    advice = advise(failure_of(REFUSALS[name][0]), replace(FACTS, **changes))
    assert advice is not None
    assert is_a_line(advice)
    for word in words:
        assert word in advice


def test_facts_add_nothing_to_other_errors() -> None:
    """An error that is no answer of the service keeps the advice that it has."""
    for kind in (APIConnectionError, ConfigurationError, ResponseFormatError):
        error = kind("Bearer Token has expired")
        assert advise(error, FACTS) is None
        error.advice = "Do this."
        assert advise(error, FACTS) == "Do this."


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b'data: {"error": {"message": "x", "type": "overloaded_error"}}\n\n', "overloaded"),
        (b'event: error\ndata: {"message": "x", "code": "model_stream_error", "status": 503}\n\n', "while it wrote"),
        (b'data: {"__type": "x#ModelStreamErrorException", "message": "x"}\n\n', "failed while it wrote"),
        (b'data: {"__type": "x#ThrottlingException", "message": "Too many tokens"}\n\n', "reserved"),
    ],
)
def test_an_error_in_mid_stream_has_its_advice(event: bytes, words: str) -> None:
    """An error object in a stream, which names no status, is judged by its type and words."""
    with pytest.raises(APIStatusError) as caught:
        list(iter_chunks([chunk("a"), event]))
    assert words in (caught.value.advice or "")


def test_advice_costs_nothing_where_nothing_fails() -> None:
    """What gives advice is not even imported before something has failed."""
    program = (
        "import sys; from bedrock_openai_http import HTTPResponse, iter_chunks, parse_completion\n"
        f"parse_completion(HTTPResponse(200, {{}}, {COMPLETION!r})); list(iter_chunks([{chunk('a') + DONE!r}]))\n"
        "print([name for name in sys.modules if 'advice' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
