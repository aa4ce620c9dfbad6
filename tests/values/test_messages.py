"""Messages, parts and tool calls as values, and their wire form in both directions."""

from __future__ import annotations

import copy
import pickle
from base64 import b64decode
from dataclasses import FrozenInstanceError, fields
from types import MappingProxyType
from typing import Any

import pytest

from bedrock_openai_http import load_schema
from bedrock_openai_http.values.messages import (
    MESSAGES,
    PARTS,
    AssistantMessage,
    AudioPart,
    CustomCall,
    CustomToolCall,
    DeveloperMessage,
    FilePart,
    FunctionCall,
    FunctionMessage,
    ImagePart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from bedrock_openai_http.values.wire_value import MAX_DEPTH, WireValue, plain

MARK = {"mode": "explicit"}
FUNCTION_CALL = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUSTOM_CALL = {"id": "call_1", "type": "custom", "custom": {"name": "g", "input": "x"}}

#: Every kind of value, with its wire form.
WIRE_FORMS: list[tuple[WireValue, dict[str, Any]]] = [
    (TextPart("a"), {"type": "text", "text": "a"}),
    (
        TextPart("a", prompt_cache_breakpoint=MARK),
        {"type": "text", "text": "a", "prompt_cache_breakpoint": MARK},
    ),
    (RefusalPart("no"), {"type": "refusal", "refusal": "no"}),
    (ImagePart("data:,"), {"type": "image_url", "image_url": {"url": "data:,"}}),
    (
        ImagePart("data:,", detail="low", prompt_cache_breakpoint=MARK),
        {
            "type": "image_url",
            "image_url": {"url": "data:,", "detail": "low"},
            "prompt_cache_breakpoint": MARK,
        },
    ),
    (AudioPart("AA==", "wav"), {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}),
    (FilePart(file_id="file-1"), {"type": "file", "file": {"file_id": "file-1"}}),
    (
        FilePart(file_data="AA==", filename="a", prompt_cache_breakpoint=MARK),
        {"type": "file", "file": {"file_data": "AA==", "filename": "a"}, "prompt_cache_breakpoint": MARK},
    ),
    (FunctionCall("f", "{}"), {"name": "f", "arguments": "{}"}),
    (CustomCall("g", "x"), {"name": "g", "input": "x"}),
    (ToolCall("call_0", FunctionCall("f", "{}")), FUNCTION_CALL),
    (CustomToolCall("call_1", CustomCall("g", "x")), CUSTOM_CALL),
    (SystemMessage("a"), {"role": "system", "content": "a"}),
    (DeveloperMessage("a", name="n"), {"role": "developer", "content": "a", "name": "n"}),
    (UserMessage("a"), {"role": "user", "content": "a"}),
    (
        UserMessage([TextPart("a"), RefusalPart("b")], name="n"),
        {
            "role": "user",
            "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}],
            "name": "n",
        },
    ),
    (AssistantMessage("a", name="n"), {"role": "assistant", "content": "a", "name": "n"}),
    (AssistantMessage(refusal="no"), {"role": "assistant", "refusal": "no"}),
    (AssistantMessage(audio={"id": "audio-1"}), {"role": "assistant", "audio": {"id": "audio-1"}}),
    (
        AssistantMessage(
            tool_calls=[
                ToolCall("call_0", FunctionCall("f", "{}")),
                CustomToolCall("call_1", CustomCall("g", "x")),
            ]
        ),
        {"role": "assistant", "tool_calls": [FUNCTION_CALL, CUSTOM_CALL]},
    ),
    (
        AssistantMessage(function_call={"name": "f", "arguments": "{}"}),
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
    ),
    (ToolMessage("a", "call_0"), {"role": "tool", "content": "a", "tool_call_id": "call_0"}),
    (FunctionMessage(None, "f"), {"role": "function", "content": None, "name": "f"}),
]


@pytest.mark.parametrize(("value", "wire"), WIRE_FORMS)
def test_a_value_and_its_wire_form_are_each_others_inverse(value: WireValue, wire: dict[str, Any]) -> None:
    """`to_dict` gives the form of the API, without unset members; `from_dict` reads the same value from it."""
    assert value.to_dict() == wire
    assert type(value).from_dict(wire) == value


def test_every_kind_of_value_is_in_the_table() -> None:
    """The test above looks at each message and each part that there is."""
    assert {type(value) for value, _ in WIRE_FORMS} >= {*MESSAGES.values(), *PARTS.values()}


#: Where the members of each part stand in the schema: in the part, or in an object named after its type.
PART_SCHEMAS = {
    "text": ("text_part", None),
    "refusal": ("refusal_part", None),
    "image_url": ("image_part", "image_url"),
    "input_audio": ("audio_part", "input_audio"),
    "file": ("file_part", "file"),
}


@pytest.mark.parametrize("kind", PARTS)
def test_the_fields_of_a_part_are_the_members_that_the_schema_names(kind: str) -> None:
    """No member of a part is missing from its class, and beyond them there is only `extra`."""
    assert PARTS[kind].definition == PART_SCHEMAS[kind][0]
    definition, inner = PART_SCHEMAS[kind]
    members = load_schema("request")["$defs"][definition]["properties"]
    names = set(members) - {"type", inner}
    names |= set(members[inner]["properties"]) if inner else set()
    assert {field.name for field in fields(PARTS[kind])} - {"extra"} == names  # type: ignore[arg-type]


@pytest.mark.parametrize("role", MESSAGES)
def test_the_fields_of_a_message_are_the_members_that_the_schema_names(role: str) -> None:
    """No member of a message is missing from its class, and beyond them there is only `extra`."""
    definition = {"system": "instruction", "developer": "instruction"}.get(role, role)
    assert MESSAGES[role].definition == f"{definition}_message"
    members = load_schema("request")["$defs"][f"{definition}_message"]["properties"]
    assert {"role", *(field.name for field in fields(MESSAGES[role]))} - {"extra"} == set(members)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "_"), WIRE_FORMS)
