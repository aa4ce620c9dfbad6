"""An answer's message, in whatever shape an SDK gives it, as a message of the next request."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessage, ParsedChatCompletionMessage

from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletionRequest,
    CustomCall,
    CustomToolCall,
    FunctionCall,
    HTTPResponse,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    parse_completion,
    validate_request,
)
from bedrock_openai_http.values.jsontext import encode

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OUR_CALL = ToolCall("c", FunctionCall("f", "{}"))
CUSTOM = {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}}
CANARY = "c4n4ry"


class Dumped:
    """A message of another library."""

    def __init__(self, **members: Any) -> None:
        self._members = members

    def model_dump(self) -> dict[str, Any]:
        return self._members


OPENAI = {"role": "assistant", "content": "a", "refusal": None, "function_call": None, "tool_calls": None}
OPENAI |= {"annotations": [], "audio": None, "parsed": {"a": 1}}
WHOLE = {"id": "i", "object": "chat.completion", "created": 1, "model": "m"}
WHOLE |= {"choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": OPENAI}]}

#: What an SDK gives, and the history message.
ANSWERS: dict[str, tuple[Any, AssistantMessage]] = {
    "openai's dump": (OPENAI, AssistantMessage("a")),
    "a read-only mapping": (MappingProxyType(OPENAI), AssistantMessage("a")),
    "openai's object": (ChatCompletionMessage(role="assistant", content="a", refusal=None), AssistantMessage("a")),
    "openai's parsed object": (
        ParsedChatCompletionMessage[Any](role="assistant", content="a", parsed={"a": object()}),
        AssistantMessage("a"),
    ),
    "openai's whole answer": (ChatCompletion.model_validate(WHOLE), AssistantMessage("a")),
    "a choice": (WHOLE["choices"][0], AssistantMessage("a")),  # type: ignore[index]
    "openai's calls": (
        ChatCompletionMessage.model_validate({"role": "assistant", "content": None, "tool_calls": [CALL, CUSTOM]}),
        AssistantMessage(tool_calls=[OUR_CALL, CustomToolCall("d", CustomCall("g", "x"))]),
    ),
    "litellm's": (
        {
            "content": "<reasoning>thoughts</reasoning>a",
            "role": "assistant",
            "tool_calls": [{**CALL, "index": 0, "provider_specific_fields": {}}],
            "function_call": None,
            "provider_specific_fields": {"x": 1},
            "reasoning_content": "thoughts",
            "thinking_blocks": [{"type": "thinking"}],
        },
        AssistantMessage("a", tool_calls=[OUR_CALL]),
    ),
    "ours": (Message.from_dict({"content": "<reasoning>b</reasoning>a", "reasoning": "c"}), AssistantMessage("a")),
    "a call by the older name": (
        {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": ""}},
        AssistantMessage(function_call=FunctionCall("f", "")),
    ),
    "arguments that an SDK had decoded": (
        {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": "\u00e9"}}}]},
        AssistantMessage(tool_calls=[ToolCall("c", FunctionCall("f", '{"a": "\u00e9"}'))]),
    ),
    "objects within": (
        Dumped(
            content=None, tool_calls=(Dumped(id="c", type="function", function=Dumped(name="f", arguments="{}")),)
        ),
        AssistantMessage(tool_calls=[OUR_CALL]),
    ),
    "a refusal": ({"role": "assistant", "content": None, "refusal": "no"}, AssistantMessage(refusal="no")),
    "sound": (
        {"role": "assistant", "content": None, "audio": {"id": "a", "data": "AA==", "transcript": "t", "x": 1}},
        AssistantMessage(audio={"id": "a"}),
    ),
    "parts": (
        {"content": [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "a", "citations": []}, "b"]},
        AssistantMessage([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
    ),
    "thoughts only": ({"content": "<reasoning>b", "role": "assistant"}, AssistantMessage("")),
    "nothing": ({"role": "assistant", "content": None, "refusal": None, "tool_calls": []}, AssistantMessage("")),
    "a role of its own": ({"role": "model", "content": "a"}, AssistantMessage("a")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_any_sdk_becomes_a_history_message(name: str) -> None:
    """What a history needs is kept, what is only an answer's is left out, and the message can be sent."""
    given, wanted = ANSWERS[name]
    made = AssistantMessage.from_answer(given)
    assert made == wanted
    results = [ToolMessage("r", call.to_dict()["id"]) for call in made.tool_calls]  # type: ignore[union-attr]
    validate_request(ChatCompletionRequest("m", [UserMessage("q"), made, *results]))


