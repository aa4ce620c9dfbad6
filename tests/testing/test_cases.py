"""Bedrock's answers as data: each recorded case gives what it expects of its bytes."""

from __future__ import annotations

import re
from functools import partial

import pytest

from bedrock_openai_http import ChatCompletionChunk, parse_completion
from bedrock_openai_http.testing import scenarios
from bedrock_openai_http.testing.cases import read_cases
from outcomes import add_up, cuts, outcome_of, response_of

CASES = read_cases()
STREAMS = [name for name, case in CASES.items() if case["stream"]]
WHOLE = [name for name in CASES if name not in STREAMS]
GUESSED = {name for name, case in CASES.items() if case["tag"] == "INF"}


# --- the cases themselves


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_described_in_full(name: str) -> None:
    """A case names its source, date and tag, nothing that is not known, and expects one outcome."""
    case = CASES[name]
    assert set(case) == {"description", "source", "date", "tag", "stream", "expect", "answer"}
    assert re.fullmatch("[a-z0-9-]+", name)
    assert case["description"]
    assert "\n" not in case["description"]
    assert case["source"]
    assert re.fullmatch("20[0-9]{2}-[01][0-9](-[0-3][0-9])?", case["date"])
    assert case["tag"] in ("DOC", "SEEN", "INF")
    assert isinstance(case["stream"], bool)
    assert len(case["expect"]) == 1
    assert set(case["expect"]) <= {"completion", "error"}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_as_on_the_wire(name: str) -> None:
    """The head has its line ends and a request ID, and nothing that frames the body."""
    head, blank, body = CASES[name]["answer"].partition(b"\r\n\r\n")
    assert blank
    assert body
    assert head.count(b"\n") == head.count(b"\r\n")
    names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    assert {b"content-type", b"x-amzn-requestid", b"x-request-id"} <= names
    assert not names & {b"date", b"content-length", b"transfer-encoding", b"connection"}
    assert len({case["answer"].split(b"RequestId: ")[1][:36] for case in CASES.values()}) == len(CASES)


def test_every_case_is_a_scenario() -> None:
    """Each case can be played, and of a guess its description says so."""
    assert set(scenarios()) == set(CASES)
    assert {name for name in CASES if scenarios()[name].endswith(" (a guess)")} == GUESSED


# --- as bytes


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer(name: str) -> None:
    """`parse_completion` makes of the answer what the case expects."""
    assert outcome_of(lambda: parse_completion(response_of(CASES[name]))) == CASES[name]["expect"]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_however_it_is_cut(name: str) -> None:
    """`iter_chunks` makes of the answer what the case expects, and its chunks add up to it."""
    recorded = response_of(CASES[name])
    for pieces in cuts(recorded.body):
        chunks: list[ChatCompletionChunk] = []
        outcome = outcome_of(partial(add_up, recorded, pieces, chunks))
        assert outcome == CASES[name]["expect"]
        whole = outcome.get("completion") or outcome["error"].get("partial") or {}
        assert "".join(chunk.text for chunk in chunks) == whole.get("text", "")
        assert "".join(chunk.reasoning for chunk in chunks) == whole.get("reasoning", "")
        shown = [chunk.guardrail for chunk in chunks if chunk.guardrail is not None]
        assert any(sign.intervened for sign in shown) == whole.get("guardrail", {}).get("intervened", False)


def test_the_comparison_sees_what_a_case_does_not_name() -> None:
    """What comes out beyond what a case expects makes it fail."""
    seen = outcome_of(lambda: parse_completion(response_of(CASES["guardrail-input-blocked"])))
    assert seen["completion"].pop("guardrail") == {"intervened": True}
    assert seen != CASES["guardrail-input-blocked"]["expect"]
