"""From a whole answer to a completion, or to the exception that says why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import (
    APIStatusError,
    AssistantMessage,
    BadRequestError,
    BedrockOpenAIError,
    ChatCompletion,
    CustomToolCall,
    Headers,
    HTTPResponse,
    NotFoundError,
    RateLimitError,
    ResponseFormatError,
    parse_completion,
)
from bedrock_openai_http.transport.drive import read_all
from support import RecordedResponse

EXAMPLES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "data" / "spec_examples").glob("*.json"))
}

#: As the runtime answers, with the keys it sends and in its order; the text is ours.
RUNTIME: dict[str, Any] = {
    "choices": [
        {
            "finish_reason": "stop",
            "index": 0,
            "logprobs": None,
            "message": {
                "content": "<reasoning>A sum: 42.</reasoning>17 + 25 = 42.",
                "refusal": None,
                "role": "assistant",
            },
        }
    ],
    "created": 1769185778,
    "id": "chatcmpl-b4cd8721",
    "model": "openai.gpt-oss-20b-1:0",
    "object": "chat.completion",
    "service_tier": "default",
    "usage": {"completion_tokens": 41, "prompt_tokens": 78, "total_tokens": 119},
}


def answer(body: Any, status: int = 200, **headers: str) -> HTTPResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HTTPResponse(status, Headers({"x-amzn-RequestId": "r-1", **headers}), data)


def with_message(**message: Any) -> dict[str, Any]:
    return {**RUNTIME, "choices": [{**RUNTIME["choices"][0], "message": {"role": "assistant", **message}}]}


def failure_of(response: HTTPResponse) -> BedrockOpenAIError:
    with pytest.raises(BedrockOpenAIError) as caught:
        parse_completion(response)
    return caught.value


def test_a_recorded_answer() -> None:
    """An answer of the runtime is read whole: clean text, reasoning, usage, request ID, the body as it came."""
    completion = parse_completion(answer(RUNTIME))
    assert completion.text == "17 + 25 = 42."
    assert completion.reasoning == "A sum: 42."
    assert completion.choices[0].message.content == RUNTIME["choices"][0]["message"]["content"]
    assert completion.finish_reason == completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (78, 41)
    assert completion.usage.total_tokens == 119
    assert completion.request_id == completion._request_id == "r-1"
    assert completion.raw == RUNTIME
    assert completion.tool_calls == ()
    assert completion.guardrail is None
    assert completion.extra == completion.choices[0].extra == completion.choices[0].message.extra == {}


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if "completion" in example])
def test_the_specifications_answers(name: str) -> None:
    """Every example answer of the API's specification is read, and keeps its body."""
    body = EXAMPLES[name]["completion"]
    completion = parse_completion(answer(body))
    assert completion.raw == body
    assert completion.id == body["id"]
    assert completion.choices[0].message.content == body["choices"][0]["message"]["content"]
    assert completion.choices[0].logprobs == body["choices"][0]["logprobs"]


def test_unknown_fields_are_kept() -> None:
    """What this version does not know is kept where it stood; words the service may extend are passed through."""
    body = with_message(content="hi", reasoning="hm", mood="good")
    body["choices"][0] |= {"finish_reason": "tired", "seen": 1}
    body |= {
        "region": "moon",
        "usage": {**RUNTIME["usage"], "cost": 3, "prompt_tokens_details": {"cached_tokens": 8}},
    }
    completion = parse_completion(answer(body))
    assert completion.extra == {"region": "moon"}
    assert completion.choices[0].extra == {"seen": 1}
    assert completion.choices[0].message.extra == {"reasoning": "hm", "mood": "good"}
    assert completion.reasoning == "hm"
    assert completion.finish_reason == "tired"
    assert completion.usage is not None
    assert completion.usage.extra == {"cost": 3}
    assert completion.usage.prompt_tokens_details == {"cached_tokens": 8}


