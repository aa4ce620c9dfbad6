"""The causes of refusals: API keys, signatures, permissions.

Each group of rows has its source. DOC: the documentation of AWS. SEEN: recorded answers, AWS's own examples ("SPM" is
aws-samples/sample-per-model-bedrock), or a public report, by its repository. INF: inferred.

This module is data, and the few functions that need the facts of the call.
"""

from __future__ import annotations

from ...validation.models import profile_of
from .causes import CallFacts, Cause, Seen


def _expired_key(seen: Seen, facts: CallFacts) -> str:
    end = f" at {facts.key_expires_at:%Y-%m-%d %H:%M} UTC" if facts.key_expires_at else ""
    return (
        f"The API key{{source}} has expired{end}: make a new one. A short-term key lives 12 hours at most, and never "
        "longer than the credentials that made it."
    )


def _refused_key(seen: Seen, facts: CallFacts) -> str:
    if facts.key_region and facts.region:
        if facts.key_region == facts.region:
            return "The API key{source} is for the right Region, so it is probably incomplete or deleted."
        return (
            "The API key was made for {key_region}, but the call went to {region}: make a key for {region}, "
            "or call {key_region}."
        )
    return "The API key{source} is wrong or deleted, or was made for another Region: it works in its own Region only."


def _expired_session(seen: Seen, facts: CallFacts) -> str:
    if facts.authentication == "API key":
        return "The credentials that made the API key{source} have probably expired: make a new key."
    return "The session of the AWS credentials{source} has expired: sign in again (aws sso login), or get new ones."


#: What to do about a permission that is missing, by its name in lower case.
_PERMISSIONS = {
    "bedrock:callwithbearertoken": (
        "Whoever the API key belongs to may not use keys: allow bedrock:CallWithBearerToken, or sign with AWS "
        "credentials, which needs bedrock:InvokeModel alone."
    ),
    "bedrock-mantle:callwithbearertoken": (
        "Whoever the API key belongs to may not use keys: allow bedrock-mantle:CallWithBearerToken, or sign with AWS "
        "credentials, which needs bedrock-mantle:CreateInference alone."
    ),
    "bedrock:invokemodelwithresponsestream": (
        "A stream needs a permission of its own: allow bedrock:InvokeModelWithResponseStream on {model}, "
        "or ask without a stream."
    ),
    "bedrock-mantle:createinference": (
        "The mantle endpoint has a permission of its own: allow bedrock-mantle:CreateInference. "
        "bedrock:InvokeModel does not count there."
    ),
    "bedrock:applyguardrail": "The request has a guardrail: allow bedrock:ApplyGuardrail on it.",
}
#: DOC: AWS model cards of GPT-6 Luna and Grok 4.6, 2026-09. Without the project the refusal names the model.
_OF_A_PROFILE = "on the profile, on arn:aws:bedrock:REGION:ACCOUNT:project/default and on the models behind it."
#: Kinds of policy that a refusal may name beside those of whoever calls. DOC: IAM user guide, "Access denied errors".
_POLICIES = (
    "service control policy",
    "resource control policy",
    "permissions boundary",
    "session policy",
    "vpc endpoint policy",
)


def _missing_permission(seen: Seen, facts: CallFacts) -> str:
    action = (seen.text.partition("to perform:")[2].split() or [""])[0].rstrip(".,")
    policy = next((name for name in _POLICIES if name in seen.text), None)
    if "explicit deny" in seen.text:
        return f"A {policy or 'policy'} denies this explicitly, which no Allow outweighs: have that Deny changed."
    if policy:
        return f"The {policy} has to allow this action too, beside the policy of whoever calls."
    if _is_profile(facts) and action in ("bedrock:invokemodel", "bedrock:invokemodelwithresponsestream"):
        return f"{_actions(facts)} {_OF_A_PROFILE}"
    if action == "bedrock:invokemodel":
        return f"{_actions(facts)} on {{model}}; for a cross-Region profile, on project/default and its models too."
    return _PERMISSIONS.get(action, "Allow the action that the message names in the policy of whoever calls.")


def _actions(facts: CallFacts) -> str:
    return f"Allow bedrock:InvokeModel{' and bedrock:InvokeModelWithResponseStream' if facts.stream else ''}"


def _is_profile(facts: CallFacts) -> bool:
    return facts.model is not None and profile_of(facts.model) is not None


def _no_access(seen: Seen, facts: CallFacts) -> str:
    if _is_profile(facts):
        return f"The account has no access to {{model}}, or lacks a permission. {_actions(facts)} {_OF_A_PROFILE}"
    return "The account has no access to {model} in {region}: ask for it in the Bedrock console."


def _mantles_refusal(seen: Seen, facts: CallFacts) -> str:
    if facts.authentication == "SigV4":
        return "Mantle does not let whoever signs call {model}: allow bedrock-mantle:CreateInference on its project."
    return (
        "Mantle does not accept the API key{source}: it is probably none of Bedrock, or its owner lacks "
        "bedrock-mantle:CallWithBearerToken."
    )


