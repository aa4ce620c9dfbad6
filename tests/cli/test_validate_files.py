"""`validate` on whole files: every flaw, what a batch file must keep, the model it is judged for, and its size."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http.cli import judgement
from bedrock_openai_http.cli.positions import Positions
from bedrock_openai_http.validation.fields import Flaw
from shell import Finished
from support import MODEL, PROMPT

Here = Callable[..., Finished]
MESSAGES = [{"role": "user", "content": PROMPT}]
GOOD = {"model": MODEL, "messages": MESSAGES}


@pytest.fixture
def judged(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """Give a function that validates a file `a.jsonl` of the lines that it is given, or `a.json` of one value."""
    monkeypatch.chdir(tmp_path)

    def run(content: Any, *options: str) -> Finished:
        name = "a.jsonl" if isinstance(content, tuple) else "a.json"
        texts = map(json.dumps, content) if isinstance(content, tuple) else [json.dumps(content, indent=1)]
        Path(name).write_text("\n".join(texts) + "\n")
        return here("validate", *options, name)

    return run


def openai(custom_id: Any = "1", **more: Any) -> dict[str, Any]:
    """Return a good line of a batch file of OpenAI's form, with some members replaced or left out (None)."""
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": GOOD, **more}
    return {name: value for name, value in line.items() if value is not None}


def bedrock(record_id: Any = "1", **body: Any) -> dict[str, Any]:
    line = {"recordId": record_id, "modelInput": {"messages": MESSAGES, **body}}
    return {name: value for name, value in line.items() if value is not None}


#: The lines of a file, and each remark about them: its line, kind, place and rule.
BATCHES: list[tuple[tuple[Any, ...], list[str]]] = [
    ((openai("1"), openai("2"), openai("3", url="v1/chat/completions"), openai("4", url=None, method=None)), []),
    ((bedrock("1"), bedrock("2", model=MODEL)), []),
    ((openai("1"), bedrock("1")), []),
    ((openai("1"), openai("2"), openai("1")), ["3: error: $.custom_id: [batch-id]"]),
    ((bedrock("1"), bedrock("1")), ["2: error: $.recordId: [batch-id]"]),
    ((openai(None),), ["1: error: $.custom_id: [batch-id]"]),
    ((openai(""), openai(7)), ["1: error: $.custom_id: [batch-id]", "2: error: $.custom_id: [batch-id]"]),
    ((bedrock(None),), ["1: warning: $.recordId: [batch-id]"]),
    ((openai(body={**GOOD, "stream": True}),), ["1: error: $.body.stream: [batch-stream]"]),
    ((openai(body={**GOOD, "stream": False}),), []),
    ((bedrock(stream=True),), ["1: error: $.modelInput.stream: [batch-stream]"]),
    (
        (openai("1"), openai("2", body={**GOOD, "model": "openai.gpt-oss-120b-1:0"})),
        ["2: error: $.body.model: [batch-model]"],
    ),
    ((openai(method="GET"),), ["1: error: $.method: [batch-method]"]),
    ((openai(url="/v1/responses"),), ["1: error: $.url: [batch-url]"]),
    ((openai(url="/v1/embeddings", body={"model": "m", "input": "x"}),), ["1: error: $.url: [batch-url]"]),
    (
        (openai(url="/chat/completions", body={**GOOD, "n": 0}),),
        ["1: error: $.url: [batch-url]", "1: error: $.body.n: [minimum]"],
    ),
    (
        ({"recordId": "1", "modelInput": {"messages": [{"role": "user", "content": [{"text": "x"}]}]}},),
        ["1: error: $.modelInput: [batch-converse]"],
    ),
    ((bedrock(inferenceConfig={}),), ["1: error: $.modelInput: [batch-converse]"]),
    ((bedrock(system=[{"text": "x"}]),), ["1: error: $.modelInput: [batch-converse]"]),
    ((bedrock(system="x"),), ["1: error: $.modelInput.system: [unknown-key]"]),
    (({"custom_id": "1", "response": {"body": {}}, "error": None},), ["1: error: $.custom_id: [unknown-key]"]),
    (({**bedrock("1"), "modelOutput": {}},), ["1: error: $.recordId: [unknown-key]"]),
]


