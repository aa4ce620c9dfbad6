"""Finds the API key or the credentials for each attempt.

Precedence: an explicit argument, then the variable AWS_BEARER_TOKEN_BEDROCK, then botocore's chain (environment,
profile, SSO, assumed role, web identity, container, instance metadata). A blank variable counts as absent, since
an empty bearer token would only be refused by the service. Everything is looked up when a request needs it and
asked again for each attempt, so rotated credentials are picked up.

This module is the only one that loads botocore's session.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from .arguments import is_a
from .credentials import ApiKey, Credentials, clean_api_key, foreign, freeze
from .errors import APIStatusError, ConfigurationError, CredentialsError

#: The environment variable that holds a Bedrock API key; every AWS SDK reads it.
API_KEY_VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"

#: Seconds for which a chain that found nothing is not asked again: a metadata service that does not answer costs
#: two seconds each time.
MISS_SECONDS = 5.0

_EXPIRED_TYPES = frozenset(("ExpiredTokenException", "ExpiredToken"))


class CredentialSource:
    """Finds, for each attempt, the API key or the credentials to use. Thread-safe; looks nothing up when made.

    `api_key` is a string or a callable that returns one; `credentials` is an object with `access_key`,
    `secret_key` and `token` (botocore's, or `Credentials`) or a callable that returns one; `profile` names a
    profile of the AWS configuration files. Raises ConfigurationError if more than one of the three is given.
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
        self._session: Any = None
        self._lock = threading.Lock()
        #: Until when a miss counts, on the monotonic clock, and what the chain consists of.
        self._miss: tuple[float, str] | None = None

    def get(self) -> ApiKey | Credentials:
        """Return what the next attempt authenticates with. Raises CredentialsError if there is nothing usable."""
        if type(self._api_key) is str:
            return ApiKey(self._api_key)
        if callable(self._api_key):
            return ApiKey(clean_api_key(foreign("the api_key callable", self._api_key), "api_key"))
        if self._api_key is not None:
            return ApiKey(clean_api_key(self._api_key, "api_key"))
        if self._credentials is not None:
            return self.aws_credentials()
        if self._profile is None and os.environ.get(API_KEY_VARIABLE, "").strip():
            return ApiKey(clean_api_key(os.environ.get(API_KEY_VARIABLE), API_KEY_VARIABLE))
        return self._from_chain(f"no AWS credentials and no Bedrock API key; tried: {API_KEY_VARIABLE}, ")

    def aws_credentials(self) -> Credentials:
        """Return the AWS credentials that are given, or else the chain's: an API key never counts.

        Raises CredentialsError if there are none that can be used.
        """
        if callable(self._credentials):
            return freeze(foreign("the credentials callable", self._credentials))
        if self._credentials is not None:
            return freeze(self._credentials)
        return self._from_chain("no AWS credentials; tried: ")

    def refresh(self) -> None:
        """Let the next look-up start from nothing: the chain is built anew.

        A callable that has a method `refresh` has it called; CredentialsError is raised if that fails.
        """
        with self._lock:
            self._session = None
        given = self._api_key if self._api_key is not None else self._credentials
        refresh: Any = None
        try:
            refresh = foreign("the callable's refresh", partial(getattr, given, "refresh", None))
            if callable(given) and callable(refresh):
                foreign("the callable's refresh", refresh)
        finally:
            del given, refresh  # as above

    def renew(self, failure: APIStatusError, used: ApiKey | Credentials) -> ApiKey | Credentials | None:
        """Return other credentials if `failure` says that those which were `used` have expired; None otherwise.

        A callable and the environment are asked again, after a `refresh`. What was given as a value cannot change.
        Raises CredentialsError if there is nothing usable any more.
        """
        if not is_expired(failure):
            return None
        self.refresh()
        fresh = self.get()
        return None if fresh == used else fresh

    def origin(self) -> str:
        """Return where `get` finds what it gives: "argument", API_KEY_VARIABLE, or botocore's word, as "iam-role".

        Raises CredentialsError if there is nothing usable.
        """
        if self._api_key is not None or self._credentials is not None:
            return "argument"
        if isinstance(self.get(), ApiKey):
            return API_KEY_VARIABLE
        found = foreign("the AWS credential chain", self._botocore_session().get_credentials)
        return str(getattr(found, "method", None) or "unknown")

    def _from_chain(self, tried: str) -> Credentials:
        """Return what the chain finds; `tried` is how the error begins if it finds nothing."""
        if self._profile is None:
            found = _from_environment()
            if found is not None:
                return found
        session = self._botocore_session()
        # The lock makes parallel first calls ask the chain once; afterwards botocore's object refreshes itself.
        with self._lock:
            if self._miss is not None and time.monotonic() < self._miss[0]:
                raise CredentialsError(tried + self._miss[1])
            found = foreign("the AWS credential chain", session.get_credentials)
            if found is None:
                providers = session.get_component("credential_provider").providers
                methods = ", ".join(str(provider.METHOD) for provider in providers)
                self._miss = (time.monotonic() + MISS_SECONDS, methods)
                raise CredentialsError(tried + methods)
        return freeze(found)

    def _botocore_session(self) -> Any:
        with self._lock:
            if self._session is None:
                from botocore.session import Session

                session = Session(profile=self._profile)
                # Building the chain reads the profile, so a misspelled name fails here.
                foreign("the AWS configuration", lambda: session.get_component("credential_provider"))
                self._session = session
            return self._session

    def __repr__(self) -> str:
        return "CredentialSource()"

    def __reduce__(self) -> Any:
        raise TypeError("what finds credentials cannot be pickled or copied: it may hold keys")


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
