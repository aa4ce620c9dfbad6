"""What the tests of the transport for event loops share: certificates, and loops that may not complain.

This module checks, for each test, that no loop has said a word.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers import make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of an authority's certificate, made for this run, and of a server's for 127.0.0.1 with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The files of a server's certificate, whose authority is trusted."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    return certificate


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
