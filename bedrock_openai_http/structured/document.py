"""The JSON document in an answer's text.

One document is accepted alone, in a code fence, or with words around it that are words alone. Nothing is repaired:
what is nearly JSON is no JSON, of two documents neither is the answer, and of a name that occurs twice in an object
neither value.

This module decodes and judges no shape.
"""

from __future__ import annotations

import re
from typing import Any

from ..values import jsontext
from .words import are_words

#: What begins a JSON object, and is not merely a brace in a sentence.
OBJECT = re.compile(r'\{(?=[ \t\r\n]*["}])')
_FENCE = "```"


def document_in(text: str) -> Any:
    """Return the value of the one JSON document in `text`. Raises JSONError, which repeats nothing of it."""
    alone = _without_fence(text)
    try:
        return jsontext.decode(alone.encode("utf-8", "surrogatepass"), names_once=True)
    except jsontext.JSONError as error:
        failure = error
    begins = OBJECT.search(text)
    if begins is None:
        raise jsontext.JSONError(str(failure) if alone.lstrip()[:1] in ("{", "[") else "no JSON object is in it")
    # What begins like an object and is none ends the search: within it there may be whole ones.
    value, end = jsontext.decode_at(text, begins.start())
    if OBJECT.search(text, end) is not None:
        raise jsontext.JSONError("two documents or more, and it must be one")
    if not are_words(text[: begins.start()], text[end:]):
        raise jsontext.JSONError("brackets beside the object are left open, left over, or hold something like one")
    return value


def _without_fence(text: str) -> str:
    """Return what stands in the code fence that the whole text is; another text as it is."""
    stripped = text.strip()
    begin, line, rest = stripped.partition("\n")
    is_fence = line and begin.startswith(_FENCE) and rest.endswith(_FENCE)
    return rest.removesuffix(_FENCE) if is_fence else text
