"""`chat` on the command line: what it asks, and what it shows."""

from __future__ import annotations

import json
import os
import pty
import threading
from collections.abc import Callable

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from shell import (
    DONE,
    REQUEST_ID,
    SECONDS,
    SOME_KEYS,
    Finished,
    Shell,
    StreamServer,
    event,
    keys,
)


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


DANGEROUS = (
    "\x1b[31mred\x1b[0m\x07\x9b2J\x7f\u202egnp\u2066.\u2069\u2028\r\n"
    "\t\u05e9\u05dc\u05d5\u05dd\u200f \U0001f469\u200d\U0001f4bb end"
)


def test_a_model_cannot_drive_the_terminal(shell: Shell) -> None:
    """On a terminal every control character but tab and line feed is replaced, and all that turns a text around.

    The marks that Hebrew, Arabic and emoji are written with stay.
    """
    master, terminal = pty.openpty()
    with LocalEndpoint(answer=DANGEROUS) as endpoint:
        running = shell.start("chat", "--endpoint-url", endpoint.url, "Hi", stdout=terminal, **keys(endpoint))
        os.close(terminal)
        with running:
            assert running.wait(SECONDS) == 0
    shown = os.read(master, 10_000).decode()
    os.close(master)
    # The terminal itself writes a line feed as CR LF.
    assert shown.replace("\r\n", "\n") == (
        "\ufffd[31mred\ufffd[0m\ufffd\ufffd2J\ufffd\ufffdgnp\ufffd.\ufffd\ufffd\n"
        "\t\u05e9\u05dc\u05d5\u05dd\u200f \U0001f469\u200d\U0001f4bb end\n"
    )


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


def test_what_a_model_will_ignore_is_one_line(shell: Shell, endpoint: LocalEndpoint) -> None:
    """A warning about the model is a line of its own, without a place in Python code."""
    options = ("--model", "anthropic.claude-x", "--endpoint-url", endpoint.url)
    done = shell.run("chat", *options, "Hello!", **keys(endpoint))
    assert done.code == 0
    assert done.err.splitlines()[0].startswith("warning: $.model: Claude is not offered")
    assert ".py" not in done.err


@pytest.mark.parametrize("option", ["--timeout", "--deadline"])
@pytest.mark.parametrize("value", ["1e10", "1e400", "nan", "0", "-1", "9" * 400])
def test_a_time_limit_that_cannot_be(here: Callable[..., Finished], option: str, value: str) -> None:
    """A number of seconds that no socket can count, or that is none, is one line and code 2, and nothing is sent."""
    done = here("chat", "--region", "us-west-2", f"{option}={value}", "Hello!", **SOME_KEYS)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert f"ConfigurationError: {option.removeprefix('--')}: must be " in done.err
