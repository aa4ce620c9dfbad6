"""Short-term Bedrock API keys, made on this machine from AWS credentials, and made anew in time.

A key is a presigned request to a host that all regions share, in base64. Making one calls nobody. It lets in whoever
has it, to Bedrock only and in one region only, until it expires or the credentials that made it do.

Sources: Amazon Bedrock user guide, "Amazon Bedrock API keys"; the AWS package aws-bedrock-token-generator for the
form, which is documented nowhere.

This module's law: a key is made from AWS credentials, never from another key, and only who asks for it sees it.
"""

from __future__ import annotations

import math
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..values import arguments
from ..values.errors import BedrockOpenAIError, ConfigurationError
from ..values.forks import loading
from .api_keys import API_KEY_HOST
from .credential_source import CredentialSource, Punctual
from .credentials import SHORT_TERM_PREFIX, ApiKey, Credentials
from .endpoint import resolve_endpoint
from .waiting import Shared

#: Seconds that the service lets a short-term key live at most.
LONGEST_LIFETIME = 43200

#: Seconds for which credentials that could not be looked up are not asked for again while there is a good key.
PAUSE_SECONDS = 5.0

#: Before which moment a key must begin, in seconds since 1970: it ends within the years that a date can have.
_LAST_BEGINNING = 253402300800 - LONGEST_LIFETIME


def mint_api_key(
    region: str,
    *,
    credentials: Any = None,
    profile: str | None = None,
    lifetime: int = LONGEST_LIFETIME,
    now: datetime | None = None,
) -> str:
    """Return a new short-term Bedrock API key for `region`, good for `lifetime` seconds from `now` on.

    `credentials` is a `Credentials`, a botocore credentials object or a callable that returns one; without them,
    those of `profile` or of botocore's chain are used. The variable AWS_BEARER_TOKEN_BEDROCK never counts. A key
    that temporary credentials made, those of a role for one, ends when they end, however long its lifetime.

    Raises ConfigurationError for a region, lifetime or `now` that cannot be, CredentialsError without usable
    credentials.
    """
    try:
        source = CredentialSource(credentials=credentials, profile=_checked_profile(profile))
    finally:
        del credentials  # no local may show them where this, or what follows, fails
    region = _real_region(region)
    lifetime = _checked_lifetime(lifetime)
    moment = datetime.now(timezone.utc) if now is None else arguments.moment("now", now)
    if not 1970 < moment.year < 9999:
        raise ConfigurationError("now: must be of the years 1971 to 9998")
    return _mint(source.aws_credentials(), region, lifetime, moment)


class ApiKeyProvider(Punctual):
    """A callable that returns a good short-term key, for `Client(api_key=ApiKeyProvider("us-west-2"))`. Thread-safe.

    Args:
        region: the region of the keys, and so of the calls.
        credentials: as for `mint_api_key`; a callable is asked each time.
        profile: a profile of the AWS configuration files.
        lifetime: seconds that each key may live, up to 43200.
        margin: seconds before its end at which a key is replaced; at most half of the lifetime counts.
        clock: gives the time in seconds since 1970.

    A key is replaced when its end is near, when the credentials have changed, and after `refresh()`. One thread at a
    time looks; meanwhile the others get the present key while it is good. Where credentials cannot be looked up,
    the present key is used until it expires; without one, CredentialsError is raised.

    A key that temporary credentials made, those of a role for one, ends when they end. Credentials that refresh
    themselves, botocore's for one, change before that, and the key with them.

    Raises ConfigurationError for a region, lifetime or margin that cannot be; nothing is looked up before a call.
    """

    def __init__(
        self,
        region: str,
        *,
        credentials: Any = None,
        profile: str | None = None,
        lifetime: int = LONGEST_LIFETIME,
        margin: float = 900,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            self._source = CredentialSource(credentials=credentials, profile=_checked_profile(profile))
        finally:
            del credentials  # no local may show them where this, or what follows, fails
        self._region = _real_region(region)
        self._lifetime = _checked_lifetime(lifetime)
        self._margin = min(arguments.seconds("margin", margin, zero=True), self._lifetime / 2)
        if not callable(clock):
            raise ConfigurationError(f"clock: must be callable, not {type(clock).__name__}")
        self._clock = clock
        self._shared = Shared(self._best_key, aside=False)
        #: Until when credentials are not asked for again after they could not be looked up.
        self._paused_until = -math.inf

    def _call_by(self, deadline: float | None) -> str:
        present = self._good_key()
        if present is not None and self._now() < self._paused_until:
            return present.value
        try:
            return self._shared.get(deadline, instead=present).value
        except BedrockOpenAIError:
            if present is None:
                raise
        self._paused_until = self._now() + PAUSE_SECONDS
        return present.value

    def _is_at_hand(self) -> bool:
        return self._good_key() is not None and self._source.is_at_hand()

    def _refresh_by(self, deadline: float | None, used: ApiKey | None) -> None:
        present = self._shared.present
        if used is not None and (present.value != used.value if present else self._shared.is_under_way):
            return  # another thread has seen to it
        self._shared.forget()
        self._source.refresh(deadline)

    def __repr__(self) -> str:
        # None where the constructor has failed, and an error reporter shows the locals of that.
        return f"ApiKeyProvider({getattr(self, '_region', None)!r})"

    def __reduce__(self) -> Any:
        raise TypeError("an ApiKeyProvider cannot be pickled or copied: it may hold a key")

    def _good_key(self) -> _Minted | None:
        """Return the present key if it is good now."""
        # A clock that was set back would make it a key of the future.
        key = self._shared.present
        return key if key is not None and key.begins <= self._now() < key.ends else None

    def _best_key(self, deadline: float | None) -> _Minted:
        """Return the present key, or the new one that takes its place."""
        credentials = self._source.aws_credentials(deadline)
        present, now = self._good_key(), self._now()
        if present is not None and present.credentials == credentials and now < present.ends - self._margin:
            return present
        begins = math.floor(now)  # a key knows whole seconds only
        value = _mint(credentials, self._region, self._lifetime, datetime.fromtimestamp(begins, timezone.utc))
        return _Minted(value, credentials, begins, begins + self._lifetime)

    def _now(self) -> float:
        now = self._clock()
        if not 0 <= now < _LAST_BEGINNING:
            raise ConfigurationError("clock: must give the seconds since 1970")
        return now


@dataclass(frozen=True)
class _Minted:
    """A key, what made it, and from when to when it is good, in seconds since 1970."""

    value: str = field(repr=False)
    credentials: Credentials
    begins: int
    ends: int


def _mint(credentials: Credentials, region: str, lifetime: int, now: datetime) -> str:
    with loading():  # here, since it loads botocore
        from .signing import presign

    url = f"https://{API_KEY_HOST}/?Action=CallWithBearerToken"
    presigned = presign("POST", url, credentials, region, "bedrock", lifetime=lifetime, now=now)
    # The version is not under the signature.
    text = presigned.removeprefix("https://") + "&Version=1"
    return SHORT_TERM_PREFIX + b64encode(text.encode("ascii")).decode("ascii")


def _real_region(region: str) -> str:
    """Return the region to sign for: a pseudo-region of older SDKs, such as fips-us-east-1, stands for another."""
    return resolve_endpoint(region).region or region


def _checked_lifetime(lifetime: int) -> int:
    return arguments.integer("lifetime", lifetime, 1, LONGEST_LIFETIME, "seconds")


def _checked_profile(profile: str | None) -> str | None:
    return None if profile is None else arguments.text("profile", profile)
