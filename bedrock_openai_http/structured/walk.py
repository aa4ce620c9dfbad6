"""Asking for a value: the completion, and asking again where the answer was not of the kind.

It is a generator: it yields each request for a completion and is sent the completion, so that a client of either kind
can drive it.

This module's law: an answer that was cut, refused, filtered or empty is never asked for again; it would be so again,
and the whole prompt be paid for each time.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

from ..call.deadline import Deadline
from ..values.completion import ChatCompletion
from ..values.errors import BedrockOpenAIError, ParseError
from ..values.kinds.kind import Kind
from ..values.messages import UserMessage
from ..values.parsed import Parsed
from ..values.usage import NO_USAGE
from .answers import UnfitError, read_answer
from .given import Request, changed

_AGAIN = "Answer again with the whole JSON document, and nothing else."


class Complete(NamedTuple):
    """Complete `request` within so many seconds; None for no limit. Answered with the completion."""

    request: Request
    seconds: float | None


def parsing(
    request: Request, kind: Kind, way: str, *, reask: int, limit: Deadline
) -> Generator[Complete, ChatCompletion, Parsed[Any]]:
    """Return the value of `kind` that answers `request`, which asks for it in this `way` (`asking.asking_for`).

    Raises ParseError where even the last answer is of another kind, and at once where there is none; and what asking
    for a completion raises. Either has in `.spent` the tokens of the completions before.
    """
    spent = NO_USAGE
    while True:
        try:
            completion = yield Complete(request, limit.left())
            spent_before, spent = spent, spent.plus(completion.usage)
            value = read_answer(completion, kind)
        except UnfitError as unfit:
            failure = unfit.failure
        except ParseError as error:
            error.spent = spent_before
            raise
        except BedrockOpenAIError as error:
            error.spent = None if spent == NO_USAGE else spent
            raise
        else:
            return Parsed(value, completion, spent, way)
        if not reask:
            failure.spent = spent_before
            raise failure
        reask -= 1
        request = _again(request, completion, failure)


def _again(request: Request, completion: ChatCompletion, failure: ParseError) -> Request:
    """Return the request that tells the model what was wrong with its answer."""
    messages = request["messages"] if isinstance(request, Mapping) else request.messages
    answer = completion.choices[0].message.to_request_message()
    words = UserMessage(f"Your last answer does not fit. {failure.told} {_AGAIN}")
    return changed(request, {"messages": [*messages, answer, words]})
