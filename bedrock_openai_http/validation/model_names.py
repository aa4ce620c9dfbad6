"""What was probably meant by a model ID that is none of Bedrock's: an SDK's prefix, another house's spelling, a slip.

This module is loaded for a model that no family knows. Its law: it only asks "did you mean"; a name of Bedrock's
form, the provider, a dot and the model, passes if its provider names models freely.

Source of the IDs: the table of models of LiteLLM 1.110.2, 2026-11, and `models`.
"""

from __future__ import annotations

import re

from ..values.forks import loading
from .models import MODELS, known_model

#: An ID of Bedrock's: perhaps a profile's prefix, the provider, the model.
_FORM = re.compile(r"([a-z]+(-[a-z]+)*\.)?(?P<provider>[a-z][a-z0-9]*)\.[a-z][A-Za-z0-9._:-]*")
#: Providers all of whose models on Bedrock are of a family of `models`.
_KNOWN_WHOLE = ("openai", "xai")
#: What SDKs and gateways put before an ID.
_ROUTES = re.compile(
    r"(bedrock_mantle|bedrock|mantle|converse|chat|aws|amazon-bedrock|litellm|openrouter|model)[/:]", re.IGNORECASE
)

#: IDs that both endpoints call alike, then those of one of them. What needs a profile stands in `models`.
_ALIKE = """
    openai.gpt-oss-safeguard-120b openai.gpt-oss-safeguard-20b moonshotai.kimi-k2-thinking
"""
_RUNTIME = """
    deepseek.v3-v1:0 deepseek.v3.2 deepseek.r1-v1:0 google.gemma-3-4b-it google.gemma-3-12b-it google.gemma-3-27b-it
    minimax.minimax-m2 minimax.minimax-m2.1 minimax.minimax-m2.5 mistral.devstral-2-123b
    mistral.magistral-small-2509 mistral.ministral-3-3b-instruct mistral.ministral-3-8b-instruct
    mistral.ministral-3-14b-instruct mistral.mistral-large-3-675b-instruct mistral.voxtral-mini-3b-2507
    mistral.voxtral-small-24b-2507 moonshotai.kimi-k2.5 nvidia.nemotron-nano-12b-v2 nvidia.nemotron-nano-9b-v2
    nvidia.nemotron-nano-3-30b nvidia.nemotron-super-3-120b qwen.qwen3-coder-480b-a35b-v1:0
    qwen.qwen3-235b-a22b-2507-v1:0 qwen.qwen3-coder-30b-a3b-v1:0 qwen.qwen3-next-80b-a3b qwen.qwen3-vl-235b-a22b
    qwen.qwen3-coder-next zai.glm-4.7 zai.glm-4.7-flash zai.glm-5 us.zai.glm-5.3 global.zai.glm-5.3
    us.moonshotai.kimi-k3 in.moonshotai.kimi-k3 us.moonshotai.kimi-k3.1 in.moonshotai.kimi-k3.1
"""
_MANTLE = """
    openai.gpt-5.4 openai.gpt-5.5 google.gemma-4-31b google.gemma-4-26b-a4b google.gemma-4-e2b deepseek.v3.1
    qwen.qwen3-235b-a22b-2507 qwen.qwen3-coder-30b-a3b-instruct qwen.qwen3-coder-480b-a35b-instruct
    qwen.qwen3-next-80b-a3b-instruct qwen.qwen3-vl-235b-a22b-instruct
"""

#: How alike a name must be, from 0 to 1, to be asked for.
_ALIKENESS = 0.6


def name_lint(model: str, endpoint: str) -> str | None:
    """Return what is to be said of the name of a model that no family knows; None if it may be one of Bedrock's."""
    if model.startswith("arn:") or not any(
        map(str.isalnum, model)
    ):  # what stands for a model that is named elsewhere
        return None
    form = _FORM.fullmatch(model)
    if form is not None and form["provider"] not in _KNOWN_WHOLE:
        return None
    words = "is not known to be a model of Amazon Bedrock, whose IDs are as openai.gpt-oss-20b-1:0"
    meant = _meant(model, endpoint)
    return words if meant is None else f"{words}; did you mean {meant!r}?"


def known_names(endpoint: str) -> list[str]:
    """Return the IDs that are known on an endpoint, each as it can be sent there."""
    if endpoint == "mantle":
        return [row.mantle for row in MODELS if row.mantle] + (_ALIKE + _MANTLE).split()
    rows = (prefix + row.runtime for row in MODELS if row.runtime for prefix in row.profiles or ("",))
    return [*rows, *(_ALIKE + _RUNTIME).split()]


def _meant(model: str, endpoint: str) -> str | None:
    """Return the known ID that is nearest to a name, without the routes before it and in lower case."""
    with loading():
        import difflib  # which few programs need

    name = model.strip().lower()
    while route := _ROUTES.match(name):
        name = name[route.end() :]
    provider, _, last = name.rpartition("/")
    # As OpenRouter and Hugging Face spell them: the provider, with a hyphen or not, a slash, the model.
    dotted = f"{provider.rpartition('/')[2].replace('-', '')}.{last}"
    names = known_names(endpoint)
    for choice in (name, last, dotted):
        own = choice if choice in names else _own_id(choice, endpoint)
        if own is not None:
            return own
    by_name = {**{_without_provider(known): known for known in reversed(names)}, **{known: known for known in names}}
    near = difflib.get_close_matches(last, by_name, 1, _ALIKENESS)
    return by_name[near[0]] if near else None


def _own_id(model: str, endpoint: str) -> str | None:
    """Return what an endpoint calls a model, of an ID that is right on the other one or lacks its profile."""
    row = known_model(model)
    if row is None:
        return None
    if endpoint == "mantle":
        return row.mantle
    return row.runtime and (row.profiles or ("",))[0] + row.runtime


def _without_provider(model: str) -> str:
    """Return what other houses call a model: its ID behind the provider."""
    form = _FORM.fullmatch(model)
    return model if form is None else model[form.end("provider") + 1 :]
