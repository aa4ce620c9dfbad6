"""Bad input gets one typed error that names path and rule, sends nothing, and repeats neither prompt nor secret."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bedrock_openai_http import (
    ChatCompletionRequest,
    ConfigurationError,
    CredentialsError,
    Guardrail,
    RequestValidationError,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from both import Client, client_of
from support import COMPLETION, KEY, MODEL, PROMPT, REQUEST, RawServer, http


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


class TestRefusedBeforeSending:
    """Bad input gets one typed error and sends nothing."""

    @pytest.fixture
    def unused(self) -> Iterator[RawServer]:
        with RawServer(lambda number: [http(COMPLETION)]) as server:
            yield server
            assert server.requests == []
            assert server.connections == 0

    @pytest.mark.parametrize(
        ("change", "path", "rule"),
        [
            ({"temperature": 3}, "$.temperature", "maximum"),
            ({"temperature": float("nan")}, "$.temperature", None),
            ({"messages": []}, "$.messages", "minItems"),
            ({"messages": [{"role": "user", "content": PROMPT, "SECRETkey": 1}]}, None, "unknown-key"),
            ({"messages": [{"role": "user", "content": f"{PROMPT}\ud800"}]}, "$.messages[0].content", None),
            (
                {"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]},
                "$.messages[0].content[0].text",
                "type",
            ),
            ({"stream": True}, "$.stream", "stream"),
            ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "$.tools[0].function.name", "pattern"),
            ({"extra_body": {"x": {1, 2}}}, "$.x", None),
        ],
    )
    def test_bad_requests(
        self, unused: RawServer, change: dict[str, Any], path: str | None, rule: str | None
    ) -> None:
        """A request that breaks the schema or a rule raises RequestValidationError with its path and rule."""
        fields = {"model": MODEL, "messages": [UserMessage(PROMPT)], **change}
        request = ChatCompletionRequest(**fields)
        with client_of(unused) as client, pytest.raises(RequestValidationError) as caught:
            client.complete(request)
        error = caught.value
        assert path is None or error.json_path == path
        assert rule is None or error.rule == rule
        shown = f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r}"
        assert PROMPT not in shown
        assert KEY not in shown

    def test_stream_of_a_plain_request(self, unused: RawServer) -> None:
        """A request that says `stream=False` is not streamed."""
        request = ChatCompletionRequest(MODEL, [UserMessage("x")], stream=False)
        with client_of(unused) as client, pytest.raises(RequestValidationError, match=r"use Client\.complete"):
            client.stream(request)

    def test_bad_headers(self, unused: RawServer) -> None:
        """A header value that cannot be sent raises ConfigurationError."""
        with client_of(unused) as client, pytest.raises(ConfigurationError, match="X-Corp"):
            client.complete(REQUEST, extra_headers={"X-Corp": "a\r\nb"})

    @pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), "1", True])
    def test_bad_deadlines(self, unused: RawServer, deadline: Any) -> None:
        """A deadline is a number of seconds above 0."""
        with client_of(unused) as client, pytest.raises(ConfigurationError, match="deadline"):
            client.complete(REQUEST, deadline=deadline)

    def test_no_credentials(self, unused: RawServer) -> None:
        """Without credentials CredentialsError lists the sources tried."""
        with (
            Client("us-west-2", base_url=unused.url) as client,
            pytest.raises(CredentialsError, match="tried: "),
        ):
            client.complete(REQUEST)

    def test_no_region(self, unused: RawServer, endpoint: LocalEndpoint) -> None:
        """Without a region a request cannot be signed."""
        with (
            Client(base_url=unused.url, credentials=endpoint.credentials) as client,
            pytest.raises(ConfigurationError, match="no region to sign for"),
        ):
            client.complete(REQUEST)
        with Client(api_key=KEY) as client, pytest.raises(ConfigurationError, match="no region"):
            client.complete(REQUEST)

    def test_a_guardrail_where_it_is_ignored(self) -> None:
        """The mantle endpoint ignores guardrails, so a guardrail there is refused, not dropped."""
        with Client("us-west-2", endpoint="mantle", api_key=KEY, guardrail=Guardrail("abc", "1")) as client:
            with pytest.raises(ConfigurationError, match="mantle endpoint ignores guardrails"):
                client.complete(REQUEST)

    @pytest.mark.parametrize(
        "options",
        [
            {"timeout": 0},
            {"timeout": None},
            {"connect_timeout": None},
            {"timeout": None, "connect_timeout": None},
            {"deadline": -1},
            {"max_attempts": 0},
            {"max_attempts": 2.0},
            {"max_attempts": True},
            {"region": "moon"},
            {"endpoint": "x"},
            {"base_url": "http://example.com"},
            {"session": requests.Session(), "transport": object()},
        ],
    )
    def test_options_that_cannot_be(self, options: dict[str, Any]) -> None:
        """Options that cannot be used are refused when the client is made."""
        with pytest.raises(ConfigurationError):
            Client(**{"region": "us-west-2", **options})
