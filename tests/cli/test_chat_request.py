"""`chat --request`: a body from a file, with flags over it; and images and files beside a prompt."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http.testing import LocalEndpoint
from shell import DONE, REQUEST_ID, SOME_KEYS, Finished, Shell, StreamServer, event, keys
from support import MODEL

HISTORY = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hello!"},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "And now?"},
]
BODY = {"model": MODEL, "messages": HISTORY, "temperature": 0.5}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}

PNG, JPEG = b"\x89PNG", b"\xff\xd8"

Sent = Callable[..., tuple[Finished, Any]]


@pytest.fixture
def sent(
    here: Callable[..., Finished], endpoint: LocalEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Sent:
    """Give a function that runs `chat` with a request file of this content, and returns the body that was sent."""
    monkeypatch.chdir(tmp_path)

    def run(content: Any, *options: str) -> tuple[Finished, Any]:
        before = len(endpoint.requests)
        if content is not None:
            Path("r.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
            options = ("--request", "r.json", *options)
        done = here("chat", "--endpoint-url", endpoint.url, *options, **keys(endpoint))
        bodies = [json.loads(request.body) for request in endpoint.requests[before:]]
        return done, bodies[0] if bodies else None

    return run


@pytest.fixture
def refused(sent: Sent, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Give a function that runs `chat` as `sent` does, and returns the one line with which usage is refused."""

    def run(content: Any, *options: str) -> str:
        with pytest.raises(SystemExit) as ended:
            sent(content, *options)
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
        return err

    return run


@pytest.mark.parametrize(
    ("body", "options", "changed"),
    [
        (BODY, (), STREAM),
        ({**BODY, "stream": True}, (), STREAM),
        ({**BODY, **STREAM}, ("--no-stream",), {}),
        ({**BODY, "stream": False}, (), {}),
        ({**BODY, "stream": None}, ("--json",), STREAM),
        (
            {**BODY, "stream": True, "stream_options": {"include_obfuscation": False}},
            (),
            {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}},
        ),
        (BODY, ("--no-stream", "--model", "m-1"), {"model": "m-1"}),
        ({**BODY, "model": None}, ("--no-stream", "--model", "m-1"), {"model": "m-1"}),
        (
            {**BODY, "max_tokens": 5},
            ("--no-stream", "--max-tokens", "9", "--temperature", "1", "--reasoning-effort", "low"),
            {"max_completion_tokens": 9, "temperature": 1, "reasoning_effort": "low"},
        ),
        (BODY, ("--no-stream", "More!"), {"messages": [*HISTORY, {"role": "user", "content": "More!"}]}),
        (
            BODY,
            ("--no-stream", "--system", "First."),
            {"messages": [{"role": "system", "content": "First."}, *HISTORY]},
        ),
        ({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": BODY}, (), STREAM),
        (
            {"recordId": "1", "modelInput": {"messages": HISTORY}},
            ("--no-stream", "--model", "m", "--temperature", "0.5"),
            {"model": "m"},
        ),
    ],
)
def test_a_body_in_a_file_is_what_is_sent(
    sent: Sent, body: Mapping[str, Any], options: tuple[str, ...], changed: Mapping[str, Any]
) -> None:
    """What `validate` accepts is sent, streamed unless it says otherwise; each flag takes the place of its member."""
    done, seen = sent(body, *options)
    assert done.code == 0
    assert seen == {**BODY, **changed}
    assert "Grüße" in done.out


def test_the_body_comes_from_standard_input(shell: Shell, endpoint: LocalEndpoint) -> None:
    """`-` reads the body, and its prompt, from standard input; nothing else is read."""
    body = "\ufeff" + json.dumps(BODY, indent=1)
    options = ("--request", "-", "--no-stream", "--endpoint-url", endpoint.url)
    done = shell.run("chat", *options, stdin=body.encode(), **keys(endpoint))
    assert (done.code, done.out) == (0, "Grüße aus der Nähe\n")
    assert json.loads(endpoint.requests[-1].body) == BODY


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({**BODY, "max_retries": 2}, "$.max_retries: is not a known field; it is an option of an SDK; leave it out"),
        ({**BODY, "top_k": 2}, "$.top_k: is not a known field; it is not top_p"),
        ({"messages": HISTORY}, "$.model: is required; --model ID names one"),
        ({**BODY, "messages": []}, "$.messages: must have at least 1 item"),
        (HISTORY, "$: must be an object; this is an array of messages"),
        ({"id": "c", "choices": []}, "$.id: is not a known field; this is an answer"),
        ("text", "$: must be an object"),
    ],
)
def test_a_body_that_validate_refuses_is_not_sent(sent: Sent, body: Any, place: str) -> None:
    """The first flaw is the error, in words for who writes a file, and nothing is sent."""
    done, seen = sent(body)
    assert (done.code, done.out, seen) == (2, "", None)
    assert f"RequestValidationError: {place}" in done.err
    assert "extra_body" not in done.err


