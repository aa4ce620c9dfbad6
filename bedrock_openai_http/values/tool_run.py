"""A run of tools as far as it has come: what was said, which calls were made, and what they gave.

This module holds plain values and no rules; `tools` makes them.
"""

from __future__ import annotations

from typing import Any

from .completion import ChatCompletion
from .frozen import field, frozen
from .messages import ToolMessage
from .usage import Usage
from .wire_value import plain


class ToolError(Exception):
    """Raised by a tool, or by `before_call`, to tell the model that a call failed: its text is what the model reads.

    The text of any other exception is never told to a model: it may hold what is nobody else's business.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)


@frozen
class Turn:
    """One completion whose calls were run, and their results in the order of the calls."""

    completion: ChatCompletion
    results: tuple[ToolMessage, ...] = field(default=(), repr=False)


@frozen
class ToolRun:
    """What `Client.run_tools` returns, and what each error of ours that leaves it has as `.run`: the run so far."""

    #: The last completion, which is the answer of a run that has come to its end; None before the first.
    completion: ChatCompletion | None
    #: The turns whose calls were run, in order.
    turns: tuple[Turn, ...]
    #: The tokens of all completions, those of a turn that was cut too.
    usage: Usage
    #: The messages of the transcript in wire form.
    transcript: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The whole transcript, from the request's own messages on, JSON-ready and fit for the next request."""
        return [plain(message) for message in self.transcript]

    @property
    def text(self) -> str:
        """The text of the last completion; "" before the first."""
        return "" if self.completion is None else self.completion.text

    @property
    def request_id(self) -> str | None:
        """The AWS request ID of the last completion."""
        return None if self.completion is None else self.completion.request_id