def test_optional_fields_may_be_missing_or_null() -> None:
    """A completion needs its choices and their messages; everything else may be missing or null."""
    bare = parse_completion(answer({"choices": [{"message": {}}]}))
    assert (bare.text, bare.reasoning, bare.usage, bare.finish_reason) == ("", None, None, None)
    nulls = dict.fromkeys(("id", "created", "model", "usage", "service_tier", "system_fingerprint", "object"))
    message = dict.fromkeys(("role", "content", "refusal", "tool_calls", "annotations", "audio", "function_call"))
    choice = {"index": 0, "message": message, "finish_reason": None, "logprobs": None}
    assert parse_completion(answer({**nulls, "choices": [choice]})).choices == bare.choices


def test_tool_calls() -> None:
    """Function and custom tool calls are told apart; arguments stay the text that the model wrote."""
    function = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": '{"broken'}}
    custom = {"id": "call_1", "type": "custom", "custom": {"name": "g", "input": "x"}}
    calls = parse_completion(answer(with_message(content=None, tool_calls=[function, custom]))).tool_calls
    assert [(call.id, call.type) for call in calls] == [("call_0", "function"), ("call_1", "custom")]
    assert calls[0].function.arguments == '{"broken'
    assert isinstance(calls[1], CustomToolCall)
    assert (calls[1].custom.name, calls[1].custom.input) == ("g", "x")


def test_a_message_goes_back_as_history_without_reasoning() -> None:
    """An answer's message can stand among a request's messages; its reasoning is left out."""
    call = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = (
        parse_completion(answer(with_message(content="<reasoning>x</reasoning>hi", tool_calls=[call])))
        .choices[0]
        .message
    )
    assert message.to_request_message() == AssistantMessage("hi", tool_calls=message.tool_calls)
    assert message.to_dict() == {"role": "assistant", "content": "hi", "tool_calls": [call]}


@pytest.mark.parametrize(
    ("extra", "prefix", "intervened", "trace"),
    [
        ({"amazon-bedrock-guardrailAction": "INTERVENED"}, "chatcmpl-", True, None),
        ({"amazon-bedrock-guardrailAction": "NONE"}, "chatcmpl-", False, None),
        ({}, "bedrock-guardrails-", True, None),
        ({"amazon-bedrock-trace": {"guardrail": {"input": {}}}}, "chatcmpl-", False, {"input": {}}),
        ({"amazon-bedrock-trace": "odd"}, "chatcmpl-", False, None),
    ],
)
def test_guardrail_outcome(extra: dict[str, Any], prefix: str, intervened: bool, trace: Any) -> None:
    """Each known sign of a guardrail is seen, and its trace is given as it came."""
    outcome = parse_completion(answer({**RUNTIME, **extra, "id": prefix + "1"})).guardrail
    assert outcome is not None
    assert (outcome.intervened, outcome.trace) == (intervened, trace)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the answer is not JSON: expecting value at character 0; no content type, empty body"),
        (b"<html><h1>Oh</h1></html>", "it begins: <html><h1>Oh</h1></html>"),
        (b'{"choices": [{"message": {"content": "SECRET', "the answer is not JSON: unterminated string"),
        (b'data: {"choices": [{"delta": {"content": "SECRET"}}]}', "expecting value at character 0; no content type"),
        (b': hello\n\ndata: {"choices": [{"delta": {"content": "SECRET"}}]}', "at character 0; no content type"),
        (b'{"choices": []} {"choices": []}', "the answer is not JSON: extra data at character 16"),
        (b'{"choices": NaN}', "NaN is not JSON"),
        (b'{"choices": [], "x": 1e400}', "a number out of range"),
        (b'{"choices": [], "x": ' + b"9" * 5000 + b"}", "an integer with too many digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"choices": "\xe4"}', "not UTF-8"),
        ('{"choices": []}'.encode("utf-16"), "not UTF-8"),
        (b"[]", "no chat completion: $ is an array, not an object"),
        (b"null", "no chat completion: $ is missing or null, not an object"),
        (b'"hi"', "no chat completion: $ is a string, not an object"),
        (b"{}", "no chat completion: $.choices is missing or null, not an array"),
        (b'{"choices": null}', "$.choices is missing or null, not an array"),
        (b'{"choices": "x"}', "$.choices is a string, not an array"),
        (b'{"choices": [null]}', "$.choices[0] is missing or null, not an object"),
        (b'{"choices": [{}]}', "$.choices[0].message is missing or null, not an object"),
        (b'{"choices": [{"message": {"content": 7}}]}', "$.choices[0].message.content is an integer, not a string"),
        (b'{"choices": [{"message": {"content": ["SECRET"]}}]}', "$.choices[0].message.content is an array"),
        (
            b'{"choices": [{"message": {"tool_calls": [{}]}}]}',
            "$.choices[0].message.tool_calls[0].function is missing",
        ),
        (
            b'{"choices": [{"message": {"tool_calls": {}}}]}',
            "$.choices[0].message.tool_calls is an object, not an array",
        ),
        (b'{"choices": [{"message": {"tool_calls": ["x"]}}]}', "tool_calls[0] is a string, not an object"),
        (b'{"choices": [{"message": {"function_call": "x"}}]}', "function_call is a string, not an object"),
    ],
)
def test_a_2xx_answer_that_is_no_completion(body: bytes, reason: str) -> None:
    """Such an answer raises ResponseFormatError, which says why in a few words and keeps the answer."""
    response = answer(body)
    error = failure_of(response)
    assert type(error) is ResponseFormatError
    assert reason in error.message
    assert "SECRET" not in str(error)
    assert len(str(error)) < 500
    assert error.request_id == "r-1"
    assert error.response is response


