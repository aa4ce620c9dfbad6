"""What is known about single models: by which ID each endpoint calls them, and which of mantle's paths serves them.

Each row says how it is known: DOC is documentation of AWS, SEEN is recorded traffic or a user's report, INF is a
conclusion that nobody has confirmed. To amend a fact, change its row; nothing else holds one.

This module never forbids what it does not know: a model that no row names passes, and a row tagged INF forbids
nothing.
"""

from __future__ import annotations

from functools import lru_cache

from .frozen import frozen


@frozen
class Model:
    """One model with its exact IDs; None where an endpoint is not known to have it."""

    runtime: str | None
    mantle: str | None
    #: The cross-Region profiles of which runtime wants one before the ID; empty where it takes the bare ID.
    profiles: tuple[str, ...]
    tag: str
    source: str


@frozen
class Family:
    """Models that are treated alike, by the beginning of their IDs without the prefix of a profile."""

    start: str
    name: str
    #: Below which path mantle serves them.
    mantle_path: str
    #: The endpoints that offer them by this API.
    chat: tuple[str, ...]
    tag: str
    source: str


@frozen
class Profile:
    """The prefix of a cross-Region inference profile, with the Regions that may call it."""

    prefix: str
    #: Beginnings of Region names; empty for any Region.
    regions: tuple[str, ...]
    tag: str
    source: str


_GPT = ("us.", "global.")
_GROK = ("us.", "global.", "us-gov.")
_PER_MODEL = "aws-samples/sample-per-model-bedrock, 2026-08"
_LITELLM = "BerriAI/litellm#40775, 2026-09"
_OPENAI_PAGE = "Bedrock user guide, OpenAI models, 2026"

#: A mantle ID on runtime is 400 "The provided model identifier is invalid", an unknown ID on mantle 404, and
#: so are a runtime ID and a profile there (_PER_MODEL; anomalyco/opencode#43514, 2026-08).
MODELS = (
    Model("openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b", (), "DOC", _OPENAI_PAGE),
    Model("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b", (), "DOC", _OPENAI_PAGE),
    Model("openai.gpt-oss-safeguard-20b", "openai.gpt-oss-safeguard-20b", (), "SEEN", _PER_MODEL),
    Model("openai.gpt-oss-safeguard-120b", "openai.gpt-oss-safeguard-120b", (), "SEEN", _PER_MODEL),
    Model("openai.gpt-5.6-sol", "openai.gpt-5.6-sol", _GPT, "SEEN", _PER_MODEL),
    Model("openai.gpt-5.6-terra", "openai.gpt-5.6-terra", _GPT, "SEEN", _PER_MODEL),
    Model("openai.gpt-5.6-luna", "openai.gpt-5.6-luna", _GPT, "SEEN", _PER_MODEL),
    Model("openai.gpt-6-astra", "openai.gpt-6-astra", _GPT, "SEEN", _LITELLM),
    Model("openai.gpt-6-sol", "openai.gpt-6-sol", _GPT, "SEEN", _LITELLM),
    Model("openai.gpt-6-luna", "openai.gpt-6-luna", _GPT, "SEEN", _LITELLM),
    Model("openai.gpt-6.1-sol", "openai.gpt-6.1-sol", _GPT, "SEEN", _LITELLM),
    Model("xai.grok-4.6", None, _GROK, "SEEN", _LITELLM),
    Model("xai.grok-4.7", None, _GROK, "SEEN", _LITELLM),
    Model(None, "xai.grok-4.3", (), "SEEN", _PER_MODEL),
    Model("qwen.qwen3-32b-v1:0", "qwen.qwen3-32b", (), "SEEN", _PER_MODEL),
)

_BOTH = ("runtime", "mantle")

#: The first row that fits counts. A model of no family is served by mantle below /v1.
FAMILIES = (
    Family("openai.gpt-oss-", "gpt-oss", "/v1", _BOTH, "SEEN", _PER_MODEL),
    Family("openai.gpt-5.6", "GPT-5.6", "/openai/v1", _BOTH, "SEEN", _PER_MODEL),
    # Responses API only: 400 on Chat Completions.
    Family("openai.gpt-5.4", "GPT-5.4", "/openai/v1", (), "SEEN", "aws-samples/sample-openai-on-aws#48, 2026-06"),
    Family("openai.gpt-5.5", "GPT-5.5", "/openai/v1", (), "SEEN", "aws-samples/sample-openai-on-aws#48, 2026-06"),
    Family("openai.gpt-5", "GPT-5", "/openai/v1", _BOTH, "SEEN", "openai/codex#21352"),
    Family("openai.gpt-6.1", "GPT-6.1", "/openai/v1", _BOTH, "SEEN", _LITELLM),
    Family("openai.gpt-6", "GPT-6", "/openai/v1", _BOTH, "SEEN", _LITELLM),
    Family("xai.grok", "Grok", "/openai/v1", _BOTH, "SEEN", _PER_MODEL),
    Family("google.gemma-4", "Gemma 4", "/openai/v1", _BOTH, "SEEN", "0xPlaygrounds/rig#2190"),
    Family("anthropic.claude", "Claude", "/v1", (), "SEEN", _PER_MODEL),
    Family("amazon.nova", "Nova", "/v1", (), "SEEN", _PER_MODEL),
    Family("meta.llama", "Llama", "/v1", (), "SEEN", _PER_MODEL),
)

