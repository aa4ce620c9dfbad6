"""The bundles: the same bytes from the same wheels, right for the processor, and nothing that never runs."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from conftest import HERE, Build

#: What an ELF file says of its processor (e_machine).
MACHINES = {"x86_64": 62, "aarch64": 183}


def names(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as archive:
        return archive.namelist()


def test_the_same_wheels_give_the_same_bytes(build: Build, own_bundle: Path) -> None:
    """Two builds do not differ, so a deployment that has not changed can be seen to be one."""
    with zipfile.ZipFile(build("own")) as again, zipfile.ZipFile(own_bundle) as before:
        assert [name for name in again.namelist() if again.read(name) != before.read(name)] == []
        assert Path(again.filename).read_bytes() == own_bundle.read_bytes()


@pytest.mark.parametrize(("python", "processor"), [("3.10", "x86_64"), ("3.13", "aarch64")])
def test_compiled_modules_are_for_the_function(build: Build, python: str, processor: str) -> None:
    """Compiled modules are for the function's Python and processor, whatever those of this machine are."""
    with zipfile.ZipFile(build("runtime", python, processor)) as archive:
        compiled = {name: archive.read(name)[18:20] for name in archive.namelist() if name.endswith(".so")}
    assert any(name.startswith("rpds/") for name in compiled)
    for name, machine in compiled.items():
        assert f".cpython-{python.replace('.', '')}-{processor}-" in name
        assert struct.unpack("<H", machine) == (MACHINES[processor],)


def test_bytecode_lies_beside_every_module(own_bundle: Path) -> None:
    """Every module has bytecode of this Python, good for as long as the module's text is the same."""
    tag = f"cpython-{HERE.replace('.', '')}"
    with zipfile.ZipFile(own_bundle) as archive:
        modules = {name for name in archive.namelist() if name.endswith(".py")}
        bytecode = {name: archive.read(name)[4:8] for name in archive.namelist() if name.endswith(".pyc")}
    assert {name.replace("__pycache__/", "").replace(f".{tag}.pyc", ".py") for name in bytecode} == modules
    assert set(bytecode.values()) == {struct.pack("<I", 0b11)}


def test_everybody_can_read_what_is_in_it(own_bundle: Path) -> None:
    """Lambda runs a function as another user than the one who built it."""
    with zipfile.ZipFile(own_bundle) as archive:
        assert all(entry.external_attr >> 16 & 0o444 == 0o444 for entry in archive.infolist())


def test_of_the_services_only_those_that_give_credentials(own_bundle: Path) -> None:
    """The models of other services, most of botocore's weight, are left out."""
    data = {name.split("/")[2] for name in names(own_bundle) if name.startswith("botocore/data/")}
    assert {"sts", "sso", "sso-oidc", "endpoints.json", "partitions.json"} <= data
    assert not {"s3", "ec2", "bedrock-runtime"} & data
