"""What is known about single models: by which ID each endpoint calls them, and which of mantle's paths serves them.

Each row says how it is known: DOC is documentation of AWS, SEEN is recorded traffic or a user's report, INF is a
conclusion that nobody has confirmed. To amend a fact, change its row; what models refuse stands in `lint_rules`.

This module never forbids what it does not know: a model that no row names passes, and a row tagged INF forbids
nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..values.frozen import frozen


@frozen
class Model:
    """One model with its exact IDs; None where an endpoint is not known to have it."""

    runtime: str | None
    mantle: str | None
    #: The cross-Region profiles of which runtime wants one before the ID; empty where it takes the bare ID.
    profiles: tuple[str, ...]
    tag: str
    source: str
    #: The Regions in which mantle was seen to serve it; empty where that is not known.
    mantle_regions: tuple[str, ...] = ()
    #: Tokens of the quota that one token of its answer costs on runtime.
    burn: int = 1


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
    #: Of GPT the version, by which other facts say "and later"; None for every other family.
    version: tuple[int, int] | None = None


@frozen
class Models:
    """The models that a fact is about: of one of these families, or GPT from a version on, or called so."""

    families: tuple[str, ...] = ()
    since: tuple[int, int] | None = None
    #: Beginnings of IDs without the prefix of a profile; those that `but` names are left out.
    starts: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def have(self, model: str) -> bool:
        """Tell whether this model is one of them."""
        family, bare = family_of(model), _bare(model)
        if self.but and bare.startswith(self.but):
            return False
        if self.starts and bare.startswith(self.starts):
            return True
        if family is None:
            return False
        version = family.version
        return family.name in self.families or bool(self.since and version and version >= self.since)


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
_LITELLM_TABLE = "LiteLLM 1.110.2, table of models, 2026-11"
_CARDS = "AWS model cards, 2026-09 to 2026-10"
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
    Model(None, "openai.gpt-5.6-cyber", (), "SEEN", _LITELLM_TABLE),
    Model("openai.gpt-6-astra", "openai.gpt-6-astra", _GPT, "DOC", _CARDS, ("us-east-1", "us-west-2")),
    Model("openai.gpt-6-sol", "openai.gpt-6-sol", _GPT, "DOC", _CARDS, ("us-east-1",)),
    # Card, "Quotas and limits": 1 token of output is 10 of the quota.
    Model("openai.gpt-6-luna", "openai.gpt-6-luna", _GPT, "DOC", _CARDS, ("us-east-1",), burn=10),
    Model("openai.gpt-6.1-sol", "openai.gpt-6.1-sol", _GPT, "SEEN", _LITELLM),
    Model("openai.gpt-6.1-terra", "openai.gpt-6.1-terra", _GPT, "DOC", _CARDS),
    Model(
        "xai.grok-4.6", "xai.grok-4.6", _GROK, "SEEN", _LITELLM_TABLE, ("us-west-2", "us-gov-west-1", "us-gov-east-1")
    ),
    Model("xai.grok-4.7", "xai.grok-4.7", _GROK, "SEEN", _LITELLM_TABLE),
    Model(None, "xai.grok-4.3", (), "SEEN", _PER_MODEL),
    Model("moonshotai.kimi-k3", None, (), "SEEN", _LITELLM_TABLE),
    Model("moonshotai.kimi-k3.1", None, (), "SEEN", _LITELLM_TABLE),
    Model("qwen.qwen3-32b-v1:0", "qwen.qwen3-32b", (), "SEEN", _PER_MODEL),
)

_BOTH = ("runtime", "mantle")
_MANTLE = ("mantle",)
_GPT_54 = "aws-samples/sample-per-model-bedrock 01/01, 2026-08-21"
_GEMMA = "0xPlaygrounds/rig#2190; braintrustdata/lingua#340, 2026-07"

#: The first row that fits counts. A model of no family is served by mantle below /v1.
FAMILIES = (
    Family("openai.gpt-oss-", "gpt-oss", "/v1", _BOTH, "SEEN", _PER_MODEL),
    # On runtime they exist for the Responses API only. Until 2026-06 mantle refused them on Chat Completions too.
    Family("openai.gpt-5.4", "GPT-5.4", "/openai/v1", _MANTLE, "SEEN", _GPT_54, (5, 4)),
    Family("openai.gpt-5.5", "GPT-5.5", "/openai/v1", _MANTLE, "SEEN", _GPT_54, (5, 5)),
    Family("openai.gpt-5.6", "GPT-5.6", "/openai/v1", _BOTH, "SEEN", _PER_MODEL, (5, 6)),
    # Responses API only.
    Family("openai.gpt-daybreak", "GPT Daybreak", "/openai/v1", (), "SEEN", _LITELLM_TABLE, (5, 6)),
    Family("openai.gpt-5", "GPT-5", "/openai/v1", _BOTH, "SEEN", "openai/codex#21352", (5, 0)),
    Family("openai.gpt-6.1", "GPT-6.1", "/openai/v1", _BOTH, "SEEN", _LITELLM, (6, 1)),
    Family("openai.gpt-6", "GPT-6", "/openai/v1", _BOTH, "SEEN", _LITELLM, (6, 0)),
    Family("xai.grok", "Grok", "/openai/v1", _BOTH, "SEEN", _PER_MODEL),
    Family("google.gemma-4", "Gemma 4", "/openai/v1", _MANTLE, "SEEN", _GEMMA),
    Family("moonshotai.kimi-k3", "Kimi K3", "/v1", _BOTH, "SEEN", _LITELLM_TABLE),
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
    Profile(
        "in.",
        ("ap-south-",),
        "INF",
        "LiteLLM 1.110.2, 2026-11; awslabs/startups#237, 2026-08; the Regions are our reading",
    ),
    Profile("au.", ("ap-southeast-",), "INF", _PROFILE_PAGE),
)

_PROFILE_OF = {row.prefix: row for row in PROFILES}
_BY_RUNTIME_ID = {row.runtime: row for row in MODELS}
_BY_MANTLE_ID = {row.mantle: row for row in MODELS}
_BY_START = {row.start: row for row in FAMILIES}
#: Characters of an ID that are looked at for its family: the longest start, and a version of GPT.
_LOOKED_AT = 24
#: The first version of GPT that Bedrock has.
_FIRST_GPT = (5, 0)
_GPT_ID = r"openai\.gpt-([0-9]{1,3})(?:\.([0-9]{1,3}))?(?![0-9])"

#: The families on which a guardrail was seen to be enforced on Chat Completions (_PER_MODEL 99/03), and the models of
#: which AWS says "Guardrails (Converse API only)" (cards of GPT-5.6 Sol, GPT-6 Astra and GPT-6 Luna, 2026-09).
GUARDED = Models(families=("gpt-oss",))
UNGUARDED = Models(since=(5, 6))
#: GPT models that refuse to be told not to reason (LiteLLM 1.110.2, live checks of 2026-10).
ALWAYS_REASON = Models(starts=("openai.gpt-6-astra", "openai.gpt-6.1-sol"))
#: Models that enforce a strict `response_format` on Chat Completions; gpt-oss takes one and ignores it (_PER_MODEL
#: 01/01, 2026-08; LiteLLM 1.110.2, flags of 22 models).
ENFORCE_SCHEMAS = Models(("Grok",), since=(5, 6))


def profile_of(model: str) -> Profile | None:
    """Return the cross-Region profile that a model ID begins with, or None."""
    return _PROFILE_OF.get(model[: model.find(".") + 1])


def family_of(model: str) -> Family | None:
    """Return the family of a model ID, with or without a profile's prefix, or None where no row knows it.

    A version of GPT that no row knows is a family of its own, of which the facts hold that are said of "and later".
    """
    return _family(_bare(model)[:_LOOKED_AT])


@lru_cache(maxsize=256)
def _family(start: str) -> Family | None:
    found = re.match(_GPT_ID, start)
    if found is None:
        return next((family for family in FAMILIES if start.startswith(family.start)), None)
    version = (int(found[1]), int(found[2] or 0))
    if found[0] in _BY_START:
        return _BY_START[found[0]]
    name = found[0].removeprefix("openai.gpt-")
    later = "strands_agents 1.62.0, 2026-08; of names of tomorrow INF"
    return (
        Family(found[0], f"GPT-{name}", "/openai/v1", _BOTH, "INF", later, version) if version >= _FIRST_GPT else None
    )


def known_model(model: str) -> Model | None:
    """Return the row of a model by its ID on either endpoint, with or without a profile's prefix, or None."""
    bare = _bare(model)
    return _BY_RUNTIME_ID.get(bare) or _BY_MANTLE_ID.get(bare)


def mantle_path(model: str) -> str:
    """Return the path below which mantle serves a model: "/v1" or "/openai/v1"."""
    family = family_of(model)
    return "/v1" if family is None else family.mantle_path


def fits_region(model: str, region: str) -> bool:
    """Tell whether the profile that a model ID begins with, if any, is known to be callable from `region`."""
    profile = profile_of(model)
    return profile is None or not profile.regions or region.startswith(profile.regions)


def guardrail_mistake(model: str, endpoint: str) -> str | None:
    """Return why a guardrail of a call to this model would be ignored, and what to do instead, or None.

    None says only that no row objects: `GUARDED` has the models that are known to be guarded.
    """
    if endpoint == "mantle":
        return "the mantle endpoint ignores guardrails; use the runtime endpoint"
    if not UNGUARDED.have(model):
        return None
    return (
        "AWS applies none to GPT-5.6 and later on Chat Completions; call ApplyGuardrail on the prompt and on the "
        "answer yourself, or use the Converse API"
    )


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
