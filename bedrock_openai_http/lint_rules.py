"""Which model refuses or ignores which field: one row for each fact, for `lint` to apply.

"is refused" and "is ignored" stand for what was documented or seen (DOC, SEEN), "is not known to" for what nobody
has confirmed (INF). The sources are named in `docs/bedrock.md`; most rows are of BerriAI/litellm#40775, 2026-09.

This module holds the rows and what they test. A test must bear any JSON value, since `extra_body` is sent unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from .frozen import frozen
from .values import plain

#: Whether a rule speaks, by the value of its field (never None) and all fields of the request.
Test: TypeAlias = Callable[[Any, Mapping[str, Any]], bool]


@frozen
class Rule:
    """One fact: a field, with a value to which `applies` says yes, in a request to one of the models."""

    tag: str
    name: str
    field: str
    #: Names of `model_facts.FAMILIES`; empty for every model.
    families: tuple[str, ...]
    applies: Test
    message: str
    endpoints: tuple[str, ...] = ("runtime", "mantle")


def _always(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the field asks for anything: false and an empty list do not."""
    return value is not False and value != [] and value != ()


def _is(*values: str) -> Test:
    return lambda value, fields: value in values


def _is_not(*values: str) -> Test:
    return lambda value, fields: value not in values


def _reasons(value: Any, fields: Mapping[str, Any]) -> bool:
    return _always(value, fields) and fields.get("reasoning_effort") != "none"


def _above_one(value: Any, fields: Mapping[str, Any]) -> bool:
    return isinstance(value, int) and value > 1


def _format(kind: str) -> Test:
    return lambda value, fields: isinstance(value, Mapping) and value.get("type") == kind


def _unspoken_json(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether a JSON object is wanted and no message says so."""
    return _format("json_object")(value, fields) and not any(
        "json" in text.lower() for message in fields["messages"] for text in _texts(plain(message).get("content"))
    )


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif content is not None:
        yield from (part.get("text", "") for part in content)


_ALL: tuple[str, ...] = ()
_OSS = ("gpt-oss",)
_GROK = ("Grok",)
_GPT = ("GPT-5.6", "GPT-6", "GPT-6.1")
_SAMPLING = ("tools", "temperature", "top_p", "frequency_penalty", "presence_penalty", "logprobs")
_UNLESS_NONE = 'is refused by GPT-5.6 and GPT-6 unless reasoning_effort is "none"'
_NEVER_NONE = (
    "is not known to be accepted by GPT-6.1: the models before it take this only with reasoning_effort "
    '"none", which GPT-6.1 refuses'
)
_PENALTY = "makes Grok answer 503, as if it were overloaded; leave it out"
_STOP = "is matched against the hidden reasoning too, which can leave the answer empty; cut the answer yourself"
_SCHEMA = "is accepted and ignored by gpt-oss; describe the JSON in a message, and check the answer yourself"
_JSON = 'is refused by GPT and Grok unless a message says "json"; ask for JSON in a message'
_TIERS = 'is not known to the runtime endpoint, which has "default", "priority", "flex" and "reserved"'
_MANTLE_TIERS = 'is not known to the mantle endpoint, which has "auto", "default", "priority" and "flex"'
_CONVERSE = "is a key of the Converse API, which this API refuses or ignores"

#: Of the rules for one field the first that applies speaks.
RULES = (
    Rule(
        "SEEN",
        "max-tokens",
        "max_tokens",
        _GPT,
        _always,
        "is refused by GPT-5.6 and later; write max_completion_tokens",
    ),
    Rule(
        "SEEN",
        "reasoning-effort",
        "reasoning_effort",
        ("GPT-6.1", "Grok"),
        _is("none"),
        'is refused: GPT-6.1 and Grok do not take "none"',
    ),
    Rule(
        "INF",
        "reasoning-effort",
        "reasoning_effort",
        _OSS,
        _is_not("low", "medium", "high"),
        'is not known to be accepted by gpt-oss, which has "low", "medium" and "high"',
    ),
    *(Rule("SEEN", "needs-no-reasoning", field, ("GPT-5.6", "GPT-6"), _reasons, _UNLESS_NONE) for field in _SAMPLING),
    *(Rule("INF", "needs-no-reasoning", field, ("GPT-6.1",), _always, _NEVER_NONE) for field in _SAMPLING),
    Rule("SEEN", "penalty", "frequency_penalty", _GROK, _always, _PENALTY),
    Rule("SEEN", "penalty", "presence_penalty", _GROK, _always, _PENALTY),
    Rule("SEEN", "logit-bias", "logit_bias", _OSS, _always, "is refused by gpt-oss; leave it out"),
    Rule(
        "SEEN",
        "n",
        "n",
        (*_OSS, *_GPT, *_GROK),
        _above_one,
        "is not supported above 1; send the request several times",
    ),
    Rule("INF", "n", "n", _ALL, _above_one, "is not known to be supported above 1"),
    Rule("SEEN", "stop", "stop", (*_OSS, *_GROK), _always, _STOP),
    Rule("SEEN", "json-schema", "response_format", _OSS, _format("json_schema"), _SCHEMA),
    Rule("SEEN", "json-object", "response_format", (*_GPT, *_GROK), _unspoken_json, _JSON),
    Rule("INF", "seed", "seed", _ALL, _always, "is not known to be honoured by any model"),
    Rule(
        "SEEN",
        "service-tier",
        "service_tier",
        ("GPT-5", "GPT-5.6"),
        _is_not("default", "auto"),
        'is refused: GPT-5 models have the tier "default" only',
    ),
    Rule(
        "SEEN",
        "service-tier",
        "service_tier",
        _ALL,
        _is("reserved"),
        "is refused by the mantle endpoint",
        ("mantle",),
    ),
    Rule("INF", "service-tier", "service_tier", _ALL, _is("scale", "fast"), _MANTLE_TIERS, ("mantle",)),
    Rule(
        "INF",
        "service-tier",
        "service_tier",
        _ALL,
        _is_not("default", "priority", "flex", "reserved"),
        _TIERS,
        ("runtime",),
    ),
    Rule("SEEN", "converse-key", "guardrailConfig", _ALL, _always, f"{_CONVERSE}; give a Guardrail instead"),
    Rule("SEEN", "converse-key", "performanceConfig", _ALL, _always, f"{_CONVERSE}; leave it out"),
    Rule("SEEN", "converse-key", "requestMetadata", _ALL, _always, f"{_CONVERSE}; leave it out"),
    Rule("SEEN", "converse-key", "serviceTier", _ALL, _always, f"{_CONVERSE}; write service_tier"),
)

#: Rules about what messages hold.
MESSAGE_RULES = {
    "text-only": "is refused: gpt-oss takes text only",
    "image-url": "is not fetched from the web; give the image as a data: or s3:// URL",
    "reasoning-history": "has <reasoning> tags, which some models refuse or repeat; send only the answer's text",
}


#: Each field of which a rule speaks, with its rules.
FieldRules: TypeAlias = tuple[tuple[str, tuple[Rule, ...]], ...]


def rules_for(family: str, endpoint: str) -> FieldRules:
    """Return the lint profile of a family ("" for a model of none) on an endpoint."""
    profile: dict[str, tuple[Rule, ...]] = {}
    for rule in RULES:
        if endpoint in rule.endpoints and (family in rule.families or not rule.families):
            profile[rule.field] = (*profile.get(rule.field, ()), rule)
    return tuple(profile.items())
