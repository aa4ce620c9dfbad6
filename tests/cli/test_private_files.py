"""Files that only their owner may read: how they come to be, and what they are never written over."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bedrock_openai_http import Conversation
from bedrock_openai_http.cli.private_files import (
    HISTORY_LENGTH,
    FileError,
    History,
    read_conversation,
    save_conversation,
    state_folder,
)

FLAWED = ("", "{", "[]", '"c4n4ry"', '{"model": "m"}', '{"model": "m", "messages": [{"role": "c4n4ry"}]}')


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    """Whatever the umask allows, the files are private."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("text", FLAWED)
def test_what_is_no_conversation_stays_as_it_is(tmp_path: Path, text: str) -> None:
    """It is neither read nor written over, and its content is not repeated."""
    file = tmp_path / "file.json"
    file.write_text(text)
    for attempt in (lambda: read_conversation(str(file)), lambda: save_conversation(Conversation("m"), str(file))):
        with pytest.raises(FileError, match="is no") as caught:
            attempt()
        assert "c4n4ry" not in str(caught.value)
    assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_written_whole_and_private(tmp_path: Path) -> None:
    """A new one, and one that was open to others; through a link it is the linked file, and nothing else is left."""
    file, link = tmp_path / "c.json", tmp_path / "link"
    link.symlink_to(file)
    for model in ("one", "two"):
        save_conversation(Conversation(model), str(link))
        assert mode(file) == 0o600
        assert read_conversation(str(file)).model == model
        file.chmod(0o644)
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """No such folder, a folder in its place, a device: each is one line."""
    for name in (str(tmp_path / "no" / "c.json"), str(tmp_path), "/dev/null"):
        with pytest.raises(FileError, match=r"cannot be|there already"):
            save_conversation(Conversation("m"), name)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_path_is_told(tmp_path: Path) -> None:
    """The home of nobody, a name that no file can have: one line, to read and to write."""
    for name, why in (("~nobody-1/c.json", "there is no home"), ("a\0b", "ValueError"), ("\ud800", "UnicodeEncode")):
        with pytest.raises(FileError, match=f"cannot be written: {why}"):
            save_conversation(Conversation("m"), name)
        with pytest.raises(FileError, match=r"cannot be read: there is no home|is no saved conversation"):
            read_conversation(name)


def test_half_a_surrogate_pair_can_be_kept(tmp_path: Path) -> None:
    """An argument that is not UTF-8 has some, and JSON may: what is written is read again."""
    file = str(tmp_path / "c.json")
    save_conversation(Conversation("m", system="caf\udce9 \ud800"), file)
    assert read_conversation(file).system == "caf\udce9 \ud800"


def test_a_read_only_file_stays_as_it_is(tmp_path: Path) -> None:
    """Where the folder would let it be replaced too, and for root."""
    file = tmp_path / "c.json"
    save_conversation(Conversation("one"), str(file))
    file.chmod(0o400)
    with pytest.raises(FileError, match="cannot be written: it is read-only"):
        save_conversation(Conversation("two"), str(file))
    assert (read_conversation(str(file)).model, mode(file)) == ("one", 0o400)


def test_the_history_is_private_and_has_an_end(tmp_path: Path) -> None:
    """One line for each question, whatever is in it; the oldest go, lines of others are passed over."""
    file = tmp_path / "state" / "chat_history"
    history = History(file)
    assert history.load() == []
    questions = ["one\ntwo", "日本 \x1b", "last"]
    for question in questions:
        history.add(question)
    assert history.load() == questions
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    file.write_bytes(b"\xff\nnone\n7\n" + b'"old"\n' * HISTORY_LENGTH + file.read_bytes())
    file.chmod(0o644)
    assert history.load() == ["old"] * (HISTORY_LENGTH - 3) + questions
    assert (mode(file), file.read_bytes().count(b"\n")) == (0o600, HISTORY_LENGTH)
    file.chmod(0o644)
    history.add("one more")
    assert mode(file) == 0o600
    assert json.loads(file.read_bytes().splitlines()[-1]) == "one more"


def test_the_state_is_where_the_platform_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_STATE_HOME if it is a whole path, else the platform's folder below home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    below = {"linux": ".local/state", "darwin": "Library/Application Support", "win32": "AppData/Local"}
    for platform, folder in below.items():
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setenv("XDG_STATE_HOME", "relative")
        assert state_folder() == tmp_path / folder / "bedrock-openai-http"
        monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
        assert state_folder() == Path("/xdg/bedrock-openai-http")
