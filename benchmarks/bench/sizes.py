"""What is carried about: what a Lambda bundle has of this package, and what is installed of it and of the others."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import lambda_zip

#: The distribution of each contender and the extras that it needs for Bedrock.
DISTRIBUTIONS = {
    "this client": ("bedrock-openai-http", ""),
    "boto3": ("boto3", ""),
    "OpenAI SDK": ("openai", "bedrock"),
}


def measure(wheel: Path) -> dict[str, Any]:
    """Return sizes in bytes, with the compiled modules."""
    sizes: dict[str, Any] = {"bundle": bundled(wheel)}
    for name, (package, extra) in DISTRIBUTIONS.items():
        needed = sorted(_needed(package, extra) - {package})
        sizes[name] = {
            "own": installed(package),
            "dependencies": sum(installed(it) for it in needed),
            "names": needed,
        }
    return sizes


def bundled(wheel: Path) -> int:
    """Return what `make lambda-zip` puts into a bundle of a package's wheel, in bytes as they are in the zip file."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
        folder, task = Path(scratch) / "installed", Path(scratch) / "task"
        archive.extractall(folder)
        lambda_zip.select(folder, task, "own")
        lambda_zip.compile_bytecode(task, sys.executable)
        lambda_zip.write_zip(task, task.with_suffix(".zip"))
        return lambda_zip.carried(task.with_suffix(".zip"))


def installed(package: str) -> int:
    """Return what the files of an installed package take, in bytes."""
    files = distribution(package).files or []
    return sum(Path(it.locate()).stat().st_size for it in files if Path(it.locate()).is_file())


def _needed(package: str, extra: str = "", found: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of a package and of all that it needs in this environment."""
    name = canonicalize_name(package)
    known = {*found, name}
    if name in found:
        return known
    for text in distribution(package).requires or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for wanted in requirement.extras or {""}:
                known |= _needed(requirement.name, wanted, frozenset(known))
    return known
