"""What is refused before anything is sent: the place, the rule, the words, and that no prompt is in them."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import pickle
import traceback
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing.exceptions import Unresolvable

from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletionRequest,
    FunctionCall,
    FunctionTool,
    Guardrail,
    RequestValidationError,
    ToolCall,
    ToolMessage,
    UserMessage,
    load_schema,
    validate_request,
)
from bedrock_openai_http.validation import schema as schema_errors
from bedrock_openai_http.validation.fields import MAX_DEPTH, json_path
from bedrock_openai_http.validation.schema import schema_flaw
from bedrock_openai_http.validation.validate import RULES, check_field_names
from support import RawServer, http

DATA = Path(__file__).parents[1] / "data"
FULL = json.loads((DATA / "full_requests.json").read_text("utf-8"))
EXAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted((DATA / "spec_examples").glob("*.json"))]
MODEL = "openai.gpt-oss-20b-1:0"

#: Stands wherever a caller could have written something; no error may repeat it.
CANARY = "c4n4ry"
USER = {"role": "user", "content": CANARY}
TEXT = {"type": "text", "text": CANARY}
TOOL = {"type": "function", "function": {"name": "f"}}


def body(*messages: Any, **members: Any) -> dict[str, Any]:
    """A valid request with the given messages and members in it."""
    return {"model": MODEL, "messages": list(messages) or [USER], **members}


def nested(depth: int) -> Any:
    """A list in a list and so on, `depth` of them."""
    value: Any = CANARY
    for _ in range(depth):
        value = [value]
    return value


def format_of(name: str) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": name}}


CIRCULAR: dict[str, Any] = {}
CIRCULAR["again"] = CIRCULAR

#: What is wrong, the body, the place, the rule, and the words of the error: the cases that JSON can hold, and others.
BAD: list[tuple[str, Any, str, str, str]] = [
    *(
        (case["what"], case.get("body", body(**case.get("members", {}))), case["path"], case["rule"], case["words"])
        for case in json.loads((DATA / "bad_requests.json").read_text("utf-8"))
    ),
    ("too many functions", body(functions=[{"name": "f"}] * 129), "$.functions", "maxItems", "must have at most 128"),
    ("a set", body(stop={CANARY}), "$.stop", "json-type", 'must be a JSON value, not "set"'),
    ("bytes", body({**USER, "content": b"c4n4ry"}), "$.messages[0].content", "json-type", 'not "bytes"'),
    ("a class", body(UserMessage), "$.messages[0]", "json-type", 'not "type"'),
    ("a key that is no text", body(metadata={7: CANARY}), "$.metadata", "json-key", "is not a string"),
    ("NaN", body(temperature=math.nan), "$.temperature", "json-number", "must be a finite number"),
    ("infinity", body(temperature=-math.inf), "$.temperature", "json-number", "must be a finite number"),
    ("an endless integer", body(seed=10**5000), "$.seed", "json-number", "must be a finite number"),
    ("half a surrogate pair", body({**USER, "content": "\ud83d"}), "$.messages[0].content", "json-text", "has half"),
    ("half a pair in a key", body(metadata={"\udc00": CANARY}), "$.metadata", "json-text", "has a key with half"),
    (
        "no end",
        body(metadata=CIRCULAR),
        f"{('$.metadata' + '.again' * 99)[:597]}...",
        "json-depth",
        "nested more than 100",
    ),
    ("too deep", body(stop=nested(100)), "$.stop" + "[0]" * 99, "json-depth", "nested more than 100 deep"),
    ("far too deep", body(stop=nested(20_000)), "$.stop" + "[0]" * 99, "json-depth", "nested more than 100 deep"),
]


def error_of(request: Any) -> RequestValidationError:
    with pytest.raises(RequestValidationError) as caught:
        validate_request(request)
    return caught.value


@pytest.mark.parametrize(
    ("request_body", "path", "rule", "words"), [case[1:] for case in BAD], ids=[c[0] for c in BAD]
)
def test_a_bad_request_is_refused_with_its_place_and_rule(
    request_body: Any, path: str, rule: str, words: str
) -> None:
    """The error names the exact place and the rule, in one short line, and repeats nothing of the request."""
    error = error_of(request_body)
    assert (error.json_path, error.rule) == (path, rule)
    assert words in error.message
    assert str(error) == f"{path}: {error.message}"
    assert "\n" not in str(error)
    assert len(str(error)) <= 1024


@pytest.mark.parametrize("request_body", [case[1] for case in BAD], ids=[case[0] for case in BAD])
def test_no_error_holds_anything_of_the_prompt(request_body: Any) -> None:
    """Neither its text nor what it carries, in memory or pickled, nor an exception behind it."""
    error = error_of(request_body)
    shown = f"{error}{error!r}{vars(error)}{pickle.dumps(error)!r}"
    # Only the last lines: the lines of code are this test's own.
    shown += "".join(traceback.format_exception_only(error))
    assert CANARY not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


def test_every_rule_has_a_case() -> None:
    """The table breaks each rule of ours, and each keyword with which the schema can refuse."""
    keywords = set(Draft202012Validator.VALIDATORS) & keywords_of(load_schema("request"))
    structure = {"properties", "items", "if", "$ref", "propertyNames", "additionalProperties"}
    assert {case[3] for case in BAD} == (keywords - structure) | (set(RULES) - {"given-twice"})


def test_the_bundled_schema_alone_refuses_the_same() -> None:
    """Other validators than ours find the same bodies at fault, except that 1.0 may be an integer to them."""
    alone = Draft202012Validator(load_schema("request"))
    ours = set(RULES) - {"unknown-key"}
    for what, request_body, _, rule, _ in BAD:
        if rule not in ours:
            assert alone.is_valid(request_body) == (what == "a float for an integer"), what


def keywords_of(schema: Any) -> set[str]:
    """Every keyword in a schema; the names of its properties and definitions are none."""
    if not isinstance(schema, dict):
        return set()
    named = {name: schema.get(name, {}) for name in ("properties", "$defs")}
    inner = [*(schema | dict.fromkeys(named)).values(), *(s for group in named.values() for s in group.values())]
    return set(schema).union(*map(keywords_of, inner))


@pytest.mark.parametrize("request_body", [*FULL, *(case["request"] for case in EXAMPLES if "request" in case)])
def test_good_requests_are_accepted_in_every_form(request_body: dict[str, Any]) -> None:
    """As a body, as a request of ours, and as jsonschema by itself sees the bundled schema."""
    before = copy.deepcopy(request_body)
    validate_request(request_body)
    validate_request(ChatCompletionRequest.from_body(request_body))
    Draft202012Validator(load_schema("request")).validate(request_body)
    assert request_body == before


def test_the_good_requests_cover_every_member_of_the_schema() -> None:
    """Each member of each kind of object occurs in a request that is accepted."""
    objects = [value for request in FULL for value in all_objects(request)]
    schema = load_schema("request")
    for properties in (s["properties"] for s in all_objects(schema) if s.get("additionalProperties") is False):
        for name in properties:
            assert any(name in value and set(value) <= set(properties) for value in objects), name


def all_objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [inner for item in value for inner in all_objects(item)]
    if isinstance(value, dict):
        return [value, *(inner for item in value.values() for inner in all_objects(item))]
    return []


GOOD = [
    body(stop=(CANARY,)),
    MappingProxyType(body(metadata=MappingProxyType({"a": "b"}))),
    OrderedDict(body()),
    body(UserMessage("a"), AssistantMessage(tool_calls=[ToolCall("a", FunctionCall("f", ""))]), ToolMessage("", "a")),
    body(tools=[FunctionTool("f")], tool_choice={"type": "function", "function": {"name": "f"}}),
    body({"role": "assistant", "content": ""}),
    body({"role": "assistant", "content": [TEXT]}),
    body({**USER, "content": "\U0001f600 \u202f"}),
    body(
        tools=[{"type": "function", "function": {"name": "f" * 64, "parameters": {"$ref": "https://127.0.0.1:9/"}}}]
    ),
    body(tools=[{"type": "function", "function": {"name": "f", "parameters": {"maximum": 10**300}}}]),
    body(metadata={"k" * 64: "v" * 512}),
    body(stop=nested(1)),
    body(seed=2**63 - 1, n=128, temperature=2, top_p=0, safety_identifier="x" * 128),
    body(response_format=format_of("f-1_")),
    body(stream=None, stream_options=None, logprobs=None, top_logprobs=None),
    body(tool_choice="none"),
    body(parallel_tool_calls=True),
    body(max_tokens=1, max_completion_tokens=2),
]


@pytest.mark.parametrize("request_body", GOOD, ids=range(len(GOOD)))
def test_what_the_api_allows_is_not_refused(request_body: Any) -> None:
    """Limits are inclusive, containers may be read-only, and a caller's own schema may say what it likes."""
    validate_request(request_body)


