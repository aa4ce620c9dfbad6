"""The bundled schemas: sound by themselves, strict for requests, tolerant for answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bedrock_openai_http import load_schema

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = {path.stem: json.loads(path.read_text("utf-8")) for path in (DATA / "spec_examples").glob("*.json")}
NAMES = ("request", "completion", "chunk", "error")
FIRST = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1769185778, "model": "openai.gpt-oss-20b-1:0"}
PIECE = {**FIRST, "object": "chat.completion.chunk"}
COUNTS = {"completion_tokens": 41, "prompt_tokens": 78, "total_tokens": 119}


def valid(name: str, value: Any) -> bool:
    return Draft202012Validator(load_schema(name)).is_valid(value)


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema, itself included."""
    if isinstance(schema, dict):
        yield schema
        for keyword in ("properties", "$defs"):
            for inner in schema.get(keyword, {}).values():
                yield from subschemas(inner)
        for keyword in ("items", "if", "then", "else", "additionalProperties", "propertyNames"):
            yield from subschemas(schema.get(keyword))
        for inner in schema.get("anyOf", []):
            yield from subschemas(inner)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_valid_schema(name: str) -> None:
    """Each file follows the metaschema of the draft that it names, and carries its own ID."""
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:bedrock-openai-http:{name}"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_uses_no_keyword_that_means_nothing(name: str) -> None:
    """A misspelt keyword would be ignored by any validator: there is none."""
    known = {*Draft202012Validator.VALIDATORS, "then", "else", "$defs"}
    known |= {"$schema", "$id", "$comment", "title", "description", "deprecated"}
    for schema in subschemas(load_schema(name)):
        assert set(schema) <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_is_local_and_every_definition_is_used(name: str) -> None:
    """Nothing is looked for outside the file, and nothing in it is left over."""
    schema = load_schema(name)
    references = {inner["$ref"] for inner in subschemas(schema) if "$ref" in inner}
    assert references == {f"#/$defs/{definition}" for definition in schema.get("$defs", {})}


@pytest.mark.parametrize("name", NAMES)
def test_every_member_is_described(name: str) -> None:
    """Each property says what it is, itself or through the definition that it refers to."""
    schema = load_schema(name)
    for inner in subschemas(schema):
        # The branches of a condition repeat the property that they test.
        described = "type" in inner and "if" not in inner
        for key, member in inner.get("properties", {}).items() if described else ():
            target = schema["$defs"][member["$ref"].removeprefix("#/$defs/")] if "$ref" in member else {}
            assert {**target, **member}.get("description"), key


def test_every_object_of_a_request_is_closed_or_meant_to_be_open() -> None:
    """Only a caller's own schemas and maps take any key; elsewhere an unknown key is an error."""
    open_objects = set()
    for schema in subschemas(load_schema("request")):
        if "object" in schema.get("type", ()) and "if" not in schema and "additionalProperties" not in schema:
            open_objects.add(schema.get("description"))
    assert open_objects == {"The JSON schema of the arguments.", "The JSON schema.", None}


def test_a_request_is_judged_without_guessing_what_was_meant() -> None:
    """Alternatives are chosen by role or type, so that an error belongs to the alternative that was meant."""
    for schema in subschemas(load_schema("request")):
        assert not {"oneOf", "anyOf", "allOf", "not"} & set(schema)


def test_load_schema_gives_a_fresh_dict() -> None:
    """A caller who changes a schema changes only that copy."""
    load_schema("request").clear()
    assert load_schema("request")["title"] == "Chat completion request"


def test_there_are_examples() -> None:
    """The examples are found, so that the next test is no empty one."""
    assert len(EXAMPLES) == 9


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_of_the_api_description_are_valid(name: str) -> None:
    """Each example follows the schema of its kind."""
    example = EXAMPLES[name]
    for kind in ("request", "completion"):
        if kind in example:
            assert valid(kind, example[kind])
    for chunk in example.get("chunks", []):
        assert valid("chunk", chunk)


