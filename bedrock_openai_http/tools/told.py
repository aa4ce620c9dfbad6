"""What a model is told in place of a result.

This module's law: nothing here comes from an exception but the text of a ToolError, which is written for the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..validation.fields import json_path
from ..values.jsontext import in_unicode
from ..values.kinds.kind import Misfit

FAILED = "The tool failed."
NOT_RUN = "This call was not run."
BROKEN_OFF = "This call was broken off: it is not known whether it was carried out."
LOST = "This call was carried out, but was broken off before its result could be told."
#: How many flaws of the arguments are told at once.
_MOST_FLAWS = 5
#: How many characters of arguments that are no JSON are told.
_MOST_TEXT = 1000


def no_such_tool(names: Sequence[str]) -> str:
    """Return what is said of a name that no tool has."""
    return f"{NOT_RUN} There is no tool of that name; the tools are: {', '.join(names)}."


def other_kind(wants: str) -> str:
    """Return what is said where a tool is called as one of another kind; `wants` is what it takes."""
    return f"{NOT_RUN} The tool takes {wants}."


def not_an_object(reason: str, text: str, parameters: Sequence[str]) -> str:
    """Return what is said of arguments that cannot be read; `text` is what came, which does not go back as it is."""
    came = in_unicode(text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + "...")
    return f"{NOT_RUN} Its arguments must be one JSON object: {reason}. {_listed(parameters)} They were: {came}"


def wrong(flaws: Iterable[Misfit], parameters: Sequence[str]) -> str:
    """Return what is said of arguments that do not fit, each by its place and the rule that it breaks."""
    said = [
        f"{json_path(flaw.path)}: {flaw.message} [{flaw.rule}]{f' ({_hint(flaw)})' if _hint(flaw) else ''}"
        for flaw in list(flaws)[:_MOST_FLAWS]
    ]
    return f"{NOT_RUN} Its arguments are wrong: {'; '.join(said)}. {_listed(parameters)}"


def _hint(flaw: Misfit) -> str:
    """Return what a class has said of an argument, if it has said it for the model: by a ToolError."""
    return in_unicode(flaw.hint or "") if flaw.is_for_tools else ""


def by_tool(error: Exception) -> str:
    """Return what a ToolError says."""
    try:
        return in_unicode(str(error)) or FAILED
    except Exception:  # noqa: BLE001  (a class of the caller's may say it in a way of its own)
        return FAILED


def _listed(parameters: Sequence[str]) -> str:
    return f"The parameters are: {', '.join(parameters)}." if parameters else "It has no parameters."
