"""Every test runs on the same machine: an empty home, no AWS settings, no proxy, no certificates of its own.

This module leaves a test nothing of the real machine that the package or its dependencies would read, and makes the
certificates of those that speak TLS.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers import make_certificate

#: What the machine could slip in: AWS settings, proxies, certificate bundles, and passwords in ~/.netrc.
FOREIGN = re.compile(r"AWS_.*|BOTO_.*|.*_proxy|(CURL|REQUESTS)_CA_BUNDLE|SSL_CERT_(FILE|DIR)|NETRC", re.IGNORECASE)


@pytest.fixture(autouse=True, scope="session")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take the machine's settings away for the whole run; a test sets its own with `monkeypatch`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if FOREIGN.fullmatch(name):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        # Without credentials botocore would ask the instance metadata service, which is a network call.
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        # Who is started in the background by a shell ignores Ctrl-C, and would hand that on to the commands tested.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Pass over a warning of asyncio's before Python 3.11: TLS that was aborted calls itself unclosed (bpo-46318)."""
    if sys.version_info < (3, 11):
        config.addinivalue_line("filterwarnings", "ignore:unclosed transport <asyncio.sslproto:ResourceWarning")


def pytest_collection_finish() -> None:
    """Let the collector pass over what will stay to the end: thousands of test items, and every library."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def in_japan(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set this machine's time zone nine hours away from UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of an authority's certificate, made for this run, and of a server's for 127.0.0.1 with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The files of a server's certificate, whose authority is trusted."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    return certificate
