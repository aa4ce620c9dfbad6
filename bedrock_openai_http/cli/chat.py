"""`bedrock-openai-http chat`: one prompt, one answer, shown as it arrives; without a prompt, a conversation.

This module writes the answer to standard output and everything about it to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .answering import complete, reasoning_output, show, summarize, told_empty
from .asking import add_request_options, attached_parts, conversation_of, request_of
from .terminal import Output, answer_output
from .typed import add_schema_options, print_value, schema_of_flags

if TYPE_CHECKING:
    from ..clients.client import Client
    from ..values.completion import ChatCompletion
    from ..values.request import ChatCompletionRequest

#: The exit code of a call that succeeded and brought nothing.
EMPTY = 5

EXAMPLES = """\
The answer goes to standard output; the request ID, the token counts and any error go to standard error.

examples:
  bedrock-openai-http chat --local
  bedrock-openai-http chat --local "Hello!"
  bedrock-openai-http chat --region us-west-2 --system "Answer in one sentence." "Why is the sky blue?"
  git diff | bedrock-openai-http chat --system "Write a commit message." -
  bedrock-openai-http chat --model us.openai.gpt-6-sol --image plan.png "What is on it?"
  bedrock-openai-http chat --request body.json --reasoning-effort low
  bedrock-openai-http chat --json "Hello!" | jq .usage
  bedrock-openai-http chat --schema invoice.json - < invoice.txt | jq .total
  bedrock-openai-http chat --dry-run --region us-west-2 "Hello!"
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `chat` to the command line."""
    parser = subparsers.add_parser(
        "chat",
        help="send one prompt and show the answer as it arrives, or converse",
        description="Send one prompt and show the answer as it arrives; on a terminal, without a prompt, converse.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "prompt",
        nargs="?",
        help="what to ask; read from standard input if '-'; on a terminal, if absent, a conversation begins",
    )
    add_request_options(parser.add_argument_group("request"))
    _add_conversation_options(parser.add_argument_group("conversation"))
    _add_service_options(parser.add_argument_group("service"))
    output = parser.add_argument_group("output")
    _add_output_options(output)
    add_schema_options(output)
    parser.set_defaults(run=run, usage_error=parser.error)


def _add_conversation_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--history", metavar="FILE", help="go on with the conversation that !save has written")
    group.add_argument(
        "--no-history",
        dest="remember",
        action="store_false",
        help="neither read nor keep what is typed, for the arrow keys",
    )


def _add_service_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--region", help="AWS Region (default: from the environment or the profile)")
    group.add_argument("--profile", help="profile of the AWS configuration files")
    group.add_argument(
        "--endpoint",
        choices=("runtime", "mantle"),
        default="runtime",
        help="which of Bedrock's two endpoints (default: %(default)s)",
    )
    where = group.add_mutually_exclusive_group()
    where.add_argument("--endpoint-url", metavar="URL", help="service root to use in place of Bedrock's own")
    where.add_argument(
        "--local", action="store_true", help="talk to a stand-in inside this process; needs no AWS account"
    )
    group.add_argument(
        "--timeout",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="longest silence while waiting for the service (default: %(default)g)",
    )
    group.add_argument(
        "--deadline", type=float, metavar="SECONDS", help="longest time for everything, retries included"
    )


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="print the whole answer as one JSON document")
    group.add_argument(
        "--no-stream",
        dest="stream",
        action="store_false",
        default=None,
        help="wait for the whole answer, then print it",
    )
    group.add_argument("--show-reasoning", action="store_true", help="show the model's reasoning on standard error")
    group.add_argument(
        "--dry-run", action="store_true", help="send nothing; print the request, what is signed, and a curl command"
    )


def run(args: argparse.Namespace) -> int:
    """Ask the model, show its answer, and return 0, or EMPTY if the answer was nothing.

    Raises BedrockOpenAIError after showing what had arrived by then, and SystemExit where there is no prompt.
    """
    schema = schema_of_flags(args)
    if _is_conversation(args):
        return _converse(args)
    args.stream = args.stream if schema is None else False
    request = request_of(args)
    if args.dry_run:
        return _dry_run(args, request, schema)
    if schema is not None:
        with _client(args) as client, answer_output() as answer:
            print_value(client, request, schema, args, answer)
        return 0
    nowhere, thoughts = Output(None), reasoning_output(args.show_reasoning)
    ask = _stream if request.stream else complete
    with _client(args) as client, answer_output() as answer:
        if args.json:
            completion = ask(client, request, nowhere, nowhere)
            answer.write(_document(completion))
        else:
            with thoughts:
                completion = ask(client, request, answer, thoughts)
    summarize(completion)
    return EMPTY if told_empty(completion) else 0


def _stream(client: Client, request: ChatCompletionRequest, answer: Output, thoughts: Output) -> ChatCompletion:
    with client.stream(request) as stream:
        return show(stream, answer, thoughts)


def _is_conversation(args: argparse.Namespace) -> bool:
    """Tell whether it is a conversation: nothing says what to ask, and a person sits there."""
    one = args.dry_run or args.json or any(given is not None for given in (args.prompt, args.request, args.schema))
    at_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if args.history is not None and (one or not at_terminal):
        args.usage_error(
            "--history goes on with a conversation: on a terminal, without a prompt and without --request"
        )
    return at_terminal and not one


def _converse(args: argparse.Namespace) -> int:
    """Converse until the person ends it, and return 0. Raises KeyboardInterrupt where Ctrl-C ended it.

    Raises ConfigurationError before anything is asked, where no question could go anywhere.
    """
    conversation, parts = conversation_of(args), attached_parts(args)
    from .lines import Lines
    from .session import Session

    with _client(args) as client, answer_output() as answer:
        _ = client._planner.destination  # looked up now: what is missing cannot be given at the prompt
        Session(
            client,
            conversation,
            Lines(remember=args.remember),
            answer,
            reasoning_output(args.show_reasoning),
            stream=args.stream is not False,
            attached=[*parts],
            file=args.history,
        ).run()
    return 0


@contextmanager
def _client(args: argparse.Namespace) -> Iterator[Client]:
    """Give a client for the service that the options name, and close it, however the block ends."""
    from ..clients.client import Client

    if not args.local:
        with Client(**_service(args)) as client:
            yield client
        return
    if args.profile or args.endpoint != "runtime":
        args.usage_error("--local is an endpoint of its own: it takes no --profile and no --endpoint")
    from ..testing import LocalEndpoint

    with LocalEndpoint(region=args.region or "us-west-2") as local:
        where = {"region": local.region, "base_url": local.url, "credentials": local.credentials}
        with Client(**{**_service(args), **where}) as client:
            yield client


def _service(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a client for the service that the command line names."""
    return {
        "region": args.region,
        "endpoint": args.endpoint,
        "base_url": args.endpoint_url,
        "profile": args.profile,
        "timeout": args.timeout,
        "deadline": args.deadline,
    }


def _dry_run(args: argparse.Namespace, request: ChatCompletionRequest, schema: Mapping[str, Any] | None) -> int:
    if args.local:
        args.usage_error("--dry-run sends nothing, so it needs no --local")
    from .dry_run import show as show_request

    if schema is not None:
        from ..structured.asking import typed_request

        request = typed_request(request, schema, endpoint=args.endpoint)

    return show_request(request, _service(args), as_json=args.json)


def _document(completion: ChatCompletion) -> str:
    """Return the body of the answer as JSON, with the request ID, which the service sends beside it."""
    document = {**completion.raw, "request_id": completion.request_id}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
