"""The requests of a run: the caller's, with its tools, and in later turns with what has been said since.

This module's law: what the loop could not keep to is refused before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..structured.given import Request, changed, field_of
from ..validation.lint import lint_request
from ..validation.validate import checked_body
from ..values import jsontext
from ..values.answer_message import Message
from ..values.errors import RequestValidationError
from ..values.messages import AssistantMessage, FunctionCall, ToolCall, ToolMessage
from ..values.request import ChatCompletionRequest, CustomTool, FunctionTool
from ..values.wire_value import WireValue, plain

_NEEDS = "needs-no-reasoning"


def kept_messages(request: Request) -> list[Any]:
    """Return the messages of a request: values as they are, which keep what is beside their fields, others copied."""
    messages = field_of(request, "messages")
    if not isinstance(messages, (list, tuple)):
        return []
    return [each if isinstance(each, WireValue) else plain(each) for each in messages]


class Asking:
    """Makes the request of each turn.

    Raises RequestValidationError for a request that is not valid or not for a run of tools, and for a model that
    would refuse the tools in it. `endpoint` and `unknown_fields` are the client's.
    """

    def __init__(
        self,
        request: Request,
        tools: Sequence[FunctionTool | CustomTool],
        *,
        endpoint: str,
        unknown_fields: str,
        streamed: bool,
    ) -> None:
        if not isinstance(request, (ChatCompletionRequest, Mapping)):
            raise RequestValidationError("must be an object", rule="type")
        for name in ("tools", "functions", "function_call"):
            if field_of(request, name) is not None:
                raise _refused(name, "must not be given: run_tools takes the tools as an argument")
        extra = None if isinstance(request, Mapping) else request.extra_body
        if isinstance(extra, Mapping) and "tool_choice" in extra:
            raise _refused("tool_choice", "must not be given in extra_body: run_tools sets it for each turn")
        if field_of(request, "stream"):
            raise _refused("stream", "must not be given: run_tools(..., on_chunk=...) streams each turn")
        fields: dict[str, Any] = {"tools": list(tools)}
        if streamed:
            options = field_of(request, "stream_options")
            fields |= {"stream": True, "stream_options": {"include_usage": True} if options is None else options}
        self._first = changed(request, fields)
        body = checked_body(self._first, unknown_fields=unknown_fields)
        if body.get("n", 1) != 1:
            raise _refused("n", "must be 1: run_tools goes on with one answer")
        for lint in lint_request(body, endpoint=endpoint):
            if lint.rule == _NEEDS and lint.json_path == "$.tools":
                raise RequestValidationError(lint.message, json_path=lint.json_path, rule=lint.rule)
        self._later = changed(self._first, {"tool_choice": _later_choice(body.get("tool_choice"))})
        #: The messages that the request begins with, which no later change of the caller's reaches.
        self.transcript: list[Any] = kept_messages(request)

    def request(self, added: Sequence[AssistantMessage | ToolMessage]) -> Request:
        """Return the request of the next turn; `added` is what has been said since the first."""
        if not added:
            return self._first
        return changed(self._later, {"messages": [*self.transcript, *added]})


def history_of(message: Message) -> AssistantMessage:
    """Return an answer as history: arguments that are no JSON, on which models fail, as {}. The result tells them."""
    said = message.to_request_message()
    calls = [
        replace(call, function=FunctionCall(call.function.name, "{}"))
        if isinstance(call, ToolCall) and not _is_json(call.function.arguments)
        else call
        for call in said.tool_calls
    ]
    return replace(said, tool_calls=calls)


def _is_json(text: str) -> bool:
    try:
        jsontext.decode(text.encode("utf-8", "surrogatepass"), names_once=True)
    except jsontext.JSONError:
        return False
    return True


def _later_choice(choice: Any) -> Any:
    """Return the `tool_choice` of later turns: a forced one would have the model call for ever."""
    if not isinstance(choice, Mapping):
        return None if choice == "required" else choice
    if choice.get("type") != "allowed_tools":
        return None
    return {**choice, "allowed_tools": {**choice["allowed_tools"], "mode": "auto"}}


def _refused(name: str, words: str) -> RequestValidationError:
    return RequestValidationError(words, json_path=f"$.{name}", rule="tool-run")
