"""`bedrock-openai-http chat --schema`: one prompt, and an answer that fits a JSON schema.

This module's law: standard output gets a value that fits, or nothing. An answer that does not fit is shown only where
that is asked for, on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .answering import summarize
from .asking import bytes_of
from .terminal import Output

if TYPE_CHECKING:
    from ..clients.client import Client
    from ..values.completion import ChatCompletion
    from ..values.request import ChatCompletionRequest
    from ..values.usage import Usage


def add_schema_options(group: argparse._ArgumentGroup) -> None:
    """Add the flags of an answer that fits."""
    group.add_argument("--schema", metavar="FILE", help="print an answer that fits the JSON schema in FILE, as JSON")
    group.add_argument(
        "--reask", type=int, metavar="N", help="with --schema, ask up to N times again if the answer does not fit"
    )
    group.add_argument(
        "--show-misfit", action="store_true", help="with --schema, show an answer that does not fit on standard error"
    )


def schema_of_flags(args: argparse.Namespace) -> Mapping[str, Any] | None:
    """Return the schema that is asked for, None for none; SystemExit where it cannot be used, or for odd flags."""
    if args.schema is None:
        if args.reask is not None or args.show_misfit:
            args.usage_error("--reask and --show-misfit go with --schema")
        return None
    if args.json:
        args.usage_error("--schema prints the value alone, --json the whole answer: leave one out")
    from ..values import jsontext

    try:
        return _checked(jsontext.decode(bytes_of("--schema", args.schema, args)))
    except jsontext.JSONError as error:
        args.usage_error(f"--schema {args.schema}: is not JSON: {error}")
    except TypeError as error:
        args.usage_error(f"--schema {args.schema}: {error}")
    raise AssertionError  # pragma: no cover


def _checked(document: object) -> Mapping[str, Any]:
    """Return the document if it is a schema that can be asked for. Raises TypeError."""
    from ..structured.asking import schema_of

    if not isinstance(document, Mapping):
        raise TypeError("must be an object")
    schema_of(document)
    return document


def print_value(
    client: Client,
    request: ChatCompletionRequest,
    schema: Mapping[str, Any],
    args: argparse.Namespace,
    answer: Output,
) -> None:
    """Ask, and print the value. Raises ParseError for an answer that does not fit, and what a call raises."""
    from ..values.errors import ParseError

    try:
        parsed = client.parse(request, schema, reask=args.reask or 0)
    except ParseError as error:
        if error.completion is not None:
            _tell(error.completion, error.usage, args, misfit=args.show_misfit)
        raise
    answer.write(json.dumps(parsed.value, indent=2, ensure_ascii=False) + "\n")
    _tell(parsed.completion, parsed.usage, args, misfit=False)


def _tell(completion: ChatCompletion, usage: Usage | None, args: argparse.Namespace, *, misfit: bool) -> None:
    """Write about an answer to standard error, with the tokens of all that were asked for."""
    with Output(sys.stderr) as err:
        if args.show_reasoning:
            err.write(completion.reasoning or "")
            err.end_paragraph()
        if misfit:
            err.write(completion.text)
    summarize(replace(completion, usage=usage))