def _other_endpoint(seen: Seen, facts: CallFacts) -> str:
    if facts.endpoint is None:
        return "The request was signed for another service than that of {host}: endpoint= and base URL do not agree."
    this, other = ("mantle", "runtime") if facts.endpoint == "mantle" else ("runtime", "mantle")
    return f'The request was signed for the {this} endpoint, which {{host}} is not: give endpoint="{other}".'


_REFUSED = (400, 401, 403)
_CLOCK = "This machine's clock is probably wrong, or the request was long on its way: set the clock by a time server."
_SIGNATURE = (
    "The secret key is probably not that of the access key{source}; or a proxy changes the request, "
    "or this machine's clock is wrong."
)

ACCESS_CAUSES = (
    # SEEN anthropics/claude-code#49238 and #51183, 2026-04 to 2026-08; of mantle while runtime served the account
    Cause(
        "This account may not use {model} on this endpoint, which no key and no permission changes: ask AWS for "
        "access, or try the other endpoint, or another model.",
        (400, 401, 403),
        words=("not available for this account",),
    ),
    # SEEN pydantic/pydantic-ai#8170, 2026-09
    Cause(
        "The account, or the project, has a data retention mode with which {model} is not served: no field of a "
        "request changes it, but bedrock:PutAccountDataRetention does.",
        (400, 403),
        words=("data retention mode",),
    ),
    # SEEN VectifyAI/OpenKB#204, ai4s-research/open-science#53, NousResearch/hermes-agent#87190 (mantle)
    Cause(_expired_key, _REFUSED, words=("bearer token has expired",)),
    Cause(
        "What was sent as API key{source} is none of Bedrock, perhaps a placeholder or another service's key: "
        "Bedrock's begin with bedrock-api-key- or ABSK.",
        _REFUSED,
        words=("invalid api key format",),
    ),
    Cause(_refused_key, _REFUSED, words=("make sure your api key is valid", "invalid bearer token")),
    Cause(_refused_key, _REFUSED, names=("invalid_api_key",)),
    # DOC: user guide, troubleshooting API error codes
    Cause(
        "The agreement for this model is being made, or whoever calls may not make it, which takes "
        "aws-marketplace:Subscribe: try again in 15 minutes.",
        (403,),
        words=("aws-marketplace:", "aws marketplace", "model agreement"),
    ),
    Cause(
        "The provider of this model asks what it is for: fill in the use case form in the Bedrock console, "
        "and try again in 15 minutes.",
        (403, 404),
        words=("use case", "use-case"),
    ),
    # SEEN SPM, BerriAI/litellm#31475, VectifyAI/OpenKB
    Cause(_missing_permission, _REFUSED, words=("not authorized to perform:",)),
    Cause(_no_access, (403,), words=("have access to the model",)),
    # DOC, its extent disputed: one gateway saw it of the Responses API alone
    Cause(_no_access, (401, 403), names=("access_denied",)),
    # SEEN anthropics/claude-code#28032
    Cause(_expired_session, _REFUSED, names=("expiredtokenexception", "expiredtoken")),
    # DOC: AWS reference, common errors; IAM user guide, troubleshooting signatures
    Cause(_CLOCK, _REFUSED, words=("signature expired", "signature not yet current", "not yet valid")),
    Cause(_CLOCK, _REFUSED, names=("requestexpired", "requestinthefuture", "requesttimetooskewed")),
    Cause(_other_endpoint, _REFUSED, words=("scoped to correct service",)),
    Cause(
        "The request was signed for another Region than that of {host}: give the Region of the base URL.",
        _REFUSED,
        words=("credential should be scoped",),
    ),
    # SEEN BerriAI/litellm#14763, openai/openai-python#3563 (mantle's 401)
    Cause(_SIGNATURE, _REFUSED, names=("invalidsignatureexception", "signaturedoesnotmatch")),
    Cause(_SIGNATURE, _REFUSED, words=("signature we calculated does not match",)),
    # SEEN Aider-AI/aider#1986, anthropics/anthropic-sdk-typescript#537
    Cause(
        "AWS does not know this access key{source}: it is deleted or of another partition, or two sources are mixed, "
        "such as a new key and the AWS_SESSION_TOKEN of an old one.",
        _REFUSED,
        names=("unrecognizedclientexception", "invalidclienttokenid"),
    ),
    # DOC: AWS reference, common errors
    Cause(
        "The Authorization header did not arrive as it was sent: a proxy on the way probably removes or changes it.",
        _REFUSED,
        names=("missingauthenticationtokenexception", "incompletesignature", "incompletesignatureexception"),
    ),
    # SEEN maximhq/bifrost, without the words; so INF
    Cause(_mantles_refusal, (403,), names=("permission_error",)),
)
