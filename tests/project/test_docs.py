"""The documentation is true: its examples run, its links lead somewhere, its commands exist.

This module takes what stands in a fenced block or in a code span at its word; the reference has tests of its own.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bedrock_openai_http
from bedrock_openai_http.cli import main
from bedrock_openai_http.testing import LocalEndpoint
from pages import PAGES, ROOT, blocks, prose, spans

#: Every Python block that is marked `<!-- not run: reason -->`, as (page, reason). The fewer the better.
NOT_RUN: set[tuple[str, str]] = set()


def with_python(*, tests: bool) -> list[str]:
    """Return the pages with Python examples: those that are test files, or the others. Signatures are no examples."""
    return [
        name
        for name, page in PAGES.items()
        if name != "docs/reference.md"
        and (code := blocks(page, "python"))
        and any("def test_" in block.text for block in code) is tests
    ]


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a LocalEndpoint stand in for Bedrock: clients without a base URL reach it, with keys of the environment."""
    with LocalEndpoint() as endpoint, contextlib.ExitStack() as clients:

        class Client(bedrock_openai_http.Client):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **{"base_url": endpoint.url, **options})
                clients.callback(self.close)

        class AsyncClient(bedrock_openai_http.AsyncClient):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **{"base_url": endpoint.url, **options})

        monkeypatch.setattr(bedrock_openai_http, "Client", Client)
        monkeypatch.setattr(bedrock_openai_http, "AsyncClient", AsyncClient)
        monkeypatch.setenv("AWS_REGION", endpoint.region)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", endpoint.credentials.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", endpoint.credentials.secret_key)
        monkeypatch.setenv("AWS_SESSION_TOKEN", endpoint.credentials.token or "")
        yield


def run(name: str, page: str) -> None:
    """Run the page's Python blocks in one namespace; fail if one raises or prints something else than it shows.

    What awaits outside of a function is run as a notebook runs it, on one event loop for the page.
    """
    module = ModuleType("page")  # in which the hints of classes are looked up
    namespace = vars(module)
    with contextlib.closing(asyncio.new_event_loop()) as loop, contextlib.ExitStack() as after:
        sys.modules["page"] = module  # and only this one is taken out again: a module must not be loaded twice
        after.callback(sys.modules.pop, "page")
        for block in blocks(page, "python"):
            if block.not_run is not None:
                continue
            text = "\n" * (block.line - 1) + block.text
            code = compile(text, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                if code.co_flags & inspect.CO_COROUTINE:
                    loop.run_until_complete(eval(code, namespace))
                else:
                    exec(code, namespace)
            if block.output is not None:
                same = doctest.OutputChecker().check_output(block.output, printed.getvalue(), doctest.ELLIPSIS)
                assert same, f"{name}, line {block.line}, prints:\n{printed.getvalue()}"
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())


@pytest.mark.usefixtures("bedrock")
@pytest.mark.parametrize("name", with_python(tests=False))
def test_the_examples_run_and_print_what_they_show(name: str) -> None:
    """A page's Python blocks run from top to bottom, and print what the text block after them says."""
    run(name, PAGES[name])


