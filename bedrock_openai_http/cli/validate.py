"""`bedrock-openai-http validate`: judge request bodies in files, without a network or an account.

This module reads JSON lines line by line, and never shows what a message says: only places, rules and advice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO, NamedTuple

from .. import jsontext
from ..errors import RequestValidationError
from .positions import line_of
from .terminal import Output, answer_output, note

EXAMPLES = """\
A file holds one request body, an array of them, or JSON lines, one body each. Lines of a batch file, of OpenAI's form
(custom_id, body) or of Bedrock's (recordId, modelInput), have their body judged. Nothing is sent.

Standard output gets a line for each remark, FILE:LINE: error|warning|note: ...; standard error gets the summary.
Of a body's errors the first is shown. The exit code is 2 if there is an error, or a warning with --strict.

examples:
  bedrock-openai-http validate request.json
  bedrock-openai-http validate --strict --region eu-central-1 batch.jsonl
  jq -c .request log.json | bedrock-openai-http validate -
"""

_BOM = b"\xef\xbb\xbf"


class Document(NamedTuple):
    """A JSON text of a file, and the line on which it begins."""

    data: bytes
    line: int
    #: Whether it is all there is in the file; it may then be an array, and have lines of its own.
    is_whole: bool


class Remark(NamedTuple):
    """One line to print: where, of which kind ("error", "warning" or "note"), and what."""

    line: int
    kind: str
    text: str


class UnreadableError(Exception):
    """A file cannot be read, or no further; the text says why."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `validate` to the command line."""
    parser = subparsers.add_parser(
        "validate",
        help="judge request bodies in files, offline",
        description="Judge request bodies in files: against the schema, its rules, and what is known of the models.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON or JSON lines; '-' is standard input")
    parser.add_argument(
        "--endpoint",
        choices=("runtime", "mantle"),
        default="runtime",
        help="where the requests are meant to go (default: %(default)s)",
    )
    parser.add_argument("--region", help="Region they are meant for, to judge cross-Region profiles by")
    parser.add_argument("--strict", action="store_true", help="let warnings count as errors in the exit code")
    parser.add_argument("--quiet", action="store_true", help="print nothing about the bodies; the exit code tells")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge every file and return 0, or 2 if there is an error. Raises ConfigurationError for what is no Region."""
    if args.region is not None:
        from ..endpoint import check_region

        check_region(args.region)
    out = Output(None) if args.quiet else answer_output()
    bodies, flawed, warned, unread = 0, 0, 0, 0
    for name in args.files:
        try:
            for document in _documents(name):
                for remarks in _judged(document, args):
                    kinds = {remark.kind for remark in remarks}
                    bodies += 1
                    flawed += "error" in kinds
                    warned += "warning" in kinds
                    for line, kind, text in remarks:
                        out.write(f"{_shown(name)}:{line}: {kind}: {text}\n")
        except UnreadableError as error:
            unread += 1
            note(f"{_shown(name)}: {error}")
    if not args.quiet:
        summary = f"{_counted(bodies, 'body', 'bodies')}, {flawed} with errors, {warned} with warnings"
        note(f"{summary}; {_counted(unread, 'file', 'files')} could not be read" if unread else summary)
    return 2 if flawed or unread or (args.strict and warned) else 0


def _documents(name: str) -> Iterator[Document]:
    """Yield the JSON texts of a file: each line of JSON lines as it is read, or else the whole.

    Raises UnreadableError.
    """
    try:
        with _opened(name) as file:
            lines = ((number, line) for number, line in enumerate(file, 1) if line.removeprefix(_BOM).strip())
            number, first = next(lines, (1, b""))
            if not (name.endswith((".jsonl", ".ndjson")) or _is_object(first)):
                yield Document(first + file.read(), number, True)
                return
            yield Document(first, number, False)
            for number, line in lines:
                yield Document(line, number, False)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or type(error).__name__}") from None


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name != "-":
        return open(name, "rb")
    if sys.stdin is None:
        raise UnreadableError("cannot be read: it is closed")
    return nullcontext(sys.stdin.buffer)


def _is_object(line: bytes) -> bool:
    """Tell whether the first line of a file looks like a whole object: what follows are then lines like it."""
    bare = line.removeprefix(_BOM).strip()
    return bare.startswith(b"{") and bare.endswith(b"}")


def _judged(document: Document, args: argparse.Namespace) -> Iterator[list[Remark]]:
    """Yield for each body of a document what there is to say of it."""
    try:
        value = jsontext.decode(document.data)
    except jsontext.JSONError as error:
        line = document.line + _line_of_error(document.data) - 1
        yield [Remark(line, "error", f"is not JSON: {error}" if document.data else "is empty")]
        return
    text = str(document.data, "utf-8-sig") if document.is_whole else ""
    bodies: Iterable[tuple[str, Any]] = [("$", value)]
    if document.is_whole and isinstance(value, list):
        bodies = ((f"$[{index}]", item) for index, item in enumerate(value))
        if not value:
            yield [Remark(document.line, "error", "$: holds no request body [empty]")]
    for path, item in bodies:
        yield [
            Remark(document.line + (line_of(text, place) - 1 if text else 0), kind, message)
            for place, kind, message in _body_remarks(path, item, args)
        ]


def _body_remarks(path: str, value: Any, args: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Yield each (place, kind, text) that there is to say of a body, or of the body in a line of a batch file."""
    from ..lint import lint_request
    from ..model_facts import model_mistake
    from ..validation import RULES, validate_request

    path, body = _unwrapped(path, value)
    try:
        validate_request(body)
    except RequestValidationError as error:
        place = path + error.json_path[1:]
        yield place, "error", f"{place}: {error.message} [{error.rule}]"
        key = error.json_path.removeprefix("$.")
        if error.rule == "unknown-key" and key in body:
            # A key of another API has a rule of its own, which tells more.
            for lint in lint_request({"model": "", "messages": (), key: True}):
                yield place, "note", f"{lint.message} [{lint.rule}]"
        elif error.rule in RULES:
            yield place, "note", RULES[error.rule]
        return
    mistake = model_mistake(body["model"], args.endpoint)
    if mistake is not None:
        yield f"{path}.model", "error", f"{path}.model: {mistake} [model-id]"
    for lint in lint_request(body, endpoint=args.endpoint, region=args.region):
        if mistake is None or lint.json_path != "$.model":
            place = path + lint.json_path[1:]
            yield place, "warning", f"{place}: {lint.message} [{lint.rule}]"


def _unwrapped(path: str, value: Any) -> tuple[str, Any]:
    """Return a body with its path, taken out of a line of a batch file of OpenAI's or of Bedrock's form."""
    if isinstance(value, Mapping) and "messages" not in value:
        if "body" in value:
            return f"{path}.body", value["body"]
        if "modelInput" in value:
            body = value["modelInput"]
            # The batch job names the model; the line need not.
            return f"{path}.modelInput", {"model": "-", **body} if isinstance(body, Mapping) else body
    return path, value


def _line_of_error(data: bytes) -> int:
    """Return the line on which a text stops being JSON; 1 where it is well-formed and refused for what it holds."""
    try:
        json.loads(str(data, "utf-8-sig"))
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    except json.JSONDecodeError as error:
        return error.lineno
    except (RecursionError, ValueError):
        pass
    return 1


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _shown(name: str) -> str:
    """Return a file's name for one line of output."""
    if name == "-":
        return "<stdin>"
    return name if name.isprintable() else ascii(name)
