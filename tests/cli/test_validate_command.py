"""`validate` on the command line: what it finds in files, where, and how it ends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http.cli import main
from bedrock_openai_http.cli.positions import line_of
from shell import COMMAND, SECONDS, Finished, Shell
from support import MODEL, PROMPT

Here = Callable[..., Finished]
GOOD = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
SEED = {**GOOD, "seed": 1}
BAD = {**GOOD, "messages": [{"role": "user", "contents": PROMPT}]}
WARNING = "$.seed: is not known to be honoured by any model [seed]"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], str]:
    """Give a function that writes a file into the working directory and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: Any) -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / name).write_bytes(data)
        return name

    return write


def lines(*bodies: Any) -> bytes:
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)


def test_a_valid_body_is_silence_and_code_0(here: Here, file: Callable[..., str]) -> None:
    """Standard output stays empty, standard error has the summary."""
    done = here("validate", file("a.json", GOOD))
    assert done == Finished(0, "", "1 body, 0 with errors, 0 with warnings\n")


def test_a_flaw_has_its_line_path_and_rule(here: Here, file: Callable[..., str]) -> None:
    """In a document that is laid out, the line is that of the value; the exit code is 2."""
    done = here("validate", file("a.json", json.dumps(BAD, indent=1).encode()))
    assert done.code == 2
    message = '$.messages[0].contents: is not a known field; did you mean "content"? [unknown-key]'
    assert done.out.splitlines() == [
        f"a.json:6: error: {message}",
        "a.json:6: note: An object whose members are all known has no other member.",
    ]


def test_warnings_alone_are_code_0_unless_strict(here: Here, file: Callable[..., str]) -> None:
    """--strict lets a warning count."""
    name = file("a.json", SEED)
    done = here("validate", name)
    assert (done.code, done.out) == (0, f"a.json:1: warning: {WARNING}\n")
    assert done.err == "1 body, 0 with errors, 1 with warnings\n"
    assert here("validate", "--strict", name).code == 2


def test_quiet_leaves_the_exit_code(here: Here, file: Callable[..., str]) -> None:
    """--quiet prints nothing about the bodies; a missing file is still named."""
    assert here("validate", "--quiet", file("a.json", BAD)) == Finished(2, "", "")
    assert here("validate", "--quiet", "no.json").err == "no.json: cannot be read: No such file or directory\n"


def test_an_array_of_bodies(here: Here, file: Callable[..., str]) -> None:
    """Each body is judged, and the path begins with its place in the array."""
    done = here("validate", file("a.json", json.dumps([GOOD, SEED, BAD, 3], indent=2).encode()))
    text = Path("a.json").read_text().splitlines()
    seed, contents = (next(i for i, line in enumerate(text, 1) if word in line) for word in ('"seed"', '"contents"'))
    assert [line.partition(" is ")[0] for line in done.out.splitlines()] == [
        f"a.json:{seed}: warning: $[1].seed:",
        f"a.json:{contents}: error: $[2].messages[0].contents:",
        f"a.json:{contents}: note: An object whose members are all known has no other member.",
        f"a.json:{len(text) - 1}: error: $[3]: must be an object [type]",
    ]
    assert done.err == "4 bodies, 2 with errors, 1 with warnings\n"


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_json_lines_by_name_or_by_form(here: Here, file: Callable[..., str], name: str, bom: bytes) -> None:
    """Each line is a body; empty lines and a byte order mark are fine; a bad line does not end the rest."""
    content = bom + b"\n" + lines(GOOD) + b"\r\n" + lines(SEED) + b'{"model" 1}\n' + b'{"\xff": 1}\n' + lines(SEED)
    done = here("validate", file(name, content))
    assert done.out.splitlines() == [
        f"{name}:4: warning: {WARNING}",
        f"{name}:5: error: is not JSON: expecting ':' delimiter at character 9",
        f"{name}:6: error: is not JSON: not UTF-8",
        f"{name}:7: warning: {WARNING}",
    ]
    assert done.err == "5 bodies, 2 with errors, 2 with warnings\n"


def test_lines_of_batch_files(here: Here, file: Callable[..., str]) -> None:
    """The body in a line of OpenAI's or Bedrock's form is judged; the model of the latter is named by the job."""
    unnamed = {"messages": GOOD["messages"]}
    content = lines(
        {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": SEED},
        {"recordId": "1", "modelInput": unnamed},
        {"recordId": "2", "modelInput": {**unnamed, "n": "x"}},
        {"recordId": "3", "modelInput": 3},
        {"custom_id": "2", "body": unnamed},
    )
    assert here("validate", file("batch.jsonl", content)).out.splitlines() == [
        f"batch.jsonl:1: warning: {WARNING.replace('$', '$.body', 1)}",
        "batch.jsonl:3: error: $.modelInput.n: must be an integer or null [type]",
        "batch.jsonl:4: error: $.modelInput: must be an object [type]",
        "batch.jsonl:5: error: $.body.model: is required [required]",
    ]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "is empty"),
        (b"\n \n", 1, "is empty"),
        (b"[]", 1, "$: holds no request body [empty]"),
        (b'{\n"model": "m",\n"messages": [,]}', 3, "is not JSON: expecting value at character 29"),
        (b'\n{\n"model": "\xff"}', 3, "is not JSON: not UTF-8"),
        (b'{\n"seed": NaN}', 1, "is not JSON: NaN is not JSON"),
        (b"[" * 100_000, 1, "is not JSON: nested too deeply"),
        (b"{}\n{", 2, "is not JSON: expecting property name enclosed in double quotes at character 1"),
    ],
)
def test_what_is_no_json_has_its_line(
    here: Here, file: Callable[..., str], content: bytes, line: int, message: str
) -> None:
    """A file without a body is a flaw too, so that a wrong glob does not pass for a valid file."""
    done = here("validate", file("a.json", content))
    assert done.code == 2
    assert done.out.splitlines()[-1] == f"a.json:{line}: error: {message}"


