"""From what a user asks for to a call that can be driven: checked, built, and settled where it goes.

This module sends nothing and waits for nothing, so that every client plans its calls alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..aws.configuration import Configuration
from ..aws.credential_source import CredentialSource
from ..aws.destination import Destination, Options, find_destination
from ..call.building import post_of
from ..call.headers import callers_headers
from ..call.plan import Plan
from ..call.retry import RetryPolicy
from ..call.walk import Call, Session
from ..call.world import World
from ..validation.checking import CheckedRequest, checked_project, checked_request, warn_of_refusals
from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.forks import loading
from ..values.frozen import frozen
from ..values.http import TimeLimits
from ..values.once import once
from ..values.request import ChatCompletionRequest, Guardrail, unknown_fields_option

if TYPE_CHECKING:
    import logging

    from ..call.events import Event

#: The level of `logging` at which a retry can be seen.
_INFO = 20


@frozen
class CallOptions:
    """What holds for every call of a client, as `Client` describes it."""

    limits: TimeLimits
    #: Seconds for a whole call; None for no limit.
    deadline: float | None
    guardrail: Guardrail | None
    unknown_fields: str
    project: str | None
    on_event: Callable[[Event], object] | None

    @classmethod
    def checked(
        cls,
        endpoint: str,
        *,
        timeout: float,
        connect_timeout: float,
        deadline: float | None,
        guardrail: Guardrail | None,
        unknown_fields: str,
        project: str | None,
        on_event: Callable[[Event], object] | None,
    ) -> CallOptions:
        """Return the options of a client of `endpoint`. Raises ConfigurationError, and TypeError for `on_event`."""
        if on_event is not None:
            from ..call.reports import checked_listener

            on_event = checked_listener(on_event)
        return cls(
            TimeLimits(arguments.seconds("connect_timeout", connect_timeout), arguments.seconds("timeout", timeout)),
            None if deadline is None else arguments.seconds("deadline", deadline),
            guardrail,
            unknown_fields_option(unknown_fields),
            checked_project(project, endpoint),
            on_event,
        )


class Planner:
    """Makes the calls of a client. Shared by its threads; looks up nothing before the first call.

    `proxy_of` gives the proxy for a URL.
    """

    def __init__(
        self,
        source: CredentialSource,
        destination: Options,
        options: CallOptions,
        configuration: Configuration,
        policy: RetryPolicy,
        world: World,
        proxy_of: Callable[[str], str | None],
    ) -> None:
        self.options = options
        self.world = world
        self.session = Session(source, policy, world, proxy_of)
        self._to = destination
        self._configuration = configuration

    def call(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        *,
        stream: bool,
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None,
        in_front: int = 0,
    ) -> Call:
        """Return the call that asks for `request`; `deadline` and `timeout` (seconds) replace the client's.

        `in_front` is how many of its messages were put before the caller's.
        Raises RequestValidationError and ConfigurationError for what must not be sent.
        """
        options = self.options
        headers = callers_headers(extra_headers, options.project)
        checked = checked_request(
            request,
            stream=stream,
            endpoint=self._to.endpoint,
            guardrail=options.guardrail,
            extra_headers=headers,
            unknown_fields=options.unknown_fields,
            in_front=in_front,
        )
        seconds = options.deadline if deadline is None else arguments.seconds("deadline", deadline)
        read = options.limits.read if timeout is None else arguments.seconds("timeout", timeout)
        call = Call(self._plan(checked, stream, headers, seconds, read), self.session.new_invocation_id())
        if options.on_event is not None or _logger().isEnabledFor(_INFO):
            with loading():
                from ..call.reports import Report

            call.report = Report(call.plan, call.invocation_id, checked.body, options.on_event, self.world.clock)
        return call

    def _plan(
        self, checked: CheckedRequest, stream: bool, headers: dict[str, str], seconds: float | None, read: float
    ) -> Plan:
        """Return what is settled before the call, which may take `seconds` in all, and `read` for each wait."""
        to, given, body = self.destination, self._to, checked.body
        built = post_of(body, to.endpoint.chat_completions_url(body["model"]), checked.guardrail, headers)
        started = self.world.clock()
        region = to.region.value if to.region else None
        warn_of_refusals(checked, given.endpoint, region, own_host=to.endpoint.region is not None)
        return Plan(
            request=built,
            to=to.endpoint,
            endpoint=given.endpoint,
            region=region,
            # Behind another host than AWS's anything may stand, and a region that nobody gave is none to judge by.
            key_region=to.endpoint.region or given.region,
            limits=TimeLimits(self.options.limits.connect, read, None if seconds is None else started + seconds),
            max_attempts=to.max_attempts.value,
            started=started,
            model=body["model"],
            stream=stream,
            max_completion_tokens=body.get("max_completion_tokens"),
            guardrail=checked.guardrail,
        )

    @once
    def destination(self) -> Destination:
        """Where calls go, found at the first of them."""
        try:
            return find_destination(self._to, self._configuration)
        except ConfigurationError as error:
            error.advice = error.advice or self._configuration.advice()
            raise


@cache
def _logger() -> logging.Logger:
    with loading():
        import logging

    return logging.getLogger("bedrock_openai_http")
