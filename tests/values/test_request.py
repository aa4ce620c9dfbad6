"""A request as one value: its body in both directions, and the guardrail's headers."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletionRequest,
    CustomTool,
    FunctionTool,
    Guardrail,
    RequestValidationError,
    SystemMessage,
    TextPart,
    UserMessage,
    load_schema,
)
from bedrock_openai_http.values.request import FIELDS
from chance import tries

DATA = Path(__file__).parents[1] / "data"
FULL = json.loads((DATA / "full_requests.json").read_text("utf-8"))
EXAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted((DATA / "spec_examples").glob("*.json"))]
BODIES = [*FULL, *(example["request"] for example in EXAMPLES if "request" in example)]
MODEL = "openai.gpt-oss-20b-1:0"


def set_members(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` without the fields that are null; what is no field of ours is kept even then."""
    return {name: value for name, value in body.items() if value is not None or name not in FIELDS}


@pytest.mark.parametrize("body", BODIES)
def test_reading_a_body_and_writing_it_again_changes_nothing(body: dict[str, Any]) -> None:
    """`from_body` is the inverse of `to_body`; only a null member, which means "not set", is left out."""
    before = copy.deepcopy(body)
    request = ChatCompletionRequest.from_body(body)
    assert request.to_body() == set_members(body)
    assert ChatCompletionRequest.from_body(request.to_body()) == request
    assert body == before


def test_what_fits_becomes_a_value_of_ours() -> None:
    """Of a well-formed body, every message and tool is read into its class, and so are their parts."""
    request = ChatCompletionRequest.from_body({"model": MODEL, "messages": [{"role": "user", "content": "a"}]})
    assert request == ChatCompletionRequest(MODEL, [UserMessage("a")])
    full = ChatCompletionRequest.from_body(FULL[0])
    assert all(map(is_ours, full.tools or ()))
    # The one exception: `"content": null` beside a refusal has no value of ours that would give it back.
    assert [is_ours(message) for message in full.messages] == [True] * 4 + [False] + [True] * 6


def is_ours(value: object) -> bool:
    return type(value).__module__.startswith("bedrock_openai_http.")


WORDS = st.sampled_from(["role", "type", "content", "text", "user", "assistant", "function", "name", "tool_calls"])
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
OBJECTS = st.dictionaries(WORDS, SCALARS | st.lists(st.dictionaries(WORDS, SCALARS), max_size=2))
NAMES = st.sampled_from(["model", "messages", "tools", "stop", "new", "guardrail", "extra_body"])


@given(st.dictionaries(NAMES, SCALARS | OBJECTS | st.lists(SCALARS | OBJECTS, max_size=3)))
@tries(100)
def test_no_body_however_odd_loses_anything(body: dict[str, Any]) -> None:
    """Whatever a body holds, however much it resembles a message, it comes out as it went in."""
    assert ChatCompletionRequest.from_body(body).to_body() == set_members(body)


def test_the_fields_are_the_members_that_the_schema_names() -> None:
    """No member of the API is missing; beyond them there are only the guardrail and the extra body."""
    names = {field.name for field in fields(ChatCompletionRequest)}
    members = set(load_schema("request")["properties"])
    assert names - members == {"guardrail", "extra_body"}
    assert members - names == {"amazon-bedrock-guardrailConfig"}


@pytest.mark.parametrize(("tool", "definition"), [(FunctionTool, "function"), (CustomTool, "custom")])
def test_the_fields_of_a_tool_are_the_members_that_the_schema_names(tool: type, definition: str) -> None:
    """No member of a tool but a second `type` is missing from its class; beyond them there is only `extra`."""
    members = load_schema("request")["$defs"][f"{definition}_tool"]["properties"][definition]["properties"]
    assert {field.name for field in fields(tool)} - {"extra"} == set(members) - {"type"}


def test_unset_fields_are_not_sent() -> None:
    """A body holds what was given and nothing else; false, zero and empty text are given."""
    request = ChatCompletionRequest(MODEL, [UserMessage("")], temperature=0, stream=False)
    assert request.to_body() == {
        "model": MODEL,
        "messages": [{"role": "user", "content": ""}],
        "stream": False,
        "temperature": 0,
    }


def test_messages_and_tools_may_be_values_or_mappings() -> None:
    """Both forms give the same body, also within one request, and also as read-only mappings."""
    parameters = {"type": "object"}
    values = ChatCompletionRequest(
        MODEL,
        [SystemMessage("a"), UserMessage([TextPart("b")])],
        tools=[FunctionTool("f", description="d", parameters=parameters, strict=True), CustomTool("g")],
    )
    mixed = ChatCompletionRequest(
        MODEL,
        [MappingProxyType({"role": "system", "content": "a"}), {"role": "user", "content": [TextPart("b")]}],
        tools=[
            FunctionTool("f", description="d", parameters=MappingProxyType(parameters), strict=True),
            {"type": "custom", "custom": {"name": "g"}},
        ],
    )
    assert mixed.to_body() == values.to_body()
    assert json.loads(json.dumps(values.to_body())) == values.to_body()


