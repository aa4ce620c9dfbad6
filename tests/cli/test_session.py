"""A conversation on a terminal: what each line does, and what survives an error and Ctrl-C."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletion, Client, Conversation
from bedrock_openai_http.cli.session import Session
from bedrock_openai_http.cli.terminal import Output
from bedrock_openai_http.testing import LocalEndpoint

CTRL_C = KeyboardInterrupt()
CTRL_D = EOFError()


class Typed:
    """Lines that a person types, or what comes in place of one. What is to be kept is in `kept`."""

    def __init__(self, *lines: str | BaseException) -> None:
        self._lines = [*lines, CTRL_D, CTRL_D]
        self.kept: list[str] = []
        #: Whether Ctrl-C came in a line with something in it.
        self.cleared = False

    def read_question(self) -> str:
        line = self._lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    def read_until(self, end: str) -> str | None:
        lines = []
        while (line := self._lines.pop(0)) != end:
            if isinstance(line, EOFError):
                return None
            lines.append(str(line))
        return "\n".join(lines)

    def keep(self, text: str) -> None:
        self.kept.append(text)


class Page(Output):
    """Where the answer goes; Ctrl-C comes when `interrupt_at` has been written."""

    def __init__(self, interrupt_at: str = "") -> None:
        self.text = io.StringIO()
        super().__init__(self.text)
        self._interrupt_at = interrupt_at

    def write(self, text: str) -> None:
        super().write(text)
        if self._interrupt_at and self._interrupt_at in self.text.getvalue():
            self._interrupt_at = ""
            raise KeyboardInterrupt


class Person:
    """Runs sessions with one service, and knows what was asked of it."""

    def __init__(self, endpoint: LocalEndpoint, client: Client) -> None:
        self._endpoint = endpoint
        self._client = client
        self.page = Page()

    def types(
        self, *lines: str | BaseException, page: Page | None = None, thoughts: Output | None = None, **options: Any
    ) -> Conversation:
        """Type the lines, then Ctrl-D; return the conversation at the end."""
        self.page, thoughts = page or Page(), thoughts or Output(None)
        begun = options.pop("conversation", None) or Conversation("m")
        self.lines = Typed(*lines)
        session = Session(self._client, begun, self.lines, self.page, thoughts, **options)  # type: ignore[arg-type]
        session.run()
        return session._commands.conversation

    @property
    def asked(self) -> list[list[Any]]:
        """The contents of the messages of each request."""
        bodies = [json.loads(request.body) for request in self._endpoint.requests]
        return [[message["content"] for message in body["messages"]] for body in bodies]

    @property
    def last_body(self) -> Any:
        return json.loads(self._endpoint.requests[-1].body)


def answer(body: Mapping[str, Any]) -> str:
    return f"to {body['messages'][-1]['content']}"


@pytest.fixture
def person() -> Iterator[Person]:
    with (
        LocalEndpoint(answer=answer) as endpoint,
        Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials, max_attempts=1) as client,
    ):
        yield Person(endpoint, client)


def test_each_question_goes_with_all_that_was_said(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers are shown, request ID and tokens follow on standard error, and empty lines ask nothing."""
    conversation = person.types("one", "", "  ", "zwei, grüß dich")
    assert person.asked == [["one"], ["one", "to one", "zwei, grüß dich"]]
    assert person.page.text.getvalue() == "to one\nto zwei, grüß dich\n\n"
    assert len(conversation.messages) == 4
    err = capsys.readouterr().err.splitlines()
    assert [line.startswith("request ID ") and " tokens · stop" in line for line in err] == [False, True, True]
    assert person.last_body["stream_options"] == {"include_usage": True}
    assert person.lines.kept == ["one", "zwei, grüß dich"]


def test_without_streaming_it_is_the_same(person: Person) -> None:
    """--no-stream holds in a conversation too."""
    person.types("one", stream=False)
    assert person.page.text.getvalue() == "to one\n\n"
    assert "stream" not in person.last_body


def test_what_is_attached_goes_with_the_first_question(person: Person) -> None:
    """The parts of --image and --file are part of the history from then on."""
    part = {"type": "text", "text": "file"}
    person.types("one", "two", attached=[part])
    assert person.asked[0] == [[{"type": "text", "text": "one"}, part]]
    assert person.asked[1][0] == person.asked[0][0]
    assert person.asked[1][2] == "two"


