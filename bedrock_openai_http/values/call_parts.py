"""Tool calls that arrive in fragments, put together by whatever tells them apart.

Servers do it in many ways: by an index, by an ID, by both, by neither; they repeat what they have said, or do not.

This module's law: an integer index tells to which call a fragment belongs, else a known ID, else it is that of the
call that is open. A new index or a new ID begins a new call; so does a name after whole arguments, where no ID tells.
A name that repeats is kept, one that goes on is appended.
"""

from __future__ import annotations

from typing import Any

from . import jsontext
from .delta import FunctionCallDelta, ToolCallDelta
from .pieces import Text, joined, keep_last
from .reading import JSONObject

#: How long arguments may be that are looked through for their end, in characters, so that each look costs little.
_LOOKED_THROUGH = 65536


class _Called:
    """What is called, and the text that it is called with."""

    def __init__(self) -> None:
        self.name = ""
        self.text = Text()

    def add(self, name: str | None, text: str | None) -> None:
        if name and name != self.name:
            self.name += name
        self.text.add(text or "")

    def is_whole(self) -> bool:
        """Tell whether the text is a whole JSON object, which nothing can go on with."""
        if not 0 < self.text.length <= _LOOKED_THROUGH:
            return False
        text = self.text.whole() or ""
        return text.lstrip().startswith("{") and _is_json(text)


class CallParts:
    """One call, so far."""

    def __init__(self, index: int = 0) -> None:
        #: Where it stands among the others.
        self.index = index
        self.id = ""
        self._type = ""
        self.function = _Called()
        self._custom: _Called | None = None
        self._extra: JSONObject = {}

    def add(self, delta: ToolCallDelta) -> None:
        """Take in a fragment."""
        self.id = self.id or delta.id or ""
        self._type = self._type or delta.type or ""
        if delta.function is not None:
            self.add_function(delta.function)
        if delta.extra:
            keep_last(self._extra, delta.extra)
            custom = self._extra.pop("custom", None)
            if custom is not None:
                self._custom = self._custom or _Called()
                self._custom.add(custom.get("name"), custom.get("input"))

    def add_function(self, delta: FunctionCallDelta) -> None:
        """Take in what is called and with which arguments, unless it is all that was said, once more."""
        said = self.function
        is_said = bool(delta.arguments) and len(delta.arguments or "") == said.text.length
        is_said = is_said and delta.arguments == said.text.whole() and said.is_whole()
        said.add(delta.name, None if is_said else delta.arguments)

    def body(self) -> JSONObject:
        """Return the call as a whole answer has it."""
        called: dict[str, Any] = {}
        if self.function.name or self.function.text.length or self._custom is None:
            called["function"] = self.function_body()
        if self._custom is not None:
            called["custom"] = {"name": self._custom.name, "input": self._custom.text.whole() or ""}
        return joined(self._extra, {"id": self.id, "type": self._type or next(iter(called)), **called})

    def function_body(self) -> JSONObject:
        """Return what is called as a whole answer has it."""
        return {"name": self.function.name, "arguments": self.function.text.whole() or ""}


class ToolCallsParts:
    """The tool calls of one choice, so far."""

    def __init__(self) -> None:
        self._calls: list[CallParts] = []
        #: The call that an index and an ID stand for, or one of them: with an index alone, the latest that has it.
        self._known: dict[tuple[int | None, str | None], CallParts] = {}
        self._open: CallParts | None = None

    def add(self, deltas: tuple[ToolCallDelta, ...]) -> None:
        """Take in the fragments of one chunk."""
        named = False
        for delta in deltas:
            # Without index and ID, each name in a chunk is of another call.
            names = delta.index is None and not delta.id and bool(delta.function and delta.function.name)
            call = self._find(delta, named=named and names)
            named = named or names
            call.add(delta)
            self._open = call

    def _find(self, delta: ToolCallDelta, *, named: bool) -> CallParts:
        """Return the call that a fragment belongs to, which may be a new one."""
        index, call_id = delta.index, delta.id or None
        latest = self._open if index is None else self._known.get((index, None))
        call = latest if call_id is None else self._known.get((index, call_id))
        if call is None and latest is not None and not latest.id and (index is not None or not _name(delta)):
            call = latest  # whose ID comes later
        is_told = call is not None and bool(call_id and call.id)
        if call is not None and not is_told and (named or _is_over(call, delta)):
            call = None
        if call is None:
            call = CallParts(index if index is not None else latest.index if latest else 0)
            self._calls.append(call)
        if index is not None:
            self._known[index, None] = call
        if call_id is not None:
            self._known[index, call_id] = self._known[None, call_id] = call
        return call

    def bodies(self) -> list[JSONObject]:
        """Return the calls as a whole answer has them, in the order of their index, else in which they began."""
        return [call.body() for call in sorted(self._calls, key=lambda call: call.index)]


def _name(delta: ToolCallDelta) -> str | None:
    return delta.function.name if delta.function else None


def _is_over(call: CallParts, delta: ToolCallDelta) -> bool:
    """Tell whether a fragment with a name must be of another call than of this one, if no ID tells.

    No name goes on after arguments, and no arguments do after a whole object, unless all is said once more.
    """
    function, said = delta.function, call.function
    if function is None or not function.name or not said.text.length:
        return False
    if function.name != said.name:
        return delta.index is None or said.is_whole()
    arguments = function.arguments
    return bool(arguments) and arguments != said.text.whole() and said.is_whole()


def _is_json(text: str) -> bool:
    try:
        jsontext.decode(text.encode("utf-8", "surrogatepass"))
    except jsontext.JSONError:
        return False
    return True
