"""How an answer of one shape is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, make_dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any

import pytest

from bedrock_openai_http import (
    ChatCompletionRequest,
    ConfigurationError,
    RequestValidationError,
    SystemMessage,
    TextPart,
    UserMessage,
    lint_request,
    schema_of,
    typed_request,
    validate_request,
)
from bedrock_openai_http.structured.kinds import asked_kind

HELLO = UserMessage("Hello!")


@dataclass
class Point:
    """A place."""

    x: float
    y: float | None = None


def request(model: str = "us.openai.gpt-6-sol", **fields: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(model, fields.pop("messages", [HELLO]), **fields)


@pytest.mark.parametrize(
    ("model", "endpoint", "way"),
    [
        ("us.openai.gpt-5.6-sol", "runtime", "response_format"),
        ("global.openai.gpt-6-astra", "runtime", "response_format"),
        ("openai.gpt-7-terra", "runtime", "response_format"),
        ("us.xai.grok-4.6", "runtime", "response_format"),
        ("openai.gpt-oss-20b-1:0", "runtime", "message"),
        ("openai.gpt-oss-120b", "mantle", "message"),
        ("qwen.qwen3-32b", "mantle", "response_format"),
        ("qwen.qwen3-32b-v1:0", "runtime", "message"),
        ("someone.something", "runtime", "message"),
    ],
)
def test_the_way_is_what_the_model_heeds(model: str, endpoint: str, way: str) -> None:
    """A strict format where it is known to be enforced; words where it is ignored, or nothing is known."""
    body = typed_request(request(model), Point, endpoint=endpoint).to_body()
    assert ("response_format" in body) is (way == "response_format")
    assert (len(body["messages"]) == 2) is (way == "message")


def test_a_strict_format_has_the_schema_and_its_name() -> None:
    """The format is what `schema_of` gives, strict, under the kind's name; nothing else of the request changes."""
    asked = typed_request(request(seed=5), Point)
    wanted = {"name": "Point", "strict": True, "schema": schema_of(Point)}
    assert asked.response_format == {"type": "json_schema", "json_schema": wanted}
    assert (asked.messages, asked.seed) == ((HELLO,), 5)
    assert [lint.rule for lint in lint_request(asked, region="us-west-2")] == ["seed"]
    validate_request(asked.to_body())


WORDS = json.dumps(schema_of(Point), separators=(",", ":"))


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        ([HELLO], 2),
        ([SystemMessage("Be brief."), HELLO], 2),
        ([{"role": "developer", "content": "Be brief."}, HELLO], 2),
        ([SystemMessage([TextPart("Be brief.")]), HELLO], 2),
    ],
)
@pytest.mark.parametrize("as_mapping", [False, True])
def test_words_join_the_instructions(messages: list[Any], count: int, as_mapping: bool) -> None:
    """The schema in words is the end of the first instructions, or these where there are none; the rest stays."""
    given: Any = {"model": "m.m", "messages": messages} if as_mapping else request("m.m", messages=messages)
    asked = typed_request(given, Point, how="message")
    body = asked if as_mapping else asked.to_body()
    validate_request(body)
    first, *rest = ChatCompletionRequest.from_body(body).to_body()["messages"]
    content = first["content"]
    said = content if isinstance(content, str) else "\n\n".join(part["text"] for part in content)
    assert said.startswith("Be brief.\n\n" if len(messages) == 2 else "Answer with one JSON document")
    assert said.endswith(WORDS)
    assert 1 + len(rest) == count
    assert rest[-1]["content"] == "Hello!"


@pytest.mark.parametrize("as_mapping", [False, True])
@pytest.mark.parametrize(
    "fields",
    [{"response_format": {"type": "text"}}, {"stream": True}, {"n": 2}, {"extra_body": {"response_format": {}}}],
)
def test_what_a_kind_settles_is_not_given_twice(fields: dict[str, Any], as_mapping: bool) -> None:
    """A format of its own, a stream and several choices are refused by their path, in extra_body too."""
    given: Any = {"model": "m.m", "messages": [HELLO], **fields.get("extra_body", fields)}
    with pytest.raises(RequestValidationError) as caught:
        typed_request(given if as_mapping else request("m.m", **fields), Point)
    assert caught.value.json_path in ("$.response_format", "$.stream", "$.n")
    assert caught.value.rule == "typed-answer"


def test_what_cannot_be_asked_for_is_said_at_once() -> None:
    """A kind without a strict schema is a TypeError, another `how` a ConfigurationError, no request a typed error."""
    with pytest.raises(TypeError, match=r"Bag\.things: set cannot be asked for: .*; write list\[T\]"):
        typed_request(request(), make_dataclass("Bag", [("things", set)]))
    with pytest.raises(ConfigurationError, match="how: must be one of auto, response_format, message"):
        typed_request(request(), Point, how="json")
    with pytest.raises(RequestValidationError, match="must be a ChatCompletionRequest or a mapping"):
        typed_request("Hello!", Point)  # type: ignore[type-var]


def test_a_schema_is_the_callers_own() -> None:
    """What a caller does to one schema does not show in the next."""
    schema_of(Point)["properties"].clear()
    assert list(schema_of(Point)["properties"]) == ["x", "y"]


def test_a_schema_may_be_any_mapping_of_json() -> None:
    """Mappings of other classes and tuples are what they are in JSON; the kind of a schema is made once."""
    schema = {"type": "object", "properties": {"a": {"enum": (1, 2)}}, "required": ("a",)}
    given = MappingProxyType({**schema, "properties": MappingProxyType(schema["properties"])})  # type: ignore[call-overload]
    assert schema_of(given) == schema_of(schema)
    assert asked_kind(given) is asked_kind({**schema})


def holding_itself() -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array"}
    schema["items"] = schema
    return schema


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "number", "minimum": float("nan")}, "no JSON"),
        ({"enum": [b"x"]}, "no JSON"),
        (holding_itself(), "no JSON .it holds itself; refer to what is nested by .ref."),
        (reduce(lambda inner, _: {"type": "array", "items": inner}, range(150), {}), "too deeply"),
        (request(), "this is a request"),
        (request().to_body(), "this is a request"),
    ],
)
def test_what_is_no_schema_is_a_type_error(schema: Any, words: str) -> None:
    """NaN, what is no JSON, a mapping that holds itself or is very deep, and a request in the place of the kind."""
    with pytest.raises(TypeError, match=words):
        schema_of(schema)
