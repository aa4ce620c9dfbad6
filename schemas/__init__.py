"""The bundled JSON schemas (Draft 2020-12), shipped as the package `bedrock_openai_http.schemas`.

This module finds the files wherever Python can import them from: an editable install, a wheel, a zip.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

#: The names that `load_schema` takes.
NAMES = ("request", "completion", "chunk", "error")


@cache
def _text(name: str) -> str:
    return (files(__name__) / f"{name}.json").read_text(encoding="utf-8")


def load_schema(name: str) -> dict[str, Any]:
    """Return the bundled schema `name` as a fresh dict: "request", "completion", "chunk" or "error".

    Raises ValueError for another name.
    """
    if name not in NAMES:
        raise ValueError(f"no schema is named {name!r}; there are {', '.join(NAMES)}")
    schema: dict[str, Any] = json.loads(_text(name))
    return schema
