"""What the command line says of wrong usage, in flags; and how it ends where nobody can read what it prints."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bedrock_openai_http
from bedrock_openai_http import ConfigurationError
from bedrock_openai_http.cli import main, validate
from bedrock_openai_http.cli.usage import as_argument, in_flags
from bedrock_openai_http.testing import LocalEndpoint
from shell import SOME_KEYS, Finished, keys

PACKAGE = Path(bedrock_openai_http.__file__).parent

SLIPS = [
    ("chat hi --profle x", "bedrock-openai-http chat: error: no option --profle; did you mean --profile? "),
    ("chat hi --temp=1", "no option --temp; did you mean --temperature? "),
    ("chat hi --base-url x", "no option --base-url; did you mean --endpoint-url? "),
    ("chat hi --max-completion-tokens 5", "no option --max-completion-tokens; did you mean --max-tokens? "),
    ("chat hi --zzzz", "no option --zzzz; usage: "),
    ("chat --local hello world", "unexpected argument 'world'; put the whole prompt in quotes"),
    ("key mint --regoin x", "bedrock-openai-http key mint: error: no option --regoin; did you mean --region? "),
    ("validate a --sumary", "did you mean --summary? "),
    ("doctor more", "bedrock-openai-http doctor: error: unexpected argument 'more'; usage: "),
    ("serve --list", "did you mean --list-scenarios? "),
    ("chta hi", "did you mean chat? "),
    ("--region x chat", "options go after the command"),
    ("chat --request", "expected one argument"),
]


@pytest.mark.parametrize(("typed", "words"), SLIPS)
def test_a_slip_is_one_line_with_what_was_meant(typed: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the whole usage, under which the error would be the last line of nine, but where to find it."""
    with pytest.raises(SystemExit) as ended:
        main(typed.split())
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert re.search(r"usage: bedrock-openai-http[a-z ]* --help\n$", err)


def test_a_slip_cannot_break_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What was typed is shown without what a terminal would obey."""
    with pytest.raises(SystemExit):
        main(["chat", "hi", "--\x1b[2J\r\nx"])
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--region nowhere", "region: must look like 'us-west-2' (--region)"),
        ("--endpoint-url ftp://x", "--endpoint-url: must begin with https://"),
        ("--endpoint-url http://example.com", "--endpoint-url: plain http shows the prompt and the key; use https\n"),
        ("--endpoint-url https://bedrock-mantle.us-west-2.api.aws", "give --endpoint mantle"),
        (
            "--region us-west-2 --endpoint-url https://bedrock-runtime.us-east-1.amazonaws.com",
            "--endpoint-url: is a host in us-east-1, and --region is us-west-2",
        ),
        ("--timeout 0", "(--timeout)"),
        ("--deadline 0", "(--deadline)"),
        ("", "no region: give --region, or set AWS_REGION"),
    ],
)
def test_a_setting_that_cannot_be_used_names_the_flag(
    here: Callable[..., Finished], options: str, words: str
) -> None:
    """Whoever types flags is told of flags, by `chat` and by `doctor` alike."""
    variables = {**SOME_KEYS, "AWS_REGION": ""}
    done = here("chat", *options.split(), "Hello!", **variables)
    assert done.code == 2
    assert words in done.err
    assert not re.search(r"\w=|base_url", done.err)
    if "--timeout" not in options and "--deadline" not in options:
        shown = " ".join(here("doctor", "--offline", *options.split(), **variables).out.split())
        assert not re.search(r"\w=|base_url", shown)
        assert words.strip().removeprefix("no region: ") in shown


def test_no_text_of_an_error_speaks_of_an_argument() -> None:
    """Of every text in the code that an error is made of, what is left in flags has no `option=` of the client's."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "testing" in path.parts or path.stem in ("foreign_names", "known_mistakes"):
            continue  # the first is for tests; in files the others speak of no argument
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("Error", "Cause")):
                for text in (node.value for node in ast.walk(call) if isinstance(node, ast.Constant)):
                    shown = in_flags(text) if isinstance(text, str) else ""
                    assert not re.search(r"\b(region|base_url|endpoint|profile|timeout|deadline)=", shown), path


def test_words_of_a_service_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what an argument is called is put in flags, and no variable or text that looks like one."""
    for text in ("400 x: a=1, region-b", "AWS_REGION: must look like 'us-west-2'", "$.model: is required", "x=", ""):
        assert in_flags(text) == text


COMMANDS = [
    ("chat", "--endpoint-url", "{url}", "Hello!"),
    ("chat", "--dry-run", "--endpoint-url", "{url}", "Hello!"),
    ("validate", "no.json"),
    ("doctor", "--offline"),
    ("serve", "--port", "0", "--for", "0"),
    ("serve", "--list-scenarios"),
    ("key", "inspect", "x"),
    ("key", "mint"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_closed_output_is_code_4_and_nothing_is_sent(
    command: tuple[str, ...], here: Callable[..., Finished], endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `>&-` Python has no standard output: an answer would be paid for and lost."""
    before = len(endpoint.requests)
    monkeypatch.setattr(sys, "stdout", None)
    done = here(*(word.format(url=endpoint.url) for word in command), **keys(endpoint))
    assert (done.code, len(endpoint.requests)) == (4, before)
    assert done.err.splitlines()[-1] == "bedrock-openai-http: OSError: standard output is closed"


def test_what_prints_nothing_needs_no_output(here: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate --quiet` tells by its exit code alone."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(validate, "documents", lambda name: iter(()))
    assert here("validate", "--quiet", "a.json").code == 0


def test_a_port_in_use_says_what_to_do(here: Callable[..., Finished], endpoint: LocalEndpoint) -> None:
    """The line names the port and the flag."""
    done = here("serve", "--port", endpoint.url.rpartition(":")[2])
    assert done.code == 2
    assert "another program has it: give another --port, 0 for any free one" in done.err


@pytest.mark.parametrize(
    ("region", "mark", "words"),
    [
        ("us-west-2", "ok", ""),
        ("us-gov-west-1", "ok", ""),
        ("eu-centrl-1", "warn", "a slip for eu-central-1"),
        ("us-west-22", "warn", "a slip for us-west-2"),
        ("xx-nowhere-9", "warn", ""),
    ],
)
def test_doctor_doubts_a_region_that_botocore_does_not_know(
    here: Callable[..., Finished], region: str, mark: str, words: str
) -> None:
    """A warning with the nearest name, no failure: a new Region works before a program knows of it."""
    done = here("doctor", "--offline", "--region", region, **SOME_KEYS)
    assert done.code == 0
    row = next(line for line in done.out.splitlines() if " region " in line)
    assert row.startswith(mark)
    assert ("botocore does not know" in row) == (mark == "warn")
    assert words in done.out


def test_the_error_itself_stays_as_python_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Flags are the command line's words: what the library raises speaks of arguments still."""
    with pytest.raises(ConfigurationError, match=r"^base_url: "):
        bedrock_openai_http.Client("us-west-2", base_url="ftp://x")


def test_a_name_of_a_file_can_be_pasted() -> None:
    """Quoted where a shell needs it, and no flag; alone, the dash is standard input."""
    names = {"a.json": "a.json", "my a.json": "'my a.json'", "-a.json": "./-a.json", "-a b": "'./-a b'", "-": "-"}
    assert {name: as_argument(name) for name in names} == names
