"""What `chat` asks: a request made of its flags, of a file, or of both.

This module reads files and builds the request; what is wrong with either ends the program with one line.
"""

from __future__ import annotations

import argparse
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import note
from .usage import as_argument

if TYPE_CHECKING:
    from ..conversation import Conversation
    from ..values.messages import FilePart, ImagePart
    from ..values.request import ChatCompletionRequest

#: The two endpoints have different IDs for the same model.
DEFAULT_MODELS = {"runtime": "openai.gpt-oss-20b-1:0", "mantle": "openai.gpt-oss-20b"}
DEFAULT_MODEL_HELP = "model ID (default: {runtime}, of mantle {mantle})".format(**DEFAULT_MODELS)

#: What models that see take, by the end of a file's name.
IMAGE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


def add_request_options(group: argparse._ArgumentGroup) -> None:
    """Add the flags that say what is asked."""
    group.add_argument(
        "--request",
        metavar="FILE",
        help="send the body in FILE ('-' is standard input), as `validate` judges it; other flags override it",
    )
    group.add_argument("--model", help=DEFAULT_MODEL_HELP)
    group.add_argument("--system", metavar="TEXT", help="system message that goes before the prompt")
    group.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="FILE",
        help="show an image with the prompt; can be given again",
    )
    group.add_argument(
        "--file", action="append", default=[], metavar="FILE", help="give a file with it; can be given again"
    )
    group.add_argument(
        "--max-tokens", type=int, metavar="N", help="budget in tokens for reasoning and answer together"
    )
    group.add_argument("--temperature", type=float, metavar="X", help="sampling temperature, 0 to 2")
    group.add_argument(
        "--reasoning-effort", metavar="WORD", help="how much to think first: low, medium, high, or what the model has"
    )
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="KEY",
        help="with --request, let a member of this name pass anywhere; can be given again",
    )


def request_of(args: argparse.Namespace) -> ChatCompletionRequest:
    """Return the request that the flags describe.

    Raises RequestValidationError for a file that holds another body than the API takes, and SystemExit where there
    is nothing to ask or a file cannot be read.
    """
    if args.request is not None:
        return _request_in_file(args)
    from ..values.request import ChatCompletionRequest

    user = _user_message(args, _prompt(args))
    body = {"messages": [user], **_overrides(args, {"model": DEFAULT_MODELS[args.endpoint]})}
    if args.system is not None:
        body["messages"] = [{"role": "system", "content": args.system}, user]
    return ChatCompletionRequest.from_body(_streamed(body, args.stream is not False))


def _request_in_file(args: argparse.Namespace) -> ChatCompletionRequest:
    from ..values.request import ChatCompletionRequest

    body = _body_in_file(args)
    if isinstance(body, Mapping):
        body = {**body, **_overrides(args, body)}
    _refuse_flawed(body, args)
    messages = [*body["messages"]]
    if args.system is not None:
        messages.insert(0, {"role": "system", "content": args.system})
    if args.prompt is None and (args.image or args.file):
        args.usage_error("with --request, --image and --file go with a prompt beside it")
    if args.prompt is not None:
        messages.append(_user_message(args, _prompt(args)))
    streams = body.get("stream") is not False if args.stream is None else args.stream
    return ChatCompletionRequest.from_body(_streamed({**body, "messages": messages}, streams))


def _body_in_file(args: argparse.Namespace) -> Any:
    from ..values import jsontext
    from .batch_lines import wrapping_of

    if args.request == "-" and args.prompt == "-":
        args.usage_error("--request - and the prompt - are both standard input")
    data = bytes_of("--request", args.request, args)
    try:
        value = jsontext.decode(data)
    except jsontext.JSONError as error:
        words = f"is not JSON: {error}" if data.strip() else "is empty"
        args.usage_error(f"--request {args.request}: {words}; it must hold one body")
    form = wrapping_of(value)
    if form is not None:
        return value[form.body]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) and "messages" in item for item in value):
        args.usage_error(f"--request {args.request}: holds {len(value)} bodies; one can be sent")
    return value


