"""What is checked between endpoint, region, key and model before anything is sent, and what is warned of."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bedrock_openai_http import (
    ApiKeyProvider,
    ChatCompletionRequest,
    Client,
    CompatibilityWarning,
    ConfigurationError,
    Credentials,
    CredentialsError,
    Guardrail,
    RequestValidationError,
    UserMessage,
    mint_api_key,
)
from bedrock_openai_http.testing import LocalEndpoint
from support import COMPLETION, KEY, MODEL, REQUEST, Outbox, RawServer, client_of, http

SOMEBODY = Credentials("AKIDEXAMPLE", "SECRET-of-somebody-0123456789")


@pytest.mark.parametrize(
    ("model", "endpoint", "instead"),
    [
        ("openai.gpt-oss-20b", "runtime", "openai.gpt-oss-20b-1:0"),
        ("openai.gpt-oss-120b-1:0", "mantle", "openai.gpt-oss-120b"),
        ("xai.grok-4.6", "runtime", "us.xai.grok-4.6"),
        ("arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc", "runtime", "write the ID"),
    ],
)
@pytest.mark.parametrize("method", ["complete", "stream"])
def test_a_model_of_another_endpoint(model: str, endpoint: str, instead: str, method: str) -> None:
    """A model ID that the endpoint is known to refuse is refused here, and the error says what to write."""
    outbox = Outbox()
    with Client("us-west-2", endpoint=endpoint, api_key=KEY, transport=outbox) as client:
        for request in (
            ChatCompletionRequest(model, [UserMessage("x")]),
            {"model": model, "messages": [{"role": "user", "content": "x"}]},
        ):
            with pytest.raises(RequestValidationError) as caught:
                getattr(client, method)(request)
            assert (caught.value.json_path, caught.value.rule) == ("$.model", "model-id")
            assert instead in str(caught.value)
    assert outbox.sent == []


class TestKeysOfAnotherRegion:
    """A short-term key says which region it was made for, and is refused for any other."""

    def test_a_key_of_another_region(self) -> None:
        """Nothing is sent, and both regions are named."""
        outbox = Outbox()
        key = mint_api_key("us-east-1", credentials=SOMEBODY)
        for given in (key, lambda: key):
            with Client("us-west-2", api_key=given, transport=outbox) as client:
                with pytest.raises(
                    ConfigurationError, match="made for us-east-1, and the call goes to us-west-2"
                ) as e:
                    client.complete(REQUEST)
            assert key not in str(e.value)
        assert outbox.sent == []

    def test_the_environments_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The region of the environment and of a host of AWS's own count like one that is given."""
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", mint_api_key("us-east-1", credentials=SOMEBODY))
        host = "https://bedrock-runtime.eu-west-1.amazonaws.com"
        with Client(base_url=host, transport=Outbox()) as client:
            with pytest.raises(ConfigurationError, match="the call goes to eu-west-1"):
                client.complete(REQUEST)
        monkeypatch.setenv("AWS_REGION", "us-west-2")
        with Client(transport=Outbox()) as client, pytest.raises(ConfigurationError, match="goes to us-west-2"):
            client.complete(REQUEST)

    def test_what_is_let_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A key of the same region, one that does not say, and any key for a host that is not AWS's."""
        monkeypatch.setenv("AWS_REGION", "us-west-2")
        outbox = Outbox()
        key = mint_api_key("us-west-2", credentials=SOMEBODY)
        for given in (
            key,
            "ABSKlongterm",
            "bedrock-api-key-unreadable",
            ApiKeyProvider("us-west-2", credentials=SOMEBODY),
        ):
            with Client(api_key=given, transport=outbox) as client:
                client.complete(REQUEST)
        other = mint_api_key("us-east-1", credentials=SOMEBODY)
        with Client(base_url="https://gateway.example", api_key=other, transport=outbox) as client:
            client.complete(REQUEST)
        assert len(outbox.sent) == 5

    def test_keys_that_change(self) -> None:
        """Each new key is read again."""
        keys = [mint_api_key(region, credentials=SOMEBODY) for region in ("us-west-2", "us-west-2", "us-east-1")]
        with Client("us-west-2", api_key=lambda: keys.pop(0), transport=Outbox()) as client:
            client.complete(REQUEST)
            client.complete(REQUEST)
            with pytest.raises(ConfigurationError, match="made for us-east-1"):
                client.complete(REQUEST)


