"""An answer as a value of the kind that was asked for.

This module holds plain values and no rules.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from .completion import ChatCompletion
from .frozen import field, frozen
from .usage import Usage

T = TypeVar("T")


@frozen
class Parsed(Generic[T]):
    """What `Client.parse` returns. The repr shows nothing of the value: it is what the model said."""

    #: An instance of the kind that was asked for; of a JSON schema the plain JSON value.
    value: T = field(repr=False)
    #: The answer that it was read from, the last if it was asked for more than once.
    completion: ChatCompletion
    #: The tokens of all completions that were asked for.
    usage: Usage
    #: How the shape was asked for: "response_format" or "message".
    how: str

    @property
    def request_id(self) -> str | None:
        """The AWS request ID of the completion."""
        return self.completion.request_id
