"""From an answer to a value of the kind that was asked for, or to the one error that says why not.

This module's law: what is no whole answer is never read as one, nothing is repaired, and no error repeats the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..validation.fields import json_path
from ..values import jsontext
from ..values.completion import ChatCompletion
from ..values.errors import ParseError
from ..values.forks import loading
from ..values.guardrail_outcome import FINISH_REASONS
from ..values.jsontext import in_unicode
from ..values.kinds.kind import WRAPPER, Kind, Misfit
from ..values.reasoning import OPEN, split_reasoning
from .document import document_in
from .kinds import asked_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import TypeForm

T = TypeVar("T")

_MORE = "Allow more tokens with max_completion_tokens."
#: What is told to the model of what is wrong, at most, in characters.
_MOST_TOLD = 500


@overload
def parse_answer(answer: ChatCompletion | str, kind: type[T], /) -> T: ...
@overload
def parse_answer(answer: ChatCompletion | str, kind: Mapping[str, Any], /) -> Any: ...
@overload
def parse_answer(answer: ChatCompletion | str, kind: TypeForm[T], /) -> T: ...
def parse_answer(answer: ChatCompletion | str, kind: Any, /) -> Any:
    """Return the value of `kind` that a completion, or its text, holds.

    Raises ParseError for an answer that is none, and TypeError for a kind that has no strict schema, and for what is
    neither a completion nor a text.
    """
    if not isinstance(answer, ChatCompletion | str):
        raise TypeError(
            f"first comes the answer, a ChatCompletion or a str; it is of the class {type(answer).__name__}"
        )
    return value_in(answer, asked_kind(kind))


def value_in(answer: ChatCompletion | str, kind: Kind) -> Any:
    """Return the value of `kind` in an answer. Raises ParseError."""
    try:
        return read_answer(answer, kind)
    except UnfitError as unfit:
        failure = unfit.failure
    raise failure


class UnfitError(Exception):
    """An answer is there and is not of the kind, so that it can be asked for again."""

    def __init__(self, failure: ParseError, told: str) -> None:
        super().__init__(failure, told)
        failure.told = in_unicode(told)[:_MOST_TOLD]
        self.failure = failure


def read_answer(answer: ChatCompletion | str, kind: Kind) -> Any:
    """Return the value of `kind` in an answer. Raises UnfitError, and ParseError where there is no answer."""
    completion = None if isinstance(answer, str) else answer
    if completion is not None:
        refuse_no_answer(completion)
    try:
        return fitting(document_in(_text_of(answer)), kind)
    except jsontext.JSONError as error:
        words = f"the answer is not one JSON document: {error}"
        unfit = UnfitError(ParseError(words, reason="not-json", completion=completion), f"It is no JSON: {error}.")
    except Misfit as error:
        unfit = _unfit(error, kind, completion)
    raise unfit


def _text_of(answer: ChatCompletion | str) -> str:
    """Return the text of an answer; of one as Bedrock sends it, which begins with thoughts in tags, what follows."""
    if not isinstance(answer, str):
        return answer.text
    return split_reasoning(answer)[0] if answer.lstrip().startswith(OPEN) else answer


def fitting(document: Any, kind: Kind) -> Any:
    """Return the value of a JSON document. Raises Misfit.

    jsonschema, which takes longer to load than most calls of this package take, is asked only of schemas of others.
    """
    if kind.plain_of is not None:
        document = kind.plain_of(document)
    if not kind.exact:
        with loading():
            from ..validation.instances import misfits

        misfit = next(misfits(kind.full, document, formats=kind.plain_of is None), None)
        if misfit is not None:
            raise misfit.with_traceback(None)
    return kind.value_of(document)


def _unfit(misfit: Misfit, kind: Kind, completion: ChatCompletion | None) -> UnfitError:
    place, words = json_path(misfit.path), misfit.message
    if kind.wrapped and not misfit.path and misfit.rule in ("type", "additionalProperties"):
        words += f'; the whole answer must be {{"{WRAPPER}": ...}}'
    failure = ParseError(words, reason="schema", json_path=place, rule=misfit.rule, completion=completion)
    return UnfitError(failure, f"{place}: {words}{f': {misfit.hint}' if misfit.hint else ''}.")


def refuse_no_answer(completion: ChatCompletion) -> None:
    """Raise ParseError for a completion that cannot hold a whole value, whatever its text is."""
    outcome, message = completion.guardrail, completion.choices[0].message if completion.choices else None
    if (outcome is not None and outcome.intervened) or completion.finish_reason in FINISH_REASONS:
        raise ParseError("a guardrail has intervened", reason="guardrail", completion=completion)
    if message is not None and message.refusal:
        raise ParseError("the model has refused to answer", reason="refusal", completion=completion)
    if completion.finish_reason == "length":
        spent = completion.budget_spent_on_reasoning
        words = "the token budget was spent on reasoning" if spent else "the answer was cut at its limit of tokens"
        failure = ParseError(words, reason="length", completion=completion)
        failure.partial, failure.advice = completion, _MORE
        raise failure
    if completion.tool_calls or (message is not None and message.function_call):
        failure = ParseError("the model has answered with calls of tools", reason="tool-calls", completion=completion)
        failure.advice = "Run them first, as run_tools does, and ask for the value without tools."
        raise failure
    if not completion.text.strip():
        raise ParseError("the answer is empty", reason="empty", completion=completion)
