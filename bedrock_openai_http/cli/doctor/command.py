"""`bedrock-openai-http doctor`: what a call would use, where that comes from, whether it works, what to fix.

This module reads the options and shows the findings; `diagnosis` makes them.
"""

from __future__ import annotations

import argparse
import json
import platform
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._version import __version__
from ..asking import DEFAULT_MODEL_HELP, DEFAULT_MODELS
from ..terminal import Output, plain_output
from ..usage import in_flags

if TYPE_CHECKING:
    from .finding import Finding

DESCRIPTION = """\
Show what a call would use and where each value comes from, check the way to the service, and say what to fix.
Nothing secret is shown. Without --call no credentials are sent.
"""

EPILOG = """\
The exit code is that of the first line marked FAIL: 2 for an unusable configuration, 3 for no usable credentials,
4 for no connection, 1 for a call that the service refused. Warnings leave it 0.

examples:
  bedrock-openai-http doctor
  bedrock-openai-http doctor --profile work --call
  bedrock-openai-http doctor --offline --json
"""

#: Libraries whose versions explain most of what goes wrong.
LIBRARIES = ("requests", "urllib3", "botocore", "jsonschema")

#: Columns: the mark, the name, the text; and of the whole line.
_MARK, _NAME, _TEXT, _WIDTH = 6, 13, 34, 80

#: Green, yellow, red and grey.
_COLOURS = {"ok": 32, "warn": 33, "FAIL": 31, "--": 90}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `doctor` to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="show what a call would use, and check that it works",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--region", help="AWS Region (default: from the environment or the profile)")
    parser.add_argument("--profile", help="profile of the AWS configuration files")
    parser.add_argument(
        "--endpoint", choices=("runtime", "mantle"), default="runtime", help="which endpoint (default: %(default)s)"
    )
    parser.add_argument("--endpoint-url", metavar="URL", help="service root to use in place of Bedrock's own")
    parser.add_argument("--model", help=DEFAULT_MODEL_HELP)
    network = parser.add_mutually_exclusive_group()
    network.add_argument("--call", action="store_true", help="also make one small call, which costs a few tokens")
    network.add_argument("--offline", action="store_true", help="leave the network checks out")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=4.0,
        metavar="SECONDS",
        help="longest time for each check (default: %(default)g)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the findings as they are made, and return 0 or the exit code of the first failure."""
    from .diagnosis import Question, diagnose

    names = ("region", "profile", "endpoint", "endpoint_url", "timeout", "offline", "call")
    given = {name: getattr(args, name) for name in names}
    findings = diagnose(Question(**given, model=args.model or DEFAULT_MODELS[args.endpoint]))
    made: list[Finding] = []
    with plain_output() as output:
        for finding in findings:
            finding = replace(finding, text=in_flags(finding.text), fix=in_flags(finding.fix))
            made.append(finding)
            if not args.json:
                _show(finding, output)
        output.write(_document(made) if args.json else _ending(made))
    return _exit_code(made)


def _exit_code(findings: list[Finding]) -> int:
    return next((finding.exit_code for finding in findings if finding.status == "FAIL"), 0)


def _show(finding: Finding, output: Output) -> None:
    """Write the mark, the name, the text and its source in columns, and below them what to do."""
    mark = f"{finding.status:<{_MARK}}"
    output.write_coloured(mark, _COLOURS[finding.status])
    lines = _wrapped(finding.text, "")
    if finding.source:
        beside = f"{lines[-1]:<{_TEXT}}  {finding.source}"
        fits = len(beside) <= _WIDTH - _MARK - _NAME
        lines = [*lines[:-1], beside] if fits else [*lines, *_wrapped(finding.source, "")]
    if finding.fix:
        lines += _wrapped(finding.fix, "-> ")
    indent = "\n" + " " * (_MARK + _NAME)
    output.write(f"{finding.name:<{_NAME}}{indent.join(lines)}\n")


def _wrapped(text: str, bullet: str) -> list[str]:
    """Return `text` after a bullet, in lines of at most 80 columns as far as its words allow it."""
    return textwrap.wrap(
        text,
        _WIDTH - _MARK - _NAME,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _ending(findings: list[Finding]) -> str:
    """Return the versions, and the verdict in one line."""
    versions = [f"{name} {version}" for name, version in _versions().items()]
    own = len(versions) - len(LIBRARIES)
    failures, warnings = (sum(finding.status == status for finding in findings) for status in ("FAIL", "warn"))
    verdict = f"{failures or 'Nothing'} to fix" + (f", {warnings} to look at" if warnings else "")
    return f"\n{', '.join(versions[:own])}\n{', '.join(versions[own:])}\n\n{verdict}.\n"


def _document(findings: list[Finding]) -> str:
    rows = [
        {
            "name": finding.name,
            "status": "skipped" if finding.status == "--" else finding.status.lower(),
            "text": finding.text,
            "source": finding.source or None,
            "fix": finding.fix or None,
        }
        for finding in findings
    ]
    document = {"exit_code": _exit_code(findings), "findings": rows, "versions": _versions()}
    return json.dumps(document, indent=2) + "\n"


def _versions() -> dict[str, str]:
    """Return the versions of everything that takes part; of the libraries without loading them."""
    import ssl
    from importlib.metadata import PackageNotFoundError, version

    library, number = ssl.OPENSSL_VERSION.split()[:2]
    found = {"bedrock-openai-http": __version__, "Python": platform.python_version(), library: number}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0, and 60 at most")
    return seconds