def test_an_error_is_one_line_and_the_question_waits(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """The conversation goes on: what is asked next takes the place of what failed, and !retry asks it again."""
    bad = Conversation("m", temperature=9)
    conversation = person.types("one", "!retry", conversation=bad)
    err = capsys.readouterr().err
    assert err.count("RequestValidationError: $.temperature") == 2
    assert conversation.messages == []
    assert conversation.to_dict()["asked"] == [{"role": "user", "content": "one"}]
    assert person.asked == []


def test_retry_asks_without_the_old_answer(person: Person) -> None:
    """The last question goes out again after what was before it."""
    conversation = person.types("one", "two", "!retry")
    assert person.asked[2] == person.asked[1] == ["one", "to one", "two"]
    assert len(conversation.messages) == 4


def test_retry_needs_a_question(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent before anything was asked, whatever a saved file says."""
    saved = {"model": "m", "messages": [], "asked": []}
    for begun in (Conversation("m"), Conversation.from_dict(saved)):
        person.types("!retry", conversation=begun)
        assert "nothing was asked yet" in capsys.readouterr().err
    assert person.asked == []


def test_ctrl_c_keeps_what_came(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """The piece of an answer is history; the next question goes on from it, and !retry asks for another."""
    page = Page(interrupt_at="to")
    conversation = person.types("one", "two", page=page)
    assert conversation.messages[1]["content"].startswith("to")
    assert len(conversation.messages[1]["content"]) <= len("to one")
    assert person.asked[1] == ["one", conversation.messages[1]["content"], "two"]
    assert "stopped and kept what came" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        ((CTRL_C, "one", CTRL_C, "two"), False),
        ((CTRL_C, CTRL_C), True),
        (("!help", CTRL_C, "!multi", "one", "!end", CTRL_C), False),
    ],
)
def test_the_second_ctrl_c_in_a_row_ends(person: Person, lines: tuple[Any, ...], ends: bool) -> None:
    """The first clears the line and says so; a line that was entered in between begins anew."""
    if ends:
        with pytest.raises(KeyboardInterrupt):
            person.types(*lines)
    else:
        person.types(*lines)


def test_the_ctrl_c_that_stops_an_answer_is_the_first(person: Person) -> None:
    """Stopped, and then Ctrl-C at the prompt: that ends. In a line with something in it, it clears that line."""
    with pytest.raises(KeyboardInterrupt):
        person.types("one", CTRL_C, page=Page(interrupt_at="to"))
    lines = Typed("one", CTRL_C)
    lines.cleared = True
    session = Session(person._client, Conversation("m"), lines, Page("to"), Output(None))  # type: ignore[arg-type]
    session.run()


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
    """A blank before it sends it; a block without an end, or without a text, is not sent either."""
    person.types("!foo bar", "!end", "!multi", "!end", "!multi", " ", "!end", " !foo", "!multi", "lost")
    assert person.asked == [["!foo"]]
    err = capsys.readouterr().err
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
    conversation = person.types("one", f"!save {file}", f"!save {other}", "two", "!save", "!save /", "!retry x")
    assert file.stat().st_mode & 0o777 == 0o600
    assert other.read_text() == '{"mine": 1}'
    saved = Conversation.from_dict(json.loads(file.read_text()))
    assert saved.messages == conversation.messages
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "notes.json"]
    err = capsys.readouterr().err
    assert f"{other} is there already and is no saved conversation: $['mine']" in err
    assert "/: cannot be" in err or "/ is there already" in err


def test_edit_asks_what_the_editor_has_written(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is private and gone afterwards; VISUAL comes first; Ctrl-C is the editor's own."""
    editor, seen = tmp_path / "editor with blank.sh", tmp_path / "seen"
    steps = ("#!/bin/sh", "kill -INT $PPID", f'ls -l "$2" | cut -c1-10 > "{seen}"', f'echo "$2" >> "{seen}"')
    editor.write_text("\n".join([*steps, 'echo "$1 zwei" >> "$2"', ""]))
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"'{editor}' -x")
    monkeypatch.setenv("EDITOR", "false")
    person.types("!edit one")
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


def test_ctrl_c_before_any_text_leaves_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    """Thoughts alone are no answer that could be history."""
    with (
        LocalEndpoint() as endpoint,
        Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as client,
    ):
        conversation = Person(endpoint, client).types("one", thoughts=Page(interrupt_at="Nobody"))
    assert "stopped before anything came; !retry asks again" in capsys.readouterr().err
    assert conversation.messages == []
    assert conversation.to_dict()["asked"] == [{"role": "user", "content": "one"}]


def test_an_answer_swallowed_by_reasoning_leaves_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    """The budget went into thoughts: a warning names the option, and the question waits."""
    choice = {"message": {"content": "<reasoning>Hm</reasoning>"}, "finish_reason": "length"}

    class Service:
        def complete(self, request: object) -> ChatCompletion:
            return ChatCompletion.from_dict({"choices": [choice]})

    session = Session(Service(), Conversation("m"), Typed("one"), Page(), Output(None), stream=False)  # type: ignore[arg-type]
    session.run()
    err = capsys.readouterr().err
    assert "--max-tokens" in err
    assert "the question waits" in err


def test_nothing_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty answer is told, and the question waits; its tokens count."""
    with (
        LocalEndpoint(answer="") as endpoint,
        Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials) as client,
    ):
        person = Person(endpoint, client)
        conversation = person.types("one", "!usage")
    err = capsys.readouterr().err
    assert conversation.messages == []
    assert "the question waits" in err
    assert "= 0 tokens" not in err