def test_bytes_that_are_read_leniently() -> None:
    """A byte order mark, white space around, a wrong charset and a repeated key do no harm."""
    body = b'\xef\xbb\xbf\n {"choices": [{"message": {"content": "no", "content": "caf\xc3\xa9"}}]}\r\n'
    assert parse_completion(answer(body, **{"content-type": "application/json; charset=iso-8859-1"})).text == "café"


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        # OpenAI's shape
        (404, {}, {"error": {"code": "model_not_found", "type": "not_found_error", "param": None, "message": "No."}},
         (NotFoundError, 404, "not_found_error", "model_not_found", None, "No.")),
        (400, {}, {"error": {"code": "c", "type": "t", "param": "n", "message": "No."}},
         (BadRequestError, 400, "t", "c", "n", "No.")),
        # AWS's shapes
        (403, {"x-amzn-ErrorType": "AccessDeniedException:http://internal.amazon.com/coral/x/"}, {"Message": "No."},
         (None, 403, "AccessDeniedException", "AccessDeniedException", None, "No.")),
        (429, {"x-amzn-ErrorType": "ThrottlingException"}, {"message": "No."},
         (RateLimitError, 429, "ThrottlingException", "ThrottlingException", None, "No.")),
        (400, {}, {"__type": "com.amazon.coral.service#SerializationException", "message": "No."},
         (BadRequestError, 400, "SerializationException", "SerializationException", None, "No.")),
        # an error as JSON inside the message of another
        (400, {}, {"error": {"code": "o", "type": "o", "message": json.dumps(
            {"error": {"code": "validation_error", "type": "t", "param": None, "message": "No."}})}},
         (BadRequestError, 400, "t", "validation_error", None, "No.")),
        # what the inner one does not say stands in the outer one
        (400, {}, {"error": {"code": "o", "type": "t", "param": "p", "message": '{"message": "No."}'}},
         (BadRequestError, 400, "t", "o", "p", "No.")),
        # the first that is a text
        (400, {}, {"message": {"a": 1}, "Message": "No."}, (BadRequestError, 400, None, None, None, "No.")),
        (400, {}, {"code": "a.b#SlowDown:http://x/", "errorMessage": "No."},
         (BadRequestError, 400, "SlowDown", "SlowDown", None, "No.")),
        # XML
        (403, {}, b"<InvalidSignatureException><Message>No.</Message></InvalidSignatureException>",
         (None, 403, "InvalidSignatureException", "InvalidSignatureException", None, "No.")),
        (403, {}, b'<?xml version="1.0"?>\n<ErrorResponse xmlns="x"><Error><Type>Sender</Type><Code>SlowDown</Code>'
         b"<Message>&quot;No.&quot; &#38;c</Message></Error><RequestId>r-2</RequestId></ErrorResponse>",
         (None, 403, "SlowDown", "SlowDown", None, '"No." &c')),
        (404, {}, b"<SlowDown><Message>No.</Message></SlowDown>", (NotFoundError, 404, None, None, None, "No.")),
        (403, {"x-amzn-ErrorType": "AccessDeniedException"}, b"<Error><Message>No.</Message></Error>",
         (None, 403, "AccessDeniedException", "AccessDeniedException", None, "No.")),
        (400, {}, b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Error><Message>&e;</Message></Error>",
         (BadRequestError, 400, None, None, None, "no error message; no content type, it begins: "
          "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Error><Message>&e;</Message></Error>")),
        # a message that only looks like one
        (400, {}, {"error": {"message": '{"a": 1}'}}, (BadRequestError, 400, None, None, None, '{"a": 1}')),
        (500, {}, {"error": "No."}, (None, 500, None, None, None, "No.")),
        (529, {}, {"errorMessage": "No."}, (None, 529, None, None, None, "No.")),
    ],
)  # fmt: skip
def test_error_answers(status: int, headers: dict[str, str], body: Any, expected: tuple[Any, ...]) -> None:
    """Each shape of an error becomes its class with the service's type, code, words and request ID."""
    error = failure_of(answer(body, status, **headers))
    assert isinstance(error, APIStatusError)
    kind, *fields = expected
    assert kind is None or type(error) is kind
    assert [error.status_code, error.type, error.code, error.param, error.message] == fields
    assert error.request_id == "r-1"
    assert error.response is not None
    assert error.response.headers.get("X-AMZN-REQUESTID") == "r-1"


