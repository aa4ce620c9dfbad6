"""The tools that are called: plain functions with type hints and docstrings, which remember how they were called.

This module is the same for every library; each makes its tools of these functions in its own way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Stands in the text of what `ship` raises.
SECRET = "fern-otter-lantern"


class Shop:
    """One case's tools, and what was run of them."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, dict[str, Any]]] = []
        #: What the tools gave: texts that can be looked for.
        self.gave: list[str] = []

    def tools(self) -> list[Callable[..., str]]:
        def refund(order: str, cents: int) -> str:
            """Pay back a part of an order.

            Args:
                order: The number of the order.
                cents: The amount.
            """
            self.ran.append(("refund", {"order": order, "cents": cents}))
            return self._gives(f"receipt-of-{order}")

        def stock() -> str:
            """Say what is in stock."""
            self.ran.append(("stock", {}))
            return self._gives("tea, cups")

        def ship(order: str) -> str:
            """Send an order.

            Args:
                order: The number of the order.
            """
            self.ran.append(("ship", {"order": order}))
            raise RuntimeError(f"cannot log in at db.internal with password {SECRET}")

        for function in (refund, stock, ship):
            function.__qualname__ = function.__name__  # as of functions at the top of a module
        return [refund, stock, ship]

    def _gives(self, text: str) -> str:
        self.gave.append(text)
        return text
