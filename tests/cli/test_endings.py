"""How the command line ends: one line, one exit code, and nothing lost."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_openai_http import __version__
from bedrock_openai_http.cli import chat, main
from bedrock_openai_http.cli.terminal import note
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.values import errors
from shell import COMMAND, REQUEST_ID, SECONDS, SOME_KEYS, Finished, Shell, StreamServer, event, keys


def test_a_refusal_is_one_line_with_the_request_id_and_exit_code_1(shell: Shell, endpoint: LocalEndpoint) -> None:
    """A wrong secret gives one readable line that names the error, the status and the request ID."""
    variables = {**keys(endpoint), "AWS_SECRET_ACCESS_KEY": "canary-secret"}
    done = shell.run("chat", "--endpoint-url", endpoint.url, "canary prompt", **variables)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("bedrock-openai-http: PermissionDeniedError: 403 ")
    assert "(request ID " in done.err
    assert done.err.count("\n") == 1
    assert "canary" not in done.err


def test_no_credentials_is_exit_code_3(shell: Shell, endpoint: LocalEndpoint) -> None:
    """Without any credentials nothing is sent."""
    before = len(endpoint.requests)
    done = shell.run("chat", "--endpoint-url", endpoint.url, "Hello!")
    assert (done.code, done.out, len(endpoint.requests)) == (3, "", before)
    assert done.err.startswith("bedrock-openai-http: CredentialsError: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("temperature", ["2.5", "nan"])
def test_an_invalid_request_is_exit_code_2_and_names_the_place(
    here: Callable[..., Finished], endpoint: LocalEndpoint, temperature: str
) -> None:
    """The bundled schema refuses the request before anything is sent."""
    before = len(endpoint.requests)
    done = here("chat", "--temperature", temperature, "--endpoint-url", endpoint.url, "Hello!", **keys(endpoint))
    assert (done.code, done.out, len(endpoint.requests)) == (2, "", before)
    assert done.err.startswith("bedrock-openai-http: RequestValidationError: $.temperature: ")
    assert done.err.count("\n") == 1


def test_an_unusable_configuration_is_exit_code_2(here: Callable[..., Finished]) -> None:
    """A service root that is no URL is a configuration error."""
    done = here("chat", "--endpoint-url", "ftp://example.com", "Hello!", **SOME_KEYS)
    assert done.code == 2
    assert done.err.startswith("bedrock-openai-http: ConfigurationError: ")


def test_a_refused_connection_is_exit_code_4(shell: Shell) -> None:
    """Where nobody listens, one line says so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = shell.run("chat", "--endpoint-url", f"http://127.0.0.1:{port}", "Hello!", **SOME_KEYS)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("bedrock-openai-http: APIConnectionError: ")
    assert done.err.count("\n") == 1


