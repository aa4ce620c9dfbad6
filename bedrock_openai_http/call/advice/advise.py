"""From a failure to one line of advice: what probably went wrong, and what helps.

Bedrock answers 403 to a wrong key, to an expired one, to a missing permission and to a model that is not enabled, so
only the service's words tell them apart. `access` and `service` are tables of causes: the first row that fits speaks.
`answers` is for a 200 that is no completion.

This module's law: advice is one line of our own words. Of the service's text it repeats nothing, which might be a
secret or a prompt; of the call it names the model, the Regions, the host and where a key was found, cut to length.
It is imported when something has failed, so that it costs nothing before.
"""

from __future__ import annotations

from ...values.errors import APIStatusError, BedrockOpenAIError, one_line
from ..error_shapes import is_own_word
from .access import ACCESS_CAUSES
from .answers import is_page
from .causes import CallFacts, Seen
from .service import SERVICE_CAUSES

__all__ = ["CallFacts", "advise"]

CAUSES = (*ACCESS_CAUSES, *SERVICE_CAUSES)

#: Characters of a message that are searched, and characters of a fact that are shown.
_SEARCHED, _SHOWN = 4000, 100


def advise(error: BedrockOpenAIError, facts: CallFacts | None = None) -> str | None:
    """Return one line on what probably went wrong and what helps; None where the cause is not known.

    Facts add nothing to an error that is no error answer of the service: its `advice` stays as it is.
    """
    if not isinstance(error, APIStatusError):
        return error.advice
    facts = facts or CallFacts()
    seen = _seen(error)
    cause = next((cause for cause in CAUSES if cause.fits(seen)), None)
    if cause is None:
        return None
    text = cause.advice if isinstance(cause.advice, str) else cause.advice(seen, facts)
    return text.format(
        model=_short(facts.model) or "this model",
        region=_short(facts.region) or "this Region",
        host=_short(facts.host) or "the host",
        key_region=_short(facts.key_region),
        source=f" (found in: {_short(facts.credentials_from)})" if facts.credentials_from else "",
    )


def _seen(error: APIStatusError) -> Seen:
    response = error.response
    return Seen(
        status=error.status_code,
        names=frozenset(name.lower() for name in (error.type, error.code) if name),
        text=error.message[:_SEARCHED].lower(),
        param=error.param,
        page=response is not None and is_page(response.body),
        foreign=response is not None and response.status_code >= 300 and not is_own_word(response),
    )


def _short(fact: str | None) -> str:
    return one_line(fact or "")[:_SHOWN]
