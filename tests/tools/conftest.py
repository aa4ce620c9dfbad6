"""The tests of what both clients do are run for each of them.

This module checks nothing.
"""

from __future__ import annotations

from kinds import client_kind, pytest_collection_modifyitems, pytest_generate_tests  # noqa: F401
