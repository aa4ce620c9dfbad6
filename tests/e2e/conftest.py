"""The real model, started once, and ways to it: signed, through a stand-in for Bedrock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bedrock_openai_http import Client
from bedrock_openai_http.testing import LocalEndpoint
from real_model import RealModel, real_model


@pytest.fixture(scope="session")
def model() -> Iterator[RealModel]:
    with real_model() as model:
        yield model


@pytest.fixture(scope="session")
def calling_model() -> Iterator[RealModel]:
    """Give the model with a chat template by which it calls functions."""
    with real_model(Path(__file__).with_name("calls.jinja").read_text("utf-8")) as model:
        yield model


@pytest.fixture
def endpoint(model: RealModel) -> Iterator[LocalEndpoint]:
    """Give a LocalEndpoint that passes on to the model what it lets through."""
    with _before(model) as endpoint:
        yield endpoint


@pytest.fixture
def calling_endpoint(calling_model: RealModel) -> Iterator[LocalEndpoint]:
    """Give a LocalEndpoint before the model that calls functions."""
    with _before(calling_model) as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: LocalEndpoint) -> Iterator[Client]:
    """Give a client that signs."""
    with Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as client:
        yield client


def _before(model: RealModel) -> LocalEndpoint:
    return LocalEndpoint(upstream=model.url, upstream_key=model.api_key, upstream_model=model.name)
