"""Where a request goes and what it is signed for.

Sources: Amazon Bedrock user guide, "Endpoints supported by Amazon Bedrock" and "Inference using the Chat Completions
API"; the DNS suffixes of the partitions are those of botocore's endpoint rules.

This module turns a region and a choice of endpoint into an `Endpoint`, and refuses what could not be signed or
would show a secret, before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigurationError
from .wire import is_ip_address, is_loopback

#: The two names that `Client(endpoint=...)` takes, with the SigV4 service that each is signed for.
SERVICES = {"runtime": "bedrock", "mantle": "bedrock-mantle"}

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
# Characters that neither `requests` nor SigV4 rewrites, so that what is signed is what is sent.
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
# An IPv6 address without a zone; some Pythons drop what stands around the brackets.
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?")

#: DNS suffix by the beginning of the region's name; the partition `aws` (and `aws-us-gov`) has the default.
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
_DEFAULT_SUFFIX = "amazonaws.com"
_MANTLE_SUFFIX = "api.aws"

#: Beginnings of the model IDs that mantle serves below /openai/v1 instead of /v1.
_MANTLE_OPENAI_PATH = ("openai.gpt-5", "openai.gpt-6", "google.gemma-4", "xai.grok")


@dataclass(frozen=True)
class Endpoint:
    """A service root, without its API path, and what requests to it are signed for."""

    #: "runtime" or "mantle".
    name: str
    #: Scheme, host, port and perhaps a path, as in `https://bedrock-runtime.us-west-2.amazonaws.com`.
    root: str
    #: The API path if `base_url` gave one; None to choose it by the endpoint and the model.
    api_path: str | None = None

    @property
    def service(self) -> str:
        """The service in the SigV4 scope: "bedrock" or "bedrock-mantle"."""
        return SERVICES[self.name]

    def chat_completions_url(self, model: str) -> str:
        """Return the URL of the Chat Completions API for `model`."""
        return f"{self.root}{self.api_path or self._default_path(model)}/chat/completions"

    def _default_path(self, model: str) -> str:
        if self.name == "mantle" and not model.startswith(_MANTLE_OPENAI_PATH):
            return "/v1"
        return "/openai/v1"


def resolve_endpoint(
    region: str | None,
    *,
    endpoint: str = "runtime",
    base_url: str | None = None,
    allow_insecure: bool = False,
) -> Endpoint:
    """Return the `Endpoint` for a region, or for a `base_url`: a service root with or without its `/openai/v1`.

    Raises ConfigurationError for an unknown endpoint, a region or URL that cannot be one, and for plain http to
    anywhere but this machine, unless `allow_insecure`.
    """
    if endpoint not in SERVICES:
        raise ConfigurationError(f"endpoint: must be one of {', '.join(map(repr, SERVICES))}")
    if base_url is not None:
        root, api_path = _split_base_url(base_url, allow_insecure)
        return Endpoint(endpoint, root, api_path)
    if region is None:
        raise ConfigurationError("no region: give region=, or set AWS_REGION or AWS_DEFAULT_REGION")
    check_region(region)
    if endpoint == "mantle":
        return Endpoint(endpoint, f"https://bedrock-mantle.{region}.{_MANTLE_SUFFIX}")
    suffix = next((s for start, s in _SUFFIXES.items() if region.startswith(start)), _DEFAULT_SUFFIX)
    return Endpoint(endpoint, f"https://bedrock-runtime.{region}.{suffix}")


def check_region(region: str) -> None:
    """Raise ConfigurationError unless `region` has the form of a region's name. Which ones exist is AWS's to say."""
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise ConfigurationError("region: must look like 'us-west-2'")


def _split_base_url(base_url: str, allow_insecure: bool) -> tuple[str, str | None]:
    """Return the root, normalised, and the API path if the URL ends with one."""
    # urlsplit would drop line breaks without a word.
    if not isinstance(base_url, str) or not _VISIBLE.fullmatch(base_url):
        raise ConfigurationError("base_url: must be a str of visible ASCII characters")
    parsed = _parsed(base_url)
    if parsed is None:
        raise ConfigurationError("base_url: is no URL")
    parts, host, port = parsed
    if parts.scheme not in ("http", "https"):
        raise ConfigurationError("base_url: must begin with https:// (or http:// for this machine)")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("base_url: must not hold a user name or password")
    if parts.query or parts.fragment or "?" in base_url or "#" in base_url:
        raise ConfigurationError("base_url: must not hold a query or a fragment")
    is_ipv6 = ":" in host
    if not (is_ip_address(host) and _BRACKETED.fullmatch(parts.netloc) if is_ipv6 else _HOST.fullmatch(host)):
        raise ConfigurationError("base_url: the host is missing or is no host name")
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or any(segment in (".", "..") for segment in path.split("/")):
        raise ConfigurationError("base_url: the path holds an empty or dotted segment, or a character to be escaped")
    if parts.scheme == "http" and not (allow_insecure or is_loopback(host)):
        raise ConfigurationError(
            "base_url: plain http shows the prompt and the key; use https, or allow_insecure=True"
        )
    netloc = f"[{host}]" if is_ipv6 else host
    default_port = {"http": 80, "https": 443}[parts.scheme]
    netloc += f":{port}" if port not in (None, default_port) else ""
    path = path.removesuffix("/chat/completions")
    for api_path in ("/openai/v1", "/v1"):
        if path.endswith(api_path):
            return f"{parts.scheme}://{netloc}{path.removesuffix(api_path)}", api_path
    return f"{parts.scheme}://{netloc}{path}", None


def _parsed(url: str) -> tuple[SplitResult, str, int | None] | None:
    """Return the parts of a URL, its host and its port; None for what is none.

    The error that is swallowed here quotes the URL, which may hold a password: nothing must be raised while it
    is handled, or it would be carried along.
    """
    try:
        parts = urlsplit(url)
        return parts, parts.hostname or "", parts.port
    except ValueError:
        return None
