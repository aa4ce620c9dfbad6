"""What the figures were measured on and with: no names of hosts, no paths."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "bedrock-openai-http botocore requests urllib3 jsonschema aiohttp uvloop boto3 openai httpx2 pydantic".split()
)


def machine() -> dict[str, object]:
    """Return the processor, how many of it, the memory and the kind of system."""
    return {
        "processor": _first(r"model name\s*: (.+)", "/proc/cpuinfo") or platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that were measured."""
    return {name: version(name) for name in PACKAGES}


def _first(pattern: str, path: str) -> str | None:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None
