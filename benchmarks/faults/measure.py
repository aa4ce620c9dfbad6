"""How three clients take the same faults: this library, boto3 and the OpenAI SDK.

    python -m pip install . --requirement benchmarks/faults/requirements.txt
    python benchmarks/faults/measure.py            # all cases, under four minutes
    python benchmarks/faults/measure.py T09 T12    # these rows, printed only

Every server is on loopback; no AWS account and no network is used. Prints a table in Markdown. A run of all cases
also writes results.json beside this script: docs/reliability.md shows that table, and a test compares the two.

This module clears the environment of AWS settings and proxies before it imports a client.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import tempfile
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGES = {
    "this library": ("bedrock-openai-http", "requests", "urllib3", "botocore"),
    "boto3": ("boto3", "botocore"),
    "OpenAI SDK": ("openai", "httpx2"),
}
FOREIGN = re.compile(r"AWS_.*|BOTO_.*|OPENAI_.*|.*_proxy|(CURL|REQUESTS)_CA_BUNDLE|SSL_CERT_(FILE|DIR)|NETRC", re.I)


def main(wanted: list[str]) -> int:
    missing = [name for name in ("bedrock-openai-http", "boto3", "openai") if not _version(name)]
    if missing:
        print(f"Missing: {', '.join(missing)}. Install them with:", file=sys.stderr)
        print("  python -m pip install . --requirement benchmarks/faults/requirements.txt", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        results = measure(wanted, folder)
    from table import table

    print(table(results))
    if not wanted:
        text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        (HERE / "results.json").write_text(text, encoding="utf-8")
    return 0


def prepare(folder: str) -> None:
    """Take the machine's settings away, and leave a password file for this machine's name."""
    for name in list(os.environ):
        if FOREIGN.fullmatch(name):
            del os.environ[name]
    os.environ.update(HOME=folder, AWS_EC2_METADATA_DISABLED="true")
    netrc = Path(folder, "netrc")
    netrc.write_text("machine 127.0.0.1 login somebody password something\n", encoding="utf-8")
    netrc.chmod(0o600)


def measure(wanted: list[str], folder: str) -> dict[str, Any]:
    """Return what was observed, by case and client, with the versions of all that took part."""
    import cases_answers
    import cases_settings
    import cases_streams
    from play import perform

    from clients import CLIENTS

    cases = sorted(cases_answers.CASES + cases_settings.CASES + cases_streams.CASES, key=lambda case: case.row)
    records = []
    for case in cases:
        if wanted and case.row not in wanted:
            continue
        print(f"{case.row} {case.fault}", file=sys.stderr)
        seen = {player.name: perform(case, player, folder) for player in CLIENTS}
        records.append({"row": case.row, "fault": case.fault, "shows": case.shows, "seen": seen})
    clients = {name: {package: _version(package) for package in packages} for name, packages in PACKAGES.items()}
    today = datetime.now(timezone.utc).date().isoformat()
    return {"measured": today, "python": platform.python_version(), "clients": clients, "cases": records}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
