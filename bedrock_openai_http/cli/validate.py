"""`bedrock-openai-http validate`: judge request bodies in files, without a network or an account.

This module prints and counts remarks, as they are made; `judgement` makes them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .documents import UnreadableError, documents, shown
from .terminal import Output, answer_output, note

if TYPE_CHECKING:
    from .judgement import Remark

EXAMPLES = """\
A file holds one request body, an array of them, or JSON lines, one body each. A batch file, of OpenAI's form
(custom_id, body) or of Bedrock's (recordId, modelInput), is judged as one: its IDs, its one model, no stream.
Nothing is sent.

Standard output gets a line for each remark, FILE:LINE: error|warning|note: ...; standard error gets the summary.
The exit code is 2 if there is an error, or a warning with --strict.

examples:
  bedrock-openai-http validate request.json
  bedrock-openai-http validate --strict --region eu-central-1 batch.jsonl
  bedrock-openai-http validate --summary --model openai.gpt-oss-20b-1:0 --allow top_k logs/*.jsonl
  jq -c .request log.json | bedrock-openai-http validate -
"""


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
    parser.add_argument("--model", metavar="ID", help="judge as if the bodies were for this model")
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="KEY",
        help="let a member of this name pass anywhere; can be given again",
    )
    parser.add_argument("--strict", action="store_true", help="let warnings count as errors in the exit code")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--summary", action="store_true", help="print how often each rule spoke, not each remark")
    amount.add_argument("--quiet", action="store_true", help="print nothing about the bodies; the exit code tells")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge every file and return 0, or 2 if there is an error. Raises ConfigurationError for what is no Region."""
    from .judgement import Judge, Terms

    if args.region is not None:
        from ..aws.endpoint import check_region

        check_region(args.region)
    terms = Terms(args.endpoint, args.region, args.model, tuple(args.allow))
    tally = Tally()
    out = Output(None) if args.quiet else answer_output()
    for name in args.files:
        try:
            judge = Judge(terms)
            for document in documents(name):
                for remarks in judge.judge(document):
                    tally.add(shown(name), remarks)
                    for line, kind, _, text in () if args.summary else remarks:
                        out.write(f"{shown(name)}:{line}: {kind}: {text}\n")
        except UnreadableError as error:
            tally.unread += 1
            note(f"{shown(name)}: {error}")
    if args.summary:
        out.write("".join(f"{row}\n" for row in tally.by_rule()))
    if not args.quiet:
        note(tally.summary())
    return 2 if tally.flawed or tally.unread or (args.strict and tally.warned) else 0


class Tally:
    """How many bodies there were, how many with errors and warnings, and how often each rule spoke."""

    def __init__(self) -> None:
        self.bodies = self.flawed = self.warned = self.unread = 0
        #: Of each (kind, rule): how often, and where first.
        self._rules: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, name: str, remarks: Sequence[Remark]) -> None:
        """Count a body of the file of that name."""
        kinds = {remark.kind for remark in remarks}
        self.bodies += 1
        self.flawed += "error" in kinds
        self.warned += "warning" in kinds
        for line, kind, rule, _ in remarks:
            if kind != "note":
                count, first = self._rules.get((kind, rule), (0, f"{name}:{line}"))
                self._rules[kind, rule] = count + 1, first

    def by_rule(self) -> Iterator[str]:
        """Yield a line for each rule, the one that spoke most often first."""
        for (kind, rule), (count, first) in sorted(self._rules.items(), key=lambda row: (-row[1][0], row[0])):
            yield f"{count:7} {kind:8} {rule:22} first at {first}"

    def summary(self) -> str:
        """Return the numbers of bodies in words."""
        words = f"{_counted(self.bodies, 'body', 'bodies')}, {self.flawed} with errors, {self.warned} with warnings"
        return f"{words}; {_counted(self.unread, 'file', 'files')} could not be read" if self.unread else words


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
