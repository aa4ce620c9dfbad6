"""Lint: each rule speaks where it should and nowhere else, and never says what a message says."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from typing import Any

import pytest

from amendments import SAID
from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletionRequest,
    CompatibilityWarning,
    FunctionCall,
    FunctionTool,
    HTTPResponse,
    ImagePart,
    Lint,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    lint_request,
    parse_completion,
    validate_request,
)
from bedrock_openai_http.validation.lint import NAME_RULE
from bedrock_openai_http.validation.lint_rules import MESSAGE_RULES, RULES
from bedrock_openai_http.validation.model_names import known_names
from bedrock_openai_http.validation.models import FAMILIES, model_mistake
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
    *((model, {"stop": "x"}, "runtime", "stop") for model in (GPT, GPT_61, GROK)),
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
        (GPT, {"temperature": 1, "tools": [TOOL], "reasoning_effort": "none"}, "runtime"),
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
        *((model, "runtime") for model in ("openai.gpt-5.4", "us.openai.gpt-5.5", "google.gemma-4-31b")),
        *((model, "mantle") for model in ("openai.gpt-daybreak-blue-5.6-sol", "anthropic.claude-9")),
    ],
)
def test_a_model_without_this_api(model: str, endpoint: str) -> None:
    """Claude, Nova and Llama have other APIs; some models have this one on mantle only."""
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
    """Each row can be reached: its families are known ones, and a table of requests has its rule and its words."""
    named = {name for rule in RULES if rule.models is not None for name in rule.models.families}
    assert named <= {family.name for family in FAMILIES}
    cases = [*SPOKEN, *(row[2:6] for row in SAID)]
    said = {
        (lint.rule, lint.message)
        for model, fields, endpoint, *_ in cases
        for lint in lint_request(body(model, **fields), endpoint=endpoint)
    }
    assert {(rule.name, rule.message) for rule in RULES if rule.name != "converse-key"} <= said


def test_the_rules_are_described() -> None:
    """The reference has each rule, and no other."""
    page = PAGES["docs/reference.md"]
    section = page[page.index("### `lint_request`") : page.index("### `Lint`")]
    names = {rule.name for rule in RULES} | {*MESSAGE_RULES, "no-chat-api", "profile", NAME_RULE}
    names |= {"guardrail-ignored", "guardrail-unproved"}
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


NAME, BARE, FILE_URL = "photo.png", "iVBORw0KGgo=", "file:///tmp/a.png"


@pytest.mark.parametrize(
    "url", [NAME, BARE, FILE_URL, "/tmp/a.png", "C:\\a.png", "gs://b/a.png", "", "image/png;base64,AA=="]
)
def test_an_image_that_is_no_url_of_bedrocks(url: str) -> None:
    """The name of a file, bare base64 and other schemes are said, with the form that is taken, and not repeated."""
    for part in (ImagePart(url), {"type": "image_url", "image_url": {"url": url}}):
        request = ChatCompletionRequest(OTHER, [UserMessage([part])])
        for given in (request, request.to_body()):
            (lint,) = lint_request(given)
            assert (lint.json_path, lint.rule) == ("$.messages[0].content[0].image_url.url", "image-form")
            assert not url or url not in str(lint)


@pytest.mark.parametrize("url", ["data:image/png;base64,AA==", "DATA:image/png;base64,AA==", "s3://b/k", "S3://b/k"])
def test_an_image_of_a_form_that_is_taken(url: str) -> None:
    """What Bedrock takes is passed over, in whichever case its scheme is written."""
    assert rules(ChatCompletionRequest(OTHER, [UserMessage([ImagePart(url)])])) == []


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}},
        IMAGE,
    ],
)
def test_a_model_that_takes_text_only(part: Any) -> None:
    """gpt-oss is known to take neither sounds nor files nor images; of another model nothing is known."""
    request = ChatCompletionRequest(MODEL, [UserMessage([TextPart("x"), part])])
    assert rules(request) == rules(request.to_body()) == [("$.messages[0].content[1]", "text-only")]
    assert rules(replace(request, model=OTHER)) == []


def test_calls_that_are_empty() -> None:
    """An empty list of calls is said where it is sent; a value without calls sends none."""
    request = body(OTHER)
    turns = [{"role": "assistant", "content": "b", "tool_calls": []}] * 2
    request["messages"] += [*turns, {"role": "user", "content": "c", "tool_calls": []}]
    assert rules(request) == [("$.messages[1].tool_calls", "empty-tool-calls")]
    assert rules(ChatCompletionRequest(OTHER, request["messages"])) == [
        ("$.messages[1].tool_calls", "empty-tool-calls")
    ]
    assert rules(ChatCompletionRequest(OTHER, [UserMessage("a"), AssistantMessage("b", tool_calls=[])])) == []


@pytest.mark.parametrize("member", ["reasoning", "reasoning_content"])
def test_reasoning_that_a_model_minds(member: str) -> None:
    """Kimi K3 fails on reasoning that is sent back (Kimi K3 card, 2026-09, of Converse); others are not known to."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", member: "c"}]
    for model in ("moonshotai.kimi-k3", "us.moonshotai.kimi-k3.1"):
        expected = [(f"$.messages[1].{member}", "reasoning-member")]
        assert rules({"model": model, "messages": turns}) == expected
        assert rules(ChatCompletionRequest(model, turns)) == expected
        assert rules({"model": model, "messages": [turns[0], {**turns[1], member: None}]}) == []
    assert rules({"model": "moonshotai.kimi-k2.5", "messages": turns}) == []


