"""What goes into the bundle of a Lambda function, and how it is written. `make lambda` builds and runs real ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pages import PAGES, ROOT, blocks
from support import COMPLETION, RawServer, http

sys.path.insert(0, str(ROOT / "tools"))

import lambda_zip

EXAMPLE = ROOT / "examples" / "lambda_handler.py"

#: What this package may take in a bundle, in bytes, with its bytecode, by any Python; and the modules of it that the
#: documented handler may load, from the import to the answer. Both grow with what every call needs, and nothing else:
#: the last to grow them are `clients.typed_calls`, the doors to what `WITH=answers` keeps, and its errors and events.
MOST_BYTES = 750_000
MOST_MODULES = 68

#: One invocation in a process of its own, whose packages are those of the bundle; prints the answer, what was loaded
#: of this package, and which parts can be found.
INVOCATION = """
import importlib.util, json, os, sys

os.environ |= {
    "AWS_REGION": "us-west-2", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": sys.argv[1],
}
import handler

class Context:
    def get_remaining_time_in_millis(self):
        return 30_000

answer = handler.handler({"question": "Why?"}, Context())["answer"]
loaded = [name for name in sys.modules if name.partition(".")[0] == "bedrock_openai_http"]
parts = ("cli", "testing", "__main__", "clients", "clients.async_client", "transport.aio", "structured", "tools")
print(json.dumps([answer, loaded, [n for n in parts if importlib.util.find_spec(f"bedrock_openai_http.{n}")]]))
"""


TYPED = """
import sys
from bedrock_openai_http import Client, Conversation

client = Client("us-west-2", base_url=sys.argv[1], api_key="bedrock-api-key-x")
conversation = Conversation("openai.gpt-oss-20b-1:0")
print(client.parse(conversation.request("Which?"), list[int]).value)

def which(one: int) -> int:
    return one

conversation.add(client.run_tools(conversation.request("Which?"), [which]))
print(len(conversation.messages))
"""


@pytest.mark.parametrize(
    ("name", "own", "runtime"),
    [
        ("bedrock_openai_http/schemas/request.json", True, True),
        ("bedrock_openai_http/__init__.py", True, True),
        ("bedrock_openai_http/py.typed", True, True),
        ("bedrock_openai_http/clients/client.py", True, True),
        ("bedrock_openai_http/__main__.py", False, False),
        ("bedrock_openai_http/cli/chat.py", False, False),
        ("bedrock_openai_http/testing/cases/answers.json", False, False),
        ("bedrock_openai_http/telemetry.py", False, False),
        ("bedrock_openai_http/clients/base.py", True, True),
        ("bedrock_openai_http/clients/async_client.py", False, False),
        ("bedrock_openai_http/transport/drive.py", True, True),
        ("bedrock_openai_http/transport/aio/drive.py", False, False),
        ("bedrock_openai_http-0.1.0.dist-info/METADATA", True, True),
        ("bedrock_openai_http-0.1.0.dist-info/entry_points.txt", False, False),
        ("requests/sessions.py", True, True),
        ("certifi/cacert.pem", True, True),
        ("rpds/rpds.cpython-313-x86_64-linux-gnu.so", True, True),
        ("requests-2.34.2.dist-info/METADATA", True, True),
        ("requests-2.34.2.dist-info/licenses/NOTICE", True, True),
        ("requests-2.34.2.dist-info/RECORD", False, False),
        ("jsonschema/tests/test_cli.py", False, False),
        ("attr/__init__.pyi", False, False),
        ("requests/__pycache__/api.cpython-311.pyc", False, False),
        ("bin/jsonschema", False, False),
        ("botocore/auth.py", True, False),
        ("botocore/cacert.pem", True, False),
        ("botocore/data/endpoints.json", True, False),
        ("botocore/data/partitions.json", True, False),
        ("botocore/data/sts/2011-06-15/service-2.json.gz", True, False),
        ("botocore/data/sso-oidc/2019-06-10/service-2.json.gz", True, False),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", False, False),
        ("botocore/data/sso-admin/2020-07-20/service-2.json.gz", False, False),
        ("botocore-1.44.5.dist-info/METADATA", True, False),
        ("dateutil/tz/tz.py", True, False),
        ("python_dateutil-2.9.0.dist-info/METADATA", True, False),
        ("six.py", True, False),
        ("urllib3/connection.py", True, False),
        ("jmespath/parser.py", True, False),
    ],
)
def test_what_belongs_into_a_bundle(name: str, own: bool, runtime: bool) -> None:
    """All that runs, and of botocore only what finds credentials; beside the runtime's, nothing that boto3 brings."""
    assert (lambda_zip.belongs(name, "own"), lambda_zip.belongs(name, "runtime")) == (own, runtime)


