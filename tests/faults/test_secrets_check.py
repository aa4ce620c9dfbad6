"""The search for secrets finds them: without this, the tests that rely on it could not fail."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from bedrock_openai_http import APIStatusError, BedrockOpenAIError, ChatCompletion, Headers, HTTPResponse
from secrets_check import assert_no_secret

SECRET = "hunter2/+é"


def held(value: object) -> BedrockOpenAIError:
    error = BedrockOpenAIError("no")
    error.partial = value  # type: ignore[assignment]
    return error


def caused(cause: BaseException) -> BedrockOpenAIError:
    try:
        raise BedrockOpenAIError("no") from cause
    except BedrockOpenAIError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        BedrockOpenAIError(f"no {SECRET}"),
        held(f"a {SECRET}"),
        held([{"deep": (SECRET.encode(),)}]),
        held({SECRET: 1}),
        held(Headers({"Authorization": f"Bearer {SECRET}"})),
        held(ChatCompletion.from_dict({"choices": [], "x": {"y": SECRET}})),
        APIStatusError("no", response=HTTPResponse(400, Headers(), SECRET.encode())),
        caused(ValueError(SECRET)),
        caused(OSError(1, "no", SECRET)),
    ],
    ids=["text", "attribute", "bytes", "key", "redacted header", "raw", "body", "cause", "argument"],
)
def test_a_secret_in_an_exception_is_found(error: BedrockOpenAIError, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever an exception holds a secret, it is found."""
    with pytest.raises(AssertionError, match="a secret of 10 characters is in"):
        assert_no_secret(error, caplog, SECRET)


@pytest.mark.parametrize(
    "log",
    [
        lambda logger: logger.debug("sent %s", SECRET),
        lambda logger: logger.debug("sent %r", {"key": [SECRET]}),
        lambda logger: logger.info("GET /%s", "hunter2%2F%2B%C3%A9"),
    ],
    ids=["argument", "nested", "escaped"],
)
def test_a_secret_in_a_log_is_found(log: Callable[[logging.Logger], None], caplog: pytest.LogCaptureFixture) -> None:
    """Whichever logger lets a secret out, it is found."""
    log(logging.getLogger("some.library"))
    with pytest.raises(AssertionError, match="is in: logs"):
        assert_no_secret(BedrockOpenAIError("no"), caplog, SECRET)


def test_nothing_is_found_where_nothing_is(caplog: pytest.LogCaptureFixture) -> None:
    """A failure that holds no secret passes."""
    logging.getLogger("some.library").debug("sent %d bytes", 7)
    assert_no_secret(caused(held(["harmless"])), caplog, SECRET)
