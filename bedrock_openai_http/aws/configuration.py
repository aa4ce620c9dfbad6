"""What AWS's environment variables and configuration files say about where a call goes, and where they say it.

Sources: AWS SDKs and Tools reference guide, "Shared config and credentials files" and "Settings reference". The
order is the guide's: an argument (which is not this module's matter), then the environment, then the profile.
`AWS_REGION` is read before `AWS_DEFAULT_REGION`; botocore reads only the latter.

The files are read here and not by botocore, which takes longer to load than a whole call takes, and which a call
with an API key has no other use for. Credentials in them are left to botocore's chain.

This module reads and judges settings; it opens no connection, and a file or a value that cannot be used is a
ConfigurationError that names it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..values.errors import ConfigurationError
from ..values.forks import loading
from ..values.frozen import frozen
from ..values.once import once

#: A section of a configuration file: text values, and sections within it.
Section = Mapping[str, Any]

#: The variables that name a profile, in botocore's order, since credentials come from the same profile.
PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")

#: The variable and the name within a `services` section for the runtime endpoint. AWS has given mantle none.
_RUNTIME_URL_VARIABLE = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
_RUNTIME_SERVICE = "bedrock_runtime"

#: What is kept of a profile; the secret key that may stand beside it is not.
_MEMBERS = frozenset(
    """
    region endpoint_url services ignore_configured_endpoint_urls use_fips_endpoint use_dualstack_endpoint
    ca_bundle max_attempts
    """.split()
)


@frozen
class Setting:
    """A value, and where it was found: the name of a variable, or a profile and its file."""

    value: Any
    source: str


class Configuration:
    """The settings of the environment and of one profile. Nothing is read before it is asked for.

    `profile` is the one that the caller names; None for the environment's, or `default`. Methods return None
    where nothing is set; a blank value counts as not set. They raise ConfigurationError for what cannot be used.
    """

    def __init__(self, profile: str | None = None) -> None:
        self._given_profile = profile

    @property
    def profile(self) -> str:
        """The name of the profile in use."""
        named = self._given_profile or next(filter(None, map(_variable, PROFILE_VARIABLES)), None)
        return named or "default"

    def advice(self) -> str | None:
        """What helps where a setting is missing: which profiles there are, if the one that is named is not there."""
        named = self._given_profile or any(map(_variable, PROFILE_VARIABLES))
        try:
            kinds = [*self._files[0], *self._files[1]]
        except ConfigurationError:  # which is what the caller has been told
            return None
        profiles = {name for kind, name in kinds if kind == "profile"}
        if not named or self.profile in profiles:
            return None
        with loading():
            from .credential_advice import no_such_profile

        return no_such_profile(self.profile, profiles)

    def region(self) -> Setting | None:
        """The region."""
        for name in REGION_VARIABLES:
            if value := _variable(name):
                return Setting(value, name)
        return self._member("region")

    def endpoint_url(self, endpoint: str) -> Setting | None:
        """The service root for `endpoint`, "runtime" or "mantle"."""
        ignored = self._flag("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        if ignored is not None and ignored.value:
            return None
        is_runtime = endpoint == "runtime"
        for name in (_RUNTIME_URL_VARIABLE if is_runtime else "", "AWS_ENDPOINT_URL"):
            if name and (value := _variable(name)):
                return Setting(value, name)
        return (self._service_url() if is_runtime else None) or self._member("endpoint_url")

    def use_fips_endpoint(self) -> Setting | None:
        """Whether the endpoint must use cryptography validated by FIPS 140: True or False."""
        return self._flag("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT")

    def use_dualstack_endpoint(self) -> Setting | None:
        """Whether the endpoint must have IPv6 addresses too: True or False."""
        return self._flag("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT")

    def ca_bundle(self) -> Setting | None:
        """The path of the certificates to trust, as the profile names it; variables are the transport's."""
        return self._member("ca_bundle")

    def max_attempts(self) -> Setting | None:
        """How often a call is attempted in all, an int of at least 1."""
        found = self._found("max_attempts", "AWS_MAX_ATTEMPTS")
        if found is None:
            return None
        # int() would take "1_000" and " 3 " as well.
        if not (found.value.isascii() and found.value.isdigit() and int(found.value[:9]) >= 1):
            raise ConfigurationError(f"{found.source}: must be an integer of at least 1")
        return Setting(int(found.value[:9]), found.source)

    def _flag(self, member: str, variable: str) -> Setting | None:
        found = self._found(member, variable)
        if found is None:
            return None
        word = found.value.lower()
        # botocore takes every other word for false, so "yes" would turn FIPS off without a sound.
        if word not in ("true", "false"):
            raise ConfigurationError(f"{found.source}: must be true or false")
        return Setting(word == "true", found.source)

    def _found(self, member: str, variable: str) -> Setting | None:
        value = _variable(variable)
        return Setting(value, variable) if value else self._member(member)

    def _member(self, name: str) -> Setting | None:
        value = self._profile_members.get(name)
        if not isinstance(value, str) or not value.strip():
            return None
        return Setting(value.strip(), f"{name} of profile {self.profile}")

    def _service_url(self) -> Setting | None:
        services = self._profile_members.get("services")
        if not isinstance(services, str):
            return None
        section = self._files[0].get(("services", services))
        if section is None:
            raise ConfigurationError(f"services of profile {self.profile}: no such section")
        service = section.get(_RUNTIME_SERVICE)
        url = service.get("endpoint_url") if isinstance(service, Mapping) else None
        return Setting(url, f"endpoint_url of {_RUNTIME_SERVICE} in services {services}") if url else None

    @once
    def _profile_members(self) -> Section:
        """The members of the profile; what the credentials file says counts more, as in botocore."""
        config, credentials = self._files
        return {
            **config.get(("profile", self.profile), {}),
            **credentials.get(("profile", self.profile), {}),
        }

    @once
    def _files(self) -> tuple[Mapping[tuple[str, str], Section], Mapping[tuple[str, str], Section]]:
        config = _sections(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
        credentials = _sections(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
        named = {_section_name(name): members for name, members in config.items()}
        return named, {("profile", name): members for name, members in credentials.items()}


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _section_name(text: str) -> tuple[str, str]:
    """Return ("profile", "x") of `profile x` or `profile "x"`, and ("profile", "default") of `default`."""
    kind, _, rest = text.partition(" ")
    if text == "default":
        return "profile", text
    return kind, rest.strip().strip("\"'")


def _sections(path: str) -> Mapping[str, Section]:
    """Return the sections of the file at `path`; none if there is no such file."""
    path = os.path.expanduser(os.path.expandvars(path))
    if not os.path.isfile(path):
        return {}
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        with open(path, encoding="utf-8-sig") as file:
            parser.read_file(file)
        return {name: _members(name, parser.items(name)) for name in parser.sections()}
    except (Error, UnicodeDecodeError, OSError, ValueError) as error:
        failure = ConfigurationError(f"{path}: cannot be read as an AWS configuration file: {type(error).__name__}")
    # Raised outside of the handler: the parser's errors quote lines, which may hold a secret key.
    raise failure


def _members(section: str, items: Iterable[tuple[str, str]]) -> Section:
    is_services = section.startswith("services ")
    return {name: _value(text) for name, text in items if is_services or name in _MEMBERS}


def _value(text: str) -> str | dict[str, str]:
    """Return a member's value; one that begins on the next line is a section of its own."""
    if not text.startswith("\n"):
        return text
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}