_PROFILE_PAGE = "Bedrock user guide, geographic cross-Region inference, 2026; the Regions are our reading"

#: That mantle has no profiles at all is DOC: Bedrock user guide, endpoints, 2026-09.
PROFILES = (
    Profile("global.", (), "DOC", _PROFILE_PAGE),
    # Canada calls US profiles too (AWS machine learning blog, 2025-11).
    Profile("us.", ("us-east-", "us-west-", "ca-"), "INF", _PROFILE_PAGE),
    Profile("us-gov.", ("us-gov-",), "INF", _PROFILE_PAGE),
    Profile("ca.", ("ca-",), "INF", _PROFILE_PAGE),
    Profile("eu.", ("eu-", "il-"), "INF", _PROFILE_PAGE),
    Profile("apac.", ("ap-", "me-"), "INF", _PROFILE_PAGE),
    Profile("jp.", ("ap-northeast-",), "INF", _PROFILE_PAGE),
    Profile("au.", ("ap-southeast-",), "INF", _PROFILE_PAGE),
)

_PROFILE_OF = {row.prefix: row for row in PROFILES}
_BY_RUNTIME_ID = {row.runtime: row for row in MODELS}
_BY_MANTLE_ID = {row.mantle: row for row in MODELS}
_LONGEST_START = max(len(row.start) for row in FAMILIES)


def profile_of(model: str) -> Profile | None:
    """Return the cross-Region profile that a model ID begins with, or None."""
    return _PROFILE_OF.get(model[: model.find(".") + 1])


def family_of(model: str) -> Family | None:
    """Return the family of a model ID, with or without a profile's prefix, or None where no row knows it."""
    return _family(_bare(model)[:_LONGEST_START])


@lru_cache(maxsize=256)
def _family(start: str) -> Family | None:
    return next((family for family in FAMILIES if start.startswith(family.start)), None)


def mantle_path(model: str) -> str:
    """Return the path below which mantle serves a model: "/v1" or "/openai/v1"."""
    family = family_of(model)
    return "/v1" if family is None else family.mantle_path


def model_mistake(model: str, endpoint: str) -> str | None:
    """Return what is wrong with a model ID on "runtime" or "mantle" and what to write instead, or None.

    None says only that no row objects; whether the model exists is the service's to say.
    """
    return _mantle_mistake(model) if endpoint == "mantle" else _runtime_mistake(model)


def _runtime_mistake(model: str) -> str | None:
    if model.startswith("arn:") and ":application-inference-profile/" in model:
        # Without the ARN, which holds an account number. DOC for Responses; SEEN: _PER_MODEL.
        return (
            "the ARN of an application inference profile is refused by this API; write the ID of the model or "
            "of its cross-Region profile"
        )
    known = _BY_RUNTIME_ID.get(model)
    if known is not None:
        if not known.profiles:
            return None
        choices = " or ".join(repr(prefix + model) for prefix in known.profiles)
        return f"{model!r} needs a cross-Region profile on the runtime endpoint; write {choices}"
    known = _BY_MANTLE_ID.get(model)
    if known is not None and known.runtime is not None:
        return f"{model!r} is the ID of the mantle endpoint; write {known.runtime!r}"
    return None


def _mantle_mistake(model: str) -> str | None:
    family = family_of(model)
    if profile_of(model) is not None and family is not None and family.chat:
        bare = _bare(model)
        known = _BY_RUNTIME_ID.get(bare)
        own = bare if known is None else known.mantle
        instead = "use the runtime endpoint" if own is None else f"write {_shown(own)}, or use the runtime endpoint"
        return f"{_shown(model)} is a cross-Region profile, which the mantle endpoint does not have; {instead}"
    known = _BY_RUNTIME_ID.get(model)
    if known is not None and known.mantle not in (None, model):
        return f"{model!r} is the ID of the runtime endpoint; write {known.mantle!r}"
    return None


def _bare(model: str) -> str:
    profile = profile_of(model)
    return model if profile is None else model[len(profile.prefix) :]


def _shown(model: str) -> str:
    """Return a model ID in quotes, cut short; what is not visible ASCII is left out of an error's text."""
    if not (model.isascii() and model.isprintable()):
        return "the model ID"
    return repr(model if len(model) <= 100 else f"{model[:97]}...")
