"""Recorded answers of Amazon Bedrock: this room is data, each with its source, and knows no client.

In the source tree each folder is one case: `response.http` is the answer as on the wire, without what only frames it
(Date, Connection, Content-Length, chunks), and `case.json` says what it is, where its shape was seen, and what must
come out of it. The words of models are this project's own; the words of refusals are Bedrock's where they are known.

    description   one line
    source        where the shape was seen or documented, or what it was guessed from
    date          when it was recorded, or, where that is unknown, read
    tag           SEEN (recorded traffic or reports), DOC (AWS's documentation) or INF (a guess)
    stream        whether it answers a request for a stream
    expect        `completion` or `error`: what a client must make of it; what is not named must be empty

What ships is `answers.json`, which `make generate` makes of the folders, since two hundred small files would add a
third to the wheel. This module reads it.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def read_cases() -> dict[str, dict[str, Any]]:
    """Return each case by its name: what its `case.json` says, and the bytes of its answer as `answer`.

    What is returned belongs to the caller, who may change it.
    """
    cases: dict[str, dict[str, Any]] = json.loads((files(__name__) / "answers.json").read_text(encoding="utf-8"))
    return {name: {**case, "answer": case["answer"].encode()} for name, case in cases.items()}
