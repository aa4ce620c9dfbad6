"""Each test that makes its client by `both` runs once for each kind of client.

A folder takes part whose conftest.py imports the names that stand here. In it, a test whose module has `Client` or
`client_of` from `both` is run for `Client` and for `AsyncClient`, unless it is marked: `only("Client", "why")` for
what cannot be said of the other, also on one row of a table, and `no_client` for what makes none.

This module's law: no test runs twice that makes no client, and none is left out without a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import both


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = vars(metafunc.module)
    is_for_both = names.get("Client") is both.Client or names.get("client_of") is both.client_of
    if is_for_both and metafunc.definition.get_closest_marker("no_client") is None:
        metafunc.parametrize("client_kind", both.KINDS, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is marked as being for the other kind of client."""
    items[:] = [item for item in items if _kind_of(item) in _kinds_for(item)]


@pytest.fixture(autouse=True)
def client_kind(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The name of the client that the test is run for, or None."""
    kind = getattr(request, "param", None)
    if kind is None:
        yield None
        return
    with both.Choice(kind) as choice:
        yield kind
    assert choice.made_one, "it makes no client, and need not run twice: mark it no_client"


def _kind_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("client_kind")


def _kinds_for(item: pytest.Item) -> set[str | None]:
    kinds: set[str | None] = {None, *both.KINDS}
    for mark in item.iter_markers("only"):
        kind, reason = mark.args
        assert kind in both.KINDS, item.nodeid
        assert reason.endswith("."), f"{item.nodeid}: the reason is not a sentence"
        kinds &= {kind}
    return kinds
