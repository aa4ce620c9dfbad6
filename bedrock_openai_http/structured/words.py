"""The words around a document: whether they are words alone, or what the document may be a part of.

This module judges by what is left open, left over or like an object beside the document. It decodes nothing, and its
time grows with the words.
"""

from __future__ import annotations

import re

_BOXED = "\\boxed{"
_FENCE = "```"
_BEGIN_OF_FENCE = re.compile(r"```(?:json)?\Z", re.IGNORECASE)
_END_OF_FENCE = re.compile(r"```(?![A-Za-z])")

#: What counts in words. What has no name here is words, whatever brackets are in it: a colour of a terminal, what a
#: backslash makes plain, a bracket that is spoken of, a half-open interval, a text in quotation marks that names
#: nothing. No two of one sort that fail look at the same characters, so that the time is linear.
_MARK = re.compile(
    r"""
      \x1b\[[0-9;?]*[A-Za-z]
    | \\[\[{"\\]
    | '[]\[{}]+'
    | \[[^]\[{}(),;"'\n]*[,;][^]\[{}(),;"'\n]*\) | \([^]\[{}(),;"'\n]*[,;][^]\[{}(),;"'\n]*\]
    | (?P<name>"[^"\\\n]*(?:\\.[^"\\\n]*)*"\s*: | '\s*: | [A-Za-z_]:[ ](?=["'\[{0-9-]|true|false|null))
    | "[^"\\\n]*(?:\\.[^"\\\n]*)*"
    | (?P<code>`+(?:(?i:json))?)
    | (?P<line>\n)
    | (?P<opening>[\[{])
    | (?P<escaped>\\[]}])
    | (?P<closing>[]}])
    """,
    re.VERBOSE,
)
_OPENING = {"]": "[", "}": "{"}


def are_words(before: str, after: str | None = None) -> bool:
    """Tell whether a document between `before` and `after` is a part of nothing, and the only one meant.

    With `after` None it has not come yet, and nothing is held against it.
    """
    leading, following = before.rstrip(), "" if after is None else after.lstrip()
    fence = _BEGIN_OF_FENCE.search(leading, max(0, len(leading) - len("```json")))
    if fence is not None and (after is None or _END_OF_FENCE.match(following)):
        left, right = Words(leading[: fence.start()]), Words(following[len(_FENCE) :])
        if not left.is_in_code:  # else the fence has ended what is before it
            return not (left.fences_object or right.fences_object)
    if leading.endswith(_BOXED) and (after is None or following.startswith("}")):
        leading, following = leading[: -len(_BOXED)], following[1:].lstrip()
    left, right = Words(leading), Words(following)
    is_part = right.is_left_over and following[0] in "]},"
    return not (is_part or left.is_open or right.is_open or left.holds_object or right.holds_object)


class Words:
    """What stands on one side of a document.

    A bracket that is left open may be of a document that has come in part or is no JSON, and a brace with a name and
    a value in it may be an object that was meant.
    """

    def __init__(self, text: str) -> None:
        #: Whether a closing bracket has none that it closes.
        self.is_left_over = False
        #: Whether a brace has a name in it: one in quotation marks, or one with what may be a value of JSON.
        self.holds_object = False
        #: Whether a code fence has such a brace in it, or is said to be JSON.
        self.fences_object = False
        self._open: list[str] = []
        self._braces = 0
        #: The mark of the code that has begun, and how many brackets were open before it.
        self._code, self._outside = "", 0
        for found in _MARK.finditer(text):
            if found.lastgroup is not None:
                self._take(found.lastgroup, found[0])

    @property
    def is_open(self) -> bool:
        """Whether a bracket is left open."""
        return bool(self._open)

    @property
    def is_in_code(self) -> bool:
        """Whether code has begun and not ended."""
        return bool(self._code)

    def _take(self, what: str, mark: str) -> None:
        if what == "name":
            is_object = self._braces > 0
            self.holds_object = self.holds_object or is_object
            self.fences_object = self.fences_object or (is_object and self._code.startswith(_FENCE))
        elif what == "code":
            self._take_code(mark)
        elif what == "line":  # which ends the code that is within a line, and so has been none
            self._code = self._code if self._code.startswith(_FENCE) else ""
            self._outside = self._outside if self._code else 0
        elif what == "opening":
            self._open.append(mark)
            self._braces += mark == "{"
        elif what == "closing" and len(self._open) > self._outside and self._open[-1] == _OPENING[mark]:
            self._open.pop()
            self._braces -= mark == "}"
        else:
            self.is_left_over = self.is_left_over or not self._code

    def _take_code(self, mark: str) -> None:
        """Begin code, or end it: what it leaves open is open in it alone."""
        ticks = mark[: mark.rindex("`") + 1]
        if not self._code:
            self._code, self._outside = ticks, len(self._open)
            self.fences_object = self.fences_object or mark.lower() == f"{_FENCE}json"
        elif self._code == ticks:
            self._braces -= self._open[self._outside :].count("{")
            del self._open[self._outside :]
            self._code, self._outside = "", 0
