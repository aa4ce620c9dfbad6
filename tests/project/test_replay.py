"""The replay of everything recorded: nothing is misread or refused, and it would show if it were."""

from __future__ import annotations

from typing import Any

import pytest

import replay
from bedrock_openai_http import RequestValidationError, validate_request
from bedrock_openai_http.testing import LocalEndpoint
from histories import OF_SDKS, read_files, read_histories, without_sdk_members
from loopback import bearer, encoded, send
from replay import Figures, compare


def test_nothing_is_misread_or_refused() -> None:
    """Every answer, history and generated stream gives what it must; `make replay` reads them in more forms."""
    figures = replay.replay(thorough=False)
    assert list(figures.flaws) == []
    assert not +figures.wrong
    assert figures.given["histories"] == len(read_histories())
    assert min(figures.given.values()) > 15
    assert set(figures.read) == {*replay.KINDS, "errors", "histories that services took", "answers as history"}


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({"completion": {"text": "a", "finish_reason": "stop", "id": "other"}}, []),
        ({"completion": {"text": "b", "finish_reason": "stop"}}, ["texts"]),
        ({"completion": {"text": "a"}}, ["finish reasons"]),
        ({"completion": {"text": "a", "finish_reason": "stop", "usage": {}}}, ["usages"]),
        ({"completion": {"text": "a", "finish_reason": "stop", "tool_calls": [["i", "n", ""]]}}, ["calls"]),
        ({"error": {"class": "APIStatusError", "message": "No."}}, ["texts", "finish reasons"]),
    ],
)
def test_what_is_wrong_is_counted(found: dict[str, Any], wrong: list[str]) -> None:
    """A text, finish reason, call or usage that is not as it must be is counted as such and named."""
    figures = Figures()
    compare(figures, "case", found, {"completion": {"text": "a", "finish_reason": "stop"}})
    assert list(+figures.wrong) == wrong
    assert list(figures.flaws) == [f"{kind}: case" for kind in wrong]


def test_a_wrong_error_is_counted() -> None:
    """An error of another class, words or fields is wrong, and what it carries is judged as an answer is."""
    right = {"class": "A", "message": "m", "partial": {"text": "a"}}
    for found, wrong in (
        ({"error": right}, []),
        ({"error": {**right, "class": "B"}}, ["errors"]),
        ({"error": {**right, "partial": {"text": ""}}}, ["texts"]),
        ({"completion": {"text": "a"}}, ["errors", "texts"]),
    ):
        figures = Figures()
        compare(figures, "case", found, {"error": right})
        assert list(+figures.wrong) == wrong


def test_histories_name_their_source() -> None:
    """Each file says where its requests were seen and when, and holds neither keys nor places."""
    for file in read_files().values():
        assert set(file) == {"source", "date", "tag", "requests"}
        assert file["tag"] == "SEEN"
        assert file["source"]
    text = str(read_files())
    assert not any(sign in text for sign in ("bedrock-api-key", "ABSK", "127.0.0.1", "/tmp", "/home", "Bearer"))


def test_the_stand_in_takes_every_history() -> None:
    """What services took and what SDKs send is answered with 200, plain or streamed as it asks."""
    with LocalEndpoint(answer="Yes.") as endpoint:
        for name, body in read_histories().items():
            reply = send(endpoint, encoded(body), bearer(endpoint.api_key))
            assert (reply.status, name) == (200, name), reply.body
            assert (reply.headers["Content-Type"] == "text/event-stream") == bool(body.get("stream"))


@pytest.mark.parametrize(
    "name", [name for name, body in read_histories().items() if without_sdk_members(body) != body]
)
def test_what_only_an_sdk_reads_has_a_way_past(name: str) -> None:
    """`parsed` and `parsed_arguments` are refused by name, and sent where the caller says so."""
    body = read_histories()[name]
    with pytest.raises(RequestValidationError) as caught:
        validate_request(body)
    assert caught.value.json_path.rpartition(".")[2] in OF_SDKS
    validate_request(body, unknown_fields="send")
