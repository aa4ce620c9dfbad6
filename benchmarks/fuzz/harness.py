"""Runs one law of `tests/laws.py` on inputs without end, or once on each file of a corpus.

    python fuzz_stream.py CORPUS ../../tests/data/streams -max_total_time=600     # libFuzzer's options
    python -m coverage run --branch --source bedrock_openai_http fuzz_stream.py --replay CORPUS

This module knows nothing of what is fuzzed.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

with atheris.instrument_imports(include=["bedrock_openai_http"]):
    import laws

__all__ = ["ROOT", "laws", "run", "split"]

#: What a member of a JSON document is replaced with, beside the document's other members.
ATOMS = (None, True, False, 0, -1, 1.5, 10**20, "", "a", "<reasoning>", "</reas", "\ud83d", [], {}, [None], {"a": 1})


def run(check: Callable[[bytes], None]) -> None:
    """Fuzz `check`, which raises when a law is broken, as the command line says."""
    if "--replay" in sys.argv:
        files = [path for path in sorted(Path(sys.argv[-1]).iterdir()) if path.is_file()]
        for path in files:
            check(path.read_bytes())
        print(f"{len(files)} inputs, no law broken")
    else:
        tokens = Path(__file__).with_name("tokens.dict")
        atheris.Setup([*sys.argv, f"-dict={tokens}"], check, custom_mutator=_mutate)
        atheris.Fuzz()


def split(data: bytes) -> tuple[bytes, bytes]:
    """Return what is fuzzed, and the bytes after the last NUL, which say how; two zeros if there are none.

    So a recorded stream or answer is an input as it is.
    """
    subject, mark, how = data.rpartition(b"\0\0")
    return (subject, (how + b"\0\0")[:2]) if mark else (data, b"\0\0")


def _mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Return `data` with a byte changed, or with a member changed of a JSON document in it, as often."""
    chance = random.Random(seed)
    documents = list(_documents(data)) if chance.random() < 0.5 else []
    if not documents:
        return atheris.Mutate(data, max_size)
    start, end, value = chance.choice(documents)
    places = list(_places(value))
    if not places:
        return atheris.Mutate(data, max_size)
    _change(chance, *chance.choice(places), chance.choice([*ATOMS, *(box[key] for box, key in places)]))
    return (data[:start] + json.dumps(value).encode() + data[end:])[:max_size]


def _documents(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield where the JSON documents of an answer or of a stream begin and end, and their values."""
    for found in [re.match(rb"(?s)[^\0]*", data), *re.finditer(rb"(?<=data: )[^\r\n]*", data)]:
        try:
            yield found.start(), found.end(), json.loads(found[0])
        except (ValueError, RecursionError):
            continue


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each (box, key) within `value`."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change(chance: random.Random, box: Any, key: Any, member: Any) -> None:
    action = chance.choice(("replace", "replace", "add", "remove"))
    member = json.loads(json.dumps(member))  # a copy: a member that moved into itself would have no end
    if action == "remove":
        del box[key]
    elif action == "replace":
        box[key] = member
    elif isinstance(box, list):
        box.insert(key, member)
    else:
        box[chance.choice(list(laws.MEMBERS))] = member
