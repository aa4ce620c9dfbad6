"""What JSON Schema cannot say about a request: that it is JSON at all, and how its fields depend on each other.

This module finds flaws and raises nothing; `validation` turns them into errors. A flaw names a place and a rule
and never holds what stands there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from .values import MAX_DEPTH

#: The rules that are no JSON Schema keywords, by the name that `RequestValidationError.rule` has for them.
RULES: Mapping[str, str] = {
    "json-type": "Every value is a str, int, float, bool, None, list, tuple or mapping.",
    "json-key": "Every key of a mapping is a str.",
    "json-number": "Every number is finite and within the range of a double (RFC 8259, section 6).",
    "json-text": "Every text and key can be written as UTF-8: it has no surrogate without its partner.",
    "json-depth": "Values are nested at most 100 deep, which also means that none contains itself.",
    "unknown-key": "An object whose members are all known has no other member.",
    "given-twice": "A field is not given both by its own name and in extra_body.",
    "stream-options": "stream_options goes with stream true.",
    "top-logprobs": "top_logprobs goes with logprobs true.",
    "assistant-content": "An assistant message has content, a refusal, audio, tool_calls or a function_call.",
    "audio-output": "audio and the modality audio go together.",
    "tool-choice": "tool_choice other than none goes with tools, and names one of them.",
}

#: Where something stands in the body: member names and list positions, from the outside in.
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: where, which rule, and in words that go after "the place: "."""

    path: Path
    rule: str
    message: str


def json_path(path: Path) -> str:
    """Return `path` as a JSON path: `$.a[0]["odd key"].b`, with long names and long paths cut short."""
    text = "$" + "".join(map(_step, path))
    return text if len(text) <= 600 else f"{text[:597]}..."


def _step(name: str | int) -> str:
    if isinstance(name, int):
        return f"[{name}]"
    if name.isidentifier() and name.isascii() and len(name) <= 64:
        return f".{name}"
    return f"[{quoted(name)}]"


def quoted(name: str) -> str:
    """Return the first 64 characters of `name` in quotes, as ASCII."""
    return json.dumps(name if len(name) <= 64 else f"{name[:61]}...")


def json_flaw(value: Any, path: Path = ()) -> Flaw | None:
    """Return the first thing in `value` that cannot be sent as JSON, or None.

    Python's own encoder would let some of it pass (NaN, half a surrogate pair), and fail on others with untyped
    errors.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if _is_unicode(value) else Flaw(path, "json-text", "has half a surrogate pair")
    if isinstance(value, (int, float)):
        return None if _is_double(value) else Flaw(path, "json-number", "must be a finite number")
    if not isinstance(value, (Mapping, list, tuple)):
        return Flaw(path, "json-type", f"must be a JSON value, not {quoted(type(value).__name__)}")
    if len(path) >= MAX_DEPTH:
        return Flaw(path, "json-depth", f"is nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        return _mapping_flaw(value, path)
    flaws = (json_flaw(item, (*path, index)) for index, item in enumerate(value))
    return next(filter(None, flaws), None)


def _mapping_flaw(value: Mapping[Any, Any], path: Path) -> Flaw | None:
    for key, item in value.items():
        if not isinstance(key, str):
            return Flaw(path, "json-key", "has a key that is not a string")
        if not _is_unicode(key):
            return Flaw(path, "json-text", "has a key with half a surrogate pair")
        flaw = json_flaw(item, (*path, key))
        if flaw is not None:
            return flaw
    return None


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_double(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond 1.8e308
        return False


def rule_flaw(body: Mapping[str, Any], beyond: Collection[str] = ()) -> Flaw | None:
    """Return the first dependency between fields that `body` breaks, or None; `body` must follow the schema.

    A rule about a field in `beyond` is not applied: the caller sends that field past the schema.
    """
    rules = (rule for rule, names in _FIELD_RULES.items() if not any(name in beyond for name in names))
    return next((flaw for rule in rules for flaw in rule(body)), None)


def _stream_options(body: Mapping[str, Any]) -> Iterator[Flaw]:
    if body.get("stream_options") is not None and body.get("stream") is not True:
        yield Flaw(("stream_options",), "stream-options", "needs stream to be true")


def _top_logprobs(body: Mapping[str, Any]) -> Iterator[Flaw]:
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        yield Flaw(("top_logprobs",), "top-logprobs", "needs logprobs to be true")


def _assistant_content(body: Mapping[str, Any]) -> Iterator[Flaw]:
    for index, message in enumerate(body.get("messages") or ()):
        if message.get("role") != "assistant" or message.get("content") is not None:
            continue
        if not any(message.get(name) for name in ("refusal", "audio", "tool_calls", "function_call")):
            yield Flaw(("messages", index, "content"), "assistant-content", "is required unless tools are called")


def _audio_output(body: Mapping[str, Any]) -> Iterator[Flaw]:
    wanted = "audio" in (body.get("modalities") or ())
    described = body.get("audio") is not None
    if wanted and not described:
        yield Flaw(("audio",), "audio-output", 'is required with the modality "audio"')
    if described and not wanted:
        yield Flaw(("audio",), "audio-output", 'needs modalities to contain "audio"')


def _tool_choice(body: Mapping[str, Any]) -> Iterator[Flaw]:
    choice = body.get("tool_choice")
    if choice is None or choice == "none":
        return
    tools = body.get("tools")
    if not tools:
        yield Flaw(("tool_choice",), "tool-choice", "needs tools")
    elif isinstance(choice, Mapping) and choice["type"] in ("function", "custom"):
        kind = choice["type"]
        names = [tool[kind]["name"] for tool in tools if tool["type"] == kind]
        if choice[kind]["name"] not in names:
            yield Flaw(("tool_choice", kind, "name"), "tool-choice", "must be the name of one of the tools")


#: Each rule with the fields that it reads.
_FIELD_RULES: Mapping[Callable[[Mapping[str, Any]], Iterator[Flaw]], tuple[str, ...]] = {
    _stream_options: ("stream_options", "stream"),
    _top_logprobs: ("top_logprobs", "logprobs"),
    _assistant_content: ("messages",),
    _audio_output: ("audio", "modalities"),
    _tool_choice: ("tool_choice", "tools"),
}
