"""The recorded answers lie one a folder in the source tree, and ship as one file: the two say the same."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from bedrock_openai_http.testing.cases import read_cases
from pages import ROOT

TOOL = runpy.run_path(str(ROOT / "tools" / "pack_cases.py"))


def test_what_ships_is_made_of_the_folders() -> None:
    """`answers.json` is what the folders give. If this fails, run `make generate`."""
    assert TOOL["TARGET"].read_text(encoding="utf-8") == TOOL["packed"]()


def test_a_folder_is_a_case(tmp_path: Path) -> None:
    """Each folder beside the packed file is one case, and each case that is read has its folder and its bytes."""
    folders = {path.name: path for path in TOOL["CASES"].iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(folders) == set(read_cases())
    for name, case in read_cases().items():
        assert {path.name for path in folders[name].iterdir()} == {"case.json", "response.http"}
        assert (folders[name] / "response.http").read_bytes() == case["answer"]


def test_an_answer_that_is_no_text_cannot_be_packed(tmp_path: Path) -> None:
    """The packer stops rather than change a byte of an answer."""
    case = tmp_path / "case"
    case.mkdir()
    (case / "case.json").write_text("{}")
    (case / "response.http").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        TOOL["packed"](tmp_path)
