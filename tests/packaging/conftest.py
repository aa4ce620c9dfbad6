"""The package, built once from a copy of the tree: the checkout gets no `build/`, and gives none away.

This module uses no network: the tools of this environment build, and its installed dependencies are lent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Not part of the sources: what building, testing and version control leave behind.
LEFTOVERS = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")

Run = Callable[..., str]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a function that runs a command from an empty folder and returns its standard output."""
    neutral = tmp_path_factory.mktemp("neutral")

    def run_command(*command: str | Path, cwd: Path = neutral, path: tuple[Path, ...] = ()) -> str:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_command


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the tree without leftovers."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("source") / "tree", ignore=LEFTOVERS))


@pytest.fixture(scope="session")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what is installed beside this environment's Python, but without this package.

    On PYTHONPATH its .pth files are not read, so this environment's editable install is out of reach.
    """
    folder = tmp_path_factory.mktemp("dependencies")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("bedrock_openai_http", "__editable__")):
            (folder / entry.name).symlink_to(entry)
    return folder


def _build(run: Run, source: Path, out: Path, hook: str) -> Path:
    """Run one hook of the build backend (PEP 517, PEP 660) and return the file that it made in `out`."""
    run(
        sys.executable,
        "-c",
        f"from setuptools import build_meta; build_meta.{hook}({str(out)!r})",
        cwd=source,
    )
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="session")
def wheel(run: Run, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(run, source, tmp_path_factory.mktemp("wheel"), "build_wheel")


@pytest.fixture(scope="session")
def sdist(run: Run, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(run, source, tmp_path_factory.mktemp("sdist"), "build_sdist")


@pytest.fixture(scope="session")
def editable_wheel(run: Run, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(run, source, tmp_path_factory.mktemp("editable"), "build_editable")


@pytest.fixture(scope="session")
def unpacked_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the sdist unpacks to."""
    folder = tmp_path_factory.mktemp("unpacked")
    # Python 3.12 and 3.13 warn where it is not said what may be unpacked; old ones cannot be told.
    options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    shutil.unpack_archive(sdist, folder, **options)
    (tree,) = folder.iterdir()
    return tree


@pytest.fixture(scope="session")
def wheel_from_sdist(run: Run, unpacked_sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(run, unpacked_sdist, tmp_path_factory.mktemp("rebuilt"), "build_wheel")
