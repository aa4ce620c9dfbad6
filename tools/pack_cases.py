"""Packs the answers of `bedrock_openai_http/testing/cases/` into the one file that ships. Run it after a change to a case.

    python tools/pack_cases.py

This module holds no knowledge of what an answer says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parents[1] / "bedrock_openai_http" / "testing" / "cases"
PACKED = CASES / "answers.json"


def read_cases() -> dict[str, dict[str, Any]]:
    """Return each case's description by its name, with the bytes of its answer as `answer`."""
    return {
        path.parent.name: {
            **json.loads(path.read_text(encoding="utf-8")),
            "answer": (path.parent / "response.http").read_bytes(),
        }
        for path in sorted(CASES.glob("*/case.json"))
    }


def packed() -> str:
    """Return what `answers.json` must hold: description and answer by name; a guess is said to be one."""
    short = {
        name: {
            "description": case["description"] + (" (a guess)" if case["tag"] == "INF" else ""),
            "answer": case["answer"].decode(),
        }
        for name, case in read_cases().items()
    }
    return json.dumps(short, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PACKED.write_text(packed(), encoding="utf-8", newline="\n")