def test_the_request_id_is_found_wherever_it_is() -> None:
    """The request ID comes from the first of its headers that is there, else from the body."""
    headers = {"x-amz-request-id": "third", "X-Request-ID": "second", "x-amzn-RequestId": "first"}
    for expected in ("first", "second", "third"):
        assert failure_of(HTTPResponse(500, Headers(headers), b"{}")).request_id == expected
        headers.popitem()
    assert failure_of(HTTPResponse(500, Headers(), b'{"requestId": "body"}')).request_id == "body"
    xml = b"<E><Code>x</Code><RequestId>body</RequestId></E>"
    assert failure_of(HTTPResponse(500, Headers(), xml)).request_id == "body"
    assert failure_of(HTTPResponse(500, Headers(), b"oh")).request_id is None


@pytest.mark.parametrize("bad", ["r\n1", "r\x1b[2J", "r\x85", "r\u202e1", "r\xa01", "ré", "r" * 201, "r\ud800"])
def test_what_is_no_request_id(bad: str) -> None:
    """A value that is not visible ASCII, or is very long, is no request ID: the next place is asked."""
    headers = {"x-amzn-RequestId": bad, "x-request-id": "second"}
    assert failure_of(HTTPResponse(500, Headers(headers), b"{}")).request_id == "second"
    body = {"requestId": bad}
    assert failure_of(HTTPResponse(500, Headers(), json.dumps(body).encode())).request_id is None
    assert failure_of(HTTPResponse(500, Headers({"x-request-id": "r" * 200}), b"{}")).request_id == "r" * 200
    good = HTTPResponse(200, Headers({"x-amzn-RequestId": bad}), json.dumps(RUNTIME).encode())
    assert parse_completion(good).request_id is None