LIMITS = [
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("frequency_penalty", -2, 2),
    ("presence_penalty", -2, 2),
    ("n", 1, 128),
    ("seed", -(2**63), 2**63 - 1),
]


@pytest.mark.parametrize(("name", "least", "most"), LIMITS)
def test_a_number_may_be_at_its_limits_and_not_beyond(name: str, least: int, most: int) -> None:
    """Both ends of a range belong to it."""
    validate_request(body(**{name: least}))
    validate_request(body(**{name: most}))
    assert error_of(body(**{name: least - 1})).rule == "minimum"
    assert error_of(body(**{name: most + 1})).rule == "maximum"


def test_values_may_be_nested_as_deep_as_the_limit() -> None:
    """The limit is on what is refused, and the deepest value that is not refused is accepted."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {"a": nested(MAX_DEPTH - 5)}}}
    validate_request(body(tools=[tool]))
    tool["function"]["parameters"]["a"] = nested(MAX_DEPTH - 4)  # type: ignore[index]
    assert error_of(body(tools=[tool])).rule == "json-depth"


#: How a value comes into a request, and how many levels lie above it.
WAYS: list[tuple[str, int, Any]] = [
    ("a body", 5, lambda a: body(tools=[{**TOOL, "function": {"name": "f", "parameters": {"a": a}}}])),
    (
        "a mapping in a field",
        5,
        lambda a: fields(tools=[{**TOOL, "function": {"name": "f", "parameters": {"a": a}}}]),
    ),
    ("a value in a field", 5, lambda a: fields(tools=[FunctionTool("f", parameters={"a": a})])),
    ("a value in a body", 5, lambda a: body(tools=[FunctionTool("f", parameters={"a": a})])),
    ("extra_body", 1, lambda a: fields(extra_body={"a": a})),
    ("extra of a message", 3, lambda a: fields(messages=[UserMessage(CANARY, extra={"a": a})])),
]


def fields(**given: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(**body(**given))


@pytest.mark.parametrize(("above", "request_of"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_the_limit_is_the_same_by_every_way(above: int, request_of: Any) -> None:
    """A value that comes by a field of the request may lie as deep as one in a body, and no deeper."""
    validate_request(request_of(nested(MAX_DEPTH - above)))
    for depth in (MAX_DEPTH - above + 1, MAX_DEPTH - above + 2, 5000):
        assert error_of(request_of(nested(depth))).rule == "json-depth"


def test_the_first_fault_of_the_document_is_reported() -> None:
    """Of several faults the first one counts; in one object an unknown key comes before a missing one."""
    assert error_of({"messages": [{"role": "user"}], "model": 1}).json_path == "$.messages[0].content"
    assert error_of({"model": 1, "messages": [{"role": "user"}]}).json_path == "$.model"
    assert error_of({"modle": MODEL, "messages": []}).json_path == "$.modle"


def references(url: str) -> dict[str, Any]:
    """Return a schema, such as a caller may have for a tool, that refers to elsewhere in each way that there is."""
    kinds = ("$schema", "$id", "$ref", "$dynamicRef", "$recursiveRef", "$vocabulary")
    return {
        **dict.fromkeys(kinds, f"{url}/schema"),
        "$defs": {"a": {"$ref": f"{url}/defs"}},
        "properties": {"p": {"$ref": "file:///etc/hostname"}, "q": {"$ref": "#/$defs/none"}},
    }


def test_a_remote_reference_in_a_callers_schema_is_not_fetched() -> None:
    """A `$ref` to somewhere in a schema of the caller's is data: nobody asks for it, though jsonschema walks past."""
    with RawServer(lambda number: [http(b"{}")]) as server:
        schema = references(server.url)
        function = {"name": "f", "parameters": schema}
        request = body(
            tools=[{"type": "function", "function": function}],
            response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
        )
        validate_request(request)  # by the check that is made from the schema
        assert schema_flaw(request) is None  # by jsonschema
        error = error_of({**request, "zzz": 1})  # by both: the flaw is the last member
        assert (error.json_path, error.rule) == ("$.zzz", "unknown-key")
        function["surplus"] = 1
        assert error_of(request).json_path == "$.tools[0].function.surplus"
        assert (server.requests, server.connections) == ([], 0)


