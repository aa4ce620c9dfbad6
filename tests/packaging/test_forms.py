"""In every form that a program can be given this package in, it imports whole and finds its data.

The top-level folder `schemas/` is the sub-package `bedrock_openai_http.schemas`: each form maps it in its own way.
"""

from __future__ import annotations

import json
import shutil
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]
Where = Callable[..., Path]

INSTALL = ("install", "--quiet", "--no-compile", "--no-deps", "--no-index")

PROBE = """
import json
import bedrock_openai_http
from bedrock_openai_http import *  # every public name, each loaded from its module
from bedrock_openai_http.schemas import NAMES, load_schema
from bedrock_openai_http.testing import LocalEndpoint, scenarios

names = [name for name in scenarios() if LocalEndpoint(scenario=name)]
print(json.dumps([bedrock_openai_http.__file__, {name: load_schema(name) for name in NAMES}, names]))
"""


@pytest.fixture
def where(run: Run, source: Path, dependencies: Path) -> Where:
    """Give a function that loads all data in a fresh Python and returns where the package came from."""

    def probe(python: str | Path, *path: Path) -> Path:
        file, schemas, scenarios = json.loads(run(python, "-c", PROBE, path=(*path, dependencies)))
        written = {file.stem: json.loads(file.read_bytes()) for file in (source / "schemas").glob("*.json")}
        assert schemas == written
        assert sorted(schemas) == ["chunk", "completion", "error", "request"]
        folders = source / "bedrock_openai_http" / "testing" / "cases"
        assert scenarios == sorted(path.parent.name for path in folders.glob("*/case.json"))
        return Path(file)

    return probe


def new_environment(run: Run, folder: Path, wheel: Path) -> Path:
    """Make a virtual environment with nothing but `wheel` in it and return its Python."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, *INSTALL, wheel)
    return python


def bundle(run: Run, folder: Path, wheel: Path) -> Path:
    """Install `wheel` into a folder that belongs to no Python, and return the folder."""
    run(sys.executable, "-m", "pip", *INSTALL, "--target", folder, wheel)
    return folder


def test_an_editable_install_reads_the_tree_itself(
    run: Run, where: Where, source: Path, editable_wheel: Path, tmp_path: Path
) -> None:
    """After `pip install -e .` the modules and the schemas are those of the working tree."""
    python = new_environment(run, tmp_path, editable_wheel)
    assert where(python) == source / "bedrock_openai_http" / "__init__.py"


def test_an_installed_wheel_has_its_schemas_and_its_command(
    run: Run, where: Where, wheel: Path, dependencies: Path, tmp_path: Path
) -> None:
    """A wheel alone is the whole package; its command and `python -m` are the same program."""
    python = new_environment(run, tmp_path, wheel)
    assert where(python).is_relative_to(tmp_path)
    command = run(tmp_path / "bin" / "bedrock-openai-http", "--help", path=(dependencies,))
    assert command == run(python, "-m", "bedrock_openai_http", "--help", path=(dependencies,))
    assert "bedrock-openai-http" in command


def test_a_wheel_built_from_the_sdist_works_as_well(
    run: Run, where: Where, wheel_from_sdist: Path, tmp_path: Path
) -> None:
    """Who builds from the source distribution gets the schemas too."""
    assert where(sys.executable, bundle(run, tmp_path, wheel_from_sdist)).is_relative_to(tmp_path)


def test_a_target_folder_on_the_path_works(run: Run, where: Where, wheel: Path, tmp_path: Path) -> None:
    """What `pip install --target` makes, as for a Lambda function, needs no more than to be on sys.path."""
    assert where(sys.executable, bundle(run, tmp_path, wheel)).is_relative_to(tmp_path)


def test_a_zip_on_the_path_works(run: Run, where: Where, wheel: Path, tmp_path: Path) -> None:
    """The package runs from inside a zip file, unpacked nowhere."""
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", bundle(run, tmp_path / "target", wheel))
    assert where(sys.executable, Path(archive)).is_relative_to(archive)
