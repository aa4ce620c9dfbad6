"""The command line and `chat`: mostly run as a user does, as a process of its own against a real server."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import __version__, errors
from bedrock_openai_http.cli import chat, main
from bedrock_openai_http.testing import LocalEndpoint

COMMAND = (sys.executable, "-m", "bedrock_openai_http")
SECONDS = 30  # Long enough for a slow machine; no test waits for it unless something hangs.


@dataclass(frozen=True)
class Finished:
    """What a process left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """Runs the command line in an empty home with only the given environment."""

    home: Path

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return a whole environment: the least that Python and botocore need, and `variables`."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        fixed = {"HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUTF8": "1"}
        return {**kept, **fixed, "AWS_REGION": "us-west-2", **variables}

    def run(self, *args: str, stdin: bytes = b"", **variables: str) -> Finished:
        """Run the command line to its end."""
        done = subprocess.run(
            [*COMMAND, *args],
            input=stdin,
            capture_output=True,
            env=self.environment(variables),
            cwd=self.home,
            timeout=SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: str, stdout: int = subprocess.PIPE, **variables: str) -> subprocess.Popen[bytes]:
        """Start the command line and leave it running."""
        return subprocess.Popen(
            [*COMMAND, *args],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=self.environment(variables),
            cwd=self.home,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Give a function that runs the command line in this process, where that shows the same: it is quicker."""

    def run(*args: str, **variables: str) -> Finished:
        for name, value in {"AWS_REGION": "us-west-2", **variables}.items():
            monkeypatch.setenv(name, value)
        code = main(args)
        return Finished(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(answer="Grüße aus der Nähe") as running:
        yield running


def keys(endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the environment variables with which `endpoint` lets a client in."""
    found = endpoint.credentials
    return {
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.secret_key,
        "AWS_SESSION_TOKEN": found.token or "",
    }


SOME_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIexampleKEY"}
REQUEST_ID = "6c4f7b1e-2b57-4d0e-9b0a-0f6f5a4c2d11"
DONE = b"data: [DONE]\n\n"


def event(delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
    """Return one chunk of a stream, as the service sends it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


class StreamServer:
    """Answers one POST on loopback with a stream: parts are bytes to send, or an event to wait for first.

    When all is sent it waits until the client closes the connection, if `hold`, or closes it itself.
    """

    def __init__(self, *parts: bytes | threading.Event, hold: bool = False) -> None:
        self._parts = parts
        self._hold = hold
        self.client_closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> StreamServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(SECONDS)
        with connection, connection.makefile("rb") as incoming:
            length = 0
            while (line := incoming.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            incoming.read(length)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
                b"x-amzn-RequestId: " + REQUEST_ID.encode() + b"\r\n\r\n"
            )
            try:
                self._send_parts(connection)
                if self._hold and connection.recv(1) == b"":
                    self.client_closed.set()
            except ConnectionError:
                self.client_closed.set()

    def _send_parts(self, connection: socket.socket) -> None:
        for part in self._parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                part.wait(SECONDS)


# The answer


def test_the_answer_goes_to_standard_output_and_the_facts_to_standard_error(
    shell: Shell, endpoint: LocalEndpoint
) -> None:
    """Standard output holds the answer alone, standard error one line: ID, tokens, finish reason."""
    done = shell.run("chat", "--endpoint-url", endpoint.url, "Hello!", **keys(endpoint))
    assert (done.code, done.out) == (0, "Grüße aus der Nähe\n")
    request_id, tokens, finish_reason = done.err.rstrip("\n").split(" · ")
    assert request_id.startswith("request ID ")
    prompt, plus, answer, equals, total = (tokens.split()[i] for i in (0, 2, 3, 5, 6))
    assert (plus, equals) == ("+", "=")
    assert int(prompt) + int(answer) == int(total) > 0
    assert finish_reason == "stop"


def test_what_the_options_say_is_what_is_sent(here: Callable[..., Finished], endpoint: LocalEndpoint) -> None:
    """Each option reaches the service under the name of the API, and a stream asks for token counts."""
    options = ("--model", "m-1", "--system", "Be kind.", "--max-tokens", "99", "--temperature", "0.5")
    here("chat", *options, "--endpoint-url", endpoint.url, "Hello!", **keys(endpoint))
    assert json.loads(endpoint.requests[-1].body) == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello!"}],
        "max_completion_tokens": 99,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(("name", "service"), [("runtime", "bedrock"), ("mantle", "bedrock-mantle")])
def test_region_and_endpoint_are_what_is_signed_for(
    here: Callable[..., Finished], endpoint: LocalEndpoint, name: str, service: str
) -> None:
    """--region and --endpoint decide the scope of the signature, also where --endpoint-url names the host."""
    where = ("--region", "eu-west-1", "--endpoint", name, "--endpoint-url", endpoint.url)
    here("chat", *where, "Hello!", **keys(endpoint))
    assert f"/eu-west-1/{service}/aws4_request" in endpoint.requests[-1].headers["authorization"]


def test_a_profile_gives_the_credentials(shell: Shell, endpoint: LocalEndpoint) -> None:
    """--profile takes the keys from the AWS configuration files of the user's home."""
    lines = [f"{name.lower()} = {value}" for name, value in keys(endpoint).items()]
    (shell.home / ".aws").mkdir()
    (shell.home / ".aws" / "credentials").write_text("\n".join(["[work]", *lines]))
    done = shell.run("chat", "--profile", "work", "--endpoint-url", endpoint.url, "Hello!")
    assert (done.code, done.out) == (0, "Grüße aus der Nähe\n")


def test_without_streaming_the_same_answer_comes_whole(shell: Shell, endpoint: LocalEndpoint) -> None:
    """--no-stream asks for no stream and prints the same."""
    done = shell.run("chat", "--no-stream", "--endpoint-url", endpoint.url, "Hello!", **keys(endpoint))
    assert (done.code, done.out) == (0, "Grüße aus der Nähe\n")
    assert done.err.endswith(" · stop\n")
    assert json.loads(endpoint.requests[-1].body).keys() == {"model", "messages"}


@pytest.mark.parametrize("options", [(), ("--no-stream",)], ids=["streamed", "whole"])
def test_json_is_one_document_with_the_request_id(
    here: Callable[..., Finished], endpoint: LocalEndpoint, options: tuple[str, ...]
) -> None:
    """--json prints the body of the answer, accumulated if it was streamed, and the request ID."""
    done = here("chat", "--json", *options, "--endpoint-url", endpoint.url, "Hello!", **keys(endpoint))
    document = json.loads(done.out)
    assert done.code == 0
    assert document["object"] == "chat.completion"
    assert document["choices"][0]["message"]["content"].endswith("Grüße aus der Nähe")
    assert document["usage"]["total_tokens"] > 0
    assert f"request ID {document['request_id']}" in done.err


@pytest.mark.parametrize("prompt", [(), ("-",)], ids=["absent", "dash"])
def test_the_prompt_comes_from_standard_input(shell: Shell, endpoint: LocalEndpoint, prompt: tuple[str, ...]) -> None:
    """Without a prompt, or with `-`, standard input is the prompt, less the last line end."""
    asked = shell.run(
        "chat",
        "--endpoint-url",
        endpoint.url,
        *prompt,
        stdin="Grüß dich?\n".encode(),
        **keys(endpoint),
    )
    assert asked.code == 0
    assert json.loads(endpoint.requests[-1].body)["messages"][0]["content"] == "Grüß dich?"


@pytest.mark.parametrize("options", [(), ("--no-stream",)], ids=["streamed", "whole"])
def test_local_needs_nothing_from_outside(shell: Shell, options: tuple[str, ...]) -> None:
    """--local answers without region, credentials or service, even where the environment points elsewhere."""
    elsewhere = {"AWS_REGION": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_BEARER_TOKEN_BEDROCK": "k"}
    done = shell.run("chat", "--local", *options, "Hello!", **elsewhere)
    assert done.code == 0
    assert done.out.strip() != ""
    assert done.err.startswith("request ID ")


@pytest.mark.parametrize("options", [(), ("--no-stream",)], ids=["streamed", "whole"])
def test_reasoning_is_shown_when_asked_for_and_kept_out_of_the_answer(
    here: Callable[..., Finished], options: tuple[str, ...]
) -> None:
    """--show-reasoning writes the thoughts to standard error, in a paragraph of their own before the summary."""
    plain = here("chat", "--local", *options, "Hello!")
    shown = here("chat", "--local", *options, "--show-reasoning", "Hello!")
    assert shown.out == plain.out
    assert len(plain.err.splitlines()) == 1
    thoughts, empty, summary = shown.err.splitlines()
    assert thoughts not in ("", plain.out.strip())
    assert empty == ""
    assert summary.startswith("request ID ")


def test_text_is_shown_as_it_arrives(shell: Shell) -> None:
    """A piece of the answer is on standard output before the service has sent the next."""
    seen = threading.Event()
    with StreamServer(event({"content": "first"}), seen, event({"content": " second"}, "stop"), DONE) as server:
        running = shell.start("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
        with running:
            assert running.stdout is not None
            assert running.stdout.read(5) == b"first"
            seen.set()
            assert running.communicate(timeout=SECONDS)[0] == b" second\n"
        assert running.returncode == 0


def test_an_answer_swallowed_by_reasoning_is_explained(shell: Shell) -> None:
    """A finish reason `length` without any text gets a warning that names the option to change."""
    thoughts = event({"role": "assistant", "content": "<reasoning>Hm</reasoning>"})
    with StreamServer(thoughts, event({}, "length"), DONE) as server:
        done = shell.run("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
    warning, summary = done.err.splitlines()
    assert (done.code, done.out) == (0, "")
    assert warning.startswith("warning: ")
    assert "--max-tokens" in warning
    assert summary == f"request ID {REQUEST_ID} · length"


# The terminal


DANGEROUS = "\x1b[31mred\x1b[0m\x07\x9b2J\x7f\r\n\tend"


def test_a_model_cannot_drive_the_terminal(shell: Shell) -> None:
    """On a terminal every control character but tab and line feed is replaced."""
    master, terminal = pty.openpty()
    with LocalEndpoint(answer=DANGEROUS) as endpoint:
        running = shell.start("chat", "--endpoint-url", endpoint.url, "Hi", stdout=terminal, **keys(endpoint))
        os.close(terminal)
        with running:
            assert running.wait(SECONDS) == 0
    shown = os.read(master, 10_000).decode()
    os.close(master)
    # The terminal itself writes a line feed as CR LF.
    assert shown.replace("\r\n", "\n") == "\ufffd[31mred\ufffd[0m\ufffd\ufffd2J\ufffd\n\tend\n"


def test_a_pipe_gets_the_answer_as_it_came(shell: Shell) -> None:
    """What is no terminal gets every character of the answer."""
    with LocalEndpoint(answer=DANGEROUS) as endpoint:
        done = shell.run("chat", "--endpoint-url", endpoint.url, "Hi", **keys(endpoint))
    assert done.out == DANGEROUS + "\n"


def test_the_answer_is_utf8_in_any_locale(shell: Shell, endpoint: LocalEndpoint) -> None:
    """Where Python would encode as ASCII, the answer is UTF-8 still and the summary is plain ASCII."""
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = shell.run("chat", "--endpoint-url", endpoint.url, "Hi", **keys(endpoint), **ascii_only)
    assert (done.code, done.out) == (0, "Grüße aus der Nähe\n")
    assert done.err.isascii()
    assert done.err.endswith(" | stop\n")


# Failures


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


def test_output_that_cannot_be_written_is_one_line_and_exit_code_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk gives a line of its own, not a traceback."""
    monkeypatch.setattr(chat, "run", raiser(OSError(28, "No space left on device")))
    assert main(["chat", "Hello!"]) == 4
    assert capsys.readouterr().err == "bedrock-openai-http: OSError: [Errno 28] No space left on device\n"


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
    assert listed == ["0", "1", "2", "3", "4", "130", "141"]
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