BEDROCK_COMPLETIONS = {
    "reasoning in the content": {
        **FIRST,
        "choices": [
            {
                "finish_reason": "stop",
                "index": 0,
                "logprobs": None,
                "message": {"content": "<reasoning>2</reasoning>4", "refusal": None, "role": "assistant"},
            }
        ],
        "service_tier": "default",
        "usage": COUNTS,
    },
    "reasoning beside the content, by mantle": {
        **FIRST,
        "choices": [
            {
                "finish_reason": "length",
                "index": 0,
                "message": {"content": None, "reasoning": "2", "refusal": None, "role": "assistant"},
            }
        ],
        "usage": {**COUNTS, "prompt_tokens_details": {"cached_tokens": 48, "cache_write_tokens": 2}},
    },
    "a guardrail's intervention with its trace": {
        **FIRST,
        "id": "bedrock-guardrails-1f",
        "choices": [{"finish_reason": "stop", "index": 0, "message": {"content": "No.", "role": "assistant"}}],
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": {"guardrail": {"input": {}}},
    },
    "words and members of a later version": {
        **FIRST,
        "choices": [{"finish_reason": "pause", "index": 0, "message": {"role": "model", "mood": 1}, "x": []}],
        "service_tier": "standard",
    },
}
BEDROCK_CHUNKS = {
    "the first, padded in the choice": {
        "delta": {"content": "", "role": "assistant"},
        "finish_reason": None,
        "index": 0,
        "obfuscation": "QEfs",
    },
    "reasoning with its tags": {"delta": {"content": "<reasoning>2</reasoning>"}, "index": 0},
    "reasoning by mantle": {"delta": {"reasoning": "2", "content": None}, "index": 0},
    "pieces of one tool call in one chunk": {
        "delta": {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "chatcmpl-tool-93",
                    "function": {"arguments": "{", "name": "f"},
                    "type": "function",
                },
                {"index": 0, "function": {"arguments": "}"}},
                {"index": 0, "id": None, "type": None, "function": None},
            ]
        },
        "finish_reason": None,
        "index": 0,
    },
    "the last": {"delta": {}, "finish_reason": "tool_calls", "index": 0},
}
BEDROCK_ERRORS: dict[str, Any] = {
    "OpenAI's shape": {
        "error": {"code": "model_not_found", "type": "not_found_error", "param": None, "message": "m"}
    },
    "an AWS front end": {"Message": "m"},
    "an AWS service": {"message": "m"},
    "an AWS service that names the exception": {"__type": "com.amazon#ThrottlingException", "message": None},
    "an unknown path, with status 200": {"Output": {"__type": "com.amazon.coral.service#X"}, "Version": "1.0"},
}


@pytest.mark.parametrize("name", BEDROCK_COMPLETIONS)
def test_completions_as_bedrock_sends_them_are_valid(name: str) -> None:
    """What Bedrock adds, leaves out or calls otherwise is no fault; and no such answer looks like an error."""
    assert valid("completion", BEDROCK_COMPLETIONS[name])
    assert not valid("error", BEDROCK_COMPLETIONS[name])


@pytest.mark.parametrize("name", BEDROCK_CHUNKS)
def test_chunks_as_bedrock_sends_them_are_valid(name: str) -> None:
    """What Bedrock adds to a chunk is no fault."""
    assert valid("chunk", {**PIECE, "choices": [BEDROCK_CHUNKS[name]], "usage": None})


def test_the_chunk_that_tells_the_usage_is_valid() -> None:
    """The last chunk has no choice in it."""
    assert valid("chunk", {**PIECE, "choices": [], "service_tier": "default", "usage": COUNTS})


@pytest.mark.parametrize("name", BEDROCK_ERRORS)
def test_errors_as_bedrock_sends_them_are_valid(name: str) -> None:
    """Every shape of an error is known as one, and none passes as a completion or a chunk."""
    assert valid("error", BEDROCK_ERRORS[name])
    assert not valid("completion", BEDROCK_ERRORS[name])
    assert not valid("chunk", BEDROCK_ERRORS[name])


BAD_COMPLETIONS: dict[str, Any] = {
    "no object": "chat.completion",
    "no choices": FIRST,
    "choices that are no list": {**FIRST, "choices": None},
    "a chunk": {**PIECE, "choices": []},
    "a choice without a message": {**FIRST, "choices": [{"index": 0}]},
    "content that is no text": {**FIRST, "choices": [{"index": 0, "message": {"role": "assistant", "content": 1}}]},
    "a finish reason that is no word": {
        **FIRST,
        "choices": [{"index": 0, "message": {"role": "assistant"}, "finish_reason": 1}],
    },
    "a function call without its function": {
        **FIRST,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "tool_calls": [{"id": "a", "type": "function"}]}},
        ],
    },
    "a custom call without its input": {
        **FIRST,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom"}]}},
        ],
    },
    "token counts that are no numbers": {**FIRST, "choices": [], "usage": {**COUNTS, "total_tokens": "119"}},
    "a log probability that is no number": {
        **FIRST,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant"},
                "logprobs": {"content": [{"token": "a", "logprob": None}]},
            }
        ],
    },
}


@pytest.mark.parametrize("name", BAD_COMPLETIONS)
def test_what_is_no_completion_is_not_valid(name: str) -> None:
    """Tolerance has an end where a caller would be misled."""
    assert not valid("completion", BAD_COMPLETIONS[name])


BAD_CHOICES: dict[str, Any] = {
    "no delta": {"index": 0},
    "content that is no text": {"index": 0, "delta": {"content": []}},
    "a tool call without its index": {"index": 0, "delta": {"tool_calls": [{"function": {"arguments": "{"}}]}},
    "arguments that are no text": {
        "index": 0,
        "delta": {"tool_calls": [{"index": 0, "function": {"arguments": {}}}]},
    },
}


@pytest.mark.parametrize("name", BAD_CHOICES)
def test_what_is_no_chunk_is_not_valid(name: str) -> None:
    """A chunk that would be put together wrongly is no chunk."""
    assert not valid("chunk", {**PIECE, "choices": [BAD_CHOICES[name]]})


@pytest.mark.parametrize("body", [{}, [], "no", {"error": "no"}, {"error": {}}, {"message": 1}, {"Output": {}}])
def test_what_says_nothing_is_no_error(body: Any) -> None:
    """An error has at least a message or an exception's name."""
    assert not valid("error", body)
