"""A conversation on a terminal: what each command does, and what it leaves alone."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from bedrock_openai_http import Conversation
from person import Page, Person, served


def test_retry_asks_without_the_old_answer(person: Person) -> None:
    """The last question goes out again after what was before it."""
    conversation = person.types("one", "two", "!retry")
    assert person.asked[2] == person.asked[1] == ["one", "to one", "two"]
    assert len(conversation.messages) == 4


def test_a_retry_that_fails_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Question and answer stay until there is another answer, also where Ctrl-C comes before there is one."""
    with served([None, "throttled-429", None]) as person:
        conversation = person.types("one", "!retry", "two")
        assert [message["content"] for message in conversation.messages] == ["one", "to one", "two", "to two"]
        assert "the old answer stays: !retry asks again" in capsys.readouterr().err
    with served(answer=None) as person:
        after = person.types("!retry", conversation=conversation, thoughts=Page(interrupt_at="Nobody"))
    assert after.messages == conversation.messages


def test_retry_needs_a_question(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent before anything was asked, whatever a saved file says."""
    saved = {"model": "m", "messages": [], "asked": []}
    for begun in (Conversation("m"), Conversation.from_dict(saved)):
        person.types("!retry", conversation=begun)
        assert "nothing was asked yet" in capsys.readouterr().err
    assert person.asked == []


def test_the_commands_change_what_is_asked(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """!system, !model and !multi hold from the next question on; each says what is so now."""
    person.types("!system Be brief.", "!model m-2", "!multi", "a", "!b", "!end", '!system ""', "!model", "two")
    assert person.asked == [["Be brief.", "a\n!b"], ["a\n!b", "to a\n!b", "two"]]
    assert person.last_body["model"] == "m-2"
    err = capsys.readouterr().err.splitlines()
    assert err[1:3] == ["system message: Be brief.", "model: m-2"]
    assert err[4:6] == ["no system message", "model: m-2"]
    assert "a\n!b" in person.lines.kept


def test_what_is_no_command_is_told_and_not_sent(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """A blank before it sends it; a block without an end or a text, or a word too many, does nothing either."""
    person.types(
        "!quit now",
        "!usage all",
        "!retry x",
        "!help me",
        "!foo bar",
        "!end",
        "!multi",
        "!end",
        "!multi",
        " ",
        "!end",
        " !foo",
        "!multi",
        "lost",
    )
    assert person.asked == [["!foo"]]
    err = capsys.readouterr().err
    assert err.count("takes nothing after it") == 4
    assert err.count("no command !") == 2
    assert err.count("nothing was written") == 2
    assert "nothing is sent" in err.splitlines()[-1]


def test_quit_ends_and_the_tokens_are_told(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """!usage counts the answers that were dropped too; nothing after !quit is read."""
    person.types("one", "!retry", "!usage", "!help", "!quit", "two")
    assert person.asked == [["one"], ["one"]]
    err = capsys.readouterr().err.splitlines()
    each = int(err[1].split(" = ")[1].split()[0])
    assert f"= {2 * each} tokens; 1 question" in err[3]
    assert all(any(line.startswith(name) for line in err) for name in ("!multi ", "!edit ", "!save ", "!quit "))


def test_save_and_go_on(person: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is private and holds the whole conversation; !save alone writes it again; others are left alone."""
    file, other = tmp_path / "c.json", tmp_path / "notes.json"
    other.write_text('{"mine": 1}')
    conversation = person.types("one", f"!save {file}", f"!save {other}", "two", "!save", "!save /")
    assert file.stat().st_mode & 0o777 == 0o600
    assert other.read_text() == '{"mine": 1}'
    saved = Conversation.from_dict(json.loads(file.read_text()))
    assert saved.messages == conversation.messages
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "notes.json"]
    person.types(f"!save {tmp_path}/my chat.json")
    err = capsys.readouterr().err
    assert f"go on from it: bedrock-openai-http chat --history '{tmp_path}/my chat.json'" in err
    assert f"{other} is there already and is no saved conversation: $['mine']" in err
    assert "/: cannot be" in err or "/ is there already" in err


def test_edit_asks_what_the_editor_has_written(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is private and gone afterwards; VISUAL comes first; Ctrl-C and SIGHUP are the editor's own."""
    editor, seen = tmp_path / "editor with blank.sh", tmp_path / "seen"
    closed: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda *_: closed.append(1))
    steps = (
        "#!/bin/sh",
        "kill -INT $PPID; kill -HUP $PPID",
        f'ls -l "$2" | cut -c1-10 > "{seen}"',
        f'echo "$2" >> "{seen}"',
    )
    editor.write_text("\n".join([*steps, 'echo "$1 zwei" >> "$2"', ""]))
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"'{editor}' -x")
    monkeypatch.setenv("EDITOR", "false")
    person.types("!edit one")
    signal.signal(signal.SIGHUP, before)
    assert closed == []
    assert person.asked == [["one\n-x zwei"]]
    mode, name = seen.read_text().splitlines()
    assert mode == "-rw-------"
    assert not Path(name).exists()
    for visual in ("", " ", "/no/such/editor", "'"):
        monkeypatch.setenv("VISUAL", visual)
        person.types("!edit")
    assert len(person.asked) == 1
    err = capsys.readouterr().err
    assert err.count("the editor ended with code 1") == 2
    assert "the editor /no/such/editor cannot be used: No such file" in err
