"""Writes `bedrock_openai_http/testing/cases/answers.json`: every recorded answer, in the one file that ships.

    python tools/pack_cases.py        # part of what `make generate` does

A case is a folder with `case.json`, what is known of the answer, and `response.http`, the answer itself.
This module holds no knowledge of what an answer says.
"""

from __future__ import annotations

import json
from pathlib import Path

CASES = Path(__file__).resolve().parents[1] / "bedrock_openai_http" / "testing" / "cases"
TARGET = CASES / "answers.json"


def packed(folder: Path = CASES) -> str:
    """Return what `answers.json` must hold: by the name of its folder each case, with its answer as a text."""
    cases = {
        path.parent.name: {
            **json.loads(path.read_text(encoding="utf-8")),
            "answer": (path.parent / "response.http").read_bytes().decode(),
        }
        for path in sorted(folder.glob("*/case.json"))
    }
    return json.dumps(cases, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(packed(), encoding="utf-8", newline="\n")
