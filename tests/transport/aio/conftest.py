"""What the tests of the transport for event loops share: loops that may not complain.

This module checks, for each test, that no loop has said a word.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def silent_loops(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail for what asyncio and aiohttp log: an exception that nobody fetched, a connection that nobody closed."""
    yield
    said = [each.getMessage() for each in caplog.get_records("call") if each.levelno >= logging.WARNING]
    assert [words for words in said if not words.startswith("Executing <")] == []  # which tells of a slow machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Python 3.10 say what it says of TLS connections that were broken off (bpo-46318): it is not ours."""
    if sys.version_info < (3, 11):
        for item in items:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed transport <asyncio.sslproto:ResourceWarning"))