def test_a_broken_stream_keeps_what_had_arrived(shell: Shell) -> None:
    """The partial answer stays on standard output; the error, with the request ID, comes on its own line."""
    with StreamServer(event({"content": "Half an ans"})) as server:
        done = shell.run("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
    assert (done.code, done.out) == (4, "Half an ans\n")
    assert done.err.startswith("bedrock-openai-http: IncompleteStreamError: ")
    assert REQUEST_ID in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--timeout", "--deadline"])
def test_a_silent_service_is_given_up(here: Callable[..., Finished], option: str) -> None:
    """Each of the two time limits ends a stream that has fallen silent; what had arrived is kept."""
    with StreamServer(event({"content": "Wait"}), hold=True) as server:
        done = here("chat", option, "0.3", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
    assert (done.code, done.out) == (4, "Wait\n")
    assert done.err.startswith("bedrock-openai-http: APITimeoutError: ")
    assert REQUEST_ID in done.err


def test_ctrl_c_ends_cleanly(shell: Shell) -> None:
    """Ctrl-C in mid-stream: exit code 130, no traceback, the connection closed, the text so far kept."""
    with StreamServer(event({"content": "Once"}), hold=True) as server:
        running = shell.start("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
        with running:
            assert running.stdout is not None
            assert running.stdout.read(4) == b"Once"
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=SECONDS)
        assert (running.returncode, out, err) == (130, b"", b"\n")
        assert server.client_closed.wait(SECONDS)


def test_a_reader_that_goes_away_is_no_error(shell: Shell) -> None:
    """When the pipe breaks, as in `| head`, the program ends silently with 141 and closes the connection."""
    reader_left = threading.Event()
    pieces = [event({"content": "more\n"})] * 3
    with StreamServer(event({"content": "one\n"}), reader_left, *pieces, hold=True) as server:
        running = shell.start("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
        with running:
            assert running.stdout is not None
            assert running.stderr is not None
            assert running.stdout.readline() == b"one\n"
            running.stdout.close()
            reader_left.set()
            assert running.wait(SECONDS) == 141
            assert running.stderr.read() == b""
        assert server.client_closed.wait(SECONDS)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.APIStatusError("no", status_code=302), 1),
        (errors.RateLimitError("no", status_code=429), 1),
        (errors.InternalServerError("no", status_code=500), 1),
        (errors.RequestValidationError("no"), 2),
        (errors.ConfigurationError("no"), 2),
        (errors.CredentialsError("no"), 3),
        (errors.APIConnectionError("no"), 4),
        (errors.APITimeoutError("no"), 4),
        (errors.ResponseFormatError("no"), 4),
        (errors.IncompleteStreamError("no"), 4),
        (errors.BedrockOpenAIError("no"), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_failure_has_its_exit_code(
    error: errors.BedrockOpenAIError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every exception of the package becomes one line and the documented exit code."""
    monkeypatch.setattr(chat, "run", raiser(error))
    assert main(["chat", "Hello!"]) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"bedrock-openai-http: {type(error).__name__}: {error}\n")


def raiser(error: BaseException) -> Callable[[object], int]:
    """Return a command that fails with `error`."""

    def run(args: object) -> int:
        raise error

    return run


def test_an_error_stays_one_harmless_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message from the service cannot break the line or reach the terminal's controls, terminal or not."""
    monkeypatch.setattr(chat, "run", raiser(errors.BadRequestError("two\r\nlines\x1b[2J", status_code=400)))
    assert main(["chat", "Hello!"]) == 1
    assert capsys.readouterr().err == "bedrock-openai-http: BadRequestError: 400: two lines\ufffd[2J\n"


@pytest.mark.parametrize("text", [f"a{chr(code)}b" for codes in errors.OBEYED for code in codes])
def test_a_note_is_a_line_that_nothing_obeys(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a note quotes, each character that a terminal would obey is another one, and the line is one."""
    note(text)
    shown = capsys.readouterr().err
    assert shown in ("a b\n", "a\ufffdb\n")


def test_output_that_cannot_be_written_is_one_line_and_exit_code_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk gives a line of its own, not a traceback."""
    monkeypatch.setattr(chat, "run", raiser(OSError(28, "No space left on device")))
    assert main(["chat", "Hello!"]) == 4
    assert capsys.readouterr().err == "bedrock-openai-http: OSError: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--temperature", "9"), 2), (("--show-reasoning",), 4)])
def test_a_note_that_cannot_be_written_costs_nothing(
    shell: Shell, endpoint: LocalEndpoint, words: tuple[str, ...], code: int
) -> None:
    """With standard error on a full disk the answer comes, and the exit code is as ever; reasoning is no note."""
    command = [*COMMAND, "chat", "--endpoint-url", endpoint.url, *words, "Hello!"]
    where: dict[str, Any] = {"env": shell.environment(keys(endpoint)), "cwd": shell.home}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, timeout=SECONDS, check=False, **where)
    assert (done.returncode, done.stdout.decode()) == (code, "" if code else "Grüße aus der Nähe\n")


# Usage


def test_the_bare_command_prints_help_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is nothing to do: help on standard error, exit code 2."""
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: bedrock-openai-http" in err


def test_help_lists_the_commands_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit codes that a script can meet are in --help."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    listed = [line.split()[0] for line in out.partition("exit codes:")[2].splitlines() if line.strip()]
    assert listed == ["0", "1", "2", "3", "4", "5", "6", "130", "141"]
    assert "chat" in out
    assert "serve" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the version of the package."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"bedrock-openai-http {__version__}\n"


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["nonsense"], "invalid choice"),
        (["chat", "--max-tokens", "many", "Hi"], "--max-tokens"),
        (["chat", "--endpoint", "elsewhere", "Hi"], "--endpoint"),
        (["chat", "--temp", "1", "Hi"], "--temp"),
        (["chat", "--local", "--endpoint-url", "http://127.0.0.1", "Hi"], "--local"),
        (["chat", "--local", "--profile", "p", "Hi"], "--local"),
        (["chat", "--local", "--endpoint", "mantle", "Hi"], "--local"),
        (["chat", ""], "empty"),
        (["chat", " \n"], "empty"),
    ],
)
def test_wrong_usage_ends_with_2(args: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that makes no sense is refused with a line that says why."""
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("typed", "terminal", "complaint"),
    [(b"", True, "no prompt"), (b"\n", False, "empty"), (b"\xff\xfe", False, "not UTF-8")],
)
def test_standard_input_without_a_prompt_ends_with_2(
    typed: bytes,
    terminal: bool,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A terminal is not waited on, and neither nothing nor what is no text is sent as a prompt."""
    stdin = io.TextIOWrapper(io.BytesIO(typed))
    monkeypatch.setattr(stdin, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(SystemExit) as ended:
        main(["chat"])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_help_loads_nothing_heavy(shell: Shell) -> None:
    """The command line answers --help without loading the HTTP library, botocore or jsonschema."""
    code = (
        "import sys\n"
        "from bedrock_openai_http.cli import main\n"
        "try: main(['chat', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(repr({'requests', 'botocore', 'jsonschema'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=shell.environment({}),
        cwd=shell.home,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == "set()\n"