@pytest.mark.parametrize(
    ("status", "leads_on"), [(300, False), (304, False), (305, False), (306, False), (399, False)]
)
@pytest.mark.parametrize("location", [{}, {"location": "https://a.example/x"}])
def test_what_is_no_redirect(status: int, leads_on: bool, location: dict[str, str]) -> None:
    """A status of 300 to 399 that leads nowhere is not called a redirect, whatever headers it has."""
    error = failure_of(answer(b"", status, **location))
    assert error.message == "no error message; no content type, empty body"
    assert type(error) is APIStatusError


def test_errors_without_words() -> None:
    """An error answer that is not JSON, is empty or is a redirect is described, in few words."""
    html = answer(b"<html>" + b"x " * 5000, 502, **{"content-type": "text/html"})
    assert failure_of(html).message.startswith("no error message; text/html, it begins: <html>x x x")
    assert len(failure_of(html).message) < 300
    assert failure_of(answer(b"", 503)).message == "no error message; no content type, empty body"
    redirect = answer(b"", 307, location="https://user:pw@evil.example/x?token=1")
    assert (
        failure_of(redirect).message
        == "the service answered with a redirect to evil.example, which is never followed"
    )


def test_error_objects_in_a_200_answer() -> None:
    """An error object with status 200 is raised as the error that it is; so is a path that Bedrock does not know."""
    error = failure_of(answer({"error": {"message": "No.", "code": 429}}))
    assert type(error) is RateLimitError
    assert error.status_code == 429
    unknown = {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}
    error = failure_of(answer(unknown))
    assert type(error) is NotFoundError
    assert (error.status_code, error.type) == (None, "UnknownOperationException")
    assert "check the base URL" in error.message


def test_a_long_answer_is_cut_off() -> None:
    """An answer above the limit raises ResponseFormatError, reads no further, and lets its connection go."""
    response = RecordedResponse(b"x" * 10, b"x" * 10, b"x" * 10)
    assert read_all(response, limit=30).body == b"x" * 30
    with pytest.raises(ResponseFormatError, match="longer than 29 bytes") as caught:
        read_all(response, limit=29)
    assert caught.value.request_id == "r-1"
    assert response.closed == [False, False]


@pytest.mark.parametrize(
    ("message", "empty"),
    [
        ({}, True),
        ({"content": ""}, True),
        ({"content": None, "tool_calls": [], "audio": {}, "refusal": "", "annotations": [1]}, True),
        ({"content": "<reasoning>only thoughts</reasoning>"}, True),
        ({"content": "", "reasoning": "only thoughts"}, True),
        ({"content": "<reasoning>x</reasoning> "}, False),
        ({"refusal": "no"}, False),
        ({"audio": {"id": "a"}}, False),
        ({"function_call": {"name": "f", "arguments": ""}}, False),
        ({"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": ""}}]}, False),
    ],
)
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_an_answer_that_says_nothing(message: dict[str, Any], empty: bool, finish_reason: str) -> None:
    """An answer without text, call, refusal and audio is empty; with a spent budget and thoughts it also says why."""
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    completion = parse_completion(answer({"choices": [choice]}))
    assert completion.empty is empty
    thought = completion.reasoning is not None
    assert completion.budget_spent_on_reasoning is (empty and thought and finish_reason == "length")


def test_an_answer_without_choices() -> None:
    """A completion without choices is one, as a content filter may give; its accessors are empty."""
    completion: ChatCompletion = parse_completion(answer({**RUNTIME, "choices": []}))
    assert (completion.text, completion.reasoning, completion.tool_calls) == ("", None, ())
    assert completion.finish_reason is None
    assert completion.empty is True
