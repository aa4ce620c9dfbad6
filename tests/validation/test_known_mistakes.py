"""What is said of a body that was written for another API, another SDK or another kind of file."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from bedrock_openai_http.validation.fields import Flaw, json_path
from bedrock_openai_http.validation.foreign_names import FOREIGN, GUARDRAILS, HEADERS, SDK_OPTIONS, VENDORS
from bedrock_openai_http.validation.known_mistakes import in_better_words
from bedrock_openai_http.validation.validate import request_flaws
from bedrock_openai_http.values import jsontext
from support import MODEL, PROMPT

MESSAGES = [{"role": "user", "content": PROMPT}]
GOOD = {"model": MODEL, "messages": MESSAGES}
FUNCTION = '{"type": "function", "function": {'


def said(body: Any, *, in_file: bool = True) -> Flaw:
    """Return the first flaw of `body`."""
    return next(iter(request_flaws(body, in_file=in_file)))


def tool(**members: Any) -> dict[str, Any]:
    return {**GOOD, "tools": [members]}


def part(**members: Any) -> dict[str, Any]:
    return {**GOOD, "messages": [{"role": "user", "content": [members]}]}


def message(**members: Any) -> dict[str, Any]:
    return {**GOOD, "messages": [members]}


#: A member at the top of a body; what a file's author is told, and what one of Python.
NAMES = [
    ("max_retries", ["option of an SDK", "leave it out"], ["Client(max_attempts="]),
    ("timeout", ["option of an SDK", "leave it out"], ["Client(timeout="]),
    ("api_base", ["option of an SDK", "leave it out"], ["Client(base_url="]),
    ("drop_params", ["option of an SDK", "leave it out"], ["option of an SDK", "leave it out"]),
    ("extra_body", ["go to the top level"], ["go to the top level"]),
    ("extra_headers", ["headers are no part of a body", "leave it out"], ["extra_headers="]),
    ("system", ['a message here: {"role": "system"'], ['a message here: {"role": "system"']),
    ("max_output_tokens", ["is max_completion_tokens here"], ["is max_completion_tokens here"]),
    ("top_k", ["is not top_p", "--allow top_k"], ["is not top_p", "extra_body"]),
    ("requestMetadata", ["Converse's", "not metadata"], ["Converse's", "not metadata"]),
    ("guardrailConfig", ["Converse's", "X-Amzn-Bedrock-GuardrailIdentifier"], ["Guardrail(identifier, version)"]),
    ("inferenceConfig", ["Converse's", "maxTokens", "max_completion_tokens"], ["Converse's"]),
    ("anthropic_version", ["InvokeModel's", "leave it out"], ["InvokeModel's", "leave it out"]),
    ("cache_prompt", ["--allow cache_prompt"], []),
    ("odd key", ["--allow KEY"], []),
    ("temprature", ['did you mean "temperature"?'], ['did you mean "temperature"?']),
]


@pytest.mark.parametrize(("name", "file", "python"), NAMES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_member_of_somebody_elses(name: str, file: list[str], python: list[str]) -> None:
    """Its words say whose it is and what to write, in a file without a word of Python."""
    for in_file, words in ((True, file), (False, python)):
        flaw = said({**GOOD, name: 1}, in_file=in_file)
        assert (flaw.path, flaw.rule) == ((name,), "unknown-key")
        assert flaw.message.startswith("is not a known field; ")
        assert [each for each in words if each not in flaw.message] == []
        assert not in_file or not any(each in flaw.message for each in ("extra_body s", "Client(", "extra=", "go in"))


def test_no_member_of_somebody_elses_is_taken_for_its_neighbour() -> None:
    """Of all that are known, none gets the nearest name by spelling, and each is told in less than 200 characters."""
    for name in (*SDK_OPTIONS, *HEADERS, *FOREIGN, *GUARDRAILS, *VENDORS):
        for in_file in (True, False):
            words = said({**GOOD, name: 1}, in_file=in_file).message
            assert "did you mean" not in words
            assert len(words) < 200


#: A whole body, a tool, a part, a message or a call of another form: its place, and words about it.
FORMS: list[tuple[Any, str, list[str]]] = [
    (MESSAGES, "$", ["an array of messages", '{"model": ..., "messages"']),
    (
        [{"type": "function", "function": {"name": "f"}}, {"name": "g", "input_schema": {}}],
        "$",
        ["an array of tools"],
    ),
    ({"model": "m", "input": ["a"], "encoding_format": "float"}, "$", ["/v1/embeddings"]),
    ({"model": "m", "input": "a"}, "$", ["/v1/embeddings", "/v1/responses"]),
    ({"id": "c", "object": "chat.completion", "choices": [], "model": "m"}, "$", ["an answer"]),
    ({"custom_id": "1", "response": {}, "error": None}, "$", ["a batch's results"]),
    ({"modelInput": {}, "recordId": "1", "modelOutput": {}}, "$", ["a batch's results"]),
    ({"custom_id": "1", "body": GOOD}, "$", ["a line of a batch file"]),
    ({"conversations": [{"from": "human", "value": "x"}]}, "$", ["ShareGPT's", "messages"]),
    ({"prompt": "x", "model": "m"}, "$", ["messages"]),
    (MESSAGES[0], "$", ["this is a message"]),
    (tool(type="function", name="f", parameters={}), "$.tools[0]", ["Responses API", FUNCTION]),
    (tool(type="custom", name="f"), "$.tools[0]", ["Responses API", '"custom": {"name"']),
    *((tool(type=kind), "$.tools[0]", ["built into the Responses API"]) for kind in ("web_search", "file_search")),
    *((tool(type=kind), "$.tools[0]", ["Responses API"]) for kind in ("code_interpreter", "computer_use")),
    (tool(type="bash_20250124", name="bash"), "$.tools[0]", ["built into Anthropic's API"]),
    (tool(type="mcp", server_url="x"), "$.tools[0]", ["MCP server", FUNCTION]),
    (tool(name="f", inputSchema={}), "$.tools[0]", ["MCP's form", FUNCTION, "inputSchema as parameters"]),
    (tool(name="f", input_schema={}), "$.tools[0]", ["Anthropic's form", "input_schema as parameters"]),
    (tool(type="custom", name="f", input_schema={}), "$.tools[0]", ["Anthropic's form"]),
    (tool(toolSpec={}), "$.tools[0]", ["Converse's form", "inputSchema.json as parameters"]),
    (tool(functionDeclarations=[]), "$.tools[0]", ["Gemini's form"]),
    (tool(name="f", parameters={}), "$.tools[0]", ["without its wrapping", FUNCTION]),
    (tool(function={"name": "f"}), "$.tools[0]", ['"type": "function" beside']),
    (part(text="x"), "$.messages[0].content[0]", ["Converse", '{"type": "text", "text"']),
    (part(image={}), "$.messages[0].content[0]", ["Converse's", "image_url"]),
    (part(toolUse={}), "$.messages[0].content[0]", ["Converse's", "tool_calls"]),
    (part(toolResult={}), "$.messages[0].content[0]", ["Converse's", '"role": "tool"']),
    (part(cachePoint={}), "$.messages[0].content[0]", ["Converse's", "leave it out"]),
    (part(type="input_text", text="x"), "$.messages[0].content[0]", ["Responses API", '"type": "text"']),
    (part(type="output_text", text="x"), "$.messages[0].content[0]", ["Responses API", '"type": "text"']),
    (part(type="input_image", image_url="x"), "$.messages[0].content[0]", ["Responses API", '"url"']),
    (part(type="input_file", file_id="x"), "$.messages[0].content[0]", ["Responses API", '"type": "file"']),
    (part(type="image", source={}), "$.messages[0].content[0]", ["Anthropic's", "image_url"]),
    (part(type="tool_use", name="f"), "$.messages[0].content[0]", ["Anthropic's", "tool_calls"]),
    (part(type="tool_result"), "$.messages[0].content[0]", ["Anthropic's", '"role": "tool"']),
    (part(type="thinking", thinking="x"), "$.messages[0].content[0]", ["Anthropic's", "leave it out"]),
    (part(type="video_url", video_url={}), "$.messages[0].content[0]", ["no video"]),
    (message(**{"from": "human", "value": "x"}), "$.messages[0]", ["ShareGPT's"]),
    (message(role="model", parts=[]), "$.messages[0]", ["parts is Gemini's"]),
    (message(type="function_call", name="f"), "$.messages[0]", ["Responses API", "tool_calls"]),
    (message(type="human", content="x"), "$.messages[0]", ["LangChain's"]),
    (
        message(role="assistant", tool_calls=[{"name": "f", "args": {}, "id": "1"}]),
        "$.messages[0].tool_calls[0]",
        ["LangChain's form of a call"],
    ),
    (
        {**tool(type="function", function={"name": "f"}), "tool_choice": {"type": "any"}},
        "$.tool_choice",
        ["required"],
    ),
    ({**GOOD, "response_format": {"type": "json_schema", "schema": {}}}, "$.response_format", ["json_schema"]),
]


@pytest.mark.parametrize(("body", "place", "words"), FORMS, ids=lambda value: "" if isinstance(value, list) else None)
def test_another_form(body: Any, place: str, words: list[str]) -> None:
    """It is named, with how to write the same here; every word about one object is tied to its place."""
    flaw = said(body)
    assert flaw.about is not None
    assert json_path(flaw.about) == place
    assert [each for each in words if each not in flaw.message] == []
    assert json_path(flaw.path).startswith(place)


def test_what_is_of_the_right_form_is_not_called_foreign() -> None:
    """One wrong member, or a value that is wrong beside, makes no tool, part, call or body another API's."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": 1}}
    bodies = [
        tool(type="function", function={"name": "f"}, name="f"),
        part(type="text", text="x", citations=1),
        part(type="text", text=1),
        message(role="user", content="x", type="text"),
        message(role="assistant", tool_calls=[call]),
        message(role="assistant", tool_calls=[{**call, "args": 1}]),
        {**GOOD, "input": 1, "choices": 1},
        {"model": "m", "prompt": "x", "messages": []},
        {**GOOD, "response_format": {"type": "json_schema", "json_schema": {"name": "n"}, "schema": {}}},
        [1],
        [],
        "text",
        None,
    ]
    assert [flaw for body in bodies for flaw in request_flaws(body) if flaw.about is not None] == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (tool(type="function", function={"name": "db.query/all"}), 'hyphens; "db_query_all" would do'),
        (tool(type="function", function={"name": "x" * 65}), f'"{"x" * 64}" would do'),
        (tool(type="function", function={"name": "a b"}), "must be 1 to 64 letters, digits, underscores and hyphens"),
        (tool(type="function", function={"name": ""}), "must be 1 to 64 letters, digits, underscores and hyphens"),
        ({**GOOD, "amazon-bedrock-guardrailConfig": {"tagSuffix": "a b"}}, "must be 1 to 20 letters and digits"),
        ({**GOOD, "service_tier": "ultrafast"}, "a tier of the Responses API"),
        ({**GOOD, "tool_choice": "any"}, '"required"'),
        ({**GOOD, "messages": "x"}, "must be an array of messages"),
        ({**GOOD, "messages": MESSAGES[0]}, "put the message into one"),
        (message(role="ai", content="x"), 'write "assistant"'),
        (message(role="user", content="x", weight=0), "fine-tuning's"),
        (tool(type="function", function={"name": "f", "input_schema": {}}), "it is parameters here"),
        (message(role="tool", tool_call_id="1", content={"a": 1}), "as JSON text"),
        (part(type="image_url", image_url="data:"), '{"url": ...}'),
        (part(type="text", text="x", cache_control={}), "--allow cache_control"),
        *(
            (
                message(
                    role="assistant",
                    tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": value}}],
                ),
                "must be a JSON string",
            )
            for value in ({"city": "Paris"}, [1], 1)
        ),
    ],
)
def test_a_value_that_is_known_for_being_wrong(body: Any, words: str) -> None:
    """It is told in words, never by a pattern, with what would do."""
    message = said(body).message
    assert words in message
    assert "(?!" not in message


