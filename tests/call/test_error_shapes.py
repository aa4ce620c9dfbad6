"""The words of errors, in the shapes that gateways, proxies and other services give them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_openai_http import (
    APIStatusError,
    BadRequestError,
    BedrockOpenAIError,
    HTTPResponse,
    NotFoundError,
    RateLimitError,
    ResponseFormatError,
    iter_chunks,
    parse_completion,
)
from bedrock_openai_http.call.advice.advise import advise
from bedrock_openai_http.call.decode import not_a_stream
from bedrock_openai_http.call.error_shapes import is_own_word

PROMPT = "a prompt that nobody may log"
MISSING = {"type": "missing", "loc": ["body", "messages", 0, "role"], "msg": "Field required", "input": PROMPT}
UNKNOWN = {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Not permitted", "ctx": {"given": PROMPT}}

#: Each body with what it must give: the words, and what else is in it.
SHAPES: list[tuple[Any, str, dict[str, Any]]] = [
    # FastAPI and what is built with it (vLLM, LiteLLM's proxy, text-generation servers)
    ({"detail": "No."}, "No.", {}),
    ({"detail": [MISSING]}, "messages.0.role: Field required", {"param": "messages.0.role", "type": "missing"}),
    ({"detail": [MISSING, UNKNOWN]}, "messages.0.role: Field required; seed: Not permitted", {}),
    ({"detail": [UNKNOWN] * 5}, "; ".join(["seed: Not permitted"] * 3) + "; and 2 more", {}),
    ({"detail": {"error": "No."}}, "No.", {}),
    ({"detail": {"error": {"message": "No.", "code": "c", "param": "p"}}}, "No.", {"code": "c", "param": "p"}),
    ({"detail": {"message": "No.", "code": "429"}}, "No.", {"code": "429"}),
    # Google's, with a list around the error
    ([{"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}], "No.", {}),
    ([{"error": {"message": "No.", "param": "p"}}, {"error": {"message": "Nor that."}}], "No.; Nor that.", {}),
    ({"error": [{"message": "No.", "code": "c"}]}, "No.", {"code": "c"}),
    # lists of errors: Cloudflare, JSON:API, GraphQL, plain texts
    ({"success": False, "errors": [{"code": 10000, "message": "No."}], "messages": []}, "No.", {}),
    ({"errors": [{"status": "404", "title": "Not Found", "detail": "No."}]}, "No.", {}),
    ({"errors": ["No.", "Nor that."]}, "No.; Nor that.", {}),
    ({"errors": "No."}, "No.", {}),
    # ASP.NET: what is wrong, by field
    ({"title": "Errors occurred.", "errors": {"model": ["Required."], "n": "Too large."}},
     "model: Required.; n: Too large.", {}),
    # RFC 9457
    ({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No."}, "No.", {}),
    # OAuth (RFC 6749, 5.2), and `error` as a text with the words beside it
    ({"error": "invalid_client", "error_description": "No."}, "No.", {"code": "invalid_client"}),
    ({"error": "Bad Request", "message": "No."}, "No.", {"code": None}),
    ({"statusCode": 400, "error": "Bad Request", "message": ["No.", "Nor that."]}, "No.; Nor that.", {}),
    ({"error": True, "message": "No."}, "No.", {}),
    # other names of the same
    ({"code": 500, "msg": "No.", "success": False}, "No.", {}),
    ({"error_code": 17, "error_msg": "No."}, "No.", {}),
    ({"error": {"msg": "No.", "code": "c"}}, "No.", {"code": "c"}),
    ({"error": {"code": "c"}, "message": "No."}, "No.", {"code": "c"}),
    ({"error": {"title": "No."}}, "No.", {}),
    # objects within
    ({"message": {"error": {"message": "No.", "code": "c"}}}, "No.", {"code": "c"}),
    ({"error": {"message": {"message": "No.", "type": "t"}, "code": "c"}}, "No.", {"code": "c", "type": "t"}),
    ({"error": {"error": {"message": "No.", "code": "c"}}}, "No.", {"code": "c"}),
    ({"error": {"message": '[{"error": {"message": "No.", "code": "c"}}]'}}, "No.", {"code": "c"}),
    ({"error": {"message": '{"detail": "No."}', "code": "c"}}, "No.", {"code": "c"}),
]  # fmt: skip

#: What says nothing that may be repeated.
WORDLESS: list[Any] = [
    {"detail": []},
    {"detail": [{"input": PROMPT}]},
    {"detail": {"input": PROMPT}},
    {"errors": [[PROMPT]]},
    {"errors": {"model": {"given": PROMPT}}},
    {"message": {"content": PROMPT}},
    {"error": {"message": {"content": PROMPT}}},
    [],
    [[{"error": {}}]],
    {"msg": ""},
]


def answer(body: Any, status: int = 400) -> HTTPResponse:
    return HTTPResponse(status, {"content-type": "application/json"}, json.dumps(body).encode())


def failure_of(response: HTTPResponse) -> BedrockOpenAIError:
    with pytest.raises(BedrockOpenAIError) as caught:
        parse_completion(response)
    return caught.value


def in_stream(body: Any, event: str = "") -> BedrockOpenAIError:
    data = b"%bdata: %b\n\n" % (event.encode(), json.dumps(body).encode())
    with pytest.raises(BedrockOpenAIError) as caught:
        list(iter_chunks([b'data: {"choices": []}\n\n', data]))
    return caught.value


@pytest.mark.parametrize(("body", "words", "rest"), SHAPES)
def test_the_words_of_an_error(body: Any, words: str, rest: dict[str, Any]) -> None:
    """An error gives its words on one line: as an answer, in a 200, in a stream or in place of one."""
    found = [
        failure_of(answer(body)),
        failure_of(answer(body, 200)),
        in_stream(body),
        in_stream(body, "event: error\n"),
    ]
    for error in [*found, not_a_stream(answer(body, 200))]:
        assert isinstance(error, APIStatusError)
        assert error.message == words
        assert {name: getattr(error, name) for name in rest} == rest
        assert PROMPT not in str(error)


@pytest.mark.parametrize("body", WORDLESS)
def test_an_error_that_says_nothing(body: Any) -> None:
    """What has no words of an error is described, never dumped, and is none where no error was announced."""
    error = failure_of(answer(body))
    assert error.message == "no error message; application/json"
    assert PROMPT not in str(error)
    if not (isinstance(body, dict) and "error" in body):
        assert type(failure_of(answer(body, 200))) is ResponseFormatError


def test_long_words_of_many_are_cut() -> None:
    """Of a list each text is cut after 200 characters; one text alone comes as it is."""
    assert len(failure_of(answer({"detail": ["x " * 5000] * 9})).message) < 700
    assert failure_of(answer({"detail": "x " * 500})).message == "x " * 500


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"message": "No.", "code": "429"}}, 429),
        ({"error": {"message": "No.", "status": "429"}}, 429),
        ({"error": {"message": "No.", "status_code": "429"}}, 429),
        ({"statusCode": 429, "message": "No."}, 429),
        ({"error": {"message": "No."}, "status": 429}, 429),
        ({"error": {"message": "No."}, "code": "429"}, 429),
        ({"detail": {"message": "No.", "code": "429"}}, 429),
        ([{"error": {"message": "No.", "code": 429, "status": "RESOURCE_EXHAUSTED"}}], 429),
        ({"error": {"message": "No.", "code": "0429"}}, None),
        ({"error": {"message": "No.", "code": "200"}}, None),
        ({"error": {"message": "No.", "code": " 429"}}, None),
        ({"error": {"message": "No.", "code": "\u0664\u0662\u0669"}}, None),
        ({"error": {"message": "No.", "code": "429 Too Many Requests"}}, None),
        ({"error": {"message": "No.", "code": True}}, None),
    ],
)
def test_a_status_as_text(body: Any, status: int | None) -> None:
    """A status of 300 to 599 counts as a number and as its three digits, and decides the class inside a 200."""
    for error in (failure_of(answer(body, 200)), in_stream(body)):
        assert isinstance(error, APIStatusError)
        assert error.status_code == status
        assert (type(error) is RateLimitError) == (status == 429)
    assert failure_of(answer(body, 400)).status_code == 400  # type: ignore[attr-defined]


def test_a_status_that_is_the_code_too_is_said_once() -> None:
    """The text of the error does not repeat it."""
    assert str(failure_of(answer({"error": {"message": "No.", "code": "429"}}, 200))).startswith("429: No.")
    body = {"error": {"message": "No.", "code": "429", "type": "quota"}}
    assert str(failure_of(answer(body, 200))).startswith("429 quota: No.")


@pytest.mark.parametrize(
    "body", [{"detail": "No."}, {"errors": ["No."]}, {"msg": "No."}, [{"error": {"message": "No."}}]]
)
def test_the_shapes_of_gateways_are_not_the_services_own_word(body: Any) -> None:
    """A gateway's 502 in a shape of its own may mean that the service still works: it is not called the service's."""
    assert not is_own_word(answer(body, 502))
    assert is_own_word(answer({"error": {"message": "No."}}, 502))
    assert is_own_word(answer({"error": {"message": '{"message": "No."}'}}, 502))


def test_what_is_no_error_inside_a_200_stays_none() -> None:
    """Answers of other APIs, which have members of these names without words, are wrong answers, not errors."""
    for body in (
        {"message": {"role": "assistant", "content": "hello"}, "done": True},
        {"type": "message_start", "message": {"id": "m", "content": [], "type": "message"}},
        {"object": "list", "data": [{"id": "m"}]},
        {"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}},
        {"title": "A page", "type": "about:blank"},
        [{"choices": []}],
    ):
        assert type(failure_of(answer(body, 200))) is ResponseFormatError


@pytest.mark.parametrize(
    ("message", "param", "text"),
    [
        ("must be at most 2", "temperature", "400 validation_error: temperature: must be at most 2."),
        ("temperature must be at most 2", "temperature", "400 validation_error: temperature must be at most 2."),
        ("No.", None, "400 validation_error: No."),
        ("No.", "messages[0].content", "400 validation_error: messages[0].content: No."),
        ("No", "x" * 5000, "400 validation_error: No."),
    ],
)
def test_the_text_names_the_field(message: str, param: str | None, text: str) -> None:
    """Where the message does not name the field that is blamed, the text of the error does, and only once."""
    body = {"error": {"code": "validation_error", "message": message, "param": param, "type": "t"}}
    error = failure_of(answer(body))
    assert type(error) is BadRequestError
    assert error.message == message
    error.advice = None
    assert (str(error) + ("" if str(error).endswith(".") else ".")) == text


def test_the_classes_and_advice_still_hold() -> None:
    """A gateway's words are advised on as the service's are."""
    error = failure_of(answer({"type": "about:blank", "title": "No.", "status": 404}, 404))
    assert error.message == "No."  # RFC 9457 without a detail; inside a 200 a title alone announces no error
    error = failure_of(answer({"detail": "The model 'x' does not exist"}, 404))
    assert type(error) is NotFoundError
    assert advise(error) == error.advice
