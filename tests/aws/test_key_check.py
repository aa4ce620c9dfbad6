"""API keys that cannot be good: they are not shown to AWS, and what nobody knows passes."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from bedrock_openai_http import Client, Credentials, CredentialsError, mint_api_key
from support import KEY, MODEL, REQUEST, Outbox

SOMEBODY = Credentials("AKIDEXAMPLE", "SECRET-of-somebody-0123456789")


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
        provider = Provider(self.key(3600), "sk-SECRET")
        with Client("us-west-2", api_key=provider, transport=outbox) as client:
            with pytest.raises(CredentialsError, match="OpenAI"):
                client.complete(REQUEST)
        assert len(outbox.sent) == 1

    def test_a_clock_may_be_wrong(self) -> None:
        """A key is sent until AWS, whose clock may be five minutes behind ours, must have seen its end."""
        outbox = Outbox()
        for seconds, is_sent in ((-10, True), (10, True), (290, True), (310, False)):
            with Client("us-west-2", api_key=self.key(seconds), transport=outbox) as client:
                with nullcontext() if is_sent else pytest.raises(CredentialsError):
                    client.complete(REQUEST)
        assert len(outbox.sent) == 3

    def test_let_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is behind another host judges for itself, unless the caller says its region; so does AWS of a key
        that does not say when it ends.
        """
        monkeypatch.setenv("AWS_REGION", "us-west-2")
        outbox = Outbox()
        host = "https://gateway.example"
        with Client(base_url=host, api_key=self.key(3600), transport=outbox) as client:
            client.complete(REQUEST)
        with Client("us-west-2", base_url=host, api_key=self.key(3600), transport=outbox) as client:
            with pytest.raises(CredentialsError, match="expired"):
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