def test_parts_that_no_call_needs_are_kept_if_asked_for() -> None:
    """What `WITH=` names goes into the bundle, the command line with what `python -m` starts; all else stays out."""
    names = ("cli/chat.py", "__main__.py", "testing/verifier.py", "transport/aio/aside.py", "clients/async_stream.py")
    names += ("structured/walk.py", "clients/typed_answers.py", "values/kinds/strict.py")
    cases = (("", ()), ("testing", names[2:3]), ("cli", names[:2]), ("cli,testing", names[:3]), ("async", names[3:5]))
    cases += (("answers", names[5:]),)
    for kept, expected in cases:
        asked = lambda_zip.parts(kept)
        found = [name for name in names if lambda_zip.belongs(f"bedrock_openai_http/{name}", "own", asked)]
        assert found == list(expected)
        assert lambda_zip.left_out(asked) == [
            part for part in ("async", "answers", "cli", "testing") if part not in kept
        ]


def test_a_part_that_needs_libraries_brings_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the part `async` the bundle gets what the extra of that name asks for, and without it nothing of that."""
    asked: list[list[str]] = []
    monkeypatch.setattr(lambda_zip.subprocess, "run", lambda command, **_: asked.append(command) or Done())
    for kept in ((), ("cli",), ("cli", "async")):
        lambda_zip.install(tmp_path, "3.13", "x86_64", kept)
    assert [str(command[-1]).rpartition("source")[2] for command in asked] == ["", "", "[async]"]
    assert set(lambda_zip.EXTRAS) <= set(lambda_zip.PARTS)


class Done:
    returncode = 0


def test_a_part_that_is_not_there_cannot_be_kept() -> None:
    """A wrong word in `WITH=` ends the build, and is told which there are."""
    command = [sys.executable, lambda_zip.__file__, "--with", "testing clients"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no part clients; there is async, answers, cli, testing" in done.stderr


@pytest.fixture(scope="module")
def task(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the unpacked bundle of the documented handler and of this package, without what it needs."""
    folder = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    lambda_zip.select(folder / "installed", folder / "task", "own")
    shutil.copy(EXAMPLE, folder / "task" / "handler.py")
    lambda_zip.compile_bytecode(folder / "task", sys.executable)
    return folder / "task"


def test_what_a_bundle_must_carry(task: Path, tmp_path: Path) -> None:
    """The share of this package in a bundle is bounded: who adds to what every function carries says so here."""
    lambda_zip.write_zip(task, tmp_path / "bundle.zip")
    assert lambda_zip.carried(tmp_path / "bundle.zip") <= MOST_BYTES


def test_a_call_from_a_bundle_needs_no_part_that_is_left_out(
    task: Path, run: Callable[..., str], dependencies: Path
) -> None:
    """The handler answers where no part can be imported that no call needs; what it loads is bounded."""
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        # Without `site`, which would find the parts in the working tree, where this environment has the package.
        said = run(sys.executable, "-S", "-c", INVOCATION, server.url, path=(task, dependencies))
    answer, loaded, found = json.loads(said)
    assert answer == "hi"
    assert found == ["clients"]
    assert len(loaded) <= MOST_MODULES, sorted(loaded)


def test_a_value_needs_no_part_but_answers(
    wheel: Path, run: Callable[..., str], dependencies: Path, tmp_path: Path
) -> None:
    """With the part `answers` alone a function parses an answer, runs a tool, and goes on with a conversation."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    lambda_zip.select(tmp_path / "installed", tmp_path / "task", "own", lambda_zip.parts("answers"))
    answer = COMPLETION.replace(b'"hi"', b'"{\\"value\\": [1, 2]}"')
    with RawServer(lambda number: [http(answer)]) as server:
        said = run(sys.executable, "-S", "-c", TYPED, server.url, path=(tmp_path / "task", dependencies))
    assert said.split() == ["[1,", "2]", "2"]


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """Neither times nor permissions nor the order of writing show; everybody can read what is in the zip."""
    for folder, names in (("a", ("x.py", "y/z.so")), ("b", ("y/z.so", "x.py"))):
        for name in names:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(0o600 if folder == "a" else 0o644)
            os.utime(path, (1e9, 1e9) if folder == "a" else (1.5e9, 1.5e9))
        lambda_zip.write_zip(tmp_path / folder, tmp_path / f"{folder}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert modes == {"x.py": 0o644, "y/z.so": 0o755}


def test_the_handler_of_the_page_is_the_one_that_is_bundled() -> None:
    """What docs/lambda.md shows, and has run, is the example file, to the letter."""
    assert EXAMPLE.read_text(encoding="utf-8") in [block.text for block in blocks(PAGES["docs/lambda.md"], "python")]


def test_bytecode_is_good_for_as_long_as_its_source(tmp_path: Path) -> None:
    """Bytecode is marked to be checked against its source, and names the place where Lambda unpacks."""
    (tmp_path / "module.py").write_text("x = 1\n")
    lambda_zip.compile_bytecode(tmp_path, sys.executable)
    (compiled,) = (tmp_path / "__pycache__").iterdir()
    assert compiled.read_bytes()[4:8] == b"\x03\0\0\0"
    assert b"/var/task/module.py" in compiled.read_bytes()
