"""The causes of credentials that cannot be had, and what to do: for exceptions, and for `doctor`.

Source: botocore's exceptions (`exceptions.py`), and where `credentials.py`, `tokens.py` and `utils.py` raise them;
the AWS CLI for the commands that help.

This module is data, and the few functions that name a profile. Of what was raised it repeats nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: What botocore's words for the origin of credentials mean.
ORIGINS = {
    "env": "environment variables",
    "shared-credentials-file": "credentials file",
    "config-file": "config file",
    "assume-role": "assumed role",
    "assume-role-with-web-identity": "web identity",
    "sso": "IAM Identity Center",
    "login": "aws login",
    "custom-process": "credential_process",
    "container-role": "container role",
    "iam-role": "instance role",
}

#: Those that are the same whatever the profile.
_NO_PROFILE = ("env", "container-role", "iam-role")

_ROLE = "Where AWS runs the program, its function, task or instance needs a role."
NO_CREDENTIALS = f"Run 'aws configure' or 'aws sso login', or name a profile that has credentials. {_ROLE}"
NONE_FOUND = (
    "Run 'aws configure' or 'aws sso login', name a profile that has credentials, or set AWS_BEARER_TOKEN_BEDROCK. "
    f"{_ROLE}"
)
KEY = (
    "A Bedrock API key begins with bedrock-api-key- or ABSK and is one line of letters, digits and . _ ~ + / = : - "
    "only: copy it again, or make one by 'bedrock-openai-http key mint'."
)
EXPIRED_KEY = (
    "Make a new key by 'bedrock-openai-http key mint', or give an ApiKeyProvider, which makes one in time; if the "
    "clock is wrong, set it by a time server."
)
SET = "Give Credentials(access_key, secret_key, token), a credentials object of botocore's, or a callable for either."
_CALLABLE = "This came out of the callable that was given: call it by itself to see why."
_OBJECT = "This came out of the credentials object that was given: read it by itself to see why."
_UNKNOWN = "See what 'aws sts get-caller-identity{option}' says: it uses the same chain."


@dataclass(frozen=True)
class LookUpCause:
    """A row of the table: it fits an exception of one of these classes in whose text is one of the words."""

    #: May hold {option}, which is the profile as an option of the AWS CLI.
    advice: str
    #: Names of classes; a subclass counts too. Any, if there are none.
    kinds: tuple[str, ...] = ()
    #: In lower case. Any, if there are none.
    words: tuple[str, ...] = ()

    def fits(self, kinds: frozenset[str], text: str) -> bool:
        """Tell whether this is the cause of an exception with these classes and this text in lower case."""
        return (not self.kinds or not kinds.isdisjoint(self.kinds)) and (
            not self.words or any(words in text for words in self.words)
        )


_RETRIEVAL = ("CredentialRetrievalError", "MetadataRetrievalError")

LOOK_UP_CAUSES = (
    LookUpCause(
        "botocore needs another library for this way to sign in: pip install 'botocore[crt]'.",
        ("MissingDependencyException",),
    ),
    # Of IAM Identity Center. A token that was never made is one that cannot be loaded.
    LookUpCause(
        "The sign-in to IAM Identity Center has ended, or was never made: run 'aws sso login{option}'.",
        ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "SSOError"),
    ),
    LookUpCause(
        "IAM Identity Center does not give you this role in this account: check sso_account_id and sso_role_name of "
        "the profile, and your assignments there.",
        ("ClientError",),
        ("getrolecredentials",),
    ),
    LookUpCause(
        "Whoever signs in lacks the permission signin:CreateOAuth2Token.",
        ("LoginInsufficientPermissions",),
    ),
    LookUpCause("The sign-in has ended, or was never made: run 'aws login{option}'.", ("LoginError",)),
    # Of assumed roles
    LookUpCause(
        "The role asks for an MFA code, which is asked for once and not again: get temporary credentials by "
        "'aws sts get-session-token', or a new process.",
        ("RefreshWithMFAUnsupportedError",),
    ),
    LookUpCause(
        "The web identity may not assume the role: its trust policy must name the token's issuer, audience and "
        "subject, and the token must not be over.",
        ("ClientError",),
        ("assumerolewithwebidentity",),
    ),
    LookUpCause(
        "The credentials with which the role is to be assumed have expired: sign in again, or get new ones.",
        ("ClientError",),
        ("(expiredtoken)", "(expiredtokenexception)"),
    ),
    LookUpCause(
        "The role may not be assumed: both its trust policy and the policy of whoever assumes it must allow "
        "sts:AssumeRole; an ExternalId or MFA may be asked for.",
        ("ClientError",),
        ("assumerole",),
    ),
    # Of profiles
    LookUpCause(
        "An access key ID and its secret key belong together: set both, or neither.", ("PartialCredentialsError",)
    ),
    LookUpCause(
        "Correct the AWS configuration file: its form is [profile name], and below it lines of name = value.",
        ("ConfigParseError",),
    ),
    LookUpCause(
        "Correct the profile: source_profile, credential_source, role_arn, sso_session or another member is missing, "
        "or names what is not there.",
        ("InvalidConfigError", "InfiniteLoopConfigError", "UnknownCredentialError"),
    ),
    LookUpCause(
        "The credential_process of the profile failed: run its command by itself; it must end with 0 and print the "
        "JSON that AWS describes.",
        _RETRIEVAL,
        ("custom-process",),
    ),
    LookUpCause(
        "A program or a file that the profile or the environment names is not there or cannot be used: check "
        "credential_process, web_identity_token_file and AWS_WEB_IDENTITY_TOKEN_FILE.",
        ("FileNotFoundError", "PermissionError", "NotADirectoryError", "IsADirectoryError"),
    ),
    # Of roles of machines
    LookUpCause(
        "The instance's metadata service did not answer, or gave no role: check the instance's role; for a container "
        "its hop limit must be 2.",
        _RETRIEVAL,
        ("iam-role", "instance metadata"),
    ),
    LookUpCause(
        "The container's credentials service did not answer as it should: check the task's or the pod's role, and "
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI.",
        _RETRIEVAL,
        ("container",),
    ),
    # Of the way there
    LookUpCause(
        "AWS's sign-in service cannot be verified: set AWS_CA_BUNDLE to a file with the certificates to trust.",
        ("SSLError",),
    ),
    LookUpCause(
        "AWS's sign-in service (STS or IAM Identity Center) cannot be reached: check the Region of the profile, the "
        "network, and HTTPS_PROXY.",
        ("ConnectionError", "HTTPClientError", "ProxyConnectionError"),
    ),
    LookUpCause("Set the Region of the profile, or AWS_DEFAULT_REGION.", ("NoRegionError",)),
)

#: How many names of profiles are shown, and how many characters of each.
_NAMES, _SHOWN = 5, 40


def advise_on_look_up(
    error: BaseException, what: str = "", *, profile: str | None = None, profiles: Iterable[str] = ()
) -> str:
    """Return one line on what helps where foreign code that looks up credentials has raised `error`.

    `what` is whose code it is; `profile` the profile in use, and `profiles` those that there are.
    """
    kinds = frozenset(kind.__name__ for kind in type(error).__mro__)
    if "ProfileNotFound" in kinds:
        return no_such_profile(profile, profiles)
    text = str(error).lower()
    cause = next((cause for cause in LOOK_UP_CAUSES if cause.fits(kinds, text)), None)
    given = _CALLABLE if "callable" in what else _OBJECT if what.startswith("reading") else _UNKNOWN
    advice = cause.advice if cause is not None else given
    return advice.format(option=_option(profile))


def no_such_profile(profile: str | None, profiles: Iterable[str]) -> str:
    """Return which profiles there are, for one that is not among them."""
    names = sorted(map(_shown, profiles))
    some = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
    named = "This profile" if profile is None else f"The profile {_shown(profile)}"
    there = f"there are {some}" if len(names) > 1 else f"there is {some}" if names else "there is none at all"
    return f"{named} is not in the AWS configuration files: {there}."


def origin_in_words(origin: str, profile: str | None) -> str:
    """Return where credentials were found, by botocore's word for that and the profile in use."""
    words = ORIGINS.get(origin, origin)
    return words if profile is None or origin in _NO_PROFILE else f"{words}, profile {_shown(profile)}"


def _option(profile: str | None) -> str:
    """Return the profile as an option of the AWS CLI; nothing for the one that it takes by itself."""
    if profile is None or profile == "default":
        return ""
    name = _shown(profile)
    return f" --profile {name}" if re.fullmatch(r"[\w@%+=:,./-]+", name) else f' --profile "{name}"'


def _shown(name: str) -> str:
    printable = "".join(character if character.isprintable() else "?" for character in name)
    return printable if len(printable) <= _SHOWN else f"{printable[:_SHOWN]}..."
