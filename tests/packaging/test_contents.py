"""What is in the wheel and in the source distribution: everything that is needed, and nothing else."""

from __future__ import annotations

import re
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def read_metadata(wheel: Path) -> dict[str, list[str]]:
    """Return the wheel's METADATA as lists of values by name."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        fields = Parser().parsestr(archive.read(name).decode()).items()
    return {name: [value for other, value in fields if other == name] for name, _ in fields}


def shipped(source: Path) -> set[str]:
    """Return the names that the package's files in the tree have in the wheel."""
    modules = {path.relative_to(source).as_posix() for path in source.glob("bedrock_openai_http/**/*.py")}
    schemas = {f"bedrock_openai_http/schemas/{path.name}" for path in source.glob("schemas/*.*")}
    data = {"bedrock_openai_http/py.typed", "bedrock_openai_http/testing/cases/answers.json"}
    return modules | schemas | data


def test_the_wheel_holds_exactly_the_package(source: Path, wheel: Path) -> None:
    """Each module and schema, the recorded answers, py.typed and the licence are there; no test, nothing stray."""
    names = names_in(wheel)
    described = {name for name in names if PurePosixPath(name).parts[0].endswith(".dist-info")}
    assert names - described == shipped(source)
    assert {PurePosixPath(name).name for name in described} == {
        "LICENSE", "METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt",
    }  # fmt: skip


def test_the_wheel_is_one_for_every_platform(wheel: Path) -> None:
    """The package is pure Python: one wheel serves all."""
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_metadata_name_the_three_dependencies_and_the_oldest_python(wheel: Path) -> None:
    """Installing asks for requests, botocore and jsonschema only, and for aiohttp with the extra of AsyncClient."""
    metadata = read_metadata(wheel)
    needed: dict[str, set[str]] = {}
    for requirement in metadata["Requires-Dist"]:
        name, _, extra = requirement.replace('"', "'").partition("; extra == ")
        needed.setdefault(extra.strip("'"), set()).add(re.split(r"[><=!]", name)[0])
    assert needed == {"": {"botocore", "jsonschema", "requests"}, "async": {"aiohttp"}}
    assert metadata["Provides-Extra"] == ["async"]
    assert metadata["Requires-Python"] == [">=3.10"]


def test_the_sdist_can_be_built_and_tested(source: Path, unpacked_sdist: Path) -> None:
    """The sdist holds the package, the schemas, the tests with their data, and what runs them."""
    kept = (
        "bedrock_openai_http/**/*",
        "schemas/*",
        "tests/**/*",
        "docs/**/*",
        "examples/*",
        "tools/*",
        "Makefile",
        "*.md",
        "*.toml",
        "LICENSE",
    )
    needed = {path.relative_to(source) for pattern in kept for path in source.glob(pattern) if path.is_file()}
    missing = {path.as_posix() for path in needed if not (unpacked_sdist / path).is_file()}
    assert {path for path in missing if "__pycache__" not in path} == set()


def test_the_sdist_gives_the_same_wheel(wheel: Path, wheel_from_sdist: Path) -> None:
    """A wheel built from the source distribution has the same files as one built from the tree."""
    assert names_in(wheel_from_sdist) == names_in(wheel)
