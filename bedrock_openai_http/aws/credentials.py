"""What authenticates a request: a Bedrock API key or AWS credentials, as plain values.

This module's law: no key gets out, neither in a repr nor in an error, nor as a local of a frame that an error goes
through, which error reporters show: what holds a key is deleted first.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakSet

from ..values.arguments import plain_text
from ..values.errors import BedrockOpenAIError, ConfigurationError, CredentialsError
from ..values.forks import in_child, loading
from ..values.frozen import field, frozen

#: How a short-term Bedrock API key begins.
SHORT_TERM_PREFIX = "bedrock-api-key-"

#: What botocore itself writes into its messages: where it looks for credentials, what it misses there, what it asks
#: AWS for, how AWS refuses that, and the two sentences that people meet most.
_BOTOCORES_WORDS = frozenset(
    (
        *("env", "shared-credentials-file", "config-file", "custom-process", "sso", "login", "explicit"),
        *("assume-role", "assume-role-with-web-identity", "container-role", "iam-role"),
        *("Environment", "Ec2InstanceMetadata", "EcsContainer"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"),
        *("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "source_profile or credential_source"),
        *("AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "CreateToken", "CreateOAuth2Token"),
        *("AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedException"),
        *(
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidIdentityToken",
            "IDPCommunicationError",
            "IDPRejectedClaim",
        ),
        *("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "RequestExpired"),
        *("InvalidGrantException", "InvalidRequestException", "ResourceNotFoundException", "ValidationError"),
        *("RegionDisabledException", "PackedPolicyTooLarge", "Throttling", "TooManyRequestsException"),
        "Token has expired and refresh failed",
        "Unable to retrieve token for use in IMDSv2 call and IMDSv1 has been disabled",
    )
)

#: Characters of a name or path that are shown.
_SHOWN = 200

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
    text = plain_text(value)
    key = "" if text is None else text.removesuffix("\n").removesuffix("\r")
    if _KEY.fullmatch(key):
        return key
    if text is None:
        flaw = f"a Bedrock API key is a str, not {type(value).__name__}"
    elif not key.strip():
        flaw = "the Bedrock API key is empty"
    else:
        flaw = (
            "the Bedrock API key has a space, a line break or another character that no key has; "
            "was it cut, or pasted with its surroundings?"
        )
    del value, text, key
    raise refused(f"{name}: {flaw}", "KEY")


def freeze(found: Any, advise: Advise | None = None) -> Credentials:
    """Return `found` as Credentials, read at one moment, so that a refresh in between cannot mix two sets.

    Raises CredentialsError if it is not a credentials object, if a refresh fails, and for a character that no
    key has, such as the line break of a file. `advise` is as for `foreign`.
    """
    try:
        if type(found).__module__ == "botocore.credentials" and hasattr(found, "_refresh_lock"):
            _with_locks.add(found)
        if foreign("reading the credentials", partial(hasattr, found, "get_frozen_credentials")):
            found = foreign("a refresh", found.get_frozen_credentials, advise)
        read = foreign("reading the credentials", partial(_read, found))
    finally:
        del found
    if isinstance(read, Credentials):
        return read
    raise refused(f"credentials: {read}", "SET")


def _read(found: Any) -> Credentials | str:
    """Return the credentials that `found` holds, or what is wrong with them."""
    parts = [getattr(found, name, None) for name in ("access_key", "secret_key", "token")]
    access_key, secret_key, token = map(plain_text, parts)
    if not (access_key and secret_key):
        return f"{type(found).__name__} has no access_key and secret_key"
    if parts[2] is not None and token is None:
        return f"the token is a str or None, not {type(parts[2]).__name__}"
    for name, value in (("access_key", access_key), ("secret_key", secret_key), ("token", token or "")):
        if not _VISIBLE.fullmatch(value):
            return f"the {name} has a character other than visible ASCII"
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
    finally:
        del look_up
    # Raised outside of the handler, so that the original and whatever it holds are not carried along.
    raise failure


def refused(message: str, advice: str) -> CredentialsError:
    """Return the error for a key or credentials that cannot be used; `advice` is a name in `credential_advice`."""
    failure = CredentialsError(message)
    # What failed may be that no file can be opened any more; it must be told all the same.
    with suppress(ConfigurationError), loading():
        from . import credential_advice as credentials

        failure.advice = getattr(credentials, advice)
    return failure


def _advise(error: Exception, what: str) -> str | None:
    with suppress(ConfigurationError), loading():
        from .credential_advice import advise_on_look_up

        return advise_on_look_up(error, what)
    return None


def _words(error: Exception) -> str:
    """Return the kind of an error, and of its words those that cannot hold a secret: the system's and botocore's own.

    Any other text may have been put together from a URL with a token, or from what a process has said.
    """
    kind, text = type(error), ""
    if kind.__module__ in ("botocore.exceptions", "botocore.errorfactory"):
        text = _fixed_words(error)
    elif isinstance(error, OSError) and kind.__module__ == "builtins" and isinstance(error.errno, int):
        # By the number, since anything may be in the text. Classes that libraries derive have numbers of their own.
        name = errno.errorcode.get(error.errno)
        text = f"{os.strerror(error.errno)} ({name})" if name else ""
    return f"{kind.__name__}: {text}" if text else kind.__name__


def _fixed_words(error: Any) -> str:
    """Return the message of an exception of botocore with "..." for what botocore has not written itself."""
    template, fields = getattr(error, "fmt", ""), getattr(error, "kwargs", {})
    if hasattr(error, "operation_name"):  # AWS has answered with an error
        template = error.MSG_TEMPLATE
        fields = {"error_code": error.response.get("Error", {}).get("Code"), "operation_name": error.operation_name}
    shown = {name: value for name, value in fields.items() if _is_harmless(name, value)}
    text: str = template.format_map(defaultdict(lambda: "...", shown, retry_info=""))
    return text.strip() if text.strip(". ") else ""


def _is_harmless(name: str, value: object) -> bool:
    """Tell whether the field `name` of an exception of botocore may be shown: a name that the user has given may."""
    if not isinstance(value, str):
        return False
    if value in _BOTOCORES_WORDS:
        return True
    return len(value) <= _SHOWN and (name == "profile" or (name == "path" and os.path.isfile(value)))