def test_place_and_rule_stay() -> None:
    """Whatever is said, place and rule are those that validation found."""
    for body, _, _ in FORMS:
        for path, rule in (
            ((), "type"),
            (("messages", 0), "x"),
            (("tools", 0, "type"), "enum"),
            (("a",), "required"),
        ):
            better = in_better_words(Flaw(path, rule, "is wrong"), body)
            assert (better.path, better.rule) == (path, rule)
            assert better.message.startswith(("is wrong", "is not"))


def test_what_is_no_json_is_not_looked_into() -> None:
    """An object of the caller's own may raise when it is compared; what holds one has its flaw, and no more."""

    class Trap:
        def __eq__(self, other: object) -> bool:
            raise AssertionError

        __hash__ = None  # type: ignore[assignment]

    for body in (tool(type=Trap(), name="f"), part(type=Trap()), {**GOOD, "tool_choice": {"type": Trap()}}):
        assert said(body).rule == "json-type"
    assert said({**tool(type=Trap(), name="f"), 1: 2}).rule in ("json-key", "json-type")
    assert said({"model": "m", "tools": [{1: 2, "type": Trap()}]}).rule == "json-key"


def test_nothing_is_repeated_but_names() -> None:
    """With a text in place of any value of any of these bodies, and whatever is flawed, the words do not hold it."""
    source, secret = random.Random(16), "the S3CRET text"

    def damaged(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: damaged(item) for key, item in value.items()}
        if isinstance(value, list):
            return [damaged(item) for item in value]
        return secret if source.random() < 0.3 else value

    for body, _, _ in FORMS * 10:
        for flaw in request_flaws(damaged(body), in_file=source.random() < 0.5):
            assert "S3CRET" not in flaw.message


@pytest.mark.parametrize("document", ['"\n"', '"abc', '{"a": 1,}', "[1,]", "{1}", "[1 2]", "01"])
def test_json_that_breaks_off_is_told_without_a_slip(document: str) -> None:
    """Python's words get the place once, whether or not they end with "at" already."""
    with pytest.raises(jsontext.JSONError, match=r"[a-z' ] at character \d+$") as caught:
        jsontext.decode(document.encode())
    assert " at at " not in str(caught.value)


def test_the_words_survive_as_json() -> None:
    """All of them are printable ASCII, so that any log takes them."""
    for body, _, _ in FORMS:
        assert json.dumps(said(body).message).isascii()
        assert said(body).message.isprintable()
