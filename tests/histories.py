"""Requests that services took, and that SDKs of other houses send as history: `tests/data/histories/*.json`.

Each file has a `source` (which SDK in which version, or where the facts stand), a `date`, a `tag` as the recorded
cases have it, and `requests` by name, as they went over the wire; only keys and machines are left out.

This module reads them, and judges nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "histories"

#: What SDKs keep in their own messages for their callers, and send along: no service is known to read them.
OF_SDKS = ("parsed", "parsed_arguments")


def read_files() -> dict[str, dict[str, Any]]:
    """Return what each file holds, by its name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def read_histories() -> dict[str, dict[str, Any]]:
    """Return every request, by its file and name."""
    return {f"{stem}/{name}": body for stem, file in read_files().items() for name, body in file["requests"].items()}


def without_sdk_members(value: Any) -> Any:
    """Return `value` without the members of OF_SDKS, at every level."""
    if isinstance(value, list):
        return [without_sdk_members(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: without_sdk_members(member) for name, member in value.items() if name not in OF_SDKS}
