"""The completion that a stream's chunks add up to.

This module's law: nothing that arrived is lost. Text is joined, token lists are appended, tool-call fragments are
joined by their index, a guardrail's traces are joined and its intervention stays, and other fields that this version
does not know keep their last value. To take in a chunk costs the same however much came before it, and changes
neither a chunk nor a completion that was given away.
"""

from __future__ import annotations

from .chunk import ChatCompletionChunk, ChunkChoice, Delta, FunctionCallDelta, ToolCallDelta
from .completion import ChatCompletion, JSONObject
from .guardrail_outcome import FINISH_REASONS as GUARDRAIL_REASONS
from .guardrail_outcome import GuardrailSigns

#: Padding against traffic analysis, not content.
_PADDING = frozenset(("obfuscation",))

#: How deep unknown objects are joined. Since Python 3.12 JSON is read that is nested deeper than Python code can go.
_MERGE_DEPTH = 16


#: After how many pieces they are joined. A piece is a word or two, and takes ten times its length by itself.
_PIECES = 1024


class _Text:
    """A text that arrives in pieces, kept in little more memory than it needs."""

    __slots__ = ("_joined", "_pieces")

    def __init__(self, *pieces: str) -> None:
        self._joined: list[str] = []
        self._pieces = list(pieces)

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        if len(self._pieces) >= _PIECES:
            self._joined.append("".join(self._pieces))
            self._pieces.clear()

    def whole(self) -> str | None:
        """Return the text so far; None if no piece came, be it an empty one."""
        return "".join(self._joined + self._pieces) if self._joined or self._pieces else None


class _Fields:
    """Unknown fields that arrive in pieces: texts and objects are joined, of anything else the last value counts."""

    __slots__ = ("_depth", "_values")

    def __init__(self, first: JSONObject, depth: int = 0) -> None:
        #: What came once is kept as it came; a `_Text` or `_Fields` stands for what is being joined.
        self._values = dict(first)
        self._depth = depth

    def add(self, data: JSONObject) -> None:
        values = self._values
        for key, value in data.items():
            known = values.get(key)
            if isinstance(value, str) and isinstance(known, _Text):
                known.add(value)
            elif isinstance(value, str) and isinstance(known, str) and key != "id":
                values[key] = _Text(known, value)
            elif isinstance(value, dict) and isinstance(known, _Fields):
                known.add(value)
            elif isinstance(value, dict) and isinstance(known, dict) and self._depth < _MERGE_DEPTH:
                values[key] = joined = _Fields(known, self._depth + 1)
                joined.add(value)
            elif key not in _PADDING and (
                value is not None or known is None
            ):  # null beside `content` takes nothing back
                values[key] = value

    def whole(self) -> JSONObject:
        """Return the fields so far."""
        return {
            key: value.whole() if isinstance(value, (_Text, _Fields)) else value
            for key, value in self._values.items()
        }


class _ToolCallParts:
    def __init__(self) -> None:
        self.id: str | None = None
        self.type: str | None = None
        self.name = ""
        #: The pieces of a function's arguments or of a custom tool's input.
        self.text = _Text()
        self.custom = False
        self.extra: JSONObject = {}

    def add(self, delta: ToolCallDelta) -> None:
        self.id = self.id or delta.id
        self.type = self.type or delta.type
        if delta.function is not None:
            self._add_call(delta.function.name, delta.function.arguments)
        self.extra.update(delta.extra)
        custom = self.extra.pop("custom", None)
        if custom is not None:
            self.custom = True
            self._add_call(custom.get("name"), custom.get("input"))

    def _add_call(self, name: str | None, text: str | None) -> None:
        self.name = self.name or name or ""
        self.text.add(text or "")

    def body(self) -> JSONObject:
        kind, member = ("custom", "input") if self.custom else ("function", "arguments")
        call = {"name": self.name, member: self.text.whole() or ""}
        return {"id": self.id or "", "type": self.type or kind, kind: call, **self.extra}


