"""A client on the connections of another, such as one for each tenant."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bedrock_openai_http import (
    AsyncClient,
    BedrockOpenAIError,
    Client,
    ConfigurationError,
    events,
)
from loops import run
from support import (
    COMPLETION,
    KEY,
    REQUEST,
    RawServer,
    http,
)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_with_options(kind: Any) -> None:
    """A client by `with_options` uses the connections of the other and nothing else of it, and closes none."""
    seen: list[list[Any]] = [[], []]
    with RawServer(lambda number: [http(COMPLETION)] if number < 3 else [http(b"{}", "403 No")]) as server:

        async def work() -> None:
            client = kind(base_url=server.url, api_key=KEY, max_attempts=1, on_event=seen[0].append)
            tenant = client.with_options(api_key="other-key", timeout=7, deadline=8, on_event=seen[1].append)
            again = tenant.with_options(deadline=None, max_attempts=2)
            limits = tenant._planner.options
            assert (limits.limits.read, limits.limits.connect, limits.deadline) == (7, 5, 8)
            assert (again._planner.options.deadline, again._planner.options.limits.read) == (None, 7)
            for each in (client, tenant):
                await _maybe(each.complete(REQUEST))
                await _maybe(each.aclose() if kind is AsyncClient and each is tenant else None)
                if kind is Client and each is tenant:
                    each.close()
            with pytest.raises(BedrockOpenAIError):
                await _maybe(again.complete(REQUEST))
            await _maybe(client.aclose() if kind is AsyncClient else client.close())
            assert tenant._planner.session is not client._planner.session
            assert tenant._planner.session.quota is not client._planner.session.quota

        run(work)
        assert server.connections == 1
        keys = [b"other-key" in request for request in server.requests]
        assert keys == [False, True, True]
    assert [sum(isinstance(event, events.CallEnded) for event in told) for told in seen] == [1, 2]


async def _maybe(given: Any) -> Any:
    return await given if asyncio.iscoroutine(given) else given


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_with_options_refuses_what_the_constructor_refuses(kind: Any) -> None:
    """Wrong options are the same errors, and what is not given stays."""
    client = kind("us-west-2", api_key=KEY, unknown_fields="send")
    with pytest.raises(ConfigurationError, match="timeout"):
        client.with_options(timeout=-1)
    with pytest.raises(ConfigurationError, match="choose one way"):
        client.with_options(api_key=KEY, credentials=object())
    with pytest.raises(TypeError):
        client.with_options(region="us-east-1")
    assert client.with_options()._planner.options == client._planner.options
