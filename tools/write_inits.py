"""Writes `bedrock_openai_http/values/frozen_inits.py`: the `__init__` of each frozen class of the package.

    python tools/write_inits.py        # what `make generate` does

This module finds the classes; how an `__init__` is written is for `values/frozen.py` to say.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "bedrock_openai_http"
TARGET = ROOT / PACKAGE / "values" / "frozen_inits.py"

HEAD = '''\
"""The `__init__` of each frozen class, without its defaults. Made by `make generate`; do not edit.

They stand here so that none is compiled while a program runs. This module knows names, and not what they mean.
"""

# mypy: ignore-errors
# ruff: noqa
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Made:
    """Stands in a signature for a default that is made anew for each instance."""

    def __init__(self, anew: Callable[[], Any]) -> None:
        self.anew = anew

    def __repr__(self) -> str:
        return "<factory>"


#: By another name, since classes have a field called type.
_type = type
'''


def classes() -> list[type]:
    """Return each frozen class of the package, in the order of their modules."""
    package = importlib.import_module(PACKAGE)
    names = [each.name for each in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")]
    modules = [importlib.import_module(name) for name in sorted(names) if not name.endswith("__main__")]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and _is_frozen(value)
    ]


def _is_frozen(cls: type) -> bool:
    from bedrock_openai_http.values.frozen import _METHODS

    return vars(cls).get("__setattr__") is _METHODS["__setattr__"]


def written() -> str:
    """Return the source of the module."""
    from bedrock_openai_http.values.frozen import written_out

    return HEAD + "".join(f"\n\n{written_out(cls)}" for cls in classes())


def main() -> None:
    """Write the module."""
    sys.path.insert(0, str(ROOT))
    TARGET.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