class _ChoiceParts:
    def __init__(self) -> None:
        self.role: str | None = None
        self.content = _Text()
        self.reasoning = _Text()
        self.refusal = _Text()
        self.tool_calls: dict[int, _ToolCallParts] = {}
        self.function_call: _ToolCallParts | None = None
        self.finish_reason: str | None = None
        self.logprobs: JSONObject = {}
        self.message_extra = _Fields({})
        self.extra: JSONObject = {}

    def add(self, choice: ChunkChoice) -> None:
        if choice.finish_reason and self.finish_reason not in GUARDRAIL_REASONS:
            self.finish_reason = choice.finish_reason
        if choice.logprobs:
            _extend_lists(self.logprobs, choice.logprobs)
        if choice.extra and not _PADDING.issuperset(choice.extra):
            self.extra.update(_without_padding(choice.extra))
        delta = choice.delta
        if delta.content is not None:
            self.content.add(delta.content)
        if delta.role or delta.refusal is not None or delta.tool_calls or delta.function_call or delta.extra:
            self._add_rest(delta)

    def _add_rest(self, delta: Delta) -> None:
        self.role = self.role or delta.role
        if delta.refusal is not None:
            self.refusal.add(delta.refusal)
        for call in delta.tool_calls:
            parts = self.tool_calls.get(call.index)
            if parts is None:
                parts = self.tool_calls[call.index] = _ToolCallParts()
            parts.add(call)
        if delta.function_call is not None:
            self._add_function_call(delta.function_call)
        if delta.extra:
            unknown = dict(delta.extra)
            reasoning = unknown.pop("reasoning", None)
            if reasoning:
                self.reasoning.add(reasoning)
            self.message_extra.add(unknown)

    def _add_function_call(self, delta: FunctionCallDelta) -> None:
        if self.function_call is None:
            self.function_call = _ToolCallParts()
        self.function_call.add(ToolCallDelta(0, function=delta))

    def body(self, index: int) -> JSONObject:
        message: JSONObject = {"role": self.role or "assistant", "content": self.content.whole()}
        message["refusal"] = self.refusal.whole()
        reasoning = self.reasoning.whole()
        if reasoning:
            message["reasoning"] = reasoning
        if self.tool_calls:
            message["tool_calls"] = [self.tool_calls[key].body() for key in sorted(self.tool_calls)]
        if self.function_call is not None:
            message["function_call"] = self.function_call.body()["function"]
        message.update(self.message_extra.whole())
        choice = {"index": index, "message": message, "finish_reason": self.finish_reason}
        logprobs = {key: list(value) if isinstance(value, list) else value for key, value in self.logprobs.items()}
        # What was added up comes last: a field that is unknown in a chunk may have a name of a whole choice.
        return {**self.extra, **choice, "logprobs": logprobs or None}


class Accumulator:
    """Adds up the chunks of one stream, in order."""

    def __init__(self) -> None:
        self._top: JSONObject = {}
        self._signs = GuardrailSigns()
        self._choices: dict[int, _ChoiceParts] = {}
        #: The ID of the last chunk.
        self._id: str | None = None
        #: Whether no chunk has arrived yet.
        self.empty = True
        #: Whether the stream's end mark has arrived.
        self.complete = False

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take in the next chunk."""
        self.empty = False
        # What stands beside the choices seldom changes, and this runs for every token.
        if chunk.id != self._id or chunk.usage is not None or chunk.extra:
            self._add_top(chunk)
        for choice in chunk.choices:
            parts = self._choices.get(choice.index)
            if parts is None:
                parts = self._choices[choice.index] = _ChoiceParts()
            parts.add(choice)

    def _add_top(self, chunk: ChatCompletionChunk) -> None:
        self._id = chunk.id
        fields = {key: value for key, value in chunk.raw.items() if key not in ("choices", "object")}
        if fields.get("usage") is None:
            fields.pop("usage", None)
        self._signs.add(fields)
        self._top.update(_without_padding(fields))

    def completion(self, request_id: str | None = None) -> ChatCompletion:
        """Return the completion so far. Its `raw` is the body that a plain answer would have had."""
        choices = [self._choices[index].body(index) for index in sorted(self._choices)]
        body = {**self._top, **self._signs.members(), "object": "chat.completion", "choices": choices}
        return ChatCompletion.from_dict(body, request_id=request_id)


def _without_padding(data: JSONObject) -> JSONObject:
    return {key: value for key, value in data.items() if key not in _PADDING}


def _extend_lists(into: JSONObject, data: JSONObject) -> None:
    for key, value in data.items():
        known = into.get(key)
        if isinstance(value, list):
            if not isinstance(known, list):
                known = into[key] = []
            known.extend(value)
        elif known is None:
            into[key] = value
