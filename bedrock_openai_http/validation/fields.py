"""What JSON Schema cannot say about a request: that it is JSON at all, and how its fields depend on each other.

This module finds flaws and raises nothing; `validation` turns them into errors. A flaw names a place and a rule
and never holds what stands there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ..values import jsontext
from ..values.extras import Extended, given_twice
from ..values.forks import loading
from ..values.frozen import frozen
from ..values.wire_value import MAX_DEPTH

#: The rules that are no JSON Schema keywords, by the name that `RequestValidationError.rule` has for them.
RULES: Mapping[str, str] = {
    "json-type": "Every value is a str, int, float, bool, None, list, tuple or mapping.",
    "json-key": "Every key of a mapping is a str.",
    "json-number": "Every number is finite and within the range of a double (RFC 8259, section 6).",
    "json-text": "Every text and key can be written as UTF-8: it has no surrogate without its partner.",
    "json-depth": "Values are nested at most 100 deep, which also means that none contains itself.",
    "unknown-key": "An object whose members are all known has no other member.",
    "given-twice": "A member is not given both by its own name and in extra_body or extra.",
    "stream-options": "stream_options goes with stream true.",
    "top-logprobs": "top_logprobs goes with logprobs true.",
    "assistant-content": "An assistant message has content, a refusal, audio, tool_calls or a function_call.",
    "tool-pairs": "Each call of a tool has one result, in the tool messages that follow it, and an ID of its own.",
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


def unknown_key(name: str, known: Mapping[str, Any], *, within: Path = ()) -> str:
    """Return what is said of the key `name` where only the keys of `known` may stand, and how it can be sent."""
    with loading():
        from difflib import get_close_matches  # loaded for the first key that is not known

    near = get_close_matches(name[:64], known, n=1)
    if near:
        return f"is not a known field; did you mean {quoted(near[0])}?"
    if not within:
        return "is not a known field; fields that this version does not know go in extra_body"
    listed = ", ".join(json.dumps(each) for each in known)
    return f"is not a known field; known here: {listed}; {way_past(within)}"


def way_past(within: Path) -> str:
    """Return how a member that this version does not know can be sent in the object at `within`."""
    positions = [place for place, step in enumerate(within) if isinstance(step, int)]
    field = str(within[0])
    if field in ("messages", "tools") and positions:
        inner = [str(step) for step in within[positions[-1] + 1 :]]
        way = f"extra={_braced(inner)} of the {_VALUES.get(str(within[positions[-1] - 1]), 'value')}"
    elif positions:  # lists are not joined
        way = f"extra_body={{{quoted(field)}: ...}} in place of {field}="
    else:
        way = f"extra_body={_braced([field])}"
    return f'to send it as it is: {way}, or unknown_fields="send" for mappings'


def _braced(names: Sequence[str]) -> str:
    return f"{{{quoted(names[0])}: {_braced(names[1:])}}}" if names else "{...}"


#: What stands in the lists of a body.
_VALUES = {"messages": "message", "content": "part", "tool_calls": "call", "tools": "tool"}


def json_flaw(value: Any, levels: int = MAX_DEPTH) -> Flaw | None:
    """Return the first thing in `value` that cannot be sent as JSON, or None; `levels` may be nested.

    Python's own encoder would let some of it pass (NaN, half a surrogate pair), and fail on others with untyped
    errors.
    """
    if type(value) is dict and levels:  # as most that are no text
        return _mapping_flaw(value, levels)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if jsontext.is_unicode(value) else Flaw((), "json-text", "has half a surrogate pair")
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
        if not key.isascii() and not jsontext.is_unicode(key):
            return Flaw((), "json-text", "has a key with half a surrogate pair")
        if isinstance(item, str) and item.isascii():  # most are, and a call takes longer than to see that
            continue
        flaw = json_flaw(item, levels - 1)
        if flaw is not None:
            return flaw.within(key)
    return None


def json_flaws(value: Any, levels: int = MAX_DEPTH) -> Iterator[Flaw]:
    """Yield everything in `value` that cannot be sent as JSON: of one place the first."""
    if levels and isinstance(value, (list, tuple)):
        steps: Iterator[tuple[Any, Any]] = iter(enumerate(value))
    elif (
        levels
        and isinstance(value, Mapping)
        and all(isinstance(key, str) and jsontext.is_unicode(key) for key in value)
    ):
        steps = iter(value.items())
    else:
        flaw = json_flaw(value, levels)
        if flaw is not None:
            yield flaw
        return
    for step, item in steps:
        for flaw in json_flaws(item, levels - 1):
            yield flaw.within(step)


def extra_flaws(value: Any) -> Iterator[Flaw]:
    """Yield what is wrong with the extras in a body, of plain JSON values."""
    if isinstance(value, Extended):
        if isinstance(value.extra, dict):
            for place in given_twice(value.own, value.extra):
                yield Flaw(place, "given-twice", "is given both as a field and in extra")
        else:
            yield Flaw((), "type", "extra must be a mapping")
        value = value.own
    if isinstance(value, (dict, list)):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            for flaw in extra_flaws(item):
                yield flaw.within(step)


def _is_double(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond 1.8e308
        return False


def rule_flaws(body: Mapping[str, Any], beyond: Collection[str] = ()) -> Iterator[Flaw]:
    """Yield the dependencies between fields that `body` breaks; `body` must follow the schema.

    A rule about a field in `beyond` is not applied: the caller sends that field past the schema.
    """
    for rule, names in _FIELD_RULES.items():
        if not beyond or not any(name in beyond for name in names):
            yield from rule(body)


def _stream_options(body: Mapping[str, Any]) -> Sequence[Flaw]:
    if body.get("stream_options") is not None and body.get("stream") is not True:
        return (Flaw(("stream_options",), "stream-options", "needs stream to be true"),)
    return ()


def _top_logprobs(body: Mapping[str, Any]) -> Sequence[Flaw]:
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        return (Flaw(("top_logprobs",), "top-logprobs", "needs logprobs to be true"),)
    return ()


def _turns(body: Mapping[str, Any]) -> Sequence[Flaw]:
    """Look at all messages once: whether each answer says something, and whether calls and results pair."""
    flaws: list[Flaw] = []
    turn = 0
    # The calls of the assistant's last message: the position of each ID, -1 once its result has come.
    calls: dict[str, int] = {}
    for index, message in enumerate(body["messages"]):
        role = message["role"]
        if role == "tool":
            if calls.get(message["tool_call_id"], -1) < 0:
                flaws.append(_no_call(index, message["tool_call_id"] in calls))
            else:
                calls[message["tool_call_id"]] = -1
            continue
        if calls:
            flaws += _without_result(turn, calls)
            calls = {}
        if role == "assistant":
            if message.get("content") is None and not any(message.get(name) for name in _SAYS_SOMETHING):
                flaws.append(Flaw(("messages", index, "content"), "assistant-content", _NOTHING_SAID))
            asked = message.get("tool_calls")
            if asked:
                turn, calls = index, {call["id"]: position for position, call in enumerate(asked)}
                if len(calls) < len(asked) or "" in calls:
                    flaws += _bad_ids(index, asked)
                    calls.pop("", None)
    return [*flaws, *_without_result(turn, calls)] if calls else flaws


_SAYS_SOMETHING = ("tool_calls", "refusal", "audio", "function_call")
_NOTHING_SAID = 'is required unless tools are called; an answer that said nothing goes back with content ""'


def _no_call(index: int, answered: bool) -> Flaw:
    if answered:
        words = "must not be the ID of a call that has its result already"
    else:
        words = "must be the ID of a call in the assistant's message before it"
    return Flaw(("messages", index, "tool_call_id"), "tool-pairs", words)


def _bad_ids(turn: int, asked: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    seen = {""}
    for position, call in enumerate(asked):
        if call["id"] in seen:
            words = "must be an ID that no other call of this turn has" if call["id"] else "must not be empty"
            yield Flaw(("messages", turn, "tool_calls", position, "id"), "tool-pairs", words)
        seen.add(call["id"])


def _without_result(turn: int, calls: Mapping[str, int]) -> Sequence[Flaw]:
    words = "is a call without its result: a tool message with this ID has to follow, before any other message"
    return [
        Flaw(("messages", turn, "tool_calls", position, "id"), "tool-pairs", words)
        for position in calls.values()
        if position >= 0
    ]


def _audio_output(body: Mapping[str, Any]) -> Sequence[Flaw]:
    wanted = "audio" in (body.get("modalities") or ())
    described = body.get("audio") is not None
    if wanted and not described:
        return (Flaw(("audio",), "audio-output", 'is required with the modality "audio"'),)
    if described and not wanted:
        return (Flaw(("audio",), "audio-output", 'needs modalities to contain "audio"'),)
    return ()


def _tool_choice(body: Mapping[str, Any]) -> Sequence[Flaw]:
    choice = body.get("tool_choice")
    if choice is None or choice == "none":
        return ()
    tools = body.get("tools")
    if not tools:
        return (Flaw(("tool_choice",), "tool-choice", "needs tools"),)
    if isinstance(choice, Mapping) and choice["type"] in ("function", "custom"):
        kind = choice["type"]
        names = [tool[kind]["name"] for tool in tools if tool["type"] == kind]
        if choice[kind]["name"] not in names:
            return (Flaw(("tool_choice", kind, "name"), "tool-choice", "must be the name of one of the tools"),)
    return ()


#: Each rule with the fields that it reads.
_FIELD_RULES: Mapping[Callable[[Mapping[str, Any]], Sequence[Flaw]], tuple[str, ...]] = {
    _stream_options: ("stream_options", "stream"),
    _top_logprobs: ("top_logprobs", "logprobs"),
    _turns: ("messages",),
    _audio_output: ("audio", "modalities"),
    _tool_choice: ("tool_choice", "tools"),
}
