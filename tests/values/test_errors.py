"""The exceptions as data: pickled, copied, printed."""

from __future__ import annotations

import copy
import pickle
import unicodedata
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletion,
    Headers,
    HTTPResponse,
    IncompleteStreamError,
    InternalServerError,
    RequestValidationError,
    Usage,
)
from bedrock_openai_http.call.advice.advise import CallFacts, advise
from bedrock_openai_http.values import errors
from bedrock_openai_http.values.errors import status_error_class

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BedrockOpenAIError)]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("duplicate", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_exceptions_survive_pickling_and_copying(kind: type[BedrockOpenAIError], duplicate: object) -> None:
    """Every exception keeps its type, its text and everything it carries."""
    error = kind("what happened")
    error.request_id, error.attempts, error.elapsed, error.advice = "r-1", 2, 0.5, "Do this."
    error.partial = ChatCompletion("c", 1, "m", ())
    if isinstance(error, APIStatusError):
        error.status_code, error.response = 400, HTTPResponse(400, Headers({"a": "b"}), b"x")
    again = duplicate(error)  # type: ignore[operator]
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.args == ("what happened",)
    assert vars(again) == vars(error)


def test_usage_is_that_of_what_had_arrived() -> None:
    """An error tells the tokens that are known, and None where none had arrived or nothing had."""
    error = IncompleteStreamError("it ended")
    assert error.usage is None
    error.partial = ChatCompletion("c", 1, "m", ())
    assert error.usage is None
    error.partial = ChatCompletion("c", 1, "m", (), Usage(1, 2, 3))
    assert error.usage == pickle.loads(pickle.dumps(error)).usage == Usage(1, 2, 3)


def test_texts() -> None:
    """The text says what happened, where, and with which request ID and number of attempts."""
    error = APIStatusError("Not so.", status_code=403, code="AccessDeniedException", request_id="r-1")
    assert str(error) == "403 AccessDeniedException: Not so. (request ID r-1)"
    error.attempts = 3
    assert str(error) == "403 AccessDeniedException: Not so. (request ID r-1, 3 attempts)"
    assert str(RequestValidationError("must be at most 2", json_path="$.temperature")) == (
        "$.temperature: must be at most 2"
    )
    assert str(APIConnectionError("gone")) == "gone"


@pytest.mark.parametrize(
    ("message", "request_id", "text"),
    [
        ("expired", None, "403: expired. Do this."),
        ("expired", "r-1", "403: expired (request ID r-1). Do this."),
        ("Expired.", None, "403: Expired. Do this."),
        ("Expired.", "r-1", "403: Expired. (request ID r-1) Do this."),
        ("Expired?\n\n  Yes!\n", "r-1", "403: Expired? Yes! (request ID r-1) Do this."),
    ],
)
def test_the_text_ends_with_the_advice(message: str, request_id: str | None, text: str) -> None:
    """The advice is a sentence of its own after everything else, on one line; the message stays as it came."""
    error = APIStatusError(message, status_code=403, request_id=request_id)
    assert error.advice is None
    without = str(error)
    assert text.startswith(without)
    error.advice = "Do this."
    assert str(error) == text
    assert error.message == message


#: What a terminal or a log would obey: an escape sequence, C1's, line ends of all kinds, a text turned around.
OBEYED = "\x1b[2Jx\x9b31mx\x07x\x7fx\x00x\u202exx\u2066xx\u2069x\u202ax\u202cx"
LINE_ENDS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def every_field(kind: type[BedrockOpenAIError], text: str) -> BedrockOpenAIError:
    """Return an exception that somebody has built with `text` in every field."""
    error = kind(text)
    for name, value in vars(error).items():
        if value is None or isinstance(value, str):
            setattr(error, name, text)
    error.attempts, error.partial = 2, None
    return error


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("text", [OBEYED, LINE_ENDS, f"a{LINE_ENDS}b{OBEYED}c", "\ud800x\udfff", "\ud83d\ude00"])
def test_the_text_is_one_line_that_nothing_obeys(kind: type[BedrockOpenAIError], text: str) -> None:
    """Whatever stands in whichever field, the text is one line, without controls, and can be written anywhere.

    The fields keep what they were given.
    """
    error = every_field(kind, text)
    shown = str(error)
    assert len(shown.splitlines()) == 1
    assert shown == " ".join(shown.split())
    categories = {unicodedata.category(char) for char in shown}
    assert categories & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert error.message == text
    assert "\ufffd" in shown or text == LINE_ENDS


@pytest.mark.parametrize(
    "text",
    [
        "naïve 東京 \U0001f469\u200d\U0001f4bb",
        "\u200e\u05e9\u05dc\u05d5\u05dd\u200f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u061c٣",
        "a\u00adb\u2060c\u200bd",
        "\U0001fae8",
    ],
)
def test_words_of_all_languages_stay(text: str) -> None:
    """Joiners and the marks of Arabic and Hebrew, which reach no further than their neighbours, stay as they are."""
    assert str(APIConnectionError(f"{text} {OBEYED}")).startswith(f"{text} \ufffd[2Jx")


@pytest.mark.parametrize("message", [None, 7, b"no", ["no"], ValueError("no")])
def test_a_message_that_is_no_text(message: Any) -> None:
    """An exception that somebody has built with something else than a text can be shown."""
    for kind in ALL:
        assert str(message) in str(kind(message))


def test_the_advice_is_one_line() -> None:
    """The names of a call that advice gives cannot break its line, nor be more than names."""
    refused = APIStatusError("The token has expired", status_code=404, code="model_not_found")
    for name in ("model", "region", "host"):
        told = advise(refused, CallFacts(**{name: f"a{LINE_ENDS}b{OBEYED}" * 99, "endpoint": "mantle"}))
        assert told is not None
        assert told.isprintable()
        assert len(told) < 400


def test_the_tree() -> None:
    """A timeout is a connection error; a status has its class, and unknown ones the nearest."""
    assert issubclass(APITimeoutError, APIConnectionError)
    assert [status_error_class(status).__name__ for status in (400, 401, 403, 404, 409, 422, 429, 500, 529)] == [
        *("BadRequestError", "AuthenticationError", "PermissionDeniedError", "NotFoundError", "ConflictError"),
        *("UnprocessableEntityError", "RateLimitError", "InternalServerError", "InternalServerError"),
    ]
    assert status_error_class(418) is status_error_class(None) is status_error_class(302) is APIStatusError
    assert status_error_class(503) is InternalServerError
