"""What the tests of the fault matrix share: every log is caught, and every failure is looked through for secrets.

This module checks, for each failure, what must hold for all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from bedrock_openai_http import BedrockOpenAIError
from kinds import client_kind, pytest_collection_modifyitems, pytest_generate_tests  # noqa: F401
from secrets_check import assert_no_secret
from support import KEY, PROMPT

Failure = TypeVar("Failure", bound=BedrockOpenAIError)


@pytest.fixture(autouse=True)
def every_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Catch what any logger says, at DEBUG, also of those that some library has set to be quiet.

    What asyncio complains of, such as a task whose failure nobody has seen, is a defect.
    """
    caplog.set_level(logging.DEBUG)
    for logger in logging.Logger.manager.loggerDict.values():
        # Most have no level of their own, and so the root's; to set each of hundreds takes longer than most tests.
        if isinstance(logger, logging.Logger) and (logger.level or not logger.propagate or logger.disabled):
            monkeypatch.setattr(logger, "propagate", True)
            monkeypatch.setattr(logger, "disabled", False)
            caplog.set_level(logging.DEBUG, logger.name)
    yield
    complaints = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name == "asyncio" and record.levelno >= logging.WARNING
    ]
    # With -X dev it also says which step of a loop took more than 0.1 s.
    assert [words for words in complaints if not words.startswith("Executing ")] == []


@pytest.fixture
def fails(caplog: pytest.LogCaptureFixture) -> Callable[..., Any]:
    """Return a function that makes a call, and returns its failure once it has been looked through.

    The call must raise exactly `kind`, with the key, the prompt and further `secrets` nowhere in what it leaves.
    """

    def check(call: Callable[[], Any], kind: type[Failure], *secrets: str) -> Failure:
        with pytest.raises(BedrockOpenAIError) as caught:
            call()
        error = caught.value
        assert type(error) is kind
        assert_no_secret(error, caplog, KEY, PROMPT, *secrets)
        return error

    return check