#: A name of another house, or a slip; the ID that is named on runtime and on mantle.
NAMES = [
    ("bedrock/openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    ("bedrock/converse/us.openai.gpt-6-sol", "us.openai.gpt-6-sol", "openai.gpt-6-sol"),
    ("bedrock_mantle/us-gov-west-1/openai.gpt-oss-20b", "openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    ("openai.gpt-oss:20b-1:0", "openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    ("gpt-oss:120b", "openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b"),
    ("openai/gpt-oss-20b", "openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    ("OpenAI.GPT-OSS-20B-1:0", "openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    (" openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    ("gpt-5.6-sol", "us.openai.gpt-5.6-sol", "openai.gpt-5.6-sol"),
    ("x-ai/grok-4.6", "us.xai.grok-4.6", "xai.grok-4.6"),
    ("Qwen/Qwen3-32B", "qwen.qwen3-32b-v1:0", "qwen.qwen3-32b"),
    ("openai.gpt-4o", "gpt-", "gpt-"),
    ("gpt-4o", "gpt-", "gpt-"),
    ("claude-3-5-sonnet-20241022", None, None),
    ("llama3.1:8b", None, None),
]


@pytest.mark.parametrize(("model", "runtime", "mantle"), NAMES)
def test_a_model_of_another_house(model: str, runtime: str | None, mantle: str | None) -> None:
    """A name that is none of Bedrock's is said, with the nearest that is known, which is right where it is named."""
    for endpoint, expected in (("runtime", runtime), ("mantle", mantle)):
        (lint,) = lint_request(body(model), endpoint=endpoint)
        assert (lint.json_path, lint.rule) == ("$.model", NAME_RULE)
        named = re.findall(r"did you mean '([^']+)'\?", lint.message)
        if expected is None:
            assert named == []
        else:
            assert expected == named[0] or (expected == "gpt-" and expected in named[0])
            assert model_mistake(named[0], endpoint) is None
            assert lint_request(body(named[0]), endpoint=endpoint) == ()


def test_names_that_may_be_bedrocks() -> None:
    """A provider, a dot and a model pass, and so do ARNs, profiles of tomorrow, and what stands for no model."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc"
    for model in (
        OTHER,
        f"zz.{OTHER}",
        f"us-iso.{OTHER}",
        "newhouse.new-model-v1:0",
        "ai21.jamba-1-5-v1:0",
        arn,
        "-",
        "",
    ):
        assert rules(body(model)) == [], model


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
def test_every_name_that_is_known_is_clean(endpoint: str) -> None:
    """No ID that lint proposes is one of which it has something to say."""
    for model in known_names(endpoint):
        assert lint_request(body(model), endpoint=endpoint) == (), model
        assert model_mistake(model, endpoint) is None


def test_a_name_costs_nothing_where_it_is_known() -> None:
    """`difflib` is loaded for a name that is none of Bedrock's, and for no other."""
    program = (
        "import sys; from bedrock_openai_http import lint_request\n"
        "for model in ('openai.gpt-oss-20b-1:0', 'zai.glm-5', 'gpt-4o'):\n"
        "    lint_request({'model': model, 'messages': []}); print('difflib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]


@pytest.mark.parametrize("arguments", ["", '{"city": "Par', "{'city': 1}"])
def test_arguments_that_are_no_json(arguments: str) -> None:
    """A call in the history whose arguments are empty or were cut is warned of, in a body and in values."""
    call = ToolCall("a", FunctionCall("f", arguments))
    whole = ToolCall("b", FunctionCall("f", "{}"))
    messages = [
        UserMessage("x"),
        AssistantMessage(tool_calls=[whole, call]),
        ToolMessage("1", "b"),
        ToolMessage("2", "a"),
    ]
    request = ChatCompletionRequest("openai.gpt-oss-20b-1:0", messages)
    for given in (request, request.to_body()):
        (lint,) = lint_request(given)
        assert (lint.json_path, lint.rule) == ("$.messages[1].tool_calls[1].function.arguments", "tool-arguments")
        assert "max_completion_tokens" in lint.message
