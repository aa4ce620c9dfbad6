"""The tools of a run: what the model is told of them, and which function a call is of.

This module's law: what is no tool is a TypeError before anything is sent, and no tool is ever run here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from ..values.kinds.functions import is_async, signature_of
from ..values.messages import CustomToolCall, ToolCall
from ..values.request import CustomTool, FunctionTool
from ..values.tool_run import ToolError
from . import told
from .taking import Taken, Taking, by_schema, by_signature, by_text


class Tool(NamedTuple):
    """A tool that the model may call."""

    definition: FunctionTool | CustomTool
    function: Callable[..., Any]
    take: Taking


class Prepared(NamedTuple):
    """A call that can be run: of this tool, with these arguments."""

    call: ToolCall | CustomToolCall
    tool: Tool
    taken: Taken

    def shown(self) -> Any:
        """Return the arguments as `before_call` is shown them: what it does to them changes nothing."""
        try:
            return deepcopy(self.taken.arguments)
        except Exception:  # noqa: BLE001  (a class of the caller's that cannot be copied is shown as it is)
            return self.taken.arguments

    def run(self) -> Any:
        """Return what the function of the tool returns; raise what it raises."""
        return self.tool.function(*self.taken.placed, **self.taken.named)


class Toolbox:
    """The tools of a run, by name. Raises TypeError for what is none, for none at all, and for two of one name.

    `awaits` says that coroutine functions can be run.
    """

    def __init__(self, tools: Sequence[Any], *, awaits: bool) -> None:
        if not isinstance(tools, (list, tuple)):
            raise TypeError(f"tools: must be a list of functions, not {type(tools).__name__}")
        if not tools:
            raise TypeError("tools: there is none; call `complete` for a request without tools")
        self._tools: dict[str, Tool] = {}
        for index, given in enumerate(tools):
            tool = _tool(given, f"tools[{index}]")
            name = tool.definition.name
            if name in self._tools:
                raise TypeError(f"tools[{index}]: two tools are called {name!r}")
            if not awaits and is_async(tool.function):
                raise TypeError(f"tools[{index}]: {name} is a coroutine function, which AsyncClient takes")
            self._tools[name] = tool

    @property
    def definitions(self) -> list[FunctionTool | CustomTool]:
        """What the model is told of the tools."""
        return [tool.definition for tool in self._tools.values()]

    def prepared(self, call: ToolCall | CustomToolCall) -> Prepared | Exception:
        """Return the call with its arguments checked and converted, or the ToolError that the model is told instead.

        Another exception comes of a schema of the caller's that nothing can be checked by.
        """
        is_custom = isinstance(call, CustomToolCall)
        name, text = called(call)
        tool = self._tools.get(name)
        if tool is None:
            return ToolError(told.no_such_tool(list(self._tools)))
        if isinstance(tool.definition, CustomTool) is not is_custom:
            wants = "JSON arguments, as a function" if is_custom else "free text, as a custom tool"
            return ToolError(told.other_kind(wants))
        try:
            return Prepared(call, tool, tool.take(text))
        except Exception as wrong:  # noqa: BLE001  (the loop knows what follows)
            return wrong


def called(call: ToolCall | CustomToolCall) -> tuple[str, str]:
    """Return the name that is called, and the words that it is called with."""
    if isinstance(call, CustomToolCall):
        return call.custom.name, call.custom.input
    return call.function.name, call.function.arguments


def _tool(given: Any, where: str) -> Tool:
    if isinstance(given, (FunctionTool, CustomTool)):
        raise TypeError(f"{where}: {given.name}: there is nothing to run: give a pair (tool, function)")
    if not isinstance(given, tuple):
        if not callable(given):
            raise TypeError(f"{where}: must be a function, or a pair of a tool and a function")
        signature = signature_of(given)
        return Tool(FunctionTool(**signature.members()), given, by_signature(signature))
    definition, function = given if len(given) == 2 else (None, None)
    if not isinstance(definition, (FunctionTool, CustomTool)) or not callable(function):
        raise TypeError(f"{where}: a pair must be (FunctionTool or CustomTool, function)")
    if isinstance(definition, CustomTool):
        return Tool(definition, function, by_text)
    return Tool(definition, function, _taking(definition, function))


def _taking(definition: FunctionTool, function: Callable[..., Any]) -> Taking:
    """Return how arguments are taken: as the function's own signature says, if the schema was made of it."""
    try:
        signature = signature_of(function, name=definition.name)
    except TypeError:
        signature = None
    if signature is not None and signature.kind.schema == definition.parameters:
        return by_signature(signature)
    return by_schema(definition.name, definition.parameters, function)
