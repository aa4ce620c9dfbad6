"""What is true of Bedrock since the autumn of 2026: each finding by its source, and what is said because of it."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from amendments import GROK, LATER, LUNA, OSS, QWEN, SAID, SOL, SOL_61, TERRA_61
from bedrock_openai_http import (
    ChatCompletionRequest,
    Client,
    CompatibilityWarning,
    ConfigurationError,
    Guardrail,
    ResponseFormatError,
    UserMessage,
    lint_request,
)
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
