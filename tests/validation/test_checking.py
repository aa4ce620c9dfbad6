"""What is checked between endpoint, region, key and model before anything is sent, and what is warned of."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from bedrock_openai_http import (
    ApiKeyProvider,
    ChatCompletionRequest,
    Client,
    CompatibilityWarning,
    ConfigurationError,
    Credentials,
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
