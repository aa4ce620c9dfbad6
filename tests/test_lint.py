"""Lint: each rule speaks where it should and nowhere else, and never says what a message says."""

from __future__ import annotations

import pickle
import re
import warnings
from typing import Any

import pytest

from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletionRequest,
    CompatibilityWarning,
    FunctionTool,
    HTTPResponse,
    ImagePart,
    Lint,
    SystemMessage,
    TextPart,
    UserMessage,
    lint_request,
    parse_completion,
    validate_request,
)
from bedrock_openai_http.lint_rules import MESSAGE_RULES, RULES
from bedrock_openai_http.model_facts import FAMILIES
from pages import PAGES, rows
from support import MODEL, PROMPT

GPT, GPT_61, GROK, OTHER = "us.openai.gpt-5.6-sol", "us.openai.gpt-6.1-sol", "us.xai.grok-4.6", "zai.glm-5"
TOOL = {"type": "function", "function": {"name": "f"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
WEB = {"type": "image_url", "image_url": {"url": "HTTPS://example.org/a.png"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
OBJECT = {"type": "json_object"}


def body(model: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": PROMPT}], **fields}


def rules(request: Any, **where: Any) -> list[tuple[str, str]]:
    return [(lint.json_path, lint.rule) for lint in lint_request(request, **where)]


#: (model, fields, endpoint, rule): what is known to be refused or ignored; the place is the first of the fields.
SPOKEN = [
    *((model, {"max_tokens": 9}, "runtime", "max-tokens") for model in (GPT, GPT_61, "global.openai.gpt-6-luna")),
    (MODEL, {"reasoning_effort": "none"}, "runtime", "reasoning-effort"),
    (MODEL, {"reasoning_effort": "xhigh"}, "runtime", "reasoning-effort"),
    (GPT_61, {"reasoning_effort": "none"}, "runtime", "reasoning-effort"),
    (GROK, {"reasoning_effort": "none"}, "runtime", "reasoning-effort"),
    *(
        (model, fields, "runtime", "needs-no-reasoning")
        for model in (GPT, GPT_61)
        for fields in (
            {"tools": [TOOL]},
            {"temperature": 0},
            {"top_p": 0.5},
            {"frequency_penalty": 1},
            {"presence_penalty": 1},
            {"logprobs": True},
        )
    ),
    (GPT, {"temperature": 1, "reasoning_effort": "low"}, "runtime", "needs-no-reasoning"),
    (GROK, {"frequency_penalty": 1}, "runtime", "penalty"),
    (GROK, {"presence_penalty": 0.1}, "runtime", "penalty"),
    (MODEL, {"logit_bias": {"1": 1}}, "runtime", "logit-bias"),
    *((model, {"n": 2}, "runtime", "n") for model in (MODEL, GPT, GROK, OTHER)),
    (MODEL, {"stop": ["x"]}, "runtime", "stop"),
    (GROK, {"stop": "x"}, "runtime", "stop"),
    (MODEL, {"response_format": SCHEMA}, "runtime", "json-schema"),
    *((model, {"response_format": OBJECT}, "runtime", "json-object") for model in (GPT, GPT_61, GROK)),
    *((model, {"seed": 0}, "runtime", "seed") for model in (MODEL, OTHER)),
    (GPT, {"service_tier": "flex"}, "runtime", "service-tier"),
    ("openai.gpt-5.1", {"service_tier": "priority"}, "mantle", "service-tier"),
    (OTHER, {"service_tier": "auto"}, "runtime", "service-tier"),
    (OTHER, {"service_tier": "reserved"}, "mantle", "service-tier"),
    (OTHER, {"service_tier": "scale"}, "mantle", "service-tier"),
]


@pytest.mark.parametrize(("model", "fields", "endpoint", "rule"), SPOKEN)
def test_what_will_be_refused_or_ignored_is_said(
    model: str, fields: dict[str, Any], endpoint: str, rule: str
) -> None:
    """One field gives one Lint with its place and rule, for a body and for the same request as a value."""
    request = body(model, **fields)
    validate_request(request)
    (lint,) = lint_request(request, endpoint=endpoint)
    assert (lint.json_path, lint.rule) == (f"$.{next(iter(fields))}", rule)
    assert lint_request(ChatCompletionRequest.from_body(request), endpoint=endpoint) == (lint,)


@pytest.mark.parametrize(
    ("model", "fields", "endpoint"),
    [
        (MODEL, {"max_tokens": 9, "temperature": 1, "tools": [TOOL], "reasoning_effort": "low"}, "runtime"),
        (MODEL, {"n": 1, "logprobs": True, "frequency_penalty": 1, "response_format": {"type": "text"}}, "runtime"),
        (MODEL, {"stop": None, "seed": None, "response_format": OBJECT}, "runtime"),
        (GPT, {"temperature": 1, "tools": [TOOL], "reasoning_effort": "none", "stop": "x"}, "runtime"),
        (GPT, {"logprobs": False, "service_tier": "default", "max_completion_tokens": 9}, "runtime"),
        (GROK, {"temperature": 1, "tools": [TOOL], "max_tokens": 9}, "runtime"),
        (OTHER, {"max_tokens": 9, "stop": "x", "response_format": SCHEMA, "logit_bias": {"1": 1}}, "runtime"),
        *((OTHER, {"service_tier": tier}, "runtime") for tier in ("default", "priority", "flex", "reserved")),
        *((OTHER, {"service_tier": tier}, "mantle") for tier in ("default", "priority", "flex", "auto")),
    ],
)
def test_what_is_taken_gives_no_lint(model: str, fields: dict[str, Any], endpoint: str) -> None:
    """A field that the model is not known to refuse is passed over in silence; null and false ask for nothing."""
    assert lint_request(body(model, **fields), endpoint=endpoint, region="us-west-2") == ()


def test_a_common_request_is_clean() -> None:
    """A conversation of ten messages with a tool, as values or as a body, gives no lint."""
    turns = [UserMessage("a"), AssistantMessage("b")] * 4
    request = ChatCompletionRequest(
        MODEL,
        [SystemMessage("s"), *turns, UserMessage([TextPart("c"), TextPart("d")])],
        tools=[FunctionTool("f")],
        max_completion_tokens=9,
        temperature=0.5,
    )
    assert lint_request(request, region="eu-west-1") == ()
    assert lint_request(request.to_body(), region="eu-west-1") == ()


@pytest.mark.parametrize("text", ["Answer in JSON.", [{"type": "text", "text": "as json, please"}]])
def test_a_json_object_that_a_message_asks_for_is_clean(text: Any) -> None:
    """The word in any message, in any case, in a string or in a part, satisfies GPT and Grok."""
    request = body(GPT, response_format=OBJECT)
    request["messages"].insert(0, {"role": "system", "content": text})
    assert lint_request(request) == ()
    assert lint_request(ChatCompletionRequest.from_body(request)) == ()


@pytest.mark.parametrize(
    ("model", "part", "found"),
    [
        (MODEL, IMAGE, [("$.messages[0].content[1]", "text-only")]),
        (MODEL, WEB, [("$.messages[0].content[1]", "text-only")]),
        (OTHER, IMAGE, []),
        (OTHER, WEB, [("$.messages[0].content[1].image_url.url", "image-url")]),
        (OTHER, ImagePart("http://example.org/a.png"), [("$.messages[0].content[1].image_url.url", "image-url")]),
        (OTHER, ImagePart("s3://bucket/a.png"), []),
    ],
)
def test_images(model: str, part: Any, found: list[tuple[str, str]]) -> None:
    """gpt-oss takes none; for other models an image on the web is not fetched."""
    request = ChatCompletionRequest(model, [UserMessage([TextPart("What is it?"), part])])
    assert rules(request) == found
    assert rules(request.to_body()) == found


@pytest.mark.parametrize("content", ["<reasoning>a</reasoning>b", [{"type": "text", "text": "<reasoning>"}]])
def test_reasoning_in_the_history_is_said_once(content: Any) -> None:
    """Tags in an assistant message are found, at the first place; a user may write them."""
    request = body(OTHER)
    request["messages"] += [{"role": "assistant", "content": content}] * 2 + [{"role": "user", "content": content}]
    place = "$.messages[1].content" + ("" if isinstance(content, str) else "[0].text")
    assert rules(request) == [(place, "reasoning-history")]
    assert rules(ChatCompletionRequest.from_body(request)) == [(place, "reasoning-history")]
    request["messages"][1:3] = []
    assert rules(request) == []


def test_an_answer_among_the_messages_is_clean() -> None:
    """The message of an answer goes out without its reasoning, so there is nothing to say."""
    answer = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "<reasoning>a</reasoning>b"}}]}'
    message = parse_completion(HTTPResponse(200, {}, answer)).choices[0].message
    assert rules(ChatCompletionRequest(MODEL, [UserMessage("x"), message])) == []


@pytest.mark.parametrize("key", ["guardrailConfig", "requestMetadata", "performanceConfig", "serviceTier"])
def test_keys_of_converse_in_extra_body(key: str) -> None:
    """They pass the schema in extra_body only, and are said to be useless there."""
    request = ChatCompletionRequest(MODEL, [UserMessage("x")], extra_body={key: {"a": "b"}})
    assert rules(request) == [(f"$.{key}", "converse-key")]


@pytest.mark.parametrize("value", [True, 1, 1.5, "x", [], ["x"], {}, {"type": ["json_object"]}, None])
@pytest.mark.parametrize("model", [MODEL, GPT, GPT_61, GROK, OTHER])
def test_extra_body_may_hold_anything(model: str, value: Any) -> None:
    """A field in extra_body is not checked by the schema, and no rule fails on it."""
    fields = {rule.field: value for rule in RULES}
    request = ChatCompletionRequest(model, [UserMessage("x")], extra_body=fields)
    validate_request(request)
    for endpoint in ("runtime", "mantle"):
        lint_request(request, endpoint=endpoint)


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [
        *((model, "runtime") for model in ("us.anthropic.claude-9", "amazon.nova-pro-v1:0", "meta.llama3-8b-v1:0")),
        *((model, "mantle") for model in ("openai.gpt-5.4", "openai.gpt-5.5", "anthropic.claude-9")),
    ],
)
def test_a_model_without_this_api(model: str, endpoint: str) -> None:
    """Claude, Nova, Llama and older GPT models have other APIs."""
    assert rules(body(model), endpoint=endpoint) == [("$.model", "no-chat-api")]


