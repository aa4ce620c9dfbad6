"""The parts of a kind that are JSON objects.

This module's law is that of `nodes`; what makes a value of an object's members may be a class of the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..once import once
from ..tool_run import ToolError
from .kind import Misfit, Path
from .look import Look, Looks
from .nodes import NULL, Node, alternatives, of_another_type


class Object(Node):
    """A JSON object with named members, and what makes a Python value of them.

    Of members that are `optional` null stands for the default; in an `open` kind they may be absent instead.
    """

    types = frozenset(["object"])

    def __init__(
        self,
        name: str,
        members: Mapping[str, Node],
        optional: frozenset[str],
        make: Callable[[dict[str, Any]], Any],
        *,
        description: str | None = None,
        open: bool = False,
    ) -> None:
        self.name, self.members, self.optional, self.make = name, members, optional, make
        self._description, self._open = description, open

    @once
    def form(self) -> dict[str, Any]:
        return {
            "type": "object",
            **({"description": self._description} if self._description else {}),
            "properties": {name: self._form_of(name) for name in self.members},
            "required": [name for name in self.members if not (self._open and name in self.optional)],
            "additionalProperties": False,
        }

    def _form_of(self, name: str) -> dict[str, Any]:
        form: dict[str, Any] = self.members[name].form
        return or_null(form) if self.null_is_default(name) else form

    def null_is_default(self, name: str) -> bool:
        """Tell whether null stands for the default of a member, and is no value of it."""
        return name in self.optional and not self._open and "null" not in self.members[name].types

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        if type(value) is not dict:
            raise of_another_type(path, "object")
        for name in self.members:
            if name not in value and not (self._open and name in self.optional):
                raise Misfit((*path, name), "required", "is required")
        if not value.keys() <= self.members.keys():
            known = ", ".join(self.members) or "none"
            words = f"has a member that the schema does not know; it has {known}"
            raise Misfit(path, "additionalProperties", words)
        found = {
            name: node.read(value[name], (*path, name), looks)
            for name, node in self.members.items()
            if name in value and not (value[name] is None and self.null_is_default(name))
        }
        return self._made(found, path)

    def could_be(self, value: Any, look: Look) -> bool:
        if type(value) is not dict or not look.levels:
            return type(value) is dict
        lacking = self.members.keys() - value.keys()
        if not value.keys() <= self.members.keys() or (lacking and not (self._open and lacking <= self.optional)):
            return False
        inside = look.inside()
        return all(
            (member is None and self.null_is_default(name)) or self.members[name].could_be(member, inside)
            for name, member in value.items()
        )

    def _made(self, members: dict[str, Any], path: Path) -> Any:
        try:
            return self.make(members)
        except Exception as error:  # noqa: BLE001  (a class of the caller's)
            words = f"is refused by {self.name} itself ({type(error).__name__})"
            failure = Misfit(path, "value", words, hint=_said(error), is_for_tools=isinstance(error, ToolError))
        # Raised outside of the handler: what a class raises may hold what the model said.
        raise failure


def _said(error: Exception) -> str | None:
    """Return what a class says of a value that it refuses, if that is for the model: by ValueError or ToolError."""
    if type(error) is not ValueError and not isinstance(error, ToolError):
        return None
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (an exception may be made of anything)
        return None


class ByName(Node):
    """A JSON object with members of any name: in open kinds only."""

    types = frozenset(["object"])

    def __init__(self, member: Node) -> None:
        self.member = member

    @once
    def form(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.member.form}

    def read(self, value: Any, path: Path, looks: Looks) -> Any:
        if type(value) is not dict:
            raise of_another_type(path, "object")
        return {name: self.member.read(item, (*path, name), looks) for name, item in value.items()}

    def could_be(self, value: Any, look: Look) -> bool:
        if type(value) is not dict or not look.levels:
            return type(value) is dict
        inside = look.inside()
        return all(self.member.could_be(item, inside) for item in value.values())


def or_null(form: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what `form` takes, or null; a description stays outside."""
    described = {"description": form["description"]} if "description" in form else {}
    rest = {name: member for name, member in form.items() if name != "description"}
    return {"anyOf": [*alternatives(rest), NULL], **described}
