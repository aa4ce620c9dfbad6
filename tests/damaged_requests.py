"""Thousands of requests that are broken in one or more places, and some that are not: the same ones each time.

Every judge of requests can be asked about them. This module judges nothing.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from bedrock_openai_http import load_schema

DATA = Path(__file__).parent / "data"
SEEDS = json.loads((DATA / "full_requests.json").read_text(encoding="utf-8"))

#: Fields that are refused alone, with the one that they need.
COMPANIONS = {
    "tool_choice": "tools",
    "stream_options": "stream",
    "top_logprobs": "logprobs",
    "audio": "modalities",
    "modalities": "audio",
}
#: A value of each type.
SAMPLES: tuple[Any, ...] = (None, True, 7, 0.5, "x", [], ["x"], {}, {"x": "x"})


@cache
def enumerations() -> list[list[Any]]:
    """Every list of words that a schema allows somewhere, in ours or in that of the types."""
    found: list[list[Any]] = []

    def collect(schema: Any) -> None:
        for member in schema.values() if isinstance(schema, dict) else schema:
            if isinstance(member, (dict, list)):
                collect(member)
        if isinstance(schema, dict):
            found.extend([schema["enum"]] if isinstance(schema.get("enum"), list) else [])
            found.extend([[schema["const"]]] if isinstance(schema.get("const"), str) else [])

    collect(load_schema("request"))
    collect(TypeAdapter(CompletionCreateParams).json_schema())
    # The names of OpenAI's own models are of no use here.
    return [words for words in found if "gpt-5" not in words]


@cache
def vocabulary() -> tuple[Any, ...]:
    """Every word that a schema names, and values of every type, near every limit."""
    words = [word for words in enumerations() for word in words]
    names = [name for s in load_schema("request")["$defs"].values() for name in s.get("properties", {})]
    numbers = [-101, -3, -1, 0, 1, 2, 3, 21, 129, 2**63, 1.0, 0.5, -2.5]
    return (*words, *names, *numbers, *SAMPLES, "x" * 129, "a b", [None], ["text"], {"type": "text"})


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def thinned(rng: random.Random) -> dict[str, Any]:
    """A valid request with some of its optional members, two of its messages and two of its tools."""
    seed = copy.deepcopy(rng.choice(SEEDS))
    body = {key: value for key, value in seed.items() if key in ("model", "messages") or rng.random() < 0.3}
    groups = turns(body["messages"])
    body["messages"] = [message for turn in rng.sample(groups, min(2, len(groups))) for message in turn]
    if "tools" in body:
        body["tools"] = rng.sample(body["tools"], min(2, len(body["tools"])))
    return body


def places(body: Any) -> list[tuple[Any, Any]]:
    """Every place in `body`, as a container and the key or position in it."""
    return [
        (inside, key)
        for inside in containers(body)
        for key in (inside if isinstance(inside, dict) else range(len(inside)))
    ]


def damage(body: dict[str, Any], rng: random.Random) -> None:
    """Change one thing in `body` at random."""
    everywhere = places(body)
    inside, key = rng.choice(everywhere)
    kind = rng.choice(["delete", "rename", "add", "copy", "wrap", "number", "replace"])
    numbers = [(where, name) for where, name in everywhere if type(where[name]) in (int, float)]
    if kind == "delete":
        del inside[key]
    elif kind == "rename" and isinstance(inside, dict):
        inside[rng.choice([f"{key}s", key[:-1], key.upper()])] = inside.pop(key)
    elif kind == "add" and isinstance(inside, dict):
        inside[str(rng.choice(vocabulary()))] = copy.deepcopy(rng.choice(vocabulary()))
    elif kind == "copy":
        other, name = rng.choice(everywhere)
        inside[key] = copy.deepcopy(other[name])
    elif kind == "wrap":
        inside[key] = [inside[key]]
    elif kind == "number" and numbers:
        inside, key = rng.choice(numbers)
        inside[key] = rng.choice([float(inside[key]), inside[key] * 1000 + 7, -inside[key] - 1, str(inside[key])])
    else:
        inside[key] = copy.deepcopy(rng.choice(vocabulary()))


def damaged_requests(count: int, seed: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(seed)
    for _ in range(count):
        body = thinned(rng)
        for _ in range(rng.randrange(4)):
            if body:
                damage(body, rng)
        yield body


def turns(messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return each message by itself, but a call of tools with its results."""
    found: list[list[dict[str, Any]]] = []
    for message in messages:
        if message["role"] == "tool":
            found[-1].append(message)
        else:
            found.append([message])
    return found


def small_requests() -> Iterator[tuple[dict[str, Any], str]]:
    """For every message and every other member of the seeds a request with little else, and the member's name."""
    for seed in SEEDS:
        for turn in turns(seed["messages"]):
            yield {"model": "m", "messages": turn}, "messages"
        for name in sorted(seed.keys() - {"messages"}):
            members = {each: seed[each] for each in (name, COMPANIONS.get(name)) if each in seed}
            yield {"model": "m", "messages": [{"role": "user", "content": "canary"}], **members}, name


def variants(body: dict[str, Any], inside: Any, key: Any) -> Iterator[str]:
    """What `body` becomes, as JSON, with other values at a place, without the place, and with one more beside it."""
    original = copy.copy(inside)
    words = [word for words in enumerations() if inside[key] in words for word in words]
    for value in (*SAMPLES, *words):
        inside[key] = value
        yield json.dumps(body)
    inside[key] = original[key]
    if isinstance(inside, dict):
        inside["x"] = "x"
        yield json.dumps(body)
        del inside["x"], inside[key]
        yield json.dumps(body)
        inside.clear()
        inside.update(original)


def every_variant() -> Iterator[dict[str, Any]]:
    """At every place of every small request, a value of each type, each word that could stand there, and nothing."""
    seen = set()
    for request, name in small_requests():
        body = copy.deepcopy(request)
        for inside, key in [(body, name), *places(body[name])]:
            for text in variants(body, inside, key):
                if text not in seen:
                    seen.add(text)
                    yield json.loads(text)
