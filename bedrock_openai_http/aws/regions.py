"""Which Regions there are, as far as botocore's own data say, which are as old as that botocore.

This module is for doubts, not for refusals: a new Region works before a program knows of it.
"""

from __future__ import annotations

from functools import cache


@cache
def known_regions() -> frozenset[str]:
    """Return the names of the Regions that botocore knows, in all partitions."""
    from botocore.loaders import create_loader

    data = create_loader().load_data("partitions")
    return frozenset(region for partition in data["partitions"] for region in partition["regions"])
