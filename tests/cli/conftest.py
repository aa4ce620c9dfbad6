"""What the tests of the command line start from: a shell with an empty home, and a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bedrock_openai_http.cli import main
from bedrock_openai_http.testing import LocalEndpoint
from person import Person, served
from shell import Finished, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Give a function that runs the command line in this process, where that shows the same: it is quicker."""

    def run(*args: str, **variables: str) -> Finished:
        for name, value in {"AWS_REGION": "us-west-2", **variables}.items():
            monkeypatch.setenv(name, value)
        code = main(args)
        return Finished(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="Grüße aus der Nähe") as running:
        yield running


@pytest.fixture
def person() -> Iterator[Person]:
    with served() as running:
        yield running
