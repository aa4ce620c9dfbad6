"""Where requests go, and which regions and URLs are refused."""

from __future__ import annotations

import pytest

from bedrock_openai_http import ConfigurationError, resolve_endpoint

MODEL = "openai.gpt-oss-20b-1:0"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-west-2", "bedrock-runtime.us-west-2.amazonaws.com"),
        ("us-gov-west-1", "bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "bedrock-runtime.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "bedrock-runtime.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "bedrock-runtime.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "bedrock-runtime.us-isof-south-1.csp.hci.ic.gov"),
    ],
)
def test_runtime_in_each_partition(region: str, host: str) -> None:
    """The runtime endpoint has its partition's DNS suffix and is signed as `bedrock`."""
    endpoint = resolve_endpoint(region)
    assert endpoint.chat_completions_url(MODEL) == f"https://{host}/openai/v1/chat/completions"
    assert endpoint.service == "bedrock"


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
    + ["https://h/%7E", "https://h/é", "https://hé/", "https://h/a:b", "https://[::1", "https://-h", "https://h\n"]
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
