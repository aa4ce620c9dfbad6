"""The JSON document in an answer's text.

One document is accepted alone, in a code fence, or with words around it. Nothing is repaired: what is nearly JSON is
no JSON, of two documents neither is the answer, and of a name that occurs twice in an object neither value.

This module decodes and judges no shape.
"""

from __future__ import annotations

import re
from typing import Any

from ..values import jsontext

#: What begins a JSON object, and is not merely a brace in a sentence.
OBJECT = re.compile(r'\{(?=\s*["}])')


def document_in(text: str) -> Any:
    """Return the value of the one JSON document in `text`. Raises JSONError, which repeats nothing of it."""
    try:
        return jsontext.decode(text.encode("utf-8", "surrogatepass"), names_once=True)
    except jsontext.JSONError as error:
        alone = error
    found: list[Any] = []
    begins = OBJECT.search(text)
    while begins is not None and len(found) < 2:  # two are enough to refuse
        # What begins like an object and is none ends the search: within it there may be whole ones.
        value, end = jsontext.decode_at(text, begins.start())
        found.append(value)
        begins = OBJECT.search(text, end)
    if len(found) > 1:
        raise jsontext.JSONError("two documents or more, and it must be one")
    if not found:
        raise jsontext.JSONError(str(alone) if text.lstrip()[:1] in ("{", "[") else "no JSON object is in it")
    return found[0]
