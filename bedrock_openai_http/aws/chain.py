"""Credentials that refresh themselves, and botocore's chain, which finds such: asked once for all threads.

This module is a part of `credential_source`, and the only one that loads botocore's session. Its law: one thread at a
time has foreign code look up or refresh credentials, without a lock; the others wait for that, or go on with what is
still good.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from ..values.errors import ConfigurationError, CredentialsError
from ..values.forks import loading
from ..values.frozen import field, frozen
from .credentials import Advise, Credentials, foreign, freeze, is_ready
from .waiting import Shared

#: Seconds for which a chain that found nothing is not asked again: a metadata service that does not answer costs
#: two seconds each time.
MISS_SECONDS = 5.0

#: Seconds before their end from which on credentials must be refreshed. Before that botocore only tries to.
MANDATORY_SECONDS = 600


class NothingFoundError(CredentialsError):
    """No provider of the chain has credentials; the message says where they were looked for."""


@frozen
class Known:
    """A credentials object, and what it held when it was read last."""

    found: Any = field(repr=False)
    read: Credentials


class Refreshing:
    """Reads credentials that may refresh themselves, such as botocore's.

    `find` gives the object, and `advise` the advice where reading it fails, as for `foreign`.
    """

    def __init__(self, find: Callable[[], Any], advise: Advise | None = None) -> None:
        self._find = find
        self._advise = advise
        self._shared = Shared(self._look_up, start_anew=self._start_anew)

    @property
    def known(self) -> Known | None:
        """The object that is read; None if there is none yet."""
        return self._shared.present

    def get(self, deadline: float | None) -> Credentials:
        """Return the credentials of this moment. Raises APITimeoutError at the deadline, and what finding raises."""
        known = self._shared.present
        if known is None:
            return self._shared.get(deadline).read
        if is_ready(known.found):
            return self._read(known)
        good = is_ready(known.found, MANDATORY_SECONDS)
        return self._shared.get(deadline, instead=known if good else None).read

    def _read(self, known: Known) -> Credentials:
        return freeze(known.found)  # the caller may have had them refreshed elsewhere

    def forget(self, used: Credentials | None) -> None:
        """Have the object found anew, unless that has been done since `used` was read; None for whatever was."""
        known = self._shared.present
        if used is not None:
            if known is None and self._shared.is_under_way:
                return
            if known is not None and is_ready(known.found) and self._read(known) != used:
                return
        self._shared.forget()

    def _look_up(self, until: float | None) -> Known:
        known = self._shared.present
        found = self._find() if known is None else known.found
        return Known(found, freeze(found, self._advise))

    def _start_anew(self) -> None:
        # The object is in the middle of a refresh, and others would wait for a lock of its own.
        self._shared.present = None


class Chain(Refreshing):
    """botocore's chain for one profile, or for the environment's."""

    def __init__(self, profile: str | None) -> None:
        super().__init__(self._ask, self._advise_on)
        self._given_profile = profile
        #: The profile in use, once the chain was asked.
        self.profile: str | None = profile
        #: Until when it counts that nothing was found, on the monotonic clock, and where.
        self._miss = (0.0, "")

    def get(self, deadline: float | None) -> Credentials:
        """Return what the chain finds. Raises NothingFoundError if that is nothing, and what finding raises."""
        until, places = self._miss
        if time.monotonic() < until:
            raise NothingFoundError(places)
        return super().get(deadline)

    def _read(self, known: Known) -> Credentials:
        return known.read  # nobody else has the object, and it is never refreshed but by a look-up of ours

    def _ask(self) -> Any:
        with loading():
            from botocore.session import Session

        session = Session(profile=self._given_profile)
        self.profile = session.profile or "default"
        advise = partial(self._advise_on, session=session)
        # Building the chain reads the profile, so a misspelled name fails here.
        foreign("the AWS configuration", lambda: session.get_component("credential_provider"), advise)
        found = foreign("the AWS credential chain", session.get_credentials, advise)
        if found is None:
            # A dozen providers, in the words of who configures them; variables do not count beside a given profile.
            variables = "" if self._given_profile else "environment variables, "
            places = f"{variables}profile {self.profile}, container role, instance role"
            self._miss = (time.monotonic() + MISS_SECONDS, places)
            raise NothingFoundError(places)
        return found

    def _advise_on(self, error: Exception, what: str, session: Any = None) -> str | None:
        profiles: list[str] = []
        with suppress(Exception):  # the files may be what is wrong
            profiles = session.available_profiles
        with suppress(ConfigurationError), loading():  # or that none can be opened any more
            from .credential_advice import advise_on_look_up

            return advise_on_look_up(error, what, profile=self.profile, profiles=profiles)
        return None
