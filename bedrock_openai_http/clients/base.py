"""What both clients are: their options, and the calls that these plan. They differ in how they wait.

This module sends nothing, and loads nothing that only a call needs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import EllipsisType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..aws.configuration import Configuration
from ..aws.credential_source import CredentialSource
from ..aws.destination import Options
from ..call.retry import RetryPolicy
from ..call.world import World
from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.once import once
from ..values.request import Guardrail
from .planning import CallOptions, Planner

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..call.events import Event

#: The session of an HTTP library, the transport, and what a callable for a key gives.
SessionT = TypeVar("SessionT")
TransportT = TypeVar("TransportT")
KeyT = TypeVar("KeyT")


class BaseClient(Generic[SessionT, TransportT, KeyT]):
    """The options of a client, and what its calls go through."""

    #: The clocks, the chance and the patience of this machine.
    _machine: ClassVar[World]
    #: The library of a session that may be given, and its class there.
    _session_kind: ClassVar[tuple[str, str]]

    def __init__(
        self,
        region: str | None = None,
        *,
        endpoint: str = "runtime",
        base_url: str | None = None,
        api_key: str | Callable[[], KeyT] | None = None,
        credentials: Any = None,
        profile: str | None = None,
        timeout: float = 600.0,
        connect_timeout: float = 5.0,
        deadline: float | None = None,
        max_attempts: int | None = None,
        retry_read_timeouts: bool = False,
        allow_insecure: bool = False,
        use_fips_endpoint: bool | None = None,
        use_dualstack_endpoint: bool | None = None,
        guardrail: Guardrail | None = None,
        unknown_fields: str = "refuse",
        project: str | None = None,
        session: SessionT | None = None,
        transport: TransportT | None = None,
        on_event: Callable[[Event], object] | None = None,
        world: World | None = None,
    ) -> None:
        try:
            profile = None if profile is None else arguments.text("profile", profile)
            source = self._source_of(api_key, credentials, profile)
        finally:
            del api_key, credentials  # no local may show them where this, or what follows, fails
        options = Options(
            region, endpoint, base_url, allow_insecure, use_fips_endpoint, use_dualstack_endpoint, max_attempts
        )
        call_options = CallOptions.checked(
            options.endpoint,
            timeout=timeout,
            connect_timeout=connect_timeout,
            deadline=deadline,
            guardrail=guardrail,
            unknown_fields=unknown_fields,
            project=project,
            on_event=on_event,
        )
        self._policy = RetryPolicy(retry_read_timeouts=arguments.flag("retry_read_timeouts", retry_read_timeouts))
        self._world = self._machine if world is None else world
        self._configuration = configuration = Configuration(profile)
        if session is not None:
            if transport is not None:
                raise ConfigurationError("session and transport are given; choose one")
            _check_session(session, *self._session_kind)
        given, new = self._checked_transport(transport), self._new_transport
        self._connections: Connections[TransportT] = Connections(given, lambda: new(session, _bundle(configuration)))
        self._owns_connections = True
        self._plan_with(source, options, call_options)

    def with_options(
        self,
        *,
        api_key: str | Callable[[], KeyT] | EllipsisType | None = ...,
        credentials: Any = ...,
        timeout: float | EllipsisType = ...,
        deadline: float | EllipsisType | None = ...,
        max_attempts: int | EllipsisType | None = ...,
        guardrail: Guardrail | EllipsisType | None = ...,
        on_event: Callable[[Event], object] | EllipsisType | None = ...,
        unknown_fields: str | EllipsisType = ...,
    ) -> Self:
        """Return a client on the connections of this one that shares nothing else: one for each tenant, for example.

        What is not given stays as it is; an `api_key` or `credentials` takes the place of all that this client
        authenticates with. Its quota of retries, its clock and what it looks up are its own. Closing it closes no
        connection: those are this client's. Raises what the constructor raises.
        """
        old = self._planner.options
        try:
            if api_key is ... and credentials is ...:
                source = self._source.separate()
            else:
                source = self._source_of(_given(api_key, None), _given(credentials, None), None)
        finally:
            del api_key, credentials
        call_options = CallOptions.checked(
            self._options.endpoint,
            timeout=_given(timeout, old.limits.read),
            connect_timeout=old.limits.connect,
            deadline=_given(deadline, old.deadline),
            guardrail=_given(guardrail, old.guardrail),
            unknown_fields=_given(unknown_fields, old.unknown_fields),
            project=old.project,
            on_event=_given(on_event, old.on_event),
        )
        options = replace(self._options, max_attempts=_given(max_attempts, self._options.max_attempts))
        other = object.__new__(type(self))
        for name in ("_policy", "_world", "_connections", "_configuration"):
            setattr(other, name, getattr(self, name))
        other._owns_connections = False
        other._plan_with(source, options, call_options)
        return other

    def _plan_with(self, source: CredentialSource, options: Options, call_options: CallOptions) -> None:
        self._source, self._options = source, options
        self._planner = Planner(
            source, options, call_options, self._configuration, self._policy, self._world, self._connections.proxy_of
        )

    @staticmethod
    def _source_of(api_key: Any, credentials: Any, profile: str | None) -> CredentialSource:
        """Return where keys are to be found. Raises ConfigurationError."""
        raise NotImplementedError

    @staticmethod
    def _checked_transport(transport: Any) -> Any:
        """Return the transport that the caller gives, if any. Raises ConfigurationError for what is none."""
        raise NotImplementedError

    @staticmethod
    def _new_transport(session: Any, ca_bundle: str | None) -> Any:
        """Return the transport for where none is given."""
        raise NotImplementedError

    def __reduce__(self) -> Any:
        kind = type(self).__name__
        raise TypeError(f"{kind} cannot be pickled or copied: it may hold keys; make one where it is needed")

    def __repr__(self) -> str:
        options, kind = getattr(self, "_options", None), type(self).__name__
        if options is None:  # its constructor has failed, and an error reporter shows the locals of that
            return f"{kind}()"
        return f"{kind}(region={options.region!r}, endpoint={options.endpoint!r})"

    @property
    def _transport(self) -> TransportT:
        transport: TransportT = self._connections.transport
        return transport


class Connections(Generic[TransportT]):
    """What the calls of a client go through, and those of clients that `with_options` makes of it.

    It refers to no client, which would be kept until Python next looks for circles, with its open connections.
    """

    def __init__(self, given: TransportT | None, new: Callable[[], TransportT]) -> None:
        self._given = given
        self._new = new

    @property
    def transport(self) -> TransportT:
        """The transport to use, made when it is first needed."""
        return self._own if self._given is None else self._given

    @property
    def made(self) -> TransportT | None:
        """The transport that was made here, if that is so."""
        return vars(self).get("_own")

    def proxy_of(self, url: str) -> str | None:
        """Return the proxy for `url`, if one is known."""
        settings = getattr(self.transport, "settings", None)  # which a given transport has not
        proxy: str | None = settings(url)[0] if settings else None
        return proxy

    @once
    def _own(self) -> TransportT:
        """Threads that begin together share one, and so one pool."""
        return self._new()


def _check_session(session: Any, library: str, kind: str) -> None:
    """Raise ConfigurationError if `session` is of another kind; who has one of that kind has loaded its library."""
    module = sys.modules.get(library)
    if module is None or not arguments.is_a(session, getattr(module, kind)):
        article = "an" if library[0] in "aeiou" else "a"
        raise ConfigurationError(f"session: must be {article} {library}.{kind}, not {type(session).__name__}")


def _bundle(configuration: Configuration) -> str | None:
    bundle = configuration.ca_bundle()
    return bundle.value if bundle else None


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is ... else value
