"""One call: its attempts, each signed anew, and what is put right between them.

This module takes a built request to an open 2xx answer. What came before and what follows is for `client`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .credential_source import CredentialSource
from .credentials import ApiKey, Credentials
from .error_answers import error_from_response
from .errors import APIStatusError, BedrockOpenAIError, ConfigurationError
from .response import read_response
from .retry import Retrier
from .skew import ServiceClock
from .wire import HTTPRequest, HTTPResponse, OpenResponse, TimeLimits, Transport

#: Characters. What is shorter is nobody's key, and may be an ordinary word of the answer.
SHORTEST_SECRET = 16


@dataclass
class Call:
    """What is sent for one call, how long it may take, and how its last attempt went."""

    request: HTTPRequest
    #: The service in the SigV4 scope.
    service: str
    limits: TimeLimits
    #: When it began, on the clock of the deadline.
    started: float
    attempts: int = 0
    #: The same for all attempts; from the operating system's randomness, so that copies of one memory image differ.
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    #: What the last attempt authenticated with, and what the next one is to use in its place.
    used: ApiKey | Credentials | None = None
    renewed: ApiKey | Credentials | None = None
    #: When the last attempt was sent and answered, in seconds since 1970.
    sent: float = 0.0
    received: float = 0.0


class Caller:
    """Makes the attempts of a client's calls. `region` and `transport` are looked up when they are needed."""

    def __init__(
        self,
        source: CredentialSource,
        retrier: Retrier,
        region: Callable[[], str | None],
        transport: Callable[[], Transport],
    ) -> None:
        self._source = source
        self._retrier = retrier
        self._region = region
        self._transport = transport
        self._clock = ServiceClock()

    def open(self, call: Call) -> OpenResponse:
        """Return a 2xx answer to `call`, after as many attempts as it needs and may have.

        Raises what the last attempt failed with.
        """
        return self._retrier.run(
            lambda number: self._attempt(call, number),
            call.limits.deadline,
            lambda failure: self._mend(call, failure),
        )

    def annotate(self, call: Call, error: BedrockOpenAIError) -> None:
        """Note in `error` how often the call was attempted and how long it took."""
        error.attempts = call.attempts
        error.elapsed = self._retrier.clock() - call.started

    def _attempt(self, call: Call, number: int) -> OpenResponse:
        numbered = call.request.with_headers(
            {
                "amz-sdk-invocation-id": call.invocation_id,
                "amz-sdk-request": f"attempt={number}; max={self._retrier.max_attempts}",
            }
        )
        call.used, call.renewed = call.renewed or self._source.get(), None
        request = self._authenticated(numbered, call.used, call.service)
        call.attempts = number
        call.sent = self._clock.wall()
        response = self._transport().open(request, call.limits)
        call.received = self._clock.wall()
        if 200 <= response.status_code < 300:
            return response
        raise error_from_response(_without_secrets(read_response(response), call.used))

    def _mend(self, call: Call, failure: BedrockOpenAIError) -> bool:
        """Put right what made an attempt fail, if it was a wrong clock or an expired token; tell whether it was."""
        if not isinstance(failure, APIStatusError) or call.used is None:
            return False
        if isinstance(call.used, Credentials) and self._clock.learn(failure, call.sent, call.received):
            return True
        try:
            call.renewed = self._source.renew(failure, call.used)
        except BedrockOpenAIError as error:
            error.request_id = error.request_id or failure.request_id
            raise
        return call.renewed is not None

    def _authenticated(self, request: HTTPRequest, found: ApiKey | Credentials, service: str) -> HTTPRequest:
        """Return `request` with what authenticates it now: each attempt is signed on its own."""
        if isinstance(found, ApiKey):
            return request.with_headers(found.headers)
        from .signing import sign

        region = self._region()
        if region is None:
            raise ConfigurationError("no region to sign for: give region=, or set AWS_REGION or AWS_DEFAULT_REGION")
        return sign(request, found, region, service, now=self._clock.now())


def _without_secrets(refusal: HTTPResponse, used: ApiKey | Credentials) -> HTTPResponse:
    """Return `refusal` without what authenticated the call: AWS quotes the canonical request, token and all."""
    secrets = (used.value,) if isinstance(used, ApiKey) else (used.secret_key, used.token)
    body = refusal.body
    for secret in secrets:
        if secret is None or len(secret) < SHORTEST_SECRET:
            continue
        for form in (secret, secret.replace("/", "\\/")):  # JSON may escape a slash
            body = body.replace(form.encode(), b"***")
    return replace(refusal, body=body)