@pytest.mark.parametrize(("lines", "remarks"), BATCHES)
def test_a_batch_file_is_judged_as_a_file(
    judged: Callable[..., Finished], lines: tuple[Any, ...], remarks: list[str]
) -> None:
    """IDs that tell lines apart, one model, no stream, this API's method and URL, and no body of Converse."""
    done = judged(lines)
    shown = [line for line in done.out.splitlines() if ": note: " not in line]
    assert [_short(line) for line in shown] == remarks
    assert done.code == (2 if any("error" in remark for remark in remarks) else 0)
    assert PROMPT not in done.out


def _short(line: str) -> str:
    """Return a remark's line, kind, place and rule, without the name of the file and the words."""
    number, kind, place = line.removeprefix("a.jsonl:").split(": ")[:3]
    return f"{number}: {kind}: {place}: {line[line.rindex('[') :]}"


def test_where_an_id_and_a_model_were_first(judged: Callable[..., Finished]) -> None:
    """A second use names the first: by its line, or by its place in an array."""
    other = openai("1", body={**GOOD, "model": "openai.gpt-oss-120b-1:0"})
    in_lines, in_array = judged((openai("0"), openai("1"), other)).out, judged([openai("1"), other]).out
    assert "$.custom_id: is that of line 2 too" in in_lines
    assert "$.body.model: is another one than that of line 1;" in in_lines
    assert "$[1].custom_id: is that of $[0] too" in in_array
    assert "$[1].body.model: is another one than that of $[0];" in in_array


def test_each_file_is_a_batch_of_its_own(judged: Callable[..., Finished], here: Here) -> None:
    """The same ID in two files is no flaw."""
    judged((openai("1"),))
    assert here("validate", "a.jsonl", "a.jsonl").code == 0


def test_a_file_is_judged_as_if_for_another_model(judged: Callable[..., Finished]) -> None:
    """--model takes the place of each body's own, where it has one or not, in whatever form."""
    lines = (GOOD, {"messages": MESSAGES}, openai("1", body={**GOOD, "model": "x"}), openai("2"), bedrock("1"))
    done = judged(tuple({**line} for line in lines), "--model", "us.openai.gpt-6-sol", "--strict")
    assert done.out == ""
    assert done.code == 0
    done = judged(tuple({**line, "max_tokens": 5} for line in lines[:2]), "--model", "us.openai.gpt-6-sol")
    assert [line.rpartition(" ")[2] for line in done.out.splitlines()] == ["[max-tokens]"] * 2
    assert judged(lines, "--model", "openai.gpt-oss-20b").out.count("[model-id]") == 5


def test_a_key_that_is_allowed_passes_at_every_level(judged: Callable[..., Finished]) -> None:
    """--allow KEY lets a member pass anywhere, and no other; given again, it allows one more."""
    part = {"type": "text", "text": "x", "cache_control": {}}
    body = {**GOOD, "messages": [{"role": "user", "content": [part]}], "top_k": 5}
    assert "--allow cache_control lets it pass" in judged(body, "--allow", "top_k").out
    assert judged(body, "--allow", "cache_control").out.startswith("a.json:15: error: $.top_k: ")
    assert judged(body, "--allow", "cache_control", "--allow", "top_k") == Finished(
        0, "", "1 body, 0 with errors, 0 with warnings\n"
    )


def flaws(*given: Flaw) -> Callable[..., Iterator[Flaw]]:
    return lambda body, **how: iter(given)


