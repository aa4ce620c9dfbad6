"""Which model refuses or ignores which field: one row for each fact, for `lint` to apply.

"is refused" and "is ignored" stand for what was documented or seen (DOC, SEEN), "is not known to" for what nobody
has confirmed (INF). The sources are named in `docs/bedrock.md`; most rows are of BerriAI/litellm#40775, 2026-09, and
of LiteLLM 1.110.2, whose code names live checks of 2026-10.

This module holds the rows; what they test is in `lint_conditions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..values.frozen import frozen
from .lint_conditions import (
    Test,
    above_one,
    always,
    effort_is,
    empty,
    is_format,
    is_none_of,
    is_one_of,
    no_object_at_root,
    no_text,
    not_strict,
    open_object,
    optional_property,
    reasons,
    streamed_schema,
    unspoken_json,
    without_tools,
)
from .models import ALWAYS_REASON, Models


@frozen
class Rule:
    """One fact: a field, with a value to which `applies` says yes, in a request to one of the models."""

    tag: str
    name: str
    field: str
    #: None for every model.
    models: Models | None
    applies: Test
    message: str
    endpoints: tuple[str, ...] = ("runtime", "mantle")


_RUNTIME, _MANTLE = ("runtime",), ("mantle",)
_OSS = Models(("gpt-oss",))
_GROK = Models(("Grok",))
_GPT = Models(since=(5, 6))
_GPT_GROK = Models(("Grok",), since=(5, 6))
_GEMMA = Models(("Gemma 4",))
_MAY_REASON = Models(("GPT-5.6", "GPT-6", "GPT-6.1"), but=ALWAYS_REASON.starts)
_SAMPLING = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs")

_UNLESS_NONE = 'is refused by GPT-5.6 and later unless reasoning_effort is "none"'
_NEVER_NONE = (
    "is not known to be accepted by this model: others of its kind take this only with reasoning_effort "
    '"none", which it refuses'
)
_LATER_NONE = 'is not known to be accepted by a later GPT unless reasoning_effort is "none", as by those before it'
_PENALTY = "makes Grok answer 503, as if it were overloaded; leave it out"
_GEMMA_REFUSES = "is refused by Gemma 4 on mantle; leave it out"
_TIERS = 'is not known to the runtime endpoint, which has "default", "priority", "flex" and "reserved"'
_MANTLE_TIERS = 'is not known to the mantle endpoint, which has "auto", "default", "priority" and "flex"'
_CONVERSE = "is a key of the Converse API, which this API refuses or ignores"

_EFFORT = (
    ("SEEN", None, no_text, 'is refused: must be a text, such as "low"'),
    ("SEEN", ALWAYS_REASON, is_one_of("none"), 'is refused: GPT-6 Astra and GPT-6.1 Sol do not take "none"'),
    ("SEEN", _GPT, is_one_of("minimal"), 'is refused: GPT-5.6 and later do not take "minimal"'),
    ("SEEN", _GROK, is_one_of("none", "max"), 'is refused: Grok takes neither "none" nor "max"'),
    (
        "INF",
        _GROK,
        is_none_of("low", "medium", "high", "xhigh"),
        'is not known to be accepted by Grok, which has "low", "medium", "high" and "xhigh"',
    ),
    (
        "INF",
        _OSS,
        is_none_of("low", "medium", "high"),
        'is not known to be accepted by gpt-oss, which has "low", "medium" and "high"',
    ),
)
#: What a JSON schema must be for the models that enforce it. DOC: AWS model card of GPT-6 Astra, 2026-10.
_STRICT = (
    (not_strict, 'is not enforced without "strict": true beside the schema'),
    (no_object_at_root, 'must have a schema of "type": "object" at its root'),
    (optional_property, "must have every property of each object in its `required`; let what may lack be null"),
    (open_object, 'must have "additionalProperties": false in each object of the schema'),
    (streamed_schema, "is documented for calls without a stream; use complete(); parse_stream checks the answer"),
)

#: Of the rules for one field the first that applies speaks.
RULES = (
    Rule("SEEN", "empty-tools", "tools", None, empty, "is refused where it is empty; leave it out"),
    Rule("SEEN", "empty-tools", "parallel_tool_calls", None, without_tools, "is refused without tools; leave it out"),
    Rule(
        "SEEN",
        "max-tokens",
        "max_tokens",
        _GPT,
        always,
        "is refused by GPT-5.6 and later; write max_completion_tokens",
    ),
    *(
        Rule("SEEN", "max-tokens", field, _GEMMA, always, f"{_GEMMA_REFUSES}: it takes no limit", _MANTLE)
        for field in ("max_tokens", "max_completion_tokens")
    ),
    *(Rule(tag, "reasoning-effort", "reasoning_effort", *row) for tag, *row in _EFFORT),
    Rule(
        "SEEN",
        "reasoning-effort",
        "reasoning",
        _GROK,
        effort_is("none", "max"),
        'is refused: Grok takes neither "none" nor "max" as its effort',
    ),
    Rule(
        "INF",
        "reasoning-effort",
        "reasoning",
        Models(("gpt-oss", "Gemma 4", "Kimi K3"), since=(5, 0)),
        always,
        "is not known to be honoured but by Grok; write reasoning_effort",
    ),
    *(
        Rule("SEEN", "needs-no-reasoning", field, _MAY_REASON, reasons, _UNLESS_NONE)
        for field in ("tools", *_SAMPLING)
    ),
    *(
        Rule("INF", "needs-no-reasoning", field, ALWAYS_REASON, always, _NEVER_NONE)
        for field in ("tools", *_SAMPLING)
    ),
    *(Rule("INF", "needs-no-reasoning", field, _GPT, reasons, _LATER_NONE) for field in ("tools", *_SAMPLING)),
    Rule(
        "SEEN",
        "needs-no-reasoning",
        "tools",
        _GEMMA,
        reasons,
        'is refused by Gemma 4 on mantle unless reasoning_effort is "none"',
        _MANTLE,
    ),
    Rule("SEEN", "sampling", "temperature", _GEMMA, is_none_of(1), f"{_GEMMA_REFUSES}: it takes 1 only", _MANTLE),
    *(Rule("SEEN", "sampling", field, _GEMMA, always, _GEMMA_REFUSES, _MANTLE) for field in _SAMPLING[1:]),
    Rule("SEEN", "penalty", "frequency_penalty", _GROK, always, _PENALTY),
    Rule("SEEN", "penalty", "presence_penalty", _GROK, always, _PENALTY),
    Rule("SEEN", "logit-bias", "logit_bias", _OSS, always, "is refused by gpt-oss; leave it out"),
    Rule(
        "SEEN",
        "n",
        "n",
        Models(("gpt-oss", "Grok"), since=(5, 6)),
        above_one,
        "is not supported above 1; send the request several times",
    ),
    Rule("INF", "n", "n", None, above_one, "is not known to be supported above 1"),
    Rule(
        "SEEN",
        "stop",
        "stop",
        _OSS,
        always,
        "is matched against the hidden reasoning too, which can leave the answer empty; cut the answer yourself",
    ),
    Rule(
        "SEEN",
        "stop",
        "stop",
        _GPT_GROK,
        always,
        "is refused by GPT-5.6 and later and by Grok; leave it out, and cut the answer yourself",
    ),
    Rule("SEEN", "stop", "stop", _GEMMA, always, _GEMMA_REFUSES, _MANTLE),
    Rule(
        "SEEN",
        "json-schema",
        "response_format",
        _OSS,
        is_format("json_schema"),
        "is accepted and ignored by gpt-oss; describe the JSON in a message and check the answer, as Client.parse "
        "does unless it is told how",
    ),
    *(Rule("DOC", "json-schema-strict", "response_format", _GPT_GROK, *row) for row in _STRICT),
    Rule(
        "SEEN",
        "json-object",
        "response_format",
        _GPT_GROK,
        unspoken_json,
        'is refused by GPT and Grok unless a message says "json"; ask for JSON in a message',
    ),
    Rule("INF", "seed", "seed", None, always, "is not known to be honoured by any model"),
    Rule(
        "DOC",
        "service-tier",
        "service_tier",
        None,
        is_one_of("ultrafast"),
        "is refused: this tier is of the Responses API only",
    ),
    Rule(
        "SEEN",
        "service-tier",
        "service_tier",
        Models(since=(5, 0)),
        is_none_of("default", "auto"),
        'is refused: GPT models have the tier "default" only',
    ),
    Rule("SEEN", "service-tier", "service_tier", None, is_one_of("reserved"), "is refused by mantle", _MANTLE),
    Rule("INF", "service-tier", "service_tier", None, is_one_of("scale", "fast"), _MANTLE_TIERS, _MANTLE),
    Rule(
        "INF",
        "service-tier",
        "service_tier",
        None,
        is_none_of("default", "priority", "flex", "reserved"),
        _TIERS,
        _RUNTIME,
    ),
    Rule("SEEN", "converse-key", "guardrailConfig", None, always, f"{_CONVERSE}; give a Guardrail instead"),
    Rule("SEEN", "converse-key", "performanceConfig", None, always, f"{_CONVERSE}; leave it out"),
    Rule("SEEN", "converse-key", "requestMetadata", None, always, f"{_CONVERSE}; leave it out"),
    Rule("SEEN", "converse-key", "serviceTier", None, always, f"{_CONVERSE}; write service_tier"),
)

#: Rules about what messages hold.
MESSAGE_RULES = {
    "text-only": "is refused: gpt-oss takes text only",
    "image-url": "is not fetched from the web; give the image as a data: or s3:// URL",
    "image-form": 'is no URL that Bedrock takes: write "data:image/png;base64," and the image\'s bytes in base64',
    "empty-tool-calls": "is refused where it is empty; leave it out",
    "tool-arguments": (
        'is no JSON, as where the token budget cut an answer, and some models fail on it; write "{}" for a call '
        "without arguments, else leave the turn out and ask again with a larger max_completion_tokens"
    ),
    "reasoning-history": "has <reasoning> tags, which some models refuse or repeat; send only the answer's text",
    "reasoning-member": "is not known to be taken back by Kimi K3, which fails on it in Converse; leave it out",
}

#: Each field of which a rule speaks, with its rules.
FieldRules: TypeAlias = Mapping[str, tuple[Rule, ...]]


def rules_for(model: str, endpoint: str) -> FieldRules:
    """Return the lint profile of a model on an endpoint."""
    profile: dict[str, tuple[Rule, ...]] = {}
    for rule in RULES:
        if endpoint in rule.endpoints and (rule.models is None or rule.models.have(model)):
            profile[rule.field] = (*profile.get(rule.field, ()), rule)
    return profile
