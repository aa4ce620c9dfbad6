"""`bedrock-openai-http serve`: a local stand-in for Bedrock, for other programs to talk to.

This module runs a LocalEndpoint until Ctrl-C: what a user pastes goes to standard output, one line for each
request to standard error.
"""

from __future__ import annotations

import argparse
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..values import arguments
from ..values.errors import ConfigurationError
from .terminal import plain_output

if TYPE_CHECKING:
    from ..testing import LocalEndpoint

DESCRIPTION = """\
Stand in for Amazon Bedrock on 127.0.0.1: check signatures, API keys and requests as Bedrock does, and answer with
a fixed text, with what a model behind --upstream says, or with a recorded answer. No AWS account is needed.
"""

EXAMPLES = """\
examples:
  bedrock-openai-http serve
  bedrock-openai-http serve --upstream http://127.0.0.1:11434/v1 --model gpt-oss:20b
  bedrock-openai-http serve --scenario throttled-429
"""

GREETING = """\
Listening on {url} as Bedrock in {region}. {answers} Ctrl-C stops.

In another terminal, use these throw-away credentials:

export AWS_ACCESS_KEY_ID={credentials.access_key} AWS_SECRET_ACCESS_KEY={credentials.secret_key} \
AWS_SESSION_TOKEN={credentials.token}

or this API key, which wins where both are set:

export AWS_BEARER_TOKEN_BEDROCK={api_key}

and for programs the address:

export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={url} AWS_REGION={region}

and then, for example:

bedrock-openai-http chat --region {region} --endpoint-url {url} "Hello!"
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `serve` to the command line."""
    parser = subparsers.add_parser(
        "serve",
        help="stand in for Bedrock on this machine, for trying programs out",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="0 takes any free one (default: 8080)")
    parser.add_argument("--region", default="us-west-2", help="Region to sign for (default: %(default)s)")
    parser.add_argument(
        "--for", dest="seconds", type=float, metavar="SECONDS", help="stop after this time (default: at Ctrl-C)"
    )
    group = parser.add_argument_group("a recorded answer of Bedrock")
    group.add_argument("--scenario", metavar="NAME", help="play this answer to every request that is let in")
    group.add_argument("--list-scenarios", action="store_true", help="list the names, and serve nothing")
    group = parser.add_argument_group("a model behind it")
    group.add_argument("--upstream", metavar="URL", help="root URL of an OpenAI-compatible server that answers")
    group.add_argument("--upstream-key-env", metavar="NAME", help="environment variable that holds its API key")
    group.add_argument("--model", help="model to ask it for, whatever a client asks for")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or the time is up, and return 0. Raises ConfigurationError if it cannot begin."""
    if args.list_scenarios:
        return _list_scenarios()
    seconds = None if args.seconds is None else arguments.seconds("--for", args.seconds, zero=True)
    endpoint = _endpoint(args)
    out = plain_output()
    try:
        endpoint.start()
    except OSError as error:
        raise ConfigurationError(_port_words(args.port, error)) from None
    try:
        with _request_log(), suppress(KeyboardInterrupt):
            out.write(f"{_greeting(endpoint, args)}\n")
            threading.Event().wait(seconds)
    finally:
        endpoint.stop()
    return 0


def _endpoint(args: argparse.Namespace) -> LocalEndpoint:
    from ..testing import LocalEndpoint

    if args.upstream is None and (args.upstream_key_env or args.model):
        args.usage_error("--upstream-key-env and --model say how to ask the server that --upstream names")
    if args.upstream is not None and args.scenario is not None:
        args.usage_error("--scenario and --upstream both say what answers")
    key = None
    if args.upstream_key_env:
        key = os.environ.get(args.upstream_key_env)
        if not key:
            raise ConfigurationError(f"the environment variable {args.upstream_key_env} is not set")
    return LocalEndpoint(
        region=args.region,
        port=args.port,
        upstream=args.upstream,
        upstream_key=key,
        upstream_model=args.model,
        scenario=args.scenario,
        remember=0,
    )


def _port_words(port: int, error: OSError) -> str:
    words = f"port {port} of 127.0.0.1 cannot be used: {error.strerror or error}"
    return f"{words}; another program has it: give another --port, 0 for any free one" if port else words


def _list_scenarios() -> int:
    from ..testing import scenarios

    out = plain_output()
    width = max(map(len, scenarios()))
    for name, description in scenarios().items():
        out.write(f"{name:{width}}  {description}\n")
    return 0


def _greeting(endpoint: LocalEndpoint, args: argparse.Namespace) -> str:
    answers = "A fixed text is the answer."
    if args.upstream:
        answers = f"{args.upstream} answers."
    elif args.scenario:
        answers = f"The recorded answer {args.scenario} is played."
    return GREETING.format(
        url=endpoint.url,
        region=endpoint.region,
        answers=answers,
        credentials=endpoint.credentials,
        api_key=endpoint.api_key,
    )


@contextmanager
def _request_log() -> Iterator[None]:
    """Write what the endpoint logs (method, path, status, request ID) to standard error."""
    logger = logging.getLogger("bedrock_openai_http.testing")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
