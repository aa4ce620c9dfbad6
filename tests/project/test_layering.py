"""The rooms hold: imports go down only, in circles never, and each library is imported in one room.

The rooms are the folders of the package, in the order in which `docs/architecture.md` lists them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bedrock_openai_http

PACKAGE = Path(bedrock_openai_http.__file__).parent

#: The rooms from the ground up: each may use those before it.
ROOMS = ("values", "validation", "aws", "call", "transport", "structured", "tools", "clients", "testing", "cli")
#: A module beside the rooms that has a law like theirs, and the highest room that it may use.
BESIDE = {"conversation": "validation"}
#: The room where each library may be imported, besides the standard library.
LIBRARIES = {
    "requests": "transport",
    "urllib3": "transport",
    "socks": "transport",
    "aiohttp": "transport",
    "yarl": "transport",
    "python_socks": "transport",
    "botocore": "aws",
    "jsonschema": "validation",
    "referencing": "validation",
}
#: What a room's law forbids it of the standard library.
FORBIDDEN = {
    "values": {"asyncio", "random", "select", "socket", "ssl", "time"},
    "validation": {"asyncio", "random", "select", "socket", "ssl", "time"},
    "conversation": {"asyncio", "random", "select", "socket", "ssl", "time"},
    "call": {"asyncio", "random", "secrets", "select", "socket", "ssl", "time"},
}


def modules() -> list[Path]:
    """Return every module that people read, by its path within the package."""
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "schemas" not in path.parts)


def imports_of(module: Path, source: str) -> Iterator[tuple[str, ...]]:
    """Yield what `module` imports as dotted parts, those of this package after a first part "".

    What is imported late counts, what is imported for type checking only does not.
    """
    tree = ast.parse(source)
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield tuple((node.module or "").split("."))
        elif isinstance(node, ast.ImportFrom):
            folder = module.parts[: len(module.parts) - node.level]
            base = (*folder, *(node.module.split(".") if node.module else ()))
            # Of `from . import x`, x may be a module; of `from .x import y` it is x.
            for alias in node.names:
                is_module = (PACKAGE / Path(*base, alias.name)).with_suffix(".py").exists()
                yield ("", *base, *([alias.name] if is_module else []))


def room_of(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py") if parts else "__init__"


def flaws(module: Path, source: str) -> Iterator[str]:
    """Yield what is wrong with the imports of one module, in words."""
    room = room_of(module.parts)
    highest = BESIDE.get(room, room)
    if highest not in ROOMS:
        return
    for target in imports_of(module, source):
        if target[0]:
            if LIBRARIES.get(target[0], room) != room:
                yield f"{module} imports {target[0]}, which is for {LIBRARIES[target[0]]}"
            if target[0] in FORBIDDEN.get(room, ()):
                yield f"{module} imports {target[0]}, which the law of {room} forbids"
            continue
        other = room_of(target[1:])
        if other in ROOMS and ROOMS.index(other) > ROOMS.index(highest):
            yield f"{module} imports {'.'.join(target[1:])}, which is above it"


def test_imports_go_down() -> None:
    """A module imports only what is in its own room or in one below, and what its room's law allows."""
    assert [flaw for module in modules() for flaw in flaws(module, (PACKAGE / module).read_text("utf-8"))] == []


def test_imports_never_go_in_circles() -> None:
    """Within a room too there is an order in which the modules can be read."""
    graph: dict[str, set[str]] = {}
    for module in modules():
        name = ".".join(module.with_suffix("").parts).removesuffix(".__init__")
        targets = imports_of(module, (PACKAGE / module).read_text("utf-8"))
        graph[name] = {".".join(target[1:]) for target in targets if not target[0]} - {name, "__init__", ""}
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize(
    ("module", "line", "flaw"),
    [
        (
            "call/retry.py",
            "from ..transport.connections import x",
            "imports transport.connections, which is above it",
        ),
        ("call/retry.py", "def f():\n    from ..clients import client", "imports clients.client, which is above it"),
        ("call/advice/service.py", "from ...cli import terminal", "imports cli.terminal, which is above it"),
        ("call/retry.py", "import requests.adapters", "imports requests, which is for transport"),
        ("conversation.py", "from .aws.signing import sign", "imports aws.signing, which is above it"),
        ("conversation.py", "import requests", "imports requests, which is for transport"),
        ("conversation.py", "from .validation.validate import x", None),
        ("call/retry.py", "import time", "imports time, which the law of call forbids"),
        ("call/retry.py", "from ..aws.signing import sign\nfrom .building import y\nimport json", None),
        ("call/retry.py", "if TYPE_CHECKING:\n    from ..clients.client import Client", None),
    ],
)
def test_an_import_that_goes_up_is_seen(module: str, line: str, flaw: str | None) -> None:
    """The check above fails when an upward or a forbidden import is added, at the top or within a function."""
    assert [found.removeprefix(f"{module} ") for found in flaws(Path(module), line)] == ([flaw] if flaw else [])


def test_the_stand_in_shares_nothing_with_what_it_stands_in_for() -> None:
    """`testing` uses values, checks and what credentials look like, so that no mistake of a call hides in both."""
    allowed = {("values",), ("validation",), ("aws", "credentials"), ("testing",)}
    for module in modules():
        if room_of(module.parts) == "testing":
            targets = imports_of(module, (PACKAGE / module).read_text("utf-8"))
            used = {target[1:] for target in targets if not target[0]}
            assert {target for target in used if not {target[:1], target[:2]} & allowed} == set(), module


#: Every folder of modules, those within a room too.
FOLDERS = sorted({module.parent.as_posix() for module in modules() if module.parent != Path()})


def test_every_folder_is_a_room() -> None:
    """No folder stands beside the rooms, and none of the rooms is missing."""
    assert {folder for folder in FOLDERS if "/" not in folder} == set(ROOMS)


@pytest.mark.parametrize("room", FOLDERS)
def test_a_room_opens_with_its_law(room: str) -> None:
    """Each room, and each room within one, says in its first sentence what it is for."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    assert (ast.get_docstring(tree) or "").split("\n")[0].endswith((".", "`."))


def test_files_stay_readable() -> None:
    """No module that people write is longer than about 300 lines."""
    texts = {module: (PACKAGE / module).read_text("utf-8") for module in modules()}
    long = [module for module, text in texts.items() if len(text.splitlines()) > 320]
    assert [module for module in long if "do not edit" not in texts[module][:300]] == []