@pytest.mark.parametrize(
    ("profile", "region", "fits"),
    [
        ("us", "us-east-1", True),
        ("us", "ca-central-1", True),
        ("us", "us-gov-west-1", False),
        ("us", "eu-west-1", False),
        ("us-gov", "us-gov-east-1", True),
        ("us-gov", "us-east-1", False),
        ("eu", "eu-north-1", True),
        ("eu", "us-west-2", False),
        ("ca", "ca-west-1", True),
        ("ca", "us-west-2", False),
        ("apac", "ap-south-1", True),
        ("apac", "eu-west-1", False),
        ("jp", "ap-northeast-1", True),
        ("jp", "ap-southeast-2", False),
        ("au", "ap-southeast-2", True),
        ("au", "us-west-2", False),
        ("global", "sa-east-1", True),
        ("us", None, True),
    ],
)
def test_a_profile_and_the_region_that_calls_it(profile: str, region: str | None, fits: bool) -> None:
    """A geographic profile that does not fit the Region is said, where the Region is known."""
    found = rules(body(f"{profile}.{OTHER}"), region=region)
    assert found == ([] if fits else [("$.model", "profile")])


def test_a_profile_of_an_unknown_model_on_mantle() -> None:
    """It is not refused, but said."""
    assert rules(body(f"us.{OTHER}"), endpoint="mantle") == [("$.model", "profile")]


