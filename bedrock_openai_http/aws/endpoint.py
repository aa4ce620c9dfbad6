"""Where a request goes and what it is signed for.

Sources: Amazon Bedrock user guide, "Endpoints supported by Amazon Bedrock" and "Inference using the Chat Completions
API"; the DNS suffixes of the partitions are those of botocore's endpoint rules.

This module turns a region and a choice of endpoint into an `Endpoint`, and refuses what could not be signed, would
show a secret, or would surely be answered by another API, before anything is sent.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from ..validation.models import mantle_path
from ..values import arguments
from ..values.errors import ConfigurationError
from ..values.frozen import frozen
from ..values.http import is_ip_address, is_loopback

#: The two names that `Client(endpoint=...)` takes, with the SigV4 service that each is signed for.
SERVICES = {"runtime": "bedrock", "mantle": "bedrock-mantle"}

_VISIBLE = r"[\x21-\x7e]+"
# Of a length that one label of a host may have.
_REGION = r"(?=.{1,48}$)(fips-)?[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}(-fips)?"
# RFC 3986, 3.3: a path without empty segments, which SigV4 would drop. Escapes stand as `_normalised` leaves them.
_PATH = r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*"
_UNRESERVED = r"[A-Za-z0-9._~-]"
# RFC 3986, 3.2, without a user name. What else brackets may hold, a zone or an address of the future, is refused.
_NETLOC = r"(\[(?P<ipv6>[0-9a-f.]*:[0-9a-f:.]*)\]|(?P<name>[a-z0-9._-]+))(:(?P<port>[0-9]{0,8}))?"
# RFC 1035, 2.3.4 and RFC 1123, 2.1, and with "_", as services of docker compose are called.
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_LONGEST_NAME = 253
#: A last label that makes resolvers take a name for an address, also in forms such as 127.1 and 0x7f.1.
_NUMBER = r"[0-9]+|0x[0-9a-f]*"

_NO_HOST = "base_url: the host is missing or is no host name"

#: Plain and dual-stack DNS suffix by the beginning of the region's name; the partitions `aws` and `aws-us-gov` have
#: the default.
_SUFFIXES = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
_DEFAULT_SUFFIXES = ("amazonaws.com", "api.aws")
_ALL_SUFFIXES = tuple(suffix for pair in (_DEFAULT_SUFFIXES, *_SUFFIXES.values()) for suffix in pair)

#: A host of AWS: perhaps a VPC endpoint's own labels, the service, the region, perhaps `vpce`, and the suffix.
_AWS_HOST = (
    r"(?:.+\.)?bedrock-(?P<name>runtime|mantle)(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:vpce\.)?(?P<suffix>[a-z0-9.-]+)"
)


@frozen
class Endpoint:
    """A service root, without its API path, and what requests to it are signed for."""

    #: "runtime" or "mantle".
    name: str
    #: Scheme, host, port and perhaps a path, as in `https://bedrock-runtime.us-west-2.amazonaws.com`.
    root: str
    #: The API path if `base_url` gave one; None to choose it by the endpoint and the model.
    api_path: str | None = None
    #: The region that the host is in, if it is one of AWS's; None for any other host.
    region: str | None = None

    @property
    def service(self) -> str:
        """The service in the SigV4 scope: "bedrock" or "bedrock-mantle"."""
        return SERVICES[self.name]

    def chat_completions_url(self, model: str) -> str:
        """Return the URL of the Chat Completions API for `model`."""
        path = self.api_path or (mantle_path(model) if self.name == "mantle" else "/openai/v1")
        return f"{self.root}{path}/chat/completions"


def resolve_endpoint(
    region: str | None,
    *,
    endpoint: str = "runtime",
    base_url: str | None = None,
    allow_insecure: bool = False,
    use_fips_endpoint: bool = False,
    use_dualstack_endpoint: bool = False,
) -> Endpoint:
    """Return the `Endpoint` for a region, or for a `base_url`: a service root with or without its `/openai/v1`.

    `use_fips_endpoint` chooses the host with cryptography validated by FIPS 140, `use_dualstack_endpoint` the one
    that has IPv6 addresses too. Names are made by rule: AWS does not run every host in every region.

    Raises ConfigurationError for an unknown endpoint, a region or URL that cannot be one, for options that
    contradict each other, and for plain http to anywhere but this machine, unless `allow_insecure`.
    """
    endpoint = check_endpoint(endpoint)
    region = None if region is None else check_region(region)
    arguments.flag("allow_insecure", allow_insecure)
    arguments.flag("use_fips_endpoint", use_fips_endpoint)
    arguments.flag("use_dualstack_endpoint", use_dualstack_endpoint)
    if base_url is not None:
        if use_fips_endpoint or use_dualstack_endpoint:
            raise ConfigurationError(
                "use_fips_endpoint and use_dualstack_endpoint choose a host of AWS's, and so does base_url; give the "
                "FIPS or dual-stack host as base_url"
            )
        return _given_endpoint(endpoint, base_url, region, allow_insecure)
    if region is None:
        raise ConfigurationError("no region: give region=, or set AWS_REGION or AWS_DEFAULT_REGION")
    real_region = _without_fips(region)
    host = _host_for(endpoint, real_region, use_fips_endpoint or region != real_region, use_dualstack_endpoint)
    return Endpoint(endpoint, f"https://{host}", None, real_region)


def _host_for(endpoint: str, region: str, fips: bool, dualstack: bool) -> str:
    suffixes = next((pair for start, pair in _SUFFIXES.items() if region.startswith(start)), _DEFAULT_SUFFIXES)
    if endpoint == "mantle":
        if fips:
            raise ConfigurationError("use_fips_endpoint: AWS names no FIPS host for mantle; use the runtime endpoint")
        # The only name that AWS documents has the dual-stack suffix.
        dualstack = True
    return f"bedrock-{endpoint}{'-fips' if fips else ''}.{region}.{suffixes[dualstack]}"


def _given_endpoint(endpoint: str, base_url: str, region: str | None, allow_insecure: bool) -> Endpoint:
    """Return the endpoint of a `base_url`. If its host is AWS's, it must be that of the endpoint and the region."""
    root, api_path = _split_base_url(base_url, allow_insecure)
    # A last dot makes a name absolute, so that no search domain is tried: it is the same host.
    found = re.fullmatch(_AWS_HOST, (urlsplit(root).hostname or "").removesuffix("."))
    if found is None or found["suffix"] not in _ALL_SUFFIXES:
        return Endpoint(endpoint, root, api_path)
    if found["name"] != endpoint:
        raise ConfigurationError(f"base_url: is a host of {found['name']}; give endpoint={found['name']!r}")
    if region is not None and _without_fips(region) != found["region"]:
        raise ConfigurationError(f"base_url: is a host in {found['region']}, and the region is {region}")
    if endpoint == "runtime" and api_path == "/v1":
        raise ConfigurationError("base_url: the runtime endpoint serves this API below /openai/v1, not /v1")
    return Endpoint(endpoint, root, api_path, found["region"])


