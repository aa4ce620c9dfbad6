"""The command `serve`: what it prints is enough to use it, and it ends cleanly."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from bedrock_openai_http.aws.credentials import Credentials
from bedrock_openai_http.cli import main
from bedrock_openai_http.testing import LocalEndpoint, scenarios
from loopback import BODY, PATH, PROMPT, ask, bearer, encoded, send

#: Python takes Ctrl-C only where its parent did not ignore it, as a shell does for what it runs in the background.
PROGRAM = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from bedrock_openai_http.cli import main
sys.exit(main(["serve", "--port", "0", "--for", "30", *sys.argv[1:]]))
"""


@dataclass(frozen=True)
class Printed:
    """An endpoint as a user knows it: from the lines that the command prints."""

    url: str
    region: str
    credentials: Credentials
    api_key: str

    @classmethod
    def read(cls, text: str) -> Printed:
        """Take what a shell would from the lines."""
        exports = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("export ")]
        settings = dict(setting.split("=", 1) for export in exports for setting in export)
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        example = re.search(r"--region (\S+) --endpoint-url (\S+)", text)
        assert example is not None
        return cls(
            url=example[2],
            region=example[1],
            credentials=Credentials(*(settings[key] for key in keys)),
            api_key=settings["AWS_BEARER_TOKEN_BEDROCK"],
        )


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], Printed]]:
    """Run the command in a process of its own, until the block ends at the latest."""
    command = [sys.executable, "-c", PROGRAM, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            while lines[-1] and not lines[-1].startswith("bedrock-openai-http chat"):
                lines.append(process.stdout.readline())
            yield process, Printed.read("".join(lines))
        finally:
            process.kill()


def test_what_is_printed_is_enough_and_ctrl_c_ends_it() -> None:
    """The printed credentials and key work at the printed URL; Ctrl-C ends the command with code 0 and no noise."""
    with serving("--region", "eu-central-1") as (process, printed):
        assert printed.region == "eu-central-1"
        assert ask(printed).status == 200
        reply = send(printed, encoded(BODY), bearer(printed.api_key))
        assert send(printed, encoded(BODY), bearer("wrong")).status == 403
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    lines = log.splitlines()
    assert len(lines) == 3
    assert lines[1].endswith(f" POST {PATH} 200 {reply.headers['x-amzn-RequestId']}")
    assert re.fullmatch(rf"[0-9:]{{8}} POST {PATH} 403 [0-9a-f-]{{36}}", lines[2])
    for secret in (printed.credentials.secret_key, printed.credentials.token, printed.api_key, PROMPT):
        assert str(secret) not in log


def test_another_server_answers_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """--upstream, --upstream-key-env and --model pass requests on to a server that knows its own key."""
    with LocalEndpoint(answer="from behind") as model:
        monkeypatch.setenv("KEY_OF_THE_MODEL", model.api_key)
        options = (
            "--upstream",
            model.url + "/openai/v1",
            "--upstream-key-env",
            "KEY_OF_THE_MODEL",
            "--model",
            "tiny",
        )
        with serving(*options) as (process, printed):
            reply = ask(printed)
            process.terminate()
    assert reply.json["choices"][0]["message"]["content"].endswith("from behind")
    assert model.requests[0].json()["model"] == "tiny"


def test_a_recorded_answer_is_played() -> None:
    """--scenario plays one of Bedrock's answers to every request that is let in."""
    with serving("--scenario", "throttled-429") as (process, printed):
        assert [ask(printed).status for _ in range(2)] == [429, 429]
        assert send(printed, encoded(BODY), bearer("wrong")).status == 403
        process.terminate()


def test_the_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """--list-scenarios prints each name with its description, one a line, and serves nothing."""
    assert main(["serve", "--list-scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [tuple(re.split(r"  +", line)) for line in lines] == list(scenarios().items())


def test_it_ends_by_itself_when_the_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    """--for ends it, with code 0."""
    assert main(["serve", "--port", "0", "--for", "0.01"]) == 0
    assert capsys.readouterr().out.startswith("Listening on http://127.0.0.1:")


def test_a_port_that_is_taken_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the port; nothing was printed to paste."""
    with LocalEndpoint() as other:
        port = other.url.rpartition(":")[2]
        assert main(["serve", "--port", port, "--for", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"port {port} of 127.0.0.1 cannot be used" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--upstream", "nowhere"], "upstream: "),
        (["--upstream", "http://127.0.0.1:1/", "--upstream-key-env", "NOT_SET"], "NOT_SET is not set"),
        (["--port", "70000"], "port: must be an integer of 0 to 65535"),
        (["--for", "1e10"], "--for: must be 2147483 seconds (24 days) at most"),
        (["--for", "nan"], "--for: must be a number of seconds, 0 or more"),
        (["--for", "-1"], "--for: must be a number of seconds, 0 or more"),
        (["--scenario", "throttled"], "did you mean 'throttled-429'"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_code_2(
    options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A configuration that cannot work is refused before anything listens."""
    assert main(["serve", "--for", "0", *options]) == 2
    captured = capsys.readouterr()
    assert text in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "tiny"],
        ["--upstream-key-env", "KEY"],
        ["--port", "many"],
        ["--upstream", "http://127.0.0.1:1/v1", "--scenario", "plain"],
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without --upstream there is no model and no key to choose, and with it no recorded answer."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--for", "0", *options])
    assert ended.value.code == 2
    assert "usage: " in capsys.readouterr().err
