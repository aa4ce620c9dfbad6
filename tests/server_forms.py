"""What a model said and called, as the servers of the field stream it: written in each form that was seen.

This module writes streams from what they mean, so that what is read can be held against it. It reads none.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Call = tuple[str, str, str]
Fragment = dict[str, Any]
Chunks = Iterator[list[Fragment]]

_NAMES = ("get_boiling_point", "search", "add_task", "read-file", "get_weather_in_city")


def some_calls(chance: random.Random) -> list[Call]:
    """Return one to three calls, as (ID, name, arguments); a name may recur, an ID does not."""
    number = chance.randint(1, 3)
    arguments = [
        json.dumps({"q": chance.choice(["", "water", "caf\u00e9", '"{}"', "\u2028"])}) for _ in range(number)
    ]
    ids = chance.sample(range(16**8), number)
    return [(f"call_{id:08x}", chance.choice(_NAMES), text) for id, text in zip(ids, arguments, strict=True)]


def pieces(text: str, chance: random.Random) -> list[str]:
    """Return `text` cut in one to four pieces, of which the first may be empty."""
    places = sorted(chance.randint(0, len(text)) for _ in range(chance.randint(0, 3)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def _fragments(call: Call, chance: random.Random, **members: Any) -> list[Fragment]:
    """Return a call in fragments, the first of which has its ID and name; each has `members`."""
    id, name, arguments = call
    first, *others = pieces(arguments, chance)
    head = {"id": id, "type": "function", "function": {"name": name, "arguments": first}, **members}
    return [head, *({"function": {"arguments": piece}, **members} for piece in others)]


def _one_by_one(number: Callable[[int], dict[str, Any]]) -> Callable[[list[Call], random.Random], Chunks]:
    def form(calls: list[Call], chance: random.Random) -> Chunks:
        for position, call in enumerate(calls):
            yield from ([fragment] for fragment in _fragments(call, chance, **number(position)))

    return form


def _interleaved(calls: list[Call], chance: random.Random) -> Chunks:
    """The fragments of all calls in turn, as their indexes allow it."""
    rows = [_fragments(call, chance, index=position) for position, call in enumerate(calls)]
    for turn in range(max(map(len, rows))):
        yield [row[turn] for row in rows if turn < len(row)]


def _at_once(calls: list[Call], chance: random.Random) -> Chunks:
    """All calls whole in one chunk, without an index."""
    yield [
        _fragments((id, name, ""), chance)[0] | {"function": {"name": name, "arguments": text}}
        for id, name, text in calls
    ]


def _name_again(calls: list[Call], chance: random.Random) -> Chunks:
    """ID, type and name in every fragment."""
    for position, (id, name, arguments) in enumerate(calls):
        for piece in pieces(arguments, chance):
            yield [{"index": position, "id": id, "type": "function", "function": {"name": name, "arguments": piece}}]


def _name_in_pieces(calls: list[Call], chance: random.Random) -> Chunks:
    """The name cut in two, then the arguments."""
    for position, (id, name, arguments) in enumerate(calls):
        place = chance.randint(1, len(name) - 1)
        yield [{"index": position, "id": id, "type": "function", "function": {"name": name[:place], "arguments": ""}}]
        yield [{"index": position, "function": {"name": name[place:], "arguments": ""}}]
        yield from ([{"index": position, "function": {"arguments": piece}}] for piece in pieces(arguments, chance))


def _nulls(calls: list[Call], chance: random.Random) -> Chunks:
    """Null for everything that a later fragment does not add to."""
    for position, call in enumerate(calls):
        head, *others = _fragments(call, chance, index=position)
        yield [head]
        for fragment in others:
            function = {"name": None, **fragment["function"]}
            yield [{"index": position, "id": None, "type": None, "function": function}]


#: Each form of tool calls by its name.
FORMS: dict[str, Callable[[list[Call], random.Random], Chunks]] = {
    "an index for each": _one_by_one(lambda position: {"index": position}),
    "interleaved": _interleaved,
    "indexes with gaps": _one_by_one(lambda position: {"index": 2 * position + 1}),
    "index 0 for all": _one_by_one(lambda position: {"index": 0}),
    "no index": _one_by_one(lambda position: {}),
    "a null index": _one_by_one(lambda position: {"index": None}),
    "a text as index": _one_by_one(lambda position: {"index": str(position)}),
    "all at once": _at_once,
    "the name again": _name_again,
    "the name in pieces": _name_in_pieces,
    "nulls": _nulls,
}


def some_words(chance: random.Random) -> tuple[str, str]:
    """Return thoughts and a text, in which there is much that looks like a tag, and is none."""
    words = ("Hm. ", "<b>", "a < b ", "</reason", "<reasonin", "17 \u00d7 3 = 51. ", "\n", "</", "caf\u00e9 ")
    thoughts = "".join(chance.choices(words, k=chance.randint(1, 6))).strip()
    return thoughts + ".", "".join(chance.choices(words, k=chance.randint(1, 6))).strip() + "!"


def _one_pair(thoughts: str, text: str, chance: random.Random) -> Iterator[Fragment]:
    """One pair of tags in the content, cut anywhere."""
    content = f"<reasoning>{thoughts}</reasoning>{text}"
    size = chance.randint(1, 12)
    yield from ({"content": content[start : start + size]} for start in range(0, len(content), size))


def _pair_for_each(thoughts: str, text: str, chance: random.Random) -> Iterator[Fragment]:
    """A pair of tags for each piece of the thoughts, as Bedrock's runtime writes it."""
    yield from ({"content": f"<reasoning>{piece}</reasoning>"} for piece in pieces(thoughts, chance) if piece)
    yield from ({"content": piece} for piece in pieces(text, chance))


def _in_member(*names: str) -> Callable[[str, str, random.Random], Iterator[Fragment]]:
    def form(thoughts: str, text: str, chance: random.Random) -> Iterator[Fragment]:
        yield from (dict.fromkeys(names, piece) for piece in pieces(thoughts, chance))
        yield from ({"content": piece} for piece in pieces(text, chance))

    return form


#: Each form of thoughts and text by its name.
TEXT_FORMS: dict[str, Callable[[str, str, random.Random], Iterator[Fragment]]] = {
    "one pair of tags": _one_pair,
    "a pair of tags for each piece": _pair_for_each,
    "reasoning": _in_member("reasoning"),
    "reasoning_content": _in_member("reasoning_content"),
    "both members": _in_member("reasoning", "reasoning_content"),
}


def stream_of(deltas: Iterable[Fragment], finish_reason: str, usage: dict[str, int], before: Any = None) -> bytes:
    """Return a whole stream of `deltas`, with the finish reason `before` in each chunk but the last."""
    head = {"id": "chatcmpl-1", "created": 1769185806, "model": "m", "object": "chat.completion.chunk"}
    choices = [[{"index": 0, "delta": delta, "finish_reason": before}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": finish_reason}])
    bodies = [{**head, "choices": each} for each in choices] + [{**head, "choices": [], "usage": usage}]
    return b"".join(b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies) + b"data: [DONE]\n\n"
