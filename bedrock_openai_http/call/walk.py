"""One call, from its plan to its answer: its attempts, each authenticated anew, and what is put right between them.

A call is a generator. It yields what is to be done (`effects`) and is sent what came of it, so that whoever drives it
chooses how to wait: a thread, an event loop, or a test with a list of answers.

This module's law: every decision of a call is made here, or in what is asked here, and none of its I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..aws.clock import ServiceClock
from ..aws.credential_source import CredentialSource, is_expired
from ..aws.credentials import ApiKey, Credentials
from ..aws.key_check import KeyCheck
from ..values.completion import ChatCompletion
from ..values.errors import (
    APIConnectionError,
    APIStatusError,
    BedrockOpenAIError,
    ConfigurationError,
    CredentialsError,
)
from ..values.forks import loading
from ..values.http import HTTPRequest, OpenResponse
from . import headers
from .answer import BODY_LIMIT, completion_of
from .effects import Ask, Effect, ReadAll, Send, Sleep
from .error_answers import error_from_response
from .plan import Plan
from .retry import COST, RetryPolicy, RetryQuota
from .world import World

if TYPE_CHECKING:
    from ..aws.signing import Signer
    from .advice.causes import CallFacts
    from .reports import Report


class Call:
    """A call under way: its plan, and how its last attempt went."""

    def __init__(self, plan: Plan, invocation_id: str, report: Report | None = None) -> None:
        self.plan = plan
        #: The same for all attempts.
        self.invocation_id = invocation_id
        #: Tells what happens, where somebody wants to know.
        self.report = report
        self.attempts = 0
        #: What the last attempt authenticated with, and what the next one is to use in its place.
        self.used: ApiKey | Credentials | None = None
        self.renewed: ApiKey | Credentials | None = None
        #: When the last attempt was sent and answered, in seconds since 1970.
        self.sent = self.received = 0.0


class Session:
    """What the calls of one client share: whose they are, the service's clock, what is spent on retries.

    `proxy_of` gives the proxy for a URL, for errors to be free of its password.
    """

    def __init__(
        self,
        source: CredentialSource,
        policy: RetryPolicy,
        world: World,
        proxy_of: Callable[[str], str | None] = lambda url: None,
    ) -> None:
        self.source = source
        self.policy = policy
        self.world = world
        self.quota = RetryQuota()
        self.clock = ServiceClock(world.wall)
        self._keys = KeyCheck(source, self.clock)
        self._signer: Signer | None = None
        self._proxy_of = proxy_of

    def new_invocation_id(self) -> str:
        """Return a UUID of version 4 (RFC 9562, 5.4); the module `uuid` would be loaded for this alone."""
        digits = self.world.random_bytes(16).hex()
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def look_up(self, call: Call) -> None:
        """Find what the next attempt of `call` authenticates with. This may block, and raise CredentialsError."""
        deadline = call.plan.limits.deadline
        call.used, call.renewed = call.renewed or self.source.get(deadline), None
        if isinstance(call.used, ApiKey):
            call.used = self._keys.usable(
                call.used, call.plan.key_region, own_host=call.plan.own_host, deadline=deadline
            )

    def sign(self, request: HTTPRequest, credentials: Credentials, region: str, service: str) -> HTTPRequest:
        """Return `request` signed for this moment by the service's clock. Raises ConfigurationError."""
        signer = self._signer  # `close` may take it away meanwhile
        if signer is None:
            with loading():
                from ..aws.signing import Signer

            signer = self._signer = Signer()
        return signer.signed(request, credentials, region, service, self.clock.now())

    def close(self) -> None:
        """Forget the signing key of the day."""
        self._signer = None

    def again(self, call: Call, number: int, failure: BedrockOpenAIError) -> tuple[float, int] | None:
        """Return the seconds until the next attempt, and what it took from the quota; None if there is no other."""
        reason = self.policy.reason(failure)
        if reason is None:
            return None
        wait, deadline = self.policy.delay(reason, number - 1, failure, self.world), call.plan.limits.deadline
        if deadline is not None and self.world.clock() + wait >= deadline:
            return None
        return (wait, COST[reason]) if self.quota.take(COST[reason]) else None

    def elapsed(self, call: Call) -> float:
        """Return the seconds since `call` began."""
        return self.world.clock() - call.plan.started

    def annotate(self, call: Call, error: BedrockOpenAIError) -> None:
        """Note in `error` what the call took and what may help, and take the keys out of it."""
        error.attempts = call.attempts
        error.elapsed = self.elapsed(call)
        if isinstance(error, APIStatusError) and (error.response is None or error.response.status_code < 300):
            _advise(error, call, self)  # an error answer has had its advice when it came
        # Only here, since until now the service's own words decided what is to be done.
        if call.used is not None and not _is_of_no_answer(error):
            with loading():
                from .redaction import redact

            redact(error, call.used, self._proxy_of(call.plan.request.url))


def completed(call: Call, session: Session) -> Generator[Effect, Any, ChatCompletion]:
    """Return the completion that answers `call`. Raises BedrockOpenAIError."""
    try:
        response = yield from _answered(call, session)
        whole = yield ReadAll(response, BODY_LIMIT)
        completion = completion_of(whole, call.attempts, session.elapsed(call))
    except BaseException as error:
        _note(call, session, error)
        raise
    if call.report is not None:
        call.report.completed(completion, call.attempts)
    return completion


