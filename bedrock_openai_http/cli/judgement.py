"""What there is to say of the request bodies in a JSON text: their flaws, or else what their model will not take.

This module never shows what a message says: only places, rules and advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..validation.lint import lint_request
from ..validation.models import model_mistake
from ..validation.validate import RULES, Flaw, json_path, request_flaws
from ..values import jsontext
from .batch_lines import BEDROCK, BatchFile, is_judged, wrapping_of
from .documents import Document, line_of_error
from .positions import Positions

#: Members of which each body or line of a batch file has one.
_OF_A_BODY = ("messages", "model", "body", "modelInput")


class Remark(NamedTuple):
    """One line to print: where, of which kind ("error", "warning" or "note"), by which rule, and what."""

    line: int
    kind: str
    rule: str
    text: str


class Terms(NamedTuple):
    """What bodies are judged by, beside the schema."""

    endpoint: str = "runtime"
    region: str | None = None
    #: The model that they are judged for, whatever they name; None for their own.
    model: str | None = None
    #: Names of members that may stand anywhere.
    allow: tuple[str, ...] = ()


#: A remark without its line: the path of its place, the kind, the rule, and the text.
_Said = tuple[str, str, str, str]


class Judge:
    """Judges the texts of one file."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._batch = BatchFile()

    def judge(self, document: Document) -> Iterator[list[Remark]]:
        """Yield for each body of a document what there is to say of it."""
        try:
            value = jsontext.decode(document.data)
        except jsontext.JSONError as error:
            line = document.line + line_of_error(document.data) - 1
            yield [Remark(line, "error", "json", f"is not JSON: {error}" if document.data else "is empty")]
            return
        positions = None
        for path, item in _bodies(value, document.is_whole):
            remarks = []
            for place, kind, rule, text in self._said(path, item, document.line):
                if positions is None and document.is_whole:
                    positions = Positions(str(document.data, "utf-8-sig"))
                line = document.line + (positions.line_of(place) - 1 if positions else 0)
                remarks.append(Remark(line, kind, rule, text))
            yield remarks

    def _said(self, path: str, value: Any, line: int) -> Iterator[_Said]:
        form = wrapping_of(value)
        if form is None:
            if value == [] and path == "$":
                yield path, "error", "empty", f"{path}: holds no request body [empty]"
            else:
                yield from self._of_body(path, value)
            return
        here = f"line {line}" if path == "$" else path
        for member, kind, words, rule in self._batch.faults(value, form, here):
            if rule != "batch-model" or self._terms.model is None:
                place = f"{path}.{member}"
                yield place, kind, rule, f"{place}: {words} [{rule}]"
        if is_judged(value, form):
            body = value[form.body]
            if form is BEDROCK and isinstance(body, Mapping):
                body = {"model": "-", **body}  # the batch job names the model; the line need not
            yield from self._of_body(f"{path}.{form.body}", body)

    def _of_body(self, path: str, body: Any) -> Iterator[_Said]:
        if self._terms.model is not None and isinstance(body, Mapping):
            body = {**body, "model": self._terms.model}
        flawed = False
        for said in self._flaws(path, body):
            flawed = True
            yield said
        if not flawed:
            yield from self._lints(path, body)

    def _flaws(self, path: str, body: Any) -> Iterator[_Said]:
        """Yield each flaw; of an object of another API's form one, and of what a rule says one note."""
        told: set[Any] = set()
        flaws = list(request_flaws(body, in_file=True, allow=self._terms.allow))
        misspelt = set(filter(None, map(_meant, flaws)))
        for flaw in flaws:
            # What is missing since its name is misspelt is told by the other name.
            if (flaw.about is not None and flaw.about in told) or (flaw.rule == "required" and flaw.path in misspelt):
                continue
            told.add(flaw.about)
            place = path + json_path(flaw.path)[1:]
            yield place, "error", flaw.rule, f"{place}: {flaw.message} [{flaw.rule}]"
            for note in self._notes(flaw.rule, flaw.path):
                if note not in told:
                    told.add(note)
                    yield place, "note", flaw.rule, note

    def _notes(self, rule: str, path: tuple[str | int, ...]) -> Iterator[str]:
        if rule == "unknown-key" and len(path) == 1:
            # A key of another API has a rule of its own, which tells more.
            for lint in lint_request({"model": "", "messages": (), str(path[0]): True}):
                yield f"{lint.message} [{lint.rule}]"
        elif rule in RULES:
            yield RULES[rule]

    def _lints(self, path: str, body: Any) -> Iterator[_Said]:
        mistake = model_mistake(body["model"], self._terms.endpoint)
        if mistake is not None:
            yield f"{path}.model", "error", "model-id", f"{path}.model: {mistake} [model-id]"
        for lint in lint_request(body, endpoint=self._terms.endpoint, region=self._terms.region):
            if mistake is None or lint.json_path != "$.model":
                place = path + lint.json_path[1:]
                yield place, "warning", lint.rule, f"{place}: {lint.message} [{lint.rule}]"


def _meant(flaw: Flaw) -> tuple[str | int, ...] | None:
    """Return the place of the member that an unknown one was probably meant to be."""
    name = re.search(r'did you mean "(\w+)"', flaw.message) if flaw.rule == "unknown-key" else None
    return None if name is None else (*flaw.path[:-1], name[1])


def _bodies(value: Any, is_whole: bool) -> Iterator[tuple[str, Any]]:
    """Yield the bodies in a text, with their paths: the items of an array of them, or the text's own value."""
    is_array = is_whole and isinstance(value, list) and value
    # An array of messages or of tools is one thing that stands where a body belongs.
    if is_array and not all(
        isinstance(item, Mapping) and not any(key in item for key in _OF_A_BODY) for item in value
    ):
        for index, item in enumerate(value):
            yield f"$[{index}]", item
    else:
        yield "$", value