@pytest.mark.parametrize("keyword", ["$dynamicRef", "$recursiveRef", "$schema", "$id"])
def test_jsonschema_itself_fetches_nothing(keyword: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a schema that is applied refers to elsewhere, jsonschema has nothing to fetch it with."""
    with RawServer(lambda number: [http(b'{"type": "object"}')]) as server:
        elsewhere = {keyword: f"{server.url}/schema", "type": "object"}
        monkeypatch.setattr(schema_errors, "load_schema", lambda name: elsewhere)
        schema_errors._request_schema.cache_clear()
        try:
            with contextlib.suppress(Unresolvable):
                schema_flaw({})
        finally:
            schema_errors._request_schema.cache_clear()
        assert (server.requests, server.connections) == ([], 0)


def test_an_enormous_prompt_of_the_wrong_type_gives_a_short_error() -> None:
    """The text of an error has a bound, whatever the request holds."""
    error = error_of(body({"role": "user", "content": {"x" * 2_000_000: "y" * 2_000_000}}))
    assert len(str(error)) < 100
    assert len(str(error_of(body(**{"x" * 2_000_000: 1})))) < 300


def test_extra_body_is_only_checked_to_be_json() -> None:
    """Fields that this version does not know can be sent, if they can be sent at all."""
    extra = {"new_field": {"anything": (1, None, UserMessage("a"))}, "temperature": 7}
    validate_request(ChatCompletionRequest(MODEL, [UserMessage("a")], extra_body=extra))
    error = error_of(ChatCompletionRequest(MODEL, [UserMessage("a")], extra_body={"new": {"a": [math.nan]}}))
    assert (error.json_path, error.rule) == ("$.new.a[0]", "json-number")
    error = error_of(ChatCompletionRequest(MODEL, [UserMessage("a")], extra_body=[CANARY]))  # type: ignore[arg-type]
    assert (error.json_path, error.rule) == ("$", "type")


def test_a_field_is_not_given_twice() -> None:
    """Which of the two should be sent would be a guess."""
    request = ChatCompletionRequest(MODEL, [UserMessage("a")], top_p=0.5, extra_body={"top_p": 0.6})
    error = error_of(request)
    assert (error.json_path, error.rule) == ("$.top_p", "given-twice")
    guardrail = Guardrail("gr1", "1", tag_suffix="x")
    config = {"amazon-bedrock-guardrailConfig": {"tagSuffix": "y"}}
    assert error_of(ChatCompletionRequest(MODEL, [], guardrail=guardrail, extra_body=config)).rule == "given-twice"


def test_a_field_in_extra_body_is_not_missed_by_a_rule() -> None:
    """Tools that are sent past the schema are tools: a choice among them is not judged."""
    tools = {"tools": [{"type": "tool_of_tomorrow"}]}
    validate_request(ChatCompletionRequest(MODEL, [UserMessage("a")], tool_choice="auto", extra_body=tools))
    assert error_of(ChatCompletionRequest(MODEL, [UserMessage("a")], tool_choice="auto")).rule == "tool-choice"


def test_a_request_without_its_fields_is_refused_like_a_body() -> None:
    """None is "not set", and what must be set is missing then."""
    assert error_of(ChatCompletionRequest(None, [UserMessage("a")])).json_path == "$.model"  # type: ignore[arg-type]
    assert error_of(ChatCompletionRequest(MODEL, [])).rule == "minItems"


def test_field_names_are_checked_with_a_hint() -> None:
    """The names that a caller passes as keywords are those of the fields."""
    check_field_names(["model", "messages", "top_p"])
    with pytest.raises(RequestValidationError, match='did you mean "max_completion_tokens"') as caught:
        check_field_names(["model", "max_completions_tokens"])
    assert (caught.value.json_path, caught.value.rule) == ("$.max_completions_tokens", "unknown-key")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "$"),
        (("a", 0, "b_1"), "$.a[0].b_1"),
        (("odd key", "", 'q"', "1a", "\u00e9"), r'$["odd key"][""]["q\""]["1a"]["\u00e9"]'),
    ],
)
def test_a_json_path_can_be_read_by_others(path: tuple[str | int, ...], text: str) -> None:
    """Plain names stand after a dot, all others in brackets and quotes."""
    assert json_path(path) == text


def test_a_stack_that_is_nearly_used_up_gives_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room left to look at the request, that is said, with the error of this package."""

    def overflow(*_: object) -> None:
        raise RecursionError

    for name in ("sure", "json_flaw"):
        monkeypatch.setattr(f"bedrock_openai_http.validation.validate.{name}", overflow)
    error = error_of(body())
    assert (error.json_path, error.rule) == ("$", "json-depth")
    assert error.__context__ is None
