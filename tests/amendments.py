"""What is true of Bedrock since the autumn of 2026, with source and date: requests, and what is said of them.

This module checks nothing. A row is (source, date, model, fields, endpoint, what is said); what is said is each
(place, rule) of a Lint, in the order of their places.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bedrock_openai_http.call.advice.advise import CallFacts

CARDS = "AWS model cards of GPT-5.6 Sol, GPT-6 Astra and GPT-6 Luna"
TERRA = "AWS model card of GPT-6.1 Terra"
LITELLM = "LiteLLM 1.110.2, llms/bedrock/common_utils.py, live checks"
TABLE = "LiteLLM 1.110.2, table of models"
SPM = "aws-samples/sample-per-model-bedrock"
GEMMA = "BerriAI/litellm#36970"

SOL, LUNA, ASTRA = "us.openai.gpt-5.6-sol", "us.openai.gpt-6-luna", "global.openai.gpt-6-astra"
SOL_61, TERRA_61, LATER = "us.openai.gpt-6.1-sol", "us.openai.gpt-6.1-terra", "us.openai.gpt-7"
OSS, GROK, GEMMA_4, QWEN = "openai.gpt-oss-20b-1:0", "us.xai.grok-4.6", "google.gemma-4-31b", "qwen.qwen3-32b-v1:0"
TOOL = {"type": "function", "function": {"name": "f"}}

Place = tuple[str, str]


def said(field: str, rule: str) -> list[Place]:
    return [(f"$.{field}", rule)]


def schema(root: Any, **members: Any) -> dict[str, Any]:
    """Return fields that ask for JSON by the schema `root`, strictly unless told otherwise."""
    described = {"name": "x", "schema": root, "strict": True, **members}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def thing(*required: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that takes these properties only."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
GOOD = thing("a", a={"anyOf": [thing("b", b=TEXT), {"type": "null"}]})
STRICT = said("response_format", "json-schema-strict")

Row = tuple[str, str, str, dict[str, Any], str, list[Place]]

STOP: list[Row] = [
    *(
        (LITELLM, "2026-10-09", model, {"stop": "x"}, "runtime", said("stop", "stop"))
        for model in (SOL, SOL_61, GROK)
    ),
    (LITELLM, "2026-10-09", "us.xai.grok-4.7", {"stop": ["x"]}, "runtime", said("stop", "stop")),
    (CARDS, "2026-09", LATER, {"stop": "x"}, "runtime", said("stop", "stop")),
    (SPM, "2026-08", OSS, {"stop": "x"}, "runtime", said("stop", "stop")),
    (SPM, "2026-08", QWEN, {"stop": "x"}, "runtime", []),
]
EFFORT: list[Row] = [
    (TERRA, "2026-10-26", TERRA_61, {"reasoning_effort": "none"}, "runtime", []),
    (CARDS, "2026-09-22", LUNA, {"reasoning_effort": "none"}, "runtime", []),
    (LITELLM, "2026-10", "us.openai.gpt-6-sol", {"reasoning_effort": "none"}, "runtime", []),
    *(
        (
            LITELLM,
            "2026-10",
            model,
            {"reasoning_effort": "none"},
            "runtime",
            said("reasoning_effort", "reasoning-effort"),
        )
        for model in (ASTRA, SOL_61, GROK)
    ),
    *(
        (
            LITELLM,
            "2026-10",
            model,
            {"reasoning_effort": "minimal"},
            "runtime",
            said("reasoning_effort", "reasoning-effort"),
        )
        for model in (SOL, LUNA, ASTRA, SOL_61, TERRA_61, LATER, GROK)
    ),
    *(
        (CARDS, "2026-09-22", model, {"reasoning_effort": effort}, "runtime", [])
        for model in (LUNA, TERRA_61)
        for effort in ("low", "medium", "high", "xhigh", "max")
    ),
    (
        SPM + " 11/02",
        "2026-10",
        GROK,
        {"reasoning_effort": "max"},
        "runtime",
        said("reasoning_effort", "reasoning-effort"),
    ),
    *(
        (SPM + " 11/02", "2026-10", GROK, {"reasoning_effort": e}, "runtime", [])
        for e in ("low", "medium", "high", "xhigh")
    ),
    (LITELLM, "2026-10", "moonshotai.kimi-k3.1", {"reasoning_effort": "none"}, "runtime", []),
    (LITELLM, "2026-10", QWEN, {"reasoning_effort": 3}, "runtime", said("reasoning_effort", "reasoning-effort")),
    (LITELLM, "2026-10", GROK, {"reasoning": {"effort": "low"}}, "runtime", []),
    (LITELLM, "2026-10", GROK, {"reasoning": {"effort": "none"}}, "runtime", said("reasoning", "reasoning-effort")),
    (LITELLM, "2026-10", SOL, {"reasoning": {"effort": "low"}}, "runtime", said("reasoning", "reasoning-effort")),
]
WITHOUT_REASONING: list[Row] = [
    *(
        (
            LITELLM,
            "2026-10",
            model,
            {"logprobs": True, "top_logprobs": 2},
            endpoint,
            [("$.logprobs", "needs-no-reasoning"), ("$.top_logprobs", "needs-no-reasoning")],
        )
        for model, endpoint in ((SOL, "runtime"), (TERRA_61, "runtime"), (SOL_61, "runtime"), (SOL[3:], "mantle"))
    ),
    (LITELLM, "2026-10", TERRA_61, {"top_logprobs": 2, "logprobs": True, "reasoning_effort": "none"}, "runtime", []),
    (SPM + " 01/01", "2026-08-21", TERRA_61, {"tools": [TOOL]}, "runtime", said("tools", "needs-no-reasoning")),
    (SPM + " 01/01", "2026-08-21", LATER, {"tools": [TOOL]}, "runtime", said("tools", "needs-no-reasoning")),
    *((SPM + " 01/01", "2026-08-21", model, {"tools": [TOOL]}, "runtime", []) for model in (OSS, GROK)),
]
TIERS: list[Row] = [
    *(
        (CARDS, "2026-09", model, {"service_tier": tier}, endpoint, said("service_tier", "service-tier"))
        for model, endpoint in (
            (SOL, "runtime"),
            (LUNA, "runtime"),
            (SOL_61, "runtime"),
            ("openai.gpt-5.4", "mantle"),
        )
        for tier in ("priority", "flex", "ultrafast")
    ),
    (CARDS, "2026-10", ASTRA, {"service_tier": "ultrafast"}, "runtime", said("service_tier", "service-tier")),
    (CARDS, "2026-09", LUNA, {"service_tier": "default"}, "runtime", []),
    (SPM + " 11/02", "2026-10", GROK, {"service_tier": "flex"}, "runtime", []),
    *(
        (SPM + " 00/03", "2026-08", OSS, {"service_tier": tier}, "runtime", [])
        for tier in ("default", "flex", "priority")
    ),
]
SCHEMAS: list[Row] = [
    *((SPM + " 01/01", "2026-08-21", model, schema(GOOD), "runtime", []) for model in (SOL, TERRA_61, GROK, LATER)),
    (SPM + " 01/01", "2026-08-21", OSS, schema(GOOD), "runtime", said("response_format", "json-schema")),
    (SPM + " 04/01", "2026-08", QWEN, schema({"type": "array"}, strict=False), "runtime", []),
    *(
        (CARDS, "2026-10", model, fields, "runtime", STRICT)
        for model in (ASTRA, GROK, LATER)
        for fields in (
            schema(GOOD, strict=False),
            schema(GOOD, strict=None),
            schema({"type": "array", "items": GOOD}),
            schema({"anyOf": [GOOD]}),
            schema(thing(a=TEXT)),
            schema(thing("a", a=thing(b=TEXT))),
            schema(thing("a", a={"type": "array", "items": thing(b=TEXT)})),
            schema({**thing("a", a={"$ref": "#/$defs/d"}), "$defs": {"d": thing(b=TEXT)}}),
            schema({**GOOD, "additionalProperties": True}),
            schema({"type": "object", "properties": {"a": TEXT}, "required": ["a"]}),
            schema(thing("a", a={"anyOf": [{"type": ["object", "null"]}]})),
            {**schema(GOOD), "stream": True},
        )
    ),
    # Properties that are called as keywords are, and what stands in an enum, are no schemas.
    (CARDS, "2026-10", ASTRA, schema(thing("properties", "items", properties=TEXT, items=TEXT)), "runtime", []),
    (CARDS, "2026-10", ASTRA, schema(thing("a", a={"enum": [{"type": "object"}]})), "runtime", []),
]
ON_MANTLE: list[Row] = [
    *(
        (SPM + " 01/01", "2026-08-21", model, {"max_tokens": 9}, "mantle", [])
        for model in ("openai.gpt-5.4", "openai.gpt-5.5")
    ),
    *(
        (TABLE, "2026-11", model, {}, "runtime", said("model", "no-chat-api"))
        for model in ("us.openai.gpt-5.4", "global.openai.gpt-5.5")
    ),
    *(
        (TABLE, "2026-11", model, {}, "mantle", [])
        for model in ("xai.grok-4.6", "xai.grok-4.7", "openai.gpt-5.6-cyber")
    ),
    (TABLE, "2026-11", "openai.gpt-daybreak-blue-5.6-sol", {}, "mantle", said("model", "no-chat-api")),
    *(
        (GEMMA, "2026-08-14", GEMMA_4, {field: value}, "mantle", said(field, rule))
        for field, value, rule in (
            ("max_tokens", 9, "max-tokens"),
            ("max_completion_tokens", 9, "max-tokens"),
            ("temperature", 0.5, "sampling"),
            ("top_p", 0.5, "sampling"),
            ("presence_penalty", 1, "sampling"),
            ("frequency_penalty", 1, "sampling"),
            ("logprobs", True, "sampling"),
            ("stop", "x", "stop"),
            ("tools", [TOOL], "needs-no-reasoning"),
        )
    ),
    (
        GEMMA,
        "2026-08-14",
        GEMMA_4,
        {"logprobs": True, "top_logprobs": 1},
        "mantle",
        [("$.logprobs", "sampling"), ("$.top_logprobs", "sampling")],
    ),
    (GEMMA, "2026-08-14", GEMMA_4, {"temperature": 1, "tools": [TOOL], "reasoning_effort": "none"}, "mantle", []),
    (GEMMA, "2026-08-14", "google.gemma-3-4b-it", {"max_completion_tokens": 9, "temperature": 0}, "mantle", []),
]
NEW_MODELS: list[Row] = [
    *(
        (TABLE, "2026-11", model, {}, "runtime", [])
        for model in (
            *(f"{prefix}.openai.gpt-6.1-terra" for prefix in ("us", "global")),
            *(
                f"{prefix}moonshotai.kimi-k3{point}"
                for prefix in ("", "us.", "global.", "in.")
                for point in ("", ".1")
            ),
            *("us.zai.glm-5.3", "global.zai.glm-5.3", "us-gov.xai.grok-4.7", "us-gov.openai.gpt-oss-20b-1:0"),
        )
    ),
    *((TABLE, "2026-11", LATER, {"max_tokens": 9}, e, said("max_tokens", "max-tokens")) for e in ("runtime",)),
    (TABLE, "2026-11", "openai.gpt-6.2-sol", {"max_tokens": 9}, "mantle", said("max_tokens", "max-tokens")),
]
#: "[] is too short - 'tools'" and "'parallel_tool_calls' is only allowed when 'tools' are specified".
OPENAI = "OpenAI's API"
EMPTY: list[Row] = [
    *((OPENAI, "2026", model, {"tools": []}, "runtime", said("tools", "empty-tools")) for model in (OSS, SOL, QWEN)),
    *(
        (
            OPENAI,
            "2026",
            OSS,
            {"parallel_tool_calls": value, **more},
            "runtime",
            said("parallel_tool_calls", "empty-tools"),
        )
        for value in (True, False)
        for more in ({}, {"tools": None})
    ),
    (OPENAI, "2026", OSS, {"parallel_tool_calls": True, "tools": [TOOL]}, "runtime", []),
]
SAID = [*STOP, *EFFORT, *WITHOUT_REASONING, *TIERS, *SCHEMAS, *ON_MANTLE, *NEW_MODELS, *EMPTY]


LUNA_CARD = "AWS model card of GPT-6 Luna, 2026-09-22"
ROUTE = "model `x` isn't supported on this route"
INVALID = "The provided model identifier is invalid."
DENIED = "User: x is not authorized to perform: bedrock:InvokeModel on resource: y"
BUSY = "Too many tokens, please wait before trying again."
NOT_FOR_YOU = "x is not available for this account. Contact AWS Sales."
TOOLS = "Function tools with reasoning_effort are not supported"
NO_STOP = "This model doesn't support the stopSequences field"
NO_EFFORT = "Unsupported value: 'reasoning_effort' does not support 'minimal'"
NO_API = "x does not support the '/v1/chat/completions' API"
RETENTION = "data retention mode 'default' is not available for this model"
UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model."

RUNTIME = CallFacts(endpoint="runtime", host="h", region="us-west-2", authentication="SigV4")


def runtime(model: str, **more: Any) -> CallFacts:
    return replace(RUNTIME, model=model, **more)


def mantle(model: str, **more: Any) -> CallFacts:
    return replace(RUNTIME, endpoint="mantle", model=model, **more)


EU, EAST = {"region": "eu-central-1"}, {"region": "us-east-1"}

#: Source; status, words and type of a refusal; facts of the call; what the advice says, and what it does not.
ADVICE: list[tuple[str, int, str, str | None, CallFacts, list[str], list[str]]] = [
    (SPM, 400, INVALID, None, runtime(GROK, **EU), ["The profile us.", "eu-central-1", "global."], ["endpoint"]),
    (SPM, 400, INVALID, None, runtime("global.xai.grok-4.6", **EU), ["no access to global.xai.grok-4.6 in eu"], []),
    (SPM, 400, INVALID, None, runtime("mistral.mistral-large-2407-v1:0"), ["has no access to mistral"], []),
    (SPM, 400, INVALID, None, runtime("openai.gpt-oss-20b", **EU), ["write 'openai.gpt-oss-20b-1:0'"], ["profile"]),
    ("Bedrock user guide, 2026-11", 400, ROUTE, None, mantle("a.b"), ["the path depends on the model"], []),
    (
        "anomalyco/models.dev#7714",
        404,
        "'x' does not exist",
        None,
        mantle("xai.grok-4.6", **EAST),
        ["us-west-2", "not in us-east-1"],
        [],
    ),
    (
        "anthropics/claude-code#49238",
        403,
        NOT_FOR_YOU,
        "permission_error",
        mantle(GROK, authentication="API key"),
        ["This account may not use us.xai"],
        ["API key"],
    ),
    (
        "maximhq/bifrost, the words INF",
        403,
        "No.",
        "permission_error",
        mantle("openai.gpt-6-sol"),
        ["bedrock-mantle:CreateInference"],
        ["API key"],
    ),
    (
        LUNA_CARD,
        403,
        DENIED,
        "AccessDeniedException",
        runtime(LUNA, stream=True),
        ["on the profile", "project/default", "bedrock:InvokeModelWithResponseStream"],
        [],
    ),
    (
        LUNA_CARD,
        403,
        "You don't have access to the model",
        "AccessDeniedException",
        runtime(LUNA, stream=True),
        ["no access to us.openai.gpt-6-luna", "project/default"],
        [],
    ),
    (LUNA_CARD, 401, "No.", "access_denied", runtime(LUNA), ["project/default"], ["Stream"]),
    (LUNA_CARD, 403, DENIED, "AccessDeniedException", runtime(OSS), [f"bedrock:InvokeModel on {OSS}"], []),
    (
        LUNA_CARD,
        429,
        BUSY,
        "ThrottlingException",
        runtime(LUNA, max_completion_tokens=9),
        ["max_completion_tokens (9)", "costs 10 of the quota"],
        [],
    ),
    (LUNA_CARD, 429, "x", "ThrottlingException", runtime("global.openai.gpt-6-luna"), ["costs 10 of the quota"], []),
    (LUNA_CARD, 429, BUSY, None, runtime(SOL), ["reserved"], ["costs"]),
    ("Bedrock user guide, quotas-mantle, 2026-11", 429, BUSY, None, mantle(LUNA[3:]), ["reserved"], ["costs"]),
    (LITELLM, 400, TOOLS, None, runtime(SOL_61), ["always reasons"], ['"none"']),
    (LITELLM, 400, TOOLS, None, runtime(TERRA_61), ['reasoning_effort to "none"'], []),
    (LITELLM, 400, UNSUPPORTED.format("top_p"), None, runtime(SOL_61), ["always reasons"], ['"none"']),
    (LITELLM, 400, UNSUPPORTED.format("top_p"), None, runtime(SOL), ['reasoning_effort to "none"'], []),
    (LITELLM, 400, NO_STOP, None, runtime(SOL), ["Leave `stop` out"], []),
    (LITELLM, 400, NO_EFFORT, "unsupported_value", runtime(SOL), ["Leave reasoning_effort out"], []),
    (GEMMA, 400, UNSUPPORTED.format("max_tokens"), None, mantle(GEMMA_4), ["takes neither a limit"], ["Send"]),
    (SPM, 400, NO_API, None, runtime("us.openai.gpt-5.4"), ["the mantle endpoint has it"], []),
    (
        "pydantic/pydantic-ai#8170",
        400,
        RETENTION,
        None,
        runtime("us.anthropic.claude-fable-5"),
        ["bedrock:PutAccountDataRetention"],
        [],
    ),
]