def test_a_wrong_model_id_is_an_error_with_the_right_one(here: Here, file: Callable[..., str]) -> None:
    """--endpoint decides which ID is right."""
    name = file("a.json", {**GOOD, "model": "openai.gpt-oss-20b"})
    done = here("validate", name)
    assert done.code == 2
    mistake = f"'openai.gpt-oss-20b' is the ID of the mantle endpoint; write '{MODEL}'"
    assert done.out == f"a.json:1: error: $.model: {mistake} [model-id]\n"
    assert here("validate", "--endpoint", "mantle", name).code == 0


def test_a_mistaken_model_is_said_once(here: Here, file: Callable[..., str]) -> None:
    """What is an error is not a warning as well."""
    done = here("validate", "--endpoint", "mantle", file("a.json", {**GOOD, "model": "us.openai.gpt-6-sol"}))
    assert len(done.out.splitlines()) == 1


def test_the_region_judges_profiles(here: Here, file: Callable[..., str]) -> None:
    """--region is compared with a profile's prefix, and must look like a Region."""
    name = file("a.json", {**GOOD, "model": "eu.zai.glm-5"})
    assert here("validate", name).out == ""
    assert "[profile]" in here("validate", "--region", "us-west-2", name).out
    done = here("validate", "--region", "nowhere", name)
    assert (done.code, done.out) == (2, "")
    assert "ConfigurationError: region" in done.err


def test_a_key_of_converse_is_explained(here: Here, file: Callable[..., str]) -> None:
    """The schema can only say that the key is unknown; the note says whose it is and what to do."""
    out = here("validate", file("a.json", {**GOOD, "guardrailConfig": {}})).out
    assert "error: $.guardrailConfig: is not a known field" in out
    assert "note: is a key of the Converse API" in out


def test_files_that_cannot_be_read_do_not_end_the_rest(here: Here, file: Callable[..., str]) -> None:
    """Each is one line on standard error, and code 2."""
    done = here("validate", "no.json", ".", file("a.json", SEED))
    assert (done.code, done.out) == (2, f"a.json:1: warning: {WARNING}\n")
    assert done.err.splitlines() == [
        "no.json: cannot be read: No such file or directory",
        ".: cannot be read: Is a directory",
        "1 body, 0 with errors, 1 with warnings; 2 files could not be read",
    ]


def test_a_file_name_cannot_break_the_line(here: Here, file: Callable[..., str]) -> None:
    """A line break in a name is shown as an escape."""
    assert here("validate", file("a\nb.json", SEED)).out == f"'a\\nb.json':1: warning: {WARNING}\n"


def test_prompts_are_never_shown(here: Here, file: Callable[..., str]) -> None:
    """Whatever is wrong, in values, keys of the wrong type or broken JSON, no text of a message appears."""
    secret = f'{{"model": "m", "messages": [{{"role": "user", "content": "{PROMPT}" {PROMPT}}}]}}\n'.encode()
    flawed = [
        {**GOOD, "messages": PROMPT},
        {**GOOD, "messages": [{"role": PROMPT, "content": PROMPT}]},
        {**GOOD, "messages": [{"role": "user", "content": {PROMPT: 1}}]},
        {**GOOD, "stop": PROMPT, "messages": [{"role": "assistant", "content": f"<reasoning>{PROMPT}"}]},
    ]
    done = here("validate", file("a.jsonl", lines(*flawed) + secret))
    assert done.err == "5 bodies, 4 with errors, 1 with warnings\n"
    assert "SECRET" not in done.out


def test_standard_input_is_read_line_by_line(shell: Shell) -> None:
    """What is wrong with a line is shown while more is still to come, so that no file is too large."""
    with subprocess.Popen(
        [*COMMAND, "validate", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=shell.environment({}),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines(SEED))
        process.stdin.flush()
        assert process.stdout.readline().decode() == f"<stdin>:1: warning: {WARNING}\n"
        out, err = process.communicate(lines(GOOD), timeout=SECONDS)
    assert (process.returncode, out, err) == (0, b"", b"2 bodies, 0 with errors, 1 with warnings\n")


def test_no_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard input is read only where it is asked for."""
    with pytest.raises(SystemExit) as ended:
        main(["validate"])
    assert ended.value.code == 2
    assert "FILE" in capsys.readouterr().err


DOCUMENT = """\
{
 "a": 1, "b": [
  {"x": "a\\"}]"},
  [], {}, {
   "odd key": {"c": null},
   "c": 5
  }
 ],
 "c": 1,
 "c":
   2
}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("$", 1),
        ("$.a", 2),
        ("$.b", 2),
        ("$.b[0].x", 3),
        ("$.b[1]", 4),
        ("$.b[3]", 4),
        ('$.b[3]["odd key"].c', 5),
        ("$.b[3].c", 6),
        ("$.c", 11),
        ("$.missing", 1),
        ("$.b[3].missing", 4),
        ("$.b[9]", 2),
        ("$.a.b.c", 2),
        ('$.b[3]["odd k..."].c', 4),
    ],
)
def test_the_line_of_a_value(path: str, line: int) -> None:
    """The value that a path leads to is found, the last one of a name that occurs twice, or the closest around it."""
    assert line_of(DOCUMENT, path) == line
