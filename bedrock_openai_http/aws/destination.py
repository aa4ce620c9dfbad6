"""Where a client's calls go: what the caller has said, what the environment and the profile say, in that order.

This module decides between the two, keeps with each value where it came from, and sends nothing.
"""

from __future__ import annotations

from typing import Any

from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.frozen import frozen
from .configuration import Configuration, Setting
from .endpoint import Endpoint, check_endpoint, resolve_endpoint

#: How often a call is attempted if nobody says it.
MAX_ATTEMPTS = 3


@frozen
class Options:
    """What the caller has said of the destination; None where nothing was said. See `Client` for the meanings."""

    region: str | None = None
    endpoint: str = "runtime"
    base_url: str | None = None
    allow_insecure: bool = False
    use_fips_endpoint: bool | None = None
    use_dualstack_endpoint: bool | None = None
    max_attempts: int | None = None

    def __post_init__(self) -> None:
        """Raise ConfigurationError for what can never be used, whatever the environment says."""
        made: dict[str, Any] = {"endpoint": check_endpoint(self.endpoint)}
        arguments.flag("allow_insecure", self.allow_insecure)
        for name in ("use_fips_endpoint", "use_dualstack_endpoint"):
            if getattr(self, name) is not None:
                arguments.flag(name, getattr(self, name), "True, False or None")
        for name in ("region", "base_url"):
            text = arguments.plain_text(getattr(self, name))
            if text is not None:  # for anything else `resolve` says what it must be
                made[name] = text
        if self.max_attempts is not None:
            made["max_attempts"] = arguments.integer("max_attempts", self.max_attempts, 1, arguments.MOST_ATTEMPTS)
        for name, value in made.items():
            object.__setattr__(self, name, value)
        if self.region is not None or self.base_url is not None:
            self.resolve(self.region, self.base_url, self.use_fips_endpoint, self.use_dualstack_endpoint)

    def names_region(self) -> bool:
        """Tell whether `base_url` is a host of AWS's: its region then counts more than a configured one.

        Lambda sets AWS_REGION in every function, also in one that calls another region.
        """
        return self.base_url is not None and self.resolve(None, self.base_url, None, None).region is not None

    def resolve(
        self, region: str | None, base_url: str | None, fips: bool | None, dualstack: bool | None
    ) -> Endpoint:
        """Return the endpoint for these values; None for a choice of host is False."""
        return resolve_endpoint(
            region,
            endpoint=self.endpoint,
            base_url=base_url,
            allow_insecure=self.allow_insecure,
            use_fips_endpoint=bool(fips),
            use_dualstack_endpoint=bool(dualstack),
        )


@frozen
class Destination:
    """Where calls go, with the source of each value that was looked up."""

    endpoint: Endpoint
    #: The region to sign for; None if none is known, which only a call with an API key can do without.
    region: Setting | None
    #: The service root that takes the place of AWS's own.
    base_url: Setting | None
    use_fips_endpoint: Setting
    use_dualstack_endpoint: Setting
    max_attempts: Setting


def find_destination(options: Options, configuration: Configuration) -> Destination:
    """Return where calls go. Raises ConfigurationError for settings that cannot be used, or contradict each other."""
    region = _given(options.region, "region=")
    if region is None and not options.names_region():
        region = configuration.region()
    base_url = _given(options.base_url, "base_url=")
    default = Setting(False, "default")
    fips = _given(options.use_fips_endpoint, "use_fips_endpoint=")
    dualstack = _given(options.use_dualstack_endpoint, "use_dualstack_endpoint=")
    if base_url is None:
        # A base_url of the caller's own beats what is configured, as in botocore.
        base_url = configuration.endpoint_url(options.endpoint)
        fips = fips or configuration.use_fips_endpoint()
        dualstack = dualstack or configuration.use_dualstack_endpoint()
    endpoint = _endpoint(options, region, base_url, fips or default, dualstack or default)
    if endpoint.region is not None:
        # The same region, but for the pseudo-regions of older SDKs; or the one that a host of AWS's names.
        region = Setting(endpoint.region, region.source if region else "the host's name")
    attempts = _given(options.max_attempts, "max_attempts=") or configuration.max_attempts()
    return Destination(
        endpoint,
        region,
        base_url,
        fips or default,
        dualstack or default,
        attempts or Setting(MAX_ATTEMPTS, "default"),
    )


def _given(value: object, source: str) -> Setting | None:
    return None if value is None else Setting(value, source)


def _endpoint(
    options: Options, region: Setting | None, base_url: Setting | None, fips: Setting, dualstack: Setting
) -> Endpoint:
    if base_url is not None and options.base_url is None:
        for flag in (fips, dualstack):
            if flag.value:
                raise ConfigurationError(
                    f"{base_url.source} and {flag.source} both choose a host; set one of them, or give the FIPS or "
                    "dual-stack host as the URL"
                )
    try:
        return options.resolve(
            region.value if region else None,
            base_url.value if base_url else None,
            fips.value,
            dualstack.value,
        )
    except ConfigurationError as error:
        failure = error
    # `resolve_endpoint` speaks of its arguments; here the value may have come from elsewhere.
    named = failure.message
    for argument, setting in (("base_url", base_url), ("region", region)):
        if setting is not None and named.startswith(f"{argument}:"):
            named = f"{setting.source.removesuffix('=')}:{named.removeprefix(f'{argument}:')}"
    if region is not None and options.region is None:
        named = named.replace("and the region is", f"and {region.source} is")
    raise ConfigurationError(named)
