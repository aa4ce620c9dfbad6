"""An answer's message as a message of the next request, whatever SDK it comes from.

Each SDK adds members of its own to a message: what was parsed of it, which provider gave what, thoughts, annotations.
Services refuse some of them, so that only what a history needs is taken over.

This module reads what others made, and says what it cannot read, without any of its content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from .reading import call_ids
from .reasoning import split_reasoning
from .wire_value import plain

#: The roles of messages that are no answers; an answer's own may be another word than "assistant".
_OTHER_ROLES = frozenset(("developer", "function", "system", "tool", "user"))


def members_of_answer(answer: Any) -> dict[str, Any]:
    """Return, in wire form, the members of the history message for an answer, its choice, or its message.

    Raises TypeError for what is no answer, and ValueError for one that cannot be read.
    """
    message = _mapping(answer, "an answer")
    if "choices" in message:
        choices = message["choices"]
        if not isinstance(choices, (list, tuple)) or not choices:
            raise ValueError("choices: must be a list with a choice in it")
        message = _mapping(choices[0], "choices[0]")
    if "message" in message and "role" not in message:
        message = _mapping(message["message"], "message")
    role = message.get("role")
    if not _MEMBERS & message.keys() or (isinstance(role, str) and role in _OTHER_ROLES):
        raise TypeError("must be the message of an answer, with its content, refusal or tool calls")
    text = _content(message.get("content"))
    items = [_mapping(call, f"tool_calls[{i}]") for i, call in enumerate(_list(message, "tool_calls"))]
    ids = call_ids([item.get("id") for item in items])
    called = message.get("function_call")
    refusal, audio = message.get("refusal"), message.get("audio")
    audio_id = _mapping(audio, "audio").get("id") if audio and not isinstance(audio, (str, bool, int)) else None
    # What is beside the answer and cannot be read is left out, as where an answer is parsed.
    rest: dict[str, Any] = {
        "refusal": _text(refusal, "refusal") or None if isinstance(refusal, str) else None,
        "tool_calls": [_call(item, ids[i], f"tool_calls[{i}]") for i, item in enumerate(items)],
        "function_call": _function(called, "function_call") if called else None,
        "audio": {"id": _text(audio_id, "audio.id")} if audio_id and isinstance(audio_id, str) else None,
    }
    # An answer that said nothing has been one all the same, and the next request must say so.
    return {"content": text or (None if any(rest.values()) else ""), **rest}


#: One of these makes a message.
_MEMBERS = frozenset(("audio", "content", "function_call", "refusal", "role", "tool_calls"))


def _mapping(value: Any, place: str) -> dict[str, Any]:
    """Return a mapping, or an object that dumps itself as one, as a dict. Raises TypeError for anything else."""
    try:
        for dump in ("model_dump", "to_dict"):
            if not isinstance(value, (Mapping, type)) and callable(getattr(value, dump, None)):
                value = getattr(value, dump)()
        if isinstance(value, Mapping):
            return {str(name): value[name] for name in value}
        kind = type(value).__name__
    except Exception as error:  # noqa: BLE001  (somebody else's method)
        kind = f"an object that raised {type(error).__name__}"
    # Raised outside of the handler: what was caught may hold the answer.
    raise TypeError(f"{place}: must be a mapping, or have a model_dump() or to_dict(), not {kind}")


def _list(message: Mapping[str, Any], name: str) -> list[Any]:
    value = message.get(name)
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name}: must be a list, not {type(value).__name__}")
    return list(value)


def _text(value: Any, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{place}: must be a text, not {type(value).__name__}")
    return str.__str__(value)


def _content(value: Any) -> Any:
    """Return what the content says, without thoughts: a text, or a list of text and refusal parts."""
    if not isinstance(value, (list, tuple)):
        return split_reasoning(_text(value, "content"))[0]
    parts = []
    for index, item in enumerate(value):
        part = _mapping({"type": "text", "text": item} if isinstance(item, str) else item, f"content[{index}]")
        kind = part.get("type")
        if kind in ("text", "refusal"):
            said = split_reasoning(_text(part.get(kind), f"content[{index}].{kind}"))[0]
            if said:
                parts.append({"type": kind, kind: said})
    return parts


def _call(call: Mapping[str, Any], call_id: str, place: str) -> dict[str, Any]:
    kind = call.get("type") or ("custom" if call.get("custom") and not call.get("function") else "function")
    if kind == "custom":
        custom = _mapping(call.get("custom"), f"{place}.custom")
        called = {name: _text(custom.get(name), f"{place}.custom.{name}") for name in ("name", "input")}
    elif kind == "function":
        called = _function(call.get("function"), f"{place}.function")
    else:
        raise ValueError(f"{place}.type: must be function or custom")
    return {"id": call_id, "type": kind, kind: called}


def _function(value: Any, place: str) -> dict[str, str]:
    function = _mapping(value, place)
    name = _text(function.get("name"), f"{place}.name")
    arguments = function.get("arguments")
    if not isinstance(arguments, Mapping):
        return {"name": name, "arguments": _text(arguments, f"{place}.arguments")}
    with suppress(Exception):  # of what is in it, anything can come out; an SDK had decoded them
        return {"name": name, "arguments": json.dumps(plain(arguments), ensure_ascii=False)}
    raise ValueError(f"{place}.arguments: must be JSON")
