"""What messages hold that their model will refuse or ignore: parts, images, calls, and reasoning that is sent back.

This module is a part of `lint`. Its law: it reads messages that passed the schema, once each, and repeats nothing of
what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..values import jsontext
from ..values.reasoning import OPEN
from ..values.wire_value import WireValue, plain

#: Members of an assistant message that hold its reasoning.
REASONING_MEMBERS = ("reasoning", "reasoning_content")

#: Kinds of parts that are no text, each beside what a model that takes text only refuses.
_NO_TEXT = ("image_url", "input_audio", "file")


def message_findings(messages: Sequence[Any], text_only: bool, minds: tuple[str, ...]) -> dict[str, str]:
    """Return each rule that speaks, with its first place. `minds` are members that the model does not take."""
    found: dict[str, str] = {}
    for index, message in enumerate(messages):
        members = message if type(message) is dict else _members(message)
        content = members.get("content")
        # An empty tuple is a value's way of having no calls.
        if (
            (content is None or (type(content) is str and OPEN not in content))
            and not minds
            and members.get("tool_calls") in (None, ())
        ):
            continue  # as nearly every message
        role = getattr(message, "role", None) or members["role"]
        for place, rule in _findings(message, members, role, text_only, minds):
            found.setdefault(rule, f"$.messages[{index}].{place}")
    return found


def _members(message: Any) -> Mapping[str, Any]:
    members: Mapping[str, Any] = vars(message) if isinstance(message, WireValue) else plain(message)
    return members


def _findings(
    message: Any, members: Mapping[str, Any], role: Any, text_only: bool, minds: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield each (place below the message, rule)."""
    if role == "assistant":
        calls = members.get("tool_calls")
        if calls == []:
            yield "tool_calls", "empty-tool-calls"
        for index, call in enumerate(calls or ()):
            if _has_broken_arguments(call):
                yield f"tool_calls[{index}].function.arguments", "tool-arguments"
        if minds:
            sent = plain(message)  # with what a value has beside its fields
            yield from ((name, "reasoning-member") for name in minds if sent.get(name))
    content = members.get("content")
    if content is not None:
        yield from ((f"content{place}", rule) for place, rule in _content_findings(content, role, text_only))


def _has_broken_arguments(call: Any) -> bool:
    """Tell whether the arguments of a call are no JSON, as those of an answer that its token budget has cut."""
    function = (call if type(call) is dict else plain(call)).get("function")
    if function is None:
        return False
    try:
        jsontext.decode(function["arguments"].encode("utf-8", "surrogatepass"))
    except jsontext.JSONError:
        return True
    return False


def _content_findings(content: Any, role: Any, text_only: bool) -> Iterator[tuple[str, str]]:
    """Yield each (place below the content, rule)."""
    if isinstance(content, str):
        if role == "assistant" and OPEN in content:
            yield "", "reasoning-history"
        return
    for index, given in enumerate(content):
        part = given if type(given) is dict else plain(given)
        kind = part.get("type")
        if kind in _NO_TEXT and text_only:
            yield f"[{index}]", "text-only"
        elif kind == "image_url":
            rule = _image_rule(part["image_url"]["url"])
            if rule is not None:
                yield f"[{index}].image_url.url", rule
        elif role == "assistant" and OPEN in (part.get("text") or ""):
            yield f"[{index}].text", "reasoning-history"


def _image_rule(url: str) -> str | None:
    start = url[:8].lower()
    if start.startswith(("data:", "s3://")):
        return None
    return "image-url" if start.startswith(("http://", "https://")) else "image-form"
