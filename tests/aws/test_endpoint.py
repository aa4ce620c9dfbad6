"""Where requests go, and which regions and URLs are refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import create_loader

from bedrock_openai_http import ConfigurationError, resolve_endpoint

MODEL = "openai.gpt-oss-20b-1:0"


def botocores_hosts() -> Iterator[tuple[str, bool, bool, str]]:
    """Every region that botocore knows, with each choice of FIPS and dual-stack, and the URL of its own rules."""
    loader = create_loader()
    partitions = loader.load_data("partitions")
    rules = loader.load_service_model("bedrock-runtime", "endpoint-rule-set-1")
    provider = EndpointProvider(rules, partitions)
    regions = [region for partition in partitions["partitions"] for region in partition["regions"]]
    for region, fips, dualstack in itertools.product(regions, (False, True), (False, True)):
        if region.endswith("-global"):
            continue  # no region, but a name for services without one
        try:
            found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack)
        except EndpointProviderError:
            assert "-iso" in region  # older versions of botocore know no dual-stack hosts of these partitions
            continue
        yield region, fips, dualstack, found.url


def test_every_region_has_the_host_of_botocores_rules() -> None:
    """In every region and partition that botocore knows, plain, FIPS and dual-stack hosts are those of its rules."""
    suffixes = set()
    for region, fips, dualstack, url in botocores_hosts():
        mine = resolve_endpoint(region, use_fips_endpoint=fips, use_dualstack_endpoint=dualstack)
        assert (mine.root, mine.region, mine.service) == (url, region, "bedrock")
        assert resolve_endpoint(None, base_url=url).region == region
        suffixes.add(url.split(f"{region}.")[1])
    assert len(suffixes) >= 6


@pytest.mark.parametrize("region", ["fips-us-east-1", "us-east-1-fips"])
def test_pseudo_regions_of_older_sdks(region: str) -> None:
    """A region's name with `fips` before or after it means the FIPS host of the region."""
    endpoint = resolve_endpoint(region)
    assert (endpoint.root, endpoint.region) == ("https://bedrock-runtime-fips.us-east-1.amazonaws.com", "us-east-1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "https://bedrock-mantle.us-west-2.api.aws"}, "is a host of mantle; give endpoint='mantle'"),
        (
            {"base_url": "https://bedrock-runtime.us-west-2.amazonaws.com", "endpoint": "mantle"},
            "is a host of runtime; give endpoint='runtime'",
        ),
        (
            {"base_url": "https://bedrock-runtime.eu-west-1.amazonaws.com"},
            "is a host in eu-west-1, and the region is us",
        ),
        (
            {"base_url": "https://vpce-1-a.bedrock-runtime.eu-west-1.vpce.amazonaws.com"},
            "is a host in eu-west-1, and the region is us-west-2",
        ),
        ({"base_url": "https://bedrock-runtime.us-west-2.amazonaws.com/v1"}, "below /openai/v1, not /v1"),
        ({"base_url": "https://host.example", "use_fips_endpoint": True}, "give the FIPS or dual-stack host"),
        ({"endpoint": "mantle", "use_fips_endpoint": True}, "no FIPS host for mantle"),
    ],
)
def test_what_contradicts_itself(options: dict[str, Any], words: str) -> None:
    """Endpoint, region, host and path are checked against each other, and the error says what to write."""
    with pytest.raises(ConfigurationError, match=words):
        resolve_endpoint("us-west-2", **options)


