"""What goes into the bundle of a Lambda function, and how it is written. `make lambda` builds and runs real ones."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from pages import PAGES, ROOT, blocks

sys.path.insert(0, str(ROOT / "tools"))

import lambda_zip


@pytest.mark.parametrize(
    ("name", "own", "runtime"),
    [
        ("bedrock_openai_http/schemas/request.json", True, True),
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
    example = (ROOT / "examples" / "lambda_handler.py").read_text(encoding="utf-8")
    assert example in [block.text for block in blocks(PAGES["docs/lambda.md"], "python")]


def test_bytecode_is_good_for_as_long_as_its_source(tmp_path: Path) -> None:
    """Bytecode is marked to be checked against its source, and names the place where Lambda unpacks."""
    (tmp_path / "module.py").write_text("x = 1\n")
    lambda_zip.compile_bytecode(tmp_path, sys.executable)
    (compiled,) = (tmp_path / "__pycache__").iterdir()
    assert compiled.read_bytes()[4:8] == b"\x03\0\0\0"
    assert b"/var/task/module.py" in compiled.read_bytes()
