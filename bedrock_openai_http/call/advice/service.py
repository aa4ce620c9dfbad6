"""The causes of errors beyond access: paths, models, parameters, quotas, failures, and what is on the way.

The sources are marked as in `access`.

This module is data, and the few functions that need the facts of the call.
"""

from __future__ import annotations

from ...validation.models import ALWAYS_REASON, family_of, fits_region, known_model, model_mistake
from .causes import CallFacts, Cause, Seen

_MANTLE_PATHS = (
    "On the mantle endpoint the path depends on the model: GPT-5 and later, Grok and Gemma 4 are below /openai/v1, "
    "gpt-oss and most others below /v1; some models have the Responses API only."
)


def _unknown_path(seen: Seen, facts: CallFacts) -> str:
    if facts.endpoint == "mantle":
        return _MANTLE_PATHS
    return "On the runtime endpoint Chat Completions is at /openai/v1/chat/completions, and nowhere else."


def _wrong_path(seen: Seen, facts: CallFacts) -> str:
    return _known_of_model(facts) or _MANTLE_PATHS


def _wrong_id(seen: Seen, facts: CallFacts) -> str:
    if facts.model and facts.region and not fits_region(facts.model, facts.region):
        prefix = facts.model.partition(".")[0]
        return (
            f"The profile {prefix}. is for another geography than {{region}}: call it from a Region of its own, or "
            "write global. or the prefix of this geography."
        )
    return _known_of_model(facts) or (
        "A cross-Region profile works in its own geography only; or the account has no access to {model} in "
        "{region}; or this is the ID of the other endpoint, since the two have different IDs: gpt-oss is "
        "openai.gpt-oss-20b-1:0 on the runtime."
    )


def _bare_id(seen: Seen, facts: CallFacts) -> str:
    return _known_of_model(facts) or (
        'This model is called by a cross-Region profile: put "us." or "global." before its ID.'
    )


def _known_of_model(facts: CallFacts) -> str | None:
    """Return what the table of models has against this model on this endpoint, or None."""
    if facts.model is None or facts.endpoint not in ("runtime", "mantle"):
        return None
    family = family_of(facts.model)
    if family is not None and facts.endpoint not in family.chat:
        instead = f"the {family.chat[0]} endpoint has it" if family.chat else "use another model"
        return f"{family.name} has no Chat Completions API on the {facts.endpoint} endpoint: {instead}."
    mistake = model_mistake(facts.model, facts.endpoint)
    # What is returned is a template.
    return mistake and f"{mistake[0].upper()}{mistake[1:]}.".replace("{", "{{").replace("}", "}}")


def _unknown_model(seen: Seen, facts: CallFacts) -> str:
    known = _known_of_model(facts)
    if known is not None:
        return known
    if facts.endpoint == "mantle":
        row = known_model(facts.model or "")
        if row is not None and row.mantle_regions and facts.region not in row.mantle_regions:
            return f"Mantle was seen to have {{model}} in {' and '.join(row.mantle_regions)} only, not in {{region}}."
        return "Mantle does not have {model} in {region}: its IDs are not those of the runtime."
    return (
        "Check ID and Region: {model} is not in {region}, or has no Chat Completions API. Claude, Nova and Llama "
        "have none on the runtime endpoint."
    )


_NO_STOP = "Leave `stop` out, and cut the answer in your program."
_NO_LIMIT = "Gemma 4 on mantle takes neither a limit nor sampling fields: leave it out."
_ONLY_WITHOUT_EFFORT = 'Leave it out, or set reasoning_effort to "none": GPT-5.6 and later take it only with that.'
_NEVER = "Leave it out: this model always reasons, and takes it only where one does not."
#: Parameters that some models do not take, and what to do instead.
_PARAMETERS = {
    "max_tokens": "Send max_completion_tokens in place of max_tokens: nearly every model takes it.",
    "max_completion_tokens": "Leave max_completion_tokens out: this model takes no limit.",
    "reasoning_effort": "Leave reasoning_effort out, or give another value: models differ in those that they take.",
    "service_tier": "Leave service_tier out: GPT models have the default one only.",
    "stop": _NO_STOP,
    "response_format": "Leave response_format out: ask for JSON in a message, and check the answer in your program.",
    "logit_bias": "Leave logit_bias out: not every model takes it, and gpt-oss does not.",
    "n": "Leave n out, and ask once for each answer.",
    "temperature": _ONLY_WITHOUT_EFFORT,
    "top_p": _ONLY_WITHOUT_EFFORT,
    "presence_penalty": _ONLY_WITHOUT_EFFORT,
    "frequency_penalty": _ONLY_WITHOUT_EFFORT,
    "logprobs": _ONLY_WITHOUT_EFFORT,
    "top_logprobs": _ONLY_WITHOUT_EFFORT,
}


