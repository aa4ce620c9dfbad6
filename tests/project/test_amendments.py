"""What is true of Bedrock since the autumn of 2026: each finding by its source, and what is said because of it."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from amendments import ADVICE, GROK, LATER, LUNA, OSS, QWEN, RUNTIME, SAID, SOL, SOL_61, TERRA_61
from bedrock_openai_http import (
    APIStatusError,
    ChatCompletionRequest,
    Client,
    CompatibilityWarning,
    ConfigurationError,
    Guardrail,
    Headers,
    HTTPResponse,
    ResponseFormatError,
    UserMessage,
    lint_request,
    parse_completion,
)
from bedrock_openai_http.call.advice.advise import CallFacts, advise
from refusals import is_a_line
from support import KEY, PROMPT, Outbox


@pytest.mark.parametrize("source", sorted({row[0] for row in SAID}))
def test_what_is_said_of_a_request(source: str) -> None:
    """Each source's findings: what is known to be refused or ignored is said at its place, and nothing else is."""
    for name, date, model, fields, endpoint, expected in SAID:
        if name == source:
            body = {"model": model, "messages": [{"role": "user", "content": f"{PROMPT} json"}], **fields}
            found = lint_request(body, endpoint=endpoint, region=None)
            assert [(lint.json_path, lint.rule) for lint in found] == expected, (date, model, fields)
            assert "SECRET" not in "".join(map(str, found))
            request = ChatCompletionRequest(model, [UserMessage("json")], extra_body=fields)
            assert lint_request(request, endpoint=endpoint) == found


@pytest.mark.parametrize(("source", "status", "words", "kind", "facts", "said", "unsaid"), ADVICE)
def test_the_advice_on_a_refusal(
    source: str, status: int, words: str, kind: str | None, facts: CallFacts, said: list[str], unsaid: list[str]
) -> None:
    """Each refusal has one line of advice that says what the source found, and blames nothing else."""
    advice = advise(APIStatusError(words, status_code=status, type=kind), facts)
    assert advice is not None
    assert is_a_line(advice)
    for word in said:
        assert word in advice
    for word in unsaid:
        assert word not in advice


@pytest.mark.parametrize(
    "words",
    [
        # vLLM; then its newer words, and those for a prompt that is longer by itself.
        "This model's maximum context length is 32768 tokens. However, you requested 42832 tokens",
        "You passed 99999 input tokens and requested 16 output tokens. However, the context length is only 8192",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        # Claude
        "prompt is too long: 208310 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000",
        # AWS
        "Input is too long for requested model.",
        "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
        "Malformed input request: expected maxLength: 50000, actual: 60000, please reformat your input",
        # OpenAI, Grok, Gemini, llama.cpp
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "the request exceeds the available context size, try increasing it",
    ],
)
def test_a_context_that_is_too_long(words: str) -> None:
    """In whichever words a server says so, the advice is the same, on both endpoints and in mid-stream."""
    for status in (400, 413, None):
        advice = advise(APIStatusError(words, status_code=status), RUNTIME)
        assert advice is not None
        assert "more than the model can hold" in advice


def test_reasoning_that_is_itemised() -> None:
    """Grok's answers have no reasoning text but count it (sample-per-model-bedrock 11/02, 2026-10: 213 of 260)."""
    counts = {"prompt_tokens": 9, "completion_tokens": 260, "total_tokens": 269}
    usage = {**counts, "completion_tokens_details": {"reasoning_tokens": 213}}
    message = {"role": "assistant", "content": "hi", "annotations": [], "refusal": None}
    answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
    completion = parse_completion(HTTPResponse(200, Headers({}), json.dumps(answer).encode()))
    assert completion.usage is not None
    assert completion.usage.completion_tokens_details["reasoning_tokens"] == 213
    assert completion.reasoning is None


