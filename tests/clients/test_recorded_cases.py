"""Bedrock's recorded answers, each played over a connection: both clients make of it what the case expects."""

from __future__ import annotations

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.cases import read_cases
from both import Client
from outcomes import outcome_of
from support import REQUEST

CASES = read_cases()


@pytest.mark.parametrize("name", CASES)
def test_the_case_played_over_a_connection(name: str) -> None:
    """A client that talks to a LocalEndpoint gets what the case expects; a refusal is the same for a stream."""
    case = CASES[name]
    with (
        LocalEndpoint(scenario=name) as endpoint,
        Client(endpoint.region, base_url=endpoint.url, api_key=endpoint.api_key, max_attempts=1) as client,
    ):
        if not case["stream"]:
            assert outcome_of(lambda: client.complete(REQUEST)) == case["expect"]
        if case["stream"] or case["answer"].split()[1] != b"200":
            assert outcome_of(lambda: client.stream(REQUEST).completion()) == case["expect"]