@pytest.mark.parametrize("name", with_python(tests=True))
def test_the_example_tests_pass(name: str, tmp_path: Path) -> None:
    """The blocks of a page that shows tests are, put together, a test file of which every test passes."""
    text = "\n\n".join(block.text for block in blocks(PAGES[name], "python") if block.not_run is None)
    (tmp_path / "test_page.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "--disable-plugin-autoload", "test_page.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert f"{text.count('def test_')} passed" in ran.stdout, ran.stdout + ran.stderr


def test_blocks_that_are_not_run_are_listed_here() -> None:
    """No example escapes the two tests above unseen."""
    marked = {
        (name, block.not_run) for name, page in PAGES.items() for block in blocks(page, "python") if block.not_run
    }
    assert marked == NOT_RUN
    assert sum(page.count("not run:") for page in PAGES.values()) == len(NOT_RUN)


AWAITING = "async def two():\n    return 2\n\n\n"


@pytest.mark.parametrize(
    ("page", "flaw"),
    [
        ("```python\n1 / 0\n```\n", ZeroDivisionError),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", AssertionError),
        ("```python\nx = 1\n```\n\nWords.\n\n```python\nassert x == 2\n```\n", AssertionError),
        ("```python\nprint('a b')\n```\n\n```text\na ...\n```\n", None),
        ("```python\nprint(1)\n```\n\nWords.\n\n```text\n2\n```\n", None),
        ("<!-- not run: it fails -->\n```python\n1 / 0\n```\n", None),
        (f"```python\n{AWAITING}assert await two() == 2\n```\n", None),
        (f"```python\n{AWAITING}assert await two() == 1\n```\n", AssertionError),
    ],
)
def test_a_wrong_example_is_seen(page: str, flaw: type[Exception] | None) -> None:
    """The check of the examples fails for one that raises, and for one that prints something else."""
    with pytest.raises(flaw) if flaw else contextlib.nullcontext():
        run("page.md", page)


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """Return the anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[str, str]]:
    """Yield each link within the documentation as (page, target)."""
    for name, page in PAGES.items():
        for target in LINK.findall(prose(page)):
            if not target.startswith("https://"):
                yield name, target


@pytest.mark.parametrize(("name", "target"), sorted(set(links())))
def test_a_link_leads_somewhere(name: str, target: str) -> None:
    """The file that a link names exists, and has the heading that its anchor names."""
    path, _, anchor = target.partition("#")
    found = (ROOT / name).parent / path if path else ROOT / name
    assert found.is_file()
    if anchor:
        assert anchor in anchors(found.read_text(encoding="utf-8"))


def test_every_page_can_be_reached() -> None:
    """From the README one gets to each page by links."""
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = [target.partition("#")[0] for name, target in links() if name == page]
        paths = {os.path.normpath(Path(page).parent / target) for target in targets if target}
        waiting += [path for path in paths if path in PAGES and path not in reached]
    assert reached == set(PAGES)


def commands() -> list[tuple[str, ...]]:
    """Return each command that a page shows after a dollar sign, cut at its pipes, as its words."""
    lines = [
        line[2:]
        for page in PAGES.values()
        for block in blocks(page, "console")
        for line in block.text.splitlines()
        if line.startswith("$ ")
    ]
    return [tuple(shlex.split(part)) for line in lines for part in re.split(r" \| ", line)]


#: Every command, as it is typed.
COMMANDS = ["chat", "doctor", "key inspect", "key mint", "serve", "validate"]


def options_of(command: str) -> set[str]:
    """Return the options that the help of a command of the command line names."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text.getvalue()))


def test_the_make_targets_that_are_named_exist() -> None:
    """Each `make` command of the pages is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for words in commands() if words[0] == "make"}
    named |= {name for page in PAGES.values() for name in re.findall(r"`make ([a-z0-9-]+)`", page)}
    assert {"demo", "test"} <= named <= targets


def test_the_command_lines_that_are_shown_exist() -> None:
    """Each command line of ours that a page shows names a command, and only options that its help knows."""
    shown = [words for words in commands() if words[0] == "bedrock-openai-http"]
    named = set()
    for words in shown:
        (command,) = (each for each in COMMANDS if words[1:][: len(each.split())] == tuple(each.split()))
        assert {word for word in words[2:] if word.startswith("--")} <= options_of(command), words
        named.add(command)
    assert named == set(COMMANDS)


def test_the_options_that_are_named_exist_and_all_are_described() -> None:
    """Each option in the prose of a page is one of the command line's, and its page describes every one."""
    real = {"--version"}.union(*map(options_of, COMMANDS))
    named = {
        option
        for page in PAGES.values()
        for span in spans(page)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span)
    }
    assert named <= real
    described = {option for span in spans(PAGES["docs/cli.md"]) for option in re.findall(r"--[a-z][a-z-]*", span)}
    assert described >= real
