"""The line of advice of a 200 that is no completion, and of a stream without its end."""

from __future__ import annotations

import pytest

from bedrock_openai_http import (
    BedrockOpenAIError,
    Headers,
    HTTPResponse,
    IncompleteStreamError,
    ResponseFormatError,
    iter_chunks,
    parse_completion,
)
from bedrock_openai_http.call.decode import not_a_stream
from refusals import SECRET, answer, is_a_line
from support import COMPLETION, DONE, chunk

HTML = b"<!DOCTYPE html><html><title>Sign in</title>" + SECRET.encode() + b"</html>"
EVENTS = chunk("a") + DONE
#: Name: the body, the headers, words of the advice where a completion and where a stream was asked for.
ANSWERS: dict[str, tuple[bytes, dict[str, str], str | None, str | None]] = {
    "HTML": (HTML, {"content-type": "text/html"}, "a web page", "a web page"),
    "XML": (b'<?xml version="1.0"?><ErrorResponse/>', {"content-type": "text/xml"}, "This is XML", "This is XML"),
    "XML fault": (b"<UnknownOperationException/>", {}, "This is XML", "This is XML"),
    "empty": (b"", {}, "empty", "empty"),
    "blank": (b" \r\n", {}, "empty", "empty"),
    "text": (b"OK " + SECRET.encode(), {"content-type": "text/plain"}, "no JSON", "no JSON"),
    "Converse": (
        b'{"output": {"message": {"role": "assistant", "content": [{"text": "c4n4ry"}]}}, "stopReason": "end_turn"}',
        {}, "the Converse API", "the Converse API",
    ),
    "Responses": (
        b'{"id": "resp_1", "object": "response", "error": null, "output": []}',
        {}, "the Responses API", "the Responses API",
    ),
    "Messages": (
        b'{"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "c4n4ry"}]}',
        {}, "the Anthropic Messages API", "the Anthropic Messages API",
    ),
    "InvokeModel": (b'{"generation": "c4n4ry"}', {}, "the InvokeModel API", "the InvokeModel API"),
    "Titan": (b'{"inputTextTokenCount": 3, "results": []}', {}, "the InvokeModel API", "the InvokeModel API"),
    "Completions": (
        b'{"object": "text_completion", "choices": [{"text": "c4n4ry"}]}', {}, "the older", "the older",
    ),
    "models": (b'{"object": "list", "data": [{"id": "x"}]}', {}, "a list", "a list"),
    "models of the control plane": (b'{"modelSummaries": []}', {}, "a list", "a list"),
    "events": (EVENTS, {"content-type": "text/event-stream"}, "This is an event stream: was `stream` set", None),
    "events with a wrong type": (EVENTS, {"content-type": "text/plain"}, "This is an event stream", "wrong Content"),
    "a comment first": (b": hello\n\n" + EVENTS, {}, "This is an event stream", "wrong Content-Type"),
    "a completion": (COMPLETION, {"content-type": "application/json"}, None, "whole completion came in place of"),
    "AWS's event stream": (
        b"\x00\x00\x00\x8b\x00\x00\x00K", {"content-type": "application/vnd.amazon.eventstream"},
        "binary event stream", "binary event stream",
    ),
    "gzip": (b"\x1f\x8b\x08\x00", {}, "no header says so", "no header says so"),
    "gzip with its header": (b"\x1f\x8b\x08\x00", {"content-encoding": "gzip"}, "not asked for", "not asked for"),
    "half of a gzip": (COMPLETION[:50], {"content-encoding": "gzip"}, "not asked for", "not asked for"),
    "half a completion": (COMPLETION[:50], {}, None, None),
    "an object": (b"{}", {}, None, None),
    "an array": (b"[]", {}, None, None),
    "choices of another kind": (b'{"choices": [{}]}', {}, None, None),
    "more than is looked at": (b'{"generation": "%s"}' % (b"x" * 1_100_000), {}, None, None),
}  # fmt: skip


@pytest.mark.parametrize(("body", "headers", "plain", "streamed"), ANSWERS.values(), ids=ANSWERS)
def test_a_200_that_is_no_completion(
    body: bytes, headers: dict[str, str], plain: str | None, streamed: str | None
) -> None:
    """An answer of another kind names what it probably is, in few words and without its content."""
    response = answer(200, body, **headers)
    is_stream = headers.get("content-type") == "text/event-stream"
    is_completion = body == COMPLETION
    for words, error in (
        (plain, None if is_completion else failure_of(response)),
        (streamed, None if is_stream else not_a_stream(response)),
    ):
        if words is None or error is None:
            assert error is None or error.advice is None
            continue
        assert type(error) is ResponseFormatError
        assert error.advice is not None
        assert words in error.advice
        assert SECRET not in error.advice
        assert is_a_line(error.advice)
        assert str(error).endswith(error.advice)


def failure_of(response: HTTPResponse) -> BedrockOpenAIError:
    with pytest.raises(BedrockOpenAIError) as caught:
        parse_completion(response)
    return caught.value


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b'{"type": "response.created", "response": {}}', "the Responses API"),
        (b'{"type": "message_start", "message": {}}', "the Anthropic Messages API"),
        (b'{"object": "chat.completion", "choices": [{"message": {"content": "a"}}]}', "A whole completion"),
        (b'{"choices": [{"message": {"content": "a"}}]}', "A whole completion"),
        (b'{"choices": [{"index": 0, "delta": 1}]}', None),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_an_event_of_another_kind(event: bytes, words: str | None) -> None:
    """An event in the shape of another API names it."""
    with pytest.raises(ResponseFormatError) as caught:
        list(iter_chunks([b"data: " + event + b"\n\n", DONE]))
    assert (words is None) is (caught.value.advice is None)
    assert (words or "") in (caught.value.advice or "")


@pytest.mark.parametrize(
    ("data", "headers", "words"),
    [
        (b"", {}, "Not one chunk had arrived"),
        (b": hello\n\n", {}, "Not one chunk had arrived"),
        (b"\x00\x00\x00\x8b", {"content-type": "application/vnd.amazon.eventstream"}, "binary event stream"),
        (b"\x1f\x8b\x08", {"content-encoding": "gzip"}, "compressed"),
        (chunk("a"), {}, "probably ended the connection"),
        (chunk("a", finish_reason="stop"), {}, "probably is the whole answer"),
        (chunk("a", finish_reason="stop") + chunk("b", index=1), {}, "probably ended the connection"),
    ],
)
def test_a_stream_without_its_end_mark(data: bytes, headers: dict[str, str], words: str) -> None:
    """A stream that ended early says whether anything is probably missing."""
    with pytest.raises(IncompleteStreamError) as caught:
        list(iter_chunks([data], response=HTTPResponse(200, Headers(headers))))
    assert caught.value.advice is not None
    assert words in caught.value.advice
    assert is_a_line(caught.value.advice)