class TestGuardrailsOnMantle:
    """Mantle answers 200 and applies no guardrail, so none may be asked for there, by whichever way."""

    @pytest.mark.parametrize(
        ("fields", "options"),
        [
            ({"guardrail": Guardrail("abc", "1")}, {}),
            ({}, {"extra_headers": {"x-amzn-bedrock-guardrailidentifier": "abc"}}),
            ({}, {"extra_headers": {"X-Amzn-Bedrock-GuardrailVersion": "1"}}),
            ({"extra_body": {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}}}, {}),
        ],
    )
    def test_refused(self, fields: dict[str, Any], options: dict[str, Any]) -> None:
        """A guardrail as a value, as headers or in the body is refused, not dropped."""
        outbox = Outbox()
        request = ChatCompletionRequest("openai.gpt-oss-20b", [UserMessage("x")], **fields)
        with Client("us-west-2", endpoint="mantle", api_key=KEY, transport=outbox) as client:
            with pytest.raises(ConfigurationError, match="mantle endpoint ignores guardrails"):
                client.complete(request, **options)
        assert outbox.sent == []

    def test_other_headers_pass(self) -> None:
        """Other headers of Bedrock's go to mantle as they are."""
        request = ChatCompletionRequest("openai.gpt-oss-20b", [UserMessage("x")])
        given = {"X-Amzn-Bedrock-Trace": "ENABLED", "OpenAI-Project": "p-1", "X-Corp": "a b"}
        for how in ("complete", "stream"):
            with LocalEndpoint(service="bedrock-mantle") as endpoint:
                options = {"base_url": endpoint.url, "endpoint": "mantle", "credentials": endpoint.credentials}
                with Client(endpoint.region, **options) as client:
                    answer = getattr(client, how)(request, extra_headers=given)
                    assert answer.text if how == "complete" else answer.completion().text
                (arrived,) = endpoint.requests
            assert {name: arrived.headers[name] for name in given} == given
            # Bedrock's own are under the signature, which the endpoint has verified.
            assert "x-amzn-bedrock-trace" in arrived.headers["authorization"]


class TestWarnings:
    """What the model will refuse or ignore is warned of, and sent as it is."""

    REQUEST = ChatCompletionRequest(MODEL, [UserMessage("x")], stop=["end"], logit_bias={"5": 1})

    @pytest.mark.parametrize("door", ["complete", "stream", "create"])
    def test_a_warning_names_the_callers_line(self, door: str) -> None:
        """Each finding is one warning, in the name of the file that made the call, whichever door it came by."""
        with RawServer(lambda number: [http(COMPLETION)]) as server, client_of(server) as client:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                if door == "create":
                    client.chat.completions.create(
                        model=MODEL, messages=[{"role": "user", "content": "x"}], stop="end", logit_bias={"5": 1}
                    )
                elif door == "complete":
                    client.complete(self.REQUEST)
                else:
                    with pytest.raises(Exception, match="no event stream"):
                        client.stream(self.REQUEST)
        assert [(warning.category, warning.filename) for warning in caught] == [(CompatibilityWarning, __file__)] * 2
        assert b'"logit_bias":{"5":1}' in server.requests[0]

    def test_a_warning_can_be_an_error(self) -> None:
        """With the category made an error nothing is sent."""
        outbox = Outbox()
        with Client("us-west-2", api_key=KEY, transport=outbox) as client, warnings.catch_warnings():
            warnings.simplefilter("error", CompatibilityWarning)
            with pytest.raises(CompatibilityWarning) as caught:
                client.complete(self.REQUEST)
        assert caught.value.lint.json_path in ("$.stop", "$.logit_bias")
        assert outbox.sent == []

    def test_names_of_a_gateway(self) -> None:
        """What a gateway calls its models is its own affair; a name that AWS cannot know is said to AWS."""
        request = ChatCompletionRequest("gpt-4o", [UserMessage("x")])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for options in ({"base_url": "https://gateway.example"}, {}):
                with Client(
                    "us-west-2", api_key="sk-gateway" if options else KEY, transport=Outbox(), **options
                ) as client:
                    client.complete(request)
        (warning,) = caught
        assert isinstance(warning.message, CompatibilityWarning)
        assert warning.message.lint.rule == "model-name"


