"""The layers hold: imports go one way, and each library is imported where the architecture says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bedrock_openai_http

PACKAGE = Path(bedrock_openai_http.__file__).parent

#: Each module's layer; a package counts as one module. `docs/architecture.md` explains them.
LAYERS = {
    # values
    **dict.fromkeys(
        ("_version", "frozen", "schemas", "wire", "jsontext", "reasoning", "values", "messages", "request"), 0
    ),
    **dict.fromkeys(
        ("completion", "guardrail_outcome", "chunk", "accumulator", "errors", "extras", "known_members", "history"), 0
    ),
    **dict.fromkeys(("model_facts", "arguments", "http_dates", "forks", "once"), 0),
    **dict.fromkeys(("reading", "usage", "answer_message", "delta", "pieces", "call_parts"), 0),
    # refusals, and what authenticates
    **dict.fromkeys(("error_answers", "advice", "credentials", "api_keys", "connection_settings", "redaction"), 1),
    **dict.fromkeys(("error_shapes", "waiting"), 1),
    # steps
    **dict.fromkeys(("validation", "building", "endpoint", "credential_source", "signing", "skew"), 2),
    **dict.fromkeys(("retry", "transport", "response", "streaming", "lambda_deadline", "configuration"), 2),
    **dict.fromkeys(("lint", "given_transport", "regions"), 2),
    # the walk
    **dict.fromkeys(("client", "chat", "calls", "destination", "checking", "minting"), 3),
    # built on it
    **dict.fromkeys(("testing", "cli"), 4),
    "__main__": 5,
}
#: Parts of a step: pure, and imported by that step only.
PARTS = {
    "sse": "streaming",
    "chunk_events": "streaming",
    "chain": "credential_source",
    "key_check": "calls",
    **dict.fromkeys(("lint_rules", "lint_conditions", "lint_messages", "model_names"), "lint"),
    "validation_rules": "validation",
    "request_check": "validation",
    "schema_errors": "validation",
    "known_mistakes": "validation",
    **dict.fromkeys(("foreign_forms", "foreign_names"), "validation"),
    "connections": "transport",
    "network_failures": "transport",
    **dict.fromkeys(("exchange", "open_answer", "socks_connections"), "transport"),
}
#: Modules that know each other within their layer: the client offers the door, which calls the client.
PAIRS = {
    *(("client", part) for part in ("chat", "calls", "checking", "destination")),
    *(("chat", "client"), ("cli", "testing")),
}
#: Where each library may be imported, besides the standard library.
LIBRARIES = {
    "requests": {"connection_settings", "network_failures", "transport"},
    "urllib3": {"connections", "network_failures", "socks_connections"},
    "socks": {"socks_connections"},
    "botocore": {"chain", "regions", "signing"},
    "jsonschema": {"schema_errors"},
    "referencing": {"schema_errors"},
}
#: What a program writes, and nobody edits.
GENERATED = {"request_check"}
#: What may import anything of layer 4; the command line plays both sides.
STAND_INS = {"testing": 2}


def imports_of(path: Path, *, typing: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each imported module as (name, whether it is of this package); not those for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(tree):
        if id(node) in skipped and not typing:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0], False
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            # `from . import x` within a sub-package stays in it; `from ..x import` leaves it.
            own = path.relative_to(PACKAGE).parts[0] if node.level < depth else None
            yield from ((own or str(name).partition(".")[0], True) for name in names)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if name not in ("__init__", "schemas"):
            yield name, path


def flaws(name: str, path: Path) -> Iterator[str]:
    """Yield what is wrong with the imports of one module, in words."""
    for target, own in imports_of(path):
        if not own:
            if target in LIBRARIES and name not in LIBRARIES[target]:
                yield f"{name} imports {target}, which is for {sorted(LIBRARIES[target])}"
            continue
        if target == name or (name, target) in PAIRS:
            continue
        if target in PARTS:
            if PARTS[target] not in (name, PARTS.get(name)):
                yield f"{name} imports {target}, a part of {PARTS[target]}"
            continue
        layer = STAND_INS.get(name, LAYERS[PARTS.get(name, name)] - 1)
        if LAYERS[target] > layer and not (LAYERS[target] == LAYERS.get(name) and LAYERS[target] < 2):
            yield f"{name} (layer {LAYERS[PARTS.get(name, name)]}) imports {target} (layer {LAYERS[target]})"


@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(*item, id=str(item[1].relative_to(PACKAGE))) for item in modules()]
)
def test_imports_go_one_way(name: str, path: Path) -> None:
    """A module imports only lower layers, or values of its own; a step never imports a step."""
    assert list(flaws(name, path)) == []


def test_every_module_has_a_layer() -> None:
    """A new module must be given its place."""
    assert {name for name, _ in modules()} - {"__main__"} == {*LAYERS, *PARTS} - {"schemas", "__main__"}


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        ("from .transport import RequestsTransport", "response (layer 2) imports transport (layer 2)"),
        ("from . import client", "response (layer 2) imports client (layer 3)"),
        ("def f():\n    from .signing import sign", "response (layer 2) imports signing (layer 2)"),
        ("from .sse import iter_events", "response imports sse, a part of streaming"),
        (
            "import requests.adapters",
            "response imports requests, which is for ['connection_settings', 'network_failures', 'transport']",
        ),
        ("from .wire import Headers\nimport json", None),
    ],
)
def test_a_sideways_import_is_seen(
    line: str, flaw: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above fails when a sideways or upward import is added, at the top or within a function."""
    path = tmp_path / "response.py"
    path.write_text(line)
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    assert list(flaws("response", path)) == ([flaw] if flaw else [])


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for name, path in modules() if name not in GENERATED]
)
def test_files_stay_readable(path: Path) -> None:
    """No module that people write is longer than about 300 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320