def _refuse_flawed(body: Any, args: argparse.Namespace) -> None:
    from ..validation.validate import json_path, request_flaws
    from ..values.errors import RequestValidationError

    if isinstance(body, Mapping) and "messages" in body and body.get("model") is None:
        raise RequestValidationError("is required; --model ID names one", json_path="$.model", rule="required")
    flaws = list(request_flaws(body, in_file=True, allow=args.allow))
    if flaws:
        if len(flaws) > 1:
            file = as_argument(args.request)
            note(f"the first of {len(flaws)} flaws; to see all: bedrock-openai-http validate {file}")
        first = flaws[0]
        raise RequestValidationError(first.message, json_path=json_path(first.path), rule=first.rule)


def _overrides(args: argparse.Namespace, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that flags set; a budget takes the place of its older name too."""
    members: dict[str, Any] = {
        "model": args.model or given.get("model"),
        "temperature": args.temperature,
        "max_completion_tokens": args.max_tokens,
        "reasoning_effort": args.reasoning_effort,
    }
    set_members = {name: value for name, value in members.items() if value is not None}
    if args.max_tokens is not None and "max_tokens" in given:
        set_members["max_tokens"] = None
    return set_members


def _streamed(body: Mapping[str, Any], streams: bool) -> dict[str, Any]:
    """Return the body with or without a stream; a stream tells the token counts, unless its own options say more."""
    rest = {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
    if not streams:
        return rest
    # Without it the service sends no token counts with a stream.
    return {**rest, "stream": True, "stream_options": {"include_usage": True, **(body.get("stream_options") or {})}}


def conversation_of(args: argparse.Namespace) -> Conversation:
    """Return the conversation that the flags begin, or that of --history with what the flags change in it.

    SystemExit where a file cannot be read.
    """
    from ..conversation import Conversation
    from .private_files import FileError, read_conversation

    fields = _overrides(args, {"model": DEFAULT_MODELS[args.endpoint]})
    if args.history is None:
        return Conversation(fields.pop("model"), system=args.system, **fields)
    try:
        saved = read_conversation(args.history).to_dict()
    except FileError as error:
        args.usage_error(f"--history {error}")
    fields = _overrides(args, saved)
    saved["model"] = fields.pop("model")
    if args.system is not None:
        saved["system"] = args.system
    return Conversation.from_dict({**saved, "fields": {**saved["fields"], **fields}})


def _user_message(args: argparse.Namespace, prompt: str) -> dict[str, Any]:
    from ..values.messages import TextPart, UserMessage

    parts = attached_parts(args)
    return UserMessage([TextPart(prompt), *parts] if parts else prompt).to_dict()


def attached_parts(args: argparse.Namespace) -> list[ImagePart | FilePart]:
    """Return the parts that --image and --file name. SystemExit where a file cannot be read."""
    from ..values.messages import FilePart, ImagePart

    parts: list[ImagePart | FilePart] = []
    for name in args.image:
        kind = IMAGE_TYPES.get(Path(name).suffix.lower())
        if kind is None:
            args.usage_error(f"--image {name}: its name must end in {', '.join(IMAGE_TYPES)}")
        else:
            parts.append(ImagePart.from_bytes(bytes_of("--image", name, args), kind))
    for name in args.file:
        data = b64encode(bytes_of("--file", name, args)).decode("ascii")
        parts.append(FilePart(file_data=data, filename=Path(name).name))
    return parts


def bytes_of(flag: str, name: str, args: argparse.Namespace) -> bytes:
    """Return what is in the file that a flag names. SystemExit where it cannot be read."""
    from .documents import UnreadableError, opened

    try:
        with opened(name) if flag == "--request" else Path(name).open("rb") as file:
            return file.read()
    except OSError as error:
        words = f"cannot be read: {error.strerror or type(error).__name__}"
    except UnreadableError as error:
        words = str(error)
    args.usage_error(f"{flag} {name}: {words}")
    raise AssertionError  # pragma: no cover


def _prompt(args: argparse.Namespace) -> str:
    """Return the prompt from the command line or standard input; end the program if there is none."""
    prompt: str = args.prompt or ""
    if args.prompt is None and (sys.stdin is None or sys.stdin.isatty()):
        args.usage_error("no prompt: give one, or pipe it in")
    if args.prompt in (None, "-"):
        try:
            # UTF-8 whatever the locale says, as the answer is.
            prompt = sys.stdin.buffer.read().decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            args.usage_error("standard input is not UTF-8 text")
    if not prompt.strip():
        args.usage_error("the prompt is empty")
    return prompt