def test_a_value_survives_copying_and_pickling(value: WireValue, _: object) -> None:
    """Values can be handed to other processes."""
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value


def test_a_value_cannot_be_changed() -> None:
    """Frozen: a message can be shared between threads."""
    with pytest.raises(FrozenInstanceError):
        UserMessage("a").content = "b"  # type: ignore[misc]


def test_a_list_is_not_shared_with_the_caller() -> None:
    """What a caller does to a list afterwards does not reach the message."""
    parts: list[Any] = [TextPart("a")]
    message = UserMessage(parts)
    parts.append(TextPart("b"))
    assert message.content == (TextPart("a"),)
    assert message.to_dict()["content"] == [{"type": "text", "text": "a"}]


def test_what_to_dict_gives_belongs_to_the_caller() -> None:
    """Changing a wire form changes neither the message nor what it was made of."""
    part = {"type": "text", "text": "a"}
    message = UserMessage([part])
    message.to_dict()["content"][0]["text"] = "b"
    assert part == {"type": "text", "text": "a"}
    assert message.to_dict()["content"] == [part]


def test_parts_may_be_values_mappings_or_anything_with_to_dict() -> None:
    """Forms can be mixed in one message; a mapping need not be a dict."""

    class Note:
        def to_dict(self) -> dict[str, Any]:
            return {"type": "text", "text": "c"}

    message = UserMessage([TextPart("a"), MappingProxyType({"type": "text", "text": "b"}), Note()])
    assert message.to_dict()["content"] == [{"type": "text", "text": text} for text in "abc"]


def test_reading_a_message_leaves_a_part_that_does_not_fit_as_it_is() -> None:
    """Nothing is lost by reading: a part with a misspelt key is still there, to be judged later."""
    odd = {"type": "text", "txt": "a"}
    wire = {"role": "user", "content": [{"type": "text", "text": "a"}, odd, {"type": []}, "a"]}
    message = UserMessage.from_dict(wire)
    assert message.content == (TextPart("a"), odd, {"type": []}, "a")
    assert message.to_dict() == wire


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (UserMessage, {"role": "system", "content": "a"}),
        (UserMessage, {"content": "a"}),
        (UserMessage, {"role": "user"}),
        (UserMessage, {"role": "user", "content": "a", "tool_call_id": "b"}),
        (TextPart, {"type": "text", "txt": "a"}),
        (ImagePart, {"type": "image_url"}),
        (ToolCall, {"id": "call_0", "type": "function"}),
    ],
)
def test_from_dict_refuses_what_is_not_its_own(kind: type[WireValue], wire: dict[str, Any]) -> None:
    """Another role, or a member that is missing or unknown, is an error and not a guess."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        kind.from_dict(wire)


def test_an_image_from_bytes_is_a_data_url() -> None:
    """Bedrock fetches no images from the web, so their bytes travel in the URL."""
    part = ImagePart.from_bytes(b"\x89PNG\xff", "image/png", detail="high")
    head, _, data = part.url.partition(",")
    assert head == "data:image/png;base64"
    assert b64decode(data) == b"\x89PNG\xff"
    assert part.detail == "high"


CANARY = "c4n4ry"


@pytest.mark.parametrize(
    "value",
    [
        TextPart(CANARY),
        RefusalPart(CANARY),
        ImagePart(CANARY),
        AudioPart(CANARY, "wav"),
        FilePart(file_data=CANARY),
        FunctionCall("f", CANARY),
        ToolCall("call_0", FunctionCall("f", CANARY)),
        CustomToolCall("call_1", CustomCall("g", CANARY)),
        SystemMessage(CANARY),
        UserMessage([{"type": "text", "text": CANARY}]),
        AssistantMessage(CANARY, refusal=CANARY, tool_calls=[{"arguments": CANARY}], function_call={"a": CANARY}),
        ToolMessage(CANARY, "call_0"),
        FunctionMessage(CANARY, "f"),
    ],
)
def test_a_repr_shows_no_content(value: WireValue) -> None:
    """A message in a log line does not put somebody's prompt there."""
    assert CANARY not in repr(value)
    assert type(value).__name__ in repr(value)


def test_plain_leaves_what_is_no_json_for_validation() -> None:
    """A circular or odd value comes back as it is, and a class is not taken for one of its values."""
    circular: list[Any] = []
    circular.append(circular)
    copy = plain(circular)
    for _ in range(MAX_DEPTH):
        (copy,) = copy
    assert copy is circular
    assert plain({"a": (1, {2})}) == {"a": [1, {2}]}
    assert plain(UserMessage) is UserMessage
