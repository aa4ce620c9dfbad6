"""Finds the API key or the credentials for each attempt.

Precedence: an explicit argument, then the variable AWS_BEARER_TOKEN_BEDROCK, then botocore's chain (environment,
profile, SSO, assumed role, web identity, container, instance metadata). A blank variable counts as absent, since
an empty bearer token would only be refused by the service. Everything is looked up when a request needs it and
asked again for each attempt, so rotated credentials are picked up.

This module decides who is asked. For what may take its time it loads `chain` and `waiting`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from ..values.arguments import is_a
from ..values.errors import APIStatusError, ConfigurationError
from ..values.forks import loading
from ..values.once import once
from .credentials import ApiKey, Credentials, clean_api_key, foreign, freeze, is_ready, refused

if TYPE_CHECKING:
    from .chain import Chain, Refreshing
    from .waiting import Each

Found = TypeVar("Found")

#: The environment variable that holds a Bedrock API key; every AWS SDK reads it.
API_KEY_VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"

_EXPIRED_TYPES = frozenset(("ExpiredTokenException", "ExpiredToken"))


class Punctual:
    """A callable that keeps to a deadline by itself, so that it needs no thread for that."""

    def __call__(self) -> str:
        """Return the present key, or a new one if it is time. Raises CredentialsError if there is none."""
        return self._call_by(None)

    def refresh(self) -> None:
        """Forget the present key and the credentials, for the next call to find anew. A client does so by itself."""
        self._refresh_by(None, None)

    def _call_by(self, deadline: float | None) -> str:
        """Do what a call does. Raises APITimeoutError when the deadline passes."""
        raise NotImplementedError

    def _is_at_hand(self) -> bool:
        """Tell whether a call surely asks nobody."""
        return False

    def _refresh_by(self, deadline: float | None, used: ApiKey | None) -> None:
        """Do what `refresh` does, unless that was done since `used` was given. Raises APITimeoutError as well."""
        raise NotImplementedError


def _is_punctual(given: object) -> TypeGuard[Punctual]:
    """Tell whether `given` keeps to a deadline; what a subclass calls in its place may not."""
    if not isinstance(given, Punctual):
        return False
    return type(given).__call__ is Punctual.__call__ and type(given).refresh is Punctual.refresh


class CredentialSource:
    """Finds, for each attempt, the API key or the credentials to use. Thread-safe; looks nothing up when made.

    `api_key` is a string or a callable that returns one; `credentials` is an object with `access_key`,
    `secret_key` and `token` (botocore's, or `Credentials`) or a callable that returns one; `profile` names a
    profile of the AWS configuration files. Raises ConfigurationError if more than one of the three is given.

    A `deadline` is a moment of the monotonic clock. With one, what may hang is done in a thread of its own, and
    APITimeoutError is raised when time is up. Without one, it is done in the thread that asks.
    """

    def __init__(
        self,
        *,
        api_key: str | Callable[[], str] | None = None,
        credentials: Any = None,
        profile: str | None = None,
    ) -> None:
        self._api_key = api_key
        self._credentials = credentials
        self._profile = profile
        del api_key, credentials  # no local may show a key where this fails
        given = {
            "api_key": self._api_key is None,
            "credentials": self._credentials is None,
            "profile": profile is None,
        }
        names = [name for name, is_missing in given.items() if not is_missing]
        # One source for one set: a key from here with a token from there is how requests get refused.
        if len(names) > 1:
            raise ConfigurationError(f"{' and '.join(names)} are given; choose one way to authenticate")
        if is_a(self._api_key, str):
            self._api_key = clean_api_key(self._api_key, "api_key")

    def separate(self) -> CredentialSource:
        """Return another source of the same, which has looked up nothing yet."""
        return CredentialSource(api_key=self._api_key, credentials=self._credentials, profile=self._profile)

    def get(self, deadline: float | None = None) -> ApiKey | Credentials:
        """Return what the next attempt authenticates with. Raises CredentialsError if there is nothing usable."""
        if type(self._api_key) is str:
            return ApiKey(self._api_key)
        if self._api_key is not None:
            return ApiKey(clean_api_key(self._given_key(deadline), "api_key"))
        if self._credentials is not None or self._profile is not None:
            return self.aws_credentials(deadline)
        if os.environ.get(API_KEY_VARIABLE, "").strip():
            return ApiKey(clean_api_key(os.environ.get(API_KEY_VARIABLE), API_KEY_VARIABLE))
        return self._from_chain(deadline, or_key=True)

    def is_at_hand(self) -> bool:
        """Tell whether `get` surely asks nobody, so that it cannot block; False where that is not known."""
        if self._api_key is not None:
            return type(self._api_key) is str or (_is_punctual(self._api_key) and self._api_key._is_at_hand())
        if self._credentials is not None:
            return not callable(self._credentials) and is_ready(self._credentials)
        if self._profile is None and (os.environ.get(API_KEY_VARIABLE, "").strip() or _names_credentials()):
            return True
        chain: Chain | None = vars(self).get("_chain")
        return chain is not None and chain.known is not None and is_ready(chain.known.found)

    def gives_a_key(self) -> bool:
        """Tell whether `get` gives an API key, so that nothing is signed."""
        if self._credentials is not None or self._profile is not None:
            return False
        return self._api_key is not None or bool(os.environ.get(API_KEY_VARIABLE, "").strip())

    def aws_credentials(self, deadline: float | None = None) -> Credentials:
        """Return the AWS credentials that are given, or else the chain's: an API key never counts.

        Raises CredentialsError if there are none that can be used.
        """
        if self._credentials is None:
            return self._from_chain(deadline)
        if callable(self._credentials):
            return self._ask(lambda: freeze(foreign("the credentials callable", self._credentials)), deadline)
        if deadline is None or is_ready(self._credentials):
            return freeze(self._credentials)
        return self._refreshing.get(deadline)

    def refresh(self, deadline: float | None = None, used: ApiKey | Credentials | None = None) -> None:
        """Let the next look-up start from nothing, unless one has begun or ended since `used` was found.

        The chain is built anew. A callable that has a method `refresh` has it called; CredentialsError is raised if
        that fails.
        """
        if self._given is None:
            self._chain.forget(used if isinstance(used, Credentials) else None)
        elif _is_punctual(self._given):
            self._given._refresh_by(deadline, used if isinstance(used, ApiKey) else None)
        elif callable(self._given):
            self._ask(partial(foreign, "the callable's refresh", self._refresh_given), deadline)

    def renew(
        self, failure: APIStatusError, used: ApiKey | Credentials, deadline: float | None = None
    ) -> ApiKey | Credentials | None:
        """Return other credentials if `failure` says that those which were `used` have expired; None otherwise.

        A callable and the environment are asked again, after a `refresh`. What was given as a value cannot change.
        Raises CredentialsError if there is nothing usable any more.
        """
        return self.anew(used, deadline) if is_expired(failure) else None

    def anew(self, used: ApiKey | Credentials, deadline: float | None = None) -> ApiKey | Credentials | None:
        """Return what there is in place of those that were `used`, after a `refresh`; None if it is the same.

        Raises CredentialsError if there is nothing usable any more.
        """
        self.refresh(deadline, used)
        fresh = self.get(deadline)
        return None if fresh == used else fresh

    def origin(self, found: ApiKey | Credentials) -> str:
        """Return where `found` was, in words; "" if that is not known any more."""
        if self._api_key is not None or self._credentials is not None:
            return "the argument credentials" if self._api_key is None else "the argument api_key"
        if isinstance(found, ApiKey):
            return API_KEY_VARIABLE
        with loading():
            from .credential_advice import origin_in_words

        if self._profile is None and found == _from_environment():
            return origin_in_words("env", None)
        known = self._chain.known
        method = getattr(known.found, "method", None) if known is not None and known.read == found else None
        return origin_in_words(str(method), self._chain.profile) if method else ""

    @property
    def _given(self) -> Any:
        """What the caller has given; None for the environment and the chain."""
        return self._credentials if self._api_key is None else self._api_key

    def _given_key(self, deadline: float | None) -> Any:
        if not callable(self._api_key):
            return self._api_key
        what = "the api_key callable"
        if _is_punctual(self._api_key):
            return foreign(what, partial(self._api_key._call_by, deadline))
        return self._ask(lambda: foreign(what, self._given), deadline)  # whose repr shows nothing of what it asks

    def _refresh_given(self) -> None:
        refresh = getattr(self._given, "refresh", None)
        if callable(refresh):
            refresh()

    def _ask(self, look_up: Callable[[], Found], deadline: float | None) -> Found:
        """Return `look_up()`, which runs code of the caller's: here, or within the deadline."""
        return look_up() if deadline is None else self._each.get(look_up, deadline)

    def _from_chain(self, deadline: float | None, *, or_key: bool = False) -> Credentials:
        """Return what the chain finds; `or_key` tells whether an API key would have done too."""
        if self._profile is None:
            found = _from_environment()
            if found is not None:
                return found
        with loading():
            from .chain import NothingFoundError

        try:
            return self._chain.get(deadline)
        except NothingFoundError as error:
            places = error.message
        # Raised outside of the handler, so that nothing of the look-up is carried along.
        if or_key:
            places = f"{API_KEY_VARIABLE}, {places}"
            raise refused(f"no AWS credentials and no Bedrock API key were found; tried: {places}", "NONE_FOUND")
        raise refused(f"no AWS credentials were found; tried: {places}", "NO_CREDENTIALS")

    @once
    def _chain(self) -> Chain:
        with loading():
            from .chain import Chain

        return Chain(self._profile)

    @once
    def _refreshing(self) -> Refreshing:
        with loading():
            from .chain import Refreshing

        return Refreshing(lambda: self._credentials)

    @once
    def _each(self) -> Each:
        with loading():
            from .waiting import Each

        return Each()

    def __repr__(self) -> str:
        return "CredentialSource()"

    def __reduce__(self) -> Any:
        raise TypeError("what finds credentials cannot be pickled or copied: it may hold keys")


def _names_credentials() -> bool:
    """Tell whether the environment names credentials that have no end."""
    values = map(os.environ.get, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return all(values) and not os.environ.get("AWS_CREDENTIAL_EXPIRATION")


def _from_environment() -> Credentials | None:
    """Return the credentials of the environment, which the chain would find first, without loading the chain.

    Those that name their end are left to botocore, which reads the variables again when it has come.
    """
    found = Credentials(
        os.environ.get("AWS_ACCESS_KEY_ID", ""),
        os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        os.environ.get("AWS_SECURITY_TOKEN") or os.environ.get("AWS_SESSION_TOKEN"),
    )
    if not (found.access_key and found.secret_key) or os.environ.get("AWS_CREDENTIAL_EXPIRATION"):
        return None
    return freeze(found)


def is_expired(failure: APIStatusError) -> bool:
    """Tell whether a refusal says that the credentials or the API key were good once, and are no more."""
    if failure.type in _EXPIRED_TYPES:
        return True
    # Of an API key that has expired only the words tell: all refusals of keys have one type.
    return failure.status_code in (400, 401, 403) and "has expired" in failure.message
