"""What JSON Schema cannot say about a request: that it is JSON at all, and how its fields depend on each other.

This module finds flaws and raises nothing; `validation` turns them into errors. A flaw names a place and a rule
and never holds what stands there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from .frozen import frozen
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


@frozen
class Flaw:
    """One thing that is wrong: where, which rule, and in words that go after "the place: "."""

    path: Path
    rule: str
    message: str
    #: The place of the object whose whole form the words are about, if they are: of one object they need one telling.
    about: Path | None = None

    def within(self, step: str | int) -> Flaw:
        """Return the same flaw, seen from the container that holds its place as the member or item `step`."""
        return Flaw((step, *self.path), self.rule, self.message)


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


def unknown_key(name: str, known: Mapping[str, Any], *, top: bool) -> str:
    """Return what is said of the key `name` where only the keys of `known` may stand, `top` being the whole body."""
    from difflib import get_close_matches  # loaded for the first key that is not known

    near = get_close_matches(name[:64], known, n=1)
    if near:
        return f"is not a known field; did you mean {quoted(near[0])}?"
    if top:
        return "is not a known field; fields that this version does not know go in extra_body"
    return f"is not a known field; known here: {', '.join(json.dumps(each) for each in known)}"


def json_flaw(value: Any, levels: int = MAX_DEPTH) -> Flaw | None:
    """Return the first thing in `value` that cannot be sent as JSON, or None; `levels` may be nested.

    Python's own encoder would let some of it pass (NaN, half a surrogate pair), and fail on others with untyped
    errors.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if _is_unicode(value) else Flaw((), "json-text", "has half a surrogate pair")
    if isinstance(value, (int, float)):
        return None if _is_double(value) else Flaw((), "json-number", "must be a finite number")
    if not isinstance(value, (dict, list, tuple, Mapping)):
        return Flaw((), "json-type", f"must be a JSON value, not {quoted(type(value).__name__)}")
    if not levels:
        return Flaw((), "json-depth", f"is nested more than {MAX_DEPTH} deep")
    return _list_flaw(value, levels) if isinstance(value, (list, tuple)) else _mapping_flaw(value, levels)


def _list_flaw(value: Sequence[Any], levels: int) -> Flaw | None:
    for index, item in enumerate(value):
        flaw = json_flaw(item, levels - 1)
        if flaw is not None:
            return flaw.within(index)
    return None


def _mapping_flaw(value: Mapping[Any, Any], levels: int) -> Flaw | None:
    for key, item in value.items():
        if not isinstance(key, str):
            return Flaw((), "json-key", "has a key that is not a string")
        if not key.isascii() and not _is_unicode(key):
            return Flaw((), "json-text", "has a key with half a surrogate pair")
        if isinstance(item, str) and item.isascii():  # most are, and a call takes longer than to see that
            continue
        flaw = json_flaw(item, levels - 1)
        if flaw is not None:
            return flaw.within(key)
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
    for rule, names in _FIELD_RULES.items():
        if not beyond or not any(name in beyond for name in names):
            flaw = rule(body)
            if flaw is not None:
                return flaw
    return None


def _stream_options(body: Mapping[str, Any]) -> Flaw | None:
    if body.get("stream_options") is not None and body.get("stream") is not True:
        return Flaw(("stream_options",), "stream-options", "needs stream to be true")
    return None


def _top_logprobs(body: Mapping[str, Any]) -> Flaw | None:
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        return Flaw(("top_logprobs",), "top-logprobs", "needs logprobs to be true")
    return None


def _assistant_content(body: Mapping[str, Any]) -> Flaw | None:
    for index, message in enumerate(body.get("messages") or ()):
        if message.get("role") != "assistant" or message.get("content") is not None:
            continue
        if not any(message.get(name) for name in ("refusal", "audio", "tool_calls", "function_call")):
            return Flaw(("messages", index, "content"), "assistant-content", "is required unless tools are called")
    return None


def _audio_output(body: Mapping[str, Any]) -> Flaw | None:
    wanted = "audio" in (body.get("modalities") or ())
    described = body.get("audio") is not None
    if wanted and not described:
        return Flaw(("audio",), "audio-output", 'is required with the modality "audio"')
    if described and not wanted:
        return Flaw(("audio",), "audio-output", 'needs modalities to contain "audio"')
    return None


def _tool_choice(body: Mapping[str, Any]) -> Flaw | None:
    choice = body.get("tool_choice")
    if choice is None or choice == "none":
        return None
    tools = body.get("tools")
    if not tools:
        return Flaw(("tool_choice",), "tool-choice", "needs tools")
    if isinstance(choice, Mapping) and choice["type"] in ("function", "custom"):
        kind = choice["type"]
        names = [tool[kind]["name"] for tool in tools if tool["type"] == kind]
        if choice[kind]["name"] not in names:
            return Flaw(("tool_choice", kind, "name"), "tool-choice", "must be the name of one of the tools")
    return None


#: Each rule with the fields that it reads.
_FIELD_RULES: Mapping[Callable[[Mapping[str, Any]], Flaw | None], tuple[str, ...]] = {
    _stream_options: ("stream_options", "stream"),
    _top_logprobs: ("top_logprobs", "logprobs"),
    _assistant_content: ("messages",),
    _audio_output: ("audio", "modalities"),
    _tool_choice: ("tool_choice", "tools"),
}