def opened(call: Call, session: Session) -> Generator[Effect, Any, OpenResponse]:
    """Return the open answer to a streamed `call`, which may be an event stream. Raises BedrockOpenAIError."""
    with loading():
        from .decode import may_be_a_stream, not_a_stream

    try:
        response = yield from _answered(call, session)
        if not may_be_a_stream(response.headers):
            raise not_a_stream((yield ReadAll(response, BODY_LIMIT)))
    except BaseException as error:
        _note(call, session, error)
        raise
    return response


def _note(call: Call, session: Session, error: BaseException) -> None:
    if isinstance(error, BedrockOpenAIError):
        session.annotate(call, error)
    if call.report is not None:
        call.report.failed(error, call.attempts)


def _answered(call: Call, session: Session) -> Generator[Effect, Any, OpenResponse]:
    """Return a 2xx answer, after as many attempts as `call` needs and may have; raise what the last failed with."""
    cost, mended = 1, False  # what a success gives back: one token, or what the retry that led to it took
    if call.report is not None:
        call.report.started()
    for number in count(1):
        try:
            response = yield from _attempt(call, session, number)
        except BedrockOpenAIError as error:
            failure = error
        else:
            session.quota.give(cost)
            return response
        wait = None
        if number < call.plan.max_attempts:
            try:
                if not mended and (yield from _mended(call, session, failure)):
                    wait, mended = 0.0, True
                else:
                    wait, cost = session.again(call, number, failure) or (None, cost)
            except BedrockOpenAIError:  # there are no credentials any more
                if call.report is not None:
                    call.report.attempt_failed(failure, None)
                raise
        if call.report is not None:
            call.report.attempt_failed(failure, wait)
        if wait is None:
            break
        if wait:
            yield Sleep(wait)
    try:
        raise failure
    finally:
        # An error whose own traceback leads back to it is freed, with the prompt that its frames hold and the
        # connections of its client, only when Python next looks for such circles.
        del failure


def _attempt(call: Call, session: Session, number: int) -> Generator[Effect, Any, OpenResponse]:
    """Return the 2xx answer to one attempt; raise what it failed with."""
    if call.report is not None:
        call.report.attempt_started(number)
    yield Ask(lambda: session.look_up(call), lambda: call.renewed is not None or session.source.is_at_hand())
    assert call.used is not None  # noqa: S101  (`look_up` has found it, or raised)
    request = headers.attempt(call.plan, call.invocation_id, number, call.used, session.sign)
    call.attempts = number
    if call.report is not None:
        call.report.used = call.used
    call.sent = session.world.wall()
    response: OpenResponse = yield Send(request, call.plan.limits)
    call.received = session.world.wall()
    if 200 <= response.status_code < 300:
        if call.report is not None:
            call.report.response_started(response)
        return response
    whole = yield ReadAll(response, BODY_LIMIT)
    raise error_from_response(whole, _facts(call, session.source))


def _mended(call: Call, session: Session, failure: BedrockOpenAIError) -> Generator[Effect, Any, bool]:
    """Put right what made an attempt fail, if it was a wrong clock or an expired token; tell whether it was."""
    if not isinstance(failure, APIStatusError) or call.used is None:
        return False
    if isinstance(call.used, Credentials) and session.clock.learn(failure, call.sent, call.received):
        return True
    if not is_expired(failure):
        return False
    used, deadline = call.used, call.plan.limits.deadline
    try:
        call.renewed = yield Ask(lambda: session.source.anew(used, deadline))
    except BedrockOpenAIError as error:
        error.request_id = error.request_id or failure.request_id
        raise
    return call.renewed is not None


def _is_of_no_answer(error: BedrockOpenAIError) -> bool:
    """Tell whether no answer had come, so that all words are ours.

    Then nothing may be loaded: what failed may be that no file can be opened any more.
    """
    kinds = (APIConnectionError, ConfigurationError, CredentialsError)
    return isinstance(error, kinds) and error.request_id is None and error.response is None


def _advise(error: APIStatusError, call: Call, session: Session) -> None:
    with suppress(ConfigurationError), loading():  # advice that cannot be loaded is none
        from .advice.advise import advise

        error.advice = advise(error, _facts(call, session.source))


def _facts(call: Call, source: CredentialSource) -> CallFacts:
    """Return what is known of a call that has failed."""
    with loading():
        from ..aws.api_keys import inspect_api_key
        from .advice.causes import CallFacts

    plan = call.plan
    key = inspect_api_key(call.used.value) if isinstance(call.used, ApiKey) else None
    return CallFacts(
        endpoint=plan.endpoint,
        host=urlsplit(plan.request.url).hostname,
        region=plan.region,
        model=plan.model,
        authentication=None if call.used is None else "SigV4" if key is None else "API key",
        key_region=key.region if key else None,
        key_expires_at=key.expires_at if key else None,
        credentials_from=None if call.used is None else source.origin(call.used) or None,
        stream=plan.stream,
        max_completion_tokens=plan.max_completion_tokens,
    )