def test_the_body_belongs_to_who_asked_for_it() -> None:
    """Changing a body changes neither the request nor anything that the request was made of."""
    parameters: dict[str, Any] = {"type": "object", "properties": {}}
    messages = [{"role": "user", "content": "a"}]
    request = ChatCompletionRequest(MODEL, messages, tools=[FunctionTool("f", parameters=parameters)])
    body = request.to_body()
    body["tools"][0]["function"]["parameters"]["properties"]["x"] = {}
    body["messages"][0]["content"] = "b"
    assert (parameters["properties"], messages[0]["content"]) == ({}, "a")
    messages.append({"role": "user", "content": "c"})
    assert len(request.messages) == 1


def test_extra_body_is_merged_at_the_top() -> None:
    """Members that this version does not know are sent as they are, null included."""
    request = ChatCompletionRequest(MODEL, [], extra_body={"new_field": {"a": (1,)}, "other": None})
    assert request.to_body() == {"model": MODEL, "messages": [], "new_field": {"a": [1]}, "other": None}


def test_unknown_members_of_a_body_are_kept_as_extra_body() -> None:
    """Names that are fields of ours but none of the API are unknown, too."""
    body = {"model": MODEL, "messages": [], "new_field": 1, "guardrail": 2, "extra_body": 3}
    request = ChatCompletionRequest.from_body(body)
    assert request.extra_body == {"new_field": 1, "guardrail": 2, "extra_body": 3}
    assert request.guardrail is None


def test_a_request_can_be_varied_and_not_changed() -> None:
    """Frozen, so that it can be shared; `dataclasses.replace` gives another one."""
    request = ChatCompletionRequest(MODEL, [UserMessage("a")], stop=["b"])
    with pytest.raises(FrozenInstanceError):
        request.stream = True  # type: ignore[misc]
    streamed = replace(request, stream=True)
    assert streamed.to_body() == {**request.to_body(), "stream": True}
    assert pickle.loads(pickle.dumps(request)) == request


def test_the_repr_shows_the_model_and_no_prompt() -> None:
    """A request in a log line does not put somebody's prompt there."""
    canary = "c4n4ry"
    request = ChatCompletionRequest(
        MODEL,
        [UserMessage(canary), AssistantMessage(canary)],
        tools=[FunctionTool("f", description=canary)],
        extra_body={canary: canary},
        user=canary,
    )
    assert repr(request) == f"ChatCompletionRequest(model='{MODEL}', 2 messages)"
    assert canary not in repr(request.tools)


@pytest.mark.parametrize(
    ("trace", "header"),
    [(True, "ENABLED"), (False, "DISABLED"), ("ENABLED_FULL", "ENABLED_FULL")],
)
def test_a_guardrail_is_named_in_headers(trace: str | bool, header: str) -> None:
    """The identifier, the version and the trace travel in the headers that Bedrock documents."""
    guardrail = Guardrail("gr1", "DRAFT", trace=trace)
    assert guardrail.headers() == {
        "X-Amzn-Bedrock-GuardrailIdentifier": "gr1",
        "X-Amzn-Bedrock-GuardrailVersion": "DRAFT",
        "X-Amzn-Bedrock-Trace": header,
    }
    assert guardrail.body_fields() == {}


def test_the_settings_of_a_guardrail_without_a_header_travel_in_the_body() -> None:
    """The tag suffix and the streaming mode are members of Amazon's own object in the body."""
    guardrail = Guardrail("gr1", "1", tag_suffix="x7", stream_processing_mode="ASYNCHRONOUS")
    request = ChatCompletionRequest(MODEL, [], guardrail=guardrail)
    config = {"tagSuffix": "x7", "streamProcessingMode": "ASYNCHRONOUS"}
    assert request.to_body()["amazon-bedrock-guardrailConfig"] == config
    assert "X-Amzn-Bedrock-Trace" not in guardrail.headers()
    assert ChatCompletionRequest(MODEL, [], guardrail=Guardrail("gr1", "1")).to_body() == {
        "model": MODEL,
        "messages": [],
    }


@pytest.mark.parametrize("body", [None, [], "a", 1])
def test_what_is_no_object_is_no_body(body: Any) -> None:
    """That a body is no mapping is said with the error for requests."""
    with pytest.raises(RequestValidationError, match="must be an object"):
        ChatCompletionRequest.from_body(body)


def test_a_second_type_within_a_function_is_kept() -> None:
    """Some tools name their kind within the function too: such a one is read, and sent as it was."""
    tool = {"type": "function", "function": {"type": "function", "name": "f", "new": 1}}
    request = ChatCompletionRequest.from_body({"model": MODEL, "messages": [], "tools": [tool]})
    assert is_ours((request.tools or ())[0])
    assert request.to_body()["tools"] == [tool]
