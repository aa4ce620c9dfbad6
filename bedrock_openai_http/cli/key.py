"""`bedrock-openai-http key`: make a short-term Bedrock API key, and read what a key says about itself.

This module prints a key once, to standard output, where `mint` was asked for it; `inspect` prints none.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .terminal import answer_output, note, separator

if TYPE_CHECKING:
    from ..aws.api_keys import ApiKeyInfo

API_KEY_VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"

#: Bytes that are read of standard input; no key is longer.
LONGEST_INPUT = 65536

MINT_EXAMPLES = """\
The key is made on this machine; nothing is sent. Whoever has it can use Bedrock in its Region until it expires, or
until the credentials that made it do, if those are temporary.

examples:
  export AWS_BEARER_TOKEN_BEDROCK="$(bedrock-openai-http key mint --region us-west-2 --hours 1)"
  bedrock-openai-http key mint --profile staging | bedrock-openai-http key inspect -
"""

INSPECT_EXAMPLES = """\
Nothing is sent. Whether a key is good only the service can tell; a key that has expired, or that is for another
Region, it refuses.

examples:
  bedrock-openai-http key inspect
  bedrock-openai-http key inspect --json - < key.txt
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `key` to the command line."""
    parser = subparsers.add_parser(
        "key",
        help="make a short-term Bedrock API key, or show what a key says about itself",
        description="Make a short-term Bedrock API key, or show what a key says about itself.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", metavar="action", required=True, title="actions")
    _add_mint(actions)
    _add_inspect(actions)


def _add_mint(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "mint",
        help="make a short-term API key from AWS credentials",
        description="Make a short-term Bedrock API key from AWS credentials, and print it.",
        epilog=MINT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--region", help="the one Region that it is good for (default: environment or profile)")
    parser.add_argument(
        "--hours",
        dest="lifetime",
        type=_seconds,
        default=43200,
        metavar="N",
        help="how long it is good, up to 12 (default: 12)",
    )
    parser.add_argument("--profile", help="profile of the AWS configuration files")
    parser.set_defaults(run=mint)


def _add_inspect(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "inspect",
        help="show what an API key says about itself, without the key",
        description="Show what a Bedrock API key says about itself: region, times, and who made it. Not the key.",
        epilog=INSPECT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "key",
        nargs="?",
        help=f"'-' reads the key from standard input; absent, it is taken from {API_KEY_VARIABLE}; "
        "a key as an argument can be seen by everybody on this machine",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    parser.set_defaults(run=inspect, usage_error=parser.error)


def mint(args: argparse.Namespace) -> int:
    """Print a new key, note what it is good for, and return 0. Raises BedrockOpenAIError if none can be made."""
    from ..aws.api_keys import inspect_api_key
    from ..aws.configuration import Configuration
    from ..aws.minting import mint_api_key
    from ..values.errors import ConfigurationError

    found = None if args.region is not None else Configuration(args.profile).region()
    region = args.region if found is None else found.value
    if region is None:
        raise ConfigurationError("no region: give --region, or set AWS_REGION or AWS_DEFAULT_REGION")
    key = mint_api_key(region, profile=args.profile, lifetime=args.lifetime)
    with answer_output() as output:
        output.write(key)
    info = inspect_api_key(key)
    until = f"until {_time(info.expires_at)}"
    if info.has_session_token:
        until += ", or until the temporary credentials end that made it"
    note(separator().join(("a Bedrock API key", f"for {info.region}", until)))
    note(f"keep it as you keep a password; programs take it from the variable {API_KEY_VARIABLE}")
    return 0


def inspect(args: argparse.Namespace) -> int:
    """Print what a key says about itself and return 0; end the program if there is no key."""
    from ..aws.api_keys import inspect_api_key

    key = _key(args)
    if not key.strip():
        args.usage_error("the key is empty")
    info, now = inspect_api_key(key), datetime.now(timezone.utc)
    with answer_output() as output:
        output.write(_document(info, now) if args.json else _table(info, now))
    if info.kind == "unknown":
        note("this is no Bedrock API key: one begins with bedrock-api-key- or ABSK")
    return 0


def _key(args: argparse.Namespace) -> str:
    if args.key is None:
        key = os.environ.get(API_KEY_VARIABLE)
        if key is None:
            args.usage_error(f"no key: {API_KEY_VARIABLE} is not set; '-' reads a key from standard input")
        return str(key)
    if args.key != "-":
        return str(args.key)
    if sys.stdin is None:
        args.usage_error("no key: there is no standard input")
    return sys.stdin.buffer.read(LONGEST_INPUT).decode("latin-1")


def _table(info: ApiKeyInfo, now: datetime) -> str:
    """Return what is known, a line for each fact."""
    facts = {
        "kind": info.kind,
        "region": info.region,
        "minted": _time(info.minted_at),
        "expires": _time(info.expires_at),
        "access key ID": info.access_key_id,
        "account": info.account_id,
        "session token": {True: "yes", False: "no", None: None}[info.has_session_token],
    }
    if info.expires_at is not None:
        facts["expires"] = f"{facts['expires']} ({_distance(info.expires_at - now)})"
    return "".join(f"{name:<14} {fact or 'unknown'}\n" for name, fact in facts.items())


def _document(info: ApiKeyInfo, now: datetime) -> str:
    """Return what is known as JSON: times in ISO 8601, and the seconds that are left, below 0 if it has expired."""
    facts: dict[str, Any] = dict(vars(info))
    for name in ("minted_at", "expires_at"):
        moment = facts[name]
        facts[name] = moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    facts["seconds_left"] = None if info.expires_at is None else int((info.expires_at - now).total_seconds())
    return json.dumps(facts, indent=2) + "\n"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _distance(left: timedelta) -> str:
    """Return how long something has yet to go, or has been over, in its two greatest units."""
    seconds = round(abs(left).total_seconds())
    minutes = round(seconds / 60)
    parts = [f"{minutes // 1440} d", f"{minutes // 60 % 24} h", f"{minutes % 60} min"]
    span = " ".join([part for part in parts if not part.startswith("0 ")][:2]) if seconds >= 60 else f"{seconds} s"
    return f"in {span}" if left > timedelta(0) else f"expired {span} ago"


def _seconds(hours: str) -> int:
    """Return the seconds in a number of hours. Raises what argparse reports where a key cannot live so long."""
    try:
        seconds = float(hours) * 3600
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 43200:
        raise argparse.ArgumentTypeError("must be a number above 0, and 12 at most")
    return int(seconds)
