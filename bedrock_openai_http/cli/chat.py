"""`bedrock-openai-http chat`: one prompt, one answer, shown as it arrives.

This module writes the answer to standard output and everything about it to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .asking import add_request_options, request_of
from .terminal import Output, answer_output, note, separator

if TYPE_CHECKING:
    from ..clients.client import Client
    from ..values.completion import ChatCompletion
    from ..values.request import ChatCompletionRequest

#: The exit code of a call that succeeded and brought nothing.
EMPTY = 5

EXAMPLES = """\
The answer goes to standard output; the request ID, the token counts and any error go to standard error.

examples:
  bedrock-openai-http chat --local "Hello!"
  bedrock-openai-http chat --region us-west-2 --system "Answer in one sentence." "Why is the sky blue?"
  git diff | bedrock-openai-http chat --system "Write a commit message." -
  bedrock-openai-http chat --model us.openai.gpt-6-sol --image plan.png "What is on it?"
  bedrock-openai-http chat --request body.json --reasoning-effort low
  bedrock-openai-http chat --json "Hello!" | jq .usage
  bedrock-openai-http chat --dry-run --region us-west-2 "Hello!"
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `chat` to the command line."""
    parser = subparsers.add_parser(
        "chat",
        help="send one prompt and show the answer as it arrives",
        description="Send one prompt and show the answer as it arrives.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "prompt", nargs="?", help="what to ask; read from standard input if '-', or if absent without --request"
    )
    add_request_options(parser.add_argument_group("request"))
    _add_service_options(parser.add_argument_group("service"))
    _add_output_options(parser.add_argument_group("output"))
    parser.set_defaults(run=run, usage_error=parser.error)


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
    request = request_of(args)
    if args.dry_run:
        return _dry_run(args, request)
    nowhere = Output(None)
    thoughts = Output(sys.stderr) if args.show_reasoning else nowhere
    ask = _stream if request.stream else _complete
    with _client(args) as client, answer_output() as answer:
        if args.json:
            completion = ask(client, request, nowhere, nowhere)
            answer.write(_document(completion))
        else:
            with thoughts:
                completion = ask(client, request, answer, thoughts)
    _summarize(completion)
    if not completion.empty or completion.budget_spent_on_reasoning:
        return 0
    note("the service answered with nothing: no text, no call, no refusal; ask again, or ask otherwise")
    return EMPTY


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


def _dry_run(args: argparse.Namespace, request: ChatCompletionRequest) -> int:
    if args.local:
        args.usage_error("--dry-run sends nothing, so it needs no --local")
    from .dry_run import show

    return show(request, _service(args), as_json=args.json)


def _complete(client: Client, request: ChatCompletionRequest, answer: Output, thoughts: Output) -> ChatCompletion:
    """Return the completion, having written its reasoning to `thoughts` and its text to `answer`."""
    completion = client.complete(request)
    thoughts.write(completion.reasoning or "")
    thoughts.end_paragraph()
    answer.write(completion.text)
    return completion


def _stream(client: Client, request: ChatCompletionRequest, answer: Output, thoughts: Output) -> ChatCompletion:
    """Do as `_complete`, each piece as it arrives."""
    with client.stream(request) as stream:
        for chunk in stream:
            thoughts.write(chunk.reasoning)
            if chunk.text:
                thoughts.end_paragraph()
            answer.write(chunk.text)
        return stream.completion()


def _document(completion: ChatCompletion) -> str:
    """Return the body of the answer as JSON, with the request ID, which the service sends beside it."""
    document = {**completion.raw, "request_id": completion.request_id}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _summarize(completion: ChatCompletion) -> None:
    """Note the request ID, the token counts and the finish reason, as far as the service named them."""
    if completion.budget_spent_on_reasoning:
        note("warning: the answer is empty: the token budget was spent on reasoning; allow more with --max-tokens")
    parts = []
    if completion.request_id:
        parts.append(f"request ID {completion.request_id}")
    if completion.usage:
        prompt, answer = completion.usage.prompt_tokens, completion.usage.completion_tokens
        parts.append(f"{prompt} prompt + {answer} completion = {completion.usage.total_tokens} tokens")
    if completion.finish_reason:
        parts.append(completion.finish_reason)
    if parts:
        note(separator().join(parts))
