"""Null counts as absent at every level, and what is known of a body is told from what is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletionRequest, RequestValidationError, UserMessage, validate_request
from bedrock_openai_http.validation.validate import checked_body

USER = {"role": "user", "content": "a"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "b"}
TOOL = {"type": "function", "function": {"name": "f"}}


def body(*messages: Any, **members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages) or [USER], **members}


def with_calls(*calls: Any, **members: Any) -> dict[str, Any]:
    return body(USER, {"role": "assistant", "content": None, "tool_calls": list(calls), **members}, RESULT)


def parts(*given: Any) -> dict[str, Any]:
    return body({"role": "user", "content": list(given)})


SCHEMA = {"type": "object", "default": None, "properties": {"a": {"enum": [None], "const": None}}}

#: A body with nulls, and what is sent of it.
NULLS = [
    (body(tools=None, tool_choice=None, parallel_tool_calls=None, user=None, functions=None, stop=None), body()),
    (body({**USER, "name": None}), body()),
    (
        body(USER, {"role": "assistant", "content": "b", "tool_calls": None, "function_call": None, "audio": None}),
        body(USER, {"role": "assistant", "content": "b"}),
    ),
    (body({"role": "assistant", "content": "b", "refusal": None}), body({"role": "assistant", "content": "b"})),
    (body({"role": "assistant", "content": "b", "audio": None}), body({"role": "assistant", "content": "b"})),
    (
        with_calls({**CALL, "index": None, "function": CALL["function"]}, reasoning=None, annotations=None),
        with_calls(CALL),
    ),
    (body({"role": "assistant", "content": None, "refusal": "no"}),) * 2,
    (body(USER, {"role": "function", "name": "f", "content": None}),) * 2,
    (
        body({"role": "assistant", "content": None, "audio": {"id": "a", "data": None, "transcript": None}}),
        body({"role": "assistant", "content": None, "audio": {"id": "a"}}),
    ),
    (
        parts({"type": "text", "text": "a", "prompt_cache_breakpoint": None}),
        parts({"type": "text", "text": "a"}),
    ),
    (
        parts({"type": "image_url", "image_url": {"url": "data:,", "detail": None}}),
        parts({"type": "image_url", "image_url": {"url": "data:,"}}),
    ),
    (
        parts({"type": "file", "file": {"file_id": "f", "filename": None, "file_data": None}}),
        parts({"type": "file", "file": {"file_id": "f"}}),
    ),
    (
        body(tools=[{"type": "function", "function": {"name": "f", "strict": None}}]),
        body(tools=[TOOL]),
    ),
    (
        body(tools=[{"type": "function", "function": {"name": "f", "description": None, "parameters": SCHEMA}}]),
        body(tools=[{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]),
    ),
    (
        body(tools=[{"type": "custom", "custom": {"name": "f", "format": None}}]),
        body(tools=[{"type": "custom", "custom": {"name": "f"}}]),
    ),
    (
        body(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": None}}),
        body(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}),
    ),
    (
        body(stream=True, stream_options={"include_usage": True, "include_obfuscation": None}),
        body(stream=True, stream_options={"include_usage": True}),
    ),
    (
        body(moderation={"model": "m", "policy": {"input": None, "output": {"mode": "score"}}}),
        body(moderation={"model": "m", "policy": {"output": {"mode": "score"}}}),
    ),
    (
        body(web_search_options={"user_location": None, "search_context_size": None}),
        body(web_search_options={}),
    ),
    (body(functions=[{"name": "f", "description": None}]), body(functions=[{"name": "f"}])),
]


@pytest.mark.parametrize(("given", "sent"), NULLS, ids=range(len(NULLS)))
def test_null_counts_as_absent_at_every_level(given: dict[str, Any], sent: dict[str, Any]) -> None:
    """A body passes with its nulls, as a mapping and read into values, and none is sent but where it is content."""
    before = copy.deepcopy(given)
    validate_request(given)
    assert checked_body(given) == sent
    assert checked_body(ChatCompletionRequest.from_body(given)) == sent
    assert checked_body(sent) == sent
    assert given == before


def test_a_required_member_that_is_null_is_required() -> None:
    """Null is not the wrong type of a member that must be there: the member is missing."""
    for given, path in (
        (body(model=None), "$.model"),
        ({"model": "m", "messages": None}, "$.messages"),
        (body({"role": None, "content": "a"}), "$.messages[0].role"),
        (body({"role": "user", "content": None}), "$.messages[0].content"),
        (parts({"type": "text", "text": None}), "$.messages[0].content[0].text"),
        (parts({"type": None}), "$.messages[0].content[0].type"),
        (with_calls({**CALL, "id": None}), "$.messages[1].tool_calls[0].id"),
        (body({**RESULT, "tool_call_id": None}), "$.messages[0].tool_call_id"),
        (body(tools=[{"type": "function", "function": None}]), "$.tools[0].function"),
    ):
        for form in (given, ChatCompletionRequest.from_body(given)):
            with pytest.raises(RequestValidationError) as caught:
                validate_request(form)
            assert (caught.value.json_path, caught.value.rule) == (path, "required")


def test_what_is_null_and_no_member_of_the_api_is_still_refused() -> None:
    """A misspelt name is one with any value; and an item of a list is no member."""
    for given, path, rule in (
        (body(temprature=None), "$.temprature", "unknown-key"),
        (body({**USER, "nam": None}), "$.messages[0].nam", "unknown-key"),
        (body(None), "$.messages[0]", "type"),
        (body(stop=[None]), "$.stop[0]", "type"),
        (body(metadata={"a": None}), "$.metadata.a", "type"),
    ):
        with pytest.raises(RequestValidationError) as caught:
            validate_request(given)
        assert (caught.value.json_path, caught.value.rule) == (path, rule)


def test_what_services_put_into_answers_and_take_back_is_known() -> None:
    """The members of answers pass in a history, with their types, and are sent as they are."""
    answer = {"reasoning": "r", "reasoning_content": "r", "annotations": [{"type": "url_citation"}], "refusal": ""}
    audio = {"id": "a", "data": "AA==", "expires_at": 1, "transcript": "t"}
    given = body(
        UserMessage("a"),
        {"role": "assistant", "content": "b", **answer, "audio": audio, "tool_calls": [{**CALL, "index": 0}]},
        {**RESULT, "name": "f"},
        tools=[{"type": "function", "function": {"type": "function", "name": "f"}}],
    )
    sent = checked_body(given)
    assert sent == {**given, "messages": [USER, *given["messages"][1:]]}
    assert checked_body(ChatCompletionRequest.from_body(given)) == sent
    for name in ("reasoning", "reasoning_content", "annotations"):
        with pytest.raises(RequestValidationError) as caught:
            validate_request(body({"role": "assistant", "content": "b", name: 1}))
        assert caught.value.json_path == f"$.messages[0].{name}"