def test_every_flaw_is_shown_and_each_note_once(
    judged: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All flaws of a body have their line; of an object of a foreign form one, and what a rule says is said once."""
    found = (
        Flaw(("messages", 0, "x"), "unknown-key", "is not a known field"),
        Flaw(("messages", 0, "y"), "unknown-key", "is not a known field"),
        Flaw(("tools", 0, "name"), "unknown-key", "is Responses", ("tools", 0)),
        Flaw(("tools", 0, "type"), "required", "is Responses", ("tools", 0)),
        Flaw(("tools", 1, "name"), "unknown-key", "is Responses", ("tools", 1)),
        Flaw(("n",), "minimum", "must be at least 1"),
    )
    monkeypatch.setattr(judgement, "request_flaws", flaws(*found))
    done = judged(GOOD)
    note = "a.json:5: note: An object whose members are all known has no other member."
    assert done.out.splitlines() == [
        "a.json:4: error: $.messages[0].x: is not a known field [unknown-key]",
        note.replace(":5:", ":4:"),
        "a.json:4: error: $.messages[0].y: is not a known field [unknown-key]",
        "a.json:1: error: $.tools[0].name: is Responses [unknown-key]",
        "a.json:1: error: $.tools[1].name: is Responses [unknown-key]",
        "a.json:1: error: $.n: must be at least 1 [minimum]",
    ]
    assert done.err == "1 body, 1 with errors, 0 with warnings\n"


def test_a_misspelt_member_is_one_flaw(judged: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is required, and is missing since its name is misspelt, is not told beside the other name."""
    found = (
        Flaw(("messages", 0, "role"), "required", "is required"),
        Flaw(("messages", 0, "rolle"), "unknown-key", 'is not a known field; did you mean "role"?'),
        Flaw(("messages", 1, "role"), "required", "is required"),
    )
    monkeypatch.setattr(judgement, "request_flaws", flaws(*found))
    shown = [line for line in judged(GOOD).out.splitlines() if ": error: " in line]
    assert [line.split(": ")[2] for line in shown] == ["$.messages[0].rolle", "$.messages[1].role"]


def test_the_summary_counts_by_rule(judged: Callable[..., Finished]) -> None:
    """--summary prints a line for each rule in place of each remark, the one that spoke most often first."""
    warned, flawed = {**GOOD, "seed": 1}, {**GOOD, "n": 0}
    done = judged((GOOD, warned, warned, flawed), "--summary")
    assert [line.split() for line in done.out.splitlines()] == [
        ["2", "warning", "seed", "first", "at", "a.jsonl:2"],
        ["1", "error", "minimum", "first", "at", "a.jsonl:4"],
    ]
    assert (done.code, done.err) == (2, "4 bodies, 1 with errors, 2 with warnings\n")
    assert judged((GOOD,), "--summary").out == ""


@pytest.mark.parametrize("array", [MESSAGES * 2, [{"name": "f", "input_schema": {}}] * 2])
def test_an_array_that_stands_where_a_body_belongs(judged: Callable[..., Finished], array: Any) -> None:
    """An array of messages or of tools is one mistake, not one for each item."""
    done = judged(array)
    assert done.out.startswith("a.json:1: error: $: must be an object; this is an array of ")
    assert done.err.startswith("1 body, ")


def test_a_remark_for_each_line_takes_no_longer_than_reading() -> None:
    """Each object is read once, however many paths lead through it: twice the array takes about twice the time."""

    def seconds(count: int) -> float:
        text = json.dumps([{"a": "x" * 100, "b": [{}] * 5}] * count, indent=1)
        started = time.perf_counter()
        positions = Positions(text)
        lines = [positions.line_of(f"$[{index}].b[3]") for index in range(count)]
        assert lines == [8 + 10 * index for index in range(count)]
        return time.perf_counter() - started

    # By the square the larger would take 64 times as long.
    assert min(seconds(4000) for _ in range(2)) < 30 * min(seconds(500) for _ in range(3))
