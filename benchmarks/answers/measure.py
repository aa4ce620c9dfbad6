"""Twelve bad answers and twelve bad calls: what five libraries do with each, and what this one does.

    make answers
    python benchmarks/answers/measure.py                   # the same, where bedrock-openai-http is installed
    python benchmarks/answers/measure.py "this library"    # plays this one alone, and leaves the others' results

Each library gets an environment of its own below .venv/answers, with the version of requirements.txt; making them
takes some minutes once, playing takes one. All servers are on loopback; from a library's process no other machine can
be reached. Writes results.json beside this script, and the tables into docs/structured.md and docs/tools.md, where
tests compare them.

This module plays nothing itself: it lines up the environments, and puts together what each has seen.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from table import OURS, part_answers, part_calls, write_into

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".venv" / "answers"
#: Seconds that a library gets for all its cases.
LIMIT = 300


def main(wanted: list[str]) -> int:
    if subprocess.run([sys.executable, "-c", "import bedrock_openai_http"], cwd=HERE).returncode:
        print("bedrock-openai-http is not installed here: python -m pip install .", file=sys.stderr)
        return 1
    results = played(wanted)
    (HERE / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for page, part in (("structured.md", part_answers(results)), ("tools.md", part_calls(results))):
        if not write_into(ROOT / "docs" / page, part):
            print(part)
    return 0


def played(wanted: list[str]) -> dict[str, Any]:
    """Return the results, with what the named libraries do now; without names all are played, and the date is new."""
    results: dict[str, Any] = {}
    if wanted:
        results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    else:
        today = datetime.now(timezone.utc).date().isoformat()
        results = {"measured": today, "python": platform.python_version(), "libraries": {}}
    for name, requirement in {OURS: "", **requirements()}.items():
        if name in wanted or not wanted:
            python = environment(name, requirement) if requirement else sys.executable
            results["libraries"][name] = play(name, python)
    return results


def requirements() -> dict[str, str]:
    """Return the requirement of each library that this one is compared with."""
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0]: line for line in lines if line and not line.startswith("#")}


def environment(name: str, requirement: str) -> str:
    """Return the Python of an environment that holds `requirement`, and make it if it is not there."""
    folder = ENVIRONMENTS / name
    python, stamp = folder / "bin" / "python", folder / "requirement"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != requirement:
        print(f"Installing {requirement}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
        stamp.write_text(requirement, encoding="utf-8")
    return str(python)


def play(name: str, python: str) -> dict[str, Any]:
    """Return what a library did. It gets an empty home, and nothing of this machine's settings."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, "seen.json")
        settings = {"PATH": os.environ.get("PATH", ""), "HOME": home, "LLM_USER_PATH": home, "TMPDIR": home}
        command = [python, "-m", "answers.play", name, file]
        with Path(home, "log").open("w+b") as log:  # libraries log what goes wrong, as here everything does
            ended = subprocess.run(
                command, cwd=HERE.parent, env=settings, stdout=log, stderr=log, timeout=LIMIT, check=False
            )
            log.seek(0)
            if ended.returncode:
                sys.exit(f"{name} could not be played:\n{log.read().decode(errors='replace')[-2000:]}")
        seen: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    print(
        f"{name}: {time.monotonic() - began:.0f} s, other machines tried: {seen['networks'] or 'none'}",
        file=sys.stderr,
    )
    return seen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