def _unsupported(seen: Seen, facts: CallFacts) -> str:
    family = family_of(facts.model or "")
    for name, advice in _PARAMETERS.items():
        if seen.param == name or f"'{name}'" in seen.text:
            if family is not None and family.name == "Gemma 4":
                return _NO_LIMIT
            return _NEVER if advice == _ONLY_WITHOUT_EFFORT and ALWAYS_REASON.have(facts.model or "") else advice
    return "This model does not take what the message names: leave it out, or use another model."


def _tools(seen: Seen, facts: CallFacts) -> str:
    if ALWAYS_REASON.have(facts.model or ""):
        return "This model always reasons, and takes tools in the Responses API only: use another model."
    return 'Set reasoning_effort to "none" where there are tools.'


def _burn(facts: CallFacts) -> str:
    """Return how fast the answers of a model use up the quota, if that is known to be unusual."""
    row = known_model(facts.model or "")
    if row is None or row.burn == 1 or facts.endpoint == "mantle":
        return ""
    return f" One token of its answer costs {row.burn} of the quota."


def _throttled(seen: Seen, facts: CallFacts) -> str:
    return _QUOTA + _burn(facts)


def _too_many_tokens(seen: Seen, facts: CallFacts) -> str:
    return _reserved(facts) + _burn(facts)


def _reserved(facts: CallFacts) -> str:
    if facts.model and facts.max_completion_tokens is None:
        return (
            "Quota is reserved for the input and for the longest answer as soon as a request arrives: set "
            "max_completion_tokens, or the most that the model can write is reserved."
        )
    number = "" if facts.max_completion_tokens is None else f" ({facts.max_completion_tokens})"
    return (
        f"Quota is reserved for the input and for all of max_completion_tokens{number} as soon as a request arrives: "
        "a lower one lets more requests through."
    )


def _unavailable(seen: Seen, facts: CallFacts) -> str:
    if "xai.grok" in (facts.model or ""):  # SEEN BerriAI/litellm#40775
        return "Grok answers so to presence_penalty and frequency_penalty: leave them out if they are set."
    return "Bedrock probably has no free capacity for {model} in {region}: try later, or in another Region."


_QUOTA = (
    "More came than the quota for requests or tokens per minute allows: send less at once, or ask for a higher one "
    "in the Service Quotas console."
)
_TOO_LONG = "The messages and the budget for the answer are more than the model can hold: send less."
#: How servers say so, in the order of vLLM (three), Claude (two), AWS (four), OpenAI, Grok and Gemini.
_TOO_LONG_WORDS = (
    *("maximum context length", "context length is only", "maximum model length"),
    *("prompt is too long", "exceed context limit"),
    *("input is too long", "too many input tokens", "exceeds the context", "expected maxlength"),
    *("context window", "maximum prompt length", "input token count"),
    *(
        "exceeds the maximum number of tokens",
        "exceed the model's context",
        "larger than the context",
        "context size",
    ),
)
_OVERLOADED = "The model is overloaded: wait, and ask again."

