"""What authenticates a request: a Bedrock API key or AWS credentials, as plain values.

This module's law: no key gets out, neither in a repr nor in an error.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from .errors import BedrockOpenAIError, CredentialsError
from .forks import in_child, loading
from .frozen import field, frozen

#: How a short-term Bedrock API key begins.
SHORT_TERM_PREFIX = "bedrock-api-key-"

#: What may stand in an Authorization header after "Bearer " (RFC 6750, 2.1).
_KEY = re.compile(r"[A-Za-z0-9._~+/=:-]+")
_VISIBLE = re.compile(r"[!-~]*")

#: What gives the advice for an exception of somebody else's code, and for whose code it was.
Advise = Callable[[Exception, str], str | None]


@frozen
class Credentials:
    """AWS credentials of one moment: plain strings that cannot change between two reads.

    `token` is the session token of temporary credentials, or None. The repr shows the access key ID only.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def __reduce__(self) -> Any:
        raise TypeError("credentials cannot be pickled: they would lie open in what comes out")


@frozen
class ApiKey:
    """A Bedrock API key, sent as `Authorization: Bearer ...`."""

    value: str = field(repr=False)

    def __reduce__(self) -> Any:
        raise TypeError("an API key cannot be pickled: it would lie open in what comes out")

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the key."""
        return {"Authorization": f"Bearer {self.value}"}


def clean_api_key(value: object, name: str) -> str:
    """Return the API key `value` without one trailing line break; `name` says in errors where it came from.

    Raises CredentialsError, which never repeats the key, if it is empty or could not stand in a header.
    """
    if not isinstance(value, str):
        raise refused(f"{name}: a Bedrock API key is a str, not {type(value).__name__}", "KEY")
    key = value.removesuffix("\n").removesuffix("\r")
    if not key.strip():
        raise refused(f"{name}: the Bedrock API key is empty", "KEY")
    if not _KEY.fullmatch(key):
        raise refused(
            f"{name}: the Bedrock API key has a space, a line break or another character that no key has; "
            "was it cut, or pasted with its surroundings?",
            "KEY",
        )
    return key


def freeze(found: Any, advise: Advise | None = None) -> Credentials:
    """Return `found` as Credentials, read at one moment, so that a refresh in between cannot mix two sets.

    Raises CredentialsError if it is not a credentials object, if a refresh fails, and for a character that no
    key has, such as the line break of a file. `advise` is as for `foreign`.
    """
    if type(found).__module__ == "botocore.credentials" and hasattr(found, "_refresh_lock"):
        _with_locks.add(found)
    if hasattr(found, "get_frozen_credentials"):
        found = foreign("a refresh", found.get_frozen_credentials, advise)
    access_key, secret_key, token = (getattr(found, name, None) for name in ("access_key", "secret_key", "token"))
    if not (isinstance(access_key, str) and access_key and isinstance(secret_key, str) and secret_key):
        raise refused(f"credentials: {type(found).__name__} has no access_key and secret_key", "SET")
    for name, value in (("access_key", access_key), ("secret_key", secret_key), ("token", token or "")):
        if not (isinstance(value, str) and _VISIBLE.fullmatch(value)):
            raise refused(f"credentials: the {name} has a character other than visible ASCII", "SET")
    return Credentials(access_key, secret_key, token or None)


# Credentials of botocore's that were read. Each has a lock, which a thread holds while it refreshes them; this keeps
# none of them alive.
_with_locks: WeakSet[Any] = WeakSet()


def _renew_locks() -> None:
    """Give them new locks, in the child of a fork, where nobody is left to release those that are held."""
    for found in list(_with_locks):
        if found._refresh_lock.locked():
            found._refresh_lock = threading.Lock()


in_child(_renew_locks)


def is_ready(found: Any, ahead: int | None = None) -> bool:
    """Tell whether reading `found` surely calls nobody; False for credentials that refresh themselves now, or may.

    `ahead` is how many seconds before their end botocore's are to be refreshed; None for its own 15 minutes.
    """
    kind = type(found)
    with suppress(Exception):  # reading them says what is wrong
        if kind.__module__ == "botocore.credentials":
            return not hasattr(kind, "refresh_needed") or not found.refresh_needed(ahead)
        if hasattr(kind, "get_frozen_credentials"):
            return False
        return isinstance(found, tuple) or {"access_key", "secret_key", "token"} <= vars(found).keys()
    return False


def foreign(what: str, look_up: Callable[[], Any], advise: Advise | None = None) -> Any:
    """Return `look_up()`, with whatever somebody else's code raises as a CredentialsError that names `what`.

    `advise` gives the error's advice, from the exception and `what`; without it, that is what is known of any.
    """
    try:
        return look_up()
    except BedrockOpenAIError:
        raise
    except Exception as error:  # noqa: BLE001  (botocore's chain runs plugins and processes: anything can come out)
        failure = CredentialsError(f"{what} failed: {_words(error)}")
        failure.advice = (advise or _advise)(error, what)
    # Raised outside of the handler, so that the original and whatever it holds are not carried along.
    raise failure


def refused(message: str, advice: str) -> CredentialsError:
    """Return the error for a key or credentials that cannot be used; `advice` is a name in `advice.credentials`."""
    failure = CredentialsError(message)
    # What failed may be that no file can be opened any more; it must be told all the same.
    with suppress(OSError, ImportError), loading():
        from .advice import credentials

        failure.advice = getattr(credentials, advice)
    return failure


def _advise(error: Exception, what: str) -> str | None:
    with suppress(OSError, ImportError), loading():
        from .advice.credentials import advise_on_look_up

        return advise_on_look_up(error, what)
    return None


def _words(error: Exception) -> str:
    """Return the kind of an error, with its text only if botocore or the system wrote it: others may show a key."""
    kind = type(error)
    is_safe = isinstance(error, OSError) or kind.__module__.startswith("botocore.")
    return f"{kind.__name__}: {str(error)[:300]}" if is_safe else kind.__name__
