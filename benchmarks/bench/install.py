"""Installs the package into this environment as its users do: from a wheel, with its modules compiled.

An editable install would start more slowly or more quickly than what people have, so it is not measured. This module
builds in a copy of the tree, and builds again only when a file that goes into the wheel has changed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHEELS = Path(sys.prefix) / "wheel"
_SOURCES = ("bedrock_openai_http/**/*", "schemas/*")
_FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
_LEFTOVERS = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


def install() -> Path:
    """Install the present tree, unless it is installed already, and return its wheel."""
    stamp = WHEELS / _digest()
    found = list(WHEELS.glob("*.whl"))
    if stamp.exists() and found:
        return found[0]
    shutil.rmtree(WHEELS, ignore_errors=True)
    WHEELS.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(shutil.copytree(ROOT, Path(folder) / "tree", ignore=_LEFTOVERS))
        _run("-c", f"from setuptools import build_meta; build_meta.build_wheel({str(WHEELS)!r})", cwd=tree)
    (wheel,) = WHEELS.glob("*.whl")
    _run("-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", "--compile", str(wheel), cwd=WHEELS)
    stamp.touch()
    return wheel


def _digest() -> str:
    total = hashlib.sha256()
    paths = {path for pattern in _SOURCES for path in ROOT.glob(pattern) if path.is_file()}
    for path in sorted(paths | {ROOT / name for name in _FILES}):
        if "__pycache__" not in path.parts:
            total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _run(*arguments: str, cwd: Path) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"the package cannot be installed:\n{done.stdout}{done.stderr}")