SERVICE_CAUSES = (
    # SEEN SPM, apache/seatunnel#11547, openai/codex#21352
    Cause(_unknown_path, names=("unknownoperationexception",)),
    Cause(_wrong_path, (400, 404), words=("/chat/completions' api", "on this route")),
    # SEEN BerriAI/litellm#31994
    Cause(
        "There is no such project in {region}: check the ID in project=, and the Region.",
        (404,),
        words=("project 'arn:",),
    ),
    # INF
    Cause(
        "There is no such guardrail here: check its identifier, its version and the Region.",
        (400, 404),
        words=("guardrail identifier",),
    ),
    # SEEN SPM
    Cause(_unknown_model, (404,), names=("model_not_found",)),
    Cause(_unknown_model, (404,), words=("' does not exist", "resolve the foundation model")),
    Cause(_wrong_id, (400, 404), words=("model identifier is invalid",)),
    Cause(_bare_id, (400,), words=("on-demand throughput",)),
    # SEEN BerriAI/litellm#40775, #13959 and #13346, crewAIInc/crewAI#3317, llamastack/llama-stack
    Cause("This model reads text only: leave the images out.", (400,), words=("support image modality",)),
    Cause(_tools, (400,), words=("tools with reasoning_effort",)),
    Cause(_NO_STOP, (400,), words=("stopsequences",)),
    Cause('Put the word "json" into a message, or leave response_format out.', (400,), words=("the word 'json'",)),
    Cause("This model does not stream: ask without a stream.", (400,), words=("unsupported for streaming",)),
    Cause(
        "The service does not know a field of the request: leave it out. What extra_body holds is sent unchecked.",
        (400,),
        words=("unknown field", "extra inputs are not permitted", "unrecognized request argument"),
    ),
    Cause(_unsupported, (400,), names=("unsupported_parameter", "unsupported_value")),
    Cause(_unsupported, (400,), words=("unsupported parameter", "parameter is not supported", "doesn't support the")),
    # SEEN of several servers; DOC: user guide, troubleshooting API error codes
    Cause(_TOO_LONG, (400, 413, 422), names=("context_length_exceeded",)),
    Cause(_TOO_LONG, (400, 413, 422), words=_TOO_LONG_WORDS),
    Cause(
        "max_completion_tokens is more than this model can write: lower it, or leave it out.",
        (400, 422),
        words=(
            "maximum tokens you requested",
            "tokens is too large",
            "model supports at most",
            "greater than the max",
        ),
    ),
    # SEEN aws-samples/amazon-bedrock-client-for-mac#99; DOC: user guide, token burndown. The daily one INF
    Cause(
        "The token quota of the day is used up, and waiting for minutes does not help: ask for a higher one, "
        "or use another model.",
        (400, 429),
        words=("tokens per day",),
    ),
    Cause(_too_many_tokens, (400, 429), words=("too many tokens",)),
    Cause("The model is being made ready: try again in a few minutes.", names=("modelnotreadyexception",)),
    Cause(
        "A quota of the account is used up: look for it in the Service Quotas console.",
        names=("servicequotaexceededexception",),
    ),
    Cause(_throttled, names=("throttlingexception", "throttling", "toomanyrequestsexception", "rate_limit_error")),
    # SEEN SPM
    Cause(
        "The service failed inside, whatever the status says: try again later.",
        (400,),
        words=("internal server error", "internal failure"),
    ),
    # DOC: user guide, troubleshooting API error codes
    Cause(
        "The model took longer than the service allows: stream, lower max_completion_tokens, or send less.",
        names=("modeltimeoutexception",),
    ),
    Cause("The model failed: ask again; if that fails too, change the request.", names=("modelerrorexception",)),
    Cause("The model failed while it wrote: ask again.", names=("modelstreamerrorexception", "model_stream_error")),
    Cause(_OVERLOADED, names=("overloaded_error", "overloaded")),
    # SEEN vllm-project/vllm#22519; of Bedrock INF
    Cause(
        "The model wrote a tool call that its server cannot read: ask again.", words=("tokens remaining in message",)
    ),
    # What is on the way, by RFC 9110
    Cause("Give the address that it leads to as base_url, if you trust it.", (301, 302, 303, 307, 308)),
    Cause(
        "Bedrock gives no such answer, so it probably comes from a cache or a proxy on the way: check it and the "
        "base URL.",
        (300, 304, 305, 306),
    ),
    Cause("A proxy wants a user name and a password: put them into the URL in HTTPS_PROXY.", (407,)),
    Cause("The request is too large, most likely because of its images: send less.", (413,)),
    Cause(
        "Something on the way answered, not Bedrock, so it is not known whether the model worked on the request: "
        "check the time limits of proxies. With retry_read_timeouts=True it is repeated, and may be paid for twice.",
        (500, 502, 503, 504),
        foreign=True,
    ),
    Cause(
        "This is a page for a browser, probably from a proxy or load balancer on the way: check it and the base URL.",
        page=True,
    ),
    # Where the status is all there is
    Cause(_throttled, (429,)),
    Cause(_unavailable, (503,)),
    Cause(_OVERLOADED, (529,)),
)
