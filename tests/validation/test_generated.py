"""The generated check of requests: made from the schema, of one mind with jsonschema, and alone on the good path."""

from __future__ import annotations

import enum
import json
import runpy
import subprocess
import sys
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import ChatCompletionRequest, FunctionTool, Guardrail, TextPart, UserMessage, load_schema
from bedrock_openai_http.validation import generated
from bedrock_openai_http.validation.generated import is_request
from bedrock_openai_http.validation.schema import schema_flaw
from bedrock_openai_http.validation.validate import checked_body
from bedrock_openai_http.values.wire_value import plain
from damaged_requests import SEEDS, damaged_requests, every_variant

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[2] / "tools" / "compile_schema.py"))
USER = {"role": "user", "content": "canary"}


def test_the_generated_module_is_what_the_schema_gives() -> None:
    """Whoever changes the schema runs `make generate`, and nobody edits what it writes."""
    assert TOOL["compiled"](load_schema("request")) == Path(generated.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {}},
        {"type": "array", "uniqueItems": True},
        {"type": "object", "properties": {"a": {"enum": [1]}}},
        {"type": "object", "properties": {"a": {"const": True}}},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"type": ["string", "array"], "minItems": 1, "enum": ["a"]},
    ],
)
def test_a_keyword_that_is_not_known_is_not_left_out(schema: dict[str, Any]) -> None:
    """A rule of the schema that the generator does not know ends it, instead of never being checked."""
    with pytest.raises(ValueError, match="known"):
        TOOL["compiled"]({"$defs": {}, **schema})


def test_the_check_agrees_with_jsonschema_on_thousands_of_requests() -> None:
    """It never says yes where jsonschema says no, which would let a flaw pass; nor no, which would cost time."""
    outcomes: Counter[bool] = Counter()
    for body in (*SEEDS, *every_variant(), *damaged_requests(count=1000, seed=20261122)):
        says_yes = is_request(body)
        assert says_yes == (schema_flaw(body) is None), json.dumps(body)
        outcomes[says_yes] += 1
    assert outcomes[True] > 700
    assert outcomes[False] > 2500


class Word(str, enum.Enum):
    USER = "user"
    TEXT = "canary"


class Count(enum.IntEnum):
    TWO = 2


class Foreign:
    """Another library's message, which gives dicts of a class of its own."""

    def to_dict(self) -> dict[str, Any]:
        return OrderedDict(role="user", content="canary")


def test_values_of_classes_that_extend_the_plain_ones_pass() -> None:
    """Texts and numbers of an enum are seen as what they are, and so are dicts of another class."""
    message = {"role": Word.USER, "content": Word.TEXT}
    body = {"model": Word.TEXT, "messages": [message], "n": Count.TWO}
    assert is_request(body)
    sent = checked_body(body)
    assert sent == body
    assert {type(sent["model"]), type(sent["n"]), type(sent["messages"][0]["role"])} == {str, int}
    foreign = {"model": "m", "messages": [Foreign()]}
    assert is_request(plain(foreign))
    assert checked_body(foreign)["messages"] == [USER]
    assert type(checked_body(foreign)["messages"][0]) is dict


def test_the_body_is_what_is_sent() -> None:
    """The checked body of a request is its `to_body()`, with the guardrail and the extra body in it."""
    request = ChatCompletionRequest(
        "m",
        [UserMessage([TextPart("canary")]), USER],
        tools=[FunctionTool("f", parameters={"required": ("a",)})],
        stop=("a", "b"),
        guardrail=Guardrail("gr1", "1", tag_suffix="x"),
        extra_body={"new": (TextPart("b"), None)},
    )
    assert checked_body(request) == request.to_body()
    assert checked_body(request)["new"] == [{"type": "text", "text": "b"}, None]


def test_the_body_of_a_mapping_is_new_and_has_no_null_members() -> None:
    """Lists and dicts are copies, values of ours are in their wire form, and a null member counts as not set."""
    given = {"model": "m", "messages": [USER, UserMessage("b")], "stop": ["a"], "temperature": None}
    body = checked_body(given)
    assert body == {"model": "m", "messages": [USER, {"role": "user", "content": "b"}], "stop": ["a"]}
    assert body == ChatCompletionRequest.from_body(given).to_body()
    body["messages"][0]["content"] = "changed"
    body["stop"].append("b")
    assert given == {"model": "m", "messages": [USER, UserMessage("b")], "stop": ["a"], "temperature": None}
    assert USER["content"] == "canary"


def test_a_good_request_is_checked_without_a_library() -> None:
    """Neither a request nor a body loads jsonschema, or what finds similar names; the first bad one does."""
    code = """
import sys
from bedrock_openai_http import ChatCompletionRequest, RequestValidationError, UserMessage
from bedrock_openai_http.validation.validate import check_field_names, checked_body

def loaded():
    return sorted({"jsonschema", "referencing", "difflib", "importlib.resources"} & set(sys.modules))

before = loaded()  # what this Python loads by itself
request = ChatCompletionRequest("m", [UserMessage("a")], stop=["b"])
check_field_names(checked_body(checked_body(request)))
print([name for name in loaded() if name not in before])
try:
    checked_body({"modle": "m"})
except RequestValidationError as error:
    print(error.json_path, "jsonschema" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["[]", "$.modle True"]