def test_a_key_that_is_allowed_is_sent(sent: Sent) -> None:
    """--allow lets a vendor's own member pass, as it does for `validate`."""
    done, seen = sent({**BODY, "top_k": 2}, "--no-stream", "--allow", "top_k")
    assert (done.code, seen) == (0, {**BODY, "top_k": 2})


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", (), "r.json: is empty"),
        (b"{1}", (), "r.json: is not JSON: "),
        ([BODY, BODY], (), "r.json: holds 2 bodies; one can be sent"),
        (None, ("--request", "no.json"), "no.json: cannot be read: No such file"),
        (None, ("--request", "."), ".: cannot be read: Is a directory"),
        (None, ("--request", "-", "-"), "both standard input"),
        (BODY, ("--image", "a.png"), "go with a prompt"),
        (None, ("--image", "a.bmp", "What?"), "a.bmp: its name must end in .png, "),
        (None, ("--image", "no.png", "What?"), "no.png: cannot be read: No such file"),
        (None, ("--file", "no.pdf", "What?"), "no.pdf: cannot be read: No such file"),
        (None, ("",), "the prompt is empty"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    refused: Callable[..., str], content: Any, options: tuple[str, ...], words: str
) -> None:
    """A file that is not there, or not of a known kind, ends the program with code 2 and one line."""
    assert words in refused(content, *options)


def test_images_and_files_stand_after_the_prompt(sent: Sent, tmp_path: Path) -> None:
    """An image is a data: URL of its media type, a file is base64 with its name; both are parts beside the text."""
    (tmp_path / "a.PNG").write_bytes(PNG)
    (tmp_path / "b.jpg").write_bytes(JPEG)
    (tmp_path / "c d.pdf").write_bytes(b"%PDF")
    _, seen = sent(
        None, "--model", "m", "--image", "a.PNG", "--image", "b.jpg", "--file", str(tmp_path / "c d.pdf"), "What?"
    )
    assert seen["messages"][0]["content"] == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_base64(PNG)}"}},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{_base64(JPEG)}"}},
        {"type": "file", "file": {"file_data": _base64(b"%PDF"), "filename": "c d.pdf"}},
    ]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_dry_run_shows_the_body_of_a_file(sent: Sent) -> None:
    """--dry-run goes with --request, and sends nothing."""
    done, seen = sent(BODY, "--no-stream", "--dry-run", "--json")
    assert (done.code, seen) == (0, None)
    assert json.loads(done.out)["body"] == BODY


# An answer that is nothing


def test_an_empty_answer_is_said_and_has_a_code_of_its_own(here: Callable[..., Finished]) -> None:
    """A success without text, calls, refusal or sound ends with 5, after a line that says so."""
    with StreamServer(event({"role": "assistant", "content": ""}), event({}, "stop"), DONE) as server:
        done = here("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
    assert (done.code, done.out) == (5, "")
    summary, words = done.err.splitlines()
    assert summary == f"request ID {REQUEST_ID} · stop"
    assert words.startswith("the service answered with nothing")


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "x"},
        {"refusal": "I will not."},
        {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
    ],
    ids=lambda delta: next(iter(delta)),
)
def test_what_is_not_empty(here: Callable[..., Finished], delta: Mapping[str, Any]) -> None:
    """A refusal and a call are answers, though there is no text to show."""
    with StreamServer(event(delta), event({}, "stop"), DONE) as server:
        done = here("chat", "--endpoint-url", server.url, "Hello!", **SOME_KEYS)
    assert done.code == 0
