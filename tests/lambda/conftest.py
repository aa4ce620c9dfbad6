"""The bundles, built as `make lambda-zip` builds them and unpacked; and the figures that are printed at the end."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from function import PYTHON, ROOT

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
EXAMPLE = ROOT / "examples" / "lambda_handler.py"

FIGURES = pytest.StashKey[list[str]]()

#: Builds a bundle for this Python, or for another one, and returns its file.
Build = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def runtime_client() -> None:
    """Say what is missing where the tests cannot be run."""
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import awslambdaric, runtime_client"]).returncode:
        pytest.exit("awslambdaric, AWS's Lambda runtime client, is not installed in .venv/lambda: make lambda", 1)
    asked = [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    assert found == HERE, f".venv/lambda is Python {found}, and .venv is {HERE}: remove .venv/lambda"


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Give a function that builds a bundle and returns its file. All are built from one copy of the tree."""
    leftovers = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    source = Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("source") / "tree", ignore=leftovers))

    def build_bundle(botocore: str, python: str = HERE, processor: str = platform.machine()) -> Path:
        bundle = tmp_path_factory.mktemp("bundle") / "bundle.zip"
        command = [sys.executable, source / "tools" / "lambda_zip.py", "--python", python, "--platform", processor]
        command += ["--botocore", botocore, "--handler", EXAMPLE, "--output", bundle]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return bundle

    return build_bundle


@pytest.fixture(scope="session")
def own_bundle(build: Build) -> Path:
    """Give the bundle with a botocore of its own."""
    return build("own")


@pytest.fixture(scope="session")
def own(own_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give that bundle, unpacked."""
    return unpack(own_bundle, tmp_path_factory.mktemp("own") / "task")


@pytest.fixture(scope="session")
def bare(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the bundle without botocore, unpacked."""
    return unpack(build("runtime"), tmp_path_factory.mktemp("bare") / "task")


@pytest.fixture(scope="session", params=["urllib3>=2", "urllib3<2"])
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what the managed runtime brings; which urllib3 that is depends on the runtime."""
    folder = tmp_path_factory.mktemp("runtime")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, "boto3", request.param]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """Give what stands for Bedrock: it verifies the signature of every request."""
    with LocalEndpoint(answer="An answer.") as endpoint:
        yield endpoint


def unpack(bundle: Path, folder: Path) -> Path:
    """Unpack a bundle into a folder, and return the folder."""
    shutil.unpack_archive(bundle, folder)
    return folder


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Give the lines that are printed at the end of the run."""
    return request.config.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures, if any were taken."""
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