def test_our_own_answer_is_read_as_a_whole_too() -> None:
    """A completion of this package gives the message of its first choice, without the thoughts."""
    body = encode({**WHOLE, "choices": [{"index": 0, "message": {**OPENAI, "content": "<reasoning>b</reasoning>a"}}]})
    completion = parse_completion(HTTPResponse(200, {}, body))
    for answer in (completion, completion.choices[0], completion.choices[0].message):
        assert AssistantMessage.from_answer(answer) == AssistantMessage("a")


class Raising:
    def model_dump(self) -> dict[str, Any]:
        raise RuntimeError(CANARY)


UNREADABLE: list[tuple[Any, type[Exception], str]] = [
    (None, TypeError, "not NoneType"),
    (CANARY, TypeError, "not str"),
    ([CANARY], TypeError, "not list"),
    (AssistantMessage, TypeError, "not type"),
    (Raising(), TypeError, "raised RuntimeError"),
    ({}, TypeError, "must be the message of an answer"),
    ({"text": CANARY}, TypeError, "must be the message of an answer"),
    ({"role": "user", "content": CANARY}, TypeError, "must be the message of an answer"),
    ({"choices": []}, ValueError, "choices"),
    ({"choices": CANARY}, ValueError, "choices"),
    ({"choices": [CANARY]}, TypeError, "choices[0]"),
    ({"message": CANARY}, TypeError, "message"),
    ({"content": 1}, ValueError, "content: must be a text, not int"),
    ({"content": [1]}, TypeError, "content[0]"),
    ({"content": [{"type": "text", "text": 1}]}, ValueError, "content[0].text"),
    ({"function_call": CANARY}, TypeError, "function_call"),
    ({"tool_calls": CANARY}, ValueError, "tool_calls"),
    ({"tool_calls": [CANARY]}, TypeError, "tool_calls[0]"),
    ({"tool_calls": [{"type": CANARY}]}, ValueError, "tool_calls[0].type"),
    ({"tool_calls": [{"id": "a"}]}, TypeError, "tool_calls[0].function"),
    ({"tool_calls": [{"function": {"name": 1}}]}, ValueError, "tool_calls[0].function.name"),
    ({"tool_calls": [{"function": {"arguments": [1]}}]}, ValueError, "tool_calls[0].function.arguments"),
    ({"tool_calls": [{"function": {"arguments": {"a": {1}}}}]}, ValueError, "must be JSON"),
]


@pytest.mark.parametrize("beside", [{"refusal": {}}, {"refusal": False}, {"audio": True}, {"audio": {"id": 1}}])
def test_what_is_beside_an_answer_and_cannot_be_read_is_left_out(beside: dict[str, Any]) -> None:
    """A wrong kind of refusal or audio costs nobody the text, as where an answer is parsed."""
    assert AssistantMessage.from_answer({"content": "a", **beside}) == AssistantMessage("a")


@pytest.mark.parametrize("ids", [(None, None), (1, ""), ("a", "a"), ({}, "a")])
def test_calls_get_ids_that_pair_with_their_results(ids: tuple[Any, Any]) -> None:
    """An ID that is no text, empty or another call's is replaced, so that the message can be sent."""
    calls = [{"id": each, "type": "function", "function": {"name": "f", "arguments": "{}"}} for each in ids]
    message = AssistantMessage.from_answer({"role": "assistant", "tool_calls": calls})
    names = [call.id for call in message.tool_calls or ()]
    assert all(isinstance(name, str) and name for name in names)
    assert len(set(names)) == len(ids)


@pytest.mark.parametrize(("given", "kind", "words"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_said_without_its_content(given: Any, kind: type[Exception], words: str) -> None:
    """The error names the place and what is wrong there, never what was said."""
    with pytest.raises(kind) as caught:
        AssistantMessage.from_answer(given)
    assert words in str(caught.value)
    assert CANARY not in f"{caught.value!r}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