def check_endpoint(endpoint: str) -> str:
    """Return `endpoint`; raise ConfigurationError unless it is one of `SERVICES`."""
    return arguments.text("endpoint", endpoint, f"be one of {', '.join(map(repr, SERVICES))}", "|".join(SERVICES))


def check_region(region: str) -> str:
    """Return `region`; raise ConfigurationError unless it has the form of one. Which ones exist is AWS's to say."""
    return arguments.text("region", region, "look like 'us-west-2'", _REGION)


def _without_fips(region: str) -> str:
    """Return the region that a pseudo-region of older SDKs, `fips-us-east-1` or `us-east-1-fips`, stands for."""
    return region.removeprefix("fips-").removesuffix("-fips")


def _split_base_url(base_url: str, allow_insecure: bool) -> tuple[str, str | None]:
    """Return the root, normalised as it is sent and signed, and the API path if the URL ends with one."""
    # urlsplit would drop line breaks without a word.
    base_url = arguments.text("base_url", base_url, "be a str of visible ASCII characters", _VISIBLE)
    parts = _parsed(base_url)
    if parts is None:
        raise ConfigurationError("base_url: is no URL")
    if parts.scheme not in ("http", "https"):
        raise ConfigurationError("base_url: must begin with https:// (or http:// for this machine)")
    if "@" in parts.netloc:
        raise ConfigurationError("base_url: must not hold a user name or password")
    if "?" in base_url or "#" in base_url:
        raise ConfigurationError("base_url: must not hold a query or a fragment")
    host, port = _host_and_port(parts.netloc)
    if parts.scheme == "http" and not (allow_insecure or is_loopback(host)):
        raise ConfigurationError(
            "base_url: plain http shows the prompt and the key; use https, or allow_insecure=True"
        )
    if not (is_ip_address(host) if ":" in host else _is_host(host)):
        raise ConfigurationError(_NO_HOST)
    path = _normalised(parts.path.rstrip("/")).removesuffix("/chat/completions")
    root = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}"
    if port not in (None, {"http": 80, "https": 443}[parts.scheme]):
        root += f":{port}"
    for api_path in ("/openai/v1", "/v1"):
        if path.endswith(api_path):
            return root + path.removesuffix(api_path), api_path
    return root + path, None


def _host_and_port(netloc: str) -> tuple[str, int | None]:
    """Return what stands for the host, in lower case and without brackets, and the port if there is one."""
    found = re.fullmatch(_NETLOC, netloc.lower())
    if found is None:
        raise ConfigurationError(_NO_HOST)
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ConfigurationError("base_url: the port must be a number of 1 to 65535")
    return found["ipv6"] or found["name"], port


def _is_host(host: str) -> bool:
    """Tell whether `host`, in lower case and without brackets, is a DNS name or an IPv4 address."""
    name = host.removesuffix(".")
    labels = name.split(".")
    if re.fullmatch(_NUMBER, labels[-1]):
        return is_ip_address(host)
    return len(name) <= _LONGEST_NAME and all(re.fullmatch(_LABEL, label) for label in labels)


def _normalised(path: str) -> str:
    """Return `path` by RFC 3986, 6.2.2, as `requests` would make it: what is signed must be what is sent."""
    if re.fullmatch(_PATH, path):
        path = re.sub("%..", _normalised_escape, path)
        if not any(segment in (".", "..") for segment in path.split("/")):
            return path
    raise ConfigurationError("base_url: the path holds an empty or dotted segment, or a character to be escaped")


def _normalised_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if re.fullmatch(_UNRESERVED, character) else escape[0].upper()


def _parsed(url: str) -> SplitResult | None:
    """Return the parts of a URL; None for what is none.

    The error that is swallowed here quotes the URL, which may hold a password: nothing must be raised while it
    is handled, or it would be carried along.
    """
    try:
        return urlsplit(url)
    except ValueError:
        return None
