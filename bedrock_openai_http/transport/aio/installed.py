"""The aiohttp that is installed, which must be one that this room was written for.

This module raises ConfigurationError, when it is loaded, for any other: `aio.transport` loads it first.
"""

from __future__ import annotations

import re

import aiohttp

from ...values.errors import ConfigurationError


def refusal(version: str) -> ConfigurationError | None:
    """Return why this version of aiohttp cannot be used; None if it can. setup.cfg has the same bounds and why."""
    numbers = tuple(map(int, re.findall(r"\d+", version)[:3]))
    if (3, 13, 5) <= numbers < (4,) and numbers != (3, 14, 0):
        return None
    failure = ConfigurationError(
        f"AsyncClient cannot use aiohttp {version}: it needs 3.13.5 or newer, but not 3.14.0 or 4"
    )
    failure.advice = "Install what the extra names: python -m pip install 'bedrock-openai-http[async]'."
    return failure


if _refused := refusal(aiohttp.__version__):
    raise _refused
