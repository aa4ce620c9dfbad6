"""`chat` on a terminal without a prompt, as a process of its own at the other end of a pseudo-terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bedrock_openai_http.cli import main
from bedrock_openai_http.testing import LocalEndpoint
from shell import COMMAND, DONE, SECONDS, SOME_KEYS, Shell, StreamServer, event, keys


class Terminal:
    """The keys and the screen of a running program."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self.screen = ""

    def wait_for(self, text: str, times: int = 1) -> None:
        """Read the screen until `text` has stood there so many times."""
        end = time.monotonic() + SECONDS
        while self.screen.count(text) < times:
            ready, _, _ = select.select([self._master], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{text!r} did not come: {self.screen!r}"
            try:
                self.screen += os.read(self._master, 65536).decode("utf-8", "replace")
            except OSError:  # the program has ended
                break
        assert self.screen.count(text) >= times, self.screen

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def ctrl_c(self) -> None:
        """Interrupt the program while it waits: just before, Python sees a signal only when the wait is over."""
        time.sleep(0.05)
        self.process.send_signal(signal.SIGINT)


@contextmanager
def terminal(shell: Shell, *args: str, **variables: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    environment = shell.environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", **variables})
    process = subprocess.Popen(
        [*COMMAND, "chat", *args], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=shell.home
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def history_of(shell: Shell) -> Path:
    return shell.home / ".local" / "state" / "bedrock-openai-http" / "chat_history"


def test_a_conversation_at_a_terminal(shell: Shell, endpoint: LocalEndpoint) -> None:
    """Questions, a paste of lines that is one, a file to go on from, and a private history for the arrow keys."""
    before = len(endpoint.requests)
    with terminal(shell, "--endpoint-url", endpoint.url, **keys(endpoint)) as screen:
        screen.wait_for("> ")
        screen.type("Grüß dich 日本\r")
        screen.wait_for("> ", 2)
        screen.type("\x1b[200~one\r  two\x1b[201~\r")
        screen.wait_for("> ", 3)
        screen.type("!save c.json\r")
        screen.wait_for("saved; ")
        screen.wait_for("> ", 4)
        screen.type("\x04")
        assert screen.process.wait(SECONDS) == 0
    asked = [json.loads(request.body)["messages"][-1]["content"] for request in endpoint.requests[before:]]
    assert asked == ["Grüß dich 日本", "one\n  two"]
    assert screen.screen.count("Grüße aus der Nähe") == 2
    history = history_of(shell)
    assert [json.loads(line) for line in history.read_text().splitlines()] == [*asked, "!save c.json"]
    assert (history.stat().st_mode & 0o777, history.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    with terminal(shell, "--history", "c.json", "--endpoint-url", endpoint.url, **keys(endpoint)) as screen:
        screen.wait_for("> ")
        screen.type("\x1b[A\x1b[A\x1b[A\r")  # three lines up is the first question
        screen.wait_for(" · stop")
    assert len(json.loads(endpoint.requests[-1].body)["messages"]) == 5
    assert json.loads(endpoint.requests[-1].body)["messages"][-1]["content"] == asked[0]


def test_what_the_arrow_keys_cannot_hold_is_asked_all_the_same(shell: Shell, endpoint: LocalEndpoint) -> None:
    """A letter that the locale lacks, a NUL from the editor: typed now, or in the history of before."""
    history, editor = history_of(shell), shell.home / "editor"
    history.parent.mkdir(parents=True)
    history.write_text('"\\u00e9"\n"a\\u0000b"\n"one"\n')
    editor.write_text("#!/bin/sh\nprintf 'a\\000b' > \"$1\"\n")
    editor.chmod(0o700)
    variables = {**keys(endpoint), "LC_ALL": "C", "EDITOR": str(editor)}
    with terminal(shell, "--endpoint-url", endpoint.url, **variables) as screen:
        for count, typed in enumerate(["Grüß dich\r", "\x1b[A\r", "!edit\r", "\x04"], 1):
            screen.wait_for("> ", count)
            screen.type(typed)
        assert screen.process.wait(SECONDS) == 0
    asked = [json.loads(request.body)["messages"][-1]["content"] for request in endpoint.requests[-3:]]
    assert asked == ["Grüß dich", "one", "a\0b"]
    assert json.loads(history.read_text().splitlines()[-1]) == "a\0b"


def test_ctrl_c_at_a_terminal(shell: Shell) -> None:
    """In an answer it closes the connection and keeps what came; at the prompt it clears the line; twice, it ends."""
    with (
        StreamServer(event({"content": "Once upon"}), hold=True) as server,
        terminal(shell, "--no-history", "--endpoint-url", server.url, **SOME_KEYS) as screen,
    ):
        screen.wait_for("> ")
        screen.type("one\r")
        screen.wait_for("Once upon")
        screen.ctrl_c()
        screen.wait_for("kept what came")
        assert server.client_closed.wait(SECONDS)
        screen.wait_for("> ", 2)
        screen.type("half a line")
        screen.wait_for("half a line")
        screen.ctrl_c()
        screen.wait_for("Ctrl-C again ends the conversation")
        screen.wait_for("> ", 3)
        screen.ctrl_c()
        assert screen.process.wait(SECONDS) == 130
    assert not history_of(shell).exists()


def test_a_model_cannot_drive_the_terminal_of_a_conversation(shell: Shell) -> None:
    """Control characters of an answer are shown and not obeyed."""
    with (
        StreamServer(event({"content": "\x1b[31mred\x07"}, "stop"), DONE) as server,
        terminal(shell, "--endpoint-url", server.url, **SOME_KEYS) as screen,
    ):
        screen.wait_for("> ")
        screen.type("one\r")
        screen.wait_for(" · stop")
    assert "\ufffd[31mred\ufffd" in screen.screen


def test_without_readline_it_works_too(shell: Shell, endpoint: LocalEndpoint) -> None:
    """A Python that was built without it has no history, and all else; a paste of lines is one question there too."""
    (shell.home / "lib").mkdir()
    (shell.home / "lib" / "readline.py").write_text("raise ImportError('none')")
    path = os.pathsep.join([str(shell.home / "lib"), os.environ.get("PYTHONPATH", "")])
    variables = {**keys(endpoint), "PYTHONPATH": path}
    with terminal(shell, "--endpoint-url", endpoint.url, **variables) as screen:
        screen.wait_for("> ")
        screen.type("one\n  two\n")
        screen.wait_for("> ", 2)
        screen.type("!quit\n")
        assert screen.process.wait(SECONDS) == 0
    assert json.loads(endpoint.requests[-1].body)["messages"] == [{"role": "user", "content": "one\n  two"}]
    assert not history_of(shell).exists()


@pytest.mark.parametrize("option", ["--json", "--dry-run"])
def test_one_answer_needs_one_prompt(shell: Shell, option: str) -> None:
    """What prints one document begins no conversation."""
    with terminal(shell, option) as screen:
        screen.wait_for("no prompt: give one")
        assert screen.process.wait(SECONDS) == 2


def sit_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a person sit at a terminal, who ends the input at once."""
    monkeypatch.setattr("builtins.input", lambda prompt: (_ for _ in ()).throw(EOFError))
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{name}.isatty", lambda: True, raising=False)


@pytest.mark.parametrize("options", [("--reask", "1"), ("--show-misfit",)])
def test_what_goes_with_a_schema_begins_no_conversation(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would have no effect there: it is refused, as with a prompt."""
    sit_down(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        main(["chat", "--local", *options])
    assert ended.value.code == 2
    assert "--reask and --show-misfit go with --schema" in capsys.readouterr().err


def test_a_region_that_is_missing_is_told_before_the_prompt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the prompt nobody could give it any more."""
    sit_down(monkeypatch)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert main(["chat", "--no-history"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("bedrock-openai-http: ConfigurationError: no region")


@pytest.mark.parametrize("words", [("Hi",), ()])
def test_a_history_needs_a_conversation(shell: Shell, words: tuple[str, ...]) -> None:
    """--history with a prompt, or on a pipe, is refused: what came of it would be kept nowhere."""
    done = shell.run("chat", "--local", "--history", "c.json", *words, stdin=b"Hi")
    assert (done.code, done.out) == (2, "")
    assert "--history goes on with a conversation" in done.err


def test_output_that_goes_elsewhere_begins_no_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in `bedrock-openai-http chat > file`: the prompts would be in the file."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(SystemExit):
        main(["chat", "--local"])
    assert "no prompt: give one" in capsys.readouterr().err