@pytest.mark.parametrize(
    ("base_url", "region"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "eu-west-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://vpce-0a-1b-us-east-1a.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://bedrock-runtime.us-east-1.evil.example", None),
        ("https://bedrock-runtime.us-east-1.amazonaws.com.evil.example", None),
        ("https://gateway.example", None),
        ("http://127.0.0.1:8080", None),
    ],
)
def test_the_region_of_a_host(base_url: str, region: str | None) -> None:
    """A host of AWS's own names its region; no other host does."""
    assert resolve_endpoint(None, base_url=base_url).region == region


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("openai.gpt-oss-20b", "/v1"),
        ("qwen.qwen3-32b", "/v1"),
        ("openai.gpt-5.6-sol", "/openai/v1"),
        ("google.gemma-4-27b", "/openai/v1"),
        ("xai.grok-4.3", "/openai/v1"),
    ],
)
def test_mantle_by_model(model: str, path: str) -> None:
    """The mantle endpoint serves models below one of two paths and is signed as `bedrock-mantle`."""
    endpoint = resolve_endpoint("us-east-1", endpoint="mantle")
    assert endpoint.chat_completions_url(model) == f"https://bedrock-mantle.us-east-1.api.aws{path}/chat/completions"
    assert endpoint.service == "bedrock-mantle"


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", None),
        ("https://host.example/", "https://host.example/openai/v1/chat/completions"),
        ("https://host.example/openai/v1", "https://host.example/openai/v1/chat/completions"),
        ("https://host.example/openai/v1/", "https://host.example/openai/v1/chat/completions"),
        ("https://host.example/openai/v1/chat/completions", "https://host.example/openai/v1/chat/completions"),
        ("https://host.example/v1", "https://host.example/v1/chat/completions"),
        ("https://host.example/gate/way", "https://host.example/gate/way/openai/v1/chat/completions"),
        ("https://HOST.Example:8443", "https://host.example:8443/openai/v1/chat/completions"),
        ("https://host.example:443", "https://host.example/openai/v1/chat/completions"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/openai/v1/chat/completions"),
        ("http://localhost:80", "http://localhost/openai/v1/chat/completions"),
        ("http://[::1]:8080", "http://[::1]:8080/openai/v1/chat/completions"),
    ],
)
def test_base_url(base_url: str, url: str | None) -> None:
    """A service root is taken with or without its API path, and normalised as it is sent and signed."""
    expected = url or f"{base_url}/openai/v1/chat/completions"
    assert resolve_endpoint(None, base_url=base_url).chat_completions_url(MODEL) == expected


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "host.example",
        "ftp://host.example",
        "https://",
        "https:///path",
        "//host.example",
        "https://a b",
        "https://a/b c",
    ]
    + [
        "https://user@host.example",
        "https://user:SECRET@host.example",
        "https://host.example:x",
        "https://host:99999",
    ]
    + ["https://h/?a=1", "https://h/?", "https://h/#f", "https://h//openai", "https://h/a/../b", "https://h/./b"]
    + ["https://h/%7", "https://h/é", "https://hé/", "https://h/a|b", "https://[::1", "https://-h", "https://h\n"]
    + [
        "http://host.example",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        7,
        b"x",
    ],
)
def test_a_base_url_that_is_refused(base_url: str) -> None:
    """A URL that could not be signed as sent, would show a secret, or is none, is refused and not repeated."""
    with pytest.raises(ConfigurationError, match=r"^base_url: ") as caught:
        resolve_endpoint("us-west-2", base_url=base_url)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None or "SECRET" not in str(caught.value.__context__)


def test_plain_http_can_be_allowed() -> None:
    """Plain http to another machine needs `allow_insecure`."""
    endpoint = resolve_endpoint(None, base_url="http://10.0.0.1:8080", allow_insecure=True)
    assert endpoint.root == "http://10.0.0.1:8080"


@pytest.mark.parametrize(
    "region", ["", "us", "us-west", "US-WEST-2", "us-west-2 ", "us-west-2\n", "us-west-2/x", "evil.example#", 7]
)
def test_a_region_that_is_none(region: str) -> None:
    """What cannot be a region never becomes part of a host name."""
    with pytest.raises(ConfigurationError, match=r"^region: must look like 'us-west-2'$"):
        resolve_endpoint(region)


def test_missing_region_and_unknown_endpoint() -> None:
    """Without a region the error says where one can come from; an endpoint has one of two names."""
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        resolve_endpoint(None)
    with pytest.raises(ConfigurationError, match="'runtime', 'mantle'"):
        resolve_endpoint("us-west-2", endpoint="Runtime")