class TestKeysOfAnotherHouse:
    """A key that is known to be none of Bedrock's is not shown to AWS; a form that nobody knows passes."""

    #: By their makers' documentation, 2026; what is said of each.
    FOREIGN = (
        ("sk-SECRET-of-somebody", "OpenAI"),
        ("sk-proj-SECRET", "OpenAI"),
        ("sk-ant-api03-SECRET", "Anthropic"),
        ("sk-or-v1-SECRET", "OpenRouter"),
        ("gsk_SECRET", "Groq"),
        ("xai-SECRET", "xAI"),
        ("AIzaSECRET", "Google"),
        ("hf_SECRET", "Hugging Face"),
        ("nvapi-SECRET", "NVIDIA"),
        ("AKIASECRETSECRET0000", "an AWS access key ID"),
        ("ASIASECRETSECRET0000", "an AWS access key ID"),
    )

    @pytest.mark.parametrize(("key", "house"), FOREIGN)
    @pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
    def test_refused(self, key: str, house: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """From an argument, a callable or the environment: nothing is sent, and the error does not repeat the key."""
        outbox = Outbox()
        request = replace(REQUEST, model="openai.gpt-oss-safeguard-20b")
        for given in (key, lambda: key, None):
            if given is None:
                monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
            with Client("us-west-2", endpoint=endpoint, api_key=given, transport=outbox) as client:
                with pytest.raises(CredentialsError) as caught:
                    client.complete(request)
            assert str(caught.value).startswith("api_key: " if given else "AWS_BEARER_TOKEN_BEDROCK: ")
            assert house in str(caught.value)
            assert "bedrock-api-key-" in (caught.value.advice or "")
            assert "SECRET" not in str(caught.value).replace("AWS_BEARER", "") + repr(caught.value)
        assert outbox.sent == []

    def test_let_through(self) -> None:
        """What has another form, and every key for a host that is not AWS's, such as that of a gateway."""
        outbox = Outbox()
        unknown = ("company-issued-key", "AKIA-not-an-id", "AKIAINTERNALKEYS", "SK-x", "eyJhbGciOi.e.s")
        for key in ("ABSKlongterm", KEY, *unknown):
            with Client("us-west-2", api_key=key, transport=outbox) as client:
                client.complete(REQUEST)
        for key, _ in self.FOREIGN:
            with Client("us-west-2", base_url="https://litellm.example/v1", api_key=key, transport=outbox) as client:
                client.complete(REQUEST)
        assert len(outbox.sent) == 7 + len(self.FOREIGN)

    def test_a_vpc_endpoint_is_aws(self) -> None:
        """A host that AWS names for a VPC is one of its own."""
        host = "https://vpce-0123-abc.bedrock-runtime.us-west-2.vpce.amazonaws.com"
        with Client(base_url=host, api_key="sk-SECRET", transport=Outbox()) as client:
            with pytest.raises(CredentialsError, match="OpenAI"):
                client.complete(REQUEST)


class TestKeysThatHaveExpired:
    """A short-term key tells when it ends: after that it is not sent to AWS, and asked for once more if it can be."""

    @staticmethod
    def key(seconds_ago: float) -> str:
        """Return a key that ended so many seconds ago."""
        minted = datetime.now(timezone.utc) - timedelta(seconds=3600 + seconds_ago)
        return mint_api_key("us-west-2", credentials=SOMEBODY, lifetime=3600, now=minted)

    def test_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As an argument, from a callable and from the environment; the error has its end and the present time."""
        outbox = Outbox()
        key = self.key(3600)
        for given in (key, lambda: key, None):
            if given is None:
                monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
            with Client("us-west-2", api_key=given, transport=outbox) as client:
                both = r"expired at 20\S+ \S+ UTC, and it is 20\S+ \S+ UTC"
                with pytest.raises(CredentialsError, match=both) as caught:
                    client.complete(REQUEST)
            assert key not in str(caught.value)
            assert "key mint" in (caught.value.advice or "")
            assert caught.value.attempts == 0
        assert outbox.sent == []

    def test_asked_for_once_more(self) -> None:
        """A callable is refreshed and asked once more, before anything is sent; a second old one is refused."""

        class Provider:
            def __init__(self, *keys: str) -> None:
                self.keys, self.calls = list(keys), []

            def __call__(self) -> str:
                self.calls.append("call")
                return self.keys.pop(0)

            def refresh(self) -> None:
                self.calls.append("refresh")

        good, outbox = self.key(-3000), Outbox()
        provider = Provider(self.key(3600), good)
        with Client("us-west-2", api_key=provider, transport=outbox) as client:
            client.complete(REQUEST)
        assert provider.calls == ["call", "refresh", "call"]
        assert [sent.headers["Authorization"] for sent in outbox.sent] == [f"Bearer {good}"]
        provider = Provider(self.key(3600), self.key(3000), good)
        with Client("us-west-2", api_key=provider, transport=outbox) as client, pytest.raises(CredentialsError):
            client.complete(REQUEST)
        assert provider.calls == ["call", "refresh", "call"]
        assert len(outbox.sent) == 1

    def test_a_clock_may_be_wrong(self) -> None:
        """A key is sent until AWS, whose clock may be five minutes behind ours, must have seen its end."""
        outbox = Outbox()
        for seconds, is_sent in ((-10, True), (10, True), (290, True), (310, False)):
            with Client("us-west-2", api_key=self.key(seconds), transport=outbox) as client:
                with nullcontext() if is_sent else pytest.raises(CredentialsError):
                    client.complete(REQUEST)
        assert len(outbox.sent) == 3

    def test_let_through(self) -> None:
        """A host that is not AWS's judges for itself, and so does AWS of a key that does not say when it ends."""
        outbox = Outbox()
        host = "https://gateway.example"
        with Client("us-west-2", base_url=host, api_key=self.key(3600), transport=outbox) as client:
            client.complete(REQUEST)
        with Client("us-west-2", api_key="bedrock-api-key-unreadable", transport=outbox) as client:
            client.complete(REQUEST)
        assert len(outbox.sent) == 2

    def test_a_stream_and_the_openai_shape(self) -> None:
        """Every door looks at the key."""
        with Client("us-west-2", api_key=self.key(3600), transport=Outbox()) as client:
            with pytest.raises(CredentialsError, match="expired"):
                client.stream(REQUEST)
            with pytest.raises(CredentialsError, match="expired"):
                client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x"}])
