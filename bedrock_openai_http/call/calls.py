"""One call: its attempts, each signed anew, and what is put right between them.

This module takes a built request to an open 2xx answer. What came before and what follows is for `client`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..aws.clock import ServiceClock
from ..aws.credential_source import CredentialSource
from ..aws.credentials import ApiKey, Credentials
from ..aws.key_check import KeyCheck
from ..values import jsontext
from ..values.errors import (
    APIConnectionError,
    APIStatusError,
    BedrockOpenAIError,
    ConfigurationError,
    CredentialsError,
)
from ..values.forks import loading
from ..values.frozen import frozen
from ..values.http import HTTPRequest, OpenResponse, TimeLimits, Transport
from .answer import read_response
from .error_answers import error_from_response
from .retry import Retrier

if TYPE_CHECKING:
    from ..aws.signing import Signer
    from .advice.causes import CallFacts


@frozen
class Plan:
    """What is sent for one call, to where, and how long it may take."""

    request: HTTPRequest
    #: The service and the region in the SigV4 scope; a region of None if none is known.
    service: str
    region: str | None
    #: The region that a short-term API key must be made for; None if any will do.
    key_region: str | None
    limits: TimeLimits
    #: How often the call is attempted in all.
    max_attempts: int
    #: When it began, on the clock of the deadline.
    started: float
    #: Whether it goes to a host of AWS's own, where only Bedrock's keys are good.
    own_host: bool


class Call:
    """A call under way: its plan, and how its last attempt went."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        #: The same for all attempts.
        self.invocation_id = _random_uuid()
        self.attempts = 0
        #: What the last attempt authenticated with, and what the next one is to use in its place.
        self.used: ApiKey | Credentials | None = None
        self.renewed: ApiKey | Credentials | None = None
        #: When the last attempt was sent and answered, in seconds since 1970.
        self.sent = self.received = 0.0


class Caller:
    """Makes the attempts of a client's calls. `transport` is looked up when it is needed."""

    def __init__(
        self,
        source: CredentialSource,
        retrier: Retrier,
        transport: Callable[[], Transport],
    ) -> None:
        self._source = source
        self._retrier = retrier
        self._transport = transport
        self._clock = ServiceClock()
        self._keys = KeyCheck(source, self._clock)
        #: Made by the first call that signs, which loads botocore.
        self._signer: Signer | None = None

    def open(self, call: Call) -> OpenResponse:
        """Return a 2xx answer to `call`, after as many attempts as it needs and may have.

        Raises what the last attempt failed with.
        """
        return self._retrier.run(
            lambda number: self._attempt(call, number),
            call.plan.max_attempts,
            call.plan.limits.deadline,
            lambda failure: self._mend(call, failure),
        )

    def elapsed(self, call: Call) -> float:
        """Return the seconds since `call` began."""
        return self._retrier.clock() - call.plan.started

    def annotate(self, call: Call, error: BedrockOpenAIError) -> None:
        """Note in `error` how often the call was attempted and how long it took, and take the keys out of it."""
        error.attempts = call.attempts
        error.elapsed = self.elapsed(call)
        if isinstance(error, APIStatusError):
            with suppress(ConfigurationError):  # advice that cannot be loaded is none
                error.advice = _advice(error, call, self._source)
        # Only here, since until now the service's own words decided what is to be done.
        if call.used is not None and not _is_of_no_answer(error):
            with loading():
                from .redaction import redact

            settings = getattr(self._transport(), "settings", None)  # which a given transport has not
            redact(error, call.used, settings(call.plan.request.url)[0] if settings else None)

    def _attempt(self, call: Call, number: int) -> OpenResponse:
        numbered = call.plan.request.with_headers(
            {
                "amz-sdk-invocation-id": call.invocation_id,
                "amz-sdk-request": f"attempt={number}; max={call.plan.max_attempts}",
            }
        )
        plan, deadline = call.plan, call.plan.limits.deadline
        call.used, call.renewed = call.renewed or self._source.get(deadline), None
        if isinstance(call.used, ApiKey):
            call.used = self._keys.usable(call.used, plan.key_region, own_host=plan.own_host, deadline=deadline)
        request = self._authenticated(numbered, call.used, plan)
        call.attempts = number
        call.sent = self._clock.wall()
        response = self._transport().open(request, call.plan.limits)
        call.received = self._clock.wall()
        if 200 <= response.status_code < 300:
            return response
        raise error_from_response(read_response(response))

    def _mend(self, call: Call, failure: BedrockOpenAIError) -> bool:
        """Put right what made an attempt fail, if it was a wrong clock or an expired token; tell whether it was."""
        if not isinstance(failure, APIStatusError) or call.used is None:
            return False
        if isinstance(call.used, Credentials) and self._clock.learn(failure, call.sent, call.received):
            return True
        try:
            call.renewed = self._source.renew(failure, call.used, call.plan.limits.deadline)
        except BedrockOpenAIError as error:
            error.request_id = error.request_id or failure.request_id
            raise
        return call.renewed is not None

    def _authenticated(self, request: HTTPRequest, found: ApiKey | Credentials, plan: Plan) -> HTTPRequest:
        """Return `request` with what authenticates it now: each attempt is signed on its own."""
        if isinstance(found, ApiKey):
            return request.with_headers(found.headers)
        with loading():
            from ..aws.signing import Signer

        self._signer = self._signer or Signer()
        if plan.region is None:
            raise ConfigurationError("no region to sign for: give region=, or set AWS_REGION or AWS_DEFAULT_REGION")
        return self._signer.sign(request, found, plan.region, plan.service, now=self._clock.now())


def _is_of_no_answer(error: BedrockOpenAIError) -> bool:
    """Tell whether no answer had come, so that all words are ours.

    Then nothing may be loaded: what failed may be that no file can be opened any more.
    """
    kinds = (APIConnectionError, ConfigurationError, CredentialsError)
    return isinstance(error, kinds) and error.request_id is None and error.response is None


def _advice(error: APIStatusError, call: Call, source: CredentialSource) -> str | None:
    with loading():
        from .advice.advise import advise

    return advise(error, _facts(call, source))


def _facts(call: Call, source: CredentialSource) -> CallFacts:
    """Return what is known of a call that has failed."""
    from ..aws.api_keys import inspect_api_key
    from .advice.causes import CallFacts

    body = jsontext.decode(call.plan.request.body)
    key = inspect_api_key(call.used.value) if isinstance(call.used, ApiKey) else None
    return CallFacts(
        endpoint="mantle" if call.plan.service == "bedrock-mantle" else "runtime",
        host=urlsplit(call.plan.request.url).hostname,
        region=call.plan.region,
        model=body.get("model"),
        authentication=None if call.used is None else "SigV4" if key is None else "API key",
        key_region=key.region if key else None,
        key_expires_at=key.expires_at if key else None,
        credentials_from=None if call.used is None else source.origin(call.used) or None,
        stream=body.get("stream") is True,
        max_completion_tokens=body.get("max_completion_tokens"),
    )


def _random_uuid() -> str:
    """Return a UUID of version 4 (RFC 9562, 5.4), without the module `uuid`, which a call has no other use for.

    It is of the operating system's randomness, so that copies of one memory image differ.
    """
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
