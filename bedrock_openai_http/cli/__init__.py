"""The command line: this room makes calls of options, and lines and exit codes of what the rooms below say.

It is run as `bedrock-openai-http`, or as `python -m bedrock_openai_http`. Each command is a module with
`add_parser(subparsers)` and `run(args)`, which returns the exit code. This module turns every failure into one
line and an exit code, and imports nothing heavy: a command does that when it runs.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence

from .._version import __version__
from ..values.errors import (
    APIStatusError,
    BedrockOpenAIError,
    ConfigurationError,
    CredentialsError,
    ParseError,
    RequestValidationError,
)
from . import chat, key, serve, validate
from .doctor import command as doctor
from .terminal import Output, discard, note
from .usage import Parser, in_flags

PROG = "bedrock-openai-http"

EXIT_CODES = """\
exit codes:
  0    success
  1    the service refused the request or failed
  2    wrong usage, an invalid request or an unusable configuration; nothing was sent
  3    no usable AWS credentials; nothing was sent
  4    no whole answer: no connection, a timeout, a broken stream, or output that could not be written
  5    the service answered with nothing (of chat)
  6    the answer does not fit the schema (of chat --schema)
  130  interrupted (Ctrl-C)
  141  the reader of the output went away (as in `... | head`)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (by default the arguments of the process) and return its exit code.

    Raises SystemExit where argparse ends the program: --help, --version and wrong usage.
    """
    try:
        try:
            return _run(_parser(), argv)
        finally:
            # Here, not when the interpreter ends, where a failure could only be printed.
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        discard(sys.stderr)
        return 141
    except OSError as error:
        discard(sys.stdout)
        note(f"{PROG}: {type(error).__name__}: {error}")
        return 4


def _run(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> int:
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        with warnings.catch_warnings():
            # Without the line of Python that it comes from, which nobody here has written.
            warnings.showwarning = lambda message, *where, **more: note(in_flags(f"warning: {message}"))
            code: int = args.run(args)
    except KeyboardInterrupt:
        # The terminal has just shown ^C in the middle of a line.
        Output(sys.stderr).write("\n")
        return 130
    except BedrockOpenAIError as error:
        note(f"{PROG}: {type(error).__name__}: {in_flags(str(error))}")
        return _exit_code(error)
    return code


def _exit_code(error: BedrockOpenAIError) -> int:
    """Return the exit code for `error`, as EXIT_CODES lists them."""
    if isinstance(error, APIStatusError):
        return 1
    if isinstance(error, RequestValidationError | ConfigurationError):
        return 2
    if isinstance(error, CredentialsError):
        return 3
    if isinstance(error, ParseError):
        return 6
    return 4


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(
        prog=PROG,
        description="Amazon Bedrock's OpenAI-compatible Chat Completions API over plain, signed HTTP.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", title="commands")
    chat.add_parser(subparsers)
    doctor.add_parser(subparsers)
    key.add_parser(subparsers)
    serve.add_parser(subparsers)
    validate.add_parser(subparsers)
    return parser
