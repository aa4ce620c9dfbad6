"""What must hold whatever arrives, as functions that take any input: for hypothesis and for the fuzzers.

This module makes no inputs; test_fuzz and `benchmarks/fuzz` do.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from bedrock_openai_http import (
    BedrockOpenAIError,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionRequest,
    HTTPResponse,
    IncompleteStreamError,
    RequestValidationError,
    ResponseFormatError,
    ToolCallDelta,
    iter_chunks,
    parse_completion,
    validate_request,
)
from bedrock_openai_http.call.sse import ServerSentEvent, iter_events
from bedrock_openai_http.validation.fields import json_flaw
from bedrock_openai_http.validation.generated import is_request
from bedrock_openai_http.validation.schema import schema_flaw
from bedrock_openai_http.values.accumulator import Accumulator
from bedrock_openai_http.values.jsontext import decode, encode
from bedrock_openai_http.values.reasoning import CLOSE, OPEN, own_reasoning
from bedrock_openai_http.values.request import FIELDS
from bedrock_openai_http.values.wire_value import plain

#: Stands in every prompt that is made up for a law, and never in a key.
CANARY = "c4n4ry"

#: Names that mean something somewhere in an answer or in a chunk.
MEMBERS = (
    "id object created model choices index delta message content role refusal reasoning tool_calls function custom "
    "name arguments input type finish_reason logprobs usage prompt_tokens completion_tokens total_tokens audio "
    "annotations error code param status status_code request_id Message __type Output obfuscation function_call "
    "amazon-bedrock-trace amazon-bedrock-guardrailAction guardrail"
).split()

#: What an error text of ours may hold at most, in characters.
ERROR_LIMIT = 1024

Outcome = tuple[list[ChatCompletionChunk], BedrockOpenAIError | None, ChatCompletion]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return `data` in pieces, cut at `places` (modulo its length); some of them may be empty."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def events_by_the_standard(data: bytes) -> list[ServerSentEvent]:
    """Return the events of a whole stream: the rules of the HTML standard, 9.2.6, taken word for word."""
    events, values, name = [], [], ""
    *lines, unfinished = re.split(rb"\r\n|\n|\r", data.removeprefix(b"\xef\xbb\xbf"))
    for line in [*lines, unfinished or b":"]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if values:
                events.append(ServerSentEvent(b"\n".join(values), name))
            values, name = [], ""
        elif field == b"data":
            values.append(value)
        elif field == b"event":
            name = value.decode("utf-8", errors="replace")
    return [*events, ServerSentEvent(b"\n".join(values), name, finished=False)] if values else events


def check_events(data: bytes, places: Iterable[int]) -> None:
    """Check that the events of `data` are those of the standard, wherever it is cut."""
    expected = events_by_the_standard(data)
    assert list(iter_events([data])) == expected
    assert list(iter_events(cut(data, places))) == expected


def check_stream(data: bytes, places: Iterable[int]) -> Outcome:
    """Check the laws of a stream for `data` and for its pieces; return what it came to."""
    chunks, error, whole = outcome = _outcome([data])
    cut_chunks, cut_error, cut_whole = _outcome(cut(data, places))
    assert (chunks, repr(error), whole) == (cut_chunks, repr(cut_error), cut_whole)
    if error is None or error.partial is not None:
        _check_nothing_lost(chunks, whole)
    if error is not None:
        assert error.partial == (replace(whole, request_id=error.request_id) if chunks else None)
        check_error(error)
    return outcome


def check_response(response: HTTPResponse) -> ChatCompletion | BedrockOpenAIError:
    """Check that an answer gives a completion that can be used, or one error of ours; return which."""
    try:
        completion = parse_completion(response)
    except BedrockOpenAIError as error:
        check_error(error)
        return error
    assert 200 <= response.status_code < 300
    _use(completion)
    return completion


def check_request(request: Any) -> RequestValidationError | None:
    """Check that `request` is refused in the one way, or that it can be sent; return the refusal."""
    refusal = _refusal(request)
    _check_verdicts(request)
    if refusal is not None:
        assert CANARY not in f"{refusal} {refusal!r} {vars(refusal)}"
        check_error(refusal)
        return refusal
    body = request.to_body() if isinstance(request, ChatCompletionRequest) else plain(request)
    data = encode(body)
    assert decode(data) == body == json.loads(data)
    assert ChatCompletionRequest.from_body(body).to_body() == {
        name: value for name, value in body.items() if value is not None or name not in FIELDS
    }
    return None


def _refusal(request: Any) -> RequestValidationError | None:
    try:
        validate_request(request)
    except RequestValidationError as error:
        return error
    return None


def _check_verdicts(request: Any) -> None:
    """Check that the quick check and jsonschema say the same of a request that is JSON."""
    body = request.own_fields() if isinstance(request, ChatCompletionRequest) else plain(request)
    if json_flaw(body) is None:
        assert is_request(body) == (schema_flaw(body) is None)


def check_error(error: BedrockOpenAIError) -> None:
    """Check that an error is short, unless it has words of the service, and that it survives pickling."""
    if isinstance(error, (ResponseFormatError, IncompleteStreamError, RequestValidationError)):
        assert len(str(error)) <= ERROR_LIMIT
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def _outcome(pieces: Sequence[bytes]) -> Outcome:
    """Return the chunks of a stream, the error that ended it, and the sum. Nothing but an error of ours comes out."""
    chunks: list[ChatCompletionChunk] = []
    total = Accumulator()
    failure = None
    try:
        for chunk in iter_chunks(pieces, into=total):
            chunks.append(chunk)
            _ = chunk.text, chunk.reasoning, chunk.guardrail
    except BedrockOpenAIError as error:
        failure = error
    whole = total.completion()
    _use(whole)
    return chunks, failure, whole


def _check_nothing_lost(chunks: list[ChatCompletionChunk], whole: ChatCompletion) -> None:
    """Check that each choice of `whole` holds what the chunks have brought: content, answer, thoughts, arguments."""
    for choice in whole.choices:
        parts = [part for chunk in chunks for part in chunk.choices if part.index == choice.index]
        deltas = [part.delta for part in parts]
        message = choice.message
        assert (message.content or "") == "".join(delta.content or "" for delta in deltas)
        assert (message.refusal or "") == "".join(delta.refusal or "" for delta in deltas)
        (body,) = (body for body in whole.raw["choices"] if body["index"] == choice.index)
        calls = body["message"].get("tool_calls") or []
        _check_tool_calls(calls, [call for delta in deltas for call in delta.tool_calls])
        if not _goes_on_after_its_end(parts):
            _check_delivered(message.text, "".join(delta.text for delta in deltas))
            # A service has thoughts in tags or in a field; of one with both, the field's come first in the whole.
            own = [own_reasoning(delta.extra) for delta in deltas]
            tagged = [delta.reasoning.removeprefix(text) for delta, text in zip(deltas, own, strict=True)]
            _check_delivered(message.reasoning or "", "".join([*own, *tagged]))


def _check_delivered(whole: str, delivered: str) -> None:
    """Check that all was delivered but the beginning of a tag, which waits for what comes next."""
    assert whole.startswith(delivered)
    held = whole[len(delivered) :]
    assert OPEN.startswith(held) or CLOSE.startswith(held)


def _goes_on_after_its_end(parts: list[Any]) -> bool:
    """Tell whether a choice has content after a finish reason that came alone, which has brought what was held."""
    ended = False
    for part in parts:
        if ended and part.delta.content:
            return True
        ended = ended or (part.finish_reason is not None and not part.delta.content)
    return False


def _check_tool_calls(calls: Sequence[dict[str, Any]], fragments: Sequence[ToolCallDelta]) -> None:
    """Check that the calls of a whole body hold what the fragments have brought, and nothing else.

    All arguments said once more are said once.
    """
    said = [(call.get(kind) or {}).get(member) or "" for call in calls for kind, member in CALLED]
    came = []
    for fragment in fragments:
        came.append((fragment.function and fragment.function.arguments) or "")
        came.append((fragment.extra.get("custom") or {}).get("input") or "")
    assert all(any(piece in text for text in said) for piece in came)
    lost = sorted("".join(came)) != sorted("".join(said))
    assert not lost or any(piece.startswith("{") and piece in said for piece in came)


#: What a call has its name and words in.
CALLED = (("function", "arguments"), ("custom", "input"))


def _use(completion: ChatCompletion) -> None:
    """Ask a completion for all that it has."""
    assert isinstance(completion.text, str)
    _ = completion.reasoning, completion.tool_calls, completion.finish_reason, completion.guardrail, repr(completion)
    assert completion.empty in (True, False)
    assert json.loads(json.dumps(completion.to_dict())) == completion.to_dict()
    for choice in completion.choices:
        calls = [call.id for call in choice.message.tool_calls]
        results = [{"role": "tool", "content": "x", "tool_call_id": call_id} for call_id in calls]
        user = {"role": "user", "content": "x"}
        validate_request({"model": "m", "messages": [user, choice.message, *results]})
        validate_request({"model": "m", "messages": [user, choice.message.to_dict(), *results, user]})
