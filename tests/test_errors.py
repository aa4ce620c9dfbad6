"""The exceptions as data: pickled, copied, printed."""

from __future__ import annotations

import copy
import pickle

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletion,
    Headers,
    HTTPResponse,
    InternalServerError,
    RequestValidationError,
    errors,
)
from bedrock_openai_http.errors import status_error_class

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


def test_the_tree() -> None:
    """A timeout is a connection error; a status has its class, and unknown ones the nearest."""
    assert issubclass(APITimeoutError, APIConnectionError)
    assert [status_error_class(status).__name__ for status in (400, 401, 403, 404, 409, 422, 429, 500, 529)] == [
        *("BadRequestError", "AuthenticationError", "PermissionDeniedError", "NotFoundError", "ConflictError"),
        *("UnprocessableEntityError", "RateLimitError", "InternalServerError", "InternalServerError"),
    ]
    assert status_error_class(418) is status_error_class(None) is status_error_class(302) is APIStatusError
    assert status_error_class(503) is InternalServerError