GUARDRAIL = Guardrail("abc", "1")
CONFIG = {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}}
#: The ways to ask for a guardrail: fields of the request, options of the client, options of the call.
WAYS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"guardrail": GUARDRAIL}, {}, {}),
    ({"guardrail": Guardrail("abc", "1", tag_suffix="x")}, {}, {}),
    ({"extra_body": CONFIG}, {}, {}),
    ({}, {"guardrail": GUARDRAIL}, {}),
    ({}, {}, {"extra_headers": {"x-amzn-bedrock-guardrailidentifier": "abc"}}),
    ({}, {}, {"extra_headers": {"X-Amzn-Bedrock-GuardrailVersion": "1"}}),
]
#: Source and date; models; whether AWS is known to apply a guardrail to them on Chat Completions.
GUARDS = [
    ('AWS model cards, 2026-09: "Guardrails (Converse API only)"', (SOL, LUNA, SOL_61, TERRA_61, LATER), "refused"),
    ("the same; names of tomorrow", ("openai.gpt-6.2-x", "openai.gpt-7", "global.openai.gpt-10"), "refused"),
    ("aws-samples/sample-per-model-bedrock 99/03, 2026-08", (OSS, "us-gov.openai.gpt-oss-120b-1:0"), "applied"),
    (
        "awslabs/startups#237, 2026-08: no statement was found",
        (GROK, QWEN, "us.moonshotai.kimi-k3", "a.b"),
        "unproved",
    ),
]


@pytest.mark.parametrize(("source", "models", "fate"), GUARDS, ids=[row[0] for row in GUARDS])
@pytest.mark.parametrize("method", ["complete", "stream", "mapping"])
def test_a_guardrail_is_never_believed_in_where_it_is_not(
    source: str, models: tuple[str, ...], fate: str, method: str
) -> None:
    """By whichever way it is asked for, it is refused where none is applied, and doubted where none was seen."""
    for model in models:
        for fields, options, call in WAYS:
            outbox = Outbox()
            request: Any = ChatCompletionRequest(model, [UserMessage(PROMPT)], **fields)
            if method == "mapping":
                options = {"guardrail": fields["guardrail"], **options} if "guardrail" in fields else options
                request = replace(request, guardrail=None).to_body()
            with Client("us-east-1", api_key=KEY, transport=outbox, **options) as client:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    if fate == "refused":
                        with pytest.raises(ConfigurationError, match=r"ApplyGuardrail.*Converse API") as refused:
                            getattr(client, "stream" if method == "stream" else "complete")(request, **call)
                        assert "SECRET" not in str(refused.value)
                    else:
                        with suppress(ResponseFormatError):  # of the stream, which this answers as a whole
                            getattr(client, "stream" if method == "stream" else "complete")(request, **call)
            assert bool(outbox.sent) is (fate != "refused"), (model, fields)
            found = (warning.message for warning in caught)
            rules = [each.lint.rule for each in found if isinstance(each, CompatibilityWarning)]
            rules = [rule for rule in rules if "guardrail" in rule]
            assert rules == (["guardrail-unproved"] if fate == "unproved" else []), (model, fields)


def test_lint_speaks_of_guardrails() -> None:
    """The function says it too, of what is in the request and of what goes with it; none where there is none."""
    for model, endpoint, rule in (
        (SOL, "runtime", ["guardrail-ignored"]),
        (OSS, "runtime", []),
        (QWEN, "runtime", ["guardrail-unproved"]),
        ("openai.gpt-oss-20b", "mantle", ["guardrail-ignored"]),
    ):
        plain = ChatCompletionRequest(model, [UserMessage("x")])
        for request in (replace(plain, guardrail=GUARDRAIL), replace(plain, extra_body=CONFIG)):
            assert [lint.rule for lint in lint_request(request, endpoint=endpoint)] == rule
        assert [lint.rule for lint in lint_request(plain.to_body(), endpoint=endpoint, guardrail=True)] == rule
        assert lint_request(plain, endpoint=endpoint) == ()
