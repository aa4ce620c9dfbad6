"""What a valid request asks for that its model will refuse or ignore.

The API is one and the models are many: GPT-5.6 refuses `max_tokens`, gpt-oss ignores a JSON schema, Grok answers
503 to a penalty. What is known of them stands in the rows of `lint_rules`; this applies them, on every call.

This module only speaks: it changes no request, refuses none, and never repeats what a message says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from ..values.extras import joined
from ..values.forks import loading
from ..values.request import GUARDRAIL_CONFIG, ChatCompletionRequest
from ..values.wire_value import plain
from .lint_messages import REASONING_MEMBERS, message_findings
from .lint_rules import MESSAGE_RULES, FieldRules, rules_for
from .models import GUARDED, family_of, fits_region, guardrail_mistake, profile_of

#: The rule about the name of a model. It holds for AWS's own hosts: what a gateway calls its models is its affair.
NAME_RULE = "model-name"


class Lint(NamedTuple):
    """One thing in a request that its model will refuse or ignore: where, by which rule, and what to do."""

    json_path: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.json_path}: {self.message} [{self.rule}]"


class CompatibilityWarning(UserWarning):
    """A client is about to send what the model will refuse or ignore; `lint` says what."""

    def __init__(self, lint: Lint) -> None:
        super().__init__(lint)
        self.lint = lint


def lint_request(
    request: ChatCompletionRequest | Mapping[str, Any],
    *,
    endpoint: str = "runtime",
    region: str | None = None,
    guardrail: bool = False,
) -> tuple[Lint, ...]:
    """Return what the model of `request` is known to refuse or to ignore, for one that passed `validate_request`.

    `guardrail` tells that one goes with the request which is not in it: a client's, or one named by headers. Of each
    rule and field there is one Lint, with the first place. A wrong model ID is not for this function but for
    `models.model_mistake`.
    """
    fields = _fields(request)
    # Cut short for the cache: no fact needs as much of an ID.
    found, known, guardrail_lint, text_only, minds = _about(fields["model"][:128], endpoint, region)
    for field in fields if len(fields) < len(known) else known:  # a body has few
        rules = known.get(field)
        if rules is not None and (value := fields.get(field)) is not None:
            for rule in rules:
                if rule.applies(value, fields):
                    found = (*found, Lint(f"$.{field}", rule.name, rule.message))
                    break
    if guardrail_lint is not None and (guardrail or _names_guardrail(fields)):
        found = (*found, guardrail_lint)
    findings = message_findings(fields["messages"], text_only, minds)
    if not findings:
        return found
    return (*found, *(Lint(place, rule, MESSAGE_RULES[rule]) for rule, place in findings.items()))


def _names_guardrail(fields: Mapping[str, Any]) -> bool:
    return fields.get("guardrail") is not None or fields.get(GUARDRAIL_CONFIG) is not None


def _fields(request: ChatCompletionRequest | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(request, ChatCompletionRequest):
        return request
    fields = vars(request)
    return fields if request.extra_body is None else joined(fields, plain(request.extra_body))


#: What is known of one model on one endpoint: what is to be said of the model itself, the rules for its fields, what
#: is to be said if there is a guardrail, whether it takes text only, and members of messages that it does not take.
_About: TypeAlias = tuple[tuple[Lint, ...], FieldRules, Lint | None, bool, tuple[str, ...]]


@lru_cache(maxsize=64)
def _about(model: str, endpoint: str, region: str | None) -> _About:
    family = family_of(model)
    name = "" if family is None else family.name
    return (
        tuple(_model_lints(model, endpoint, region)),
        rules_for(model, endpoint),
        _guardrail_lint(model, endpoint),
        name == "gpt-oss",
        REASONING_MEMBERS if name == "Kimi K3" else (),
    )


def _model_lints(model: str, endpoint: str, region: str | None) -> Iterator[Lint]:
    family, profile = family_of(model), profile_of(model)
    if family is None:
        with loading():
            from .model_names import name_lint

        words = name_lint(model, endpoint)
        if words is not None:
            yield Lint("$.model", NAME_RULE, words)
    elif endpoint not in family.chat:
        where = f" of the {endpoint} endpoint" if family.chat else ""
        yield Lint("$.model", "no-chat-api", f"{family.name} is not offered by the Chat Completions API{where}")
    if profile is None:
        return
    if endpoint == "mantle":
        yield Lint("$.model", "profile", "the mantle endpoint is not known to have cross-Region profiles")
    elif region is not None and not fits_region(model, region):
        message = f"the profile {profile.prefix!r} is not known to be callable from {region[:40]!r}"
        yield Lint("$.model", "profile", message)


def _guardrail_lint(model: str, endpoint: str) -> Lint | None:
    mistake = guardrail_mistake(model, endpoint)
    if mistake is not None:
        return Lint("$.guardrail", "guardrail-ignored", mistake)
    if GUARDED.have(model):
        return None
    return Lint(
        "$.guardrail",
        "guardrail-unproved",
        "is not known to be applied to this model on Chat Completions: it was seen with gpt-oss alone; call "
        "ApplyGuardrail on the prompt and on the answer yourself, or try the guardrail before you trust in it",
    )
