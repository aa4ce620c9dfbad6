"""What a valid request asks for that its model will refuse or ignore.

The API is one and the models are many: GPT-5.6 refuses `max_tokens`, gpt-oss ignores a JSON schema, Grok answers
503 to a penalty. What is known of them stands in the rows of `lint_rules`; this applies them, on every call.

This module only speaks: it changes no request, refuses none, and never repeats what a message says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .extras import joined
from .lint_rules import MESSAGE_RULES, FieldRules, rules_for
from .model_facts import family_of, profile_of
from .reasoning import OPEN
from .request import ChatCompletionRequest
from .values import WireValue, plain


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
    request: ChatCompletionRequest | Mapping[str, Any], *, endpoint: str = "runtime", region: str | None = None
) -> tuple[Lint, ...]:
    """Return what the model of `request` is known to refuse or to ignore, for one that passed `validate_request`.

    Of each rule and field there is one Lint, with the first place. A wrong model ID is not for this function but
    for `model_facts.model_mistake`.
    """
    fields = _fields(request)
    # Cut short for the cache: no fact needs as much of an ID.
    found, profile, text_only = _about(fields["model"][:128], endpoint, region)
    for field, rules in profile:
        value = fields.get(field)
        if value is not None:
            rule = next((rule for rule in rules if rule.applies(value, fields)), None)
            if rule is not None:
                found = (*found, Lint(f"$.{field}", rule.name, rule.message))
    return (*found, *_message_lints(fields["messages"], text_only=text_only))


def _fields(request: ChatCompletionRequest | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(request, ChatCompletionRequest):
        return request
    fields = vars(request)
    return fields if request.extra_body is None else joined(fields, plain(request.extra_body))


@lru_cache(maxsize=64)
def _about(model: str, endpoint: str, region: str | None) -> tuple[tuple[Lint, ...], FieldRules, bool]:
    """Return what is to be said of the model itself, the rules for its fields, and whether it takes text only."""
    family = family_of(model)
    name = "" if family is None else family.name
    return tuple(_model_lints(model, endpoint, region)), rules_for(name, endpoint), name == "gpt-oss"


def _model_lints(model: str, endpoint: str, region: str | None) -> Iterator[Lint]:
    family, profile = family_of(model), profile_of(model)
    if family is not None and endpoint not in family.chat:
        yield Lint("$.model", "no-chat-api", f"{family.name} is not offered by the Chat Completions API")
    if profile is None:
        return
    if endpoint == "mantle":
        yield Lint("$.model", "profile", "the mantle endpoint is not known to have cross-Region profiles")
    elif region is not None and profile.regions and not region.startswith(profile.regions):
        message = f"the profile {profile.prefix!r} is not known to be callable from {region[:40]!r}"
        yield Lint("$.model", "profile", message)


def _message_lints(messages: Sequence[Any], *, text_only: bool) -> Iterator[Lint]:
    """Yield the first place of each rule about what messages hold."""
    seen = set()
    for index, message in enumerate(messages):
        members = message if type(message) is dict else _members(message)
        content = members.get("content")
        if content is None or (type(content) is str and OPEN not in content):
            continue  # as nearly every message
        role = getattr(message, "role", None) or members["role"]
        for place, rule in _content_rules(content, role, text_only):
            if rule not in seen:
                seen.add(rule)
                yield Lint(f"$.messages[{index}].content{place}", rule, MESSAGE_RULES[rule])


def _members(message: Any) -> Mapping[str, Any]:
    members: Mapping[str, Any] = vars(message) if isinstance(message, WireValue) else plain(message)
    return members


def _content_rules(content: Any, role: Any, text_only: bool) -> Iterator[tuple[str, str]]:
    """Yield each (place below the content, rule)."""
    if isinstance(content, str):
        if role == "assistant":
            yield "", "reasoning-history"
        return
    for index, given in enumerate(content):
        part = given if type(given) is dict else plain(given)
        if part["type"] == "image_url":
            if text_only:
                yield f"[{index}]", "text-only"
            elif part["image_url"]["url"][:8].lower().startswith(("http://", "https://")):
                yield f"[{index}].image_url.url", "image-url"
        elif role == "assistant" and OPEN in part.get("text", ""):
            yield f"[{index}].text", "reasoning-history"
