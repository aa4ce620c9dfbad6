"""The real model, started once, and ways to it: signed, through a stand-in for Bedrock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_openai_http import Client
from bedrock_openai_http.testing import LocalEndpoint
from real_model import RealModel, real_model


@pytest.fixture(scope="session")
def model() -> Iterator[RealModel]:
    with real_model() as model:
        yield model


@pytest.fixture
def endpoint(model: RealModel) -> Iterator[LocalEndpoint]:
    """Give a LocalEndpoint that passes on to the model what it lets through."""
    with LocalEndpoint(upstream=model.url, upstream_key=model.api_key, upstream_model=model.name) as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: LocalEndpoint) -> Iterator[Client]:
    """Give a client that signs."""
    with Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as client:
        yield client