def test_the_rules_that_are_tested_are_all_the_rules() -> None:
    """Each row can be reached: it is for known families and endpoints, and the table above has its rule."""
    assert {name for rule in RULES for name in rule.families} <= {family.name for family in FAMILIES}
    assert {rule.name for rule in RULES} - {"converse-key"} == {rule for *_, rule in SPOKEN}
    said = {
        lint.message
        for model, fields, endpoint, _ in SPOKEN
        for lint in lint_request(body(model, **fields), endpoint=endpoint)
    }
    assert {rule.message for rule in RULES if rule.name != "converse-key"} == said


def test_the_rules_are_described() -> None:
    """The reference has each rule, and no other."""
    page = PAGES["docs/reference.md"]
    section = page[page.index("### `lint_request`") : page.index("### `Lint`")]
    names = {rule.name for rule in RULES} | {*MESSAGE_RULES, "no-chat-api", "profile"}
    assert rows(section).keys() - {"rule", "---"} == names


def test_doubt_is_marked() -> None:
    """A row that nobody has confirmed says "not known to"; one that was seen does not."""
    for rule in RULES:
        assert rule.tag in ("SEEN", "DOC", "INF")
        assert ("not known to" in rule.message) == (rule.tag == "INF"), rule


def test_lint_never_repeats_the_prompt_and_changes_nothing() -> None:
    """Neither the messages nor the values of fields are in what is said, and the request stays as it was."""
    request = body(MODEL, stop=PROMPT, seed=1, n=3, response_format=SCHEMA)
    request["messages"].append({"role": "assistant", "content": f"<reasoning>{PROMPT}"})
    before = pickle.dumps(request)
    found = lint_request(request)
    assert len(found) == 5
    assert "SECRET" not in "".join(map(str, found))
    assert pickle.dumps(request) == before


def test_a_lint_reads_well_and_is_a_plain_value() -> None:
    """Its text is one line with place, words and rule; it compares, hashes and survives pickle."""
    (lint,) = lint_request(body(GPT, max_tokens=9))
    assert str(lint) == ("$.max_tokens: is refused by GPT-5.6 and later; write max_completion_tokens [max-tokens]")
    assert pickle.loads(pickle.dumps(lint)) == lint
    assert len({lint, Lint(*lint)}) == 1


def test_the_warning_can_be_made_an_error() -> None:
    """The category carries the Lint, shows its text, can be filtered, and survives pickle."""
    (lint,) = lint_request(body(MODEL, seed=1))
    with pytest.warns(CompatibilityWarning, match=re.escape(str(lint))):
        warnings.warn(CompatibilityWarning(lint), stacklevel=1)
    with warnings.catch_warnings(), pytest.raises(CompatibilityWarning) as caught:
        warnings.filterwarnings("error", category=CompatibilityWarning)
        warnings.warn(CompatibilityWarning(lint), stacklevel=1)
    assert caught.value.lint == lint
    assert pickle.loads(pickle.dumps(caught.value)).lint == lint
