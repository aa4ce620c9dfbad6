"""`chat --schema`: a value that fits on standard output, or nothing there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from shell import Finished, keys

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
Run = Callable[..., Finished]


@pytest.fixture
def ask(here: Run, tmp_path: Path) -> Callable[..., tuple[Finished, list[Any]]]:
    """Give a function that asks for SCHEMA and returns what was printed, and the bodies that were sent."""
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(SCHEMA))

    def run(answers: list[str], *options: str) -> tuple[Finished, list[Any]]:
        left = iter(answers)
        with LocalEndpoint(answer=lambda body: next(left)) as endpoint:
            where = ("--endpoint-url", endpoint.url, "--schema", str(file))
            done = here("chat", *where, *options, "Which city?", **keys(endpoint))
            return done, [json.loads(request.body) for request in endpoint.requests]

    return run


def test_an_answer_that_fits_is_printed_as_json(ask: Callable[..., Any]) -> None:
    """The value alone is on standard output; request ID and tokens on standard error; it is not streamed."""
    done, (body,) = ask(['Here:\n```json\n{"city": "Köln", "people": 1}\n```'])
    assert (done.code, done.out) == (0, '{\n  "city": "Köln",\n  "people": 1\n}\n')
    assert done.err.startswith("request ID ")
    assert "stream" not in body
    assert '"additionalProperties":false' in body["messages"][0]["content"]


def test_a_misfit_has_an_exit_code_of_its_own(ask: Callable[..., Any]) -> None:
    """Nothing is printed; the line says where and what, and not what the model said, unless that is asked for."""
    answer = '{"city": "c4n4ry", "people": "many"}'
    done, bodies = ask([answer])
    assert (done.code, done.out, len(bodies)) == (6, "", 1)
    tokens, line = done.err.splitlines()
    assert tokens.startswith("request ID ")
    assert line.startswith("bedrock-openai-http: ParseError: $.people: ")
    assert "c4n4ry" not in done.err
    shown, _ = ask([answer], "--show-misfit")
    assert (shown.code, shown.out, shown.err.splitlines()[0]) == (6, "", answer)


def test_it_is_asked_again(ask: Callable[..., Any]) -> None:
    """--reask N allows N more attempts, and the tokens of all are told."""
    good = '{"city": "Bonn", "people": 2}'
    done, bodies = ask(["no", good], "--reask", "1")
    assert (done.code, json.loads(done.out), len(bodies)) == (0, json.loads(good), 2)
    alone, _ = ask([good])
    total, once = (int(each.err.split(" = ")[1].split()[0]) for each in (done, alone))
    assert total > 2 * once
    done, bodies = ask(["no", "no", "no"], "--reask", "1")
    assert (done.code, len(bodies)) == (6, 2)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("{", (), "is not JSON"),
        ("[]", (), "must be an object"),
        ('{"type": "object"}', (), "--schema"),
        (json.dumps(SCHEMA), ("--json",), "leave one out"),
        (None, (), "cannot be read"),
    ],
)
def test_a_schema_that_cannot_be_used(
    here: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, options: Any, words: str
) -> None:
    """One line, code 2, and nothing is sent."""
    file = tmp_path / "schema.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        here("chat", "--local", "--schema", str(file), *options, "Hi")
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1)
    assert words in err


def test_flags_that_go_with_a_schema(here: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one they are refused, since nothing would come of them."""
    for options in (("--reask", "1"), ("--show-misfit",)):
        with pytest.raises(SystemExit):
            here("chat", "--local", *options, "Hi")
        assert "go with --schema" in capsys.readouterr().err


def test_a_dry_run_shows_how_it_is_asked_for(here: Run, tmp_path: Path) -> None:
    """The body has the schema in it, as it would be sent."""
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(SCHEMA))
    options = ("--dry-run", "--json", "--region", "us-west-2", "--model", "us.openai.gpt-6-sol")
    with pytest.raises(SystemExit):
        here("chat", *options, "--schema", str(file), "Hi")
    done = here("chat", options[0], *options[2:], "--schema", str(file), "Hi")
    assert done.code == 0
    assert '"json_schema"' in done.out
